"""requests: a verified server, refused servers, a client certificate, and
resumption."""

import requests

import peers

VERSION = requests.__version__
Refused = requests.exceptions.SSLError


def get(server, path="hello", **options):
    options.setdefault("verify", peers.CA)
    return requests.get(peers.url(server, path), timeout=peers.TIMEOUT,
                        **options)


def same_get():
    return get("https").text


def same_big():
    return len(get("https", "big").content)


def same_tls_1_2():
    return get("https_tls12").text


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: get("https_unknown"), Refused)


def same_wrong_name_is_refused():
    return peers.is_refused(lambda: get("https_other"), Refused)


def same_without_verification():
    return get("https_unknown", verify=False).text


def same_client_certificate():
    return get("https_client", cert=peers.CLIENT).text


def same_connection_is_kept():
    with requests.Session() as session:
        session.verify = peers.CA
        return [session.get(peers.url("https")).text for _ in range(3)]
