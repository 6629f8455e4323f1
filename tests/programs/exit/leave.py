"""python leave.py SCENARIO: a program that ends while TLS is in use.

The program must print "left" and end with exit status 0.  In some scenarios an
exit handler or a thread prints it.
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
    """Start a daemon thread."""
    thread = threading.Thread(target=function, args=arguments)
    thread.daemon = True
    thread.start()


def everything_called():
    """A client and a server context with all callbacks."""
    client, server = client_context(), server_context()
    for context in client, server:
        context._msg_callback = lambda *arguments: context
        context.keylog_filename = os.devnull
    server.set_servername_callback(lambda *arguments: server and None)
    server.set_psk_server_callback(lambda identity: b"key")
    return client, server


def live_connections():
    """Connections in globals and in cycles, before and after a handshake."""
    client, server = everything_called()
    for make in SocketPair, BioPair:
        for handshake in True, False:
            pair = make(client, server, handshake=handshake)
            pair.client.itself = pair
            kept.append(pair)
    kept[0].client.sendall(b"never read")
    say("left")


class Goodbye(object):
    """An object that sends data on a connection in __del__()."""

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
    """Use this connection and a new one, without a second thread: from 3.12
    on no thread can start when the program ends."""
    sockets.client.sendall(b"hello")
    assert receive(sockets.server, 5) == b"hello"
    with BioPair(*everything_called()) as pair:
        pair.client.write(b"hello")
        pair.flush()
        assert pair.server.read(5) == b"hello"
    say("left")


def used_at_exit():
    """An exit handler uses connections."""
    atexit.register(talk, SocketPair())


def used_by_a_thread():
    """A thread uses connections after the main program has ended."""
    ended = threading.Event()
    pair = SocketPair(*everything_called())

    def go_on():
        ended.wait()
        talk(pair)

    threading.Thread(target=go_on).start()
    ended.set()


def threads_that_wait():
    """Daemon threads wait in each operation."""
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
    """Daemon threads work all the time, with shared and new contexts."""
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
    """Daemon threads are in callbacks for SNI, messages and a password, which
    do not return."""
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
    """The handshake raises the callback's SystemExit."""
    server = server_context()
    server._msg_callback = lambda *arguments: sys.exit(0)
    kept.append(server)
    say("left")
    BioPair(client_context(), server)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
