"""OCSP stapling: responses of servers, and requests and decisions of clients.

The program `openssl` makes and verifies the responses, and is the peer in
some tests.
"""

import contextlib
import os
import re
import socket
import ssl
import subprocess
import weakref

import pytest

from helpers import (BioPair, SocketPair, Task, buffer_types, cert,
                     client_context, collect, in_child, limit_version,
                     listening, meanwhile, receive, server_context)
from verdicts import Wrong, accepts, fails, refuses

pytestmark = pytest.mark.backport_only("stock has no OCSP stapling")

INDEX = "%s\t991231235959Z\t%s\t%02X\tunknown\t/CN=localhost\n"
MODES = [ssl.CERT_NONE, ssl.CERT_REQUIRED]


def openssl(*arguments):
    """The output of the program; without it the test is skipped."""
    environ = dict(os.environ, OPENSSL_CONF=os.devnull)
    try:
        return subprocess.check_output(
            ("openssl",) + arguments, env=environ, stderr=subprocess.STDOUT)
    except OSError:
        pytest.skip("there is no program openssl")


def make_response(folder, serial, revoked=False):
    """An OCSP response (DER) about a certificate of ocsp-root.pem."""
    index = folder.join("index.txt")
    index.write(INDEX % (("R", "200101000000Z", serial) if revoked
                         else ("V", "", serial)))
    made = folder.join("response.der")
    responder = cert("ocsp-responder.pem")
    openssl("ocsp", "-index", str(index), "-CA", cert("ocsp-root.pem"),
            "-issuer", cert("ocsp-root.pem"), "-rsigner", responder,
            "-rkey", responder, "-serial", str(serial), "-ndays", "1",
            "-respout", str(made))
    return made.read_binary()


@pytest.fixture(scope="module")
def responses(tmpdir_factory):
    """Responses about ocsp.pem: one says good, the other revoked."""
    folder = tmpdir_factory.mktemp("responses")
    return make_response(folder, 51), make_response(folder, 51, revoked=True)


@pytest.fixture
def response(responses):
    return responses[0]


def trusting_client(version=None):
    return client_context(version, roots="ocsp-root.pem")


def asking_client(version=None, callback=None):
    client = trusting_client(version)
    client.request_ocsp = True
    client.ocsp_callback = callback
    return client


def stapling_server(response, version=None, chain="ocsp.pem"):
    """A server that staples this response.  OpenSSL 4.0 staples it only if
    it is about the server's certificate."""
    server = server_context(version, chain)
    server.ocsp_staple = response
    return server


class Recorder(object):
    def __init__(self):
        self.seen = []

    def __call__(self, connection, response):
        self.seen.append(response)
        return True


def talk(pair):
    for sender, receiver in ((pair.server, pair.client),
                             (pair.client, pair.server)):
        sender.write(b"x")
        pair.flush()
        assert receiver.read(1) == b"x"


# Attributes

def test_attributes(response):
    client, server = client_context(), server_context()
    assert client.request_ocsp is server.request_ocsp is False
    assert client.ocsp_callback is server.ocsp_callback is None
    assert client.ocsp_staple is server.ocsp_staple is None
    client.request_ocsp = 1
    assert client.request_ocsp is True
    client.request_ocsp = 0
    assert client.request_ocsp is False
    client.ocsp_callback = accepts
    assert client.ocsp_callback is accepts
    client.ocsp_callback = None
    assert client.ocsp_callback is None
    server.ocsp_staple = response
    assert server.ocsp_staple == response
    assert type(server.ocsp_staple) is bytes
    server.ocsp_staple = None
    assert server.ocsp_staple is None


def test_callback_asks_for_the_response():
    client = client_context()
    client.ocsp_callback = accepts
    assert client.request_ocsp is True
    with pytest.raises(ValueError):
        client.request_ocsp = False
    assert client.request_ocsp is True
    client.ocsp_callback = None
    assert client.request_ocsp is True
    client.request_ocsp = False
    assert client.request_ocsp is False


@pytest.mark.parametrize("name", ["ocsp_staple", "request_ocsp",
                                  "ocsp_callback"])
def test_no_deletion(name):
    context = server_context()
    with pytest.raises(AttributeError):
        delattr(context, name)
    assert not getattr(context, name)


