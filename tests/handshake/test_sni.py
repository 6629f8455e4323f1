"""SNI callbacks: their arguments, results, exceptions and effects."""

import gc
import os
import socket
import ssl
import sys
import weakref

import pytest

from helpers import (BioPair, SocketPair, cert, client_context, collect,
                     in_child, limit_version, server_context)


def serial_for(server, pair_type=SocketPair, version=None,
               name="localhost"):
    """The serial number of the certificate that the server sends."""
    with pair_type(client_context(version), server,
                   server_hostname=name) as pair:
        return pair.client.getpeercert()["serialNumber"]


def server_with(callback, version=None):
    server = server_context(version)
    server.set_servername_callback(callback)
    return server


# Arguments

def test_arguments(pair_type, version):
    seen = []
    server = server_with(lambda *arguments: seen.append(arguments), version)
    with pair_type(client_context(version), server) as pair:
        [(connection, name, context)] = seen
        assert connection is pair.server
        assert name == "localhost"
        assert type(name) is str
        assert context is server
        del seen[:], connection


def test_no_name(version):
    seen = []
    server = server_with(lambda sock, name, context: seen.append(name),
                         version)
    client = client_context(version)
    client.check_hostname = False
    with SocketPair(client, server, server_hostname=None):
        assert seen == [None]


def test_removed():
    seen = []
    server = server_with(lambda *arguments: seen.append(arguments))
    server.set_servername_callback(None)
    assert serial_for(server) == "0A"
    assert seen == []


def test_replaced():
    seen = []
    server = server_with(lambda *arguments: seen.append(1))
    server.set_servername_callback(lambda *arguments: seen.append(2))
    assert serial_for(server) == "0A"
    assert seen == [2]


@pytest.mark.parametrize("value", [42, "", object(), ()])
def test_not_callable(value):
    for context in server_context(), client_context():
        with pytest.raises(TypeError):
            context.set_servername_callback(value)


@pytest.mark.since(3, 7, "has no sni_callback")
def test_sni_callback_attribute(pair_type):
    def callback(*arguments):
        seen.append(arguments[1])

    seen = []
    server = server_context()
    assert server.sni_callback is None
    server.sni_callback = callback
    assert server.sni_callback is callback
    serial_for(server, pair_type)
    assert seen == ["localhost"]
    server.sni_callback = None
    assert server.sni_callback is None


# Another context

def test_context_switch(pair_type, version):
    other = server_context(version, "localhost-ec.pem")

    def callback(connection, name, context):
        connection.context = other

    server = server_with(callback, version)
    with pair_type(client_context(version), server) as pair:
        assert pair.client.getpeercert()["serialNumber"] == "0B"
        assert pair.server.context is other


@pytest.mark.backport_only("stock uses freed memory")
def test_cve_2026_19445_first_context_dropped(pair_type, version):
    """The handshake goes on after the first context was freed."""
    other = server_context(version, "localhost-ec.pem")

    def callback(connection, name, context):
        connection.context = other
        del context
        gc.collect()

    client = client_context(version)
    pair = pair_type(client, server_with(callback, version),
                     handshake=False)
    gc.collect()
    pair.handshake()
    gc.collect()
    assert pair.client.getpeercert()["serialNumber"] == "0B"
    pair.server.write(b"hello")
    pair.flush()
    assert pair.client.read(5) == b"hello"
    pair.close()


@pytest.mark.backport_only("stock uses freed memory")
def test_cve_2026_19445_after_a_hello_retry(pair_type):
    """The server does not accept the client's key share, so the client sends
    two ClientHellos."""
    other = server_context("TLSv1.3", "localhost-ec.pem")
    calls = []

    def callback(connection, name, context):
        calls.append(name)
        connection.context = other
        del context
        gc.collect()

    first = server_with(callback, "TLSv1.3")
    for server in (first, other):
        server.set_ecdh_curve("secp384r1")
    pair = pair_type(client_context("TLSv1.3"), first, handshake=False)
    del first, server
    gc.collect()
    pair.handshake()
    assert pair.client.getpeercert()["serialNumber"] == "0B"
    assert calls
    pair.close()


def server_that_is_left(version, other, calls):
    """(a BioPair before the handshake, a weak reference)

    The SNI callback of the server's first context sets `other`.  The weak
    reference is to the first context, which only the connection holds.
    """
    def callback(connection, name, context):
        calls.append(context is other)
        connection.context = other

    first = server_with(callback, version)
    first.set_ecdh_curve("secp384r1")
    pair = BioPair(client_context(version), first, handshake=False)
    return pair, weakref.ref(first)


