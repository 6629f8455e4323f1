"""Chains with a key in the list of Modules/distrusted.h are refused.

The key of tests/certs/distrusted.pem is in the list for these tests.
"""

import ssl

import pytest

from helpers import (BioPair, SocketPair, cert, client_context,
                     limit_version, server_context)

CHAINS = ["distrusted-chain.pem", "distrusted.pem"]
REJECTED = 28  # X509_V_ERR_CERT_REJECTED

only_backport = pytest.mark.backport_only("stock has no list of keys")


def trusting_client(version):
    return client_context(version, roots="distrusted-root.pem")


def refusal(pair_type, client, server, **options):
    """The client's error."""
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        pair_type(client, server, **options)
    return caught.value


@only_backport
@pytest.mark.parametrize("chain", CHAINS)
def test_gh_160040_chain_with_such_a_key(pair_type, version, chain):
    """The key of an intermediate CA is in the list, then that of a leaf."""
    error = refusal(pair_type, trusting_client(version),
                    server_context(version, chain))
    assert error.verify_code == REJECTED
    assert error.reason == "CERTIFICATE_VERIFY_FAILED"


@pytest.mark.since(3, 7, "has no SSLCertVerificationError")
def test_gh_160040_rest_of_the_chain_is_valid(version):
    """With a wrong host name, the only error is the host name: everything
    else in the chain is valid."""
    client = trusting_client(version)
    for chain in CHAINS:
        context = server_context(version, chain)
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            BioPair(client, context, server_hostname="other.example.test")
        assert caught.value.verify_code == 62  # names are checked first


@only_backport
def test_gh_160040_trusted_itself(pair_type, version):
    client = client_context(version, roots="distrusted-intermediate.pem")
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    error = refusal(pair_type, client,
                    server_context(version, "distrusted-chain.pem"))
    assert error.verify_code == REJECTED


@only_backport
@pytest.mark.parametrize("mode", [ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED])
@pytest.mark.parametrize("chain", CHAINS)
def test_gh_160040_client_with_such_a_key(version, mode, chain):
    server = server_context(version)
    server.load_verify_locations(cert("distrusted-root.pem"))
    server.verify_mode = mode
    client = client_context(version)
    client.load_cert_chain(cert(chain))
    pair = BioPair(client, server, handshake=False)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        pair.finish(pair.server.do_handshake, pair.client.do_handshake)
    assert caught.value.verify_code == REJECTED


@only_backport
def test_gh_160040_client_with_such_a_key_after_the_handshake():
    server = server_context("TLSv1.3")
    server.load_verify_locations(cert("distrusted-root.pem"))
    server.verify_mode = ssl.CERT_REQUIRED
    client = client_context("TLSv1.3")
    client.load_cert_chain(cert("distrusted-chain.pem"))
    client.post_handshake_auth = server.post_handshake_auth = True
    with BioPair(client, server) as pair:
        pair.server.verify_client_post_handshake()
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"
        pair.flush()
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            pair.server.read(1)
    assert caught.value.verify_code == REJECTED


@pytest.mark.parametrize("chain", CHAINS)
def test_gh_160040_who_verifies_nothing(pair_type, version, chain):
    client = limit_version(ssl.SSLContext(ssl.PROTOCOL_TLS), version)
    with pair_type(client, server_context(version, chain)) as pair:
        pair.server.write(b"hello")
        pair.flush()
        assert pair.client.read(5) == b"hello"


@only_backport
@pytest.mark.parametrize("chain", CHAINS)
def test_gh_160040_session_of_who_verified_nothing(version, chain):
    """A client that verifies must not resume the session."""
    client = trusting_client(version)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    server = server_context(version, chain)
    with SocketPair(client, server) as pair:
        pair.server.write(b"x")
        assert pair.client.read(1) == b"x"
        session = pair.client.session
    with SocketPair(client, server, session=session) as pair:
        assert pair.client.session_reused is True
    client.check_hostname = True
    error = refusal(SocketPair, client, server, session=session)
    assert error.verify_code == REJECTED


@only_backport
def test_gh_160040_context_of_an_sni_callback(version):
    """The context that the SNI callback sets refuses such keys, too."""
    other = server_context(version)
    other.load_verify_locations(cert("distrusted-root.pem"))
    other.verify_mode = ssl.CERT_REQUIRED
    server = server_context(version)
    server.set_servername_callback(
        lambda connection, *_: setattr(connection, "context", other))
    client = client_context(version)
    client.load_cert_chain(cert("distrusted-chain.pem"))
    pair = BioPair(client, server, handshake=False)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        pair.finish(pair.server.do_handshake, pair.client.do_handshake)
    assert caught.value.verify_code == REJECTED