@pytest.mark.parametrize("value", [42, "", object(), (), True])
def test_callback_of_wrong_type(value):
    client = asking_client(callback=accepts)
    with pytest.raises(TypeError) as caught:
        client.ocsp_callback = value
    assert "ocsp_callback" in str(caught.value)
    assert client.ocsp_callback is accepts
    client = client_context()
    with pytest.raises(TypeError):
        client.ocsp_callback = value
    assert client.request_ocsp is False


@pytest.mark.parametrize("value", [42, object(), [1]])
def test_staple_of_wrong_type(response, value):
    server = stapling_server(response)
    with pytest.raises(TypeError):
        server.ocsp_staple = value
    assert server.ocsp_staple == response


def test_staple_of_any_buffer(response):
    server = server_context()
    for make in buffer_types:
        server.ocsp_staple = None
        server.ocsp_staple = make(response)
        assert server.ocsp_staple == response


def test_staple_is_copied(response):
    data = bytearray(response)
    server = stapling_server(data)
    data[:] = b"x" * len(data)
    assert server.ocsp_staple == response
    del data[:]     # would fail if the context had a view of it


def test_staple_that_is_none(response):
    server = stapling_server(response)
    der = ssl.PEM_cert_to_DER_cert(open(cert("root.pem")).read())
    for junk in (b"", b"\0", b"junk", response[:-1], response[1:], der,
                 b"0\x84\xff\xff\xff\xff", b"x" * 100000):
        with pytest.raises(ssl.SSLError) as caught:
            server.ocsp_staple = junk
        assert "ocsp_staple" in str(caught.value)
        assert server.ocsp_staple == response


def test_staple_with_something_behind_it(response):
    server = stapling_server(response)
    for more in b"\0", response:
        with pytest.raises(ssl.SSLError) as caught:
            server.ocsp_staple = response + more
        assert "ocsp_staple" in str(caught.value)
        assert server.ocsp_staple == response


def test_staple_that_tls_has_no_room_for():
    with pytest.raises(ValueError) as caught:
        server_context().ocsp_staple = bytearray(1 << 24)
    assert "ocsp_staple" in str(caught.value)


def test_clients_do_not_staple(response):
    client = client_context()
    for value in response, None:
        with pytest.raises(ValueError):
            client.ocsp_staple = value
    ssl.SSLContext(ssl.PROTOCOL_TLS).ocsp_staple = response


# Handshakes

def test_stapled(pair_type, version, response):
    pair = pair_type(asking_client(version),
                     stapling_server(response, version), handshake=False)
    assert pair.client.ocsp_response() is None
    assert pair.server.ocsp_response() is None
    with pair:
        pair.handshake()
        for _ in range(2):
            assert pair.client.ocsp_response() == response
            talk(pair)
        assert type(pair.client.ocsp_response()) is bytes
        assert pair.server.ocsp_response() is None


def test_socket_without_tls(version, response):
    with SocketPair(asking_client(version),
                    stapling_server(response, version)) as pair:
        assert pair.client.ocsp_response() == response
    assert pair.client.ocsp_response() is None
    sock = trusting_client().wrap_socket(
        socket.socket(), server_hostname="localhost")
    with contextlib.closing(sock):
        assert sock.ocsp_response() is None


def test_not_asked_for(pair_type, version, response):
    client = trusting_client(version)
    with pair_type(client, stapling_server(response, version)) as pair:
        assert pair.client.ocsp_response() is None
        talk(pair)


def test_not_stapled(pair_type, version):
    with pair_type(asking_client(version),
                   stapling_server(None, version)) as pair:
        assert pair.client.ocsp_response() is None
        talk(pair)


def test_replaced_staple_is_for_later_handshakes(version, responses):
    server = stapling_server(responses[0], version)
    client = asking_client(version)
    with BioPair(client, server) as pair:
        server.ocsp_staple = responses[1]
        assert pair.client.ocsp_response() == responses[0]
    with BioPair(client, server) as pair:
        assert pair.client.ocsp_response() == responses[1]
        server.ocsp_staple = None
    with BioPair(client, server) as pair:
        assert pair.client.ocsp_response() is None


def test_context_that_is_for_both_ends(version, response):
    """request_ocsp has no effect on a context's server connections."""
    server = stapling_server(response, version)
    both = ssl.SSLContext(ssl.PROTOCOL_TLS)
    both.load_cert_chain(cert("ocsp.pem"))
    both.request_ocsp = True
    both.ocsp_staple = response
    server.sni_callback = (lambda connection, name, context:
                           setattr(connection, "context", both))
    for each in both, server:
        with BioPair(trusting_client(version), each) as pair:
            assert pair.client.ocsp_response() is None
        with BioPair(both, each) as pair:
            assert pair.client.ocsp_response() == response


