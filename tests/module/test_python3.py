"""Modules of Python 3 that use ssl: http.client, urllib, socketserver and
asyncio."""

import contextlib
import socket
import ssl

import pytest

from helpers import (TIMEOUT, Task, cert, client_context, receive,
                     server_context, serving, socketserver)

pytestmark = pytest.mark.python3("tests modules of 3.x")


def answer_http(sock):
    """Answer one HTTP request."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += receive(sock, 1)
    path = request.split(b" ")[1]
    body = sock.version().encode("ascii") + b" " + path
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
                 b"Connection: close\r\n\r\n%s" % (len(body), body))


def refuse(sock):
    """Expect that the client leaves during or after the handshake."""
    wrapped = server_context().wrap_socket(
        sock, server_side=True, do_handshake_on_connect=False)
    with contextlib.closing(wrapped):
        with pytest.raises((OSError, EOFError)):
            wrapped.do_handshake()
            receive(wrapped, 1)


def test_http_client(version):
    import http.client
    with serving(answer_http, server_context(version)) as address:
        connection = http.client.HTTPSConnection(
            "localhost", address[1], context=client_context(),
            timeout=TIMEOUT)
        connection.request("GET", "/path")
        reply = connection.getresponse()
        assert reply.read() == version.encode() + b" /path"
        connection.close()


def test_urlopen(version):
    import urllib.request
    with serving(answer_http, server_context(version)) as address:
        url = "https://127.0.0.1:%d/path" % address[1]
        with urllib.request.urlopen(url, context=client_context(),
                                    timeout=TIMEOUT) as reply:
            assert reply.read() == version.encode() + b" /path"


def test_urlopen_verifies(monkeypatch):
    import urllib.error
    import urllib.request
    monkeypatch.setenv("SSL_CERT_FILE", cert("unknown-root.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", cert("no-such-folder"))
    # from 3.12 on the opener keeps its context for later tests
    monkeypatch.setattr(urllib.request, "_opener", None)
    with serving(refuse) as address:
        with pytest.raises(urllib.error.URLError) as caught:
            urllib.request.urlopen("https://localhost:%d/" % address[1],
                                   timeout=TIMEOUT)
    assert isinstance(caught.value.reason, ssl.SSLError)
    assert caught.value.reason.reason == "CERTIFICATE_VERIFY_FAILED"


def test_socketserver(version):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.readline().upper())

    server = socketserver.TCPServer(("127.0.0.1", 0), Handler)
    server.socket = server_context(version).wrap_socket(
        server.socket, server_side=True)
    server.timeout = TIMEOUT
    with contextlib.closing(server.socket):
        with Task(server.handle_request):
            plain = socket.create_connection(server.server_address, TIMEOUT)
            client = client_context().wrap_socket(
                plain, server_hostname="localhost")
            with contextlib.closing(client):
                client.sendall(b"hello\n")
                assert receive(client, 6) == b"HELLO\n"


# asyncio

@pytest.fixture
def loop():
    import asyncio
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    loop.run_until_complete(loop.shutdown_asyncgens())
    asyncio.set_event_loop(None)
    loop.close()


# a string, since 2.7 cannot parse this code
ASYNCIO = """
import asyncio

async def echo(reader, writer):
    try:
        while True:
            data = await reader.read(65536)
            if not data:
                break
            writer.write(data.upper())
            await writer.drain()
    finally:
        writer.close()

async def talk(client, server, data):
    listener = await asyncio.start_server(
        echo, "127.0.0.1", 0, ssl=server)
    port = listener.sockets[0].getsockname()[1]
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(
            "127.0.0.1", port, ssl=client, server_hostname="localhost"), 30)
        info = writer.get_extra_info("ssl_object")
        certificate = writer.get_extra_info("peercert")
        writer.write(data)
        answer = await asyncio.wait_for(reader.readexactly(len(data)), 30)
        writer.close()
        return info.version(), certificate, answer
    finally:
        listener.close()
        await listener.wait_closed()
"""


@pytest.fixture
def talk():
    names = {}
    exec(ASYNCIO, names)
    return names["talk"]


@pytest.mark.parametrize("size", [5, 1000000])
def test_asyncio_streams(loop, talk, version, size):
    found, certificate, answer = loop.run_until_complete(talk(
        client_context(version), server_context(version), b"x" * size))
    assert found == version
    assert certificate["serialNumber"] == "0A"
    assert answer == b"X" * size


def test_asyncio_verifies(loop, talk, version):
    loop.set_exception_handler(lambda *arguments: None)
    with pytest.raises((ssl.SSLError, ssl.CertificateError)):
        loop.run_until_complete(talk(
            client_context(version),
            server_context(version, "unknown.pem"), b"x"))
