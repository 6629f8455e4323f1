"""gevent patches the standard library after ssl and requests were imported.
"""

import ssl

import requests

import gevent.monkey
gevent.monkey.patch_all()

import gevent  # noqa: E402

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


def same_ssl_is_patched():
    return ssl.SSLSocket.__module__.startswith("gevent")
