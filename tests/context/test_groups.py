"""Groups, TLS 1.3 cipher suites and signature algorithms."""

import contextlib
import socket
import ssl

import pytest

from helpers import (BioPair, cert, client_context, limit_version,
                     server_context)

pytestmark = pytest.mark.since(3, 15, "has no such methods")
POST_QUANTUM = "X25519MLKEM768"


def needs(*version):
    """Skip the test if the linked OpenSSL is older than this version."""
    return pytest.mark.skipif(
        ssl.OPENSSL_VERSION_INFO < version,
        reason="needs OpenSSL %d.%d" % version)


def lacks(*version):
    """Skip the test unless the linked OpenSSL is older than this version."""
    return pytest.mark.skipif(
        ssl.OPENSSL_VERSION_INFO >= version,
        reason="needs an OpenSSL before %d.%d" % version)


# Groups

@needs(3, 2)
@pytest.mark.parametrize("name", ["X25519", "secp384r1", "prime256v1"])
def test_group(pair_type, version, name):
    client = client_context(version)
    client.set_groups(name)
    with pair_type(client) as pair:
        other = {"prime256v1": "secp256r1"}.get(name, name).lower()
        for end in pair.client, pair.server:
            assert type(end.group()) is str
            assert end.group().lower() in (name.lower(), other)


@needs(3, 2)
def test_gh_155782_group_at_any_time(pair_type, version):
    """group() is None before the handshake, when OpenSSL has no session."""
    with pair_type(version=version, handshake=False) as pair:
        assert pair.client.group() is None
        assert pair.server.group() is None
        pair.handshake()
        assert pair.client.group() is not None
        assert pair.client.group() == pair.server.group()


@needs(3, 2)
@pytest.mark.backport_only("stock crashes (gh-155782)")
def test_gh_155782_group_after_failures():
    with BioPair(client_context(roots=None), handshake=False) as pair:
        with pytest.raises(ssl.SSLError):
            pair.handshake()
        for end in pair.client, pair.server:
            assert isinstance(end.group(), (str, type(None)))


@lacks(3, 2)
def test_group_needs_a_newer_openssl(pair_type, version):
    with pair_type(version=version) as pair:
        for end in pair.client, pair.server:
            with pytest.raises(NotImplementedError) as caught:
                end.group()
            assert "OpenSSL 3.2" in str(caught.value)


def agreed(client_groups, server_groups):
    """The version that a client and a server with these groups agree on;
    None if the handshake fails."""
    client, server = client_context(), server_context()
    client.set_groups(client_groups)
    server.set_groups(server_groups)
    try:
        with BioPair(client, server) as pair:
            return pair.client.version()
    except ssl.SSLError:
        return None


def test_groups_are_kept():
    assert agreed("X25519", "X25519") == "TLSv1.3"
    assert agreed("X25519:secp384r1", "secp384r1:prime256v1") == "TLSv1.3"
    assert agreed("X25519", "secp384r1") is None


@needs(3, 2)
def test_preference_is_the_client_s():
    """The server selects the client's first group that the server allows."""
    client, server = client_context(), server_context()
    client.set_groups("secp384r1:X25519")
    server.set_groups("X25519:secp384r1")
    with BioPair(client, server) as pair:
        assert pair.client.group() == pair.server.group() == "secp384r1"


def test_unknown_group_changes_nothing(version):
    client, server = client_context(version), server_context(version)
    client.set_groups("secp384r1")
    server.set_groups("secp384r1")
    with pytest.raises(ssl.SSLError):
        client.set_groups("X25519:no-such-group")
    BioPair(client, server)


SETTERS = ["set_groups", "set_ciphersuites", "set_client_sigalgs",
           "set_server_sigalgs"]


@pytest.mark.parametrize("name", SETTERS)
@pytest.mark.parametrize("value", ["no-such-thing", u"k\xf6nig"],
                         ids=["ascii", "other"])
def test_unknown_name(name, value):
    with pytest.raises(ssl.SSLError) as caught:
        getattr(server_context(), name)(value)
    assert caught.value.errno == 0


def test_unknown_curve_that_is_not_ascii():
    with pytest.raises(ValueError) as caught:
        server_context().set_ecdh_curve(u"k\xf6nig")
    assert type(caught.value) is ValueError


@pytest.mark.parametrize("value", [None, 42, 1.5, ["X25519"], object()])
@pytest.mark.parametrize("name", SETTERS)
def test_name_of_wrong_type(name, value):
    with pytest.raises(TypeError):
        getattr(server_context(), name)(value)


@pytest.mark.parametrize("name, value", [
    ("set_groups", u"X25519\0"), ("set_client_sigalgs", u"ed25519\0"),
    ("set_ciphersuites", u"TLS_AES_128_GCM_SHA256\0"),
    ("set_server_sigalgs", u"ed25519\0")])
