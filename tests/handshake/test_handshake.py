"""The handshake, and all getters before, during and after a handshake."""

import gc
import socket
import ssl

import pytest

from helpers import (BioPair, SocketPair, Task, cert, client_context,
                     limit_version, listening, server_context, tcp_pair,
                     unix_pair)

CIPHER_NAMES = {"TLSv1.2": "ECDHE-RSA-AES256-GCM-SHA384",
                "TLSv1.3": "TLS_AES_256_GCM_SHA384"}


# Success

def test_handshake(pair, version):
    for end in (pair.client, pair.server):
        assert end.version() == version
        assert type(end.version()) is str
        name, protocol, bits = end.cipher()
        assert protocol == version
        assert bits == 256
        assert name == CIPHER_NAMES[version]
        assert type(name) is str
        assert end.compression() is None
        assert end.selected_alpn_protocol() is None
        assert end.selected_npn_protocol() is None
        assert end.pending() == 0
        assert end.session_reused is False
    assert pair.client.server_hostname == "localhost"
    assert pair.server.server_hostname is None
    assert pair.client.server_side is False
    assert pair.server.server_side is True


def test_handshake_again_does_nothing(pair):
    for end in (pair.client, pair.server):
        assert end.do_handshake() is None


def test_contexts(pair_type):
    client, server = client_context(), server_context()
    with pair_type(client, server) as pair:
        assert pair.client.context is client
        assert pair.server.context is server


def test_tcp():
    with SocketPair(pair=tcp_pair()) as pair:
        pair.client.sendall(b"hello")
        assert pair.server.recv(5) == b"hello"


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_handshake_on_connect(timeout):
    left, right = unix_pair(timeout)
    with Task(server_context().wrap_socket, right,
              server_side=True) as accepting:
        client = client_context().wrap_socket(left,
                                              server_hostname="localhost")
        server = accepting.result()
    assert client.gettimeout() == server.gettimeout() == timeout
    client.sendall(b"hello")
    assert server.recv(5) == b"hello"
    client.close()
    server.close()


def test_no_handshake_on_connect():
    with SocketPair(handshake=False) as pair:
        assert pair.client.version() is None
        pair.handshake()
        assert pair.client.version() is not None


@pytest.mark.since(3, 6, "only begins the handshake")
def test_bpo_29334_implicit_handshake_over_bios(version):
    """The first read and write do the whole handshake."""
    with BioPair(version=version, handshake=False) as pair:
        pair.finish(lambda: pair.client.write(b"hello"),
                    lambda: pair.server.read(5))
        assert pair.client.getpeercert()["version"] == 3
        assert pair.client.version() == version


def test_implicit_handshake_over_sockets(version):
    with SocketPair(version=version, handshake=False) as pair:
        with Task(pair.server.recv, 5) as receiving:
            pair.client.sendall(b"hello")
            assert receiving.result() == b"hello"
        assert pair.client.getpeercert()["version"] == 3


def test_ec_certificate(pair_type, version):
    with pair_type(client_context(version),
                   server_context(version, "localhost-ec.pem")):
        pass


@pytest.mark.parametrize("protocol", ["PROTOCOL_TLSv1_2", "PROTOCOL_TLS"])
def test_protocol_of_both_sides(protocol):
    contexts = []
    for _ in range(2):
        context = ssl.SSLContext(getattr(ssl, protocol))
        context.load_cert_chain(cert("localhost.pem"))
        contexts.append(context)
    with SocketPair(*contexts) as pair:
        assert pair.client.version() in ("TLSv1.2", "TLSv1.3")


def test_cipher_order_of_the_server():
    server, client = server_context("TLSv1.2"), client_context("TLSv1.2")
    server.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256:"
                       "ECDHE-RSA-AES256-GCM-SHA384")
    client.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384:"
                       "ECDHE-RSA-AES128-GCM-SHA256")
    with SocketPair(client, server) as pair:
        assert pair.client.cipher() == (
            "ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2", 128)


# USUAL is in the default list; WEAK is only in OpenSSL's own default list
USUAL, WEAK = "DHE-RSA-AES128-SHA256", "AES128-SHA"


