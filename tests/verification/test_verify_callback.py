"""SSLContext.verify_callback: what it is told, and what its word is worth."""

import gc
import hashlib
import io
import os
import re
import ssl
import sys
import textwrap
import weakref

import pytest

from helpers import (PROJECT, BioPair, SocketPair, Task, cert, client_context,
                     collect, in_child, meanwhile, read_cert, receive,
                     server_context)

pytestmark = pytest.mark.backport_only("has no verify_callback")

PAGE = os.path.join(PROJECT, "docs", "verification.rst")
# X509_V_ERR_*
EXPIRED, SELF_SIGNED, NO_ISSUER = 10, 18, 20
NO_LEAF_SIGNATURE, REJECTED, APPLICATION = 21, 28, 50
OTHER_HOST, OTHER_ADDRESS = 62, 64
MODES = [ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED]


class Recorder(object):
    """A callback that keeps (error, depth, ok) of each call, and says ok or
    what it was made with."""

    def __init__(self, result=None):
        self.result = result
        self.steps = []

    def __call__(self, connection, certificate, error, depth, ok):
        self.steps.append((error, depth, ok))
        return ok if self.result is None else self.result


class Wrong(Exception):
    """What a callback raises."""


def fails(*arguments):
    raise Wrong


def refuses(*arguments):
    return False


def accepts(*arguments):
    return True


def passes(connection, certificate, error, depth, ok):
    return ok


def client_with(callback, version=None, mode=ssl.CERT_REQUIRED, **options):
    client = client_context(version, **options)
    if mode == ssl.CERT_NONE:
        client.check_hostname = False
    client.verify_mode = mode
    client.verify_callback = callback
    return client


def server_with(callback, version=None, mode=ssl.CERT_REQUIRED):
    """A server that asks for a certificate."""
    server = server_context(version)
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = mode
    server.verify_callback = callback
    return server


def client_that_shows(chain, version=None):
    client = client_context(version)
    client.load_cert_chain(cert(chain))
    return client


def server_asks(client, server):
    """A BioPair whose server is done first: its error is raised."""
    pair = BioPair(client, server, handshake=False)
    pair.finish(pair.server.do_handshake, pair.client.do_handshake)
    return pair


def refusal(code, make_pair, *arguments, **options):
    """The SSLCertVerificationError, which must have that verify_code."""
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        make_pair(*arguments, **options)
    assert caught.value.verify_code == code
    assert caught.value.reason == "CERTIFICATE_VERIFY_FAILED"
    return caught.value


def talk(pair):
    """A byte both ways; the tickets of TLS 1.3 come with it."""
    for sender, receiver in ((pair.server, pair.client),
                             (pair.client, pair.server)):
        sender.write(b"x")
        pair.flush()
        assert receiver.read(1) == b"x"


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


# What it is told

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
    """The handshake ends at the first, with its code."""
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


# Errors that become success

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


# Success that becomes an error

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


# With each verify mode

@pytest.mark.parametrize("mode", MODES)
def test_verdict_of_a_client_counts(pair_type, version, mode):
    """With CERT_NONE too, where OpenSSL asks and does not listen."""
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


def let_answer(pair):
    pair.server.verify_client_post_handshake()
    pair.server.write(b"x")
    pair.flush()
    assert pair.client.read(1) == b"x"
    pair.client.write(b"y")
    pair.flush()


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
    """The peer is told, and what comes after is no connection."""
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
    """Nobody can be asked for it: the handshake fails."""
    pair = BioPair(client_with(accepts), server_context(), handshake=False)
    sslobj, pair.client = pair.client._sslobj, None
    collect()
    with pytest.raises(ssl.SSLError) as caught:
        pair.finish(sslobj.do_handshake, pair.server.do_handshake)
    assert caught.value.reason is None      # it is none of OpenSSL's


# Keys that nobody may trust

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


# Revocation lists

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
    # OpenSSL would want the signer of the list to be for that host too
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | EXTENDED_CRL_SUPPORT
    return client, server_context(chain="two-keys.pem")


