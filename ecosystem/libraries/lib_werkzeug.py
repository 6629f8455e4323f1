"""Werkzeug: the development server with a certificate."""

import threading

import requests
import werkzeug
import werkzeug.serving

import peers

VERSION = werkzeug.__version__


def hello(environment, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environment["wsgi.url_scheme"].encode()]


def serve(**options):
    server = werkzeug.serving.make_server(
        "127.0.0.1", 0, hello, ssl_context=(peers.SERVER, peers.SERVER),
        **options)
    thread = threading.Thread(target=server.serve_forever)
    thread.daemon = True
    thread.start()
    try:
        return requests.get("https://localhost:%d/" % server.port,
                            verify=peers.CA, timeout=peers.TIMEOUT).text
    finally:
        server.shutdown()


# The server closes connections without close_notify.  2.7's own ssl with
# OpenSSL 3 raises an error then.

def beyond_hello():
    return serve()


def beyond_threaded():
    return serve(threaded=True)
