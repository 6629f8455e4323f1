"""python servers.py threads|loop: a server for the load test.

"threads" has a thread for each connection, "loop" has one loop for all.  The
program prints its port.  For each line of its input it prints its memory in
use, in bytes.  At the end of its input it ends and prints a JSON object: how
many connections ended in which way.  Any exception that is no error of a
connection is a bug: the program prints the traceback and counts the bug.
"""

import collections
import ctypes
import errno
import gc
import json
import select
import socket
import ssl
import sys
import threading
import time
import traceback

from conversation import HEADER, PATIENCE, Refused, answer, parse
from helpers import server_context
from processes import resident

# all clients may connect at the same time
BACKLOG = 4096
ACCEPTORS = 16
EXPECTED = (socket.error, EOFError, Refused)


def context():
    return server_context(chain="localhost-ec.pem")


def wrap(tls_context, sock, outcomes):
    """A TLS connection, or None if the peer has already closed.

    The caller must not keep the plain socket: on 2.7 the descriptor stays
    open until the last reference is gone.
    """
    try:
        return tls_context.wrap_socket(
            sock, server_side=True, do_handshake_on_connect=False,
            suppress_ragged_eofs=False)
    except Exception:
        outcomes.add_error()
        sock.close()


def obey():
    """Answer a line of the input; False at the end of the input."""
    if not sys.stdin.readline():
        return False
    # neither garbage nor memory that only malloc() keeps is in use
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    print(resident("self"))
    sys.stdout.flush()
    return True


def describe(error):
    """The type of an error, and its reason in OpenSSL or the kernel."""
    name = type(error).__name__
    if not isinstance(error, ssl.SSLError):
        number = getattr(error, "errno", None)
        return " ".join(filter(None, [name, errno.errorcode.get(number)]))
    return " ".join(filter(None, [name, error.reason]))


