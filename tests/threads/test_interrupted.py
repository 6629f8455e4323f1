"""A signal handler raises an exception during each call that can wait.  The
call must raise this exception, no data may be lost, and the connection must
still work.

Each test does so several times, each after a random pause.  SSLB_LONG=1 does
so a thousand times.
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
    pytest.mark.skipif(not hasattr(signal, "SIGUSR1"),
                       reason="this system has no SIGUSR1"),
    pytest.mark.backport_only("bpo-32275: stock ssl fails after a signal, or "
                              "runs no handler")]

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
    """Send a signal to this process at a random moment during the call.

    Python's own accept() misses a signal that arrives just before its system
    call.  Another signal follows if the call has not ended after a while.
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
    """Call the function, which must wait until the signal interrupts it."""
    call = []  # the signal could interrupt the locks of an Event
    try:
        with Task(strike, call):
            call.append("begun")
            try:
                function(*arguments)
            finally:
                call.append("ended")
            raise AssertionError("the function returned without waiting")
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
    """After the exception, the client must still be able to receive."""
    for _ in range(ROUNDS):
        with SocketPair(version=version, pair=tcp_pair()) as pair:
            pair.client.settimeout(timeout)
            interrupt(send, pair.client)
            pair.server.sendall(b"hello")
            assert receive(pair.client, 5) == b"hello"


@timeouts
@pytest.mark.parametrize("name", ["write", "send"])
def test_bpo_32275_write_made_again(pair, name):
    """After each exception, the test writes the same data again.  The peer
    must receive the data once."""
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
    """A signal interrupts a write that waits for another thread's write.  The
    interrupted write must send nothing, and the other one must continue."""
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"),
                    reason="this system has no FIFOs")
@timeouts
def test_bpo_32275_full_key_log(tmpdir, version, timeout):
    """A signal interrupts the writing of a line to a full key log.  The next
    do_handshake() must continue the handshake."""
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
    """A signal interrupts connect() to a server that sends nothing.  No
    descriptor may stay open."""
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
    """A signal interrupts the handshake in wrap_socket() with a server that
    sends nothing."""
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"),
                    reason="this system has no FIFOs")
def test_bpo_32275_load_cert_chain(tmpdir):
    """A signal interrupts load_cert_chain() on a FIFO without a writer.  The
    context must keep its certificate."""
    path, server = str(tmpdir.join("fifo")), server_context()
    os.mkfifo(path)
    for _ in range(ROUNDS):
        interrupt(server.load_cert_chain, path)
    with SocketPair(server=server):
        pass


def accept(listener):
    """Accept the next client that has not closed its connection."""
    while True:
        try:
            return listener.accept()[0]
        except (socket.error, ssl.SSLError):
            pass


def serve_one(listener):
    """Accept a client that this function connects, and send it data."""
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
    """A signal interrupts accept() while there is no client, or a client that
    sends nothing.  No descriptor may stay open, and accept() must then accept
    the next client."""
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
        # on 3.x, a signal within socket.accept(), which is in Python, may
        # leak a descriptor
        if PY2:
            assert descriptors() == before