@pytest.mark.backport_only("stock has no ciphers after a refused list")
def test_default_ciphers_after_a_refused_list():
    client, server = client_context("TLSv1.2"), server_context("TLSv1.2")
    server.load_dh_params(cert("dh2048.pem"))
    with pytest.raises(ssl.SSLError):
        server.set_ciphers("NO-SUCH-CIPHER")
    client.set_ciphers(USUAL)
    with SocketPair(client, server) as pair:
        assert pair.server.cipher()[0] == USUAL
    client.set_ciphers(WEAK)
    with pytest.raises(ssl.SSLError):
        SocketPair(client, server)


@pytest.mark.since(3, 10, "has another default list")
def test_default_ciphers_of_the_context_that_a_callback_sets():
    client, other = client_context("TLSv1.2"), server_context("TLSv1.2")
    other.load_dh_params(cert("dh2048.pem"))

    def change(connection, name, context):
        connection.context = other

    server = server_context("TLSv1.2")
    server.set_ciphers(WEAK)
    server.set_servername_callback(change)
    client.set_ciphers(USUAL)
    with SocketPair(client, server) as pair:
        assert pair.server.cipher()[0] == USUAL
    client.set_ciphers(WEAK)
    with pytest.raises(ssl.SSLError):
        SocketPair(client, server)


# Failure

def test_no_common_version(pair_type):
    with pytest.raises(ssl.SSLError) as caught:
        pair_type(client_context("TLSv1.2"), server_context("TLSv1.3"))
    assert caught.value.library == "SSL"


@pytest.mark.backport_only("stock does not know all reasons of OpenSSL 3")
def test_no_common_version_reason(pair_type):
    with pytest.raises(ssl.SSLError) as caught:
        pair_type(client_context("TLSv1.2"), server_context("TLSv1.3"))
    assert caught.value.reason in ("TLSV1_ALERT_PROTOCOL_VERSION",
                                   "UNSUPPORTED_PROTOCOL")


def test_no_common_cipher(pair_type):
    client, server = client_context("TLSv1.2"), server_context("TLSv1.2")
    client.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    server.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
    with pytest.raises(ssl.SSLError) as caught:
        pair_type(client, server)
    assert caught.value.reason in ("SSLV3_ALERT_HANDSHAKE_FAILURE",
                                   "NO_SHARED_CIPHER")


def test_server_without_certificate(pair_type, version):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    limit_version(server, version)
    with pytest.raises(ssl.SSLError):
        pair_type(client_context(version), server)


def test_both_are_clients(pair_type, version):
    client, server = client_context(version), client_context(version)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    first = client.wrap_bio(incoming, outgoing, server_hostname="localhost")
    second = server.wrap_bio(outgoing, incoming,
                             server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        first.do_handshake()
    with pytest.raises(ssl.SSLError) as caught:
        second.do_handshake()
    assert not isinstance(caught.value, ssl.SSLWantReadError)


def test_failed_handshake_stays_failed(pair_type, version):
    server = server_context(version, "unknown.pem")
    with pair_type(client_context(version), server,
                   handshake=False) as pair:
        with pytest.raises(ssl.SSLError):
            pair.handshake()
        for operation in (pair.client.do_handshake,
                          lambda: pair.client.read(1),
                          lambda: pair.client.write(b"x")):
            with pytest.raises((socket.error, ValueError)):
                operation()
        assert pair.client.pending() == 0


def test_wrong_side_of_a_protocol():
    with pytest.raises((ValueError, ssl.SSLError)):
        SocketPair(client=server_context(), server_hostname=None)


# Arguments

def test_bpo_19422_not_a_stream_socket():
    """A datagram socket would send data in clear text."""
    with pytest.raises(NotImplementedError):
        client_context().wrap_socket(
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            server_hostname="localhost")


@pytest.mark.parametrize("sock", [None, 42, object()])
def test_not_a_socket(sock):
    with pytest.raises((TypeError, AttributeError)):
        client_context().wrap_socket(sock, server_hostname="localhost")


@pytest.mark.parametrize("bios", [
    (None, None), (42, 42), (object(), object())])
def test_not_bios(bios):
    with pytest.raises(TypeError):
        client_context().wrap_bio(*bios, server_hostname="localhost")


def test_one_bio_for_both_ways():
    """A program should not do so, but nothing may crash: the client reads
    its own ClientHello."""
    bio = ssl.MemoryBIO()
    connection = client_context().wrap_bio(bio, bio,
                                           server_hostname="localhost")
    with pytest.raises(ssl.SSLError):
        for _ in range(10):
            connection.do_handshake()


def test_server_has_no_server_hostname():
    with pytest.raises(ValueError):
        server_context().wrap_socket(socket.socket(), server_side=True,
                                     server_hostname="localhost")


def refusal(wrap, **options):
    """The message of the ValueError that wrap() must raise."""
    with pytest.raises(ValueError) as caught:
        wrap(**options)
    assert type(caught.value) is ValueError  # no UnicodeError
    return str(caught.value)


def wrappers(context):
    """wrap_socket() and wrap_bio() of a context, without a peer."""
    return [
        lambda **options: context.wrap_socket(socket.socket(), **options),
        lambda **options: context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                                           **options)]