def test_nul_in_a_name(name, value):
    with pytest.raises(ValueError):
        getattr(server_context(), name)(value)


@pytest.mark.parametrize("name", SETTERS)
def test_number_of_arguments(name):
    setter = getattr(server_context(), name)
    with pytest.raises(TypeError):
        setter()
    with pytest.raises(TypeError):
        setter("X25519", "X25519")


@pytest.mark.parametrize("name, value", [
    ("set_groups", u"X25519"), ("set_client_sigalgs", u"ed25519"),
    ("set_ciphersuites", u"TLS_AES_128_GCM_SHA256"),
    ("set_server_sigalgs", u"rsa_pss_rsae_sha256")])
def test_names_as_unicode(name, value):
    assert getattr(server_context(), name)(value) is None


@needs(3, 5)
def test_get_groups():
    context = client_context()
    names = context.get_groups()
    assert {type(name) for name in names} == {str}
    assert len(set(names)) == len(names)
    assert POST_QUANTUM in names
    for name in names:
        context.set_groups(name)


@needs(3, 5)
def test_get_groups_with_aliases():
    context = client_context()
    names, all_names = context.get_groups(), context.get_groups(
        include_aliases=True)
    assert set(all_names) > set(names)
    assert {"P-256", "secp256r1"} <= set(all_names)
    assert context.get_groups(include_aliases=False) == names


@needs(3, 5)
def test_get_groups_obeys_the_versions():
    """get_groups() returns only groups of the versions that the context
    allows."""
    context = client_context("TLSv1.3")
    context.maximum_version = context.minimum_version = (
        ssl.TLSVersion.TLSv1_2)
    assert POST_QUANTUM not in context.get_groups()


def test_arguments_of_get_groups():
    context = client_context()
    with pytest.raises(TypeError):
        context.get_groups(True)
    with pytest.raises(TypeError):
        context.get_groups(aliases=True)


@lacks(3, 5)
@pytest.mark.parametrize("options", [{}, {"include_aliases": True}])
def test_get_groups_needs_a_newer_openssl(options):
    with pytest.raises(NotImplementedError) as caught:
        client_context().get_groups(**options)
    assert "OpenSSL 3.5" in str(caught.value)


# Post-quantum key exchange

@needs(3, 5)
def test_post_quantum_by_default(pair_type):
    with pair_type() as pair:
        assert pair.client.version() == "TLSv1.3"
        assert pair.client.group() == POST_QUANTUM
        assert pair.server.group() == POST_QUANTUM


@needs(3, 5)
@pytest.mark.parametrize("side", ["client", "server"])
def test_post_quantum_turned_off(pair_type, side):
    client, server = client_context(), server_context()
    {"client": client, "server": server}[side].set_groups("X25519")
    with pair_type(client, server) as pair:
        assert pair.client.group() == pair.server.group()
        assert pair.client.group().lower() == "x25519"


@needs(3, 5)
def test_no_post_quantum_in_tls12(pair_type):
    with pair_type(version="TLSv1.2") as pair:
        assert pair.client.group() != POST_QUANTUM


@needs(3, 5)
def test_post_quantum_alone():
    client, server = client_context(), server_context()
    client.set_groups(POST_QUANTUM)
    with BioPair(client, server) as pair:
        assert pair.client.group() == POST_QUANTUM
    server.set_groups("X25519")
    with pytest.raises(ssl.SSLError):
        BioPair(client, server)


# Cipher suites

