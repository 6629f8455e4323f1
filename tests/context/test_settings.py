"""Settings of later Pythons: tickets, security level, host flags, and the
classes of connections.
"""

import socket
import ssl

import pytest

from helpers import (BioPair, SocketPair, client_context, server_context,
                     unix_pair)

_ssl = ssl._ssl


# num_tickets

def tickets(count, version="TLSv1.3"):
    """The number of tickets that a client gets if num_tickets is count."""
    def callback(connection, direction, version, content_type, msg_type,
                 data):
        if msg_type == ssl._TLSMessageType.NEWSESSION_TICKET:
            got.append(data)

    got = []
    client, server = client_context(version), server_context(version)
    server.num_tickets = count
    client._msg_callback = callback
    with BioPair(client, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"
    return len(got)


@pytest.mark.since(3, 8, "has no num_tickets")
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_tickets_are_sent(count):
    assert tickets(count) == count


@pytest.mark.since(3, 8, "has no num_tickets")
def test_tickets_of_tls12():
    """In TLS 1.2 a server sends at most one ticket."""
    assert tickets(5, "TLSv1.2") == 1


@pytest.mark.since(3, 8, "has no num_tickets")
def test_without_tickets_there_is_no_resumption():
    client, server = client_context("TLSv1.3"), server_context("TLSv1.3")
    server.num_tickets = 0
    with BioPair(client, server) as pair:
        session = pair.client.session
        assert not session.has_ticket
    with BioPair(client, server, session=session) as pair:
        assert not pair.client.session_reused


@pytest.mark.since(3, 8, "has no num_tickets")
@pytest.mark.parametrize("value, error", [
    (-1, ValueError), (None, TypeError), ("2", TypeError), (1.5, TypeError),
    (1 << 70, OverflowError)])
def test_bad_number_of_tickets(value, error):
    server = server_context()
    server.num_tickets = 3
    with pytest.raises(error):
        server.num_tickets = value
    assert server.num_tickets == 3


@pytest.mark.since(3, 8, "has no num_tickets")
@pytest.mark.parametrize("protocol", ["PROTOCOL_TLS", "PROTOCOL_TLS_CLIENT"])
def test_tickets_are_for_servers(protocol):
    context = ssl.SSLContext(getattr(ssl, protocol))
    with pytest.raises(ValueError):
        context.num_tickets = 1
    assert context.num_tickets == 2


# security_level

@pytest.mark.since(3, 10, "has no security_level")
@pytest.mark.parametrize("level", range(6))
def test_security_level_of_the_cipher_list(level):
    context = client_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=%d" % level)
    assert context.security_level == level
    with pytest.raises(AttributeError):
        context.security_level = 1


@pytest.mark.since(3, 10, "has no security_level")
def test_security_level_is_obeyed():
    """Level 3 refuses the server's RSA key of 2048 bits."""
    client = client_context()
    client.set_ciphers("DEFAULT:@SECLEVEL=2")
    BioPair(client)
    client.set_ciphers("DEFAULT:@SECLEVEL=3")
    with pytest.raises(ssl.SSLError):
        BioPair(client)


# Flags for host names

def connect_with(flags, chain, name):
    client = client_context()
    client._host_flags = flags
    return BioPair(client, server_context(chain=chain), server_hostname=name)


@pytest.mark.since(3, 7, "has no _host_flags")
def test_host_flags():
    context = client_context()
    assert context._host_flags == _ssl.HOSTFLAG_NO_PARTIAL_WILDCARDS
    flags = _ssl.HOSTFLAG_NO_WILDCARDS | _ssl.HOSTFLAG_NEVER_CHECK_SUBJECT
    context._host_flags = flags
    assert context._host_flags == flags


@pytest.mark.since(3, 7, "has no _host_flags")
def test_host_flags_are_obeyed():
    wildcard = "host-wildcard.pem", "www.example.test"
    connect_with(0, *wildcard)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect_with(_ssl.HOSTFLAG_NO_WILDCARDS, *wildcard)
    by_common_name = "host-cn-only.pem", "localhost"
    connect_with(0, *by_common_name)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect_with(_ssl.HOSTFLAG_NEVER_CHECK_SUBJECT, *by_common_name)
    partial = "host-wildcard-partial.pem", "foo.example.test"
    connect_with(0, *partial)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect_with(_ssl.HOSTFLAG_NO_PARTIAL_WILDCARDS, *partial)


@pytest.mark.backport_only("stock accepts values out of range")
@pytest.mark.parametrize("value, error", [
    (None, TypeError), ("x", TypeError), (1.5, TypeError),
    (-1, ValueError), (1 << 40, OverflowError)])
def test_bad_host_flags(value, error):
    context = client_context()
    before = context._host_flags
    with pytest.raises(error):
        context._host_flags = value
    assert context._host_flags == before


@pytest.mark.since(3, 7, "has no hostname_checks_common_name")
@pytest.mark.parametrize("value", [True, False, 1, 0, None, "x", []])
def test_common_name_takes_truth(value):
    context = client_context()
    others = _ssl.HOSTFLAG_NO_PARTIAL_WILDCARDS
    context.hostname_checks_common_name = value
    assert context.hostname_checks_common_name is bool(value)
    assert context._host_flags & others == others
    never = context._host_flags & _ssl.HOSTFLAG_NEVER_CHECK_SUBJECT
    assert bool(never) is not bool(value)


# The classes that wrap_socket() and wrap_bio() make

class Socket(ssl.SSLSocket):
    marked = True

    def recv(self, *args, **kwargs):
        return super(Socket, self).recv(*args, **kwargs).upper()


class Object(ssl.SSLObject):
    def read(self, *args):
        return super(Object, self).read(*args).upper()


class Context(ssl.SSLContext):
    sslsocket_class = Socket
    sslobject_class = Object


has_classes = pytest.mark.since(3, 7, "has no such attributes")


@has_classes
def test_default_classes():
    assert ssl.SSLContext.sslsocket_class is ssl.SSLSocket
    assert ssl.SSLContext.sslobject_class is ssl.SSLObject


def two_clients():
    """An instance of Context, and an SSLContext with the same classes set as
    attributes."""
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    other.sslsocket_class, other.sslobject_class = Socket, Object
    for context in Context(ssl.PROTOCOL_TLS_CLIENT), other:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        yield context


@has_classes
def test_socket_class(version):
    for client in two_clients():
        with SocketPair(client, version=version) as pair:
            assert type(pair.client) is Socket
            assert type(pair.server) is ssl.SSLSocket
            assert pair.client.marked
            pair.server.sendall(b"hello")
            assert pair.client.recv(5) == b"HELLO"


@has_classes
def test_object_class(version):
    for client in two_clients():
        with BioPair(client, version=version) as pair:
            assert type(pair.client) is Object
            pair.server.write(b"hello")
            pair.flush()
            assert pair.client.read(5) == b"HELLO"


@has_classes
def test_accepted_connections_have_the_class():
    server = server_context()
    server.sslsocket_class = Socket
    with server.wrap_socket(socket.socket(), server_side=True) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        address = listener.getsockname()
        plain = socket.create_connection(address)
        listener.do_handshake_on_connect = False
        try:
            accepted = listener.accept()[0]
            assert type(accepted) is Socket
            accepted.close()
        finally:
            plain.close()


@has_classes
def test_class_that_takes_more():
    """A subclass of SSLSocket may override _create() and add attributes."""
    class Named(ssl.SSLSocket):
        name = None

        @classmethod
        def _create(cls, *args, **kwargs):
            self = super(Named, cls)._create(*args, **kwargs)
            self.name = "named"
            return self

    client = client_context()
    client.sslsocket_class = Named
    with SocketPair(client) as pair:
        assert pair.client.name == "named"


@has_classes
def test_class_that_is_none():
    context = client_context()
    context.sslsocket_class = context.sslobject_class = None
    left, right = unix_pair()
    try:
        with pytest.raises((TypeError, AttributeError)):
            context.wrap_socket(left, server_hostname="localhost")
        with pytest.raises((TypeError, AttributeError)):
            context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                             server_hostname="localhost")
    finally:
        left.close()
        right.close()