def test_check_hostname_needs_a_name():
    with pytest.raises(ValueError):
        client_context().wrap_socket(socket.socket())


@pytest.mark.since(3, 14, "verifies no host name")
@pytest.mark.parametrize("name", [None, "", u"", b"", bytearray()])
def test_cve_2026_19553_check_hostname_without_a_name(name):
    for context in (client_context(), ssl.create_default_context()):
        for wrap in wrappers(context):
            text = refusal(wrap, server_hostname=name)
            assert text == "check_hostname requires server_hostname"


@pytest.mark.since(3, 14, "ignores the arguments over MemoryBIOs")
def test_cve_2026_19553_what_is_for_clients_only():
    with SocketPair() as pair:
        session = pair.client.session
    for wrap in wrappers(server_context()):
        text = refusal(wrap, server_side=True, server_hostname="localhost")
        assert text == ("server_hostname can only be specified in client "
                        "mode")
        text = refusal(wrap, server_side=True, session=session)
        assert text == "session can only be specified in client mode"


@pytest.mark.since(3, 14, "ignores check_hostname over MemoryBIOs")
def test_cve_2026_19553_server_that_checks_host_names():
    """A server gets no host name of the client that it could check."""
    server = server_context()
    server.check_hostname = True
    for wrap in wrappers(server):
        text = refusal(wrap, server_side=True)
        assert text == "check_hostname requires server_hostname"


def test_failed_wrap_leaves_the_socket_alone():
    left, right = unix_pair()
    with pytest.raises(ValueError):
        server_context().wrap_socket(left, server_side=True,
                                     server_hostname="localhost")
    left.sendall(b"hello")
    assert right.recv(5) == b"hello"
    left.close()
    right.close()


def test_listening_socket_needs_no_handshake():
    with listening() as listener:
        wrapped = server_context().wrap_socket(listener, server_side=True)
        assert wrapped.version() is None
        wrapped.close()


def test_non_blocking_needs_the_switch_off():
    """A handshake on connect would block."""
    left, right = tcp_pair(timeout=0)
    with pytest.raises(ValueError):
        client_context().wrap_socket(left, server_hostname="localhost")
    left.close()
    right.close()


# Getters

STOCK_SESSION = pytest.mark.backport_only(
    "stock cannot copy a session during the handshake")
SINCE_13 = pytest.mark.since(3, 13, "has no such method")
SINCE_15 = pytest.mark.since(3, 15, "has no such method")
OURS = pytest.mark.backport_only("no Python has this name")
# both raise ValueError on an SSLSocket without TLS
CHAINS = ["get_unverified_chain", "get_verified_chain"]
# properties and methods that only read and need no arguments
GETTERS = {
    "cipher": (),
    "client_sigalg": SINCE_15,
    "compression": (),
    "context": (),
    "ech_config_list": OURS,
    "ech_outer_name": OURS,
    "ech_retry_configs": OURS,
    "ech_status": OURS,
    "get_channel_binding": (),
    "get_unverified_chain": SINCE_13,
    "get_verified_chain": SINCE_13,
    "group": SINCE_15,
    "ocsp_response": OURS,
    "pending": (),
    "selected_alpn_protocol": (),
    "selected_npn_protocol": (),
    "server_hostname": (),
    "server_side": (),
    "server_sigalg": SINCE_15,
    "session": (),
    "session_reused": (),
    "shared_ciphers": (),
    "version": (),
}
getters = pytest.mark.parametrize("name", [
    pytest.param(name, marks=GETTERS[name]) for name in sorted(GETTERS)])


def look(end, name):
    """The value of a getter; None if OpenSSL is too old for it."""
    value = getattr(end, name)
    try:
        return value() if callable(value) else value
    except NotImplementedError:
        return None


