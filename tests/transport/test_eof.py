"""The ends of connections: close_notify, truncation, reset, invalid records
and plain text."""

import contextlib
import errno
import socket
import ssl
import struct

import pytest

from helpers import (BioPair, RawPair, SocketPair, Task, client_context,
                     server_context, tcp_pair, unix_pair)

TRUNCATION = pytest.mark.since(
    3, 10, "stock ssl takes truncation for another error with OpenSSL 3")
FATAL = pytest.mark.skipif(
    ssl.OPENSSL_VERSION_INFO < (3,),
    reason="OpenSSL 1.1.1 still allows writes after a truncation")
READS = {
    "recv": lambda sock: sock.recv(10),
    "read": lambda sock: sock.read(10),
    "recv_into": lambda sock: b"x" * sock.recv_into(bytearray(10)),
    "read_into": lambda sock: b"x" * sock.read(10, bytearray(10)),
}


def reset(sock):
    """Close a TCP connection with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


# close_notify

@pytest.mark.parametrize("name", sorted(READS))
def test_close_notify(version, name):
    with RawPair(version, suppress_ragged_eofs=False) as raw:
        raw.peer.sendall(raw.records(b"hello") + raw.close_notify())
        assert len(READS[name](raw.sock)) == 5
        for _ in range(3):
            assert READS[name](raw.sock) == b""


@pytest.mark.parametrize("name", sorted(READS))
def test_bpo_23576_close_notify_while_the_connection_stays(version, name):
    """A blocking read must return b"" as soon as the close_notify arrives,
    although the peer keeps the TCP connection open."""
    with RawPair(version, timeout=None) as raw:
        raw.peer.sendall(raw.close_notify())
        assert READS[name](raw.sock) == b""
        raw.peer.sendall(b"more")
        assert READS[name](raw.sock) == b""


def test_close_notify_over_bios(version):
    with BioPair(version=version) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.server.unwrap()
        pair.flush()
        for _ in range(3):
            assert pair.client.read(10) == b""
        assert pair.client.read(10, bytearray(10)) == 0


# Truncation

@TRUNCATION
@pytest.mark.parametrize("name", sorted(READS))
def test_gh_95494_truncation(version, name):
    with RawPair(version, suppress_ragged_eofs=False) as raw:
        raw.peer.sendall(raw.records(b"hello"))
        raw.peer.close()
        assert len(READS[name](raw.sock)) == 5
        with pytest.raises(ssl.SSLEOFError) as caught:
            READS[name](raw.sock)
        assert caught.value.errno == ssl.SSL_ERROR_EOF


@TRUNCATION
@pytest.mark.parametrize("name", sorted(READS))
def test_gh_72002_truncation_is_suppressed_by_default(version, name):
    with RawPair(version) as raw:
        raw.peer.sendall(raw.records(b"hello"))
        raw.peer.close()
        assert len(READS[name](raw.sock)) == 5
        for _ in range(3):
            assert READS[name](raw.sock) == b""


@TRUNCATION
@pytest.mark.parametrize("name", sorted(READS))
def test_gh_148292_every_read_tells(version, name):
    with RawPair(version, suppress_ragged_eofs=False) as raw:
        raw.peer.close()
        for _ in range(3):
            with pytest.raises(ssl.SSLEOFError):
                READS[name](raw.sock)


@FATAL
@pytest.mark.backport_only("on a Unix socket, stock ssl raises BAD_LENGTH "
                           "for a write of one byte")
@pytest.mark.parametrize("make_pair", [unix_pair, tcp_pair])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_gh_148292_every_call_tells(version, make_pair, length):
    """After a truncation, each call must raise SSLEOFError.  On a Unix
    socket, OpenSSL cannot send its alert of two bytes."""
    with RawPair(version, pair=make_pair(),
                 suppress_ragged_eofs=False) as raw:
        raw.peer.close()
        for call in (lambda: raw.sock.recv(1),
                     lambda: raw.sock.write(b"x" * length),
                     lambda: raw.sock.write(b"x" * length),
                     raw.sock.do_handshake, lambda: raw.sock.recv(1)):
            with pytest.raises(ssl.SSLEOFError) as caught:
                call()
            assert caught.value.errno == ssl.SSL_ERROR_EOF


@FATAL
@pytest.mark.backport_only("stock ssl raises another error in do_handshake()")
@pytest.mark.parametrize("length", [1, 2, 3])
def test_gh_148292_every_call_tells_over_bios(version, length):
    with BioPair(version=version) as pair:
        pair.server_in.write_eof()
        for call in (lambda: pair.server.read(1),
                     lambda: pair.server.write(b"x" * length),
                     pair.server.do_handshake, lambda: pair.server.read(1)):
            with pytest.raises(ssl.SSLEOFError):
                call()


@TRUNCATION
@pytest.mark.parametrize("kept", [1, 4, 5, 6, -1])
def test_end_within_a_record(version, kept):
    with RawPair(version, suppress_ragged_eofs=False) as raw:
        raw.peer.sendall(raw.records(b"hello")[:kept])
        raw.peer.close()
        with pytest.raises(ssl.SSLEOFError):
            raw.sock.recv(10)


@TRUNCATION
def test_openssl_8208_truncation_over_bios(version):
    with BioPair(version=version) as pair:
        pair.client.write(b"hello")
        pair.flush()
        pair.server_in.write_eof()
        assert pair.server.read(10) == b"hello"
        for _ in range(3):
            with pytest.raises(ssl.SSLEOFError):
                pair.server.read(10)


@TRUNCATION
def test_openssl_11889_the_next_connection_is_not_disturbed(version):
    """One connection ends without close_notify.  Another connection of the
    same thread must still work."""
    with SocketPair(version=version) as good, RawPair(version) as raw:
        good.server.sendall(b"x")
        assert good.client.recv(1) == b"x"
        good.client.setblocking(False)
        raw.peer.close()
        assert raw.sock.recv(1) == b""
        with pytest.raises(ssl.SSLWantReadError):
            good.client.recv(1)
        good.client.write(b"hello")
        assert good.server.recv(5) == b"hello"


# Reset

@pytest.mark.since(3, 12, "a reset looks like the end of the data")
@pytest.mark.parametrize("suppress", [True, False])
def test_gh_127257_reset(version, suppress):
    with RawPair(version, pair=tcp_pair(),
                 suppress_ragged_eofs=suppress) as raw:
        reset(raw.peer)
        with pytest.raises(socket.error) as caught:
            raw.sock.recv(1)
        assert caught.value.errno == errno.ECONNRESET
        assert not isinstance(caught.value, ssl.SSLError)


@pytest.mark.since(3, 12, "a reset looks like the end of the data")
def test_gh_115627_reset_while_writing(version):
    with RawPair(version, pair=tcp_pair()) as raw:
        reset(raw.peer)
        with pytest.raises(socket.error) as caught:
            for _ in range(10):
                raw.sock.sendall(b"x" * 1000)
        assert caught.value.errno in (errno.ECONNRESET, errno.EPIPE)


def test_broken_pipe(version):
    with RawPair(version) as raw:
        raw.peer.close()
        with pytest.raises(socket.error) as caught:
            for _ in range(10):
                raw.sock.sendall(b"x" * 1000)
        assert caught.value.errno in (errno.EPIPE, errno.ECONNRESET,
                                      ssl.SSL_ERROR_EOF)


# The handshake

@pytest.mark.since(3, 10, "do_handshake() raises OSError without an errno")
@pytest.mark.parametrize("client_side", [True, False])
def test_bpo_31122_peer_closes_in_the_handshake(client_side):
    with RawPair(handshake=False, client_side=client_side) as raw:
        raw.peer.shutdown(socket.SHUT_WR)
        with pytest.raises(ssl.SSLEOFError):
            raw.sock.do_handshake()


@TRUNCATION
def test_peer_closes_in_the_middle_of_the_handshake(version):
    with RawPair(version, handshake=False) as raw:
        raw.sock.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            raw.sock.do_handshake()
        raw._in.write(raw.peer.recv(65536))
        with pytest.raises(ssl.SSLWantReadError):
            raw.tls.do_handshake()
        raw.peer.sendall(raw.records()[:100])
        raw.peer.shutdown(socket.SHUT_WR)
        with pytest.raises(ssl.SSLEOFError):
            raw.sock.do_handshake()


@pytest.mark.since(3, 15, "an older error names no reason")
def test_gh_148292_file_after_the_end(version):
    """sendfile() after a truncation must raise SSLEOFError."""
    with RawPair(version) as raw, open(__file__, "rb") as stream:
        raw.peer.close()
        low = raw.sock._sslobj
        for _ in range(2):
            with pytest.raises(ssl.SSLEOFError):
                low.read(10)
        with pytest.raises(ssl.SSLEOFError):
            low.sendfile(stream.fileno(), 0, 1)


@pytest.mark.since(3, 15, "an older error names no reason")
def test_gh_148292_file_after_the_end_over_bios(version):
    with BioPair(version=version) as pair, open(__file__, "rb") as stream:
        pair.client_in.write_eof()
        with pytest.raises(ssl.SSLEOFError):
            pair.client.read(10)
        with pytest.raises(ssl.SSLEOFError):
            pair.client._sslobj.sendfile(stream.fileno(), 0, 1)


@TRUNCATION
def test_bpo_28990_end_in_the_handshake_over_bios():
    with BioPair(handshake=False) as pair:
        for bio, end in ((pair.client_in, pair.client),
                         (pair.server_in, pair.server)):
            bio.write_eof()
            with pytest.raises(ssl.SSLEOFError):
                end.do_handshake()


def test_reset_in_the_handshake():
    with RawPair(handshake=False, pair=tcp_pair()) as raw:
        raw.sock.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            raw.sock.do_handshake()
        raw.sock.setblocking(True)
        reset(raw.peer)
        with pytest.raises(socket.error) as caught:
            raw.sock.do_handshake()
        assert caught.value.errno == errno.ECONNRESET


# Peers that do not speak TLS

def test_http_client():
    with RawPair(handshake=False, client_side=False) as raw:
        raw.peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(ssl.SSLError) as caught:
            raw.sock.do_handshake()
        assert caught.value.reason == "HTTP_REQUEST"
        assert caught.value.library == "SSL"
        # cheroot searches the message for these words
        assert "http request" in str(caught.value)


def answer_of(data):
    """The SSLError of a client whose server sends only this data."""
    with RawPair(handshake=False) as raw:
        raw.peer.sendall(data)
        with pytest.raises(ssl.SSLError) as caught:
            raw.sock.do_handshake()
        assert type(caught.value) is ssl.SSLError
        assert caught.value.library == "SSL"
        return caught.value


@pytest.mark.parametrize("text", [
    b"HTTP/1.0 200 OK\r\n\r\n", b"220 mail.example.test ESMTP\r\n"])
def test_server_that_does_not_speak_tls(text):
    assert answer_of(text).reason == "WRONG_VERSION_NUMBER"


@pytest.mark.parametrize("byte", [b"\0", b"\xff"])
def test_server_that_sends_no_text(byte):
    assert answer_of(byte * 100).reason


@pytest.mark.parametrize("spoil", [
    lambda record: record[:-1] + bytes(bytearray(
        [bytearray(record)[-1] ^ 1])),
    lambda record: b"\x17\x03\x03\x00\x01x" + record,
    lambda record: b"\x17\x03\x03\xff\xff" + b"x" * 70000,
    lambda record: b"\x99" * 100])
def test_spoilt_record(version, spoil):
    with RawPair(version) as raw:
        with Task(raw.peer.sendall, spoil(raw.records(b"hello"))):
            with pytest.raises(ssl.SSLError) as caught:
                while raw.sock.recv(10):
                    pass
        assert caught.value.library == "SSL"
        assert not isinstance(caught.value, ssl.SSLEOFError)


def test_data_before_a_spoilt_record(version):
    """A read must return the data before an invalid record.  The next read
    must raise."""
    with RawPair(version) as raw:
        good = raw.records(b"x" * 16384)
        spoilt = bytearray(raw.records(b"spoilt"))
        spoilt[-1] ^= 1
        raw.peer.sendall(good + bytes(spoilt))
        assert raw.sock.recv(100000) == b"x" * 16384
        with pytest.raises(ssl.SSLError) as caught:
            raw.sock.recv(100000)
        assert caught.value.library == "SSL"


@TRUNCATION
def test_data_before_a_truncation(version):
    with RawPair(version, suppress_ragged_eofs=False) as raw:
        raw.peer.sendall(raw.records(b"x" * 16384))
        raw.peer.close()
        assert raw.sock.recv(100000) == b"x" * 16384
        with pytest.raises(ssl.SSLEOFError):
            raw.sock.recv(100000)


def test_data_before_a_close_notify(version):
    with RawPair(version, suppress_ragged_eofs=False) as raw:
        raw.peer.sendall(raw.records(b"x" * 16384) + raw.close_notify())
        assert raw.sock.recv(100000) == b"x" * 16384
        assert raw.sock.recv(100000) == b""


def test_spoilt_record_over_bios(version):
    with BioPair(version=version) as pair:
        pair.client.write(b"hello")
        record = bytearray(pair.client_out.read())
        record[-1] ^= 1
        pair.server_in.write(record)
        with pytest.raises(ssl.SSLError) as caught:
            pair.server.read(5)
        assert caught.value.reason == (
            "DECRYPTION_FAILED_OR_BAD_RECORD_MAC")
        with pytest.raises(ssl.SSLError):
            pair.server.write(b"x")


@pytest.mark.backport_only("stock ssl raises BAD_LENGTH for a write of one "
                           "byte")
@pytest.mark.parametrize("length", [1, 2, 3])
def test_writing_after_a_spoilt_record(version, length):
    """The peer sends an invalid record and closes, so OpenSSL cannot send
    its alert of two bytes.  Each write must raise SSLSyscallError."""
    with RawPair(version, pair=unix_pair()) as raw:
        raw.peer.sendall(b"x" * 100)
        raw.peer.close()
        with pytest.raises(ssl.SSLError) as caught:
            raw.sock.recv(10)
        assert caught.value.library == "SSL"
        for _ in range(2):
            with pytest.raises(ssl.SSLSyscallError):
                raw.sock.write(b"x" * length)


@pytest.mark.backport_only("in stock ssl each read ends with a record")
@pytest.mark.parametrize("spoilt", [False, True])
def test_an_end_behind_data_is_pending(version, spoilt):
    """A read from a MemoryBIO reads all records.  If it meets the end or an
    invalid record after data, it returns the data, and pending() must be 1.
    The next read returns b"" or raises the error."""
    with BioPair(version=version) as pair:
        pair.client.write(b"hello")
        pair.flush()
        if spoilt:
            pair.server_in.write(b"\x99" * 100)
        else:
            with pytest.raises(ssl.SSLWantReadError):
                pair.client.unwrap()
            pair.flush()
        assert pair.server.pending() == 0
        assert pair.server.read(100) == b"hello"
        assert pair.server.pending() == 1
        if spoilt:
            with pytest.raises(ssl.SSLError) as caught:
                pair.server.read(100)
            assert caught.value.library == "SSL"
        else:
            assert pair.server.read(100) == b""
        assert pair.server.pending() == 0


# CVE-2023-40217: recv() must never return plain text that the peer sent
# before the handshake

def plaintext_then_close(sock, how):
    sock.sendall(b"secret")
    if how == "reset":
        reset(sock)
    else:
        sock.close()


@pytest.mark.since(3, 8, "recv() returns the plain text")
@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("server_side", [True, False])
@pytest.mark.parametrize("on_connect", [True, False])
@pytest.mark.parametrize("timeout", [None, 0, 20])
def test_cve_2023_40217_plaintext_before_handshake(how, server_side,
                                                   on_connect, timeout):
    left, right = tcp_pair()
    plaintext_then_close(right, how)
    left.settimeout(timeout)
    context = server_context() if server_side else client_context()
    name = None if server_side else "localhost"
    with contextlib.closing(left):
        with pytest.raises((ssl.SSLError, OSError, ValueError)):
            wrapped = context.wrap_socket(
                left, server_side=server_side, server_hostname=name,
                do_handshake_on_connect=on_connect)
            with contextlib.closing(wrapped):
                data = wrapped.recv(100)
                assert data == b"", "recv() returned plain text"
                raise ssl.SSLError("recv() returned nothing")


@pytest.mark.since(3, 8, "recv() returns the plain text")
def test_cve_2023_40217_unix_socket():
    left, right = unix_pair()
    right.sendall(b"secret")
    right.close()
    with contextlib.closing(left):
        with pytest.raises((ssl.SSLError, OSError)):
            server_context().wrap_socket(left, server_side=True)


# SSLZeroReturnError

def test_writing_after_our_close_notify(version):
    with BioPair(version=version) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.unwrap()
        with pytest.raises(ssl.SSLError) as caught:
            pair.client.write(b"x")
        assert type(caught.value) in (ssl.SSLError, ssl.SSLZeroReturnError)
        pair.flush()
        assert pair.server.read(5) == b""


def test_writing_after_the_peers_close_notify(version):
    """The peer's close_notify closes one direction only: we may write."""
    with BioPair(version=version) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.unwrap()
        pair.flush()
        assert pair.server.read(5) == b""
        assert pair.server.write(b"hello") == 5


