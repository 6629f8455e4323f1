"""zeep: a WSDL file and a call over HTTPS, by requests."""

import requests
import zeep

import peers

VERSION = zeep.__version__


def client(server):
    session = requests.Session()
    session.verify = peers.CA
    return zeep.Client(
        peers.url(server, "service.wsdl"), transport=zeep.Transport(
            session=session, timeout=peers.TIMEOUT,
            operation_timeout=peers.TIMEOUT))


def same_call():
    found = client("https").service.Ask("?")
    return getattr(found, "value", found)


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: client("https_unknown"),
                            requests.exceptions.SSLError)
