"""Timeouts: each operation has one deadline, even if bytes keep arriving."""

import contextlib
import socket
import ssl
import threading

import pytest

from helpers import (TIMEOUT, RawPair, SocketPair, Task, client_context,
                     listening, receive, server_context, tcp_pair, unix_pair)

SHORT = 0.1


@contextlib.contextmanager
def timing_out(what):
    with pytest.raises(socket.timeout) as caught:
        yield
    assert "%s operation timed out" % what in str(caught.value)
    assert "timed out" in str(caught.value)


@contextlib.contextmanager
def trickling(sock, data):
    """During the block, send the data byte by byte, each sooner than SHORT
    after the last one.

    Sending all of the data would last far longer than the block may.
    """
    stop = threading.Event()

    def send():
        for i in range(len(data)):
            if stop.wait(SHORT / 3):
                return i
            sock.sendall(data[i:i + 1])
        return len(data)

    with Task(send) as sending:
        try:
            yield
        finally:
            stop.set()
        assert sending.result() < len(data)


@pytest.mark.parametrize("operation", [
    lambda sock: sock.recv(5), lambda sock: sock.read(5),
    lambda sock: sock.recv_into(bytearray(5))])
def test_recv(sockets, operation):
    sockets.client.settimeout(SHORT)
    for _ in range(2):
        with timing_out("read"):
            operation(sockets.client)
    sockets.server.sendall(b"hello")
    assert operation(sockets.client) in (b"hello", 5)


def test_sendall(sockets):
    sockets.client.settimeout(SHORT)
    with timing_out("write"):
        while True:
            sockets.client.sendall(b"x" * 1000000)


def test_send(sockets):
    """send() must report the bytes that it has sent, until it times out.
    The peer must receive them all."""
    sockets.client.settimeout(SHORT)
    total = 0
    with timing_out("write"):
        while True:
            total += sockets.client.send(b"x" * 100000)
    assert len(receive(sockets.server, total)) == total


def test_handshake():
    with RawPair(handshake=False) as raw:
        raw.sock.settimeout(SHORT)
        with timing_out("handshake"):
            raw.sock.do_handshake()


def test_handshake_of_a_server():
    with RawPair(handshake=False, client_side=False) as raw:
        raw.sock.settimeout(SHORT)
        with timing_out("handshake"):
            raw.sock.do_handshake()


def test_handshake_on_connect():
    """The handshake in wrap_socket() must use the plain socket's timeout."""
    left, right = unix_pair(SHORT)
    before = left.gettimeout()
    assert before == SHORT
    with timing_out("handshake"):
        client_context().wrap_socket(left, server_hostname="localhost")
    left.close()
    right.close()


def test_connect():
    with listening() as listener:
        sock = socket.socket()
        sock.settimeout(SHORT)
        wrapped = client_context().wrap_socket(
            sock, server_hostname="localhost")
        with contextlib.closing(wrapped):
            with timing_out("handshake"):
                wrapped.connect(listener.getsockname())


def test_bpo_8108_unwrap(version):
    """The peer does not answer our close_notify: unwrap() must time out."""
    with RawPair(version) as raw:
        raw.sock.settimeout(SHORT)
        with pytest.raises(socket.timeout) as caught:
            raw.sock.unwrap()
        assert "timed out" in str(caught.value)


@pytest.mark.backport_only("bpo-46518: stock accept() waits for the client "
                           "without end")
def test_gh_90676_accept():
    """The listening socket's timeout must end the handshake in accept()."""
    with listening() as plain:
        listener = server_context().wrap_socket(plain, server_side=True)
        with contextlib.closing(listener):
            with contextlib.closing(socket.create_connection(
                    listener.getsockname(), TIMEOUT)):
                listener.settimeout(SHORT)
                with pytest.raises(socket.timeout):
                    listener.accept()


def test_rule_deadline_of_recv(version):
    with RawPair(version) as raw:
        raw.sock.settimeout(SHORT)
        with trickling(raw.peer, raw.records(b"x" * 1000)):
            with timing_out("read"):
                raw.sock.recv(1000)


def test_rule_deadline_of_handshake(version):
    with RawPair(version, handshake=False) as raw:
        hello = bytearray(b"\x16\x03\x03\x10\0\x02\0\x0f\xfc")
        raw.sock.settimeout(SHORT)
        with trickling(raw.peer, bytes(hello) + b"\0" * 4000):
            with timing_out("handshake"):
                raw.sock.do_handshake()


def test_rule_deadline_of_unwrap(version):
    with RawPair(version) as raw:
        raw.sock.settimeout(SHORT)
        with trickling(raw.peer, raw.records(b"x" * 1000)):
            with pytest.raises(socket.timeout):
                raw.sock.unwrap()


def test_rule_deadline_of_sendall(version):
    """The peer keeps reading, but too slowly: sendall() must time out."""
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        stop = threading.Event()
        pair.client.settimeout(SHORT)

        def read():
            while not stop.wait(SHORT / 3):
                pair.server.recv(100000)

        with Task(read):
            try:
                with timing_out("write"):
                    while True:
                        pair.client.sendall(b"x" * 100000000)
            finally:
                stop.set()


def test_recv_goes_on_after_a_timeout(version):
    """After a timeout within a record, the next recv() must return it."""
    with RawPair(version) as raw:
        record = raw.records(b"hello")
        raw.sock.settimeout(SHORT)
        raw.peer.sendall(record[:10])
        with timing_out("read"):
            raw.sock.recv(5)
        raw.peer.sendall(record[10:])
        assert raw.sock.recv(5) == b"hello"


def test_handshake_goes_on_after_a_timeout(version):
    with RawPair(version, handshake=False) as raw:
        raw.sock.settimeout(SHORT)
        with timing_out("handshake"):
            raw.sock.do_handshake()
        raw.sock.settimeout(TIMEOUT)
        with Task(raw.sock.do_handshake):
            raw.run(raw.tls.do_handshake)
        assert raw.sock.version() == version


def test_changed_timeout_counts(sockets):
    sockets.client.settimeout(SHORT)
    with timing_out("read"):
        sockets.client.recv(1)
    sockets.client.settimeout(None)
    with Task(sockets.client.recv, 5) as receiving:
        sockets.server.sendall(b"hello")
        assert receiving.result() == b"hello"


def test_timeout_is_no_ssl_error(sockets):
    """A timeout must raise socket.timeout, a subclass of socket.error, and
    not SSLError."""
    sockets.client.settimeout(SHORT)
    with pytest.raises(socket.error) as caught:
        sockets.client.recv(1)
    assert isinstance(caught.value, socket.timeout)
    assert not isinstance(caught.value, ssl.SSLError)
