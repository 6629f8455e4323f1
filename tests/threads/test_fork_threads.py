"""A process forks while its other threads use TLS.

SSLB_LONG=1 forks hundreds of times.
"""

import os
import signal
import socket
import ssl
import time

import pytest

from helpers import (LONG, TIMEOUT, BioPair, SocketPair, Task, cert,
                     client_context, in_child, meanwhile, receive,
                     server_context, tcp_pair)

ROUNDS = 300 if LONG else 4
BIG = b"x" * (1 << 24)

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"),
                       reason="this system has no fork()"),
    pytest.mark.backport_only("in stock ssl a lock that a thread of the "
                              "parent holds stays locked in the child")]


def talk(client, server):
    BioPair(client, server)
    with SocketPair(client, server) as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"


def with_new_contexts():
    client, server = client_context(), server_context()
    client.load_verify_locations(cert("many-roots.pem"))
    talk(client, server)


def fork(function):
    """Call the function in a child.  A signal ends a child that hangs."""
    def run():
        signal.alarm(int(TIMEOUT))
        function()
        return b"done"

    assert in_child(run) == b"done"


@pytest.mark.parametrize("operation", [
    lambda sock: sock.recv(100), lambda sock: sock.sendall(BIG),
    lambda sock: sock.unwrap()], ids=["recv", "sendall", "unwrap"])
def test_openssl_19066_a_thread_waits(version, operation):
    """A thread of the parent waits in a call.  The child closes its copy of
    the connection, uses the contexts, and forks a child that does so too."""
    client, server = client_context(version), server_context(version)

    def in_first():
        pair.client.close()
        pair.server.close()
        talk(client, server)
        fork(in_second)

    def in_second():
        talk(client, server)
        with_new_contexts()

    for _ in range(ROUNDS):
        pair = SocketPair(client, server, pair=tcp_pair())
        with Task(operation, pair.client) as waiting:
            fork(in_first)
            assert waiting.running()
            pair.client.close()
            waiting.error()
        pair.server.close()


def test_openssl_19066_a_thread_waits_in_the_handshake(version):
    client, server = client_context(version), server_context(version)
    for _ in range(ROUNDS):
        with SocketPair(client, server, handshake=False) as pair:
            with Task(pair.client.do_handshake):
                fork(lambda: talk(client, server))
                pair.server.do_handshake()


@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""),
                    reason="a thread that ends takes locks of "
                           "AddressSanitizer, which the child never gets")
def test_openssl_19066_threads_end(version):
    """The process forks while a thread ends and OpenSSL frees the data of
    this thread.  The child must not wait for OpenSSL's locks."""
    client, server = client_context(version), server_context(version)

    for _ in range(10 * ROUNDS):
        Task(BioPair, client, server).result()
        fork(lambda: talk(client, server))


def test_openssl_19066_threads_are_busy(version):
    """Threads connect and load CA certificates during the fork.  The child
    must be able to use their contexts, and new ones."""
    def in_it():
        talk(client, server)
        with_new_contexts()

    client, server = client_context(version), server_context(version)
    with meanwhile(lambda: BioPair(client, server)):
        with meanwhile(with_new_contexts):
            for _ in range(ROUNDS):
                fork(in_it)


def end_child(function):
    """Call the function, and end this process, with status 0 if the function
    returned."""
    status = 1
    try:
        signal.alarm(int(TIMEOUT))
        function()
        status = 0
    finally:
        os._exit(status)


def test_a_callback_forks_while_a_thread_waits_for_the_step(version):
    """An SNI callback forks while another thread waits to continue the same
    handshake.  The child must finish the handshake and send data."""
    server = server_context(version)
    pair = SocketPair(server=server, handshake=False, pair=tcp_pair())
    children, waiting, status = [], [], []

    def callback(connection, name, context):
        waiting.append(Task(pair.server.do_handshake))
        time.sleep(0.1)     # almost always, it is in its call by now
        children.append(os.fork())
        if children[0] == 0:
            signal.alarm(int(TIMEOUT))
            return None
        status.append(os.waitpid(children[0], 0)[1])
        return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR

    def serve():
        try:
            pair.server.do_handshake()
        finally:
            if children[0] == 0:
                end_child(lambda: pair.server.version() and
                          pair.server.sendall(b"hello"))

    server.set_servername_callback(callback)
    with pair:
        with Task(lambda: (pair.client.do_handshake(),
                           receive(pair.client, 5))) as talking:
            with pytest.raises(ssl.SSLError):
                serve()
            assert talking.result()[1] == b"hello"
        assert isinstance(waiting[0].error(), ssl.SSLError)
    assert status == [0]


def test_a_handler_forks_in_the_middle_of_a_write(version):
    """A signal handler interrupts a write, and forks.  In the child, a write
    by another thread must time out and not send within the interrupted one."""
    class Enough(Exception):
        pass

    def write_beside():
        pair.client.settimeout(0.1)
        writing = Task(pair.client.sendall, b"x").error()
        assert isinstance(writing, socket.timeout), writing

    def handler(signum, frame):
        child = os.fork()
        if child == 0:
            end_child(write_beside)
        status.append(os.waitpid(child, 0)[1])
        raise Enough

    status = []
    before = signal.signal(signal.SIGALRM, handler)
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(Enough):
                pair.client.sendall(BIG)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    assert status == [0]