@pytest.mark.backport_only('stock ssl returns b"", as after a close_notify')
@pytest.mark.parametrize("suppress", [True, False])
def test_data_after_a_fatal_alert_is_cut_off(version, suppress):
    """The peer sends a fatal alert, which OpenSSL takes for a close_notify.
    Each read must raise."""
    with RawPair(version, suppress_ragged_eofs=suppress) as raw:
        raw._in.write(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        with pytest.raises(ssl.SSLError):
            raw.tls.read(1)
        alert = raw.records()
        assert alert
        raw.peer.sendall(alert)
        with pytest.raises(ssl.SSLError) as caught:
            raw.sock.recv(10)
        assert type(caught.value) is ssl.SSLError
        assert caught.value.library == "SSL"
        for _ in range(2):
            with pytest.raises(ssl.SSLSyscallError):
                raw.sock.recv(10)


@pytest.mark.backport_only("stock ssl raises SHUTDOWN_WHILE_IN_INIT with "
                           "OpenSSL 3")
@pytest.mark.parametrize("read_first", [False, True])
def test_each_unwrap_after_a_ragged_end_says_so(version, read_first):
    with RawPair(version, pair=tcp_pair(), suppress_ragged_eofs=False) as raw:
        raw.peer.close()
        if read_first:
            with pytest.raises(ssl.SSLEOFError):
                raw.sock.recv(1)
        for call in (raw.sock.unwrap, raw.sock.unwrap,
                     lambda: raw.sock.read(1), raw.sock.unwrap,
                     lambda: raw.sock.read(1)):
            with pytest.raises(ssl.SSLEOFError):
                call()
        assert raw.sock.pending() in (0, 1)
