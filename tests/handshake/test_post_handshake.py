"""Post-handshake authentication of TLS 1.3."""

import ssl

import pytest

from helpers import (BioPair, SocketPair, cert, client_context, let_answer,
                     server_context)


def contexts(client_auth=True, chain="client.pem"):
    client, server = client_context("TLSv1.3"), server_context("TLSv1.3")
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = ssl.CERT_REQUIRED
    server.post_handshake_auth = True
    client.post_handshake_auth = client_auth
    if chain is not None:
        client.load_cert_chain(cert(chain))
    return client, server


def ask(pair):
    """As let_answer(); then the server reads the answer."""
    let_answer(pair)
    assert pair.server.read(1) == b"y"


def test_attribute():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert context.post_handshake_auth is False
    context.post_handshake_auth = True
    assert context.post_handshake_auth is True
    context.verify_mode = ssl.CERT_REQUIRED
    assert context.post_handshake_auth is True
    context.post_handshake_auth = False
    assert context.post_handshake_auth is False


def test_authentication(pair_type):
    with pair_type(*contexts()) as pair:
        assert pair.server.getpeercert() is None
        ask(pair)
        subject = pair.server.getpeercert()["subject"]
        assert subject[-1] == (("commonName", "client"),)


def test_client_without_certificate(pair_type):
    with pair_type(*contexts(chain=None)) as pair:
        let_answer(pair)
        with pytest.raises(ssl.SSLError) as caught:
            pair.server.read(1)
        assert caught.value.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"


def test_optional_client_without_certificate():
    client, server = contexts(chain=None)
    server.verify_mode = ssl.CERT_OPTIONAL
    with BioPair(client, server) as pair:
        ask(pair)
        assert pair.server.getpeercert() is None


def test_client_with_untrusted_certificate(pair_type):
    with pair_type(*contexts(chain="unknown.pem")) as pair:
        with pytest.raises(ssl.SSLError) as caught:
            ask(pair)
        assert caught.value.reason == "CERTIFICATE_VERIFY_FAILED"


def assert_cannot_ask(end, pair):
    """The request raises an SSLError, and the connection still works."""
    with pytest.raises(ssl.SSLError) as caught:
        end.verify_client_post_handshake()
    assert type(caught.value) is ssl.SSLError
    pair.server.write(b"x")
    pair.flush()
    assert pair.client.read(1) == b"x"


def test_client_that_did_not_offer_it(pair_type):
    with pair_type(*contexts(client_auth=False)) as pair:
        assert_cannot_ask(pair.server, pair)
        assert pair.server.getpeercert() is None


def test_clients_cannot_ask(pair_type):
    with pair_type(*contexts()) as pair:
        assert_cannot_ask(pair.client, pair)


def test_not_in_tls12(pair_type):
    client, server = contexts()
    for context in (client, server):
        context.options |= ssl.OP_NO_TLSv1_3
        context.options &= ~ssl.OP_NO_TLSv1_2
    client.options |= ssl.OP_NO_TLSv1_3
    with pair_type(client, server) as pair:
        assert pair.server.version() == "TLSv1.2"
        assert pair.server.getpeercert() is not None
        assert_cannot_ask(pair.server, pair)


def test_before_the_handshake():
    with BioPair(*contexts(), handshake=False) as pair:
        with pytest.raises(ssl.SSLError):
            pair.server.verify_client_post_handshake()


@pytest.mark.since(3, 8, "turns verification on")
def test_bpo_37428_client_that_verifies_nothing():
    client, server = contexts()
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    server.load_cert_chain(cert("unknown.pem"))
    with SocketPair(client, server) as pair:
        ask(pair)
        assert pair.server.getpeercert() is not None


# A request verifies a certificate as a handshake does

def refused(client, server):
    """The server's error after it has requested the certificate."""
    with BioPair(client, server) as pair:
        with pytest.raises(ssl.SSLError) as caught:
            ask(pair)
        return caught.value


@pytest.mark.parametrize("mode", [ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED])
def test_certificate_for_another_purpose(mode):
    """The client's certificate is only for servers."""
    client, server = contexts(chain="server-only.pem")
    server.verify_mode = mode
    assert refused(client, server).reason == "CERTIFICATE_VERIFY_FAILED"