@pytest.mark.since(3, 14, "frees the context too late or too early")
def test_gh_156293_context_is_released_before_the_handshake_ends(version):
    other = server_context(version, "localhost-ec.pem")
    calls = []
    pair, first = server_that_is_left(version, other, calls)
    assert first() is not None
    for operation in pair.client.do_handshake, pair.server.do_handshake:
        with pytest.raises(ssl.SSLWantReadError):
            operation()
        pair.flush()
    collect()
    assert first() is None
    pair.handshake()
    assert calls == [False]
    assert pair.server.context is other
    assert pair.client.getpeercert()["serialNumber"] == "0B"


@pytest.mark.since(3, 14, "calls the first context's callback again")
@pytest.mark.parametrize("has_its_own", [False, True])
def test_gh_156293_second_hello_asks_the_context_of_now(has_its_own):
    """The second ClientHello calls only the callback of the new context.
    OpenSSL itself would call the first one if the new context had none."""
    other = server_context("TLSv1.3", "localhost-ec.pem")
    calls = []
    if has_its_own:
        other.sni_callback = lambda connection, name, context: calls.append(
            context is other)
    pair, first = server_that_is_left("TLSv1.3", other, calls)
    other.set_ecdh_curve("secp384r1")
    pair.handshake()
    collect()
    assert first() is None
    assert calls == [False] + [True] * has_its_own
    assert pair.client.getpeercert()["serialNumber"] == "0B"


def test_gh_156293_callback_drops_its_context_and_fails(version, capfd):
    other = server_context(version)

    def callback(connection, name, context):
        connection.context = other
        del context
        collect()
        fails()

    with Reports(capfd) as reports:
        pair = BioPair(client_context(version),
                       server_with(callback, version), handshake=False)
        with pytest.raises(ssl.SSLError):
            pair.handshake()
        assert "ZeroDivisionError" in reports.text()
    assert pair.server.context is other


@pytest.mark.backport_only("stock uses freed memory")
def test_cve_2026_19445_key_log_of_a_context_that_is_left(version, tmpdir):
    """The first context's key log is closed when the callback sets another
    context.  The keys come later, and go to the other context's key log."""
    paths = [str(tmpdir.join(name)) for name in ("first", "other")]
    other = server_context(version, "localhost-ec.pem")
    pair, first = server_that_is_left(version, other, [])
    first().keylog_filename, other.keylog_filename = paths
    pair.handshake()
    collect()
    assert first() is None
    with open(paths[0]) as first_log, open(paths[1]) as other_log:
        assert "CLIENT" not in first_log.read()
        assert "CLIENT" in other_log.read()


@pytest.mark.backport_only("stock uses freed memory")
def test_context_is_changed_by_sni_callbacks_alone(pair_type, version):
    """In other callbacks OpenSSL still uses the current context."""
    def callback(connection, *arguments):
        with pytest.raises(ssl.SSLError) as caught:
            connection.context = other
        seen.append(caught.value)

    seen = []
    other = server_context(version, "localhost-ec.pem")
    server = server_context(version)
    server._msg_callback = callback
    with pair_type(client_context(version), server) as pair:
        assert seen
        assert pair.server.context is server
        assert pair.client.getpeercert()["serialNumber"] == "0A"
        # between two calls a program may set another context
        pair.server.context = other


def test_sessions_and_context_switch(version):
    """The callback is called for every connection."""
    other = server_context(version, "localhost-ec.pem")

    def callback(connection, name, context):
        connection.context = other

    server = server_with(callback, version)
    for _ in range(3):
        assert serial_for(server, version=version) == "0B"


# Alerts

ALERTS = [
    ("ALERT_DESCRIPTION_ACCESS_DENIED", "TLSV1_ALERT_ACCESS_DENIED"),
    ("ALERT_DESCRIPTION_UNRECOGNIZED_NAME", "TLSV1_UNRECOGNIZED_NAME"),
    ("ALERT_DESCRIPTION_INTERNAL_ERROR", "TLSV1_ALERT_INTERNAL_ERROR"),
    ("ALERT_DESCRIPTION_HANDSHAKE_FAILURE", "SSLV3_ALERT_HANDSHAKE_FAILURE"),
]


