"""The methods that read and write: their data and their arguments."""

import array
import gc
import io
import mmap
import ssl
import sys
import weakref

import pytest

from helpers import (PY2, BioPair, SocketPair, Task, array_bytes,
                     buffer_types, client_context, receive, unix_pair)

BIG = bytes(bytearray(range(256))) * 4096 * 3  # 3 MiB


# Over sockets and over MemoryBIOs

def test_both_ways(pair):
    assert pair.client.write(b"hello") == 5
    pair.flush()
    assert pair.server.read(100) == b"hello"
    assert pair.server.write(b"goodbye") == 7
    pair.flush()
    assert pair.client.read(100) == b"goodbye"


def test_read_in_pieces(pair):
    pair.client.write(b"hello")
    pair.flush()
    assert pair.server.read(1) == b"h"
    assert pair.server.pending() == 4
    assert pair.server.read(2) == b"el"
    assert pair.server.pending() == 2
    assert pair.server.read(10) == b"lo"
    assert pair.server.pending() == 0


def test_read_into_a_buffer(pair):
    pair.client.write(b"hello")
    pair.flush()
    data = bytearray(b"-" * 8)
    assert pair.server.read(3, data) == 3
    assert data == b"hel-----"
    assert pair.server.read(-1, data) == 2
    assert data == b"lol-----"


def test_read_default_size(pair):
    pair.client.write(b"x" * 2000)
    pair.flush()
    first = pair.server.read()
    assert first == b"x" * 1024
    assert pair.server.read() == b"x" * 976


@pytest.mark.parametrize("kind", buffer_types)
def test_bpo_23001_write_buffers(pair, kind):
    assert pair.client.write(kind(b"hello")) == 5
    pair.flush()
    assert pair.server.read(100) == b"hello"


def test_bpo_27340_write_of_multi_byte_buffer(pair):
    numbers = array.array("I", range(100))
    raw = array_bytes(numbers)
    assert pair.client.write(numbers) == len(raw)
    pair.flush()
    assert pair.server.read(10000) == raw


@pytest.mark.parametrize("data", [None, 42, object(), ["hello"]])
def test_write_of_wrong_type(pair, data):
    with pytest.raises(TypeError):
        pair.client.write(data)


def test_write_of_unicode(pair):
    if PY2:
        assert pair.client.write(u"hello") == 5
        pair.flush()
        assert pair.server.read(100) == b"hello"
    else:
        with pytest.raises(TypeError):
            pair.client.write(u"hello")
    with pytest.raises((TypeError, UnicodeError)):
        pair.client.write(u"\xe9")


@pytest.mark.since(3, 10, "an empty write raises an error of OpenSSL")
def test_bpo_42854_write_of_nothing(pair):
    assert pair.client.write(b"") == 0
    assert pair.client.write(b"hello") == 5
    assert pair.client.write(bytearray()) == 0
    pair.flush()
    assert pair.server.read(100) == b"hello"


def test_bpo_23804_read_zero(pair):
    """read(0) must return b"" at once, with or without data."""
    assert pair.server.read(0) == b""
    pair.client.write(b"hello")
    pair.flush()
    assert pair.server.read(0) == b""
    assert pair.server.read(5) == b"hello"


def test_bpo_26644_negative_read(pair):
    pair.client.write(b"hello")
    pair.flush()
    for size in (-1, -10, -2 ** 31):
        with pytest.raises(ValueError):
            pair.server.read(size)
    assert pair.server.read(5) == b"hello"


def test_read_of_wrong_type(pair):
    for arguments in (("5",), (1.5,), (5, 42), (5, b"hello"), (5, "hello"),
                      (5, object())):
        with pytest.raises(TypeError):
            pair.server.read(*arguments)


def test_read_into_read_only_buffer(pair):
    with pytest.raises((TypeError, BufferError)):
        pair.server.read(5, memoryview(b"hello"))


@pytest.mark.since(3, 10, "sizes above a C int raise OverflowError")
def test_bpo_42854_read_of_huge_size(pair):
    """A read of more bytes than a C int counts must return the data."""
    pair.client.write(b"hello")
    pair.flush()
    data = bytearray(10)
    assert pair.server.read(sys.maxsize, data) == 5
    with pytest.raises(OverflowError):
        pair.server.read(2 ** 100)


def test_pypy_5589_buffers_are_released(pair):
    data = bytearray(b"hello")
    pair.client.write(data)
    data.extend(b"!")
    pair.flush()
    target = bytearray(10)
    pair.server.read(5, target)
    target.extend(b"more")


@pytest.mark.since(3, 10, "older versions ignore a truncation")
def test_buffers_are_released_after_errors():
    with BioPair() as pair:
        target = bytearray(10)
        with pytest.raises(ssl.SSLWantReadError):
            pair.server.read(5, target)
        target.extend(b"more")
        pair.client_in.write_eof()
        with pytest.raises(ssl.SSLError):
            pair.client.read(5, target)
        target.extend(b"more")