def test_signer_of_a_revocation_list():
    """Its certificate is verified first, and asked about likewise.  Of one
    that is for its own issuer each OpenSSL thinks differently."""
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


# For which connections

def test_connection_keeps_what_its_context_had(pair_type):
    """The setter is for connections that are made from then on."""
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
    """Its callback counts, as its trust store does, and not the first's."""
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


# Resumption: nobody is asked again

def session_of(client, server):
    with BioPair(client, server) as pair:
        talk(pair)
        return pair.client.session


def is_resumed(client, server, session):
    with BioPair(client, server, session=session) as pair:
        talk(pair)
        return pair.client.session_reused


@pytest.mark.parametrize("mode", MODES)
def test_resumed_handshake_asks_nobody(version, mode):
    recorder = Recorder(True)
    client = client_with(recorder, version, mode)
    server = server_context(version)
    session = session_of(client, server)
    del recorder.steps[:]
    assert is_resumed(client, server, session)
    assert recorder.steps == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("before, after", [
    (None, Recorder()), (accepts, Recorder()), (accepts, None)])
def test_session_that_another_callback_accepted(version, mode, before, after):
    client = client_with(before, version, mode)
    server = server_context(version)
    session = session_of(client, server)
    client.verify_callback = after
    resumed = is_resumed(client, server, session)
    # with CERT_NONE and without a callback nothing has to be accepted
    assert resumed is (mode == ssl.CERT_NONE and after is None)
    if after is not None:
        assert after.steps
        del after.steps[:]


def test_session_that_a_callback_accepted_which_went_and_came(version):
    """In between nobody was asked."""
    client, server = client_with(refuses, version), server_context(version)
    pair = BioPair(client, server, handshake=False)
    client.verify_callback = None
    session = session_of(client, server)
    client.verify_callback = refuses
    refusal(APPLICATION, BioPair, client, server, session=session)
    del pair


def test_same_callback_set_again(version):
    client, server = client_with(accepts, version), server_context(version)
    session = session_of(client, server)
    client.verify_callback = accepts
    assert is_resumed(client, server, session)


def test_refusal_is_not_circumvented_by_a_session(version):
    client, server = client_context(version), server_context(version)
    session = session_of(client, server)
    client.verify_callback = refuses
    refusal(APPLICATION, BioPair, client, server, session=session)
    pair = BioPair(client, server, handshake=False)
    pair.client.session = session
    refusal(APPLICATION, pair.handshake)


def test_session_of_a_client_that_a_server_has_not_asked_about(version):
    client = client_that_shows("client.pem", version)
    server = server_with(None, version)
    session = session_of(client, server)
    assert is_resumed(client, server, session)
    server.verify_callback = recorder = Recorder()
    assert not is_resumed(client, server, session)
    assert recorder.steps
    session = session_of(client, server)
    del recorder.steps[:]
    assert is_resumed(client, server, session)
    assert recorder.steps == []


# What it does to the connection, the context and others

def test_callback_that_enters_its_own_connection(pair_type, version,
                                                 entrance):
    errors = []

    def callback(connection, certificate, error, depth, ok):
        with pytest.raises(ssl.SSLError) as caught:
            entrance(connection)
        errors.append(caught.value)
        return ok

    with pair_type(client_with(callback, version),
                   server_context(version)) as pair:
        assert len(errors) == 2
        talk(pair)


def test_getters_in_the_callback(pair_type, version):
    seen = []

    def callback(connection, certificate, error, depth, ok):
        with pytest.raises(ValueError):
            connection.getpeercert()
        seen.append((connection.version(), connection.cipher() is None,
                     connection.get_verified_chain(), connection.pending(),
                     connection.server_hostname, connection.context))
        connection.get_unverified_chain()
        connection.session
        return ok

    client = client_with(callback, version)
    with pair_type(client, server_context(version)) as pair:
        assert [found[0] for found in seen] == [None, None]
        assert seen[0][4:] == ("localhost", client)
        talk(pair)
        del seen[:]


