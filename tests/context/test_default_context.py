"""Settings of create_default_context() and _create_unverified_context().

Some depend on the host's Python version, others on the environment.
"""

import os
import ssl

import pytest

from helpers import HOST_VERSION, BioPair, server_context

MAKERS = [ssl.create_default_context, ssl._create_unverified_context]
PURPOSES = list(ssl.Purpose)


@pytest.mark.since(3, 10, "leaves the minimum to OpenSSL")
@pytest.mark.parametrize("purpose", PURPOSES)
def test_tls12_at_least(purpose):
    context = ssl.create_default_context(purpose)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.maximum_version is ssl.TLSVersion.MAXIMUM_SUPPORTED


@pytest.mark.since(3, 13, "does not set the flag")
@pytest.mark.parametrize("purpose", PURPOSES)
def test_partial_chains(purpose):
    flags = ssl.create_default_context(purpose).verify_flags
    assert flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert flags & ssl.VERIFY_X509_TRUSTED_FIRST


@pytest.mark.parametrize("purpose", PURPOSES)
def test_gh_107361_strict_where_the_host_is(purpose):
    flags = ssl.create_default_context(purpose).verify_flags
    assert bool(flags & ssl.VERIFY_X509_STRICT) is (HOST_VERSION >= (3, 13))


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("purpose, one_sided", [
    (ssl.Purpose.SERVER_AUTH, ssl.PROTOCOL_TLS_CLIENT),
    (ssl.Purpose.CLIENT_AUTH, ssl.PROTOCOL_TLS_SERVER)])
def test_protocol_where_the_host_has_it(make, purpose, one_sided):
    expected = one_sided if HOST_VERSION >= (3, 10) else ssl.PROTOCOL_TLS
    assert make(purpose=purpose).protocol is expected


@pytest.mark.since(3, 7, "keeps CERT_REQUIRED")
def test_protocol_that_is_asked_for():
    context = ssl._create_unverified_context(ssl.PROTOCOL_TLS_CLIENT)
    assert context.protocol is ssl.PROTOCOL_TLS_CLIENT
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


# SSLKEYLOGFILE

keylog = pytest.mark.since(3, 8, "ignores SSLKEYLOGFILE")


@keylog
@pytest.mark.parametrize("make", MAKERS)
def test_no_key_log_unless_asked_for(make, monkeypatch):
    monkeypatch.delenv("SSLKEYLOGFILE", raising=False)
    assert make().keylog_filename is None
    monkeypatch.setenv("SSLKEYLOGFILE", "")
    assert make().keylog_filename is None


@keylog
@pytest.mark.parametrize("make", MAKERS)
def test_key_log_of_the_environment(make, monkeypatch, tmpdir):
    path = tmpdir.join("keys")
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    context = make()
    assert context.keylog_filename == str(path)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with BioPair(client=context, server=server_context()):
        pass
    assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in path.read()


@pytest.mark.backport_only("stock raises an error")
@keylog
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("path", ["none/keys", "/dev/full"])
def test_key_log_that_cannot_be_written(make, monkeypatch, tmpdir, path):
    """If the key log cannot be opened or written, the program gets a
    warning and a context without key log."""
    monkeypatch.setenv("SSLKEYLOGFILE", os.path.join(str(tmpdir), path))
    with pytest.warns(RuntimeWarning):
        context = make()
    assert context.keylog_filename is None


def test_plain_context_logs_nothing(monkeypatch, tmpdir):
    path = tmpdir.join("keys")
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert not path.check()


@pytest.mark.since(3, 10, "has ciphers without forward secrecy")
@pytest.mark.parametrize("purpose", list(ssl.Purpose))
def test_every_cipher_has_forward_secrecy(purpose):
    for cipher in ssl.create_default_context(purpose).get_ciphers():
        assert cipher["name"].startswith(("TLS_", "ECDHE-", "DHE-"))
        assert not cipher["name"].endswith("-SHA")