def test_optional_client_with_untrusted_certificate():
    client, server = contexts(chain="unknown.pem")
    server.verify_mode = ssl.CERT_OPTIONAL
    assert refused(client, server).reason == "CERTIFICATE_VERIFY_FAILED"


def test_verify_flags():
    client, server = contexts(chain="revoked.pem")
    with BioPair(client, server) as pair:
        ask(pair)
    server.load_verify_locations(cert("crl.pem"))
    server.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    assert refused(client, server).reason == "CERTIFICATE_VERIFY_FAILED"
    client.load_cert_chain(cert("client.pem"))
    with BioPair(client, server) as pair:
        ask(pair)
        assert pair.server.getpeercert()


@pytest.mark.parametrize("number", [1, 2])
def test_each_request_verifies(number):
    """The second request on a connection verifies the certificate, too."""
    client, server = contexts()
    with BioPair(client, server) as pair:
        for _ in range(number):
            ask(pair)
        serial = pair.server.getpeercert()["serialNumber"]
        pair.client.context = contexts(chain="unknown.pem")[0]
        with pytest.raises(ssl.SSLError) as caught:
            ask(pair)
        assert caught.value.reason == "CERTIFICATE_VERIFY_FAILED"
        assert serial == "15"


def test_resumed_connection_verifies():
    """A session from before the request contains no certificate."""
    client, server = contexts(chain="unknown.pem")
    with BioPair(client, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"
        session = pair.client.session
    with BioPair(client, server, session=session) as pair:
        assert pair.server.getpeercert() is None
        with pytest.raises(ssl.SSLError) as caught:
            ask(pair)
        # after a resumption a client with OpenSSL 1.1.1 sends none
        assert caught.value.reason in ("CERTIFICATE_VERIFY_FAILED",
                                       "PEER_DID_NOT_RETURN_A_CERTIFICATE")


# Another context

def switching(first, other):
    """The first context, whose SNI callback sets the other context."""
    first.set_servername_callback(
        lambda connection, *_: setattr(connection, "context", other))
    return first


@pytest.mark.backport_only("stock uses the first context's settings")
def test_context_of_the_host_verifies():
    client, other = contexts(chain="revoked.pem")
    other.load_verify_locations(cert("crl.pem"))
    other.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    first = contexts()[1]
    first.verify_mode = ssl.CERT_OPTIONAL
    server = switching(first, other)
    assert refused(client, server).reason == "CERTIFICATE_VERIFY_FAILED"
    client = contexts(chain=None)[0]
    with BioPair(client, server) as pair:
        let_answer(pair)
        with pytest.raises(ssl.SSLError) as caught:
            pair.server.read(1)
        assert caught.value.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"


@pytest.mark.backport_only("stock uses the first context's settings")
def test_context_of_the_host_asks_in_the_handshake():
    """If the host's context does not allow requests after the handshake, the
    server requests the certificate in the handshake."""
    client, other = contexts(chain=None)
    other.post_handshake_auth = False
    server = switching(contexts()[1], other)
    pair = BioPair(client, server, handshake=False)
    with pytest.raises(ssl.SSLError) as caught:
        pair.finish(pair.server.do_handshake, pair.client.do_handshake)
    assert caught.value.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"


@pytest.mark.parametrize("lax", [True, False])
def test_context_after_the_handshake_changes_nothing(lax):
    client, server = contexts(chain="unknown.pem")
    other = contexts()[1]
    if lax:
        other.verify_mode = ssl.CERT_NONE
    with BioPair(client, server) as pair:
        pair.server.context = other
        with pytest.raises(ssl.SSLError) as caught:
            ask(pair)
        assert caught.value.reason == "CERTIFICATE_VERIFY_FAILED"


def test_no_request_where_the_first_context_verifies_nothing():
    client, other = contexts()
    with BioPair(client, server_context("TLSv1.3")) as pair:
        pair.server.context = other
        assert_cannot_ask(pair.server, pair)
        assert pair.server.getpeercert() is None
