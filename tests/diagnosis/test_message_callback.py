"""The message callback: its arguments, and what it may do."""

import os
import socket
import ssl
import weakref

import pytest

from helpers import (BioPair, SocketPair, client_context, collect, in_child,
                     meanwhile, receive, server_context)

pytestmark = pytest.mark.since(3, 8, "older versions have no message callback")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"),
                                reason="this system has no fork()")


class Messages(list):
    """A message callback that keeps the messages that it receives, without
    record headers."""

    def __call__(self, connection, direction, version, content_type, msg_type,
                 data):
        if content_type in (ssl._TLSContentType.HEADER,
                            ssl._TLSContentType.INNER_CONTENT_TYPE):
            return
        self.append((direction, version, content_type, msg_type, data))

    def handshake(self):
        """The handshake messages, as [(name, direction, bytes)]."""
        return [(msg_type.name, direction, data)
                for direction, _, content_type, msg_type, data in self
                if content_type == ssl._TLSContentType.HANDSHAKE]


# The arguments of the callback

CLIENT_MESSAGES = {
    "TLSv1.2": [
        ("write", "CLIENT_HELLO"), ("read", "SERVER_HELLO"),
        ("read", "CERTIFICATE"), ("read", "SERVER_KEY_EXCHANGE"),
        ("read", "SERVER_DONE"), ("write", "CLIENT_KEY_EXCHANGE"),
        ("write", "CHANGE_CIPHER_SPEC"), ("write", "FINISHED"),
        ("read", "NEWSESSION_TICKET"), ("read", "FINISHED")],
    "TLSv1.3": [
        ("write", "CLIENT_HELLO"), ("read", "SERVER_HELLO"),
        ("read", "ENCRYPTED_EXTENSIONS"), ("read", "CERTIFICATE"),
        ("read", "CERTIFICATE_VERIFY"), ("read", "FINISHED"),
        ("write", "CHANGE_CIPHER_SPEC"), ("write", "FINISHED")],
}


def test_messages_of_a_client(pair_type, version):
    client, messages = client_context(version), Messages()
    client._msg_callback = messages
    with pair_type(client):
        seen = [(message[0], message[3].name) for message in messages]
    # only some versions of OpenSSL report this message
    seen = [message for message in seen
            if message != ("read", "CHANGE_CIPHER_SPEC")]
    assert seen == CLIENT_MESSAGES[version]


def test_messages_of_both_ends(pair_type, version):
    """Both ends must report the same messages, in opposite directions."""
    ends = []
    for context in client_context(version), server_context(version):
        context._msg_callback = Messages()
        ends.append(context)
    with pair_type(*ends) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"  # after the tickets of TLS 1.3
    client, server = [end._msg_callback.handshake() for end in ends]
    turn = {"read": "write", "write": "read"}
    assert client == [(name, turn[direction], data)
                      for name, direction, data in server]


def test_types_of_arguments(pair_type, version):
    seen = []
    server = server_context(version)
    server._msg_callback = lambda *arguments: seen.append(arguments)
    with pair_type(server=server) as pair:
        for connection, direction, version_, content, kind, data in seen:
            assert connection is pair.server
            assert type(direction) is str
            # OpenSSL 1.1.1 passes version 0 with record headers
            assert (type(version_) is ssl.TLSVersion
                    or type(version_) is int and version_ == 0
                    and content is ssl._TLSContentType.HEADER)
            assert type(content) is ssl._TLSContentType
            assert isinstance(kind, (ssl._TLSMessageType,
                                     ssl._TLSContentType))
            assert type(data) is bytes
        del seen[:], connection


def test_headers_of_records():
    seen = []
    client = client_context("TLSv1.2")
    client._msg_callback = lambda *arguments: seen.append(arguments[1:])
    BioPair(client)
    header = seen[0]
    assert header[0] == "write"
    assert header[2] is ssl._TLSContentType.HEADER
    assert header[3] is ssl._TLSContentType.HANDSHAKE
    assert len(header[4]) == 5


@pytest.mark.backport_only("stock ssl passes a _TLSMessageType for them")
def test_inner_content_types():
    seen = []
    client = client_context("TLSv1.3")
    client._msg_callback = lambda *arguments: seen.append(arguments[3:5])
    BioPair(client)
    inner = ssl._TLSContentType.INNER_CONTENT_TYPE
    assert {kind for content, kind in seen if content is inner} >= {
        ssl._TLSContentType.HANDSHAKE}


def test_alerts(pair_type, version):
    client, messages = client_context(version, "unknown-root.pem"), Messages()
    client._msg_callback = messages
    with pytest.raises(ssl.SSLError):
        pair_type(client)
    direction, _, content_type, kind, data = messages[-1]
    assert direction == "write"
    assert content_type is ssl._TLSContentType.ALERT
    assert kind is ssl._TLSAlertType.UNKNOWN_CA
    assert data == b"\x02\x30"


def test_data_is_not_shown(version):
    client, messages = client_context(version), Messages()
    client._msg_callback = messages
    with BioPair(client) as pair:
        del messages[:]
        pair.client.write(b"secret")
        assert messages == []