def test_context_of_an_sni_callback(pair_type, version, response, tmpdir):
    """The server staples the response of the context that the callback sets,
    or none if this context has none."""
    server = stapling_server(response, version)
    other = stapling_server(None, version, "ocsp-other.pem")
    server.sni_callback = (lambda connection, name, context:
                           setattr(connection, "context", other))
    for staple in make_response(tmpdir, 52), None:
        other.ocsp_staple = staple
        with pair_type(asking_client(version), server) as pair:
            assert pair.client.ocsp_response() == staple


def test_context_that_is_set_before_the_handshake(pair_type, response):
    """A client requests a response if either context requests one."""
    for first, second, got in (
            (trusting_client(), asking_client(), response),
            (asking_client(), trusting_client(), response),
            (trusting_client(), trusting_client(), None)):
        with pair_type(first, stapling_server(response),
                       handshake=False) as pair:
            pair.client.context = second
            pair.handshake()
            assert pair.client.ocsp_response() == got


# The callback

def test_arguments(pair_type, version, response):
    seen = []

    def callback(*arguments):
        seen.append(arguments)
        return True

    client = asking_client(version, callback)
    with pair_type(client, stapling_server(response, version)) as pair:
        [(connection, got)] = seen
        assert connection is pair.client
        assert got == response
        assert type(got) is bytes
        assert pair.client.ocsp_response() == response
        talk(pair)
        del seen[:], connection
    with pair_type(client, stapling_server(None, version)) as pair:
        assert seen == [(pair.client, None)]
        talk(pair)
        del seen[:]


@pytest.mark.parametrize("mode", MODES)
def test_refusal(pair_type, version, response, mode):
    client = asking_client(version, refuses)
    client.check_hostname = False
    client.verify_mode = mode
    with pytest.raises(ssl.SSLError) as caught:
        pair_type(client, stapling_server(response, version))
    assert caught.value.reason == "INVALID_STATUS_RESPONSE"


def peer_learns(client, server, error):
    """The reason of the server's error after this error of the client."""
    pair = BioPair(client, server, handshake=False)
    with pytest.raises(error):
        pair.handshake()
    with pytest.raises(ssl.SSLError):
        pair.client.do_handshake()
    pair.flush()
    with pytest.raises(ssl.SSLError) as caught:
        pair.server.do_handshake()
        pair.server.read(1)
    return caught.value.reason


def test_alert_of_a_refusal(version, response):
    assert peer_learns(
        asking_client(version, refuses), stapling_server(response, version),
        ssl.SSLError) == "TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE"


def test_alert_of_an_exception(version, response):
    assert peer_learns(
        asking_client(version, fails), stapling_server(response, version),
        Wrong) == "TLSV1_ALERT_INTERNAL_ERROR"


def test_server_that_must_staple(pair_type, version, response):
    client = asking_client(
        version, lambda connection, response: response is not None)
    with pair_type(client, stapling_server(response, version)) as pair:
        talk(pair)
    with pytest.raises(ssl.SSLError):
        pair_type(client, stapling_server(None, version))


@pytest.mark.parametrize("error", [Wrong, KeyboardInterrupt, ssl.SSLError])
def test_exception(pair_type, version, response, error):
    def callback(*arguments):
        raise error

    with pytest.raises(error):
        pair_type(asking_client(version, callback),
                  stapling_server(response, version))


def test_exception_in_what_makes_the_handshake_by_itself(version, response):
    for name, arguments in ("read", (1,)), ("write", (b"x",)):
        with SocketPair(asking_client(version, fails),
                        stapling_server(response, version),
                        handshake=False) as pair:
            with Task(pair.server.do_handshake) as task:
                with pytest.raises(Wrong):
                    getattr(pair.client, name)(*arguments)
                pair.client.close()
                task.error()


@pytest.mark.parametrize("result", [None, 1, 0, b"", object()])
def test_result_that_is_no_bool(pair_type, version, response, result):
    with pytest.raises(TypeError) as caught:
        pair_type(asking_client(version, lambda *arguments: result),
                  stapling_server(response, version))
    assert "ocsp_callback" in str(caught.value)


def test_callback_that_takes_nothing():
    with pytest.raises(TypeError):
        BioPair(asking_client(None, lambda: True), stapling_server(None))


