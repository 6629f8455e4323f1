"""Tornado: its HTTP client and server, and a TCP client with STARTTLS."""

import ssl

import tornado
import tornado.gen
import tornado.httpclient
import tornado.httpserver
import tornado.ioloop
import tornado.iostream
import tornado.tcpserver
import tornado.testing
import tornado.web

import peers

VERSION = tornado.version


def run(function):
    return tornado.ioloop.IOLoop.current().run_sync(
        function, timeout=peers.TIMEOUT)


@tornado.gen.coroutine
def fetch(url, **options):
    options.setdefault("ca_certs", peers.CA)
    response = yield tornado.httpclient.AsyncHTTPClient(
        force_instance=True).fetch(url, **options)
    raise tornado.gen.Return(response.body)


def same_get():
    return run(lambda: fetch(peers.url("https"))).decode()


def same_big():
    return len(run(lambda: fetch(peers.url("https", "big"))))


def same_client_certificate():
    return run(lambda: fetch(peers.url("https_client"),
                             client_cert=peers.CLIENT)).decode()


def same_unknown_issuer_is_refused():
    return peers.is_refused(
        lambda: run(lambda: fetch(peers.url("https_unknown"))), ssl.SSLError)


def same_wrong_name_is_refused():
    return peers.is_refused(
        lambda: run(lambda: fetch(peers.url("https_other"))),
        ssl.SSLError, ssl.CertificateError)


class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("hello from tornado")

    def post(self):
        self.write(str(len(self.request.body)))


@tornado.gen.coroutine
def serve_and_fetch(**options):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(peers.SERVER)
    server = tornado.httpserver.HTTPServer(
        tornado.web.Application([("/", Hello)]), ssl_options=context)
    sock, port = tornado.testing.bind_unused_port()
    server.add_sockets([sock])
    try:
        body = yield fetch("https://localhost:%d/" % port, **options)
    finally:
        server.stop()
    raise tornado.gen.Return(body)


def same_own_server():
    return run(serve_and_fetch).decode()


def same_big_request():
    return run(lambda: serve_and_fetch(
        method="POST", body=b"x" * (1 << 20))).decode()


class LateServer(tornado.tcpserver.TCPServer):
    """Starts TLS in the middle of a connection."""

    @tornado.gen.coroutine
    def handle_stream(self, stream, address):
        yield stream.read_until(b"\n")
        yield stream.write(b"OK\n")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(peers.SERVER)
        stream = yield stream.start_tls(True, context)
        line = yield stream.read_until(b"\n")
        yield stream.write(line.upper())
        stream.close()


@tornado.gen.coroutine
def start_tls():
    server = LateServer()
    sock, port = tornado.testing.bind_unused_port()
    server.add_sockets([sock])
    stream = yield tornado.tcpclient.TCPClient().connect("127.0.0.1", port)
    yield stream.write(b"STARTTLS\n")
    yield stream.read_until(b"\n")
    stream = yield stream.start_tls(
        False, ssl.create_default_context(cafile=peers.CA), "localhost")
    yield stream.write(b"hello\n")
    line = yield stream.read_until(b"\n")
    stream.close()
    server.stop()
    raise tornado.gen.Return(line)


def same_start_tls():
    import tornado.tcpclient  # noqa: F401
    return run(start_tls).decode()