def test_other_context_is_refused_meanwhile(pair_type, version):
    errors = []

    def callback(connection, certificate, error, depth, ok):
        with pytest.raises(ssl.SSLError) as caught:
            connection.context = client_context()
        errors.append(caught.value)
        return ok

    client = client_with(callback, version)
    with pair_type(client, server_context(version)) as pair:
        assert len(errors) == 2
        assert pair.client.context is client


def test_other_session_is_refused_meanwhile(pair_type, version):
    """The certificates that are looked at are the session's."""
    errors = []

    def callback(connection, certificate, error, depth, ok):
        if session is not None:
            with pytest.raises(ssl.SSLError) as caught:
                connection.session = session
            errors.append(caught.value)
        return ok

    session = None
    client, server = client_with(callback, version), server_context(version)
    session = session_of(client, server)
    with pair_type(client, server_context(version)) as pair:
        assert len(errors) == 2
        talk(pair)


def test_callback_that_connects(version):
    """Even with the same context."""
    def callback(connection, certificate, error, depth, ok):
        if not inner:
            inner.append(None)
            with BioPair(client, server) as pair:
                talk(pair)
        return ok

    inner = []
    client, server = client_with(callback, version), server_context(version)
    with SocketPair(client, server) as pair:
        assert inner
        talk(pair)


def test_callback_that_replaces_itself(version):
    def callback(connection, certificate, error, depth, ok):
        client.verify_callback = refuses
        client.load_verify_locations(cert("unknown-root.pem"))
        client.set_alpn_protocols(["h2"])
        collect()
        return ok

    client, server = client_with(callback, version), server_context(version)
    with BioPair(client, server) as pair:
        talk(pair)
    refusal(APPLICATION, BioPair, client, server)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork_in_the_callback(version):
    def callback(connection, certificate, error, depth, ok):
        in_child(lambda: BioPair(client_context(version),
                                 server_context(version)))
        return ok

    with SocketPair(client_with(callback, version),
                    server_context(version)) as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"


def test_threads(version):
    """Each handshake has its own connection, and one callback or none."""
    def callback(connection, certificate, error, depth, ok):
        assert connection.server_side is False
        seen.append(connection.server_hostname)
        return ok

    def toggle():
        for each in callback, None, passes:
            client.verify_callback = each

    def connect():
        for _ in range(15):
            with SocketPair(client, server) as pair:
                talk(pair)

    seen = []
    client, server = client_context(version), server_context(version)
    with meanwhile(toggle):
        tasks = [Task(connect) for _ in range(4)]
        for task in tasks:
            task.result()
    client.verify_callback = callback
    connect()
    assert set(seen) == {"localhost"}


def test_threads_that_look_at_the_connection(version):
    """They see it between two steps of the callback."""
    def callback(connection, certificate, error, depth, ok):
        with Task(look, connection) as task:
            task.result()
        return ok

    def look(connection):
        connection.get_unverified_chain()
        connection.session
        connection.version()
        looked.append(connection.pending())

    looked = []
    with SocketPair(client_with(callback, version),
                    server_context(version)) as pair:
        assert looked == [0, 0]
        talk(pair)


# Collection

def test_callback_is_let_go():
    class Callback(object):
        def __call__(self, *arguments):
            return True

    context = client_context()
    callback = Callback()
    reference = weakref.ref(callback)
    context.verify_callback = callback
    pair = BioPair(context, server_context())
    del callback
    context.verify_callback = None
    collect()
    assert reference() is not None      # the connection has it
    del pair
    collect()
    assert reference() is None


finds_cycles = pytest.mark.cpython(
    "finds no cycles through objects of extensions")


@finds_cycles
def test_cycle_through_the_context():
    def reference_to_cycle():
        context = client_context()
        context.verify_callback = lambda *arguments: context
        return weakref.ref(context)

    reference = reference_to_cycle()
    collect()
    assert reference() is None


