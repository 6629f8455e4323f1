"""SSLContext.client_sessions: clients that resume sessions automatically."""

import contextlib
import socket
import ssl
import threading

import pytest

from helpers import (TIMEOUT, BioPair, RawPair, SocketPair, Task, cert,
                     client_context, collect, in_child, listening,
                     run_isolated, server_context, tcp_pair)
from sessions import caching_context, finished_session, reuses, session_with
from test_session_bytes import CHANGES

pytestmark = pytest.mark.backport_only("no Python has client_sessions")


@pytest.fixture
def contexts(version):
    return caching_context(version), server_context(version)


@pytest.fixture
def shared():
    """New client contexts with the same settings share their sessions."""
    ssl._ssl._share_client_sessions(20)
    yield
    ssl._ssl._share_client_sessions(0)


# Resumption

def test_resumption(contexts, pair_type):
    assert [reuses(pair_type, *contexts) for _ in range(5)] == [
        False, True, True, True, True]


def test_off_by_default(version, pair_type):
    client, server = client_context(version), server_context(version)
    assert client.client_sessions == 0
    assert [reuses(pair_type, client, server) for _ in range(2)] == [
        False, False]


def test_switched_off_and_on(contexts):
    client, server = contexts
    assert not reuses(BioPair, client, server)
    client.client_sessions = 0
    assert not reuses(BioPair, client, server)
    client.client_sessions = 10
    assert not reuses(BioPair, client, server)
    assert reuses(BioPair, client, server)


def test_connection_that_outlives_its_cache(contexts, pair_type):
    client, server = contexts
    with pair_type(client, server) as pair:
        client.client_sessions = 0
        finished_session(pair)
    assert not reuses(pair_type, client, server)


def test_context_for_both_sides(version, pair_type):
    client = ssl.SSLContext(ssl.PROTOCOL_TLS)
    client.load_verify_locations(cert("root.pem"))
    client.verify_mode = ssl.CERT_REQUIRED
    client.check_hostname = True
    client.client_sessions = 10
    server = server_context(version)
    assert [reuses(pair_type, client, server) for _ in range(2)] == [
        False, True]