class Reports(object):
    """The exceptions that Python reports because no caller can catch them.

    Python has a hook for them, or it writes to stderr.  A fixture cannot set
    the hook, because pytest sets its own afterwards.
    """

    def __init__(self, capfd):
        self._capfd = capfd
        self._found = []

    def text(self):
        return "".join(self._found) + self._capfd.readouterr()[1]

    def __enter__(self):
        self._hook = getattr(sys, "unraisablehook", None)
        if self._hook is not None:
            sys.unraisablehook = lambda report: self._found.append(
                report.exc_type.__name__)
        return self

    def __exit__(self, *exc_info):
        if self._hook is not None:
            sys.unraisablehook = self._hook


def fails(*arguments):
    raise ZeroDivisionError("in the callback")


def client_error(callback, version):
    """(the client's error, the server's error) if the callback fails."""
    with BioPair(client_context(version), server_with(callback, version),
                 handshake=False) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        pair.flush()
        with pytest.raises(Exception) as server_side:
            pair.server.do_handshake()
        pair.flush()
        with pytest.raises(ssl.SSLError) as client_side:
            pair.client.do_handshake()
        return client_side.value, server_side.value


@pytest.mark.parametrize("alert, reason", ALERTS)
def test_alert(version, alert, reason):
    number = int(getattr(ssl, alert))
    client, server = client_error(lambda *arguments: number, version)
    assert client.reason == reason
    assert isinstance(server, ssl.SSLError)


@pytest.mark.parametrize("value", ["text", object(), ()])
def test_result_of_wrong_type(version, value, capfd):
    with Reports(capfd) as reports:
        client, server = client_error(lambda *arguments: value, version)
        assert "TypeError" in reports.text()
    assert client.reason == "TLSV1_ALERT_INTERNAL_ERROR"
    assert isinstance(server, ssl.SSLError)


def test_exception(version, capfd):
    with Reports(capfd) as reports:
        client, server = client_error(fails, version)
        assert "ZeroDivisionError" in reports.text()
    assert client.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE"
    assert isinstance(server, ssl.SSLError)


@pytest.mark.backport_only("stock deadlocks or crashes")
def test_callback_that_enters_its_own_connection(pair_type, version,
                                                 entrance):
    """The call raises an exception, and the handshake goes on."""
    seen = []

    def callback(connection, name, context):
        try:
            entrance(connection)
        except Exception as error:
            seen.append(error)

    with pair_type(client_context(version), server_with(callback, version)):
        assert len(seen) == 1


@pytest.mark.backport_only("stock goes on with a closed descriptor")
def test_callback_that_closes_its_connection(version):
    def callback(connection, name, context):
        connection.close()

    with SocketPair(client_context(version), server_with(callback, version),
                    handshake=False) as pair:
        pair.client.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        with pytest.raises((socket.error, ValueError)):
            pair.server.do_handshake()


def test_getters_in_the_callback(pair_type, version):
    seen = []

    def callback(connection, name, context):
        seen.append((connection.cipher(), connection.version(),
                     connection.pending(), connection.server_side,
                     connection.selected_alpn_protocol()))

    with pair_type(client_context(version), server_with(callback, version)):
        assert len(seen) == 1


@pytest.mark.cpython("has no sys.getrefcount()")
@pytest.mark.parametrize("callback", [
    lambda *arguments: None, lambda *arguments: 49,
    lambda *arguments: object(), fails])
def test_bpo_41252_reference_counts(version, callback, capfd):
    server, client = server_with(callback, version), client_context(version)
    counts = []
    with Reports(capfd):
        for _ in range(4):
            with pytest.raises(Exception):
                BioPair(client, server)
                raise ValueError("nothing went wrong")
            gc.collect()
            counts.append((sys.getrefcount(server),
                           sys.getrefcount(callback)))
    assert counts[1:] == counts[:-1]


@pytest.mark.backport_only("stock crashes (gh-146080)")
def test_gh_146080_owner_is_gone(capfd):
    """The object that the callback should get no longer exists."""
    class Owner(object):
        pass

    server = server_with(lambda *arguments: None)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    owner = Owner()
    connection = server._wrap_bio(incoming, outgoing, True, owner=owner)
    reference = weakref.ref(owner)
    del owner
    gc.collect()
    assert reference() is None
    with BioPair(handshake=False) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        incoming.write(pair.client_out.read())
    with pytest.raises(ssl.SSLError):
        connection.do_handshake()