def connections():
    """How many there are.  Weak references tell less: they end when a cycle
    is found, whether or not it can be broken."""
    collect()
    return sum(type(each) is ssl._ssl._SSLSocket for each in gc.get_objects())


@finds_cycles
def test_cycle_through_the_connection():
    """Nothing in it can let go but the connection."""
    def make_cycle():
        client = client_context()
        sslobj = client._wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False,
                                  "localhost")
        sslobj.context = client_with(sslobj.pending)

    before = connections()
    make_cycle()
    assert connections() == before


@finds_cycles
def test_cycle_through_the_owner_of_the_connection():
    def reference_to_cycle():
        callback = Recorder()
        pair = BioPair(client_with(callback), server_context(),
                       handshake=False)
        callback.held = pair.client
        return weakref.ref(callback)

    reference = reference_to_cycle()
    collect()
    assert reference() is None


# The two uses that docs/verification.rst shows

def recipe(title, **names):
    """The callback of the code that follows, run with these names."""
    if not os.path.exists(PAGE):
        pytest.skip("the tests are on their own")
    with io.open(PAGE, encoding="utf-8") as stream:
        page = stream.read()
    namespace = dict(names)
    for code in (u"**Pinning**", title):
        code = page[page.index(code):].partition(
            u".. code-block:: python\n\n")[2]
        code = re.split(r"\n\n(?=\S)", code)[0]
        exec(textwrap.dedent(code), namespace)
    return namespace["callback"]


def fingerprint_of(name):
    text = str(read_cert(name))
    begin = text.index("-----BEGIN CERTIFICATE")
    end = text.index("-----END CERTIFICATE-----") + 26
    der = ssl.PEM_cert_to_DER_cert(text[begin:end])
    return hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("mode", MODES)
def test_pinning(pair_type, version, mode):
    """The chain is verified as ever, and the leaf must be the known one."""
    client = client_with(recipe(
        u"**Pinning**", PINNED=fingerprint_of("localhost.pem")),
        version, mode)
    with pair_type(client, server_context(version)) as pair:
        talk(pair)
    refusal(APPLICATION, pair_type, client,
            server_context(version, "localhost-ec.pem"))
    refusal(SELF_SIGNED, pair_type, client,
            server_context(version, "self-signed.pem"))


def test_one_private_certificate(pair_type, version):
    """It is accepted whoever signed it; all others are verified."""
    client = client_with(recipe(
        u"**One private certificate**",
        PRIVATE=fingerprint_of("self-signed.pem")), version)
    for chain in "self-signed.pem", "localhost.pem":
        with pair_type(client, server_context(version, chain)) as pair:
            talk(pair)
    refusal(NO_ISSUER, pair_type, client,
            server_context(version, "unknown.pem"))
    refusal(OTHER_HOST, pair_type, client,
            server_context(version, "host-other.pem"))


def test_context_that_is_changed_during_the_handshake(version):
    """The callback that the handshake began with is asked, not another."""
    asked = []
    strict, other = client_context(version), client_context(version)
    strict.verify_callback = lambda *arguments: asked.append(1) or False
    with BioPair(strict, server_context(version), handshake=False) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        pair.client.context = other
        with pytest.raises(ssl.SSLCertVerificationError):
            pair.handshake()
    assert asked


@pytest.mark.python2("instances of old-style classes")
@pytest.mark.parametrize("name", [
    "verify_callback", "ocsp_callback", "_msg_callback"])
def test_callback_that_sets_another_one_while_it_is_set(name):
    class Odd:
        def __getattr__(self, attribute):
            if attribute == "__call__":
                setattr(context, name, second)
                return lambda *arguments: True
            raise AttributeError(attribute)

    context = client_context()
    first, second = (lambda *arguments: True), (lambda *arguments: True)
    counts = sys.getrefcount(first), sys.getrefcount(second)
    setattr(context, name, first)
    setattr(context, name, Odd())
    setattr(context, name, None)
    assert (sys.getrefcount(first), sys.getrefcount(second)) == counts
