"""Pre-shared keys: connections without certificates."""

import os
import ssl
import weakref

import pytest

from helpers import (BioPair, SocketPair, cert, client_context, collect,
                     in_child, limit_version, meanwhile, native, receive,
                     server_context)

pytestmark = pytest.mark.since(3, 13, "has no pre-shared keys")
KEY = b"sixteen byte key"
LONGEST_IDENTITY = 255 if ssl.OPENSSL_VERSION_INFO >= (3,) else 127
TOO_LONG_KEY = 10000  # OpenSSL 1.1.1 allows 256 bytes, later versions 512


def psk_client(callback, version=None):
    """A client context that verifies no certificates."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.set_ciphers("PSK")
    client.set_psk_client_callback(callback)
    return limit_version(client, version)


def psk_server(callback, version=None, hint=None):
    """A server context without a certificate."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("PSK")
    server.set_psk_server_callback(callback, hint)
    return limit_version(server, version)


def give_key(hint):
    return "client", KEY


def know_key(identity):
    return KEY


def contexts(version, client_callback=give_key, server_callback=know_key,
             hint=None):
    return (psk_client(client_callback, version),
            psk_server(server_callback, version, hint))


def fails(*arguments):
    return 1 // 0


# Arguments and results of the callbacks

def test_agreement(pair_type, version):
    seen = []

    def client_callback(hint):
        seen.append(("hint", hint))
        return "client", KEY

    def server_callback(identity):
        seen.append(("identity", identity))
        return KEY

    both = contexts(version, client_callback, server_callback)
    with pair_type(*both, server_hostname=None) as pair:
        assert seen == [("hint", None), ("identity", "client")]
        assert type(seen[1][1]) is str
        assert pair.client.version() == pair.server.version() == version
        assert pair.client.cipher() == pair.server.cipher()
        assert pair.client.getpeercert() is None
        pair.client.write(b"hello")
        pair.flush()
        assert pair.server.read(5) == b"hello"


def test_has_psk():
    assert ssl.HAS_PSK is True


@pytest.mark.since(3, 15, "has no such name")
def test_has_psk_tls13():
    assert ssl.HAS_PSK_TLS13 is True


def test_identity_hint(version):
    """TLS 1.3 has no identity hint."""
    seen = []

    def client_callback(hint):
        seen.append(hint)
        return "client", KEY

    BioPair(*contexts(version, client_callback, hint="ask for Bob"),
            server_hostname=None)
    assert seen == ["ask for Bob" if version == "TLSv1.2" else None]
    assert isinstance(seen[0], (str, type(None)))


def test_no_identity():
    """In TLS 1.2 a client needs no identity."""
    seen = []

    def server_callback(identity):
        seen.append(identity)
        return KEY

    BioPair(*contexts("TLSv1.2", lambda hint: (None, KEY), server_callback),
            server_hostname=None)
    assert seen == [None]


def test_no_identity_in_tls13():
    with pytest.raises(ssl.SSLError):
        BioPair(*contexts("TLSv1.3", lambda hint: (None, KEY)),
                server_hostname=None)


@pytest.mark.parametrize("given, seen_as", [
    ("client", "client"), (u"client", "client"), (b"client", "client"),
    (u"J\xfcrgen", native(u"J\xfcrgen")),
    ("x" * LONGEST_IDENTITY, "x" * LONGEST_IDENTITY)])
def test_identities(version, given, seen_as):
    seen = []

    def server_callback(identity):
        seen.append(identity)
        return KEY

    BioPair(*contexts(version, lambda hint: (given, KEY), server_callback),
            server_hostname=None)
    assert seen == [seen_as]
    assert type(seen[0]) is str


@pytest.mark.parametrize("make", [
    bytes, pytest.param(bytearray, marks=pytest.mark.backport_only(
        "stock accepts only bytes")), pytest.param(
            memoryview, marks=pytest.mark.backport_only(
                "stock accepts only bytes"))])
def test_types_of_keys(version, make):
    BioPair(*contexts(version, lambda hint: ("client", make(KEY)),
                      lambda identity: make(KEY)), server_hostname=None)


@pytest.mark.parametrize("length", [1, 256])
def test_lengths_of_keys(version, length):
    BioPair(*contexts(version, lambda hint: ("client", b"k" * length),
                      lambda identity: b"k" * length), server_hostname=None)


def test_resumption(pair_type):
    """In TLS 1.3 OpenSSL treats a pre-shared key as a session, so the
    handshake is a resumption."""
    for version in ("TLSv1.2", "TLSv1.3"):
        with pair_type(*contexts(version), server_hostname=None) as pair:
            assert pair.client.session_reused is (version == "TLSv1.3")


