"""Writes that come to no end at once: nothing is lost, doubled or left behind
for the next one.
"""

import contextlib
import signal
import socket
import ssl
import threading

import pytest

from helpers import RawPair, SocketPair, Task, receive, tcp_pair

MEGABYTE = 1 << 20


def fill(sock, byte):
    """Sends until the socket is full; how many bytes of `byte` it took, and
    the data that it wants to be given again."""
    data = byte * MEGABYTE
    sent = 0
    while True:
        try:
            count = sock.write(data)
        except ssl.SSLWantWriteError:
            return sent, data
        sent += count


@pytest.mark.backport_only("takes all of the data or none")
def test_non_blocking_success_leaves_nothing_behind(version):
    """What is not reported as written was not sent either."""
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        pair.client.settimeout(0.0)
        sent = pair.client.write(b"a" * MEGABYTE)
        assert 0 < sent < MEGABYTE
        with Task(receive, pair.server, sent + 50000) as receiving:
            pair.client.settimeout(None)
            pair.client.sendall(b"b" * 50000)
        assert receiving.result() == b"a" * sent + b"b" * 50000


def test_non_blocking_retry_goes_on(version):
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        pair.client.settimeout(0.0)
        sent, data = fill(pair.client, b"a")
        expected = b"a" * (sent + len(data)) + b"end"
        with Task(receive, pair.server, len(expected)) as receiving:
            pair.client.settimeout(None)
            assert pair.client.write(bytearray(data)) == len(data)
            pair.client.sendall(b"end")
        assert receiving.result() == expected


@pytest.mark.backport_only("sends the rest of the old data in its place")
def test_shorter_retry_is_refused(version):
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        pair.client.settimeout(0.0)
        fill(pair.client, b"a")
        for _ in range(2):
            with pytest.raises(ssl.SSLError) as caught:
                pair.client.write(b"b")
            assert type(caught.value) is ssl.SSLError


def test_retry_after_a_timeout_goes_on(version):
    """As with a want-write: the same data again, and none goes twice."""
    data = bytes(bytearray(range(256))) * (MEGABYTE // 64)
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        pair.client.settimeout(0.05)
        with pytest.raises(socket.timeout):
            pair.client.write(data)
        with Task(receive, pair.server, len(data) + 3) as receiving:
            pair.client.settimeout(None)
            assert pair.client.write(data) == len(data)
            pair.client.sendall(b"end")
        assert receiving.result() == data + b"end"


@pytest.mark.parametrize("client_side", [True, False])
def test_large_write_does_the_handshake(version, client_side):
    """The handshake's messages do not wait for the data behind them."""
    data = b"x" * 100000

    def answer(pair):
        received = bytearray()
        while len(received) < len(data):
            received += pair.run(pair.tls.read, 65536)
        return bytes(received)

    with RawPair(version, client_side, handshake=False) as pair:
        with Task(answer, pair) as answering:
            pair.sock.sendall(data)
        assert answering.result() == data


def test_answer_of_a_server_that_stops_reading(version):
    """The write fails at once, and what the peer said can still be read."""
    answer = b"HTTP/1.1 413 Too Large\r\n\r\n"

    def refuse(server):
        with contextlib.closing(server):
            server.recv(1000)
            server.sendall(answer)

    pair = SocketPair(version=version, pair=tcp_pair())
    # or the answer waits in the server's kernel until the client has
    # acknowledged the session tickets, and close() throws it away
    pair.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.closing(pair.client):
        with Task(refuse, pair.server):
            with pytest.raises((socket.error, ssl.SSLError)) as caught:
                pair.client.sendall(b"x" * (64 * MEGABYTE))
        assert not isinstance(caught.value, socket.timeout)
        assert pair.client.recv(1000) == answer


@pytest.mark.backport_only("the handler waits for ever")
def test_signal_handler_that_writes(version):
    """It interrupts a write of its own thread, which could never go on."""
    errors = []
    begun = threading.Event()
    pair = SocketPair(version=version, pair=tcp_pair())

    def handler(number, frame):
        if not begun.is_set():
            return  # the timer repeats
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            pair.client.send(b"from the handler")
        except ssl.SSLError as error:
            errors.append(error)
        raise ZeroDivisionError

    def look():
        assert pair.server.recv(1) == b"x"
        begun.set()

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        with contextlib.closing(pair), Task(look):
            with pytest.raises(ZeroDivisionError):
                pair.client.sendall(b"x" * (64 * MEGABYTE))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(errors) == 1


def test_writes_of_every_size_arrive_in_order(version):
    sizes = [1, 16383, 16384, 16385, 65535, 65536, 65537, 100000, 131072]
    pieces = [bytes(bytearray([65 + number])) * size
              for number, size in enumerate(sizes)]
    with SocketPair(version=version) as pair:
        with Task(receive, pair.server, sum(sizes)) as receiving:
            for piece in pieces:
                assert pair.client.write(piece) == len(piece)
        assert receiving.result() == b"".join(pieces)