class Outcomes(object):
    """Counts of how connections ended; any thread may use them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = collections.Counter()

    def add(self, outcome):
        with self.lock:
            self.counts[outcome] += 1

    def add_error(self):
        """Count the exception that is being handled."""
        error = sys.exc_info()[1]
        if isinstance(error, EXPECTED):
            self.add(describe(error))
        else:
            traceback.print_exc()
            self.add("bug: " + describe(error))


# A thread for each connection

def receive(tls, size):
    """This number of bytes, or fewer at the end of the stream."""
    data = bytearray()
    while len(data) < size:
        piece = tls.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


def converse(tls):
    """Serve a connection until its end."""
    tls.settimeout(PATIENCE)
    tls.do_handshake()
    while True:
        header = receive(tls, HEADER.size)
        if not header:
            tls.unwrap()
            return
        if len(header) < HEADER.size:
            raise EOFError
        length, size = parse(header)
        data = receive(tls, length)
        if len(data) < length:
            raise EOFError
        tls.sendall(answer(data, size))


def serve_in_thread(tls, outcomes):
    try:
        converse(tls)
        outcomes.add("ended well")
    except Exception:
        outcomes.add_error()
    finally:
        tls.close()


class Threads(object):
    """Several threads accept, since Thread.start() waits for the thread."""

    def __init__(self, listener, outcomes):
        threading.stack_size(256 * 1024)
        self.listener = listener
        self.outcomes = outcomes
        self.context = context()
        self.stopped = False
        self.acceptors = [threading.Thread(target=self.accept)
                          for _ in range(ACCEPTORS)]

    def run(self):
        for acceptor in self.acceptors:
            acceptor.start()
        while obey():
            pass
        self.stopped = True
        # makes each accept() fail
        self.listener.shutdown(socket.SHUT_RDWR)
        for acceptor in self.acceptors:
            acceptor.join()

    def accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except socket.error:
                if self.stopped:
                    return
                raise
            tls = wrap(self.context, sock, self.outcomes)
            del sock
            if tls is not None:
                threading.Thread(target=serve_in_thread,
                                 args=(tls, self.outcomes)).start()


# One loop for all connections

class Connection(object):
    """A non-blocking connection; next is the method to call next."""

    def __init__(self, tls):
        tls.settimeout(0)
        self.tls = tls
        self.heard = time.time()
        self.next = self.shake_hands
        self.wanted = select.POLLIN
        self.received = bytearray()
        self.length = self.size = None
        self.unsent = b""
        self.ended = False

    def proceed(self):
        """Go on until the connection must wait for the event `wanted`."""
        self.heard = time.time()
        try:
            while not self.ended:
                self.next()
        except ssl.SSLWantReadError:
            self.wanted = select.POLLIN
        except ssl.SSLWantWriteError:
            self.wanted = select.POLLOUT

    def is_silent(self):
        """Whether there was no event for PATIENCE seconds, nor is now."""
        if time.time() - self.heard < PATIENCE:
            return False
        poll = select.poll()
        poll.register(self.tls.fileno(), self.wanted)
        return not poll.poll(0)

    def shake_hands(self):
        self.tls.do_handshake()
        self.next = self.read

    def read(self):
        """Read a part of a request."""
        data = self.tls.recv(65536)
        if not data and self.received:
            raise EOFError
        if not data:
            self.next = self.end
            return
        self.received += data
        self.next = self.parse

    def parse(self):
        """Answer the request, if it is complete."""
        received = self.received
        self.next = self.read
        if self.length is None and len(received) >= HEADER.size:
            self.length, self.size = parse(received[:HEADER.size])
        if self.length is None:
            return
        end = HEADER.size + self.length
        if len(received) >= end:
            self.unsent = answer(received[HEADER.size:end], self.size)
            del received[:end]
            self.length = None
            self.next = self.write

    def write(self):
        if self.unsent:
            self.unsent = self.unsent[self.tls.write(self.unsent):]
        else:
            self.next = self.parse

    def end(self):
        self.tls.unwrap()
        self.ended = True


class Loop(object):
    """All connections, in the order of their last events.

    It uses epoll, since select() accepts no descriptor above 1023.  Events of
    epoll have the same numbers as those of poll().
    """

    def __init__(self, listener, outcomes):
        listener.setblocking(False)
        self.listener = listener
        self.outcomes = outcomes
        self.context = context()
        self.poll = select.epoll()
        self.poll.register(listener.fileno(), select.POLLIN)
        self.poll.register(sys.stdin.fileno(), select.POLLIN)
        self.connections = collections.OrderedDict()

    def run(self):
        while True:
            for number, _ in self.ready():
                if number == sys.stdin.fileno():
                    if not obey():
                        self.poll.close()
                        return
                elif number == self.listener.fileno():
                    self.accept()
                else:
                    self.proceed(number)
            self.drop_the_silent()

    def ready(self):
        try:
            return self.poll.poll(1.0)
        except IOError as error:
            if error.errno != errno.EINTR:
                raise
            return []

    def accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except socket.error as error:
                if error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                    raise
                return
            tls = wrap(self.context, sock, self.outcomes)
            if tls is None:
                continue
            number = tls.fileno()
            self.connections[number] = Connection(tls)
            self.poll.register(number, select.POLLIN)

    def proceed(self, number):
        """Let a connection go on, and move it to the end of the order."""
        connection = self.connections.pop(number)
        try:
            connection.proceed()
        except Exception:
            self.outcomes.add_error()
            self.close(connection)
            return
        if connection.ended:
            self.outcomes.add("ended well")
            self.close(connection)
            return
        self.connections[number] = connection
        self.poll.modify(number, connection.wanted)

    def drop_the_silent(self):
        while self.connections:
            number, connection = next(iter(self.connections.items()))
            if not connection.is_silent():
                return
            del self.connections[number]
            self.outcomes.add("timeout")
            self.close(connection)

    def close(self, connection):
        # the kernel removes a closed descriptor from the epoll
        connection.tls.close()


SERVERS = {"threads": Threads, "loop": Loop}


def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    outcomes = Outcomes()
    server = SERVERS[sys.argv[1]](listener, outcomes)
    print(listener.getsockname()[1])
    sys.stdout.flush()
    server.run()
    print(json.dumps(outcomes.counts))


if __name__ == "__main__":
    main()
