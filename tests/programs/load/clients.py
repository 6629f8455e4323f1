"""python clients.py PORT COUNT PAUSE SEED: run COUNT clients of all kinds.

Each client is a thread that makes one connection after the other, of random
kinds.  Good kinds check each byte; each bad kind misbehaves in one way.  PAUSE
is the longest time between two requests, in seconds.

Every second the program prints a JSON object: the number of connections of
each kind.  At the end of its input it ends all connections and prints the
last object, in which "failures" lists the errors.
"""

import collections
import contextlib
import functools
import json
import os
import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import traceback

from conversation import HEADER, MOST, answer, request
from helpers import client_context, receive

# The longest wait for an answer, in seconds; servers drop clients sooner.
LIMIT = 240.0

NOISE = os.urandom(MOST)
RESET = struct.pack("ii", 1, 0)


class Cut(Exception):
    """The client has sent as many bytes as it may."""


class Client(object):
    """State that the connections of a thread share."""

    def __init__(self, port, contexts, pause, seed, stopped):
        self.port = port
        self.contexts = contexts
        self.pause = pause
        self.random = random.Random(seed)
        self.stopped = stopped
        self.sessions = {}

    def context(self):
        return self.random.choice(self.contexts)

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), LIMIT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def rest(self):
        """Pause for a random time, unless all clients shall end."""
        self.stopped.wait(self.random.uniform(0, self.pause))

    def size(self):
        """A random size, most often small or near the size of a record."""
        return self.random.choice([
            self.random.randint(1, 100), self.random.randint(1, 5000),
            self.random.randint(16380, 16400), self.random.randint(1, MOST)])

    def data(self):
        start, size = self.random.randrange(MOST), self.size()
        return NOISE[start:start + size]

    def ask(self, send, receive_exactly, data=None):
        """Send a request, and check each byte of the answer."""
        data, size = data or self.data(), self.size()
        send(request(data, size))
        if receive_exactly(size) != answer(data, size):
            raise AssertionError("bytes of the answer are wrong")

    def converse(self, send, receive_exactly):
        for _ in range(self.random.randint(1, 6)):
            self.ask(send, receive_exactly)
            self.rest()


# Good clients

@contextlib.contextmanager
def connected(client, context, **options):
    sock = client.connect()
    with contextlib.closing(sock):
        tls = context.wrap_socket(sock, server_hostname="localhost",
                                  **options)
        with contextlib.closing(tls):
            yield tls


def good(client):
    with connected(client, client.context()) as tls:
        client.converse(tls.sendall, functools.partial(receive, tls))
        tls.unwrap()


def good_resumed(client):
    """Resume the previous session, if there is one."""
    context = client.context()
    session = client.sessions.get(context)
    with connected(client, context, session=session) as tls:
        client.converse(tls.sendall, functools.partial(receive, tls))
        if session is not None and not tls.session_reused:
            raise AssertionError("the session was not resumed")
        client.sessions[context] = tls.session
        tls.unwrap()


def good_in_pieces(client):
    """Send and read data in pieces of all sizes."""
    def send(data):
        while data:
            size = client.random.randint(1, 20000)
            tls.sendall(data[:size])
            data = data[size:]

    def receive_exactly(size):
        data = bytearray()
        while len(data) < size:
            data += receive(tls, min(client.random.randint(1, 20000),
                                     size - len(data)))
        return bytes(data)

    with connected(client, client.context()) as tls:
        client.converse(send, receive_exactly)
        tls.unwrap()


# Clients that send their own records

