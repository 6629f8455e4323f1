"""Peers that close, reset or stall the connection, or send one byte at a
time, in the handshake, in a record, in the close_notify, or while we write.

Each operation must raise the right exception within the deadline.  The peer
stops at each 23rd byte of the handshake; with SSLB_LONG=1, at each byte.
"""

import errno
import itertools
import socket
import ssl
import struct
import time

import pytest

from helpers import (LONG, TIMEOUT, RawPair, Task, client_context, receive,
                     server_context, tcp_pair, unix_pair)

STEP = 1 if LONG else 23
RECORD_STEP = 1 if LONG else 3
SHORT = 0.005
# The most time for an operation that must end at once, or after SHORT.  An
# operation that hangs ends only after TIMEOUT.
DEADLINE = 10.0
BROKEN = (errno.ECONNRESET, errno.EPIPE)
MUCH = b"x" * (16 << 20)  # more than the buffers of a socket pair hold

pytestmark = pytest.mark.backport_only(
    "stock ssl raises other errors for some of these peers")


@pytest.fixture(scope="module")
def contexts():
    return {version: (client_context(version),
                      server_context(version, "localhost-ec.pem"))
            for version in ("TLSv1.2", "TLSv1.3")}


@pytest.fixture(params=[True, False], ids=["client", "server"])
def connect(request, contexts, version):
    """A function that makes a RawPair; its SSLSocket is the client, then the
    server."""
    client, server = contexts[version]

    def make(**options):
        return RawPair(client=client, server=server,
                       client_side=request.param, **options)

    make.client_side = request.param
    return make


class PartialHandshake(object):
    """A handshake of both ends in one thread.  The peer sends only the first
    `limit` bytes."""

    def __init__(self, raw, limit):
        self.raw = raw
        self.left = limit
        self.done = set()
        raw.sock.settimeout(0)

    def step(self, end):
        try:
            end.do_handshake()
            self.done.add(end)
        except ssl.SSLWantReadError:
            pass

    def run(self):
        """Run until the peer has sent all of its bytes, or the handshake of
        the SSLSocket is complete; returns whether it is complete."""
        self.step(self.raw.sock)
        while self.left and self.raw.sock not in self.done:
            records = self.answer()[:self.left]
            self.raw.peer.sendall(records)
            self.left -= len(records)
            self.step(self.raw.sock)
        return self.raw.sock in self.done

    def answer(self):
        """The peer's next records."""
        self.raw.peer.settimeout(0)
        try:
            self.raw._in.write(self.raw.peer.recv(65536))
        except socket.error:
            pass  # the SSLSocket has sent nothing
        if self.raw.tls not in self.done:
            self.step(self.raw.tls)
        return self.raw.records()


def close(raw):
    """Close the peer's socket.  Unread data would make close() a reset."""
    raw.peer.settimeout(0)
    try:
        raw.peer.recv(65536)
    except socket.error:
        pass  # there is no unread data
    raw.peer.close()


def reset(raw):
    raw.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
    raw.peer.close()


def stall(raw):
    """Send nothing more.  assert_ends() then sets a short timeout."""


HOW = pytest.mark.parametrize("how", [close, reset, stall])


def sockets(how):
    return tcp_pair() if how is reset else unix_pair()


def assert_ends(raw, operation, how):
    """Assert that the operation raises, in time, the error for what the peer
    did."""
    raw.sock.settimeout(SHORT if how is stall else TIMEOUT)
    begin = time.time()
    with pytest.raises((socket.error, ssl.SSLError)) as caught:
        operation()
    assert time.time() - begin < DEADLINE
    if how is stall:
        assert isinstance(caught.value, socket.timeout)
    elif how is reset or not isinstance(caught.value, ssl.SSLError):
        # we may have written to a socket that the peer had closed
        assert caught.value.errno in BROKEN
        assert not isinstance(caught.value, ssl.SSLError)
    else:
        assert isinstance(caught.value, ssl.SSLEOFError)


@HOW
def test_handshake(connect, how):
    for limit in itertools.count(0, STEP):
        with connect(handshake=False, pair=sockets(how)) as raw:
            if PartialHandshake(raw, limit).run():
                break
            how(raw)
            assert_ends(raw, raw.sock.do_handshake, how)
    assert limit > (500 if connect.client_side else 200)
    with connect():
        pass


@HOW
def test_record(connect, how):
    for missing in itertools.count(1, RECORD_STEP):
        with connect(pair=sockets(how), suppress_ragged_eofs=False) as raw:
            record = raw.records(b"x" * 20)
            if missing >= len(record):
                break
            raw.peer.sendall(record[:-missing])
            how(raw)
            assert_ends(raw, lambda: raw.sock.recv(100), how)
            if how is stall:
                raw.peer.sendall(record[-missing:])
                raw.sock.settimeout(TIMEOUT)
                assert raw.sock.recv(100) == b"x" * 20
    assert missing > 40


@HOW
def test_write(connect, how):
    """The peer reads a part of the data, and then stops."""
    for limit in range(0, 20000, 200 * STEP):
        with connect(pair=sockets(how)) as raw:
            def stop():
                receive(raw.peer, limit)
                how(raw)

            with Task(stop):
                assert_ends(raw, lambda: raw.sock.sendall(MUCH), how)


@HOW
def test_unwrap(connect, how):
    """The peer's close_notify does not arrive, or only a part of it."""
    for missing in itertools.count(1, RECORD_STEP):
        with connect(pair=sockets(how)) as raw:
            raw.sock.settimeout(0)
            with pytest.raises(ssl.SSLWantReadError):
                raw.sock.unwrap()  # sends our close_notify
            record = raw.close_notify()
            if missing > len(record):
                break
            raw.peer.sendall(record[:-missing])
            how(raw)
            assert_ends(raw, raw.sock.unwrap, how)
            if how is stall:
                raw.peer.sendall(record[-missing:])
                raw.sock.settimeout(TIMEOUT)
                raw.sock.unwrap()
    assert missing > 20


def test_trickle(connect):
    """The peer sends one byte at a time.  The handshake must succeed, and
    the record must arrive."""
    with connect(handshake=False) as raw:
        run = PartialHandshake(raw, 0)
        run.step(raw.sock)
        while raw.sock not in run.done:
            for byte in bytearray(run.answer()):
                raw.peer.sendall(bytearray([byte]))
                if raw.sock not in run.done:
                    run.step(raw.sock)
        raw.peer.sendall(run.answer())
        record = bytearray(raw.records(b"x" * 20))
        for byte in record[:-1]:
            raw.peer.sendall(bytearray([byte]))
            with pytest.raises(ssl.SSLWantReadError):
                raw.sock.recv(20)
        raw.peer.sendall(record[-1:])
        assert raw.sock.recv(20) == b"x" * 20
