"""The backport with Python 2.7's standard library and sockets, and PEP 493."""

import contextlib
import gc
import os
import socket
import ssl
import subprocess
import sys

import pytest

from helpers import (PYPY, TIMEOUT, RawPair, SocketPair, Task, cert,
                     client_context, collect, descriptors, receive,
                     server_context, serving, tcp_pair, unix_pair)

pytestmark = pytest.mark.python2("tests modules of 2.7")


def answer_http(sock):
    """Answer one HTTP request, and end the connection."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = sock.recv(1000)
        if not piece:
            return
        request += piece
    path = request.split(b" ")[1]
    body = sock.version().encode("ascii") + b" " + path
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
                 b"Connection: close\r\n\r\n%s" % (len(body), body))
    with pytest.raises((socket.error, EOFError, ssl.SSLError)):
        sock.unwrap()
        raise EOFError


def refuse(sock, context=None):
    """Expect that the client leaves during or after the handshake."""
    wrapped = (context or server_context()).wrap_socket(
        sock, server_side=True, do_handshake_on_connect=False)
    with contextlib.closing(wrapped):
        with pytest.raises((socket.error, EOFError)):
            wrapped.do_handshake()
            receive(wrapped, 1)


# httplib and urllib2

def test_urllib2(version):
    import urllib2
    with serving(answer_http, server_context(version)) as address:
        url = "https://localhost:%d/path" % address[1]
        reply = urllib2.urlopen(url, context=client_context(),
                                timeout=TIMEOUT)
        assert reply.read() == version + " /path"
        reply.close()


def test_urllib2_with_roots_of_the_environment(monkeypatch):
    import urllib2
    monkeypatch.setenv("SSL_CERT_FILE", cert("root.pem"))
    with serving(answer_http, server_context()) as address:
        url = "https://127.0.0.1:%d/" % address[1]
        reply = urllib2.urlopen(url, timeout=TIMEOUT)
        assert reply.read().endswith(" /")
        reply.close()


def test_urllib2_verifies(monkeypatch):
    """cve-2014-9365: urllib2 refuses a server with an unknown CA."""
    import urllib2
    monkeypatch.setenv("SSL_CERT_FILE", cert("unknown-root.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", cert("no-such-folder"))
    with serving(refuse) as address:
        with pytest.raises(urllib2.URLError) as caught:
            urllib2.urlopen("https://localhost:%d/" % address[1],
                            timeout=TIMEOUT)
    assert isinstance(caught.value.reason, ssl.SSLCertVerificationError)
    assert caught.value.reason.verify_code == 20


def test_httplib():
    import httplib
    with serving(answer_http, server_context()) as address:
        connection = httplib.HTTPSConnection(
            "localhost", address[1], context=client_context(),
            timeout=TIMEOUT)
        connection.request("GET", "/path")
        reply = connection.getresponse()
        assert reply.status == 200
        assert reply.read().endswith("/path")
        connection.close()


def test_httplib_with_unicode_url():
    """httplib turns the whole request into unicode, and sends it."""
    import httplib
    with serving(answer_http, server_context()) as address:
        connection = httplib.HTTPSConnection(
            "localhost", address[1], context=client_context(),
            timeout=TIMEOUT)
        connection.request("GET", u"/path")
        assert connection.getresponse().read().endswith("/path")
        connection.close()


def test_httplib_client_certificate():
    import httplib
    server = server_context()
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = ssl.CERT_REQUIRED
    with serving(answer_http, server) as address:
        connection = httplib.HTTPSConnection(
            "localhost", address[1], cert_file=cert("client.pem"),
            context=client_context(), timeout=TIMEOUT)
        connection.request("GET", "/path")
        response = connection.getresponse()
        assert response.status == 200
        response.close()
        connection.close()


def test_httplib_wrong_name():
    import httplib
    server = server_context(chain="host-other.pem")

    def refused(sock):
        refuse(sock, server)

    with serving(refused) as address:
        connection = httplib.HTTPSConnection(
            "localhost", address[1], context=client_context(),
            timeout=TIMEOUT)
        with pytest.raises(ssl.CertificateError) as caught:
            connection.request("GET", "/")
        assert caught.value.verify_code == 62
        connection.close()


# Clients and servers of other modules

def test_smtplib_starttls():
    import smtplib

    def serve(sock):
        sock.sendall(b"220 ready\r\n")
        while True:
            line = b""
            while not line.endswith(b"\n"):
                line += sock.recv(1)
            if line.startswith(b"ehlo"):
                sock.sendall(b"250-here\r\n250 STARTTLS\r\n")
            elif line.startswith(b"STARTTLS"):
                sock.sendall(b"220 go\r\n")
                sock = server_context().wrap_socket(sock, server_side=True)
            else:
                sock.sendall(b"221 bye\r\n")
                sock.close()
                return

    with serving(serve) as address:
        client = smtplib.SMTP("127.0.0.1", address[1], "me", TIMEOUT)
        client.starttls()
        assert isinstance(client.sock, ssl.SSLSocket)
        client.ehlo("me")
        assert client.quit() == (221, "bye")


def test_asyncore_send_returns_zero():
    """A dispatcher over TLS continues after the socket was full."""
    import asyncore
    data = b"x" * (4 * 1024 * 1024)

    class Sender(asyncore.dispatcher):
        left = data
        fullness = 0

        def writable(self):
            return bool(self.left)

        def handle_write(self):
            count = self.send(self.left)
            self.fullness += not count
            self.left = self.left[count:]

        def handle_error(self):
            raise

    with SocketPair() as pair:
        channels = {}
        pair.client.setblocking(False)
        sender = Sender(pair.client, channels)
        # the socket becomes full, since the server does not read yet
        while not sender.fullness:
            sender.handle_write()
        with Task(receive, pair.server, len(data)) as receiving:
            while sender.left:
                asyncore.loop(timeout=1, map=channels, count=1)
            assert receiving.result() == data


def test_socketserver(version):
    import SocketServer

    class Handler(SocketServer.StreamRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.readline().upper())

    server = SocketServer.TCPServer(("127.0.0.1", 0), Handler, False)
    server.socket = server_context(version).wrap_socket(
        server.socket, server_side=True)
    server.server_bind()
    server.server_activate()
    with contextlib.closing(server.socket):
        with Task(server.handle_request):
            client = client_context().wrap_socket(
                socket.create_connection(server.server_address, TIMEOUT),
                server_hostname="localhost")
            with contextlib.closing(client):
                client.sendall(b"hello\n")
                assert receive(client, 6) == b"HELLO\n"


# Sockets

def test_is_one_of_2_7_s_sockets(sockets):
    assert isinstance(sockets.client, socket._socketobject)
    assert isinstance(sockets.client, socket.socket)
    assert sockets.client._sock.fileno() == sockets.client.fileno()


def test_unicode_data(sockets):
    for method in ("send", "sendall", "write"):
        getattr(sockets.client, method)(u"hello")
        assert receive(sockets.server, 5) == b"hello"
    for method in ("send", "sendall", "write"):
        with pytest.raises((UnicodeError, TypeError)):
            getattr(sockets.client, method)(u"\xe9")


def test_buffer_objects(sockets):
    sockets.client.sendall(buffer(b"xhellox", 1, 5))  # noqa: F821
    data = bytearray(8)
    assert sockets.server.recv_into(memoryview(data)[2:]) == 5
    assert data == b"\0\0hello\0"


def test_fileobject(sockets):
    """cheroot and SocketServer use this class.  Its flush() sends slices of
    a memoryview."""
    stream = socket._fileobject(sockets.client, "rwb", 100)
    stream.write(b"x" * 1000)
    stream.flush()
    assert receive(sockets.server, 1000) == b"x" * 1000
    sockets.server.sendall(b"line\nrest")
    assert stream.readline() == b"line\n"
    assert stream.read(4) == b"rest"
    stream.close()


def test_makefile_counts_references():
    """When the socket and all its file objects are closed, the descriptor is
    closed."""
    with SocketPair() as pair:
        number = pair.server.fileno()
        first = pair.server.makefile("rb")
        second = pair.server.makefile("wb", 0)
        pair.server.close()
        first.close()
        second.write(b"hello")
        assert receive(pair.client, 5) == b"hello"
        assert number in descriptors()
        second.close()
        assert number not in descriptors()


@pytest.mark.cpython("has no reference counts, so objects live longer")
def test_makefile_dropped():
    """Without close(), the last reference closes the descriptor."""
    pair = SocketPair()
    with contextlib.closing(pair.client):
        number = pair.server.fileno()
        stream = pair.server.makefile("rb")
        pair.server.close()
        del pair.server
        assert number in descriptors()
        del stream
        assert number not in descriptors()


def test_plain_socket_stays_usable():
    """The wrapped socket is another object: closing the plain socket does not
    close the connection."""
    left, right = unix_pair()
    wrapped = client_context().wrap_socket(
        left, server_hostname="localhost", do_handshake_on_connect=False)
    number = wrapped.fileno()
    left.close()
    assert number in descriptors()
    with Task(server_context().wrap_socket, right,
              server_side=True) as accepting:
        wrapped.do_handshake()
        server = accepting.result()
    wrapped.sendall(b"hello")
    assert receive(server, 5) == b"hello"
    wrapped.close()
    server.close()


@pytest.mark.parametrize("wrap", ["sslwrap_simple", "socket.ssl"])
def test_sslwrap_simple(version, wrap):
    """socket.ssl() also calls sslwrap_simple()."""
    wrap = socket.ssl if wrap == "socket.ssl" else ssl.sslwrap_simple
    with serving(lambda sock: sock.sendall(receive(sock, 5)),
                 server_context(version)) as address:
        plain = socket.create_connection(address, TIMEOUT)
        with contextlib.closing(plain):
            simple = wrap(plain)
            assert simple.write(b"hello") == 5
            assert simple.read(5) == b"hello"


@pytest.mark.cpython("replaces socket.sslerror when it imports hashlib")
def test_socket_sslerror_catches():
    with pytest.raises(socket.sslerror):
        SocketPair(server=server_context(chain="unknown.pem"))


def test_class_that_replaces_the_module_s(monkeypatch, version):
    """gevent may replace ssl.SSLSocket after requests has imported
    SSLContext."""
    class Replaced(ssl.SSLSocket):
        pass

    context = client_context(version)
    monkeypatch.setattr(ssl, "SSLSocket", Replaced)
    with SocketPair(client=context, version=version) as pair:
        assert type(pair.client) is Replaced


def test_gevent_s_way_in(version):
    """gevent wraps the raw socket with the low-level method."""
    left, right = unix_pair()

    class Owner(object):
        pass

    owner = Owner()
    connection = client_context(version)._wrap_socket(
        left._sock, False, "localhost", ssl_sock=owner)
    with Task(server_context(version).wrap_socket, right,
              server_side=True) as accepting:
        connection.do_handshake()
        server = accepting.result()
    assert connection.write(b"hello") == 5
    assert receive(server, 5) == b"hello"
    server.sendall(b"goodbye")
    assert connection.read(7) == b"goodbye"
    assert connection.peer_certificate(True)
    assert connection.version() == version
    assert connection.pending() == 0
    with Task(server.unwrap):
        assert connection.shutdown() is left._sock
    left.close()


def wrap_raw(sock):
    connection = client_context()._wrap_socket(sock._sock, False, "localhost")
    connection.do_handshake()
    return connection


@pytest.mark.parametrize("wrap", [
    lambda sock: ssl.sslwrap_simple(sock), lambda sock: socket.ssl(sock),
    wrap_raw], ids=["sslwrap_simple", "socket.ssl", "_wrap_socket"])
def test_a_connection_keeps_its_socket(version, wrap):
    """The connection holds the only reference to the socket."""
    with serving(lambda sock: sock.sendall(receive(sock, 5)),
                 server_context(version)) as address:
        before = descriptors()
        connection = wrap(socket.create_connection(address, TIMEOUT))
        gc.collect()
        assert connection.write(b"hello") == 5
        assert connection.read(5) == b"hello"
        number, = [number for number in descriptors() - before
                   if is_client_of(number, address)]
        del connection
        if PYPY:  # it has no reference counts
            collect()
        assert number not in descriptors() or not is_client_of(
            number, address)


def is_client_of(number, address):
    """Whether a descriptor is a socket that is connected to the address."""
    try:
        sock = socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM)
        with contextlib.closing(sock):
            return sock.getpeername() == address
    except socket.error:
        return False


def test_shutdown_after_a_ragged_end_has_no_errno(version):
    """gevent's unwrap() treats errno 0 as the end of TLS."""
    with RawPair(version, pair=tcp_pair()) as raw:
        raw.peer.close()
        for _ in range(3):
            with pytest.raises(socket.error) as caught:
                raw.sock._sslobj.shutdown()
            assert caught.value.args[0] == caught.value.errno == 0


