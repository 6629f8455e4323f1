"""SSLError.hint.  Each test makes the failure happen, and checks the hints of
both ends where both fail."""

import contextlib
import copy
import os
import pickle
import re
import socket
import ssl
import weakref

import pytest

from helpers import (PY2, BioPair, SocketPair, Task, cert, client_context,
                     collect, limit_version, read_cert, server_context,
                     serving)

pytestmark = pytest.mark.backport_only("stock ssl has no hints")

OLD = "ALL:@SECLEVEL=0"
ROUNDS = 8


def with_settings(context, ciphers=None, lowest=None, highest=None,
                  sigalgs=None, groups=None):
    """Change settings of the context, and return it."""
    for setting, apply in ((ciphers, context.set_ciphers),
                           (sigalgs, context.set_server_sigalgs),
                           (groups, context.set_groups)):
        if setting is not None:
            apply(setting)
    if lowest is not None:
        context.minimum_version = lowest
    if highest is not None:
        context.maximum_version = highest
    return context


def errors_of(client, server, host="localhost"):
    """[the client's, the server's SSLError] of a handshake and a read after
    it; None for an end that does not fail."""
    pair = BioPair(client, server, server_hostname=host, handshake=False)
    found = [None, None]
    for _ in range(ROUNDS):
        for i, end in enumerate((pair.client, pair.server)):
            if found[i] is None:
                try:
                    end.do_handshake()
                    end.read(1)
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as error:
                    found[i] = error
            pair.flush()
    return found


def hints_of(client, server, host="localhost"):
    """[the client's, the server's hint] of a failing handshake, checked."""
    hints = [error.hint for error in errors_of(client, server, host)]
    for hint in hints:
        check(hint)
    return hints


def check(hint):
    """Check that a hint is a native str of one or two sentences in ASCII."""
    assert type(hint) is str
    assert 1 <= len(re.findall(r"\.(?:  |$)", hint)) <= 2
    assert hint.endswith(".") and "\n" not in hint and "%(" not in hint
    assert all(" " <= character <= "~" for character in hint)
    assert "None" not in hint.split()


# Versions

@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestVersions(object):

    def test_client_too_new(self):
        client, server = hints_of(client_context("TLSv1.3"),
                                  server_context("TLSv1.2"))
        assert "(TLSv1.3)" in client
        assert "context.minimum_version = ssl.TLSVersion.TLSv1_2" in client
        assert "(TLSv1.2)" in server
        assert "context.maximum_version = " in server

    def test_client_too_old(self):
        client, server = hints_of(client_context("TLSv1.2"),
                                  server_context("TLSv1.3"))
        assert "(TLSv1.2)" in client
        assert "context.maximum_version = " in client
        assert "TLSv1.2 at most" in server
        assert "context.minimum_version = ssl.TLSVersion.TLSv1_2" in server

    def test_server_of_last_century(self):
        versions = ssl.TLSVersion
        client, server = hints_of(
            client_context(),
            with_settings(server_context(), OLD, versions.TLSv1,
                          versions.TLSv1_1))
        assert "TLSv1.2 and TLSv1.3" in client
        assert "ssl.TLSVersion.TLSv1 " in client
        assert "@SECLEVEL=0" in client
        assert "(TLSv1 and TLSv1.1)" in server

    def test_its_advice_helps(self):
        """The statements in the client's hint must make the handshake
        succeed."""
        versions = ssl.TLSVersion

        def server():
            return with_settings(server_context(), OLD, versions.TLSv1,
                                 versions.TLSv1)

        context = client_context()
        hint = errors_of(context, server())[0].hint
        advice = re.findall(
            r"context\.(?:\w+ = [\w.]+\w|set_ciphers\([^)]*\))", hint)
        assert len(advice) == 2
        for statement in advice:
            exec(statement, {"ssl": ssl, "context": context})
        with BioPair(context, server()) as pair:
            assert pair.client.version() == "TLSv1"

    def test_client_of_last_century(self):
        versions = ssl.TLSVersion
        client, server = hints_of(
            with_settings(client_context(), OLD, versions.TLSv1,
                          versions.TLSv1_1),
            server_context())
        assert "(TLSv1 and TLSv1.1)" in client
        assert "TLSv1.1 at most" in server
        assert "ssl.TLSVersion.TLSv1 " in server

    def test_security_level(self):
        """Since OpenSSL 3.0, security level 1 forbids TLS 1.1, even if
        minimum_version allows it.  Versions of OpenSSL raise different
        errors for this; each must have the hint."""
        versions = ssl.TLSVersion
        old = with_settings(client_context(), OLD, versions.TLSv1,
                            versions.TLSv1_1)
        server = with_settings(server_context(), "ALL:@SECLEVEL=1",
                               versions.TLSv1)
        error = errors_of(old, server)[1]
        if error is None:
            assert ssl.OPENSSL_VERSION_INFO < (3, 0)
        else:
            check(error.hint)
            assert "@SECLEVEL=0" in error.hint

    def test_server_that_answers_with_an_older_one(self):
        """The server answers with TLS 1.0.  The client's error must have the
        hint."""
        error = answer_of_client(server_hello(version=b"\3\1"))
        assert error.reason == "UNSUPPORTED_PROTOCOL"
        check(error.hint)
        assert "ssl.TLSVersion.TLSv1 " in error.hint

    def test_none_is_left(self):
        context = client_context()
        context.options |= (ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1 |
                            ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3)
        with pytest.raises(ssl.SSLError) as caught:
            BioPair(context)
        check(caught.value.hint)
        assert "minimum_version" in caught.value.hint


