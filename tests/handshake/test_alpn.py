"""ALPN, channel bindings and shared ciphers."""

import ssl

import pytest

from helpers import SocketPair, client_context, server_context

SELECTED = [
    (["h2", "http/1.1"], ["http/1.1", "h2"], "http/1.1"),
    (["h2"], ["h2"], "h2"),
    (["h2", "http/1.1"], [u"h2"], "h2"),
    (["a", "bb", "ccc"], ["ccc", "bb"], "ccc"),
    (["h2"], None, None),
    (None, ["h2"], None),
    ([], ["h2"], None),
]


# ALPN: the server's order decides

@pytest.mark.parametrize("offered, known, selected", SELECTED)
def test_alpn(pair_type, version, offered, known, selected):
    client, server = client_context(version), server_context(version)
    if offered is not None:
        client.set_alpn_protocols(offered)
    if known is not None:
        server.set_alpn_protocols(known)
    with pair_type(client, server) as pair:
        for end in (pair.client, pair.server):
            assert end.selected_alpn_protocol() == selected
            assert selected is None or (
                type(end.selected_alpn_protocol()) is str)


def test_alpn_without_common_protocol(pair_type, version):
    """No protocol is selected, and the handshake succeeds."""
    client, server = client_context(version), server_context(version)
    client.set_alpn_protocols(["spdy"])
    server.set_alpn_protocols(["h2"])
    with pair_type(client, server) as pair:
        assert pair.client.selected_alpn_protocol() is None
        assert pair.server.selected_alpn_protocol() is None


def test_alpn_set_again_replaces():
    client, server = client_context(), server_context()
    server.set_alpn_protocols(["h2", "http/1.1"])
    client.set_alpn_protocols(["h2"])
    client.set_alpn_protocols(["http/1.1"])
    with SocketPair(client, server) as pair:
        assert pair.client.selected_alpn_protocol() == "http/1.1"
    server.set_alpn_protocols(["h2"])
    with SocketPair(client, server) as pair:
        assert pair.client.selected_alpn_protocol() is None


def test_npn_is_not_there(pair):
    assert ssl.HAS_NPN is False
    assert pair.client.selected_npn_protocol() is None


# Channel bindings

def test_channel_binding(pair):
    binding = pair.client.get_channel_binding("tls-unique")
    assert type(binding) is bytes
    assert len(binding) in (12, 32, 48)
    assert pair.server.get_channel_binding("tls-unique") == binding
    assert pair.client.get_channel_binding() == binding
    assert pair.client.get_channel_binding(cb_type="tls-unique") == binding


def test_channel_bindings_are_unique(pair_type, version):
    contexts = client_context(version), server_context(version)
    found = set()
    for _ in range(3):
        with pair_type(*contexts) as pair:
            found.add(pair.client.get_channel_binding())
    assert len(found) == 3


@pytest.mark.parametrize("kind", ["unknown", "tls-server-end-point", ""])
def test_unknown_channel_binding(pair, kind):
    with pytest.raises(ValueError):
        pair.client.get_channel_binding(kind)
    assert ssl.CHANNEL_BINDING_TYPES == ["tls-unique"]


@pytest.mark.since(3, 7, "raises ValueError")
@pytest.mark.parametrize("kind", [None, 42, 1.5, ["tls-unique"]], ids=str)
def test_channel_binding_of_wrong_type(pair, kind):
    with pytest.raises(TypeError):
        pair.client.get_channel_binding(kind)


# Shared ciphers

@pytest.mark.since(3, 10, "returns a client's own list")
def test_shared_ciphers(pair_type):
    client, server = client_context("TLSv1.2"), server_context("TLSv1.2")
    client.set_ciphers("AES128:AES256")
    server.set_ciphers("AES256:eNULL")
    with pair_type(client, server) as pair:
        assert pair.client.shared_ciphers() is None
        shared = pair.server.shared_ciphers()
    assert shared
    for name, protocol, bits in shared:
        assert "AES256" in name or "AES-256" in name
        assert type(name) is str and type(protocol) is str
        assert bits == 256


@pytest.mark.since(3, 10, "returns the server's own list")
def test_gh_96931_shared_ciphers_are_the_common_ones(pair_type):
    client, server = client_context("TLSv1.2"), server_context("TLSv1.2")
    client.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256:"
                       "ECDHE-RSA-AES256-GCM-SHA384")
    server.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384:"
                       "ECDHE-RSA-CHACHA20-POLY1305")
    with pair_type(client, server) as pair:
        names = [name for name, protocol, _ in pair.server.shared_ciphers()
                 if protocol == "TLSv1.2"]
    assert names == ["ECDHE-RSA-AES256-GCM-SHA384"]


@pytest.mark.backport_only("stock returns None after a resumption")
def test_gh_96931_shared_ciphers_of_a_resumed_connection(version):
    client, server = client_context(version), server_context(version)
    with SocketPair(client, server) as pair:
        pair.server.sendall(b"x")
        assert pair.client.recv(1) == b"x"
        session = pair.client.session
        first = pair.server.shared_ciphers()
    with SocketPair(client, server, session=session) as pair:
        assert pair.server.session_reused is True
        assert pair.server.shared_ciphers() == first