# PEP 493

def child(code, **environment):
    """The output of a new interpreter with the backport."""
    environment = dict(os.environ, **environment)
    return subprocess.check_output(
        [sys.executable, "-m", "_ssl_backport", "-c", code],
        env=environment)


SHOW = ("import ssl; context = ssl._create_default_https_context(); "
        "print context.check_hostname, int(context.verify_mode)")


@pytest.mark.parametrize("value, shown", [
    (None, "True 2"), ("1", "True 2"), ("yes", "True 2"), ("", "True 2"),
    ("0", "False 0")])
def test_pep_493_environment(value, shown):
    environment = {} if value is None else {"PYTHONHTTPSVERIFY": value}
    assert child(SHOW, **environment).strip() == shown


def test_pep_493_function():
    assert ssl._https_verify_envvar == "PYTHONHTTPSVERIFY"
    try:
        ssl._https_verify_certificates(enable=False)
        context = ssl._create_default_https_context()
        assert context.verify_mode is ssl.CERT_NONE
    finally:
        ssl._https_verify_certificates()
    context = ssl._create_default_https_context()
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_rebound_https_context(monkeypatch):
    import urllib2
    monkeypatch.setattr(ssl, "_create_default_https_context",
                        ssl._create_unverified_context)
    with serving(answer_http,
                 server_context(chain="self-signed.pem")) as address:
        reply = urllib2.urlopen("https://127.0.0.1:%d/" % address[1],
                                timeout=TIMEOUT)
        assert reply.getcode() == 200
        reply.close()


@pytest.mark.python2("urllib3's TLS in TLS works on Python 3")
def test_urllib3_says_that_it_has_no_tls_in_tls():
    """SSLTransport, in urllib3 1.26 and modules with a copy of urllib3, needs
    more than a wrap_bio() method, but checks only for this method."""
    class SSLTransport(object):
        @staticmethod
        def _validate_ssl_context_for_tls_in_tls(ssl_context):
            return hasattr(ssl_context, "wrap_bio")

    class Context(ssl.SSLContext):
        pass

    for kind in ssl.SSLContext, Context:
        context = kind(ssl.PROTOCOL_TLS_CLIENT)
        assert not SSLTransport._validate_ssl_context_for_tls_in_tls(context)
        assert hasattr(context, "wrap_bio") and hasattr(kind, "wrap_bio")
        assert context.wrap_bio.__doc__ == kind.wrap_bio.__doc__
        context.check_hostname = False
        assert isinstance(context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO()),
                          ssl.SSLObject)
