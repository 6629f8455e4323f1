"""The low-level connections below SSLSocket and SSLObject, which gevent,
eventlet and other libraries make and use directly."""

import gc
import socket
import ssl
import weakref

import pytest

from helpers import (PY2, BioPair, SocketPair, Task, client_context, receive,
                     server_context, unix_pair)


class Owner(object):
    """A library's object in place of SSLSocket."""


def low_level(end):
    """The low-level connection.  In 3.6 an SSLSocket has an SSLObject, which
    has the connection."""
    connection = end._sslobj
    return getattr(connection, "_sslobj", connection)


def bios():
    return ssl.MemoryBIO(), ssl.MemoryBIO()


@pytest.mark.parametrize("name", [
    "do_handshake", "read", "write", "pending", "shutdown", "cipher",
    "shared_ciphers", "version", "compression", "selected_alpn_protocol"])
def test_methods(pair_type, name):
    with pair_type(handshake=False) as pair:
        assert callable(getattr(low_level(pair.client), name))


@pytest.mark.until(3, 8, "these methods were renamed")
def test_methods_of_36(pair):
    connection = low_level(pair.client)
    assert connection.peer_certificate()["serialNumber"] == "0A"
    assert connection.peer_certificate(True)
    assert connection.tls_unique_cb() == pair.client.get_channel_binding()


def test_owner(pair_type):
    with pair_type(handshake=False) as pair:
        connection = low_level(pair.client)
        assert connection.owner is pair.client
        other = Owner()
        connection.owner = other
        assert connection.owner is other
        del other
        gc.collect()
        assert connection.owner is None


@pytest.mark.since(3, 7, "has no such argument")
def test_owner_is_what_callbacks_get(version):
    seen = []
    owner = Owner()
    server = server_context(version)
    server.set_servername_callback(
        lambda connection, name, context: seen.append(connection))
    with BioPair(version=version, handshake=False) as pair:
        connection = server._wrap_bio(pair.server_in, pair.server_out, True,
                                      owner=owner)
        pair.finish(pair.client.do_handshake, connection.do_handshake)
    assert seen == [owner]


@pytest.mark.since(3, 7, "has no such argument")
def test_owner_is_held_weakly():
    owner = Owner()
    reference = weakref.ref(owner)
    connection = client_context()._wrap_bio(*bios() + (False,),
                                            owner=owner,
                                            server_hostname="localhost")
    del owner
    gc.collect()
    assert reference() is None
    assert connection.owner is None


@pytest.mark.parametrize("arguments", [
    (), (None,), (None, None, False), (42, 42, False),
    (object(), object(), False)])
def test_wrap_bio_of_wrong_type(arguments):
    with pytest.raises(TypeError):
        client_context()._wrap_bio(*arguments)


@pytest.mark.parametrize("sock", [None, 42, object()])
def test_wrap_socket_of_wrong_type(sock):
    with pytest.raises(TypeError):
        client_context()._wrap_socket(sock, False)


@pytest.mark.backport_only("stock checks in other classes, or not at all")
def test_cve_2026_19553_checks_are_made_here():
    client, server = client_context(), server_context()
    with BioPair(client, server) as pair:
        session = pair.client.session
    for context, server_side, options in (
            (client, False, {}),
            (server, True, {"server_hostname": "localhost"}),
            (server, True, {"session": session}),
            (client, False, {"server_hostname": ""}),
            (client, False, {"server_hostname": ".localhost"})):
        with pytest.raises(ValueError):
            context._wrap_bio(*bios() + (server_side,), **options)


@pytest.mark.backport_only("stock accepts it silently, or crashes")
def test_session_of_wrong_kind():
    with BioPair() as pair:
        session = pair.client.session
    with BioPair(handshake=False) as pair:
        for end, value, error in (
                (pair.server, session, ValueError),
                (pair.client, session, ValueError),
                (pair.client, "session", TypeError),
                (pair.client, None, TypeError)):
            with pytest.raises(error):
                low_level(end).session = value


@pytest.mark.parametrize("kind", ["unknown", ""])
def test_unknown_channel_binding(pair, kind):
    connection = low_level(pair.client)
    if hasattr(connection, "get_channel_binding"):
        with pytest.raises(ValueError):
            connection.get_channel_binding(kind)


@pytest.mark.backport_only("stock has no such method")
def test_close(pair_type, version):
    """After close() every operation fails, but getters work."""
    with pair_type(version=version) as pair:
        connection = low_level(pair.client)
        assert connection.close() is None
        assert connection.close() is None
        for operation in (connection.do_handshake,
                          lambda: connection.read(1),
                          lambda: connection.write(b"x"),
                          connection.shutdown):
            with pytest.raises((socket.error, ValueError)):
                operation()
        connection.pending()
        connection.version()
        connection.cipher()


def test_shutdown_gives_the_socket_back(version):
    left, right = unix_pair()
    raw = left._sock if PY2 else left
    connection = client_context(version)._wrap_socket(raw, False, "localhost")
    with Task(server_context(version).wrap_socket, right,
              server_side=True) as accepting:
        connection.do_handshake()
        server = accepting.result()
    assert connection.write(b"hello") == 5
    assert receive(server, 5) == b"hello"
    with Task(server.unwrap):
        assert connection.shutdown() is raw
    left.close()
    server.close()


@pytest.mark.python3("on 2.7 the connection holds a strong reference")
def test_socket_is_held_weakly():
    left, right = unix_pair()
    connection = client_context()._wrap_socket(
        left, False, "localhost")
    left.close()
    del left
    gc.collect()
    with pytest.raises((socket.error, ValueError)):
        connection.do_handshake()
    right.close()


def test_socket_and_object_share_the_methods():
    """Both connections have the same type, so libraries find the same
    methods."""
    with SocketPair() as sockets, BioPair() as objects:
        assert type(low_level(sockets.client)) is type(
            low_level(objects.client))