def server_hello(version):
    """The record of a ServerHello without extensions."""
    suite = b"\xc0\x2f"     # ECDHE-RSA-AES128-GCM-SHA256
    body = version + b"R" * 32 + b"\0" + suite + b"\0"
    message = b"\2\0\0" + bytes(bytearray([len(body)])) + body
    return b"\x16" + version + b"\0" + bytes(
        bytearray([len(message)])) + message


def answer_of_client(data, context=None):
    """The SSLError of a client whose server answers with this data."""
    return error_of(data, server_side=False, context=context)


def error_of(data, server_side, context=None):
    """The SSLError of an end that receives this data first; for b"", it
    receives the end of the stream."""
    incoming = ssl.MemoryBIO()
    if server_side:
        end = server_context().wrap_bio(incoming, ssl.MemoryBIO(),
                                        server_side=True)
    else:
        end = (context or client_context()).wrap_bio(
            incoming, ssl.MemoryBIO(), server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        end.do_handshake()
    incoming.write(data)
    if not data:
        incoming.write_eof()
    with pytest.raises(ssl.SSLError) as caught:
        end.do_handshake()
    return caught.value


# Ciphers, groups, signatures, keys

def test_no_shared_cipher():
    client, server = hints_of(
        with_settings(client_context("TLSv1.2"),
                      "ECDHE-RSA-AES128-GCM-SHA256"),
        with_settings(server_context(), "ECDHE-RSA-AES256-GCM-SHA384"))
    assert "cipher suite" in client and "context.set_ciphers(" in client
    assert "cipher suite" in server and "context.set_ciphers(" in server


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_cipher_at_all():
    context = with_settings(client_context("TLSv1.2"),
                            "ECDHE-RSA-AES128-GCM-SHA256")
    context.options |= ssl.OP_NO_TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.raises(ssl.SSLError) as caught:
        BioPair(context)
    assert caught.value.reason == "NO_CIPHERS_AVAILABLE"
    check(caught.value.hint)
    assert "context.set_ciphers(" in caught.value.hint


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("protocol", [
    ssl.PROTOCOL_TLSv1, ssl.PROTOCOL_TLSv1_1])
def test_no_cipher_for_old_versions(protocol):
    """The hint's statement must make the handshake succeed at once."""
    client = ssl.SSLContext(protocol)
    with pytest.raises(ssl.SSLError) as caught:
        BioPair(client)
    hint = caught.value.hint
    check(hint)
    statement = re.search(r"context\.set_ciphers\([^)]*\)", hint).group()
    exec(statement, {"context": client})
    with BioPair(client, with_settings(server_context(), OLD,
                                       ssl.TLSVersion.TLSv1)) as pair:
        assert pair.client.version() in ("TLSv1", "TLSv1.1")


def test_server_without_certificate(version):
    server = limit_version(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), version)
    hint = errors_of(client_context(version), server)[1].hint
    check(hint)
    assert "context.load_cert_chain(" in hint


