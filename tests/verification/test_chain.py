"""Certificate chains, and the low-level class Certificate."""

import ssl

import pytest

from helpers import (BioPair, SocketPair, Task, cert, client_context,
                     limit_version, read_cert, server_context)

_ssl = ssl._ssl

pytestmark = pytest.mark.since(3, 13, "has no get_verified_chain()")


def der(*names):
    """The first certificates of files in tests/certs, as DER."""
    footer = ssl.PEM_FOOTER
    texts = [read_cert(name) for name in names]
    return [ssl.PEM_cert_to_DER_cert(str(
        text[text.index(ssl.PEM_HEADER):text.index(footer) + len(footer)]))
        for text in texts]


def chained(version=None, **options):
    return server_context(version, chain="chain.pem", **options)


def test_chains_of_a_server(pair_type, version):
    with pair_type(client_context(version), chained(version)) as pair:
        sent = der("chain.pem", "intermediate.pem")
        assert pair.client.get_unverified_chain() == sent
        assert (pair.client.get_verified_chain()
                == sent + der("root.pem"))


def test_chains_of_a_client(pair_type, version):
    client, server = client_context(version), chained(version)
    client.load_cert_chain(cert("client.pem"))
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(cert("root.pem"))
    with pair_type(client, server) as pair:
        if pair_type is BioPair:
            pair.finish(lambda: pair.server.pending() and None)
        leaf = der("client.pem")[0]
        assert pair.server.get_unverified_chain()[0] == leaf
        assert (pair.server.get_verified_chain()
                == [leaf] + der("root.pem"))


def test_no_certificate_no_chain(pair_type, version):
    with pair_type(version=version) as pair:
        assert pair.server.get_unverified_chain() == []
        assert pair.server.get_verified_chain() == []


def test_before_the_handshake(pair_type):
    with pair_type(handshake=False) as pair:
        assert pair.client.get_unverified_chain() == []
        assert pair.client.get_verified_chain() == []


@pytest.mark.backport_only("stock raises AttributeError (gh-155327)")
@pytest.mark.parametrize("name", ["unwrap", "close"])
def test_gh_155327_after_the_end(version, name):
    """After unwrap() or close() an SSLSocket has no TLS and no chain."""
    with SocketPair(version=version) as pair:
        if name == "unwrap":
            with Task(pair.server.unwrap):
                pair.client.unwrap()
        else:
            pair.client.close()
        with pytest.raises(ValueError):
            pair.client.get_verified_chain()
        with pytest.raises(ValueError):
            pair.client.get_unverified_chain()


@pytest.mark.backport_only("stock has no close(), which eventlet calls")
@pytest.mark.parametrize("name", ["unwrap", "close"])
def test_gh_155327_after_the_end_over_bios(version, name):
    """An SSLObject still has its chain."""
    with BioPair(version=version) as pair:
        if name == "unwrap":
            pair.finish(pair.client.unwrap, pair.server.unwrap)
        else:
            pair.client.close()
        sent = der("localhost.pem")
        assert pair.client.get_unverified_chain() == sent
        assert pair.client.get_verified_chain() == sent + der("root.pem")


@pytest.fixture
def certificates():
    with BioPair(client_context(), chained()) as pair:
        yield pair.client._sslobj.get_verified_chain()


def test_certificate_in_bytes(certificates):
    for certificate, expected in zip(certificates, der(
            "chain.pem", "intermediate.pem", "root.pem")):
        assert certificate.public_bytes(_ssl.ENCODING_DER) == expected
        text = certificate.public_bytes()
        assert text == certificate.public_bytes(format=_ssl.ENCODING_PEM)
        assert isinstance(text, str)
        assert ssl.PEM_cert_to_DER_cert(text) == expected
    with pytest.raises(ValueError):
        certificates[0].public_bytes(77)


def test_certificate_as_dict(certificates):
    assert certificates[0].get_info() == _ssl._test_decode_cert(
        cert("chain.pem"))


def test_certificate_comparison(certificates):
    leaf, intermediate, _ = certificates
    with BioPair(client_context(), chained()) as pair:
        again = pair.client._sslobj.get_unverified_chain()[0]
    assert leaf == again and hash(leaf) == hash(again)
    assert leaf != intermediate and not leaf == intermediate
    assert leaf != "leaf"


def test_certificate_representation(certificates):
    assert "CN=localhost" in repr(certificates[0])


def test_certificate_is_not_made_by_hand():
    with pytest.raises(TypeError):
        _ssl.Certificate()


@pytest.mark.parametrize("limit", ["TLSv1.2", "TLSv1.3"])
def test_certificates_outlive_the_connection(limit):
    pair = BioPair(client_context(limit), limit_version(chained(), limit))
    leaf = pair.client._sslobj.get_unverified_chain()[0]
    del pair
    assert leaf.get_info()["version"] == 3