def test_records_are_cut_at_16_kib(pair):
    """write() must make records of at most 16 KiB.  pending() must return
    the size of the unread part of the current record."""
    pair.client.write(b"x" * 20000)
    pair.flush()
    assert pair.server.read(1) == b"x"
    assert pair.server.pending() == 16383
    left = 19999
    while left:
        left -= len(pair.server.read(left))


def test_bpo_33674_data_before_the_peer_is_done(version):
    """The first data may arrive with the last message of the handshake."""
    with BioPair(version=version, handshake=False) as pair:
        ends = [pair.client, pair.server]
        while True:
            try:
                ends[0].do_handshake()
                break
            except ssl.SSLWantReadError:
                pair.flush()
                ends.reverse()
        # the handshake of one end is complete
        first, last = ends
        first.write(b"early")
        pair.flush()
        last.do_handshake()
        assert last.read(5) == b"early"


# Sockets

def test_sendall_and_recv(sockets):
    assert sockets.client.sendall(b"hello") is None
    assert sockets.server.recv(100) == b"hello"
    assert sockets.server.send(b"goodbye") == 7
    assert sockets.client.recv(100) == b"goodbye"


def test_much_data(sockets):
    with Task(sockets.client.sendall, BIG):
        assert receive(sockets.server, len(BIG)) == BIG


def test_much_data_in_one_write(sockets):
    """A blocking write sends everything."""
    with Task(sockets.client.write, BIG) as writing:
        assert receive(sockets.server, len(BIG)) == BIG
    assert writing.result() == len(BIG)


@pytest.mark.backport_only("gh-151508: a connection fails if two threads use "
                           "it")
def test_gh_151508_much_data_both_ways(sockets):
    """On each connection, one thread reads while another writes."""
    tasks = [Task(sockets.client.sendall, BIG),
             Task(sockets.server.sendall, BIG),
             Task(receive, sockets.client, len(BIG)),
             Task(receive, sockets.server, len(BIG))]
    assert [task.result() for task in tasks] == [None, None, BIG, BIG]


def test_recv_into(sockets):
    sockets.client.sendall(b"hello")
    data = bytearray(b"-" * 8)
    assert sockets.server.recv_into(data, 2) == 2
    assert data == b"he------"
    assert sockets.server.recv_into(memoryview(data)[4:]) == 3
    assert data == b"he--llo-"


def test_recv_into_number_of_bytes_zero(sockets):
    """recv_into(buffer, 0) must read up to the size of the buffer."""
    sockets.client.sendall(b"hello")
    data = bytearray(8)
    assert sockets.server.recv_into(data, 0) == 5
    assert data == b"hello\0\0\0"


@pytest.mark.cpython("gives extensions no buffer of array and mmap")
@pytest.mark.since(3, 12, "recv_into() counts items, not bytes")
def test_gh_84443_recv_into_multi_byte_buffer(sockets):
    sockets.client.sendall(b"12345678")
    numbers = array.array("I", [0, 0])
    assert sockets.server.recv_into(numbers) == 8
    assert array_bytes(numbers) == b"12345678"


@pytest.mark.cpython("gives extensions no buffer of array and mmap")
@pytest.mark.since(3, 12, "recv_into() needs a length for such a buffer")
def test_gh_84443_recv_into_mmap(sockets):
    sockets.client.sendall(b"hello")
    memory = mmap.mmap(-1, 100)
    assert sockets.server.recv_into(memory) == 5
    assert memory[:6] == b"hello\0"
    memory.close()


def test_recv_into_ctypes(sockets):
    import ctypes
    sockets.client.sendall(b"hello")
    memory = (ctypes.c_char * 10)()
    assert sockets.server.recv_into(memory, 10) == 5
    assert memory.value == b"hello"


@pytest.mark.cpython("gives extensions no buffer of array and mmap")
@pytest.mark.since(3, 10, "recv_into() raises OverflowError, or reads less")
@pytest.mark.skipif(sys.maxsize < 2 ** 32,
                    reason="3 GiB need a 64-bit address space")
def test_bpo_42854_recv_into_more_than_2_gib(sockets):
    """recv_into() must accept a buffer of 3 GiB.  Nothing is written beyond
    the first page, so that the test needs little memory."""
    sockets.client.sendall(b"hello")
    memory = mmap.mmap(-1, 3 << 30)
    assert sockets.server.recv_into(memory, 3 << 30) == 5
    assert memory[:6] == b"hello\0"
    memory.close()


