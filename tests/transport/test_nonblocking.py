"""Non-blocking sockets: SSLWantReadError, SSLWantWriteError, partial writes
and repeated writes."""

import select
import ssl

import pytest

from helpers import (PY2, TIMEOUT, RawPair, SocketPair, Task, fill, receive,
                     tcp_pair)

PATTERN = bytes(bytearray(i * 7 % 251 for i in range(251 * 1024)))
PIECE = PATTERN[:50000]


@pytest.fixture
def quiet(version):
    """A non-blocking pair whose client has nothing to read: the client has
    read the tickets that a TLS 1.3 server sends after the handshake."""
    with SocketPair(version=version) as pair:
        pair.server.sendall(b"x")
        assert pair.client.recv(1) == b"x"
        for end in (pair.client, pair.server):
            end.setblocking(False)
        yield pair


def drain(sock, size):
    """Read `size` bytes from a non-blocking socket."""
    data = bytearray()
    while len(data) < size:
        try:
            data += sock.recv(min(65536, size - len(data)))
        except ssl.SSLWantReadError:
            ready = select.select([sock], [], [], TIMEOUT)[0]
            assert ready, "%d of %d bytes" % (len(data), size)
    return bytes(data)


@pytest.mark.parametrize("operation", [
    lambda sock: sock.recv(1), lambda sock: sock.read(1),
    lambda sock: sock.recv_into(bytearray(5)),
    lambda sock: sock.read(5, bytearray(5))])
def test_nothing_to_read(quiet, operation):
    for end in (quiet.client, quiet.server):
        for _ in range(3):
            with pytest.raises(ssl.SSLWantReadError) as caught:
                operation(end)
            assert caught.value.errno == ssl.SSL_ERROR_WANT_READ
            assert "did not complete (read)" in str(caught.value)
    quiet.server.send(b"hello")
    assert drain(quiet.client, 5) == b"hello"


def test_incomplete_record(version):
    with RawPair(version) as raw:
        record = raw.records(b"hello")
        raw.sock.setblocking(False)
        for i in range(len(record)):
            with pytest.raises(ssl.SSLWantReadError):
                raw.sock.recv(5)
            assert raw.sock.pending() == 0
            raw.peer.sendall(record[i:i + 1])
        assert drain(raw.sock, 5) == b"hello"


def test_handshake(version):
    with SocketPair(version=version, timeout=0, handshake=False) as pair:
        wanted = {pair.client: None, pair.server: None}
        while wanted:
            for end in list(wanted):
                try:
                    end.do_handshake()
                    del wanted[end]
                except ssl.SSLWantReadError as error:
                    assert error.errno == ssl.SSL_ERROR_WANT_READ
        assert pair.client.version() == version


def test_write_until_full(quiet):
    total = fill(quiet.client, PIECE)
    assert total >= len(PIECE)
    with pytest.raises(ssl.SSLWantWriteError) as caught:
        quiet.client.write(PIECE)
    assert caught.value.errno == ssl.SSL_ERROR_WANT_WRITE


def test_bpo_20951_send_until_full(quiet):
    """send() must raise as write() does; on 2.7 it must return 0, which
    2.7's asyncore expects."""
    fill(quiet.client, PIECE)
    if PY2:
        assert quiet.client.send(PIECE) == 0
    else:
        with pytest.raises(ssl.SSLWantWriteError):
            quiet.client.send(PIECE)


@pytest.mark.parametrize("convert", [
    lambda piece: piece[:1] + piece[1:], bytearray, memoryview],
    ids=["copy", "bytearray", "memoryview"])
def test_openssl_5299_retry_with_a_moved_buffer(quiet, convert):
    total = fill(quiet.client, PIECE)
    with Task(drain, quiet.server, total + len(PIECE)) as reading:
        left = PIECE
        while left:
            select.select([], [quiet.client], [], TIMEOUT)
            try:
                left = left[quiet.client.write(convert(left)):]
            except ssl.SSLWantWriteError:
                pass
        data = reading.result()
    assert data == PIECE * (len(data) // len(PIECE))


def test_openssl_5299_retry_with_a_shorter_buffer(quiet):
    """A retry with less data must raise.  The data of the earlier writes
    must arrive."""
    total = fill(quiet.client, PIECE)
    with pytest.raises(ssl.SSLError) as caught:
        quiet.client.write(PIECE[:10])
    assert not isinstance(caught.value, (ssl.SSLWantReadError,
                                         ssl.SSLWantWriteError))
    assert drain(quiet.server, total)[:len(PIECE)] == PIECE


def test_reading_while_a_write_is_half_done(quiet):
    fill(quiet.client, PIECE)
    quiet.server.write(b"hello")
    assert drain(quiet.client, 5) == b"hello"
    with pytest.raises(ssl.SSLWantWriteError):
        quiet.client.write(PIECE)


@pytest.mark.backport_only("stock send() raises although it has sent a part")
def test_mongo_python_driver_1793_huge_send():
    """A non-blocking send() of 20 MB must send a part and return its size."""
    data = PATTERN * (20 * 1024 * 1024 // len(PATTERN))
    with SocketPair(pair=tcp_pair()) as pair:
        pair.client.setblocking(False)
        left = memoryview(data)
        count = pair.client.send(left)
        assert 0 < count < len(data)
        left = left[count:]
        with Task(receive, pair.server, len(data)) as receiving:
            while left:
                select.select([], [pair.client], [], TIMEOUT)
                try:
                    count = pair.client.send(left)
                except ssl.SSLWantWriteError:
                    continue
                assert 0 <= count <= len(left)
                left = left[count:]
            assert receiving.result() == data


def test_sendall_on_full_socket(quiet):
    fill(quiet.client, PIECE)
    with pytest.raises((ssl.SSLWantWriteError, ssl.SSLError)):
        quiet.client.sendall(PIECE)


def test_unwrap_wants_to_read(quiet):
    with pytest.raises(ssl.SSLWantReadError):
        quiet.client.unwrap()
    with pytest.raises(ssl.SSLError):
        quiet.client.unwrap()
    assert quiet.server.recv(1) == b""
    quiet.server.unwrap()
    quiet.client.unwrap()


def test_back_to_blocking(quiet):
    quiet.client.setblocking(True)
    quiet.server.settimeout(TIMEOUT)
    with Task(quiet.client.recv, 5) as receiving:
        quiet.server.sendall(b"hello")
        assert receiving.result() == b"hello"


def test_flushed_data_is_with_the_peer(quiet):
    """The peer must be able to read all bytes that write() has reported."""
    total = fill(quiet.client, PIECE)
    assert len(drain(quiet.server, total)) == total
