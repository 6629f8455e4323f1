"""SSLContext.verify_callback: its arguments, results and exceptions."""

import ssl

import pytest

from helpers import (BioPair, SocketPair, Task, cert, client_context, collect,
                     let_answer, read_cert, server_context)
from verdicts import (APPLICATION, EXPIRED, MODES, NO_ISSUER,
                      NO_LEAF_SIGNATURE, OTHER_ADDRESS, OTHER_HOST, REJECTED,
                      SELF_SIGNED, Recorder, Wrong, accepts,
                      client_that_shows, client_with, fails, passes, refusal,
                      refuses, server_asks, server_with, talk)

pytestmark = pytest.mark.backport_only("stock has no verify_callback")


# The attribute

def test_attribute():
    for context in (client_context(), server_context(),
                    ssl.SSLContext(ssl.PROTOCOL_TLS)):
        assert context.verify_callback is None
        context.verify_callback = passes
        assert context.verify_callback is passes
        context.verify_callback = None
        assert context.verify_callback is None


@pytest.mark.parametrize("value", [42, "", object(), (), True])
def test_wrong_type_keeps_the_old_one(value):
    context = client_with(passes)
    with pytest.raises(TypeError) as caught:
        context.verify_callback = value
    assert "verify_callback" in str(caught.value)
    assert context.verify_callback is passes


def test_no_deletion():
    context = client_with(passes)
    with pytest.raises(AttributeError):
        del context.verify_callback
    assert context.verify_callback is passes


# Arguments

def test_arguments(pair_type, version):
    seen = []

    def callback(*arguments):
        seen.append(arguments)
        return arguments[-1]

    client = client_with(callback, version)
    with pair_type(client, server_context(version)) as pair:
        assert [step[2:] for step in seen] == [(0, 1, True), (0, 0, True)]
        for connection, certificate, error, depth, ok in seen:
            assert connection is pair.client
            assert type(certificate) is ssl._ssl.Certificate
            assert type(error) is type(depth) is int
            assert type(ok) is bool
        assert seen[0][1].public_bytes() == read_cert("root.pem")
        assert seen[1][1].get_info() == pair.client.getpeercert()
        talk(pair)
        del seen[:], connection


def test_certificates_outlive_the_connection():
    kept = []

    def callback(connection, certificate, error, depth, ok):
        kept.append(certificate)
        return ok

    BioPair(client_with(callback), server_context())
    collect()
    assert kept[1].get_info()["serialNumber"] == "0A"


def test_longer_chain(version):
    recorder = Recorder()
    client = client_with(recorder, version)
    with BioPair(client, server_context(version, "chain.pem")) as pair:
        assert recorder.steps == [(0, 2, True), (0, 1, True), (0, 0, True)]
        assert len(pair.client.get_verified_chain()) == 3


@pytest.mark.parametrize("chain, steps", [
    ("self-signed.pem", [(SELF_SIGNED, 0, False)]),
    ("unknown.pem", [(NO_ISSUER, 0, False)]),
    ("chain-incomplete.pem", [(NO_ISSUER, 0, False)]),
    ("expired.pem", [(0, 1, True), (EXPIRED, 0, False)]),
    ("host-other.pem", [(OTHER_HOST, 0, False)])])
def test_error_that_is_let_be(version, pair_type, chain, steps):
    """If the callback accepts no error, the handshake fails with the first
    error."""
    recorder = Recorder()
    refusal(steps[-1][0], pair_type, client_with(recorder, version),
            server_context(version, chain))
    assert recorder.steps == steps


def test_address_mismatch():
    recorder = Recorder()
    refusal(OTHER_ADDRESS, BioPair, client_with(recorder),
            server_context(chain="host-ip-as-dns.pem"),
            server_hostname="127.0.0.1")
    assert recorder.steps == [(OTHER_ADDRESS, 0, False)]


# Errors that the callback accepts

@pytest.mark.parametrize("chain, steps", [
    ("self-signed.pem", [(SELF_SIGNED, 0, False), (0, 0, True)]),
    ("unknown.pem", [(NO_ISSUER, 0, False), (NO_LEAF_SIGNATURE, 0, False),
                     (0, 0, True)]),
    ("expired.pem", [(0, 1, True), (EXPIRED, 0, False), (0, 0, True)]),
    ("host-other.pem", [(OTHER_HOST, 0, False), (0, 1, True),
                        (0, 0, True)])])
def test_accepted_error(version, pair_type, chain, steps):
    recorder = Recorder(True)
    client = client_with(recorder, version)
    with pair_type(client, server_context(version, chain)) as pair:
        assert recorder.steps == steps
        assert pair.client.getpeercert()["serialNumber"]
        assert pair.client.get_verified_chain()
        talk(pair)


def test_one_error_is_accepted_the_next_one_is_not():
    client = client_with(
        lambda connection, certificate, error, depth, ok:
        ok or error == SELF_SIGNED)
    refusal(OTHER_HOST, BioPair, client,
            server_context(chain="self-signed.pem"),
            server_hostname="elsewhere.example.test")


