"""gevent patches the standard library before anything else is imported;
requests runs in its greenlets."""

import gevent.monkey
gevent.monkey.patch_all()

import gevent  # noqa: E402
import gevent.pywsgi  # noqa: E402
import requests  # noqa: E402

import peers  # noqa: E402

VERSION = gevent.__version__


def get(server, path="hello"):
    return requests.get(peers.url(server, path), verify=peers.CA,
                        timeout=peers.TIMEOUT)


def same_get():
    return get("https").text


def same_many_at_once():
    jobs = [gevent.spawn(get, "https", "big") for _ in range(8)]
    gevent.joinall(jobs, timeout=peers.TIMEOUT, raise_error=True)
    return [len(job.value.content) for job in jobs]


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: get("https_unknown"),
                            requests.exceptions.SSLError)


def same_own_server():
    def hello(environment, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello from gevent"]

    server = gevent.pywsgi.WSGIServer(
        ("127.0.0.1", 0), hello, log=None, certfile=peers.SERVER,
        keyfile=peers.SERVER)
    server.start()
    try:
        return requests.get(
            "https://localhost:%d/" % server.server_port, verify=peers.CA,
            timeout=peers.TIMEOUT).text
    finally:
        server.stop()


def same_waiting_does_not_block_others():
    """A greenlet runs while another one waits for a server's answer."""
    ticks = []

    def tick():
        while True:
            ticks.append(1)
            gevent.sleep(0.01)

    def slow(environment, start_response):
        gevent.sleep(0.5)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"late"]

    server = gevent.pywsgi.WSGIServer(
        ("127.0.0.1", 0), slow, log=None, certfile=peers.SERVER,
        keyfile=peers.SERVER)
    server.start()
    ticker = gevent.spawn(tick)
    try:
        text = requests.get(
            "https://localhost:%d/" % server.server_port, verify=peers.CA,
            timeout=peers.TIMEOUT).text
    finally:
        ticker.kill()
        server.stop()
    return [text, len(ticks) > 5]
