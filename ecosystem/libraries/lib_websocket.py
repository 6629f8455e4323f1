"""websocket-client with Tornado's WebSocket server."""

import ssl
import threading

import tornado.httpserver
import tornado.ioloop
import tornado.testing
import tornado.web
import tornado.websocket
import websocket

import peers

VERSION = websocket.__version__


class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)


def serve(ready, found):
    loop = tornado.ioloop.IOLoop()
    loop.make_current()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(peers.SERVER)
    server = tornado.httpserver.HTTPServer(
        tornado.web.Application([("/", Echo)]), ssl_options=context)
    sock, port = tornado.testing.bind_unused_port()
    server.add_sockets([sock])
    found["url"] = "wss://localhost:%d/" % port
    ready.set()
    loop.start()


def url_of_server():
    """The URL of the server, which the first call starts in a thread."""
    if "url" not in found:
        ready = threading.Event()
        thread = threading.Thread(target=serve, args=(ready, found))
        thread.daemon = True
        thread.start()
        ready.wait(peers.TIMEOUT)
    return found["url"]


found = {}


def connect(ca):
    return websocket.create_connection(
        url_of_server(), timeout=peers.TIMEOUT, sslopt={"ca_certs": ca})


def same_echo():
    connection = connect(peers.CA)
    connection.send("hello")
    text = connection.recv()
    connection.close()
    return text


def same_big_echo():
    connection = connect(peers.CA)
    connection.send("x" * (1 << 20))
    text = connection.recv()
    connection.close()
    return len(text)


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: connect(peers.OTHER_CA), ssl.SSLError)
