"""Eventlet with all of its patches: requests in its green threads, and its
WSGI server."""

import eventlet
eventlet.monkey_patch()

import eventlet.wsgi  # noqa: E402
import requests  # noqa: E402

import peers  # noqa: E402

VERSION = eventlet.__version__


def get(server, path="hello"):
    return requests.get(peers.url(server, path), verify=peers.CA,
                        timeout=peers.TIMEOUT)


def same_get():
    return get("https").text


def same_many_at_once():
    pool = eventlet.GreenPool()
    return [len(response.content) for response in pool.imap(
        lambda _: get("https", "big"), range(8))]


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: get("https_unknown"),
                            requests.exceptions.SSLError)


def same_own_server():
    def hello(environment, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello from eventlet"]

    listener = eventlet.wrap_ssl(
        eventlet.listen(("127.0.0.1", 0)), certfile=peers.SERVER,
        keyfile=peers.SERVER, server_side=True)
    port = listener.getsockname()[1]
    server = eventlet.spawn(eventlet.wsgi.server, listener, hello,
                            log_output=False)
    try:
        return requests.get("https://localhost:%d/" % port, verify=peers.CA,
                            timeout=peers.TIMEOUT).text
    finally:
        server.kill()