def test_certificate_loaded_in_the_callback(pair_type, version):
    """The callback makes the context when it knows the name."""
    def callback(connection, name, context):
        other = server_context(version, "localhost-ec.pem")
        connection.context = other

    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert("localhost.pem"))
    server.set_servername_callback(callback)
    assert serial_for(server, pair_type, version) == "0B"


@pytest.mark.cpython("has no sys.getrefcount()")
def test_context_set_again_and_again():
    """The connection must not keep references to previous contexts."""
    first, second = server_context(), server_context()
    with SocketPair(server=first) as pair:
        low = pair.server._sslobj
        for _ in range(3):
            low.context = second
            low.context = first
        counts = (sys.getrefcount(first), sys.getrefcount(second))
        for _ in range(100):
            low.context = second
            low.context = first
        assert counts == (sys.getrefcount(first), sys.getrefcount(second))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no os.fork()")
def test_fork_in_the_callback(version):
    """Parent and child can both use the connection afterwards."""
    other = server_context(version)

    def go_on(connection):
        connection.context = other
        connection.cipher()

    def callback(connection, name, context):
        in_child(lambda: go_on(connection))
        go_on(connection)

    with SocketPair(client_context(version),
                    server_with(callback, version)) as pair:
        assert pair.server.context is other


# Another context that verifies clients

needs_more = pytest.mark.backport_only(
    "stock uses the first context's settings")


def asking_server(version=None, mode=ssl.CERT_REQUIRED):
    server = server_context(version)
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = mode
    return server


def client_with_certificate(version):
    client = client_context(version)
    client.load_cert_chain(cert("client.pem"))
    client.check_hostname = False
    return client


def switching_server(version, **contexts):
    """The server's SNI callback sets the context for the first label of the
    name, if there is one."""
    def callback(connection, name, context):
        other = contexts.get(name.partition(".")[0])
        if other is not None:
            connection.context = other

    return server_with(callback, version)


def handshake_refused(client, server, **options):
    """The reason of the server's error."""
    pair = BioPair(client, server, handshake=False, **options)
    with pytest.raises(ssl.SSLError) as caught:
        pair.finish(pair.server.do_handshake, pair.client.do_handshake)
    return caught.value.reason


def session_for(client, server, name):
    with BioPair(client, server, server_hostname=name) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"
        return pair.client.session


@needs_more
def test_context_that_asks_for_a_certificate(version):
    server = switching_server(version, localhost=asking_server(version))
    assert (handshake_refused(client_context(version), server)
            == "PEER_DID_NOT_RETURN_A_CERTIFICATE")
    with BioPair(client_with_certificate(version), server) as pair:
        assert pair.server.getpeercert()["serialNumber"] == "15"


def test_context_that_asks_for_less_changes_nothing(version):
    server = asking_server(version)
    other = server_context(version, "localhost-ec.pem")
    server.set_servername_callback(
        lambda connection, *_: setattr(connection, "context", other))
    assert (handshake_refused(client_context(version), server)
            == "PEER_DID_NOT_RETURN_A_CERTIFICATE")


@needs_more
def test_context_with_more_flags(version):
    other = asking_server(version)
    other.load_verify_locations(cert("crl.pem"))
    other.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    server = switching_server(version, localhost=other)
    client = client_with_certificate(version)
    with BioPair(client, server):
        pass
    client.load_cert_chain(cert("revoked.pem"))
    assert handshake_refused(client, server) == "CERTIFICATE_VERIFY_FAILED"


@needs_more
def test_context_changed_after_the_handshake_verifies_nobody(version):
    with BioPair(client_with_certificate(version),
                 asking_server(version, ssl.CERT_NONE)) as pair:
        pair.server.context = asking_server(version)
        assert not pair.server.getpeercert()


@needs_more
def test_cve_2025_23419_session_of_another_host(version):
    """A session of a host that requests no certificate must not be resumed
    with a host that requires one."""
    server = switching_server(version, private=asking_server(version))
    client = client_context(version)
    client.check_hostname = False
    session = session_for(client, server, "public.example.test")
    assert handshake_refused(
        client, server, session=session,
        server_hostname="private.example.test"
    ) == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    with BioPair(client, server, session=session,
                 server_hostname="public.example.test") as pair:
        assert pair.server.session_reused is True


