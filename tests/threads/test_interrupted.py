"""Handlers of signals that raise, in every call that waits: the exception
comes out, nothing is lost, and the connection is as it was.

SSLB_LONG=1 does it a thousand times, at other moments each.
"""

import contextlib
import io
import os
import random
import select
import signal
import socket
import ssl
import time

import pytest

from helpers import (LONG, PY2, TIMEOUT, SocketPair, Task, client_context,
                     descriptors, fill_fifo, listening, receive,
                     server_context, tcp_pair)

ROUNDS = 1000 if LONG else 5
MISSED_SECONDS = 5
BIG = os.urandom(1 << 20) * 16

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no signals"),
    pytest.mark.backport_only("not retried, or no handler runs: bpo-32275")]

timeouts = pytest.mark.parametrize("timeout", [None, 30.0])


class Interrupted(Exception):
    """Raised by the signal handler."""


@pytest.fixture(autouse=True)
def handler():
    def handle(number, frame):
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, handle)
    yield
    signal.signal(signal.SIGUSR1, before)


def strike(call):
    """At any moment: the call waits by then, or does not yet.

    Python's own accept() may miss a signal that comes just before its system
    call: then there is another one.
    """
    while "begun" not in call:
        time.sleep(0.0001)
    pause = random.uniform(0, 0.005)
    while "ended" not in call:
        time.sleep(pause)
        os.kill(os.getpid(), signal.SIGUSR1)
        struck = time.time()
        while "ended" not in call and time.time() < struck + MISSED_SECONDS:
            time.sleep(0.001)


def interrupt(function, *arguments):
    """Calls what waits until it is interrupted."""
    call = []  # no Event: its own locks would be struck
    try:
        with Task(strike, call):
            call.append("begun")
            try:
                function(*arguments)
            finally:
                call.append("ended")
            raise AssertionError("it did not wait for anything")
    except Interrupted:
        pass


@pytest.fixture
def pair(version, timeout):
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        pair.client.settimeout(timeout)
        yield pair


@timeouts
@pytest.mark.parametrize("read", [
    lambda sock: sock.recv(5), lambda sock: sock.recv_into(bytearray(5)),
    lambda sock: sock.read(5), lambda sock: sock.makefile("rb").read(5)],
    ids=["recv", "recv_into", "read", "makefile"])
def test_bpo_32275_read(pair, read):
    for _ in range(ROUNDS):
        interrupt(read, pair.client)
    pair.server.sendall(b"hello")
    assert receive(pair.client, 5) == b"hello"


@timeouts
@pytest.mark.parametrize("send", [
    lambda sock: sock.sendall(BIG),
    lambda sock: sock.sendfile(io.BytesIO(BIG))], ids=["sendall", "sendfile"])
def test_bpo_32275_sendall(version, timeout, send):
    """What the peer has got is the beginning; it can still send."""
    for _ in range(ROUNDS):
        with SocketPair(version=version, pair=tcp_pair()) as pair:
            pair.client.settimeout(timeout)
            interrupt(send, pair.client)
            pair.server.sendall(b"hello")
            assert receive(pair.client, 5) == b"hello"


@timeouts
@pytest.mark.parametrize("name", ["write", "send"])
def test_bpo_32275_write_made_again(pair, name):
    """With the same data, again and again: it is one write."""
    write = getattr(pair.client, name)
    for _ in range(ROUNDS):
        interrupt(write, BIG)
    with Task(receive, pair.server, len(BIG)) as receiving:
        sent = 0
        while sent < len(BIG):
            sent += write(BIG[sent:])
        assert receiving.result() == BIG


@timeouts
def test_bpo_32275_write_that_waits_for_its_turn(pair):
    """Nothing of it is sent, and the other one goes on."""
    with Task(pair.client.sendall, BIG):
        select.select([pair.server], [], [], TIMEOUT)
        for _ in range(ROUNDS):
            interrupt(pair.client.write, b"x")
        assert receive(pair.server, len(BIG)) == BIG
    pair.client.write(b"y")
    assert receive(pair.server, 1) == b"y"


