"""trollius, asyncio for 2.7: its TLS transport over sockets, which uses
MemoryBIO where there is one."""

import ssl

import trollius
from trollius import From, Return

import peers

VERSION = "2.2.1"  # the module does not tell

KNOWN = {
    "same_big": "StreamReader.read() can raise AttributeError if the "
                "connection has ended while more than 128 KiB are unread.  "
                "This is a bug in trollius' transport over MemoryBIO, which "
                "asyncio of Python 3.5 also has.  With 2.7's own ssl, "
                "trollius does not use this transport.  As a workaround, read "
                "the exact number of bytes, or set "
                "trollius.sslproto._is_sslproto_available = lambda: False."}


def run(coroutine):
    loop = trollius.get_event_loop()
    return loop.run_until_complete(
        trollius.wait_for(coroutine, peers.TIMEOUT))


@trollius.coroutine
def fetch(server, path="hello", ca=peers.CA):
    reader, writer = yield From(trollius.open_connection(
        "localhost", peers.PORTS[server], server_hostname="localhost",
        ssl=ssl.create_default_context(cafile=ca)))
    writer.write(b"GET /" + path.encode() + b" HTTP/1.0\r\n\r\n")
    data = yield From(reader.read())
    writer.close()
    raise Return(data.partition(b"\r\n\r\n")[2])


def same_get():
    return run(fetch("https")).decode()


def same_big():
    return len(run(fetch("https", "big")))


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: run(fetch("https_unknown")),
                            ssl.SSLError, ssl.CertificateError)


@trollius.coroutine
def echo():
    @trollius.coroutine
    def serve(reader, writer):
        data = yield From(reader.readexactly(1 << 20))
        writer.write(data)
        yield From(writer.drain())
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(peers.SERVER)
    server = yield From(trollius.start_server(
        serve, "127.0.0.1", 0, ssl=context))
    port = server.sockets[0].getsockname()[1]
    reader, writer = yield From(trollius.open_connection(
        "127.0.0.1", port, server_hostname="localhost",
        ssl=ssl.create_default_context(cafile=peers.CA)))
    writer.write(b"x" * (1 << 20))
    data = yield From(reader.readexactly(1 << 20))
    writer.close()
    server.close()
    raise Return(len(data))


def same_own_server():
    return run(echo())


def beyond_has_memory_bio():
    from trollius import sslproto
    return sslproto._is_sslproto_available()