def test_owner_that_is_gone():
    pair = BioPair(asking_client(None, accepts), stapling_server(None),
                   handshake=False)
    sslobj, pair.client = pair.client._sslobj, None
    collect()
    with pytest.raises(ssl.SSLError) as caught:
        pair.finish(sslobj.do_handshake, pair.server.do_handshake)
    assert caught.value.reason is None      # the error is not OpenSSL's


def test_chain_is_verified_first(version, response):
    recorder = Recorder()
    server = stapling_server(response, version, chain="unknown.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        BioPair(asking_client(version, recorder), server)
    assert recorder.seen == []


def test_without_a_certificate(version):
    """Without a certificate the callback is not called."""
    recorder = Recorder()
    client = asking_client(version, recorder)
    client.set_psk_client_callback(lambda hint: ("client", b"k" * 16))
    server = limit_version(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), version)
    server.set_psk_server_callback(lambda identity: b"k" * 16)
    for context in client, server:
        if version == "TLSv1.2":
            context.set_ciphers("PSK")
    with BioPair(client, server) as pair:
        talk(pair)
        assert pair.client.getpeercert(True) is None
    assert recorder.seen == []


def test_callback_is_not_for_servers(version, response):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS)
    server.load_cert_chain(cert("ocsp.pem"))
    server.ocsp_callback = fails
    server.ocsp_staple = response
    with BioPair(asking_client(version), server) as pair:
        assert pair.client.ocsp_response() == response


def test_connection_keeps_what_its_context_had(response):
    client, server = trusting_client(), stapling_server(response)
    pair = BioPair(client, server, handshake=False)
    client.ocsp_callback = fails
    pair.handshake()
    assert pair.client.ocsp_response() is None
    pair = BioPair(client, server, handshake=False)
    client.ocsp_callback = None
    with pytest.raises(Wrong):
        pair.handshake()


def test_callback_of_a_context_that_is_set(response):
    for first, second, error in ((fails, accepts, None),
                                 (None, refuses, ssl.SSLError),
                                 (refuses, None, None)):
        pair = BioPair(asking_client(None, first), stapling_server(response),
                       handshake=False)
        pair.client.context = asking_client(None, second)
        if error is None:
            pair.handshake()
        else:
            with pytest.raises(error):
                pair.handshake()


# Resumption: the server sends no response, and no callback is called

def session_of(client, server):
    with BioPair(client, server) as pair:
        talk(pair)
        return pair.client.session


@pytest.mark.parametrize("mode", MODES)
def test_resumed_handshake(pair_type, version, response, mode):
    recorder = Recorder()
    client = asking_client(version, recorder)
    client.check_hostname = False
    client.verify_mode = mode
    server = stapling_server(response, version)
    session = session_of(client, server)
    assert recorder.seen == [response]
    with pair_type(client, server, session=session) as pair:
        talk(pair)
        assert pair.client.session_reused
        assert pair.client.ocsp_response() is None
    assert recorder.seen == [response]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("before", [None, accepts])
def test_session_that_the_callback_has_not_accepted(version, response, mode,
                                                    before):
    client = asking_client(version, before)
    client.check_hostname = False
    client.verify_mode = mode
    server = stapling_server(response, version)
    session = session_of(client, server)
    client.ocsp_callback = recorder = Recorder()
    with BioPair(client, server, session=session) as pair:
        assert not pair.client.session_reused
    assert recorder.seen == [response]
    client.ocsp_callback = refuses
    with pytest.raises(ssl.SSLError):
        BioPair(client, server, session=session)


# Callbacks that use the connection and other objects

def test_callback_that_enters_its_own_connection(pair_type, version, entrance,
                                                 response):
    errors = []

    def callback(connection, response):
        with pytest.raises(ssl.SSLError) as caught:
            entrance(connection)
        errors.append(caught.value)
        return True

    with pair_type(asking_client(version, callback),
                   stapling_server(response, version)) as pair:
        assert len(errors) == 1
        talk(pair)


def test_getters_in_the_callback(pair_type, version, response):
    seen = []

    def callback(connection, response):
        chain = connection.get_verified_chain()
        seen.append((connection.ocsp_response(), len(chain)))
        with pytest.raises(ssl.SSLError):
            connection.context = trusting_client()
        return True

    with pair_type(asking_client(version, callback),
                   stapling_server(response, version)):
        assert seen == [(None, 2)]


