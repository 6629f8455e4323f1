"""TLS that begins and ends in the middle of a connection."""

import contextlib
import socket
import ssl

import pytest

from helpers import (SocketPair, Task, client_context, receive,
                     server_context, tcp_pair, unix_pair)


@pytest.mark.parametrize("make", [unix_pair, tcp_pair])
def test_starttls(make, version):
    """One connection alternates between plain text and TLS."""
    client, server = client_context(version), server_context(version)
    left, right = make()

    def serve(sock):
        for _ in range(2):
            assert receive(sock, 8) == b"STARTTLS"
            sock.sendall(b"OK")
            sock = server.wrap_socket(sock, server_side=True)
            assert receive(sock, 5) == b"hello"
            sock.sendall(b"HELLO")
            sock = sock.unwrap()
            assert receive(sock, 5) == b"plain"
            sock.sendall(b"PLAIN")
        sock.close()

    with Task(serve, right):
        sock = left
        for _ in range(2):
            sock.sendall(b"STARTTLS")
            assert receive(sock, 2) == b"OK"
            sock = client.wrap_socket(sock, server_hostname="localhost")
            sock.sendall(b"hello")
            assert receive(sock, 5) == b"HELLO"
            sock = sock.unwrap()
            sock.sendall(b"plain")
            assert receive(sock, 5) == b"PLAIN"
        sock.close()


def test_wrapped_again_before_the_handshake():
    """amqp wraps a socket twice to add a server name."""
    left, right = unix_pair()
    first = client_context().wrap_socket(
        left, server_hostname="localhost", do_handshake_on_connect=False)
    second = client_context().wrap_socket(
        first, server_hostname="localhost", do_handshake_on_connect=False)
    with Task(server_context().wrap_socket, right,
              server_side=True) as accepting:
        second.do_handshake()
        server = accepting.result()
    with contextlib.closing(second), contextlib.closing(server):
        second.sendall(b"hello")
        assert receive(server, 5) == b"hello"


def pump(source, target):
    """Copy a plain stream to a TLS stream record by record."""
    while True:
        try:
            data = source.recv(65536)
        except socket.error:
            return
        if not data:
            return
        target.sendall(data)


@pytest.mark.backport_only("stock fails with two threads (gh-151508)")
def test_tls_in_tls(version):
    """The outer connection carries the records of the inner connection."""
    with SocketPair(version=version) as outer:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = client_context(version).wrap_bio(
            incoming, outgoing, server_hostname="localhost")
        left, right = unix_pair()

        def serve():
            sock = server_context(version).wrap_socket(left,
                                                       server_side=True)
            sock.sendall(b"hello")
            sock.unwrap().close()

        with Task(serve), Task(pump, right, outer.server), \
                Task(pump, outer.server, right):
            def run(operation, *args):
                while True:
                    try:
                        return operation(*args)
                    except ssl.SSLWantReadError:
                        outer.client.sendall(outgoing.read())
                        incoming.write(outer.client.recv(65536))
                    finally:
                        outer.client.sendall(outgoing.read())

            run(inner.do_handshake)
            assert run(inner.read, 5) == b"hello"
            assert run(inner.read, 5) == b""
            run(inner.unwrap)
            outer.client.shutdown(socket.SHUT_WR)
        right.close()