@pytest.mark.parametrize("buffer", [b"hello", None, 42, object()])
def test_recv_into_of_wrong_type(sockets, buffer):
    with pytest.raises((TypeError, BufferError)):
        if buffer is None:
            sockets.server.recv_into()
        else:
            sockets.server.recv_into(buffer)


def test_recv_into_empty_buffer(sockets):
    assert sockets.server.recv_into(bytearray()) == 0


def test_bpo_23804_recv_zero(sockets):
    assert sockets.server.recv(0) == b""
    sockets.client.sendall(b"hello")
    assert sockets.server.recv(0) == b""
    assert sockets.server.recv(5) == b"hello"
    sockets.client.close()
    assert sockets.server.recv(0) == b""


def test_bpo_26644_negative_recv(sockets):
    for size in (-1, -10, -2 ** 31):
        with pytest.raises(ValueError):
            sockets.server.recv(size)


def test_bpo_27340_sendall_of_multi_byte_buffer(sockets):
    numbers = array.array("I", range(10000))
    raw = array_bytes(numbers)
    with Task(receive, sockets.server, len(raw)) as receiving:
        assert sockets.client.sendall(numbers) is None
        assert receiving.result() == raw


@pytest.mark.parametrize("kind", buffer_types)
def test_sendall_buffers(sockets, kind):
    data = kind(b"hello" * 5000)
    with Task(receive, sockets.server, 25000) as receiving:
        assert sockets.client.sendall(data) is None
        assert receiving.result() == b"hello" * 5000


def test_sendall_of_nothing(sockets):
    assert sockets.client.sendall(b"") is None
    sockets.client.sendall(b"hello")
    assert sockets.server.recv(5) == b"hello"


@pytest.mark.parametrize("method", ["send", "sendall", "write"])
def test_sending_of_wrong_type(sockets, method):
    for data in (None, 42, object(), ["hello"]):
        with pytest.raises(TypeError):
            getattr(sockets.client, method)(data)


def test_flags_are_refused(sockets):
    client = sockets.client
    for call in (lambda: client.send(b"x", 1),
                 lambda: client.sendall(b"x", 1),
                 lambda: client.recv(1, 1),
                 lambda: client.recv_into(bytearray(1), 1, 1)):
        with pytest.raises(ValueError):
            call()
    assert client.send(b"x", 0) == 1
    client.sendall(b"x", 0)
    assert sockets.server.recv(2, 0) in (b"x", b"xx")


@pytest.mark.parametrize("call", [
    lambda sock: sock.sendto(b"x", ("127.0.0.1", 9)),
    lambda sock: sock.recvfrom(1),
    lambda sock: sock.recvfrom_into(bytearray(1)),
    lambda sock: sock.sendto(b"x", 0, ("127.0.0.1", 9))])
def test_datagram_methods_are_refused(sockets, call):
    with pytest.raises(ValueError):
        call(sockets.client)


@pytest.mark.python3("2.7's sockets do not have these methods")
def test_message_methods_are_refused(sockets):
    for call in (lambda: sockets.client.recvmsg(100),
                 lambda: sockets.client.sendmsg([b"x"]),
                 lambda: sockets.client.recvmsg_into([bytearray(1)])):
        with pytest.raises(NotImplementedError):
            call()


@pytest.mark.parametrize("size", [1, 15, 16384, 16385, 100000])
def test_bulk_read_sizes(sockets, size):
    """Reads of any size must return all data in order."""
    data = BIG[:200000]
    with Task(sockets.client.sendall, data):
        got = b""
        while len(got) < 200000:
            got += sockets.server.recv(max(size, 1000))
    assert got == data


@pytest.mark.backport_only("in stock ssl each read returns one record")
def test_several_records_in_one_read(pair):
    """One read must return the data of all records that have arrived, up to
    its size."""
    data = BIG[:40000]
    pair.client.write(data)
    pair.flush()
    assert pair.server.read(100000) == data
    pair.client.write(data)
    pair.flush()
    target = bytearray(32768)
    assert pair.server.read(32768, target) == 32768
    assert target == data[:32768]
    rest = b""
    while len(rest) < 40000 - 32768:
        rest += pair.server.read(100000)
    assert rest == data[32768:]


def test_select_finds_what_pending_does_not(sockets):
    """If pending() returns 0, select() must report each complete record."""
    import select
    for size in (5, 16384, 70000):
        sockets.client.sendall(b"x" * size)
        left = size
        while left:
            if not sockets.server.pending():
                ready = select.select([sockets.server], [], [], 20)[0]
                assert ready, "select() does not report %d of %d bytes" % (
                    left, size)
            left -= len(sockets.server.recv(20000))


# sendfile

