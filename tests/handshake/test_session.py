"""SSLSession, and connections that resume a session."""

import gc
import ssl
import sys
import time

import pytest

from helpers import (BioPair, SocketPair, Task, cert, client_context,
                     server_context)
from sessions import finished_session, session_with


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
    assert 0 < len(session.id) <= 32
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
        # without unwrap() the server would forget the session
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


@pytest.mark.python3("2.7 orders all objects")
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


@pytest.mark.since(3, 10, "cannot suppress ragged ends with OpenSSL 3")
def test_resumption_after_a_ragged_end(contexts):
    """A session stays valid if its connection ends without close_notify."""
    with SocketPair(*contexts) as pair:
        session = finished_session(pair)
        pair.server.close()
        assert pair.client.recv(1) == b""
    with SocketPair(*contexts, session=session) as pair:
        assert pair.client.session_reused is True


def test_resumption_after_a_connection_that_failed(contexts):
    """A connection that fails must not invalidate the session of others."""
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


# Sessions that are refused

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


@pytest.mark.since(3, 7, "accepts the session silently")
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


# A resumption checks the peer as strictly as a full handshake

HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH, REVOKED = 62, 64, 23
UNKNOWN_ISSUER = 20


def refused(pair_type, *contexts, **options):
    """The verify_code of a handshake that must fail."""
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        pair_type(*contexts, **options)
    return caught.value.verify_code


def set_later(pair_type, *contexts, **options):
    """As pair_type(), but set the session as an attribute."""
    session = options.pop("session")
    pair = pair_type(*contexts, handshake=False, **options)
    pair.client.session = session
    pair.handshake()
    return pair


holds = pytest.mark.backport_only("stock checks nothing in a resumption")


@holds
@pytest.mark.parametrize("name, code", [
    ("evil.example.test", HOSTNAME_MISMATCH),
    ("192.0.2.1", IP_ADDRESS_MISMATCH)])
def test_cve_2026_48934_session_for_another_name(contexts, pair_type,
                                                 session, name, code):
    assert refused(pair_type, *contexts, session=session,
                   server_hostname=name) == code
    assert refused(lambda *args, **options: set_later(
        pair_type, *args, **options), *contexts, session=session,
        server_hostname=name) == code


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", "LocalHost"])
def test_session_for_another_name_of_the_certificate(contexts, pair_type,
                                                     session, name):
    with pair_type(*contexts, session=session, server_hostname=name) as pair:
        assert pair.client.session_reused is True


@holds
def test_session_made_without_a_name(contexts, pair_type):
    client, server = contexts
    client.check_hostname = False
    session = session_with(client, server, server_hostname=None)
    client.check_hostname = True
    assert refused(pair_type, client, server, session=session,
                   server_hostname="evil.example.test") == HOSTNAME_MISMATCH
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is True


@holds
def test_session_with_a_common_name_that_counts_no_more(version, pair_type):
    client = client_context(version)
    server = server_context(version, "host-cn-only.pem")
    session = session_with(client, server)
    client.hostname_checks_common_name = False
    assert refused(pair_type, client, server,
                   session=session) == HOSTNAME_MISMATCH


@holds
def test_session_made_unverified(version, pair_type):
    client = client_context(version)
    server = server_context(version, "unknown.pem")
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    session = session_with(client, server)
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is True
    client.verify_mode = ssl.CERT_REQUIRED
    assert refused(pair_type, client, server,
                   session=session) == UNKNOWN_ISSUER


@holds
def test_session_made_unverified_is_not_used_for_a_good_server(
        contexts, pair_type):
    client, server = contexts
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    session = session_with(client, server)
    client.verify_mode = ssl.CERT_REQUIRED
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is False
        assert pair.client.getpeercert()["serialNumber"] == "0A"
        session = finished_session(pair)
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is True


def test_session_made_verified_is_used_unverified(contexts, session):
    client, server = contexts
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused is True


@holds
def test_session_after_a_change_of_flags(version, pair_type):
    client = client_context(version)
    server = server_context(version, "revoked.pem")
    client.load_verify_locations(cert("crl.pem"))
    session = session_with(client, server)
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    assert refused(pair_type, client, server, session=session) == REVOKED


@holds
def test_session_after_a_change_of_trust(version, pair_type):
    client, server = client_context(version), server_context(version)
    session = session_with(client, server)
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is True
    client.load_verify_locations(cert("crl.pem"))
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is False
        session = finished_session(pair)
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is True


@holds
def test_session_of_a_connection_that_went_over_to_a_stricter_context(
        version, pair_type):
    """The handshake verified nothing, and the program set the stricter
    context afterwards."""
    lax, strict = client_context(version), client_context(version)
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    server = server_context(version, "unknown.pem")
    with BioPair(lax, server) as pair:
        pair.client.context = strict
        session = finished_session(pair)
        assert pair.client.getpeercert() == {}
    assert refused(pair_type, strict, server,
                   session=session) == UNKNOWN_ISSUER


@holds
def test_session_is_not_offered_by_another_context(contexts, version):
    """The program set the session before it set the other context."""
    other = client_context(version)
    session = session_with(*contexts)
    with BioPair(*contexts, session=session, handshake=False) as pair:
        pair.client.context = other
        pair.handshake()
        assert pair.client.session_reused is False


# The same for clients

def client_with_certificate(version):
    client = client_context(version)
    client.load_cert_chain(cert("client.pem"))
    return client


def asking_server(version, mode=ssl.CERT_REQUIRED):
    server = server_context(version)
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = mode
    return server


def test_session_of_a_verified_client(version, pair_type):
    client, server = client_with_certificate(version), asking_server(version)
    session = session_with(client, server)
    with pair_type(client, server, session=session) as pair:
        assert pair.server.session_reused is True
        assert pair.server.getpeercert()["serialNumber"] == "15"


@holds
@pytest.mark.parametrize("mode", [ssl.CERT_NONE, ssl.CERT_OPTIONAL])
def test_session_of_a_client_that_showed_no_certificate(version, mode):
    client, server = client_context(version), asking_server(version, mode)
    session = session_with(client, server)
    with BioPair(client, server, session=session) as pair:
        assert pair.server.session_reused is True
    server.verify_mode = ssl.CERT_REQUIRED
    pair = BioPair(client, server, session=session, handshake=False)
    with pytest.raises(ssl.SSLError) as caught:
        pair.finish(pair.server.do_handshake, pair.client.do_handshake)
    assert caught.value.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"


@holds
def test_session_of_a_client_after_a_change_of_trust(version):
    client, server = client_with_certificate(version), asking_server(version)
    session = session_with(client, server)
    server.load_verify_locations(cert("crl.pem"))
    with BioPair(client, server, session=session) as pair:
        assert pair.server.session_reused is False
        assert pair.server.getpeercert()["serialNumber"] == "15"
