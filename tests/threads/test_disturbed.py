"""What one thread does to the connection that another one waits with: close,
unwrap, garbage collection.

SSLB_LONG=1 does it a thousand times, at other moments each.
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

pytestmark = pytest.mark.backport_only("the other thread waits on")


def connect(version):
    pair = SocketPair(version=version, pair=tcp_pair())
    pair.client.settimeout(None)
    return pair


def a_moment():
    """Of any length: the other thread is in its call by then, or not yet."""
    time.sleep(random.uniform(0, 0.005))


class Bystanders(object):
    """Sockets of somebody else, one of which has a certain number."""

    def __init__(self, number):
        self.pairs = [unix_pair() for _ in range(3)]
        self.sockets = [sock for pair in self.pairs for sock in pair]
        # on 2.7 it is closed only when the other thread is done with it
        assert PY2 or number in [sock.fileno() for sock in self.sockets]

    def talk(self):
        """Each gets what is sent to it."""
        for left, right in self.pairs:
            for here, there in (left, right), (right, left):
                there.sendall(b"hello")
                assert receive(here, 5) == b"hello"

    def assert_silent(self):
        """None gets anything else."""
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
    """The other one gets an exception.  It touches nothing that has the
    number of the descriptor since."""
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
    """The reader has the end or an exception, and no byte of what comes in
    clear afterwards."""
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
    """The plain socket."""
    return sock.unwrap()


def test_garbage_collection_all_the_time(version):
    """While data flows both ways through sockets that are in cycles."""
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


@pytest.mark.cpython("has no reference counts: what is dropped goes later")
def test_dropped_while_it_is_read(version):
    """The reader's own reference keeps it, and it goes with the reader."""
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
