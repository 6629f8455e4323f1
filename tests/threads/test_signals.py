"""Signals during an operation that waits (bpo-32275).  The handlers must run,
and the operation must continue."""

import contextlib
import ctypes
import os
import signal
import socket
import threading
import time

import pytest

from helpers import RawPair, SocketPair, Task, receive, tcp_pair

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGUSR1"),
                       reason="this system has no SIGUSR1"),
    pytest.mark.backport_only("bpo-32275: stock ssl fails after a signal, or "
                              "runs no handler")]


class Interrupted(Exception):
    """Raised by a signal handler."""


@contextlib.contextmanager
def handled(handler):
    signal.signal(signal.SIGUSR1, handler)
    try:
        yield
    finally:
        # a late signal must not end the process
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)


class Interruptions(object):
    """A thread that sends signals to this process until the handler has run
    `count` times.  It then calls `then`."""

    def __init__(self, count, then):
        self.count = count
        self.then = then
        self.ran = 0
        self.stop = threading.Event()

    def handler(self, number, frame):
        # a signal may interrupt this handler, so it must not take a lock
        self.ran += 1

    def send(self):
        while self.ran < self.count and not self.stop.wait(0.01):
            os.kill(os.getpid(), signal.SIGUSR1)
        self.then()

    @contextlib.contextmanager
    def running(self):
        with handled(self.handler), Task(self.send):
            try:
                yield
            finally:
                self.stop.set()


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_bpo_32275_recv(sockets, timeout):
    sockets.client.settimeout(timeout)
    sending = Interruptions(3, lambda: sockets.server.sendall(b"hello"))
    with sending.running():
        assert sockets.client.recv(5) == b"hello"
    assert sending.ran >= 3


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_bpo_32275_sendall(version, timeout):
    big = b"x" * (8 * 1024 * 1024)
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        pair.client.settimeout(timeout)
        got = []
        sending = Interruptions(
            3, lambda: got.append(receive(pair.server, len(big))))
        with sending.running():
            pair.client.sendall(big)
        assert got == [big]
    assert sending.ran >= 3


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_bpo_32275_handshake(version, timeout):
    with RawPair(version, handshake=False) as raw:
        raw.sock.settimeout(timeout)
        sending = Interruptions(3, lambda: raw.run(raw.tls.do_handshake))
        with sending.running():
            raw.sock.do_handshake()
        assert raw.sock.version() == version
    assert sending.ran >= 3


def test_bpo_32275_unwrap(version):
    with SocketPair(version=version) as pair:
        sending = Interruptions(3, pair.server.unwrap)
        with sending.running():
            pair.client.unwrap()
    assert sending.ran >= 3


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_handler_that_raises(sockets, timeout):
    """recv() must raise the handler's exception.  The connection must still
    work."""
    def handler(number, frame):
        if not raised:
            raised.append(True)
            raise Interrupted

    def send():
        while not raised:
            time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGUSR1)

    raised = []
    sockets.client.settimeout(timeout)
    with handled(handler):
        with pytest.raises(Interrupted):
            with Task(send):
                sockets.client.recv(5)
    sockets.server.sendall(b"hello")
    assert sockets.client.recv(5) == b"hello"


def kill_main_thread(ident):
    """Do as signal.pthread_kill(), which 2.7 does not have."""
    kill = ctypes.CDLL(None).pthread_kill
    kill.argtypes = [ctypes.c_ulong, ctypes.c_int]
    assert kill(ident, signal.SIGUSR1) == 0


@pytest.mark.parametrize("attempt", range(5))
def test_one_signal_before_the_wait(version, attempt):
    """One signal arrives while sendall() encrypts.  sendall() must raise the
    handler's exception before it waits for the socket."""
    def handler(number, frame):
        raise Interrupted

    def send():
        assert pair.server.recv(1) == b"x"
        kill_main_thread(main)

    main = threading.current_thread().ident
    big = b"x" * (64 * 1024 * 1024)
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        with handled(handler), Task(send):
            with pytest.raises(Interrupted):
                pair.client.sendall(big)


def test_deadline_is_kept(sockets):
    """Signals that keep arriving must not extend the timeout."""
    sockets.client.settimeout(0.2)
    sending = Interruptions(1000, lambda: None)
    with sending.running():
        with pytest.raises(socket.timeout):
            sockets.client.recv(5)
    assert 0 < sending.ran < 1000
