"""Post-handshake authentication of TLS 1.3."""

import ssl

import pytest

from helpers import (BioPair, SocketPair, cert, client_context,
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


def let_answer(pair):
    """The request, and the client's answer on its way, before a byte y."""
    pair.server.verify_client_post_handshake()
    pair.server.write(b"x")
    pair.flush()
    assert pair.client.read(1) == b"x"
    pair.client.write(b"y")
    pair.flush()


def ask(pair):
    """The request, the client's answer and some data both ways."""
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
    """That is said at once, and the connection goes on."""
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


@pytest.mark.since(3, 8, "switched verification on")
def test_bpo_37428_client_that_verifies_nothing():
    client, server = contexts()
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    server.load_cert_chain(cert("unknown.pem"))
    with SocketPair(client, server) as pair:
        ask(pair)
        assert pair.server.getpeercert() is not None
