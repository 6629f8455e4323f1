"""Forks of a process whose threads are in the middle of something.

SSLB_LONG=1 forks hundreds of times.
"""

import os
import signal

import pytest

from helpers import (LONG, TIMEOUT, BioPair, SocketPair, Task, cert,
                     client_context, in_child, meanwhile, receive,
                     server_context, tcp_pair)

ROUNDS = 300 if LONG else 4
BIG = b"x" * (1 << 24)

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork"),
    pytest.mark.backport_only("locks of the parent's threads stay locked")]


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
    """Calls it in a child, which ends when it hangs."""
    def run():
        signal.alarm(int(TIMEOUT))
        function()
        return b"done"

    assert in_child(run) == b"done"


@pytest.mark.parametrize("operation", [
    lambda sock: sock.recv(100), lambda sock: sock.sendall(BIG),
    lambda sock: sock.unwrap()], ids=["recv", "sendall", "unwrap"])
def test_openssl_19066_a_thread_waits(version, operation):
    """The child has the contexts of the connection, its own copy of which
    it closes, and a child of its own."""
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
                    reason="AddressSanitizer has locks of its own that a "
                           "thread takes when it ends")
def test_openssl_19066_threads_end(version):
    """OpenSSL drops what it keeps for a thread when it ends."""
    client, server = client_context(version), server_context(version)

    for _ in range(10 * ROUNDS):
        Task(BioPair, client, server).result()
        fork(lambda: talk(client, server))


def test_openssl_19066_threads_are_busy(version):
    """The child has the contexts that they use, and contexts of its own."""
    def in_it():
        talk(client, server)
        with_new_contexts()

    client, server = client_context(version), server_context(version)
    with meanwhile(lambda: BioPair(client, server)):
        with meanwhile(with_new_contexts):
            for _ in range(ROUNDS):
                fork(in_it)