def test_sendfile(sockets, tmpdir):
    path = tmpdir.join("data")
    path.write_binary(BIG)
    with io.open(str(path), "rb") as stream:
        with Task(receive, sockets.server, len(BIG)) as receiving:
            assert sockets.client.sendfile(stream) == len(BIG)
            assert receiving.result() == BIG
        assert stream.tell() == len(BIG)


def test_sendfile_part(sockets, tmpdir):
    path = tmpdir.join("data")
    path.write_binary(BIG)
    with io.open(str(path), "rb") as stream:
        with Task(receive, sockets.server, 50000) as receiving:
            assert sockets.client.sendfile(stream, 1000, 50000) == 50000
            assert receiving.result() == BIG[1000:51000]
        assert stream.tell() == 51000


def test_sendfile_of_bytes(sockets):
    stream = io.BytesIO(b"hello" * 10)
    assert sockets.client.sendfile(stream) == 50
    assert receive(sockets.server, 50) == b"hello" * 10


def test_sendfile_arguments(sockets, tmpdir):
    with io.open(str(tmpdir.join("text")), "w+") as text:
        with pytest.raises(ValueError):
            sockets.client.sendfile(text)
    stream = io.BytesIO(b"hello")
    for count in (0, -1):
        with pytest.raises(ValueError):
            sockets.client.sendfile(stream, 0, count)
    for count in (1.5, 0.0, float("nan"), "5", ()):
        with pytest.raises(TypeError):
            sockets.client.sendfile(stream, 0, count)


@pytest.mark.since(3, 15, "older versions do not have this method")
def test_sendfile_without_the_kernel(pair, tmpdir):
    """The low-level sendfile() must raise if the kernel does not encrypt."""
    path = tmpdir.join("data")
    path.write_binary(b"hello")
    low = pair.client._sslobj
    low = getattr(low, "_sslobj", low)
    if low.uses_ktls_for_send():
        pytest.skip("the kernel encrypts")
    with io.open(str(path), "rb") as stream:
        for arguments in (0, 5), (0, 0), (2, 3, 0), (-1, 1):
            with pytest.raises(ssl.SSLError) as caught:
                low.sendfile(stream.fileno(), *arguments)
            assert not isinstance(caught.value, ssl.SSLEOFError)
        for arguments, error in [((0, -1), ValueError), ((0,), TypeError),
                                 (("0", 1), TypeError),
                                 ((0, 1, 0, 0), TypeError),
                                 ((0, 1 << 70), OverflowError)]:
            with pytest.raises(error):
                low.sendfile(stream.fileno(), *arguments)
    pair.client.write(b"x")
    pair.flush()
    assert pair.server.read(1) == b"x"


@pytest.mark.since(3, 15, "older versions do not have this method")
def test_sendfile_zerocopy(sockets, tmpdir):
    """_sendfile_zerocopy() must call the function with the descriptor until
    the whole range is sent, and then set the file's position."""
    path = tmpdir.join("data")
    path.write_binary(BIG)
    calls = []

    def send(descriptor, offset, size):
        assert descriptor == stream.fileno()
        calls.append((offset, size))
        return min(size, 70000, len(BIG) - offset)

    with io.open(str(path), "rb") as stream:
        assert sockets.client._sendfile_zerocopy(
            send, KeyError, stream, 1000, 100000) == 100000
        assert calls == [(1000, 100000), (71000, 30000)]
        assert stream.tell() == 101000
        assert sockets.client._sendfile_zerocopy(
            send, KeyError, stream, len(BIG) - 5) == 5
        with pytest.raises(ValueError):
            sockets.client._sendfile_zerocopy(send, KeyError, stream, 0, -1)


@pytest.mark.since(3, 15, "older versions do not have this method")
def test_sendfile_zerocopy_of_what_is_no_file(sockets):
    stream = io.BytesIO(b"hello")
    with pytest.raises(ssl._GiveupOnSSLSendfile):
        sockets.client._sendfile_zerocopy(
            None, ssl._GiveupOnSSLSendfile, stream)
    assert stream.tell() == 0


def test_sendfile_not_connected(tmpdir):
    """sendfile() on a closed socket must raise."""
    left, right = unix_pair()
    plain = client_context().wrap_socket(
        left, server_hostname="localhost", do_handshake_on_connect=False)
    plain.close()
    right.close()
    with pytest.raises((ValueError, EnvironmentError)):
        plain.sendfile(io.BytesIO(b"hello"))


# Objects

def test_connection_holds_its_socket_weakly():
    """After the garbage collector has freed the socket, the low-level
    connection must raise and not use its descriptor."""
    with SocketPair() as pair:
        reference = weakref.ref(pair.client)
        connection = pair.client._sslobj
        connection = getattr(connection, "_sslobj", connection)
        pair.client = pair.server
        gc.collect()
        assert reference() is None
        with pytest.raises((ssl.SSLError, ValueError, OSError)):
            connection.read(1)
