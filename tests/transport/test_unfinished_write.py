"""Writes that do not finish at once: no byte may be lost or doubled, or be
left for the next write to send.
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
    """Write `byte` until the socket is full; returns (the number of bytes
    written, the data that the caller must write again)."""
    data = byte * MEGABYTE
    sent = 0
    while True:
        try:
            count = sock.write(data)
        except ssl.SSLWantWriteError:
            return sent, data
        sent += count


@pytest.mark.backport_only("stock write() writes all of the data or none")
def test_non_blocking_success_leaves_nothing_behind(version):
    """A partial write must send only the bytes that it reports."""
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


@pytest.mark.backport_only("stock write() sends the rest of the old data "
                           "instead")
def test_shorter_retry_is_refused(version):
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        pair.client.settimeout(0.0)
        fill(pair.client, b"a")
        for _ in range(2):
            with pytest.raises(ssl.SSLError) as caught:
                pair.client.write(b"b")
            assert type(caught.value) is ssl.SSLError


def test_retry_after_a_timeout_goes_on(version):
    """After a timeout, a write of the same data must send the rest of it, and
    no byte twice."""
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
    """A large write before the handshake must send the handshake's messages
    at once, and not together with the data."""
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
    """The server answers and closes while we write.  The write must fail at
    once, and we must still be able to read the answer."""
    answer = b"HTTP/1.1 413 Too Large\r\n\r\n"

    def refuse(server):
        with contextlib.closing(server):
            server.recv(1000)
            server.sendall(answer)

    pair = SocketPair(version=version, pair=tcp_pair())
    # Without TCP_NODELAY, the server's kernel may hold the answer back until
    # the client has acknowledged the tickets.  close() would discard it.
    pair.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.closing(pair.client):
        with Task(refuse, pair.server):
            with pytest.raises((socket.error, ssl.SSLError)) as caught:
                pair.client.sendall(b"x" * (64 * MEGABYTE))
        assert not isinstance(caught.value, socket.timeout)
        assert pair.client.recv(1000) == answer


@pytest.mark.backport_only("in stock ssl the handler waits for ever")
def test_signal_handler_that_writes(version):
    """A signal handler interrupts a write of its own thread, and writes to
    the same connection.  The handler's write must raise SSLError, as the
    interrupted write could not continue before the handler returns."""
    errors = []
    begun = threading.Event()
    pair = SocketPair(version=version, pair=tcp_pair())

    def handler(number, frame):
        if not begun.is_set():
            return  # the timer will call the handler again
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
