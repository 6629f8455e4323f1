"""OP_ENABLE_KTLS and sendfile().

With OP_ENABLE_KTLS a connection uses OpenSSL's own socket BIO.  The kernel
then encrypts, if it supports TLS.  Most tests run on any kernel.  Tests that
read the kernel's counters need a kernel with TLS: make check-ktls runs one.
"""

import contextlib
import io
import select
import socket
import ssl
import threading

import pytest

from helpers import (SocketPair, Task, client_context, fill, read_all,
                     receive, server_context, tcp_pair, unix_pair)

pytestmark = pytest.mark.skipif(
    not hasattr(ssl, "OP_ENABLE_KTLS"),
    reason="OP_ENABLE_KTLS needs OpenSSL 3.0")

MEGABYTE = 1 << 20
# each block of eight bytes is different
CONTENT = b"".join(b"%07d\n" % number for number in range(3 * MEGABYTE // 8))


def kernel_has_tls():
    try:
        with open("/proc/sys/net/ipv4/tcp_available_ulp") as stream:
            return "tls" in stream.read().split()
    except IOError:
        return False


needs_kernel = pytest.mark.skipif(
    not kernel_has_tls(),
    reason="this kernel does not support TLS; make check-ktls runs one that "
           "does")


def with_ktls(context):
    context.options |= ssl.OP_ENABLE_KTLS
    return context


def without_ktls(context):
    context.options &= ~ssl.OP_ENABLE_KTLS
    return context


def make_pair(version, pair=None, **options):
    return SocketPair(client=with_ktls(client_context(version)),
                      server=with_ktls(server_context(version)),
                      pair=pair or tcp_pair(), **options)


@pytest.fixture(params=[None, 30.0], ids=["blocking", "timeout"])
def pair(request, version):
    """A SocketPair with OP_ENABLE_KTLS; first without a timeout, then with
    one."""
    with make_pair(version) as connected:
        for end in (connected.client, connected.server):
            end.settimeout(request.param)
        yield connected


@pytest.fixture
def path(tmpdir):
    """A file that holds CONTENT."""
    file = tmpdir.join("content")
    file.write_binary(CONTENT)
    return str(file)


def test_option_is_in_the_context():
    context = with_ktls(client_context())
    assert context.options & ssl.OP_ENABLE_KTLS


# On any kernel

@pytest.mark.parametrize("plain", [tcp_pair, unix_pair])
def test_echo(version, plain):
    """No kernel supports TLS on a Unix socket: OpenSSL encrypts there."""
    with make_pair(version, plain()) as pair:
        for size in (1, 100, 16384, 16385):
            data = CONTENT[:size]
            pair.client.sendall(data)
            assert receive(pair.server, size) == data
            pair.server.sendall(data)
            assert receive(pair.client, size) == data


def test_one_side_only(version):
    with SocketPair(client=with_ktls(client_context(version)),
                    server=without_ktls(server_context(version)),
                    pair=tcp_pair()) as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"
        pair.server.sendall(b"goodbye")
        assert receive(pair.client, 7) == b"goodbye"


def test_both_ways_at_once(pair):
    tasks = [Task(end.sendall, CONTENT) for end in (pair.client, pair.server)]
    tasks += [Task(receive, end, len(CONTENT))
              for end in (pair.client, pair.server)]
    results = [task.result() for task in tasks]
    assert results[2:] == [CONTENT] * 2


@pytest.mark.backport_only("gh-137583: a blocked recv() blocks sendall()")
def test_blocked_recv_does_not_stop_sendall(pair):
    with Task(pair.client.recv, 100) as receiving:
        for _ in range(20):
            pair.client.sendall(b"hello")
            assert receive(pair.server, 5) == b"hello"
        pair.server.sendall(b"goodbye")
        assert receiving.result() == b"goodbye"


def test_recv_into(pair):
    pair.server.sendall(b"hello")
    buffer = bytearray(100)
    assert pair.client.recv_into(buffer) == 5
    assert buffer[:5] == b"hello"


def test_rest_of_a_record_shows(pair):
    """pending() or select() must show unread data."""
    for _ in range(3):
        pair.server.sendall(b"a" * 100)
    for left in range(299, 0, -1):
        assert pair.client.recv(1) == b"a"
        assert (pair.client.pending()
                or select.select([pair.client], [], [], 30)[0])


@pytest.mark.parametrize("timeout, error", [
    (0.0, ssl.SSLWantReadError), (0.05, socket.timeout)])
def test_nothing_to_read(version, timeout, error):
    with make_pair(version) as pair:
        # the client reads the tickets of TLS 1.3 before the first data
        pair.server.sendall(b"x")
        assert pair.client.recv(1) == b"x"
        pair.client.settimeout(timeout)
        for _ in range(2):
            with pytest.raises(error):
                pair.client.recv(1)
        pair.client.settimeout(30)
        pair.server.sendall(b"hello")
        assert receive(pair.client, 5) == b"hello"


def test_non_blocking_handshake(version):
    with make_pair(version, handshake=False) as pair:
        pair.client.setblocking(False)
        with Task(pair.server.do_handshake):
            while True:
                try:
                    pair.client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    select.select([pair.client], [], [], 30)
        pair.server.sendall(b"hello")
        pair.client.settimeout(30)
        assert receive(pair.client, 5) == b"hello"


@pytest.mark.parametrize("size", [1000, 100000])
def test_write_until_full(version, size):
    """A write that would have blocked continues when we repeat it."""
    data = CONTENT[:size]
    with make_pair(version) as pair:
        pair.client.setblocking(False)
        sent = fill(pair.client, data)
        pair.client.settimeout(30)
        with Task(pair.client.sendall, data) as sending:
            received = receive(pair.server, sent + size)
            sending.result()
    # each write starts with the first byte of data; the writes in fill() may
    # have been partial
    assert received[-size:] == data
    assert len(received) == sent + size


def test_timeout_of_a_write(version):
    with make_pair(version) as pair:
        data = CONTENT * 8
        pair.client.settimeout(0.05)
        with pytest.raises(socket.timeout):
            pair.client.write(data)
        with Task(receive, pair.server, len(data)) as receiving:
            pair.client.settimeout(None)
            assert pair.client.write(data) == len(data)
            assert receiving.result() == data


def test_timeout_of_a_handshake():
    with make_pair(None, handshake=False) as pair:
        pair.client.settimeout(0.05)
        with pytest.raises(socket.timeout):
            pair.client.do_handshake()
        pair.client.settimeout(30)
        pair.handshake()


def test_close_notify(pair):
    """Each end sends a close_notify, and receives the other's."""
    pair.client.sendall(b"last")
    with Task(pair.client.unwrap) as ending:
        assert read_all(pair.server) == b"last"
        pair.server.unwrap()
        ending.result()


@pytest.mark.parametrize("suppress", [True, False])
def test_truncation(version, suppress):
    with make_pair(version) as pair:
        pair.client.suppress_ragged_eofs = suppress
        pair.server.sendall(b"hello")
        pair.server.close()
        assert receive(pair.client, 5) == b"hello"
        if suppress:
            assert pair.client.recv(1) == b""
        else:
            with pytest.raises(ssl.SSLEOFError):
                pair.client.recv(1)


@pytest.mark.backport_only("in stock ssl the other thread's recv() hangs")
def test_close_ends_a_blocked_recv(pair):
    pair.server.sendall(b"x")
    began = threading.Event()

    def read():
        assert pair.client.recv(1) == b"x"
        began.set()
        return pair.client.recv(1)

    with Task(read) as reading:
        assert began.wait(30)
        pair.client.close()
        error = reading.error()
    assert error is None or isinstance(error, (socket.error, ValueError))


def test_makefile(pair):
    with contextlib.closing(pair.server.makefile("wb")) as stream:
        stream.write(b"one\ntwo\n")
        stream.flush()
    with contextlib.closing(pair.client.makefile("rb")) as stream:
        assert [stream.readline(), stream.readline()] == [b"one\n", b"two\n"]


@pytest.mark.backport_only("stock ssl continues the handshake on that "
                           "descriptor")
def test_close_in_a_callback(version):
    """A callback closes the connection's socket.  New sockets may get the
    number of its descriptor: OpenSSL must not write to them."""
    strangers = []

    def close(connection, name, context):
        connection.close()
        strangers.extend(socket.socketpair())

    server = with_ktls(server_context(version))
    server.set_servername_callback(close)
    pair = SocketPair(client_context(version), server, handshake=False)
    with Task(lambda: pytest.raises(EnvironmentError,
                                    pair.server.do_handshake)):
        with pytest.raises((ssl.SSLError, EnvironmentError)):
            pair.client.do_handshake()
    for stranger in strangers:
        stranger.settimeout(0)
        with pytest.raises(EnvironmentError):
            stranger.recv(1)
    for stranger in strangers:
        stranger.close()


# sendfile(), whether OpenSSL or the kernel encrypts

@pytest.mark.parametrize("offset, count", [
    (0, None), (0, MEGABYTE), (12345, None), (MEGABYTE + 1, 70001),
    (len(CONTENT) - 10, 100), (len(CONTENT), None)])
def test_sendfile(pair, path, offset, count):
    end = len(CONTENT) if count is None else offset + count
    expected = CONTENT[offset:end]
    with open(path, "rb") as stream:
        with Task(receive, pair.server, len(expected)) as receiving:
            sent = pair.client.sendfile(stream, offset, count)
            assert receiving.result() == expected
        assert sent == len(expected)
        assert stream.tell() == offset + sent
    pair.client.sendall(b"end")
    assert receive(pair.server, 3) == b"end"


def test_sendfile_of_what_is_no_file(pair):
    stream = io.BytesIO(CONTENT)
    with Task(receive, pair.server, MEGABYTE) as receiving:
        assert pair.client.sendfile(stream, 5, MEGABYTE) == MEGABYTE
        assert receiving.result() == CONTENT[5:5 + MEGABYTE]
    assert stream.tell() == MEGABYTE + 5


@pytest.mark.backport_only("stock sendfile() fails because the mode of a "
                           "GzipFile is a number")
@pytest.mark.parametrize("module, name", [("bz2", "BZ2File"),
                                          ("gzip", "GzipFile")])
def test_sendfile_of_a_compressed_file(pair, tmpdir, module, name):
    """sendfile() must send what read() returns, not the compressed bytes of
    the descriptor."""
    compressed = getattr(pytest.importorskip(module), name)
    path = str(tmpdir.join("content"))
    with contextlib.closing(compressed(path, "w")) as stream:
        stream.write(CONTENT[:MEGABYTE])
    with contextlib.closing(compressed(path)) as stream:
        with Task(receive, pair.server, MEGABYTE) as receiving:
            assert pair.client.sendfile(stream) == MEGABYTE
            assert receiving.result() == CONTENT[:MEGABYTE]


def test_sendfile_between_writes(pair, path):
    """The data of sendfile() and sendall() must arrive in order."""
    expected = b"before" + CONTENT[:100] + b"between" + CONTENT + b"after"
    with open(path, "rb") as stream:
        with Task(receive, pair.server, len(expected)) as receiving:
            pair.client.sendall(b"before")
            assert pair.client.sendfile(stream, 0, 100) == 100
            pair.client.sendall(b"between")
            stream.seek(0)
            assert pair.client.sendfile(stream) == len(CONTENT)
            pair.client.sendall(b"after")
            assert receiving.result() == expected


def test_sendfile_without_an_offset(pair, path):
    """sendfile() must start at the file's position, on every kernel."""
    with open(path, "rb") as stream:
        stream.seek(MEGABYTE)
        with Task(receive, pair.server, 2 * MEGABYTE) as receiving:
            assert pair.client.sendfile(stream) == 2 * MEGABYTE
            assert receiving.result() == CONTENT[MEGABYTE:]


def test_sendfile_is_not_for_non_blocking_sockets(version, path):
    with make_pair(version) as pair:
        pair.client.setblocking(False)
        with open(path, "rb") as stream:
            with pytest.raises(ValueError):
                pair.client.sendfile(stream)


def test_sendfile_goes_on_after_a_timeout(version, tmpdir):
    """After a timeout, the file's position must be the number of bytes sent.
    A new sendfile() from there must send the rest."""
    content = CONTENT * 8  # more than the buffers of two sockets hold
    file = tmpdir.join("content")
    file.write_binary(content)
    with make_pair(version) as pair, open(str(file), "rb") as stream:
        pair.client.settimeout(0.05)
        with pytest.raises(socket.timeout):
            pair.client.sendfile(stream)
        place = stream.tell()
        assert place < len(content)
        pair.client.settimeout(30)
        with Task(receive, pair.server, len(content)) as receiving:
            sent = pair.client.sendfile(stream, place)
            assert receiving.result() == content
        assert place + sent == stream.tell() == len(content)


def test_sendfile_to_a_peer_that_is_gone(version, path):
    with make_pair(version) as pair, open(path, "rb") as stream:
        pair.server.close()
        with pytest.raises(socket.error):
            while True:     # the socket's buffer may hold the whole file
                stream.seek(0)
                pair.client.sendfile(stream)


# On a kernel with TLS

def counters():
    """The kernel's counters of TLS connections, as {name: count}.

    TlsTxSw counts the connections for which the kernel encrypts, TlsRxSw
    those for which the kernel decrypts.
    """
    with open("/proc/net/tls_stat") as stream:
        return dict((name, int(value)) for name, value in
                    (line.split() for line in stream))


@contextlib.contextmanager
def counted():
    """A dict.  After the block it holds each counter that rose, and by how
    much."""
    before = counters()
    risen = {}
    yield risen
    for name, value in counters().items():
        if value > before.get(name, 0):
            risen[name] = value - before[name]


class Unreadable(io.FileIO):
    """A file that the kernel can read, but Python must not read."""

    def read(self, *args):
        raise AssertionError("Python reads the file")

    readall = readinto = read


@needs_kernel
def test_kernel_encrypts(version):
    with counted() as risen, make_pair(version) as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"
    assert risen["TlsTxSw"] == 2


@needs_kernel
def test_kernel_decrypts():
    """The kernel decrypts.  OpenSSL 3.0 and 3.1 let the kernel decrypt in
    TLS 1.2 only."""
    with counted() as risen, make_pair("TLSv1.2") as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"
    assert risen["TlsRxSw"] == 2


@needs_kernel
def test_kernel_does_nothing_unasked(version):
    with counted() as risen:
        with SocketPair(client=without_ktls(client_context(version)),
                        server=without_ktls(server_context(version)),
                        pair=tcp_pair()) as pair:
            pair.client.sendall(b"hello")
            assert receive(pair.server, 5) == b"hello"
    assert not risen


@needs_kernel
@pytest.mark.parametrize("cipher, known", [
    ("ECDHE-RSA-AES128-GCM-SHA256", True),
    ("ECDHE-RSA-AES256-GCM-SHA384", True),
    ("ECDHE-RSA-AES128-SHA256", False)])
def test_ciphers(cipher, known):
    """OpenSSL must encrypt if the kernel does not support the cipher."""
    client = with_ktls(client_context("TLSv1.2"))
    client.set_ciphers(cipher)
    with counted() as risen:
        with SocketPair(client=client, pair=tcp_pair(),
                        server=with_ktls(server_context("TLSv1.2"))) as pair:
            assert pair.client.cipher()[0] == cipher
            with Task(pair.client.sendall, CONTENT):
                assert receive(pair.server, len(CONTENT)) == CONTENT
    assert ("TlsTxSw" in risen) == known


@needs_kernel
@pytest.mark.backport_only("stock sendfile() reads the file in Python")
@pytest.mark.parametrize("offset, count", [
    (0, None), (54321, MEGABYTE), (len(CONTENT) - 10, 100)])
def test_sendfile_within_the_kernel(pair, path, offset, count):
    end = len(CONTENT) if count is None else offset + count
    expected = CONTENT[offset:end]
    with contextlib.closing(Unreadable(path)) as stream:
        with Task(receive, pair.server, len(expected)) as receiving:
            assert pair.client.sendfile(stream, offset, count) == len(expected)
            assert receiving.result() == expected
        assert stream.tell() == offset + len(expected)