def test_no_shared_group():
    hint = errors_of(with_settings(client_context("TLSv1.3"), groups="P-256"),
                     with_settings(server_context(), groups="P-384"))[1].hint
    check(hint)
    assert "context.set_groups(" in hint


def test_client_that_knows_only_sha1():
    client = with_settings(client_context("TLSv1.2"), OLD,
                           sigalgs="RSA+SHA1")
    hint = errors_of(client, server_context())[1].hint
    check(hint)
    assert "SHA-1" in hint and "@SECLEVEL=0" in hint


def test_certificate_signed_with_sha1(version):
    client = client_context(version, roots="sha1-root.pem")
    error = errors_of(client, server_with("sha1.pem", version))[0]
    check(error.hint)
    assert "SHA-1" in error.hint and "@SECLEVEL=0" in error.hint
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    with BioPair(client, server_with("sha1.pem", version)):
        pass


def server_with(chain, version=None):
    """A server context with this chain, whose signatures may be weak."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(cert(chain))
    return limit_version(context, version)


def test_certificate_with_a_small_key(version):
    client = with_settings(client_context(version), "DEFAULT:@SECLEVEL=3")
    hint = hints_of(client, server_context(version))[0]
    assert "security level 3" in hint and "localhost" in hint


def test_small_key_of_ours():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=3")
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(cert("localhost.pem"))
    assert caught.value.reason == "EE_KEY_TOO_SMALL"
    check(caught.value.hint)
    assert "2048" in caught.value.hint and "SECLEVEL" in caught.value.hint


@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO >= (4, 0),
                    reason="OpenSSL 4.0 loads such a certificate")
def test_sha1_certificate_of_ours():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(cert("sha1.pem"))
    assert caught.value.reason == "CA_MD_TOO_WEAK"
    check(caught.value.hint)
    assert "@SECLEVEL=0" in caught.value.hint


def test_key_of_another_certificate():
    with pytest.raises(ssl.SSLError) as caught:
        server_context().load_cert_chain(cert("localhost-ec.pem"),
                                         cert("other-key.pem"))
    check(caught.value.hint)
    assert "private key" in caught.value.hint


def test_key_of_another_type():
    with pytest.raises(ssl.SSLError) as caught:
        server_context().load_cert_chain(cert("localhost.pem"),
                                         cert("other-key.pem"))
    assert caught.value.reason == "KEY_TYPE_MISMATCH"
    check(caught.value.hint)
    assert "private key" in caught.value.hint


def test_small_dh_key():
    # without a group of RFC 7919, which OpenSSL 4.0 would use
    client = with_settings(client_context("TLSv1.2"), "DHE:@SECLEVEL=3",
                           groups="X25519")
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    server = with_settings(server_context("TLSv1.2"), "DHE")
    server.load_dh_params(cert("dh2048.pem"))
    error = errors_of(client, server)[0]
    assert error.reason == "DH_KEY_TOO_SMALL"
    check(error.hint)
    assert "security level" in error.hint and "ECDHE+AESGCM" in error.hint


def test_small_dh_parameters_of_ours():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=3")
    with pytest.raises(ssl.SSLError) as caught:
        context.load_dh_params(cert("dh2048.pem"))
    assert caught.value.reason == "DH_KEY_TOO_SMALL"
    check(caught.value.hint)


def test_unsafe_renegotiation():
    """The server does not send the extension for secure renegotiation."""
    error = answer_of_client(server_hello(version=b"\3\3"),
                             client_context("TLSv1.2"))
    if ssl.OPENSSL_VERSION_INFO >= (3, 0):
        assert error.reason == "UNSAFE_LEGACY_RENEGOTIATION_DISABLED"
        check(error.hint)
        assert ("context.options |= ssl.OP_LEGACY_SERVER_CONNECT"
                in error.hint)


# Plain text, and nothing

@pytest.mark.parametrize("data", [
    b"HTTP/1.1 400 Bad Request\r\n\r\n", b"<html></html>",
    b"220 mail.example.test ESMTP\r\n", b"SSH-2.0-OpenSSH_9\r\n"])
def test_server_without_tls(data):
    hint = answer_of_client(data).hint
    check(hint)
    assert "http://" in hint and "STARTTLS" in hint


@pytest.mark.parametrize("data, word", [
    (b"GET / HTTP/1.1\r\n\r\n", "https://"),
    (b"CONNECT x:443 HTTP/1.1\r\n\r\n", "proxy"),
    (b"EHLO client.example.test\r\n", "plain text")])
def test_client_without_tls(data, word):
    hint = error_of(data, server_side=True).hint
    check(hint)
    assert word in hint


@pytest.mark.parametrize("server_side", [False, True])
def test_end_in_the_handshake(server_side):
    error = error_of(b"", server_side)
    assert type(error) is ssl.SSLEOFError
    check(error.hint)
    assert ("server" if not server_side else "client") in error.hint


def test_end_in_the_handshake_of_a_socket():
    def hang_up(sock):
        assert sock.recv(65536)

    with serving(hang_up) as address:
        with contextlib.closing(socket.create_connection(address)) as sock:
            with pytest.raises(ssl.SSLEOFError) as caught:
                client_context().wrap_socket(sock,
                                             server_hostname="localhost")
    check(caught.value.hint)
    assert "firewall" in caught.value.hint


def test_end_after_the_handshake(version):
    """An end of the stream after the handshake has no known cause: there must
    be no hint."""
    with BioPair(version=version) as pair:
        pair.client_in.write_eof()
        with pytest.raises(ssl.SSLEOFError) as caught:
            pair.client.read(1)
    assert caught.value.hint is None


# Names and client certificates

@pytest.mark.parametrize("host, word", [
    ("localhost", '"localhost"'), ("127.0.0.1", "127.0.0.1"),
    (None, "server_hostname")])
def test_unrecognized_name(version, host, word):
    server = server_context(version)
    server.sni_callback = (
        lambda *arguments: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
    client = client_context(version)
    client.check_hostname = False
    hint = errors_of(client, server, host)[0].hint
    check(hint)
    assert word in hint and "server_hostname" in hint


def test_refusal_of_a_client_that_named_no_host():
    server = server_context()
    server.sni_callback = (
        lambda *arguments: ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE)
    client = client_context()
    client.check_hostname = False
    hint = errors_of(client, server, None)[0].hint
    check(hint)
    assert "server_hostname" in hint


def demanding_server(version):
    server = server_context(version)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(cert("root.pem"))
    return server


def test_client_certificate_wanted(version):
    client, server = hints_of(client_context(version),
                              demanding_server(version))
    assert "client certificate" in client
    assert "context.load_cert_chain(" in client
    assert "CERT_REQUIRED" in server


def test_client_certificate_of_an_unknown_issuer(version):
    context = client_context(version)
    context.load_cert_chain(cert("unknown.pem"))
    client, server = hints_of(context, demanding_server(version))
    assert "certificate of this client" in client
    assert "The client's certificate" in server
    assert "Backport Test Unknown Root" in server
    assert cert("root.pem") in server


# Certificates

def refusal(chain, host="localhost", **options):
    """[the client's, the server's hint] when the client refuses the server's
    chain."""
    return hints_of(client_context(**options), server_context(chain=chain),
                    host)


def test_expired():
    client, server = refusal("expired.pem")
    assert "Jan  1 00:00:00 2019 GMT" in client
    assert "GMT.  Renew" in client and "clock" in client
    assert "expired" in server


def test_not_yet_valid():
    client, _ = refusal("not-yet-valid.pem")
    assert "Jan  1 00:00:00 2098 GMT" in client and "set the clock" in client


def test_self_signed():
    client, server = refusal("self-signed.pem")
    assert "self-signed" in client and cert("root.pem") in client
    assert 'context.load_verify_locations("server.pem")' in client
    assert "issuer" in server


def test_unknown_issuer_and_incomplete_chain():
    client, _ = refusal("chain-incomplete.pem")
    assert '"Backport Test Intermediate"' in client
    assert "intermediate one" in client
    assert cert("root.pem") in client


def test_unknown_root_in_the_chain(tmpdir):
    path = str(tmpdir.join("chain.pem"))
    with open(path, "w") as stream:
        stream.write(str(read_cert("unknown.pem")))
        stream.write(str(read_cert("unknown-root.pem")))
    client, _ = refusal(path)
    assert '"Backport Test Unknown Root"' in client
    assert "root" in client and cert("root.pem") in client


def test_no_trust():
    client, _ = refusal("localhost.pem", roots=None)
    assert "context.load_default_certs()" in client


@pytest.mark.parametrize("load, places", [
    ({"capath": cert("capath")}, [cert("capath")]),
    ({"cadata": read_cert("root.pem")}, ["cadata"]),
    ({"cafile": cert("root.pem"), "capath": cert("capath"),
      "cadata": read_cert("root.pem")},
     [cert("root.pem"), cert("capath"), "cadata"])])
def test_places(load, places):
    client = client_context(roots=None)
    for _ in range(2):
        client.load_verify_locations(**load)
    hint = hints_of(client, server_context(chain="unknown.pem"))[0]
    for place in places:
        assert len(re.findall(re.escape(place) + r"(?=[,.] )", hint)) == 1


def test_places_of_the_system(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", cert("root.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", cert("capath"))
    hint = hints_of(ssl.create_default_context(),
                    server_context(chain="unknown.pem"))[0]
    assert cert("root.pem") in hint and cert("capath") in hint


def test_places_that_could_not_be_loaded():
    client = client_context()
    with pytest.raises(ssl.SSLError):
        client.load_verify_locations(cert("junk.pem"))
    hint = hints_of(client, server_context(chain="unknown.pem"))[0]
    assert cert("junk.pem") not in hint


@pytest.mark.parametrize("chain, host, names", [
    ("host-other.pem", "localhost", "other.example.test"),
    ("localhost.pem", "127.0.0.9", "localhost, 127.0.0.1, "),
    ("host-cn-only.pem", "localhost", "no host")])
def test_other_host(chain, host, names):
    context = client_context()
    context.hostname_checks_common_name = False
    hint = hints_of(context, server_context(chain=chain), host)[0]
    assert '"%s"' % host in hint and names in hint


def test_names_that_are_no_names():
    """A hint must escape control characters of names in certificates."""
    hint = refusal("host-nul-san.pem")[0]
    assert "localhost\\x00.evil.example.test" in hint


@pytest.mark.parametrize("chain, purpose", [("client.pem", "server")])
def test_wrong_purpose(chain, purpose):
    client, server = refusal(chain)
    assert "TLS " + purpose in client and "usage" in client
    assert "usage" in server


def test_client_certificate_for_servers(version):
    context = client_context(version)
    context.load_cert_chain(cert("server-only.pem"))
    hint = hints_of(context, demanding_server(version))[1]
    assert "TLS client" in hint


@pytest.mark.parametrize("chain, name", [
    ("distrusted.pem", '"localhost"'),
    ("distrusted-chain.pem", '"Backport Test Distrusted"')])
def test_distrusted(chain, name):
    hint = refusal(chain, roots="distrusted-root.pem")[0]
    assert name in hint and "trust" in hint


def test_revoked():
    client = client_context()
    client.load_verify_locations(cert("crl.pem"))
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    hint = hints_of(client, server_context(chain="revoked.pem"))[0]
    assert "revoked" in hint


def test_no_revocation_list():
    client = client_context()
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    hint = hints_of(client, server_context())[0]
    assert "VERIFY_CRL_CHECK_LEAF" in hint and "Backport Test Root" in hint


def test_intermediate_that_is_trusted_alone():
    client = client_context(roots="intermediate.pem")
    hint = hints_of(client, server_context(chain="chain.pem"))[0]
    assert "VERIFY_X509_PARTIAL_CHAIN" in hint
    assert '"Backport Test Root"' in hint


def test_refusal_by_the_verify_callback():
    client = client_context()
    client.verify_callback = (
        lambda connection, certificate, error, depth, ok: ok and depth > 0)
    hint = hints_of(client, server_context())[0]
    assert "verify_callback" in hint and '"localhost"' in hint


def test_refusal_by_the_ocsp_callback():
    client = client_context()
    client.ocsp_callback = lambda connection, response: False
    error = errors_of(client, server_context())[0]
    assert error.reason == "INVALID_STATUS_RESPONSE"
    check(error.hint)
    assert "ocsp_callback" in error.hint


def test_strict_rules():
    client = client_context(roots="capath-namesakes/%s" % sorted(
        os.listdir(cert("capath-namesakes")))[0])
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    error = errors_of(client, server_context(chain="namesake.pem"))[0]
    if ssl.OPENSSL_VERSION_INFO >= (3, 0):
        check(error.hint)
        assert "VERIFY_X509_STRICT" in error.hint


def test_peer_that_is_not_verified():
    """A client with CERT_NONE ignores that the verification failed.  A later
    error must not have a hint about the certificate."""
    client = client_context(roots=None)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    with BioPair(client) as pair:
        pair.client_in.write(b"\x17\3\3\0\1x")
        with pytest.raises(ssl.SSLError) as caught:
            pair.client.read(1)
    assert caught.value.hint is None


# The attribute

ALL = ["SSLError", "SSLZeroReturnError", "SSLWantReadError",
       "SSLWantWriteError", "SSLSyscallError", "SSLEOFError",
       "SSLCertVerificationError"]


@pytest.mark.parametrize("name", ALL)
def test_errors_made_by_hand_have_none(name):
    assert getattr(ssl, name)(1, "text").hint is None


def test_without_facts():
    """An error without the facts of the failure must have no hint: other code
    can make such an error."""
    for error in errors_with_hints():
        vars(error).clear()
        assert error.hint is None
        error.library, error.reason = "SSL", "UNSUPPORTED_PROTOCOL"
        assert error.hint is None


def test_errors_that_are_no_failures_have_none():
    with pytest.raises(ssl.SSLWantReadError) as caught:
        BioPair(handshake=False).client.do_handshake()
    assert caught.value.hint is None
    assert sorted(vars(caught.value)) == ["library", "reason"]


def test_it_cannot_be_set():
    error = ssl.SSLError(1, "text")
    with pytest.raises(AttributeError):
        error.hint = "text"
    with pytest.raises(AttributeError):
        del error.hint


def errors_with_hints():
    return [errors_of(client_context(), server_context(chain="unknown.pem"))
            [0], error_of(b"GET / HTTP/1.0\r\n\r\n", server_side=True),
            error_of(b"", server_side=False)]


def test_text_and_arguments_stay():
    for error in errors_with_hints():
        assert error.args == (error.errno, str(error))
        assert error.strerror == str(error)
        assert re.search(r"\(_ssl\.c:\d+\)$", str(error))
        assert error.hint not in str(error)
        before = str(error), repr(error), error.args
        error.hint
        assert (str(error), repr(error), error.args) == before


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(protocol):
    for error in errors_with_hints():
        for again in (pickle.loads(pickle.dumps(error, protocol)),
                      copy.copy(error), copy.deepcopy(error)):
            assert type(again) is type(error)
            assert (str(again), again.args) == (str(error), error.args)
            assert again.hint == error.hint != None  # noqa: E711


def test_sockets(version):
    """An error of a socket must have a hint, too."""
    client = client_context(version)
    with SocketPair(client, server_context(version, "unknown.pem"),
                    handshake=False) as pair:
        with Task(pair.server.do_handshake) as task:
            with pytest.raises(ssl.SSLCertVerificationError) as caught:
                pair.client.do_handshake()
            pair.client.close()
            task.error()
    assert cert("root.pem") in caught.value.hint


def test_contexts_are_not_kept_alive():
    context = client_context()
    error = errors_of(context, server_context(chain="unknown.pem"))[0]
    watch = weakref.ref(context)
    if not PY2:
        error.__traceback__ = None      # its frames refer to the context
    del context
    collect()
    assert watch() is None
    assert cert("root.pem") in error.hint