def test_context_for_both_ends(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS)
    context.set_ciphers("PSK")
    context.set_psk_client_callback(give_key)
    context.set_psk_server_callback(know_key)
    limit_version(context, version)
    with SocketPair(context, context, server_hostname=None) as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"


# Wrong keys and missing keys

def test_different_keys(pair_type, version):
    with pytest.raises(ssl.SSLError):
        pair_type(*contexts(version, lambda hint: ("client", b"other key")),
                  server_hostname=None)


def test_server_refuses(pair_type, version):
    with pytest.raises(ssl.SSLError):
        pair_type(*contexts(version, server_callback=lambda identity: b""),
                  server_hostname=None)


def test_client_refuses(pair_type, version):
    with pytest.raises(ssl.SSLError):
        pair_type(*contexts(version, lambda hint: ("client", b"")),
                  server_hostname=None)


@pytest.mark.parametrize("refusal", ["client", "server"])
def test_certificate_in_place_of_the_key(refusal):
    """In TLS 1.3 the handshake uses the certificate if one end has no key."""
    client = psk_client(give_key, "TLSv1.3")
    server = server_context("TLSv1.3")
    server.set_psk_server_callback(know_key)
    if refusal == "client":
        client.set_psk_client_callback(lambda hint: (None, b""))
    else:
        server.set_psk_server_callback(lambda identity: b"")
    with BioPair(client, server) as pair:
        assert pair.client.getpeercert(True)
        assert pair.client.session_reused is False


def test_switched_off(version):
    client, server = contexts(version)
    client.set_psk_client_callback(None)
    with pytest.raises(ssl.SSLError):
        BioPair(client, server, server_hostname=None)
    client.set_psk_client_callback(give_key)
    BioPair(client, server, server_hostname=None)
    server.set_psk_server_callback(None, "a hint")
    with pytest.raises(ssl.SSLError):
        BioPair(client, server, server_hostname=None)


# Contexts that also verify certificates: the key replaces the certificate

KEYED = "kECDHEPSK"     # only with the key, without a certificate
BOTH = KEYED + ":ECDHE+AESGCM"
UNKNOWN_CA = 20     # a value of OpenSSL's X509_V_ERR_*
HOSTNAME_MISMATCH = 62
LATE = pytest.mark.since(3, 15, "has no set_ciphersuites()")


def verifying_contexts(version, chain="localhost.pem", key=True):
    """A client that verifies the certificate and the host name, and a server
    that has a certificate.  `key`: both also have the pre-shared key."""
    client, server = client_context(version), server_context(version, chain)
    if key:
        client.set_ciphers(BOTH)
        # in TLS 1.3 the key can be used only with its hash, SHA-256
        client.set_ciphersuites("TLS_AES_128_GCM_SHA256")
        client.set_psk_client_callback(give_key)
        server.set_ciphers(KEYED)
        server.set_psk_server_callback(know_key)
    return client, server