def test_staple_that_is_replaced_meanwhile(version, responses):
    """Each handshake gets one of the responses, complete, or none."""
    server, client = stapling_server(None, version), asking_client(version)

    def toggle():
        for each in responses + (None,):
            server.ocsp_staple = each

    def connect():
        for _ in range(15):
            with SocketPair(client, server) as pair:
                seen.add(pair.client.ocsp_response())
                talk(pair)

    seen = set()
    with meanwhile(toggle):
        for task in [Task(connect) for _ in range(4)]:
            task.result()
    assert seen <= set(responses) | {None}


def test_callback_that_replaces_itself(version, responses):
    def callback(connection, response):
        client.ocsp_callback = None
        server.ocsp_staple = responses[1]
        collect()
        assert response == responses[0]
        return True

    client = asking_client(version, callback)
    server = stapling_server(responses[0], version)
    with BioPair(client, server) as pair:
        talk(pair)
    with BioPair(client, server) as pair:
        assert pair.client.ocsp_response() == responses[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no os.fork()")
def test_fork_in_the_callback(version, response):
    def callback(connection, got):
        in_child(lambda: BioPair(asking_client(version),
                                 stapling_server(response, version)))
        return True

    with SocketPair(asking_client(version, callback),
                    stapling_server(response, version)) as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"


@pytest.mark.cpython("finds no cycles through objects of extension types")
def test_cycles():
    def references_to_cycles():
        callback = Recorder()
        pair = BioPair(asking_client(None, callback), stapling_server(None),
                       handshake=False)
        callback.held = pair.client
        context = trusting_client()
        context.ocsp_callback = lambda *arguments: context
        return weakref.ref(callback), weakref.ref(context)

    references = references_to_cycles()
    collect()
    assert [reference() for reference in references] == [None, None]


# OpenSSL's own programs

def test_own_client(version, response, tmpdir):
    """s_client shows and accepts the response that our server staples."""
    def serve():
        sock = server.wrap_socket(listener.accept()[0], server_side=True)
        with contextlib.closing(sock):
            sock.recv(1)

    server = stapling_server(response, version)
    with listening() as listener:
        with Task(serve):
            shown = openssl(
                "s_client", "-connect", "127.0.0.1:%d"
                % listener.getsockname()[1], "-status", "-servername",
                "localhost", "-CAfile", cert("ocsp-root.pem"))
    assert b"OCSP Response Status: successful (0x0)" in shown
    assert re.search(br"Serial Number: 33\s+Cert Status: good", shown)


@contextlib.contextmanager
def own_server(*arguments):
    """Run s_server; yields its port."""
    environ = dict(os.environ, OPENSSL_CONF=os.devnull)
    try:
        child = subprocess.Popen(
            ("openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1")
            + arguments, env=environ, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError:
        pytest.skip("there is no program openssl")
    try:
        said = b""
        for line in iter(child.stdout.readline, b""):
            said += line
            found = re.match(br"ACCEPT \S+:(\d+)", line)
            if found:
                break
        assert found, said
        yield int(found.group(1))
    finally:
        child.kill()
        child.communicate()


def test_own_server(version, responses, tmpdir):
    path = tmpdir.join("response.der")
    path.write_binary(responses[1])
    with own_server("-cert", cert("ocsp.pem"), "-key", cert("ocsp.pem"),
                    "-status_file", str(path)) as port:
        client = trusting_client(version)
        client.ocsp_callback = recorder = Recorder()
        plain = socket.create_connection(("127.0.0.1", port), 30)
        with contextlib.closing(client.wrap_socket(
                plain, server_hostname="localhost")) as sock:
            assert sock.ocsp_response() == responses[1]
            assert recorder.seen == [responses[1]]


def is_good(response, certificate, folder):
    """The check of docs/verification.rst, done by the program openssl."""
    path = folder.join("got.der")
    path.write_binary(response)
    told = openssl("ocsp", "-respin", str(path), "-no_nonce", "-issuer",
                   cert("ocsp-root.pem"), "-cert", cert(certificate),
                   "-CAfile", cert("ocsp-root.pem"))
    return b"Response verify OK" in told and b": good" in told


def test_who_verifies_the_response(pair_type, version, responses, tmpdir):
    client = asking_client(
        version, lambda connection, response: (
            response is not None and is_good(response, "ocsp.pem", tmpdir)))
    server = stapling_server(responses[0], version)
    with pair_type(client, server) as pair:
        talk(pair)
    for refused in responses[1], None:
        server.ocsp_staple = refused
        with pytest.raises(ssl.SSLError) as caught:
            pair_type(client, server)
        assert caught.value.reason == "INVALID_STATUS_RESPONSE"
