"""python leave.py SCENARIO: a program that ends while TLS is in use.

It prints "left", or what a handler or a thread says last, and its exit status
is 0.
"""

import atexit
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))
from helpers import (BioPair, SocketPair, cert, client_context,  # noqa: E402
                     receive, server_context, tcp_pair)

BIG = b"x" * (1 << 24)
kept = []


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def start(function, *arguments):
    """A thread that does not keep the program from ending."""
    thread = threading.Thread(target=function, args=arguments)
    thread.daemon = True
    thread.start()


def everything_called():
    """Contexts with all callbacks."""
    client, server = client_context(), server_context()
    for context in client, server:
        context._msg_callback = lambda *arguments: context
        context.keylog_filename = os.devnull
    server.set_servername_callback(lambda *arguments: server and None)
    server.set_psk_server_callback(lambda identity: b"key")
    return client, server


def live_connections():
    """In globals and in cycles, before, in and after the handshake."""
    client, server = everything_called()
    for make in SocketPair, BioPair:
        for handshake in True, False:
            pair = make(client, server, handshake=handshake)
            pair.client.itself = pair
            kept.append(pair)
    kept[0].client.sendall(b"never read")
    say("left")


class Goodbye(object):
    """Says something on a connection when it dies."""

    def __init__(self, pair):
        self.pair = pair
        self.itself = self

    def __del__(self):
        self.pair.client.write(b"goodbye")


def used_while_dying():
    kept.append(Goodbye(SocketPair()))
    kept.append(Goodbye(BioPair()))
    say("left")


def talk(sockets):
    """On this connection and on a new one, which takes no second thread:
    3.12 starts none any more when the program ends."""
    sockets.client.sendall(b"hello")
    assert receive(sockets.server, 5) == b"hello"
    with BioPair(*everything_called()) as pair:
        pair.client.write(b"hello")
        pair.flush()
        assert pair.server.read(5) == b"hello"
    say("left")


def used_at_exit():
    """By a handler."""
    atexit.register(talk, SocketPair())


def used_by_a_thread():
    """Which goes on after the main program."""
    ended = threading.Event()
    pair = SocketPair(*everything_called())

    def go_on():
        ended.wait()
        talk(pair)

    threading.Thread(target=go_on).start()
    ended.set()


def threads_that_wait():
    """In each operation."""
    for operation in (lambda sock: sock.recv(10),
                      lambda sock: sock.sendall(BIG),
                      lambda sock: sock.unwrap()):
        pair = SocketPair(pair=tcp_pair())
        kept.append(pair)
        start(operation, pair.client)
    pair = SocketPair(handshake=False)
    kept.append(pair)
    start(pair.client.do_handshake)
    say("left")


def threads_that_work():
    """All the time, with one pair of contexts and with new ones."""
    shared = everything_called()
    working = [threading.Event() for _ in range(4)]

    def work(number):
        while True:
            BioPair(*(shared if number % 2 else everything_called()))
            client_context().load_verify_locations(cert("many-roots.pem"))
            working[number].set()

    for number in range(4):
        start(work, number)
    for event in working:
        event.wait()
    say("left")


def threads_in_callbacks():
    """Which do not return: of a name, of a message, of a password."""
    never = threading.Event()
    inside = threading.Semaphore(0)

    def wait(*arguments):
        inside.release()
        never.wait()

    client, server = client_context(), server_context()
    kept.append((client, server))
    server.set_servername_callback(wait)
    start(BioPair, client, server)
    other = client_context()
    kept.append(other)
    other._msg_callback = wait
    start(BioPair, other, server_context())
    start(server.load_cert_chain, cert("localhost-encrypted.pem"), None, wait)
    for _ in range(3):
        inside.acquire()
    say("left")


def callback_that_exits():
    """SystemExit comes out of the handshake."""
    server = server_context()
    server._msg_callback = lambda *arguments: sys.exit(0)
    kept.append(server)
    say("left")
    BioPair(client_context(), server)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
