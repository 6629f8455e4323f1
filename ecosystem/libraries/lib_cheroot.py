"""cheroot and CherryPy: their HTTPS server with the built-in ssl."""

import threading

import cheroot
import cheroot.ssl.builtin
import cheroot.wsgi
import cherrypy
import requests

import peers

VERSION = cheroot.__version__


def hello(environment, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environment["SSL_PROTOCOL"].encode()
            if "SSL_PROTOCOL" in environment else b"?",
            b" ", environment["wsgi.url_scheme"].encode()]


def serve(application, path="", **options):
    server = cheroot.wsgi.Server(("127.0.0.1", 0), application)
    server.ssl_adapter = cheroot.ssl.builtin.BuiltinSSLAdapter(
        peers.SERVER, peers.SERVER)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.daemon = True
    thread.start()
    try:
        return requests.get(
            "https://localhost:%d/%s" % (server.bind_addr[1], path),
            verify=peers.CA, timeout=peers.TIMEOUT, **options)
    finally:
        server.stop()


def same_hello():
    return serve(hello).text


def same_big():
    def big(environment, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x" * (1 << 20)]
    return len(serve(big).content)


class Root(object):
    @cherrypy.expose
    def index(self):
        return "hello from cherrypy"


def same_cherrypy():
    cherrypy.config.update({"log.screen": False})
    return serve(cherrypy.Application(Root())).text