# Valid certificates that the callback refuses

@pytest.mark.parametrize("refused", [0, 1])
def test_refused_certificate(version, refused):
    client = client_with(
        lambda connection, certificate, error, depth, ok:
        ok and depth != refused, version)
    pair = BioPair(client, server_context(version), handshake=False)
    refusal(APPLICATION, pair.handshake)
    pair.flush()
    with pytest.raises(ssl.SSLError) as caught:
        pair.server.do_handshake()
    assert caught.value.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE"


def test_next_connection_after_a_refusal(pair_type, version):
    recorder = Recorder(False)
    client, server = client_with(recorder, version), server_context(version)
    refusal(APPLICATION, pair_type, client, server)
    recorder.result = True
    with pair_type(client, server) as pair:
        talk(pair)


# The verify modes

@pytest.mark.parametrize("mode", MODES)
def test_verdict_of_a_client_counts(pair_type, version, mode):
    """Also with CERT_NONE, with which OpenSSL itself ignores the result."""
    refusal(APPLICATION, pair_type, client_with(refuses, version, mode),
            server_context(version))
    refusal(SELF_SIGNED, pair_type, client_with(passes, version, mode),
            server_context(version, "self-signed.pem"))
    with pair_type(client_with(accepts, version, mode),
                   server_context(version, "self-signed.pem")) as pair:
        assert bool(pair.client.getpeercert()) is (mode != ssl.CERT_NONE)
        talk(pair)


@pytest.mark.parametrize("mode", MODES[1:])
def test_verdict_of_a_server_counts(version, mode):
    refusal(APPLICATION, server_asks,
            client_that_shows("client.pem", version),
            server_with(refuses, version, mode))
    refusal(SELF_SIGNED, server_asks,
            client_that_shows("self-signed.pem", version),
            server_with(passes, version, mode))
    with server_asks(client_that_shows("self-signed.pem", version),
                     server_with(accepts, version, mode)) as pair:
        assert pair.server.getpeercert()
        talk(pair)


def test_server_without_a_certificate_to_ask_about(pair_type, version):
    recorder = Recorder(False)
    server = server_with(recorder, version, ssl.CERT_NONE)
    with pair_type(client_that_shows("client.pem", version), server):
        pass
    server.verify_mode = ssl.CERT_OPTIONAL
    with pair_type(client_context(version), server):
        pass
    assert recorder.steps == []


def late_contexts(callback):
    server = server_with(callback, "TLSv1.3")
    client = client_that_shows("client.pem", "TLSv1.3")
    server.post_handshake_auth = client.post_handshake_auth = True
    return client, server


def test_after_the_handshake(pair_type):
    recorder = Recorder()
    with pair_type(*late_contexts(recorder)) as pair:
        assert recorder.steps == []
        let_answer(pair)
        assert pair.server.read(1) == b"y"
        assert recorder.steps == [(0, 1, True), (0, 0, True)]
        assert pair.server.getpeercert()


def test_refused_after_the_handshake(pair_type):
    with pair_type(*late_contexts(refuses)) as pair:
        let_answer(pair)
        refusal(APPLICATION, pair.server.read, 1)


# Callbacks that fail

@pytest.mark.parametrize("mode", MODES)
def test_exception_in_a_client(pair_type, version, mode):
    with pytest.raises(Wrong):
        pair_type(client_with(fails, version, mode), server_context(version))


@pytest.mark.parametrize("mode", MODES)
def test_exception_is_the_last_call(version, mode):
    """After an exception the callback is not called again, the peer gets an
    alert, and the connection cannot be used."""
    seen = []

    def callback(*arguments):
        seen.append(arguments[2:])
        raise Wrong

    pair = BioPair(client_with(callback, version, mode),
                   server_context(version), handshake=False)
    with pytest.raises(Wrong):
        pair.handshake()
    with pytest.raises(ssl.SSLError):
        pair.client.do_handshake()
    assert len(seen) == 1
    pair.flush()
    with pytest.raises(ssl.SSLError) as caught:
        pair.server.do_handshake()
    assert caught.value.reason == "TLSV1_ALERT_INTERNAL_ERROR"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_exception_that_ends_programs(error):
    def callback(*arguments):
        raise error

    with pytest.raises(error):
        BioPair(client_with(callback), server_context())


def test_exception_in_a_server(version):
    with pytest.raises(Wrong):
        server_asks(client_that_shows("client.pem", version),
                    server_with(fails, version))


def test_exception_after_the_handshake(pair_type):
    with pair_type(*late_contexts(fails)) as pair:
        let_answer(pair)
        with pytest.raises(Wrong):
            pair.server.read(1)


@pytest.mark.parametrize("operation", [
    lambda sock: sock.read(1), lambda sock: sock.write(b"x"),
    lambda sock: sock.sendall(b"x")], ids=["read", "write", "sendall"])
def test_exception_in_what_makes_the_handshake_by_itself(version, operation):
    with SocketPair(client_with(fails, version), server_context(version),
                    handshake=False) as pair:
        with Task(pair.server.do_handshake) as task:
            with pytest.raises(Wrong):
                operation(pair.client)
            pair.client.close()
            assert isinstance(task.error(), (ssl.SSLError, OSError))


