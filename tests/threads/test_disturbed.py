"""One thread closes, unwraps or drops a connection, or collects garbage,
while another thread waits in a call on this connection.

Each test does so several times, each after a random pause.  SSLB_LONG=1 does
so a thousand times.
"""

import errno
import gc
import random
import socket
import ssl
import time
import weakref

import pytest

from helpers import (LONG, PY2, SocketPair, Task, descriptors, meanwhile,
                     receive, tcp_pair, unix_pair)

ROUNDS = 1000 if LONG else 10
BIG = b"x" * (1 << 24)
ENDS = (ssl.SSLError, socket.error, ValueError)

pytestmark = pytest.mark.backport_only("in stock ssl the other thread hangs")


def connect(version):
    pair = SocketPair(version=version, pair=tcp_pair())
    pair.client.settimeout(None)
    return pair


def a_moment():
    """Sleep for a random time.  Then the other thread has entered its call,
    or not yet."""
    time.sleep(random.uniform(0, 0.005))


class Bystanders(object):
    """Unrelated sockets; one of them has the number of a closed descriptor."""

    def __init__(self, number):
        self.pairs = [unix_pair() for _ in range(3)]
        self.sockets = [sock for pair in self.pairs for sock in pair]
        # on 2.7 the descriptor stays open until the other thread has left
        # its call
        assert PY2 or number in [sock.fileno() for sock in self.sockets]

    def talk(self):
        """Check that each socket receives what the other of its pair sends."""
        for left, right in self.pairs:
            for here, there in (left, right), (right, left):
                there.sendall(b"hello")
                assert receive(here, 5) == b"hello"

    def assert_silent(self):
        """Check that no socket has received anything else, and close all."""
        for sock in self.sockets:
            sock.setblocking(False)
            with pytest.raises(socket.error) as caught:
                sock.recv(1)
            assert caught.value.errno == errno.EAGAIN
        for sock in self.sockets:
            sock.close()


@pytest.mark.parametrize("operation", [
    lambda sock: sock.recv(100), lambda sock: sock.recv_into(bytearray(100)),
    lambda sock: sock.sendall(BIG), lambda sock: sock.unwrap()],
    ids=["recv", "recv_into", "sendall", "unwrap"])
def test_close(version, operation):
    """close() must end the other thread's call with an exception.  This call
    must not use other sockets that have the descriptor's number by then."""
    for _ in range(ROUNDS):
        pair = connect(version)
        number = pair.client.fileno()
        with Task(operation, pair.client) as waiting:
            a_moment()
            pair.client.close()
            bystanders = Bystanders(number)
            bystanders.talk()
            assert isinstance(waiting.error(), ENDS)
        bystanders.talk()
        bystanders.assert_silent()
        pair.server.close()


def test_close_in_the_handshake(version):
    for _ in range(ROUNDS):
        pair = SocketPair(version=version, pair=tcp_pair(), handshake=False)
        number = pair.client.fileno()
        with Task(pair.client.do_handshake) as waiting:
            a_moment()
            pair.client.close()
            bystanders = Bystanders(number)
            bystanders.talk()
            assert isinstance(waiting.error(), ENDS)
        bystanders.assert_silent()
        pair.server.close()


def test_unwrap(version):
    """unwrap() must end the other thread's recv(), with b"" or an exception.
    This recv() must not return plain text that the peer sends afterwards."""
    def read(sock):
        try:
            return sock.recv(100)
        except ENDS:
            return b""

    for _ in range(ROUNDS):
        with connect(version) as pair:
            with Task(read, pair.client) as reading:
                a_moment()
                with Task(pair.server.unwrap) as ending:
                    left = unwrap(pair.client)
                    right = ending.result()
                right.sendall(b"clear")
                assert reading.result() == b""
                assert receive(left, 5) == b"clear"


def unwrap(sock):
    return sock.unwrap()


def test_garbage_collection_all_the_time(version):
    """The sockets are in reference cycles.  One thread collects garbage while
    data flows in both directions."""
    data = BIG[:20000 * ROUNDS]
    with connect(version) as pair:
        pair.client.itself, pair.server.itself = pair.client, pair.server
        with meanwhile(gc.collect):
            with Task(pair.client.sendall, data):
                with Task(receive, pair.client, len(data)) as receiving:
                    assert receive(pair.server, len(data)) == data
                    pair.server.sendall(data)
                    assert receiving.result() == data
        pair.client.itself = pair.server.itself = None


@pytest.mark.cpython("has no reference counts, and frees objects later")
def test_dropped_while_it_is_read(version):
    """A socket without other references must live while a thread reads from
    it.  It must be freed and closed after the read."""
    for _ in range(ROUNDS):
        pair = connect(version)
        number = pair.client.fileno()
        reference = weakref.ref(pair.client)
        with Task(pair.client.recv, 5) as reading:
            pair.client = None
            a_moment()
            gc.collect()
            pair.server.sendall(b"hello")
            assert reading.result() == b"hello"
        del reading
        assert reference() is None
        assert number not in descriptors()
        pair.server.close()
