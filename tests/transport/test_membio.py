"""MemoryBIO, without a connection in most tests."""

import array
import copy
import gc
import pickle
import ssl
import threading

import pytest

from helpers import PY2, BioPair, Task, buffer_types, client_context


@pytest.fixture
def bio():
    return ssl.MemoryBIO()


def test_read_and_write(bio):
    assert bio.write(b"foo") == 3
    assert bio.read() == b"foo"
    assert bio.read() == b""
    assert bio.write(b"foo") == 3
    assert bio.write(b"bar") == 3
    assert bio.read() == b"foobar"
    bio.write(b"baz")
    assert bio.read(2) == b"ba"
    assert bio.read(1) == b"z"
    assert bio.read(1) == b""


def test_read_sizes(bio):
    bio.write(b"abc")
    assert bio.read(0) == b""
    assert bio.read(100) == b"abc"
    bio.write(b"abc")
    assert bio.read(-1) == b"abc"
    bio.write(b"abc")
    assert bio.read(-100) == b"abc"


def test_read_of_wrong_type(bio):
    for size in ("1", None, 1.5):
        with pytest.raises(TypeError):
            bio.read(size)


def test_read_of_huge_size(bio):
    bio.write(b"abc")
    assert bio.read(2 ** 31 - 1) == b"abc"
    with pytest.raises(OverflowError):
        bio.read(2 ** 100)


def test_pending(bio):
    assert bio.pending == 0
    bio.write(b"foo")
    assert bio.pending == 3
    for left in (2, 1, 0):
        bio.read(1)
        assert bio.pending == left
    bio.write(b"bar")
    assert bio.pending == 3
    bio.read()
    assert bio.pending == 0


def test_eof(bio):
    assert bio.eof is False
    assert bio.read() == b""
    assert bio.eof is False
    bio.write(b"foo")
    assert bio.eof is False
    bio.write_eof()
    assert bio.eof is False
    assert bio.read(2) == b"fo"
    assert bio.eof is False
    assert bio.read(1) == b"o"
    assert bio.eof is True
    assert bio.read() == b""
    assert bio.eof is True


def test_write_after_eof(bio):
    bio.write_eof()
    with pytest.raises(ssl.SSLError):
        bio.write(b"foo")
    bio.write_eof()
    assert bio.eof is True


@pytest.mark.parametrize("kind", buffer_types)
def test_buffers(bio, kind):
    assert bio.write(kind(b"foo")) == 3
    assert bio.read() == b"foo"


def test_multi_byte_buffers(bio):
    numbers = array.array("I", range(1000))
    size = len(numbers) * numbers.itemsize
    assert bio.write(numbers) == size
    data = bio.read()
    assert array.array("I", data) == numbers


def test_empty_write(bio):
    assert bio.write(b"") == 0
    assert bio.pending == 0
    assert bio.eof is False


@pytest.mark.parametrize("data", [None, 42, True, object(), ["foo"]])
def test_write_of_wrong_type(bio, data):
    with pytest.raises(TypeError):
        bio.write(data)
    assert bio.pending == 0


def test_write_of_unicode(bio):
    """On 2.7, write() accepts ASCII text in unicode, as a socket does."""
    if PY2:
        assert bio.write(u"foo") == 3
        assert bio.read() == b"foo"
    else:
        with pytest.raises(TypeError):
            bio.write(u"foo")
    with pytest.raises((TypeError, UnicodeError)):
        bio.write(u"\xe9")


@pytest.mark.skipif(PY2, reason="2.7's memoryview has no strides")
def test_strided_buffer(bio):
    with pytest.raises(BufferError):
        bio.write(memoryview(b"abcdef")[::2])


def test_buffer_is_released(bio):
    data = bytearray(b"foo")
    bio.write(data)
    data.extend(b"bar")


def test_much_data(bio):
    """Small reads of much data must return all bytes in order."""
    piece = bytes(bytearray(range(256))) * 64
    for _ in range(256):
        bio.write(piece)
    assert bio.pending == 256 * len(piece)
    position = 0
    while bio.pending:
        data = bio.read(10000)
        start = position % len(piece)
        assert data == (piece + piece)[start:start + len(data)]
        position += len(data)
    assert position == 256 * len(piece)


def test_interleaved(bio):
    expected = got = b""
    for i in range(500):
        piece = (b"%d," % i) * (i % 7)
        bio.write(piece)
        expected += piece
        got += bio.read(i % 11)
        assert bio.pending == len(expected) - len(got)
    assert got + bio.read() == expected


def test_attributes_cannot_be_set(bio):
    for name in ("pending", "eof"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(bio, name, 1)
        with pytest.raises((AttributeError, TypeError)):
            delattr(bio, name)


def test_constructor_arguments():
    with pytest.raises(TypeError):
        ssl.MemoryBIO(1)
    with pytest.raises(TypeError):
        ssl.MemoryBIO(initial=b"")


def test_outlives_its_connection():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, outgoing,
                                  server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    del connection, context
    gc.collect()
    assert outgoing.read()[:1] == b"\x16"
    incoming.write(b"foo")
    assert incoming.read() == b"foo"


def test_connection_outlives_the_names():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connection = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                                  server_hostname="localhost")
    gc.collect()
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()


def test_threads(bio):
    """One thread must read each byte that another thread writes, once."""
    done = threading.Event()
    total = 20000

    def write():
        for _ in range(total):
            bio.write(b"x")
        done.set()

    with Task(write):
        got = b""
        while not done.is_set() or bio.pending:
            got += bio.read(100)
    assert got == b"x" * total


def c_objects():
    """An object of each type that is implemented in C, and one of each type
    that holds such an object."""
    pair = BioPair()
    chain = pair.client._sslobj.get_unverified_chain()
    return [pair.client_in, pair.client._sslobj, pair.client.session,
            chain[0], ssl._ssl._SSLContext(ssl.PROTOCOL_TLS), pair.client,
            client_context()]


@pytest.mark.backport_only("stock ssl pickles some of these types, without "
                           "their content")
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy] + [
    lambda value, protocol=protocol: pickle.dumps(value, protocol)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)])
def test_no_copies_of_what_is_in_c(duplicate):
    for value in c_objects():
        if duplicate is copy.copy and isinstance(value, ssl.SSLContext):
            continue  # tests/context/test_copy.py tests copies of contexts
        with pytest.raises(TypeError):
            duplicate(value)