@pytest.mark.backport_only("stock has other names")
def test_getters_are_all_of_them():
    """Getters of certificates have their own tests."""
    others = {"close", "do_handshake", "getpeercert", "peer_certificate",
              "read", "shutdown", "unwrap", "verify_client_post_handshake",
              "write"}
    assert set(GETTERS) | others == {
        name for name in dir(ssl.SSLObject) if not name.startswith("_")}


@getters
def test_getters_before_the_handshake(pair_type, version, name):
    expected = {"pending": 0, "session_reused": False,
                "get_unverified_chain": [], "get_verified_chain": []}
    if getattr(ssl, "HAS_ECH", False):
        expected["ech_status"] = "not-configured"
    with pair_type(version=version, handshake=False) as pair:
        for end in (pair.client, pair.server):
            value = look(end, name)
            if name == "context":
                assert isinstance(value, ssl.SSLContext)
            elif name == "server_side":
                assert value is (end is pair.server)
            elif name == "server_hostname":
                assert value == ("localhost" if end is pair.client else None)
            elif name not in ("session", "shared_ciphers"):
                assert value == expected.get(name)


def test_bpo_29334_certificate_before_the_handshake(pair_type):
    with pair_type(handshake=False) as pair:
        for end in (pair.client, pair.server):
            for binary in (False, True):
                with pytest.raises(ValueError):
                    end.getpeercert(binary)


@pytest.mark.since(3, 10, "returns the server's own list")
def test_gh_96931_shared_ciphers_before_the_handshake(pair_type):
    with pair_type(handshake=False) as pair:
        assert pair.client.shared_ciphers() is None
        assert pair.server.shared_ciphers() is None


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=STOCK_SESSION if name == "session"
                 else GETTERS[name]) for name in sorted(GETTERS)])
def test_getters_during_the_handshake(version, name):
    """Call each getter between all steps, over MemoryBIOs."""
    with BioPair(version=version, handshake=False) as pair:
        def step(end):
            look(end, name)
            try:
                end.do_handshake()
            finally:
                look(end, name)

        pair.finish(lambda: step(pair.client), lambda: step(pair.server))


def look_without_tls(sock, name):
    if name in CHAINS:
        with pytest.raises(ValueError):
            look(sock, name)
    else:
        look(sock, name)


@getters
def test_getters_after_unwrap(version, name):
    with SocketPair(version=version) as pair:
        with Task(pair.server.unwrap):
            pair.client.unwrap()
        for end in (pair.client, pair.server):
            look_without_tls(end, name)


@pytest.mark.backport_only("stock raises AttributeError")
def test_certificate_after_unwrap(version):
    with SocketPair(version=version) as pair:
        with Task(pair.server.unwrap):
            pair.client.unwrap()
        with pytest.raises(ValueError):
            pair.client.getpeercert()


@getters
def test_getters_after_bios_unwrap(version, name):
    with BioPair(version=version) as pair:
        pair.finish(pair.client.unwrap, pair.server.unwrap)
        for end in (pair.client, pair.server):
            look(end, name)
            assert end.version() == version


@getters
def test_getters_after_close(name):
    pair = SocketPair()
    pair.close()
    look_without_tls(pair.client, name)


# Low-level attributes

@pytest.mark.backport_only("stock crashes (gh-113318)")
@pytest.mark.parametrize("name", [
    "context", "ech_config_list", "owner", "session", "session_reused",
    "server_side", "server_hostname"])
def test_gh_113318_attributes_cannot_be_deleted(pair_type, name):
    with pair_type() as pair:
        connection = pair.client._sslobj
        if hasattr(connection, "_sslobj"):
            connection = connection._sslobj
        with pytest.raises((AttributeError, TypeError)):
            delattr(connection, name)


@pytest.mark.parametrize("name", ["session_reused", "server_side",
                                  "server_hostname"])
def test_attributes_cannot_be_set(name):
    with BioPair() as pair:
        with pytest.raises(AttributeError):
            setattr(pair.client, name, None)


@pytest.mark.parametrize("value", [None, 42, "context", object()])
def test_context_of_wrong_type(pair_type, value):
    with pair_type() as pair:
        before = pair.client.context
        with pytest.raises((TypeError, AttributeError)):
            pair.client.context = value
            # if SSLSocket accepts the value, _sslobj must refuse it
            pair.client._sslobj.context = value
        gc.collect()
        assert pair.client._sslobj.context is before
