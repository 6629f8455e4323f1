"""Verify callbacks and sessions, contexts, threads and memory, and the two
examples in docs/verification.rst.
"""

import gc
import hashlib
import io
import os
import re
import shutil
import ssl
import sys
import textwrap
import weakref

import pytest

from helpers import (PROJECT, BioPair, SocketPair, Task, cert, client_context,
                     collect, in_child, meanwhile, read_cert, receive,
                     server_context)
from verdicts import (APPLICATION, MODES, NO_ISSUER, OTHER_HOST, SELF_SIGNED,
                      Recorder, accepts, client_that_shows, client_with,
                      passes, refusal, refuses, server_with, talk)

pytestmark = pytest.mark.backport_only("stock has no verify_callback")

PAGE = os.path.join(PROJECT, "docs", "verification.rst")


# Resumption: the callback is not called again

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
    # with CERT_NONE and without a callback any session may be resumed
    assert resumed is (mode == ssl.CERT_NONE and after is None)
    if after is not None:
        assert after.steps
        del after.steps[:]


def test_session_that_a_callback_accepted_which_went_and_came(version):
    """A session made while the callback was not set must not be resumed."""
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


# Callbacks that use the connection, the context and other objects

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
    """OpenSSL is verifying the certificates of the current session."""
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
    """A callback may connect, even with the same context."""
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no os.fork()")
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
    """Each call gets its own connection while threads change the callback."""
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
    """Other threads can read the connection while the callback runs."""
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


# Garbage collection

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
    assert reference() is not None      # the connection refers to it
    del pair
    collect()
    assert reference() is None


finds_cycles = pytest.mark.cpython(
    "finds no cycles through objects of extension types")


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
    """The number of connections.  A weak reference would end as soon as the
    collector finds a cycle, even if it cannot break the cycle."""
    collect()
    return sum(type(each) is ssl._ssl._SSLSocket for each in gc.get_objects())


@finds_cycles
def test_cycle_through_the_connection():
    """Only the connection can break this cycle."""
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


# The two examples in docs/verification.rst

@pytest.fixture
def recipe(tmpdir, monkeypatch):
    """recipe(title, **names): run the code below this title, where ca.pem is
    a file, then set these names.  Returns the code's callback."""
    if not os.path.exists(PAGE):
        pytest.skip("docs/verification.rst is not there")
    shutil.copy(cert("root.pem"), str(tmpdir.join("ca.pem")))
    monkeypatch.chdir(tmpdir)

    def run(title, **names):
        with io.open(PAGE, encoding="utf-8") as stream:
            page = stream.read()
        namespace = {"ssl": ssl}
        for code in (u"**Pinning**", title):
            code = page[page.index(code):].partition(
                u".. code-block:: python\n\n")[2]
            code = re.split(r"\n\n(?=\S)", code)[0]
            exec(textwrap.dedent(code), namespace)
        namespace.update(names)
        return namespace["callback"]

    return run


def fingerprint_of(name):
    text = str(read_cert(name))
    begin = text.index("-----BEGIN CERTIFICATE")
    end = text.index("-----END CERTIFICATE-----") + 26
    der = ssl.PEM_cert_to_DER_cert(text[begin:end])
    return hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("mode", MODES)
def test_pinning(pair_type, version, mode, recipe):
    """The chain is verified, and the leaf must be the known certificate."""
    client = client_with(recipe(
        u"**Pinning**", PINNED=fingerprint_of("localhost.pem")),
        version, mode)
    with pair_type(client, server_context(version)) as pair:
        talk(pair)
    refusal(APPLICATION, pair_type, client,
            server_context(version, "localhost-ec.pem"))
    refusal(SELF_SIGNED, pair_type, client,
            server_context(version, "self-signed.pem"))


def test_one_private_certificate(pair_type, version, recipe):
    """This certificate is accepted, whoever signed it.  All others are
    verified."""
    client = client_with(recipe(
        u"**One private certificate**",
        PINNED=fingerprint_of("self-signed.pem")), version)
    for chain in "self-signed.pem", "localhost.pem":
        with pair_type(client, server_context(version, chain)) as pair:
            talk(pair)
    refusal(NO_ISSUER, pair_type, client,
            server_context(version, "unknown.pem"))
    refusal(OTHER_HOST, pair_type, client,
            server_context(version, "host-other.pem"))


def test_context_that_is_changed_during_the_handshake(version):
    """The handshake calls the callback of the context with which it began."""
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


@pytest.mark.python2("only 2.7 has old-style classes")
@pytest.mark.cpython("has no reference counts")
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
