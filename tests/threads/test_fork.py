"""Forked children that use the contexts and connections of their parent."""

import gc
import os
import signal
import ssl
import threading

import pytest

from helpers import (BioPair, SocketPair, Task, cert, client_context, in_child,
                     receive, server_context)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"),
                                reason="this system has no fork()")


def test_bpo_18747_random_bytes_differ():
    found = {in_child(lambda: ssl.RAND_bytes(16)) for _ in range(5)}
    assert len(found | {ssl.RAND_bytes(16)}) == 6


def test_new_connection_in_the_child(version):
    client, server = client_context(version), server_context(version)
    BioPair(client, server)

    def connect():
        with SocketPair(client, server) as pair:
            pair.client.sendall(b"hello")
            return receive(pair.server, 5)

    assert in_child(connect) == b"hello"


def test_contexts_loaded_in_the_child():
    """A child must be able to load CA certificates that its parent's cache
    holds."""
    client_context()

    def load():
        context = client_context()
        assert context.cert_store_stats()["x509_ca"] == 1
        BioPair(context)
        return b"fine"

    assert in_child(load) == b"fine"


def test_connection_handed_to_the_child(version):
    with SocketPair(version=version) as pair:
        def answer():
            pair.client.close()
            assert receive(pair.server, 5) == b"hello"
            pair.server.sendall(b"goodbye")
            return b"done"

        with Task(pair.client.sendall, b"hello"):
            pass
        assert in_child(answer) == b"done"
        assert receive(pair.client, 7) == b"goodbye"


def test_child_that_only_ends_disturbs_nothing(version):
    """A child that frees its copy of a connection must send nothing: the
    parent's connection must still work."""
    with SocketPair(version=version) as pair:
        def leave():
            pair.client = pair.server = None
            gc.collect()
            return b"gone"

        client, server = pair.client, pair.server
        assert in_child(leave) == b"gone"
        client.sendall(b"hello")
        assert receive(server, 5) == b"hello"


@pytest.mark.backport_only("in stock ssl a lock that a thread of the parent "
                           "holds stays locked in the child")
def test_openssl_19066_fork_while_another_thread_reads(version):
    """A thread of the parent waits in recv().  The child must be able to send
    on the same connection, and to use new contexts."""
    with SocketPair(version=version) as pair:
        # the client reads the tickets of TLS 1.3 before the fork: only one of
        # the two processes can read them
        pair.server.sendall(b"x")
        assert receive(pair.client, 1) == b"x"
        with Task(pair.client.recv, 7) as receiving:
            def answer():
                context = client_context(version)
                context.load_verify_locations(cert("root.pem"))
                BioPair(context)
                pair.client.sendall(b"hello")
                return b"done"

            assert in_child(answer) == b"done"
            assert receive(pair.server, 5) == b"hello"
            pair.server.sendall(b"goodbye")
            receiving.result()


@pytest.mark.backport_only("with stock ssl the child may hang")
def test_openssl_19066_fork_while_others_are_in_openssl():
    """Threads of the parent hold OpenSSL's locks during the fork.  The child
    must not wait for these locks."""
    client, server = client_context(), server_context()
    stop = threading.Event()

    def work():
        while not stop.is_set():
            BioPair(client, server)
            client_context().load_verify_locations(cert("many-roots.pem"))

    def connect():
        signal.alarm(30)
        BioPair(client, server)
        other = client_context()
        other.load_verify_locations(cert("many-roots.pem"))
        BioPair(other, server_context())
        return b"fine"

    workers = [Task(work) for _ in range(4)]
    try:
        for _ in range(40):
            assert in_child(connect) == b"fine"
    finally:
        stop.set()
        for worker in workers:
            worker.result()
