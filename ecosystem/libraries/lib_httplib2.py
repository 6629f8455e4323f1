"""httplib2: a verified server, refused servers, a client certificate."""

import ssl

import httplib2

import peers

VERSION = httplib2.__version__
Refused = (httplib2.SSLHandshakeError, ssl.CertificateError)


def client(**options):
    return httplib2.Http(ca_certs=peers.CA, timeout=peers.TIMEOUT, **options)


def same_get():
    return client().request(peers.url("https"))[1].decode()


def same_big():
    return len(client().request(peers.url("https", "big"))[1])


def same_unknown_issuer_is_refused():
    return peers.is_refused(
        lambda: client().request(peers.url("https_unknown")), *Refused)


def same_wrong_name_is_refused():
    return peers.is_refused(
        lambda: client().request(peers.url("https_other")), *Refused)


def same_client_certificate():
    http = client()
    http.add_certificate(peers.CLIENT, peers.CLIENT, "")
    return http.request(peers.url("https_client"))[1].decode()


def same_without_verification():
    http = client(disable_ssl_certificate_validation=True)
    return http.request(peers.url("https_unknown"))[1].decode()