@pytest.mark.parametrize("name", [
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256"])
def test_cipher_suite(pair_type, name):
    client = client_context()
    assert client.set_ciphersuites(name) is None
    with pair_type(client) as pair:
        assert pair.client.cipher()[:2] == (name, "TLSv1.3")
        assert pair.server.cipher()[0] == name


def tls13_suites(context):
    return [cipher["name"] for cipher in context.get_ciphers()
            if cipher["protocol"] == "TLSv1.3"]


def test_cipher_suites_are_shown():
    context = client_context()
    names = ["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"]
    older = [cipher for cipher in context.get_ciphers()
             if cipher["protocol"] != "TLSv1.3"]
    context.set_ciphersuites(":".join(names))
    assert tls13_suites(context) == names
    assert [cipher for cipher in context.get_ciphers()
            if cipher["protocol"] != "TLSv1.3"] == older
    # set_ciphers() does not change the TLS 1.3 suites
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    assert tls13_suites(context) == names


def test_no_cipher_suites():
    """A client without TLS 1.3 suites connects only if it allows no more
    than TLS 1.2."""
    client = client_context()
    client.set_ciphersuites("")
    assert tls13_suites(client) == []
    with pytest.raises(ssl.SSLError):
        BioPair(client)
    limit_version(client, "TLSv1.2")
    with BioPair(client) as pair:
        assert pair.client.version() == "TLSv1.2"


def test_cipher_suites_without_a_common_one():
    client, server = client_context("TLSv1.3"), server_context()
    client.set_ciphersuites("TLS_AES_128_GCM_SHA256")
    server.set_ciphersuites("TLS_AES_256_GCM_SHA384")
    with pytest.raises(ssl.SSLError):
        BioPair(client, server)


def test_unknown_cipher_suite_changes_nothing():
    client = client_context()
    client.set_ciphersuites("TLS_AES_128_GCM_SHA256")
    with pytest.raises(ssl.SSLError):
        client.set_ciphersuites("TLS_NO_SUCH_SUITE")
    assert tls13_suites(client) == ["TLS_AES_128_GCM_SHA256"]


# Signature algorithms

def both_verify(version):
    """A client and a server that request certificates from each other."""
    client, server = client_context(version), server_context(version)
    client.load_cert_chain(cert("client.pem"))
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = ssl.CERT_REQUIRED
    return client, server


@needs(3, 5)
def test_sigalgs_that_were_used(pair_type, version):
    client, server = both_verify(version)
    # the server's key is RSA, the client's is ECDSA
    server.set_server_sigalgs("rsa_pss_rsae_sha384:ecdsa_secp256r1_sha256")
    with pair_type(client, server, handshake=False) as pair:
        for end in pair.client, pair.server:
            assert end.server_sigalg() is None
            assert end.client_sigalg() is None
        pair.handshake()
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"
        assert pair.client.server_sigalg() == "rsa_pss_rsae_sha384"
        assert pair.server.server_sigalg() == "rsa_pss_rsae_sha384"
        assert pair.client.client_sigalg() == pair.server.client_sigalg()
        assert type(pair.client.client_sigalg()) is str


@needs(3, 5)
def test_no_sigalg_of_a_client_without_a_certificate(pair_type, version):
    with pair_type(version=version) as pair:
        assert pair.client.client_sigalg() is None
        assert pair.server.client_sigalg() is None
        assert type(pair.client.server_sigalg()) is str


@lacks(3, 5)
@pytest.mark.parametrize("name", ["client_sigalg", "server_sigalg"])
def test_sigalg_needs_a_newer_openssl(pair_type, name):
    with pair_type() as pair:
        for end in pair.client, pair.server:
            with pytest.raises(NotImplementedError) as caught:
                getattr(end, name)()
            assert name in str(caught.value)
            assert "OpenSSL 3.5" in str(caught.value)


def test_server_sigalgs_are_kept(version):
    """A server with an RSA key needs an RSA algorithm."""
    client = client_context(version)
    client.set_server_sigalgs("rsa_pss_rsae_sha256:rsa_pkcs1_sha256")
    BioPair(client, version=version)
    client.set_server_sigalgs("ecdsa_secp256r1_sha256")
    with pytest.raises(ssl.SSLError):
        BioPair(client, version=version)


def test_client_sigalgs_are_kept(version):
    """A server restricts the algorithms of client certificates: the
    client's key here is ECDSA."""
    client, server = both_verify(version)
    server.set_client_sigalgs("rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256:"
                              "rsa_pkcs1_sha256")
    BioPair(client, server)
    server.set_client_sigalgs("ed25519")
    with BioPair(client, server, handshake=False) as pair:
        with pytest.raises(ssl.SSLError):
            pair.handshake()
            pair.server.write(b"x")
            pair.flush()
            pair.client.read(1)


@pytest.mark.parametrize("name", ["set_client_sigalgs", "set_server_sigalgs"])
def test_unknown_sigalg_changes_nothing(version, name):
    client, server = both_verify(version)
    good = "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256:rsa_pkcs1_sha256"
    for context in client, server:
        getattr(context, name)(good)
        with pytest.raises(ssl.SSLError):
            getattr(context, name)("ed25519:no-such-algorithm")
    BioPair(client, server)


@needs(3, 4)
def test_get_sigalgs():
    names = ssl.get_sigalgs()
    assert {type(name) for name in names} == {str}
    assert {"rsa_pss_rsae_sha256", "ecdsa_secp256r1_sha256",
            "ed25519"} <= set(names)
    context = server_context()
    for name in names:
        context.set_server_sigalgs(name)


@lacks(3, 4)
def test_get_sigalgs_needs_a_newer_openssl():
    with pytest.raises(NotImplementedError) as caught:
        ssl.get_sigalgs()
    assert "OpenSSL 3.4" in str(caught.value)


# A socket that is not connected

@pytest.mark.parametrize("name", ["group", "client_sigalg", "server_sigalg"])
def test_unconnected_socket(name):
    with contextlib.closing(client_context().wrap_socket(
            socket.socket(), server_hostname="localhost")) as sock:
        assert getattr(sock, name)() is None