@pytest.mark.parametrize("result", [None, 1, 0, "", b"", [], object()])
def test_result_that_is_no_bool(pair_type, version, result):
    with pytest.raises(TypeError) as caught:
        pair_type(client_with(lambda *arguments: result, version),
                  server_context(version))
    assert "verify_callback" in str(caught.value)


def test_callback_that_takes_nothing():
    with pytest.raises(TypeError):
        BioPair(client_with(lambda: True), server_context())


def test_owner_that_is_gone():
    """Without the SSLObject there is no argument for the callback, so the
    handshake fails."""
    pair = BioPair(client_with(accepts), server_context(), handshake=False)
    sslobj, pair.client = pair.client._sslobj, None
    collect()
    with pytest.raises(ssl.SSLError) as caught:
        pair.finish(sslobj.do_handshake, pair.server.do_handshake)
    assert caught.value.reason is None      # the error is not OpenSSL's


# Distrusted keys

def test_distrusted_key_is_an_error_to_be_asked_about(version):
    recorder = Recorder()
    client = client_with(recorder, version, roots="distrusted-root.pem")
    server = server_context(version, "distrusted-chain.pem")
    refusal(REJECTED, BioPair, client, server)
    assert recorder.steps == [(0, 2, True), (0, 1, True), (0, 0, True),
                              (REJECTED, 1, False)]
    client.verify_callback = accepts
    with BioPair(client, server) as pair:
        talk(pair)


def test_distrusted_key_and_who_accepts_another_error():
    client = client_with(
        lambda connection, certificate, error, depth, ok:
        ok or error in (EXPIRED, SELF_SIGNED, OTHER_HOST),
        roots="distrusted-root.pem")
    refusal(REJECTED, BioPair, client,
            server_context(chain="distrusted.pem"))


# CRLs

REVOKED = 23
EXTENDED_CRL_SUPPORT = 0x1000   # X509_V_FLAG_EXTENDED_CRL_SUPPORT


def test_revoked(version):
    recorder = Recorder()
    client = client_with(recorder, version)
    client.load_verify_locations(cert("crl.pem"))
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    server = server_context(version, "revoked.pem")
    refusal(REVOKED, BioPair, client, server)
    assert recorder.steps == [(REVOKED, 0, False)]
    client.verify_callback = accepts
    with BioPair(client, server) as pair:
        talk(pair)


def two_keys(callback):
    client = client_with(callback, roots="two-keys-root.pem")
    # OpenSSL would also check the host name in the CRL signer's certificate
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | EXTENDED_CRL_SUPPORT
    return client, server_context(chain="two-keys.pem")


def test_signer_of_a_revocation_list():
    """The callback is first called for the certificate that signed the CRL.
    If the signer is also the issuer, the calls depend on the OpenSSL
    version."""
    def callback(connection, certificate, error, depth, ok):
        if depth == 0:
            serials.append(certificate.get_info()["serialNumber"])
        return True

    serials = []
    with BioPair(*two_keys(callback)) as pair:
        assert serials[0] == "09"
        assert serials[-1] == "19"
        talk(pair)


def test_exception_about_the_signer_of_a_revocation_list():
    seen = []

    def callback(*arguments):
        seen.append(arguments[2:])
        if len(seen) == 1:
            raise Wrong
        return True

    with pytest.raises(Wrong):
        BioPair(*two_keys(callback))
    assert len(seen) == 1


# Connections to which a setting applies

def test_connection_keeps_what_its_context_had(pair_type):
    """A new callback applies only to connections that are made later."""
    client, server = client_context(), server_context()
    pair = pair_type(client, server, handshake=False)
    client.verify_callback = fails
    pair.handshake()
    pair.close()
    pair = pair_type(client, server, handshake=False)
    client.verify_callback = None
    with pytest.raises(Wrong):
        pair.handshake()
    pair.close()


def test_context_of_an_sni_callback(version):
    """The callback of the context that the SNI callback sets is called, and
    not that of the first context."""
    for first, second, error in ((fails, refuses, APPLICATION),
                                 (fails, None, None),
                                 (None, refuses, APPLICATION)):
        other = server_with(second, version)
        server = server_with(first, version)
        server.sni_callback = (lambda connection, name, context:
                               setattr(connection, "context", other))
        client = client_that_shows("client.pem", version)
        if error is None:
            with server_asks(client, server) as pair:
                talk(pair)
        else:
            refusal(error, server_asks, client, server)


def test_context_that_is_set_before_the_handshake(pair_type):
    for first, second in (fails, accepts), (None, accepts), (fails, None):
        pair = pair_type(client_with(first), server_context(),
                         handshake=False)
        pair.client.context = client_with(second)
        pair.handshake()
        talk(pair)
        pair.close()
    pair = pair_type(client_with(accepts), server_context(),
                     handshake=False)
    pair.client.context = client_with(fails)
    with pytest.raises(Wrong):
        pair.handshake()
    pair.close()
