"""Peers that close, reset, stall or trickle at each byte of a handshake and
of a record: the right exception, within the deadline, and life goes on.

SSLB_LONG=1 tries each byte of a handshake, not each 23rd.
"""

import errno
import itertools
import socket
import ssl
import struct

import pytest

from helpers import (LONG, TIMEOUT, RawPair, client_context, server_context,
                     tcp_pair, unix_pair)

STEP = 1 if LONG else 23
SHORT = 0.005
BROKEN = (errno.ECONNRESET, errno.EPIPE)

pytestmark = pytest.mark.backport_only("reports some of them otherwise")


@pytest.fixture(scope="module")
def contexts():
    return {version: (client_context(version),
                      server_context(version, "localhost-ec.pem"))
            for version in ("TLSv1.2", "TLSv1.3")}


class Meanwhile(object):
    """A handshake in one thread, whose peer sends a part of its bytes."""

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
        """Until all that may be sent is, or the handshake of the socket is
        done, which it returns."""
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
            pass  # nothing has come
        if self.raw.tls not in self.done:
            self.step(self.raw.tls)
        return self.raw.records()


def close(raw):
    raw.peer.close()


def reset(raw):
    raw.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
    raw.peer.close()


def stall(raw):
    raw.sock.settimeout(SHORT)


def assert_ends(operation, how):
    """Told as what the peer did."""
    with pytest.raises((socket.error, ssl.SSLError)) as caught:
        operation()
    if how is stall:
        assert isinstance(caught.value, socket.timeout)
    elif how is reset or not isinstance(caught.value, ssl.SSLError):
        # a peer that closes before it has read all resets
        assert caught.value.errno in BROKEN
        assert not isinstance(caught.value, ssl.SSLError)
    else:
        assert isinstance(caught.value, ssl.SSLEOFError)


@pytest.mark.parametrize("how", [close, reset, stall])
def test_handshake(contexts, version, how):
    client, server = contexts[version]
    make = tcp_pair if how is reset else unix_pair
    for limit in itertools.count(0, STEP):
        with RawPair(client=client, server=server, handshake=False,
                     pair=make()) as raw:
            if Meanwhile(raw, limit).run():
                break
            raw.sock.settimeout(TIMEOUT)
            how(raw)
            assert_ends(raw.sock.do_handshake, how)
    assert limit > 500
    with RawPair(client=client, server=server):
        pass


@pytest.mark.parametrize("how", [close, reset, stall])
def test_record(contexts, version, how):
    client, server = contexts[version]
    make = tcp_pair if how is reset else unix_pair
    for length in range(1, 40, 1 if LONG else 3):
        with RawPair(client=client, server=server, pair=make(),
                     suppress_ragged_eofs=False) as raw:
            record = raw.records(b"x" * 20)
            raw.peer.sendall(record[:length])
            how(raw)
            assert_ends(lambda: raw.sock.recv(100), how)
            if how is stall:
                raw.peer.sendall(record[length:])
                raw.sock.settimeout(TIMEOUT)
                assert raw.sock.recv(100) == b"x" * 20


def test_trickle(contexts, version):
    """A byte at a time; the handshake is done all the same."""
    client, server = contexts[version]
    with RawPair(client=client, server=server, handshake=False) as raw:
        run = Meanwhile(raw, 0)
        run.step(raw.sock)
        while raw.sock not in run.done:
            for byte in bytearray(run.answer()):
                raw.peer.sendall(bytearray([byte]))
                if raw.sock not in run.done:
                    run.step(raw.sock)
        raw.peer.sendall(run.answer())
        raw.peer.sendall(raw.records(b"x" * 20))
        raw.sock.settimeout(TIMEOUT)
        assert raw.sock.recv(20) == b"x" * 20
