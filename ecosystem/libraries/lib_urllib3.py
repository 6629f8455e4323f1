"""urllib3: a verified server, refused servers, fingerprints, and a client
certificate."""

import hashlib
import ssl

import urllib3

import peers

VERSION = urllib3.__version__
Refused = (urllib3.exceptions.SSLError, urllib3.exceptions.MaxRetryError)


def get(server, path="hello", **options):
    options.setdefault("ca_certs", peers.CA)
    options.setdefault("cert_reqs", "CERT_REQUIRED")
    pool = urllib3.PoolManager(retries=False, timeout=peers.TIMEOUT,
                               **options)
    return pool.request("GET", peers.url(server, path)).data


def same_get():
    return get("https").decode()


def same_big():
    return len(get("https", "big"))


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: get("https_unknown"), *Refused)


def same_wrong_name_is_refused():
    return peers.is_refused(lambda: get("https_other"), *Refused)


def same_client_certificate():
    return get("https_client", cert_file=peers.CLIENT).decode()


def same_fingerprint():
    with open(peers.SERVER) as stream:
        text = stream.read()
    leaf = text[text.index("-----BEGIN CERT"):].partition(
        "-----END CERTIFICATE-----")
    der = ssl.PEM_cert_to_DER_cert(leaf[0] + leaf[1])
    right = hashlib.sha256(der).hexdigest()
    wrong = hashlib.sha256(b"another").hexdigest()
    return [get("https", assert_fingerprint=right).decode(),
            peers.is_refused(
                lambda: get("https", assert_fingerprint=wrong), *Refused)]


def same_without_verification():
    urllib3.disable_warnings()
    return get("https_unknown", cert_reqs="CERT_NONE",
               ca_certs=None).decode()


def beyond_offers_post_handshake_auth():
    context = urllib3.util.ssl_.create_urllib3_context()
    return context.post_handshake_auth is True