def session_of(client, server):
    with BioPair(client, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"
        return pair.client.session


@LATE
@pytest.mark.parametrize("chain", ["localhost.pem", "unknown.pem"])
def test_client_that_verifies_takes_the_key(pair_type, version, chain):
    with pair_type(*verifying_contexts(version, chain)) as pair:
        assert pair.client.getpeercert() is None


@LATE
@pytest.mark.parametrize("chain, code", [
    ("unknown.pem", UNKNOWN_CA), ("host-other.pem", HOSTNAME_MISMATCH)])
def test_client_verifies_where_the_server_has_no_key(pair_type, version,
                                                     chain, code):
    client = verifying_contexts(version)[0]
    server = verifying_contexts(version, chain, key=False)[1]
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        pair_type(client, server)
    assert caught.value.verify_code == code


@pytest.mark.backport_only("stock resumes the session without a certificate")
def test_session_of_a_key_is_none_of_a_certificate(version):
    client, server = verifying_contexts(version)
    session = session_of(client, server)
    client.set_psk_client_callback(None)
    server.set_psk_server_callback(None)
    server.set_ciphers(BOTH)
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused is False
        assert pair.client.getpeercert()


@LATE
def test_server_that_asks_for_a_certificate(pair_type, version):
    """A client needs a certificate unless it has the key."""
    client, server = verifying_contexts(version)
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = ssl.CERT_REQUIRED
    server.set_ciphers(BOTH)
    with pair_type(client, server) as pair:
        assert pair.server.getpeercert() is None
    client = client_context(version)
    pair = BioPair(client, server, handshake=False)
    with pytest.raises(ssl.SSLError) as caught:
        pair.finish(pair.server.do_handshake, pair.client.do_handshake)
    assert caught.value.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    client.load_cert_chain(cert("client.pem"))
    with pair_type(client, server) as pair:
        assert pair.server.getpeercert()


# Callbacks that fail: the operation that called them raises the exception

@pytest.mark.backport_only("stock prints the exception, raises SSLError")
def test_exception_in_the_client(pair_type, version, capfd):
    with pytest.raises(ZeroDivisionError):
        pair_type(*contexts(version, fails), server_hostname=None)
    assert "ZeroDivisionError" not in capfd.readouterr()[1]


@pytest.mark.backport_only("stock prints the exception, raises SSLError")
def test_exception_in_the_server(version):
    with BioPair(*contexts(version, server_callback=fails),
                 server_hostname=None, handshake=False) as pair:
        with pytest.raises(ZeroDivisionError):
            pair.handshake()
        # a second call raises an SSLError, and the client gets an alert
        with pytest.raises(ssl.SSLError):
            pair.server.do_handshake()
        pair.flush()
        with pytest.raises(ssl.SSLError):
            pair.client.do_handshake()


@pytest.mark.backport_only("stock prints the exception, raises SSLError")
@pytest.mark.parametrize("result, error", [
    (None, TypeError), (42, TypeError), (b"key", TypeError), ((), TypeError),
    (("client",), TypeError), (("client", KEY, 1), TypeError),
    (["client", KEY], TypeError), ((42, KEY), TypeError),
    (("client", 42), TypeError), (("client", None), TypeError),
    ((u"cl\0ient", KEY), ValueError),
    (("x" * (LONGEST_IDENTITY + 1), KEY), ValueError),
    (("client", b"k" * TOO_LONG_KEY), ValueError)])
def test_bad_result_of_the_client_callback(version, result, error):
    with pytest.raises(error) as caught:
        BioPair(*contexts(version, lambda hint: result), server_hostname=None)
    assert not isinstance(caught.value, ssl.SSLError)


@pytest.mark.backport_only("stock prints the exception, raises SSLError")
@pytest.mark.parametrize("result, error", [
    (None, TypeError), (42, TypeError), (("client", KEY), TypeError),
    (b"k" * TOO_LONG_KEY, ValueError)])
def test_bad_result_of_the_server_callback(version, result, error):
    with pytest.raises(error) as caught:
        BioPair(*contexts(version, server_callback=lambda identity: result),
                server_hostname=None)
    assert not isinstance(caught.value, ssl.SSLError)


@pytest.mark.backport_only("stock prints the exception, raises SSLError")
def test_callback_that_takes_nothing(version):
    with pytest.raises(TypeError):
        BioPair(*contexts(version, lambda: None), server_hostname=None)


# Arguments

def test_arguments():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS)
    assert context.set_psk_client_callback(callback=give_key) is None
    assert context.set_psk_server_callback(
        callback=know_key, identity_hint="hint") is None
    assert context.set_psk_server_callback(know_key, None) is None
    for function in (context.set_psk_client_callback,
                     context.set_psk_server_callback):
        with pytest.raises(TypeError):
            function()
        with pytest.raises(TypeError):
            function(None, None, None)