@timeouts
def test_bpo_32275_unwrap(pair):
    for _ in range(ROUNDS):
        interrupt(pair.client.unwrap)
    with Task(pair.server.unwrap):
        pair.client.unwrap()


@timeouts
@pytest.mark.parametrize("name", ["client", "server"])
def test_bpo_32275_handshake(version, timeout, name):
    with SocketPair(version=version, handshake=False) as pair:
        end = getattr(pair, name)
        end.settimeout(timeout)
        for _ in range(ROUNDS):
            interrupt(end.do_handshake)
        pair.handshake()
        pair.server.sendall(b"hello")
        assert receive(pair.client, 5) == b"hello"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs")
@timeouts
def test_bpo_32275_full_key_log(tmpdir, version, timeout):
    """The line is lost, but the handshake is not."""
    path, client = str(tmpdir.join("fifo")), client_context(version)
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    client.keylog_filename = path
    with contextlib.closing(os.fdopen(reader, "rb", 0)), SocketPair(
            client, version=version, handshake=False) as pair:
        pair.client.settimeout(timeout)
        fill_fifo(path)
        with Task(pair.server.do_handshake):
            interrupt(pair.client.do_handshake)
            os.read(reader, 1 << 20)
            pair.client.do_handshake()
        pair.server.sendall(b"hello")
        assert receive(pair.client, 5) == b"hello"


@timeouts
def test_bpo_32275_connect(timeout):
    """To somebody who says nothing: no descriptor is left."""
    context = client_context()
    before = descriptors()
    for _ in range(ROUNDS):
        with listening() as listener, contextlib.closing(
                context.wrap_socket(
                    socket.socket(), server_hostname="localhost")) as sock:
            sock.settimeout(timeout)
            interrupt(sock.connect, listener.getsockname())
    assert descriptors() == before


@timeouts
def test_bpo_32275_wrap_socket(timeout):
    """Which makes the handshake, with somebody who says nothing."""
    context = client_context()
    for _ in range(ROUNDS):
        with listening() as listener, contextlib.closing(
                socket.create_connection(listener.getsockname())) as sock:
            sock.settimeout(timeout)
            interrupt(lambda: context.wrap_socket(
                sock, server_hostname="localhost"))


def test_bpo_32275_get_server_certificate():
    for _ in range(ROUNDS):
        with listening() as listener:
            interrupt(ssl.get_server_certificate, listener.getsockname())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs")
def test_bpo_32275_load_cert_chain(tmpdir):
    """From a FIFO that nobody writes to; the old certificate stays."""
    path, server = str(tmpdir.join("fifo")), server_context()
    os.mkfifo(path)
    for _ in range(ROUNDS):
        interrupt(server.load_cert_chain, path)
    with SocketPair(server=server):
        pass


def accept(listener):
    """One client, after those that have gone."""
    while True:
        try:
            return listener.accept()[0]
        except (socket.error, ssl.SSLError):
            pass


def serve_one(listener):
    """A client of its own."""
    def connect():
        with contextlib.closing(client_context().wrap_socket(
                socket.create_connection(listener.getsockname()),
                server_hostname="localhost")) as sock:
            return receive(sock, 5)

    with Task(connect) as connecting:
        with contextlib.closing(accept(listener)) as sock:
            sock.sendall(b"hello")
        assert connecting.result() == b"hello"


@timeouts
@pytest.mark.parametrize("clients", [0, 1], ids=["nobody", "silent"])
def test_bpo_32275_accept(version, timeout, clients):
    """Nobody comes, or one who says nothing: no descriptor is left, and the
    next one is served."""
    context = server_context(version)
    with listening() as plain, contextlib.closing(
            context.wrap_socket(plain, server_side=True)) as listener:
        listener.settimeout(timeout)
        before = descriptors()
        for _ in range(ROUNDS):
            silent = [socket.create_connection(listener.getsockname())
                      for _ in range(clients)]
            interrupt(accept, listener)
            for sock in silent:
                sock.close()
        serve_one(listener)
        # between two lines of 3's own socket.accept() one may be lost
        if PY2:
            assert descriptors() == before