def test_peer_that_speaks_no_tls():
    """Versions and types that no enumeration contains must be passed as
    int."""
    client, seen = client_context(), []
    client._msg_callback = lambda *arguments: seen.append(arguments)
    with BioPair(client, handshake=False) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        pair.client_in.write(b"\x16\x03\x09\x00\x04\xff\x00\x00\x00")
        with pytest.raises(ssl.SSLError):
            pair.client.do_handshake()
    assert all(isinstance(number, int)
               for arguments in seen for number in arguments[2:5])


# The attribute

def test_attribute():
    context = client_context()
    callback = Messages()
    assert context._msg_callback is None
    context._msg_callback = callback
    assert context._msg_callback is callback
    context._msg_callback = None
    assert context._msg_callback is None
    BioPair(context)
    assert callback == []


@pytest.mark.parametrize("value", [42, "callback", (), object()])
def test_gh_156166_failed_set_keeps_the_old_callback(value):
    client, messages = client_context(), Messages()
    client._msg_callback = messages
    with pytest.raises(TypeError):
        client._msg_callback = value
    assert client._msg_callback is messages
    BioPair(client)
    assert messages != []


@pytest.mark.backport_only("gh-156099: stock ssl crashes")
def test_deletion():
    context = client_context()
    context._msg_callback = messages = Messages()
    with pytest.raises(AttributeError):
        del context._msg_callback
    assert context._msg_callback is messages


def test_connections_that_are_there_keep_their_choice(pair_type):
    context, messages = client_context(), Messages()
    with pair_type(context, handshake=False) as pair:
        context._msg_callback = messages
        pair.handshake()
        assert messages == []


# The actions of the callback

LOST = "stock ssl loses the exception, or raises another one"


class Failure(Exception):
    pass


class FailsAt(object):
    """A callback that raises Failure in the call with this number and in all
    later ones."""

    def __init__(self, number):
        self.number = number
        self.calls = 0

    def __call__(self, *arguments):
        self.calls += 1
        if self.calls >= self.number:
            raise Failure(self.calls)


@pytest.mark.parametrize("number", [1, 3, 8])
def test_exception_in_a_client(pair_type, version, number):
    client = client_context(version)
    client._msg_callback = FailsAt(number)
    with pytest.raises(Failure):
        pair_type(client)


@pytest.mark.parametrize("number", [1, 3, 8])
def test_exception_in_a_server(version, number):
    server = server_context(version)
    server._msg_callback = FailsAt(number)
    with pytest.raises(Failure):
        BioPair(server=server)


@pytest.mark.backport_only(LOST)
def test_exception_comes_out_once(version, capfd):
    """If the callback raises several times in one operation, the operation
    must raise the first exception, and print nothing."""
    server = server_context(version)
    server._msg_callback = FailsAt(2)
    with BioPair(server=server, handshake=False) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        pair.flush()
        with pytest.raises(Failure) as caught:
            pair.server.do_handshake()
    assert caught.value.args == (2,)
    assert capfd.readouterr()[1] == ""


@pytest.mark.parametrize("operation", [
    pytest.param(lambda pair: pair.client.read(1), id="read"),
    pytest.param(lambda pair: pair.client.write(b"x"), id="write"),
    pytest.param(lambda pair: pair.client.unwrap(), id="unwrap",
                 marks=pytest.mark.backport_only(LOST))])
def test_exception_in_other_operations(version, operation):
    client = client_context(version)
    callback = client._msg_callback = FailsAt(10 ** 6)
    with BioPair(client) as pair:
        pair.server.write(b"x")
        pair.flush()
        callback.number = 1
        with pytest.raises(Failure):
            operation(pair)


@pytest.mark.backport_only(LOST)
def test_connection_goes_on_after_an_exception(version):
    client = client_context(version)
    client._msg_callback = FailsAt(1)
    with BioPair(client, handshake=False) as pair:
        with pytest.raises(Failure):
            pair.client.do_handshake()
        client._msg_callback = None
        pair.handshake()
        assert pair.client.version() == version


def test_signature_that_does_not_fit():
    client = client_context()
    client._msg_callback = lambda: None
    with pytest.raises(TypeError):
        BioPair(client)


def test_callback_replaced_while_called(pair_type, version):
    def first(*arguments):
        seen.append("first")
        client._msg_callback = second

    def second(*arguments):
        seen.append("second")
        client._msg_callback = None

    seen = []
    client = client_context(version)
    client._msg_callback = first
    with pair_type(client):
        pass
    assert seen == ["first", "second"]


@pytest.mark.since(3, 15, "older versions lack some of the setters")
def test_callback_that_changes_its_context(pair_type, version):
    """The callback changes both contexts while OpenSSL uses them.  The
    handshake must succeed."""
    def callback(*arguments):
        calls.append(arguments[1:2])
        for context in client, server:
            context.set_ciphers("DEFAULT")
            context.set_ciphersuites("TLS_AES_256_GCM_SHA384:"
                                     "TLS_AES_128_GCM_SHA256")
            context.set_groups("X25519:secp384r1")
            context.set_server_sigalgs("rsa_pss_rsae_sha256:rsa_pkcs1_sha256")
            context.get_ciphers()
            context.keylog_filename = None
            context._msg_callback = callback
        server.sni_callback = callback

    calls = []
    client, server = client_context(version), server_context(version)
    callback()
    with pair_type(client, server) as pair:
        assert pair.client.version() == version
        assert {("read",), ("write",), ("localhost",)} <= set(calls)


