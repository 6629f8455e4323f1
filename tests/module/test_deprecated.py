"""DeprecationWarning: one for each call, only on hosts whose own ssl warns
(3.10 and later).
"""

import socket
import ssl
import warnings

import pytest

from helpers import HOST_VERSION, BioPair, client_context

CERTIFICATE = {"subjectAltName": (("DNS", "localhost"),)}
warns = pytest.mark.skipif(
    HOST_VERSION < (3, 10), reason="before 3.10 ssl gives no warnings")


def messages(call, *args):
    """The messages of a call's DeprecationWarnings, which must name this
    file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(*args)
    caught = [warning for warning in caught
              if warning.category is DeprecationWarning]
    for warning in caught:
        assert warning.filename.rpartition(".")[0] == (
            __file__.rpartition(".")[0])
    return [str(warning.message) for warning in caught]


def forbid_tls10(context):
    context.options |= ssl.OP_NO_TLSv1


def set_minimum(context):
    context.minimum_version = ssl.TLSVersion.TLSv1


def set_maximum(context):
    context.maximum_version = ssl.TLSVersion.TLSv1_1


def in_pair(method):
    with BioPair() as pair:
        return messages(getattr(pair.client, method))


@warns
def test_contexts():
    text, = messages(ssl.SSLContext, ssl.PROTOCOL_TLS)
    assert text == "ssl.PROTOCOL_TLS is deprecated"
    text, = messages(ssl.SSLContext, int(ssl.PROTOCOL_TLSv1_2))
    assert text == "ssl.PROTOCOL_TLSv1_2 is deprecated"


@warns
@pytest.mark.backport_only("stock warns twice")
def test_context_without_protocol():
    text, = messages(ssl.SSLContext)
    assert "without protocol" in text


@warns
def test_options():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    text, = messages(forbid_tls10, context)
    assert "OP_NO_TLS" in text
    assert messages(forbid_tls10, context) == []


@warns
@pytest.mark.parametrize("change, name", [
    (set_minimum, "ssl.TLSVersion.TLSv1 "),
    (set_maximum, "ssl.TLSVersion.TLSv1_1 ")])
def test_old_versions(change, name):
    text, = messages(change, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    assert text.startswith(name)


@warns
@pytest.mark.until(3, 12, "the functions were removed")
def test_functions():
    assert len(messages(ssl.match_hostname, CERTIFICATE, "localhost")) == 1
    assert len(messages(ssl.RAND_pseudo_bytes, 1)) == 1


@warns
@pytest.mark.backport_only("stock 3.10 also warns of the default protocol")
def test_wrap_socket():
    sock = socket.socket()
    try:
        text, = messages(wrap_and_close, sock)
    finally:
        sock.close()
    assert "wrap_socket" in text


def wrap_and_close(sock):
    ssl.wrap_socket(sock).close()


@warns
def test_npn():
    assert in_pair("selected_npn_protocol") == [
        "ssl NPN is deprecated, use ALPN instead"]


@pytest.mark.skipif(HOST_VERSION >= (3, 10),
                    reason="from 3.10 on ssl gives warnings")
@pytest.mark.parametrize("call", [
    lambda: ssl.SSLContext(), lambda: ssl.SSLContext(ssl.PROTOCOL_TLSv1_2),
    lambda: forbid_tls10(client_context()),
    lambda: ssl.match_hostname(CERTIFICATE, "localhost"),
    lambda: ssl.RAND_pseudo_bytes(1),
    lambda: wrap_and_close(socket.socket())])
def test_older_hosts_are_silent(call):
    assert messages(call) == []


@pytest.mark.since(3, 7, "has no TLSVersion")
def test_nothing_new_warns():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert messages(ssl.create_default_context) == []
    assert messages(ssl._create_unverified_context) == []
    assert messages(ssl.SSLContext, ssl.PROTOCOL_TLS_SERVER) == []
    assert messages(setattr, context, "minimum_version",
                    ssl.TLSVersion.TLSv1_2) == []