class Hand(object):
    """A client that sends its own records.

    left: number of bytes to send before it raises Cut; None means no limit.
    step: number of bytes to send with one call.
    """

    def __init__(self, client, context=None):
        self.client = client
        self.sock = client.connect()
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (context or client.context()).wrap_bio(
            self.incoming, self.outgoing, server_hostname="localhost")
        self.left = None
        self.step = MOST * 2

    def run(self, operation, *args):
        while True:
            try:
                result = operation(*args)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.sock.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def flush(self):
        data = self.outgoing.read()
        allowed = data if self.left is None else data[:self.left]
        for start in range(0, len(allowed), self.step):
            self.sock.sendall(allowed[start:start + self.step])
        if self.left is not None:
            self.left -= len(allowed)
            if self.left == 0:
                raise Cut

    def shake_hands(self):
        self.run(self.tls.do_handshake)

    def send(self, data):
        self.run(self.tls.write, data)

    def receive(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self.run(self.tls.read, size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def converse(self):
        self.client.converse(self.send, self.receive)

    def wait_for_the_end(self):
        """Wait until the server drops this client, or AssertionError."""
        wait_for_the_end(self.sock)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()


def wait_for_the_end(sock):
    try:
        while sock.recv(65536):
            pass
    except socket.timeout:
        raise AssertionError("the server does not end the connection")
    except socket.error:
        pass  # a reset is an end


def good_over_bios(client):
    with Hand(client) as hand:
        hand.shake_hands()
        hand.converse()
        hand.run(hand.tls.unwrap)


def good_trickle(client):
    """Send one byte at a time."""
    with Hand(client) as hand:
        hand.step = 1
        hand.shake_hands()
        client.ask(hand.send, hand.receive, NOISE[:client.random.randint(
            1, 500)])
        hand.run(hand.tls.unwrap)


def good_half_close(client):
    """In half of the cases close TCP for sending, then read the answer."""
    with Hand(client) as hand:
        hand.shake_hands()
        hand.converse()
        data, size = client.data(), client.size()
        hand.send(request(data, size))
        if client.random.random() < 0.5:
            hand.sock.shutdown(socket.SHUT_WR)
        if hand.receive(size) != answer(data, size):
            raise AssertionError("bytes of the last answer are wrong")


# Bad clients

def close(hand):
    hand.sock.close()


def reset(hand):
    hand.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    hand.sock.close()


def stall(hand):
    """Wait until the server drops the client, or all clients shall end."""
    hand.sock.settimeout(0.5)
    end = time.time() + LIMIT
    while not hand.client.stopped.is_set():
        try:
            if not hand.sock.recv(65536):
                return
        except socket.timeout:
            if time.time() > end:
                raise AssertionError("the server drops no silent client")
        except socket.error:
            return


def cut_in_handshake(how, client):
    with Hand(client) as hand:
        hand.left = client.random.randint(1, 500)
        try:
            hand.shake_hands()
        except Cut:
            pass
        how(hand)


def cut_in_record(how, client):
    with Hand(client) as hand:
        hand.shake_hands()
        hand.left = client.random.choice([
            client.random.randint(1, 40), client.random.randint(1, 50000)])
        try:
            hand.converse()
        except Cut:
            pass
        how(hand)


def silent(client):
    """Connect and send nothing."""
    with Hand(client) as hand:
        client.random.choice([close, reset, stall])(hand)


def garbage(client):
    with contextlib.closing(client.connect()) as sock:
        sock.sendall(NOISE[:client.random.randint(20, 20000)])
        wait_for_the_end(sock)


def plain_http(client):
    with contextlib.closing(client.connect()) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_for_the_end(sock)


def damaged_record(client):
    with Hand(client) as hand:
        hand.shake_hands()
        hand.converse()
        size = client.random.randint(20, 16000)
        hand.sock.sendall(struct.pack("!BHH", 23, 0x303, size) +
                          NOISE[:size])
        hand.wait_for_the_end()


def too_much(client):
    """Ask for more bytes than a server sends."""
    with Hand(client) as hand:
        hand.shake_hands()
        hand.send(HEADER.pack(1, MOST + 1))
        hand.wait_for_the_end()


def wrong_ca(client):
    """Trust another CA, and refuse the server's certificate."""
    with Hand(client, client_context(None, "unknown-root.pem")) as hand:
        try:
            hand.shake_hands()
        except ssl.SSLError as error:
            if error.reason != "CERTIFICATE_VERIFY_FAILED":
                raise
        else:
            raise AssertionError("the client accepted the wrong CA")
        hand.sock.sendall(hand.outgoing.read())
        if client.random.random() < 0.5:
            hand.wait_for_the_end()


def no_close_notify(client):
    with Hand(client) as hand:
        hand.shake_hands()
        hand.converse()


def unread(client):
    """Send requests, and read no answers."""
    with Hand(client) as hand:
        hand.shake_hands()
        hand.sock.settimeout(0.5)
        try:
            for _ in range(100):
                hand.send(request(client.data(), MOST))
        except (socket.error, ssl.SSLError):
            pass  # the server has stopped reading
        client.rest()


@contextlib.contextmanager
def s_client(client, version):
    """Run openssl s_client; yields its output and a function that sends."""
    child = subprocess.Popen(
        ["openssl", "s_client", "-connect", "127.0.0.1:%d" % client.port,
         version], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, close_fds=True)

    def tell(data):
        child.stdin.write(data)
        child.stdin.flush()

    try:
        yield iter(child.stdout.readline, b""), tell
    finally:
        child.kill()
        child.stdout.close()
        child.stdin.close()
        child.wait()


def expect(lines, part):
    if not any(part in line for line in lines):
        raise AssertionError("openssl s_client ended before %r" % part)


def good_key_update(client):
    """Update the keys of both ends, and check that requests still work."""
    with s_client(client, "-tls1_3") as (lines, tell):
        expect(lines, b"Verify return code")
        for _ in range(client.random.randint(1, 3)):
            tell(b"K\n")
            expect(lines, b"KEYUPDATE")
            mark = b"answered with %d" % client.random.randrange(10 ** 6)
            tell(request(mark + b"\n", len(mark) + 1))
            expect(lines, mark)
            client.rest()


def renegotiation(client):
    """Ask for a renegotiation, which our servers refuse."""
    with s_client(client, "-tls1_2") as (lines, tell):
        expect(lines, b"Verify return code")
        tell(b"R\n")
        expect(lines, b"RENEGOTIATING")
        for _ in lines:
            pass


def make_kinds():
    """[(name, function)]; kinds that are used more often come repeatedly."""
    kinds = [("good", good), ("good, resumed", good_resumed),
             ("good, in pieces", good_in_pieces),
             ("good, over MemoryBIOs", good_over_bios)] * 6
    kinds += [("good, a byte at a time", good_trickle),
              ("good, half-closed", good_half_close)] * 2
    for how in close, reset, stall:
        kinds += [
            (how.__name__ + " in the handshake",
             functools.partial(cut_in_handshake, how)),
            (how.__name__ + " in a record",
             functools.partial(cut_in_record, how))]
    kinds += [("silent", silent), ("garbage", garbage),
              ("plain HTTP", plain_http), ("damaged record", damaged_record),
              ("too much asked", too_much), ("wrong CA", wrong_ca),
              ("no close_notify", no_close_notify), ("unread", unread)]
    if has_openssl():
        kinds += [("good, KeyUpdate", good_key_update),
                  ("renegotiation", renegotiation)]
    return kinds


def has_openssl():
    return any(os.access(os.path.join(folder, "openssl"), os.X_OK)
               for folder in os.environ.get("PATH", "").split(os.pathsep))


class Crowd(object):
    """All client threads, and their counts."""

    def __init__(self, port, count, pause, seed):
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.failures = []
        contexts = [client_context(version)
                    for version in ("TLSv1.2", "TLSv1.3")]
        kinds = make_kinds()
        threading.stack_size(256 * 1024)
        self.threads = []
        for number in range(count):
            client = Client(port, contexts, pause, (seed, number).__repr__(),
                            self.stopped)
            thread = threading.Thread(target=self.run, args=(client, kinds))
            thread.start()
            self.threads.append(thread)

    def run(self, client, kinds):
        while not self.stopped.is_set():
            name, function = client.random.choice(kinds)
            try:
                function(client)
                failure = None
            except Exception:
                failure = "%s:\n%s" % (name, traceback.format_exc())
            with self.lock:
                self.counts[name] += 1
                if failure:
                    self.failures.append(failure)

    def report(self, **more):
        with self.lock:
            print(json.dumps(dict(self.counts, **more)))
        sys.stdout.flush()

    def join(self):
        for thread in self.threads:
            thread.join()


def main():
    port, count, pause, seed = sys.argv[1:]
    crowd = Crowd(int(port), int(count), float(pause), int(seed))

    def stop():
        sys.stdin.read()
        crowd.stopped.set()

    threading.Thread(target=stop).start()
    while not crowd.stopped.wait(1.0):
        crowd.report()
    crowd.join()
    crowd.report(failures=crowd.failures)


if __name__ == "__main__":
    main()