def test_callbacks_of_the_other_end():
    with pytest.raises(ssl.SSLError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_psk_client_callback(
            give_key)
    with pytest.raises(ssl.SSLError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).set_psk_server_callback(
            know_key)


def test_hint_of_wrong_type():
    """The method checks the hint first."""
    for protocol, callback in ((ssl.PROTOCOL_TLS_CLIENT, know_key),
                               (ssl.PROTOCOL_TLS_SERVER, None)):
        context = ssl.SSLContext(protocol)
        with pytest.raises(TypeError):
            context.set_psk_server_callback(callback, 42)
        with pytest.raises(ValueError):
            context.set_psk_server_callback(callback, u"hi\0nt")


@pytest.mark.parametrize("value", [42, "callback", (), object()])
def test_failed_set_keeps_the_old_callback(version, value):
    client, server = contexts(version)
    with pytest.raises(TypeError):
        client.set_psk_client_callback(value)
    with pytest.raises(TypeError):
        server.set_psk_server_callback(value)
    BioPair(client, server, server_hostname=None)


@pytest.mark.parametrize("hint, error", [
    (42, TypeError), (u"hi\0nt", ValueError),
    # OpenSSL allows at most 256 bytes
    ("x" * 1000, ValueError)], ids=["number", "nul", "long"])
def test_failed_set_keeps_the_old_hint(hint, error):
    seen = []

    def client_callback(given):
        seen.append(given)
        return "client", KEY

    client, server = contexts("TLSv1.2", client_callback, hint="old")
    with pytest.raises(error):
        server.set_psk_server_callback(fails, hint)
    BioPair(client, server, server_hostname=None)
    assert seen == ["old"]


def test_hint_is_replaced_with_the_callback():
    seen = []

    def client_callback(given):
        seen.append(given)
        return "client", KEY

    client, server = contexts("TLSv1.2", client_callback, hint="old")
    server.set_psk_server_callback(know_key)
    BioPair(client, server, server_hostname=None)
    assert seen == [None]


# Callbacks that use contexts, connections and processes

def test_callback_replaces_itself(version):
    def client_callback(hint):
        client.set_psk_client_callback(fails)
        return "client", KEY

    def server_callback(identity):
        server.set_psk_server_callback(None)
        return KEY

    client, server = contexts(version, client_callback, server_callback)
    BioPair(client, server, server_hostname=None)
    with pytest.raises((ssl.SSLError, ZeroDivisionError)):
        BioPair(client, server, server_hostname=None)


@pytest.mark.backport_only("stock deadlocks or crashes")
def test_callback_that_enters_its_own_connection(pair_type, version,
                                                 entrance):
    """The call raises an exception, and the handshake goes on."""
    errors = []

    def enter(end):
        with pytest.raises(Exception) as caught:
            entrance(end())
        errors.append(caught.value)

    def client_callback(hint):
        enter(lambda: pair.client)
        return "client", KEY

    def server_callback(identity):
        enter(lambda: pair.server)
        return KEY

    both = contexts(version, client_callback, server_callback)
    with pair_type(*both, server_hostname=None, handshake=False) as pair:
        pair.handshake()
        assert len(errors) == 2
        assert pair.client.version() == version


def test_getters_in_the_callbacks(pair_type, version):
    seen = []

    def look(end):
        seen.append((end.version(), end.pending(), end.session_reused,
                     end.selected_alpn_protocol(), end.server_side))

    def client_callback(hint):
        look(pair.client)
        return "client", KEY

    def server_callback(identity):
        look(pair.server)
        return KEY

    both = contexts(version, client_callback, server_callback)
    with pair_type(*both, server_hostname=None, handshake=False) as pair:
        pair.handshake()
        assert [end[-1] for end in seen] == [False, True]


def test_context_switch():
    """In TLS 1.2 OpenSSL asks the context that the SNI callback has set.  In
    TLS 1.3 it needs the key before the SNI callback runs."""
    def switch(connection, name, context):
        connection.context = other

    client, server = contexts("TLSv1.2", server_callback=fails)
    other = psk_server(know_key, "TLSv1.2")
    server.sni_callback = switch
    with SocketPair(client, server) as pair:
        assert pair.server.context is other


@pytest.mark.backport_only("stock uses freed memory (CVE-2026-19445)")
def test_cve_2026_19445_first_context_dropped(pair_type, version):
    def switch(connection, name, context):
        connection.context = other

    client = psk_client(give_key, version)
    other = psk_server(know_key, version)
    first = psk_server(know_key, version)
    first.sni_callback = switch
    reference = weakref.ref(first)
    with pair_type(client, first, handshake=False) as pair:
        del first
        collect()
        pair.handshake()
        assert pair.server.context is other
        collect()
        assert reference() is None


@pytest.mark.cpython("finds no cycles through objects of extension types")
@pytest.mark.backport_only("stock hides the cycle from the collector")
def test_gh_142516_cycle_through_a_callback():
    def reference_to_cycle():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS)
        context.set_psk_client_callback(lambda hint: context)
        context.set_psk_server_callback(lambda identity: context)
        return weakref.ref(context)

    reference = reference_to_cycle()
    collect()
    assert reference() is None


@pytest.mark.backport_only("stock crashes (gh-149816)")
@pytest.mark.parametrize("others", [(give_key, know_key), (None, None)])
def test_gh_149816_callbacks_replaced_while_called(version, others):
    """Each handshake uses one of the callbacks, or fails if there is none."""
    client, server = contexts(version)

    def toggle():
        for pair in others, (give_key, know_key):
            client.set_psk_client_callback(pair[0])
            server.set_psk_server_callback(pair[1])

    with meanwhile(toggle):
        for _ in range(50):
            try:
                BioPair(client, server, server_hostname=None)
            except ssl.SSLError:
                assert others == (None, None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no os.fork()")
def test_fork_in_the_callback(version):
    """Parent and child can both do handshakes afterwards."""
    def client_callback(hint):
        in_child(lambda: BioPair(*contexts(version), server_hostname=None))
        return "client", KEY

    with SocketPair(*contexts(version, client_callback),
                    server_hostname=None) as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"


def test_callbacks_are_let_go():
    class Callback(object):
        def __call__(self, argument):
            return b""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS)
    for setter in (context.set_psk_client_callback,
                   context.set_psk_server_callback):
        callback = Callback()
        reference = weakref.ref(callback)
        setter(callback)
        del callback
        collect()
        assert reference() is not None
        setter(None)
        collect()
        assert reference() is None