def test_context_for_both_sides_as_a_server():
    """As a server, the context still stores sessions that have no ticket."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS)
    server.load_cert_chain(cert("localhost.pem"))
    server.options |= ssl.OP_NO_TICKET | ssl.OP_NO_TLSv1_3
    server.client_sessions = 10
    client = client_context()
    session = session_with(client, server)
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused is True


def test_without_tickets():
    client, server = caching_context("TLSv1.2"), server_context("TLSv1.2")
    server.options |= ssl.OP_NO_TICKET
    assert [reuses(BioPair, client, server) for _ in range(3)] == [
        False, True, True]


def test_tls_1_3_without_tickets():
    client, server = caching_context("TLSv1.3"), server_context("TLSv1.3")
    server.num_tickets = 0
    assert [reuses(BioPair, client, server) for _ in range(2)] == [
        False, False]


def test_handshake_that_comes_with_the_data(contexts):
    """write() does the handshake, without a call of do_handshake()."""
    for expected in False, True:
        with SocketPair(*contexts, handshake=False) as pair:
            with Task(pair.server.do_handshake):
                pair.client._sslobj.write(b"x")
            assert pair.server.read(1) == b"x"
            finished_session(pair)
            assert pair.client.session_reused is expected


def test_connecting_later(contexts):
    """The port is known only when the socket connects."""
    client, server = contexts
    with listening() as listener:
        def serve():
            sock = server.wrap_socket(listener.accept()[0], True)
            sock.write(b"x")
            sock.close()

        for expected in False, True:
            with Task(serve), contextlib.closing(client.wrap_socket(
                    socket.socket(), server_hostname="localhost")) as sock:
                sock.settimeout(TIMEOUT)
                sock.connect(listener.getsockname())
                assert sock.read(1) == b"x"
                assert sock.session_reused is expected


def test_session_that_is_given(contexts, pair_type):
    """The client offers the session that the program has set, and none from
    the cache."""
    client, server = contexts
    session = session_with(client, server)
    stranger = session_with(client, server_context())
    with pair_type(client, server, session=stranger) as pair:
        assert pair.client.session_reused is False
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is True


# Which sessions a connection may resume

def test_other_host(contexts, pair_type):
    assert not reuses(pair_type, *contexts)
    assert not reuses(pair_type, *contexts, server_hostname="127.0.0.1")
    assert reuses(pair_type, *contexts)
    assert reuses(pair_type, *contexts, server_hostname="127.0.0.1")


def test_other_port(contexts):
    client, server = contexts
    pairs = [tcp_pair(), tcp_pair()]
    for pair in pairs:
        # the TLS client has the accepted end: the peer's port always differs
        assert not reuses(SocketPair, client, server, pair=pair[::-1])
    with listening() as listener:
        for expected in False, True:
            left = socket.create_connection(listener.getsockname(), TIMEOUT)
            right = listener.accept()[0]
            assert reuses(SocketPair, client, server,
                          pair=(left, right)) is expected


def test_without_a_host(version):
    """Without a host name, the address identifies the server.  A connection
    over MemoryBIOs has no address, so it never resumes."""
    client, server = caching_context(version), server_context(version)
    client.check_hostname = False
    with listening() as listener:
        for expected in False, True:
            left = socket.create_connection(listener.getsockname(), TIMEOUT)
            right = listener.accept()[0]
            assert reuses(SocketPair, client, server, pair=(left, right),
                          server_hostname=None) is expected
    for _ in range(2):
        assert not reuses(BioPair, client, server, server_hostname=None)


@pytest.mark.parametrize("change", CHANGES)
def test_context_that_has_changed(contexts, change):
    client, server = contexts
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = ssl.CERT_OPTIONAL
    assert not reuses(BioPair, client, server)
    change(client)
    with BioPair(client, server, handshake=False) as pair:
        try:
            pair.handshake()
        except ssl.SSLError:
            pass    # e.g. there is no CRL
        assert not pair.client.session_reused


def test_context_that_changes_back(contexts):
    client, server = contexts
    assert not reuses(BioPair, client, server)
    client.check_hostname = False
    assert not reuses(BioPair, client, server)
    client.check_hostname = True
    assert reuses(BioPair, client, server)


def test_connection_that_goes_over_to_another_context(contexts, version):
    client, server = contexts
    assert not reuses(BioPair, client, server)
    for moment in "before", "after":
        with BioPair(client, server, handshake=False) as pair:
            if moment == "before":
                pair.client.context = client_context(version)
            pair.handshake()
            assert pair.client.session_reused is (moment == "after")
            pair.client.context = client_context(version)
            finished_session(pair)


def test_session_of_an_unverified_server(version):
    client = caching_context(version)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    server = server_context(version, "unknown.pem")
    assert [reuses(BioPair, client, server) for _ in range(2)] == [
        False, True]
    client.verify_mode = ssl.CERT_REQUIRED
    client.check_hostname = True
    with pytest.raises(ssl.SSLCertVerificationError):
        BioPair(client, server)


# Number of uses and size of the cache

def test_a_ticket_is_offered_once():
    client, server = caching_context("TLSv1.3"), server_context("TLSv1.3")
    with BioPair(client, server) as pair:
        finished_session(pair)  # the server sends two tickets
    pairs = [BioPair(client, server, handshake=False) for _ in range(3)]
    for pair in pairs:
        try:
            pair.client.do_handshake()
        except ssl.SSLWantReadError:
            pass
    for pair in pairs:
        pair.handshake()
    assert [pair.client.session_reused for pair in pairs] == [
        True, True, False]


def test_a_session_of_tls_1_2_is_offered_at_once_to_many():
    client, server = caching_context("TLSv1.2"), server_context("TLSv1.2")
    assert not reuses(BioPair, client, server)
    pairs = [BioPair(client, server, handshake=False) for _ in range(3)]
    for pair in pairs:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
    for pair in pairs:
        pair.handshake()
        assert pair.client.session_reused is True


def test_the_least_recently_used_goes(pair_type):
    client, server = caching_context("TLSv1.2", 2), server_context("TLSv1.2")
    names = ["localhost", "127.0.0.1", "::1"]
    for name in names:
        assert not reuses(pair_type, client, server, server_hostname=name)
    # the cache has dropped the first session; now it drops the second
    assert not reuses(pair_type, client, server, server_hostname=names[0])
    assert reuses(pair_type, client, server, server_hostname=names[2])
    assert not reuses(pair_type, client, server, server_hostname=names[1])
    assert reuses(pair_type, client, server, server_hostname=names[2])


def test_one_host_does_not_take_the_place_of_all():
    client, server = caching_context("TLSv1.3", 10), server_context("TLSv1.3")
    assert not reuses(BioPair, client, server)
    for _ in range(10):
        with BioPair(client, server, server_hostname="127.0.0.1",
                     session=None) as pair:
            finished_session(pair)
    assert reuses(BioPair, client, server)


def test_forgotten_after_a_handshake_that_failed():
    client, server = caching_context("TLSv1.2"), server_context("TLSv1.2")
    assert not reuses(BioPair, client, server)
    pair = BioPair(client, server, handshake=False)
    with pytest.raises(ssl.SSLWantReadError):
        pair.client.do_handshake()
    pair.client_in.write(b"\x15\x03\x03\x00\x02\x02\x28")
    with pytest.raises(ssl.SSLError):
        pair.client.do_handshake()
    assert not reuses(BioPair, client, server)
    assert reuses(BioPair, client, server)


def test_forgotten_after_a_handshake_that_was_given_up():
    client, server = caching_context("TLSv1.2"), server_context("TLSv1.2")
    assert not reuses(BioPair, client, server)
    pair = BioPair(client, server, handshake=False)
    with pytest.raises(ssl.SSLWantReadError):
        pair.client.do_handshake()
    del pair
    collect()
    assert not reuses(BioPair, client, server)


def test_forgotten_where_it_was_not_resumed(version):
    """The server cannot decrypt the ticket.  The client drops this session
    and keeps the new one."""
    client = caching_context(version)
    assert not reuses(BioPair, client, server_context(version))
    server = server_context(version)
    if version == "TLSv1.3":
        assert not reuses(BioPair, client, server)  # there were two tickets
    assert [reuses(BioPair, client, server) for _ in range(2)] == [
        version == "TLSv1.3", True]


def test_connection_that_fails_later_spoils_no_session(contexts):
    assert not reuses(SocketPair, *contexts)
    with RawPair(client=contexts[0], server=contexts[1]) as pair:
        pair.peer.sendall(b"\x17\x03\x03\x00\x20" + b"z" * 32)
        with pytest.raises(ssl.SSLError):
            pair.sock.read(1)
    assert reuses(SocketPair, *contexts)


# Contexts with the same settings

def test_contexts_that_are_alike(shared, version, pair_type):
    server = server_context(version)
    assert client_context(version).client_sessions == 20
    assert [reuses(pair_type, client_context(version), server)
            for _ in range(3)] == [False, True, True]


@pytest.mark.parametrize("change", CHANGES)
def test_contexts_that_are_not_alike(shared, version, change):
    server = server_context(version)
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = ssl.CERT_OPTIONAL
    assert not reuses(BioPair, client_context(version), server)
    other = client_context(version)
    change(other)
    pair = BioPair(other, server, handshake=False)
    try:
        pair.handshake()
    except ssl.SSLError:
        pass
    assert not pair.client.session_reused
    assert reuses(BioPair, client_context(version), server)


def test_context_with_sessions_of_its_own(shared, version):
    server = server_context(version)
    assert not reuses(BioPair, client_context(version), server)
    own = caching_context(version, 5)
    assert own.client_sessions == 5
    assert [reuses(BioPair, own, server) for _ in range(2)] == [False, True]
    none = caching_context(version, 0)
    assert not reuses(BioPair, none, server)


def test_servers_share_none(shared):
    assert server_context().client_sessions == 0


def test_contexts_from_before(version):
    client = client_context(version)
    ssl._ssl._share_client_sessions(20)
    try:
        assert client.client_sessions == 0
    finally:
        ssl._ssl._share_client_sessions(0)


def test_unmodified_program():
    run_isolated("unmodified_client.py")


# The attribute

def test_server_context_has_none():
    server = server_context()
    server.client_sessions = 0
    with pytest.raises(ValueError):
        server.client_sessions = 10
    assert server.client_sessions == 0


@pytest.mark.parametrize("value, error", [
    (None, TypeError), ("1", TypeError), (1.0, TypeError),
    (-1, ValueError), (10001, ValueError), (2 ** 31, OverflowError),
    (2 ** 64, OverflowError)])
def test_wrong_value(contexts, value, error):
    client, server = contexts
    assert not reuses(BioPair, client, server)
    with pytest.raises(error):
        client.client_sessions = value
    with pytest.raises(error):
        ssl._ssl._share_client_sessions(value)
    assert client.client_sessions == 10
    assert reuses(BioPair, client, server)


def test_deletion(contexts):
    with pytest.raises((AttributeError, TypeError)):
        del contexts[0].client_sessions
    assert contexts[0].client_sessions == 10


def test_most(version):
    client, server = caching_context(version, 10000), server_context(version)
    assert [reuses(BioPair, client, server) for _ in range(2)] == [
        False, True]


def test_one():
    client, server = caching_context("TLSv1.3", 1), server_context("TLSv1.3")
    assert [reuses(BioPair, client, server) for _ in range(3)] == [
        False, True, True]


# Processes (for threads see test_threads.py)

def test_child_begins_with_none(contexts):
    def child():
        return b"%d%d%d" % tuple(
            reuses(BioPair, client, server) for _ in range(3))

    client, server = contexts
    assert not reuses(BioPair, client, server)
    assert in_child(child) == b"011"
    assert reuses(BioPair, client, server)


def test_fork_while_threads_connect(version):
    client, server = caching_context(version), server_context(version)
    done = threading.Event()

    def work():
        while not done.is_set():
            reuses(BioPair, client, server)

    tasks = [Task(work) for _ in range(3)]
    try:
        for _ in range(10):
            assert in_child(lambda: b"%d" % reuses(
                BioPair, client, server)) == b"0"
    finally:
        done.set()
    for task in tasks:
        task.result()


def test_contexts_go_before_their_connections(version, pair_type):
    client, server = caching_context(version), server_context(version)
    with pair_type(client, server) as pair:
        del client, server
        finished_session(pair)