@pytest.mark.backport_only("stock ssl deadlocks or crashes")
def test_callback_that_enters_its_own_connection(pair_type, version,
                                                 entrance):
    """The callback calls an operation of its own connection.  The call must
    raise, and the handshake must succeed."""
    errors, calls = [], []

    def callback(connection, *arguments):
        calls.append(arguments)
        try:
            entrance(connection)
        except Exception as error:
            errors.append(error)

    client, server = client_context(version), server_context(version)
    client._msg_callback = server._msg_callback = callback
    with pair_type(client, server) as pair:
        assert pair.client.version() == version
        assert len(errors) == len(calls) > 0


@pytest.mark.backport_only("stock ssl continues with a closed descriptor")
def test_callback_that_closes_its_connection(version):
    def callback(connection, *arguments):
        connection.close()

    client = client_context(version)
    client._msg_callback = callback
    with SocketPair(client, handshake=False) as pair:
        with pytest.raises((socket.error, ValueError)):
            pair.client.do_handshake()


def test_getters_in_the_callback(pair_type, version):
    seen = []

    def callback(connection, *arguments):
        seen.append((connection.version(), connection.cipher(),
                     connection.pending(), connection.server_side,
                     connection.session_reused, connection.context))

    client, server = client_context(version), server_context(version)
    client._msg_callback = server._msg_callback = callback
    with pair_type(client, server):
        assert {look[3] for look in seen} == {True, False}
        assert {look[5] for look in seen} == {client, server}
    del seen[:]


@pytest.mark.since(3, 11, "the callback is called with None")
def test_owner_is_gone():
    """After the connection's owner has been freed, the callback must not be
    called, and the handshake must continue."""
    class Owner(object):
        pass

    client, messages = client_context(), Messages()
    client._msg_callback = messages
    owner = Owner()
    connection = client._wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False,
                                  "localhost", owner=owner)
    reference = weakref.ref(owner)
    del owner
    collect()
    assert reference() is None
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    assert messages == []


def test_bpo_43577_context_switch(pair_type, version):
    """After an SNI callback has set another context, the messages must go to
    this context's callback."""
    def switch(connection, name, context):
        connection.context = other

    server, other = server_context(version), server_context(version)
    server._msg_callback, other._msg_callback = Messages(), Messages()
    server.sni_callback = switch
    with pair_type(client_context(version), server) as pair:
        assert pair.server.context is other
    first = [name for name, _, _ in server._msg_callback.handshake()]
    then = [name for name, _, _ in other._msg_callback.handshake()]
    assert first == ["CLIENT_HELLO"]
    assert then[0] == "SERVER_HELLO"
    assert "FINISHED" in then


def test_context_switch_to_one_without_a_callback(version):
    def switch(connection, name, context):
        connection.context = other

    server, other = server_context(version), server_context(version)
    server._msg_callback = Messages()
    server.sni_callback = switch
    BioPair(client_context(version), server)
    assert [name for name, _, _ in server._msg_callback.handshake()] == [
        "CLIENT_HELLO"]


@pytest.mark.cpython("finds no cycles through objects of extensions")
@pytest.mark.backport_only("stock ssl hides this cycle from the collector")
def test_gh_142516_cycle_through_the_callback():
    def reference_to_cycle():
        context = client_context()
        context._msg_callback = lambda *arguments: context
        return weakref.ref(context)

    reference = reference_to_cycle()
    collect()
    assert reference() is None


def test_connection_is_let_go(version):
    """The callback's calls must not keep the connection alive."""
    def callback(connection, *arguments):
        seen.append(weakref.ref(connection))

    seen = []
    client = client_context(version)
    client._msg_callback = callback
    BioPair(client)
    collect()
    assert seen != []
    assert {reference() for reference in seen} == {None}


@pytest.mark.backport_only("gh-149816: stock ssl crashes")
@pytest.mark.parametrize("name", ["_msg_callback", "keylog_filename"])
def test_gh_149816_settings_change_while_handshakes_run(tmpdir, version,
                                                        name):
    client, server = client_context(version), server_context(version)
    values = {"_msg_callback": [Messages(), None],
              "keylog_filename": [str(tmpdir.join("1")),
                                  str(tmpdir.join("2")), None]}[name]

    def toggle():
        for context in client, server:
            for value in values:
                setattr(context, name, value)

    with meanwhile(toggle):
        for _ in range(50):
            BioPair(client, server)


@needs_fork
def test_fork_in_the_callback(version):
    """A callback forks.  Parent and child must both be able to connect."""
    def callback(*arguments):
        client._msg_callback = None
        in_child(lambda: BioPair(client, version=version))

    client = client_context(version)
    client._msg_callback = callback
    with SocketPair(client) as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"
