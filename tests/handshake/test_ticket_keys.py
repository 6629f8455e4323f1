"""SSLContext.ticket_keys: tickets that several servers can decrypt."""

import contextlib
import os
import socket
import ssl
import subprocess
import sys

import pytest

from helpers import (TIMEOUT, BioPair, cert, client_context, program_file,
                     server_context)
from sessions import finished_session, session_with

pytestmark = pytest.mark.backport_only("no Python has ticket_keys")

OLD, NEW, OTHER = (os.urandom(80) for _ in range(3))


class Server(object):
    """A process that runs programs/isolated/ticket_server.py."""

    def __init__(self, version, keys, mode=ssl.CERT_NONE, contexts=0):
        self.process = subprocess.Popen(
            [sys.executable, program_file("isolated", "ticket_server.py"),
             version, str(int(mode)), str(contexts)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(b"".join(keys))
        self.process.stdin.close()
        self.port = int(self.process.stdout.readline())

    def connect(self, client, session=None):
        plain = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
        return client.wrap_socket(plain, server_hostname="localhost",
                                  session=session)

    def answer(self, client, session=None):
        """(the server's answer, the session)"""
        with contextlib.closing(self.connect(client, session)) as sock:
            return sock.read(100).decode("ascii"), sock.session

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        with contextlib.closing(socket.create_connection(
                ("127.0.0.1", self.port), TIMEOUT)) as plain:
            plain.sendall(b"no hello")
        assert self.process.wait() == 0
        self.process.stdout.close()


def server_with(version, *keys):
    server = server_context(version)
    server.ticket_keys = keys
    return server


# Servers

def test_two_processes(version):
    client = client_context(version)
    with Server(version, [OLD]) as first, Server(version, [OLD]) as second:
        answer, session = first.answer(client)
        assert answer == "0 none"
        answer, session = second.answer(client, session)
        assert answer == "1 none"
        assert first.answer(client, session)[0] == "1 none"
    with Server(version, [NEW]) as stranger:
        assert stranger.answer(client, session)[0] == "0 none"


def test_two_processes_that_verify_clients(version):
    """The processes need not make the same contexts in the same order."""
    client = client_context(version)
    client.load_cert_chain(cert("client.pem"))
    with Server(version, [OLD], ssl.CERT_REQUIRED) as first, \
            Server(version, [OLD], ssl.CERT_REQUIRED, 3) as second, \
            Server(version, [OLD], ssl.CERT_OPTIONAL) as lenient:
        answer, session = first.answer(client)
        assert answer == "0 15"
        assert second.answer(client, session)[0] == "1 15"
        answer, session = lenient.answer(client)
        # a server that requires a certificate refuses sessions of one that
        # only requests a certificate
        assert first.answer(client, session)[0] == "0 15"


def test_two_contexts(version, pair_type):
    client = client_context(version)
    session = session_with(client, server_with(version, OLD), pair_type)
    with pair_type(client, server_with(version, OLD),
                   session=session) as pair:
        assert pair.client.session_reused is True
        assert pair.server.session_reused is True
    with pair_type(client, server_with(version, OTHER),
                   session=session) as pair:
        assert pair.client.session_reused is False


def test_rotation(version, pair_type):
    """The server accepts a ticket of an old key and sends a new ticket."""
    client = client_context(version)
    session = session_with(client, server_with(version, OLD), pair_type)
    server = server_with(version, OTHER, OLD)
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is True
        renewed = finished_session(pair)
    with pair_type(client, server_with(version, OTHER),
                   session=renewed) as pair:
        assert pair.client.session_reused is True


def test_ticket_of_the_newest_key_is_not_renewed():
    client, server = client_context("TLSv1.2"), server_with("TLSv1.2", NEW)
    session = session_with(client, server)
    with BioPair(client, server, session=session) as pair:
        assert finished_session(pair).to_bytes() == session.to_bytes()


def test_keys_count_for_new_connections(version):
    client, server = client_context(version), server_with(version, OLD)
    with BioPair(client, server, handshake=False) as pair:
        server.ticket_keys = [NEW]
        pair.handshake()
        session = finished_session(pair)
    with BioPair(client, server_with(version, OLD), session=session) as pair:
        assert pair.client.session_reused is True


def test_connection_older_than_all_keys(version):
    """The connection is older than the keys.  It works, but no server can
    decrypt its tickets."""
    for resumes in False, True:
        client, server = client_context(version), server_context(version)
        session = session_with(client, server) if resumes else None
        with BioPair(client, server, session=session,
                     handshake=False) as pair:
            server.ticket_keys = [NEW]
            pair.handshake()
            assert pair.client.session_reused is False
            session = finished_session(pair)
        with BioPair(client, server, session=session) as pair:
            assert pair.client.session_reused is False


def test_no_keys_again(version, pair_type):
    """Without ticket_keys the context has a random key of its own."""
    client, server = client_context(version), server_with(version, OLD)
    old = session_with(client, server, pair_type)
    server.ticket_keys = ()
    assert server.ticket_keys == ()
    with pair_type(client, server, session=old) as pair:
        assert pair.client.session_reused is False
        session = finished_session(pair)
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is True
    other = server_context(version)
    other.ticket_keys = ()
    with pair_type(client, other, session=session) as pair:
        assert pair.client.session_reused is False


def test_sni_callback(version, pair_type):
    """The keys of the connection's first context are used, as in OpenSSL."""
    def switch(connection, name, context):
        connection.context = behind

    behind = server_with(version, OTHER)
    sessions = []
    client = client_context(version)
    for number in range(3):
        server = server_with(version, OLD if number < 2 else OTHER)
        server.sni_callback = switch
        with pair_type(client, server, session=(
                sessions[-1] if sessions else None)) as pair:
            assert pair.client.session_reused is (number == 1)
            sessions.append(finished_session(pair))


def test_context_that_is_gone(version):
    """A connection keeps the keys of its first context."""
    client = client_context(version)
    with BioPair(client, server_with(version, OLD), handshake=False) as pair:
        pair.server.context = server_with(version, NEW)
        pair.handshake()
        session = finished_session(pair)
    with BioPair(client, server_with(version, OLD), session=session) as pair:
        assert pair.client.session_reused is True


@pytest.mark.skipif(not getattr(ssl, "HAS_PSK", False),
                    reason="this ssl has no pre-shared keys")
def test_sessions_without_a_key_are_not_for_servers_with_one(version):
    client = client_context(version)
    session = session_with(client, server_with(version, OLD))
    server = server_with(version, OLD)
    server.set_psk_server_callback(lambda identity: b"key")
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused is False


# The attribute

def test_reading():
    server = server_context()
    assert server.ticket_keys == ()
    server.ticket_keys = [NEW, bytearray(OLD)]
    assert server.ticket_keys == (NEW, OLD)
    assert all(type(key) is bytes for key in server.ticket_keys)
    server.ticket_keys = (OTHER,) + server.ticket_keys[:1]
    assert server.ticket_keys == (OTHER, NEW)


def test_context_for_both_sides():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS)
    context.ticket_keys = [NEW]
    assert context.ticket_keys == (NEW,)


def test_client_context_has_none():
    client = client_context()
    client.ticket_keys = ()
    with pytest.raises(ValueError):
        client.ticket_keys = [NEW]
    assert client.ticket_keys == ()


@pytest.mark.parametrize("value", [
    None, 42, NEW, u"x" * 80, [42], [None], [NEW, u"x" * 80], {1: NEW},
    set([NEW])], ids=lambda value: type(value).__name__)
def test_wrong_type(value):
    server = server_with(None, OLD)
    with pytest.raises(TypeError):
        server.ticket_keys = value
    assert server.ticket_keys == (OLD,)


@pytest.mark.parametrize("value", [
    [b""], [NEW[:79]], [NEW + b"x"], [NEW, NEW], [NEW, NEW[:16] + b"x" * 64],
    [NEW, OLD, b"x"], [os.urandom(80) for _ in range(65)]])
def test_wrong_value(value):
    server = server_with(None, OLD)
    with pytest.raises(ValueError) as caught:
        server.ticket_keys = value
    assert "ticket_keys" in str(caught.value)
    assert server.ticket_keys == (OLD,)


def test_most_keys(version):
    client = client_context(version)
    keys = [os.urandom(80) for _ in range(64)]
    session = session_with(client, server_with(version, keys[-1]))
    with BioPair(client, server_with(version, *keys),
                 session=session) as pair:
        assert pair.client.session_reused is True


def test_sequence_that_raises():
    class Sequence(object):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            if index:
                raise KeyError(index)
            return NEW

    server = server_with(None, OLD)
    with pytest.raises(KeyError):
        server.ticket_keys = Sequence()
    assert server.ticket_keys == (OLD,)


def test_deletion():
    server = server_with(None, OLD)
    with pytest.raises((AttributeError, TypeError)):
        del server.ticket_keys
    assert server.ticket_keys == (OLD,)
