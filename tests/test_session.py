"""SSLSession, and connections that resume one."""

import gc
import ssl
import sys
import time

import pytest

from helpers import (BioPair, SocketPair, Task, client_context,
                     server_context)


def finished_session(pair):
    """The client's session; with TLS 1.3 the ticket comes after data."""
    pair.server.write(b"x")
    pair.flush()
    assert pair.client.read(1) == b"x"
    return pair.client.session


@pytest.fixture
def contexts(version):
    return client_context(version), server_context(version)


@pytest.fixture
def session(contexts, pair_type):
    with pair_type(*contexts) as pair:
        return finished_session(pair)


# Objects

def test_attributes(session, version):
    assert isinstance(session, ssl.SSLSession)
    assert type(session.id) is bytes
    assert len(session.id) == 32
    assert abs(session.time - time.time()) < 600
    assert session.timeout > 0
    assert session.has_ticket is True
    assert session.ticket_lifetime_hint > 0
    for name in ("id", "time", "timeout", "has_ticket",
                 "ticket_lifetime_hint"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(session, name, 1)
        with pytest.raises((AttributeError, TypeError)):
            delattr(session, name)


def test_without_tickets():
    client, server = client_context("TLSv1.2"), server_context("TLSv1.2")
    client.options |= ssl.OP_NO_TICKET
    with SocketPair(client, server) as pair:
        session = pair.client.session
        # the server forgets sessions of connections that end otherwise
        with Task(pair.server.unwrap):
            pair.client.unwrap()
    assert session.has_ticket is False
    assert session.ticket_lifetime_hint == 0
    with SocketPair(client, server, session=session) as pair:
        assert pair.client.session_reused is True


def test_equality(session, contexts):
    assert session == session
    assert not session != session
    assert session != 42 and not session == None  # noqa: E711
    with SocketPair(*contexts) as pair:
        other = finished_session(pair)
    assert other != session


@pytest.mark.python3("2.7 orders everything")
def test_no_order(session):
    for compare in (lambda: session < session, lambda: session >= session):
        with pytest.raises(TypeError):
            compare()


def test_same_session_twice(contexts):
    with SocketPair(*contexts) as pair:
        first = finished_session(pair)
        assert pair.client.session == first
        assert pair.client.session.id == first.id


# Resumption

def test_resumption(contexts, pair_type, session):
    before = contexts[1].session_stats()["hits"]
    with pair_type(*contexts, session=session) as pair:
        assert pair.client.session_reused is True
        assert pair.server.session_reused is True
        pair.client.write(b"hello")
        pair.flush()
        assert pair.server.read(5) == b"hello"
    assert contexts[1].session_stats()["hits"] == before + 1


def test_resumed_connection_still_has_its_certificate(contexts, session):
    with SocketPair(*contexts, session=session) as pair:
        assert pair.client.session_reused is True
        assert pair.client.getpeercert()["serialNumber"] == "0A"


def test_session_set_before_the_handshake(contexts, pair_type, session):
    with pair_type(*contexts, handshake=False) as pair:
        pair.client.session = session
        pair.handshake()
        assert pair.client.session_reused is True


def test_no_resumption_without_a_session(contexts, pair_type, session):
    with pair_type(*contexts) as pair:
        assert pair.client.session_reused is False
        assert finished_session(pair) != session


def test_several_resumptions(contexts):
    with SocketPair(*contexts) as pair:
        session = finished_session(pair)
    for _ in range(3):
        with SocketPair(*contexts, session=session) as pair:
            assert pair.client.session_reused is True
            session = finished_session(pair)


@pytest.mark.since(3, 10, "no ragged ends over OpenSSL 3")
def test_resumption_after_a_ragged_end(contexts):
    """The old connection's end does not spoil the session."""
    with SocketPair(*contexts) as pair:
        session = finished_session(pair)
        pair.server.close()
        assert pair.client.recv(1) == b""
    with SocketPair(*contexts, session=session) as pair:
        assert pair.client.session_reused is True


def test_resumption_after_a_connection_that_failed(contexts):
    """It does not spoil the session for others."""
    pair = BioPair(*contexts)
    session = finished_session(pair)
    pair = BioPair(*contexts, session=session)
    pair.client_in.write(b"\x17\x03\x03\x00\x20" + b"z" * 32)
    with pytest.raises(ssl.SSLError):
        pair.client.read(1)
    pair = BioPair(*contexts, session=session)
    assert pair.client.session_reused is True


def test_session_between_socket_and_bio(contexts, version):
    with BioPair(*contexts) as pair:
        session = finished_session(pair)
    with SocketPair(*contexts, session=session) as pair:
        assert pair.client.session_reused is True


def test_another_server_does_not_know_it(contexts, session, version):
    with SocketPair(contexts[0], server_context(version),
                    session=session) as pair:
        assert pair.client.session_reused is False


def test_session_outlives_everything(version):
    client, server = client_context(version), server_context(version)
    with SocketPair(client, server) as pair:
        session = finished_session(pair)
    identity = session.id
    del client, server, pair
    gc.collect()
    assert session.id == identity


# Refused

def test_session_of_another_context(version, session, pair_type):
    other = client_context(version)
    with pytest.raises(ValueError):
        pair_type(other, server_context(version), session=session)
    with pair_type(other, handshake=False) as pair:
        with pytest.raises(ValueError):
            pair.client.session = session


@pytest.mark.parametrize("value", ["session", 42, object()])
def test_session_of_wrong_type(contexts, pair_type, value):
    with pytest.raises(TypeError):
        pair_type(*contexts, session=value)


def test_session_after_the_handshake(contexts, pair_type, session):
    with pair_type(*contexts) as pair:
        with pytest.raises(ValueError):
            pair.client.session = session


def test_server_takes_no_session(contexts, pair_type, session):
    client, server = contexts
    with pair_type(*contexts, handshake=False) as pair:
        with pytest.raises(ValueError):
            pair.server.session = session


@pytest.mark.since(3, 7, "taken silently")
def test_cve_2026_19553_server_session_over_bios(contexts, session):
    with pytest.raises(ValueError):
        contexts[1].wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                             server_side=True, session=session)


def test_reading_it_again_and_again(contexts):
    with SocketPair(*contexts) as pair:
        finished_session(pair)
        for _ in range(200):
            session = pair.client.session
    with SocketPair(*contexts, session=session) as pair:
        assert pair.client.session_reused is True


@pytest.mark.cpython("has no sys.getrefcount()")
def test_sessions_do_not_touch_reference_counts(contexts):
    client = contexts[0]
    with SocketPair(*contexts) as pair:
        session = finished_session(pair)
    del pair
    gc.collect()
    before = sys.getrefcount(client)
    for _ in range(3):
        with SocketPair(*contexts, session=session) as pair:
            finished_session(pair)
        del pair
    gc.collect()
    assert sys.getrefcount(client) == before