@needs_more
def test_session_from_before_the_host_asked_for_a_certificate(version):
    """When OpenSSL has chosen the context, it can no longer do a full
    handshake.  The handshake therefore fails."""
    other = asking_server(version, ssl.CERT_NONE)
    server = switching_server(version, localhost=other)
    client = client_context(version)
    session = session_for(client, server, "localhost")
    other.verify_mode = ssl.CERT_REQUIRED
    assert handshake_refused(client, server,
                             session=session) == "CALLBACK_FAILED"


@needs_more
def test_no_session_where_the_context_asks_for_a_certificate(version):
    other = asking_server(version)
    server = switching_server(version, localhost=other)
    client = client_with_certificate(version)
    session = session_for(client, server, "localhost")
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused is False
        assert pair.server.getpeercert()["serialNumber"] == "15"


# The same for a client that changes its context before the handshake

@needs_more
def test_client_goes_over_to_a_context_that_verifies(pair_type, version):
    lax = client_context(version)
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    for chain, code in ("unknown.pem", 20), ("host-other.pem", 62):
        pair = pair_type(lax, server_context(version, chain),
                         handshake=False)
        pair.client.context = client_context(version)
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            pair.handshake()
        assert caught.value.verify_code == code
        pair.close()


@needs_more
def test_client_goes_over_to_a_context_that_needs_a_name(version):
    lax = client_context(version)
    lax.check_hostname = False
    pair = BioPair(lax, version=version, server_hostname=None,
                   handshake=False)
    with pytest.raises(ValueError):
        pair.client.context = client_context(version)
    assert pair.client.context is lax
    pair.handshake()


# Versions, ciphers and options

def for_later_versions(how, *arguments):
    """A context that allows only TLS 1.3.  Its list for TLS 1.2 has a weak
    cipher."""
    context = how(*arguments)
    context.set_ciphers("AES128-SHA:@SECLEVEL=0")
    return limit_version(context, "TLSv1.3")


@pytest.mark.backport_only("stock goes on with the old version")
def test_host_that_speaks_later_versions_only():
    """The server must refuse TLS 1.2 if the host's context allows only
    TLS 1.3: neither context has set ciphers for that combination."""
    server = switching_server(
        None, localhost=for_later_versions(server_context))
    for client_for in "TLSv1.2", "TLSv1.3":
        pair = BioPair(client_context(client_for), server, handshake=False)
        if client_for == "TLSv1.3":
            pair.handshake()
            continue
        with pytest.raises(ssl.SSLError) as caught:
            pair.handshake()
        assert type(caught.value) is ssl.SSLError
        pair.flush()
        with pytest.raises(ssl.SSLError) as caught:
            pair.client.do_handshake()
        assert caught.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"


@pytest.mark.backport_only("stock goes on with the old version")
@pytest.mark.parametrize("server_for", [None, "TLSv1.2"])
def test_client_goes_over_to_later_versions(pair_type, server_for):
    """The connection gets a context for TLS 1.3 and then the first context
    again.  It must respect both contexts."""
    first = client_context()
    pair = pair_type(first, server_context(server_for), handshake=False)
    pair.client.context = for_later_versions(client_context)
    pair.client.context = first
    if server_for is None:
        pair.handshake()
        assert pair.client.version() == "TLSv1.3"
    else:
        with pytest.raises(ssl.SSLError) as caught:
            pair.handshake()
        assert type(caught.value) is ssl.SSLError
    pair.close()


def test_host_that_speaks_earlier_versions_only():
    """OpenSSL has already chosen TLS 1.3, which is also safe for this
    host."""
    server = switching_server(
        None, localhost=server_context("TLSv1.2"))
    with BioPair(client_context(), server) as pair:
        assert pair.server.version() == "TLSv1.3"


def test_ciphers_are_those_of_the_host():
    name = "ECDHE-RSA-CHACHA20-POLY1305"
    other = server_context()
    other.set_ciphers(name)
    server = switching_server("TLSv1.2", localhost=other)
    with BioPair(client_context(), server) as pair:
        assert pair.server.cipher()[0] == name


@pytest.mark.parametrize("first, second", [(True, False), (False, True)])
def test_options_are_those_of_the_first_context(first, second):
    other = server_context("TLSv1.2")
    server = switching_server("TLSv1.2", localhost=other)
    for context, without in (server, first), (other, second):
        if without:
            context.options |= ssl.OP_NO_TICKET
    session = session_for(client_context(), server, "localhost")
    assert session.has_ticket is not first
