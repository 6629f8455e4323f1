"""minimum_version and maximum_version: the values they accept, and the
versions that handshakes then agree on.

test_context.py has the basic tests of both attributes.
"""

import ssl

import pytest

from helpers import (BioPair, client_context, limit_version, server_context)

pytestmark = pytest.mark.since(3, 7, "has no version bounds")
BOUNDS = ["minimum_version", "maximum_version"]
VERSIONS = ["TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"]
OLD = ["TLSv1", "TLSv1_1"]


def bounded(context, lowest=None, highest=None):
    """The context, with bounds that are names of TLSVersion or None."""
    if lowest is not None:
        context.minimum_version = getattr(ssl.TLSVersion, lowest)
    if highest is not None:
        context.maximum_version = getattr(ssl.TLSVersion, highest)
    return context


def failure(client, server):
    """The reasons of both errors: (the client's, the server's)."""
    with BioPair(client, server, handshake=False) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        pair.flush()
        with pytest.raises(ssl.SSLError) as server_error:
            pair.server.do_handshake()
        pair.flush()
        with pytest.raises(ssl.SSLError) as client_error:
            pair.client.do_handshake()
    return client_error.value.reason, server_error.value.reason


# Settings

@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_members_and_numbers(bound, version):
    member = getattr(ssl.TLSVersion, version)
    for value in member, int(member):
        context = client_context()
        setattr(context, bound, value)
        assert getattr(context, bound) is member


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.since(3, 10, "accepts 0, which means no bound in OpenSSL")
@pytest.mark.parametrize("value", [0, 1, -3, 0x2ff, 0x305, 0x7f1c, 1 << 40])
def test_number_of_no_version(bound, value):
    context = bounded(client_context(), "TLSv1_2", "TLSv1_2")
    with pytest.raises((ValueError, OverflowError)):
        setattr(context, bound, value)
    assert getattr(context, bound) is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("value", [None, "TLSv1_2", 1.5, object()])
def test_wrong_type(bound, value):
    context = bounded(client_context(), "TLSv1_2", "TLSv1_2")
    with pytest.raises(TypeError):
        setattr(context, bound, value)
    assert getattr(context, bound) is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("protocol", [
    "PROTOCOL_TLSv1", "PROTOCOL_TLSv1_1", "PROTOCOL_TLSv1_2"])
@pytest.mark.parametrize("bound", BOUNDS)
def test_fixed_protocols(protocol, bound):
    context = ssl.SSLContext(getattr(ssl, protocol))
    before = getattr(context, bound)
    assert isinstance(before, ssl.TLSVersion)
    with pytest.raises(ValueError):
        setattr(context, bound, ssl.TLSVersion.TLSv1_2)
    assert getattr(context, bound) is before


def test_options_and_bounds_are_two_things():
    context = bounded(client_context(), "TLSv1_2", "TLSv1_3")
    options = context.options
    context.options |= ssl.OP_NO_TLSv1_3
    assert context.maximum_version is ssl.TLSVersion.TLSv1_3
    bounded(context, "TLSv1_2", "TLSv1_2")
    context.options &= ~ssl.OP_NO_TLSv1_3
    assert context.options == options


def test_bounds_the_wrong_way_round():
    """Bounds that exclude each other can be set in either order.  The
    handshake then fails."""
    context = bounded(client_context(), "TLSv1_3", "TLSv1_2")
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.maximum_version is ssl.TLSVersion.TLSv1_2
    with BioPair(context, handshake=False) as pair:
        with pytest.raises(ssl.SSLError) as caught:
            pair.client.do_handshake()
        assert type(caught.value) is ssl.SSLError


# Handshakes

@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("bound, version, spoken", [
    (0, "TLSv1_2", "TLSv1.3"), (0, "TLSv1_3", "TLSv1.3"),
    (1, "TLSv1_2", "TLSv1.2"), (1, "TLSv1_3", "TLSv1.3"),
    (0, "MINIMUM_SUPPORTED", "TLSv1.3"), (0, "MAXIMUM_SUPPORTED", "TLSv1.3"),
    (1, "MAXIMUM_SUPPORTED", "TLSv1.3")])
def test_one_bound_of_one_side(pair_type, side, bound, version, spoken):
    contexts = client_context(), server_context()
    setattr(contexts[side], BOUNDS[bound], getattr(ssl.TLSVersion, version))
    with pair_type(*contexts) as pair:
        assert pair.client.version() == pair.server.version() == spoken


@pytest.mark.parametrize("lowest, highest", [
    ("TLSv1_2", "TLSv1_2"), ("TLSv1_3", "TLSv1_3")])
def test_no_common_version(lowest, highest):
    other = {"TLSv1_2": "TLSv1_3", "TLSv1_3": "TLSv1_2"}[lowest]
    assert failure(bounded(client_context(), lowest, highest),
                   bounded(server_context(), other, other)) == (
        "TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL")


def old_contexts(version):
    """A client and a server that allow an old version."""
    return (bounded(client_context(), "MINIMUM_SUPPORTED", version),
            bounded(server_context(), "MINIMUM_SUPPORTED"))


@pytest.mark.parametrize("version", OLD)
def test_old_versions_at_a_low_security_level(version):
    """A program can enable TLS 1.0 and 1.1."""
    contexts = old_contexts(version)
    for context in contexts:
        context.set_ciphers("ALL:@SECLEVEL=0")
    with BioPair(*contexts) as pair:
        assert pair.client.version() == version.replace("_", ".")


@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO < (3,),
                    reason="OpenSSL 1.1.1 allows TLS 1.0 and 1.1 at level 1")
@pytest.mark.parametrize("version", OLD)
def test_old_versions_at_the_default_security_level(version):
    with pytest.raises(ssl.SSLError):
        BioPair(*old_contexts(version))


def test_options_narrow_the_bounds():
    client = bounded(client_context(), "TLSv1_2", "TLSv1_3")
    with BioPair(limit_version(client, "TLSv1.2")) as pair:
        assert pair.client.version() == "TLSv1.2"


def test_bounds_of_the_context_that_a_name_chose():
    """The bounds of a context that the SNI callback sets change nothing:
    OpenSSL has chosen the version before."""
    def switch(connection, name, context):
        connection.context = other

    other = bounded(server_context(), "TLSv1_2", "TLSv1_2")
    server = server_context()
    server.sni_callback = switch
    with BioPair(server=server) as pair:
        assert pair.server.context is other
        assert pair.client.version() == "TLSv1.3"


def test_connections_keep_the_bounds_they_were_made_with():
    client = client_context()
    with BioPair(client, handshake=False) as pair:
        bounded(client, "TLSv1_2", "TLSv1_2")
        pair.handshake()
        assert pair.client.version() == "TLSv1.3"
