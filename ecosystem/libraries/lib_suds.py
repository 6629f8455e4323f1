"""suds: a WSDL file and a call over HTTPS, by urllib2."""

import ssl
import urllib2

import suds
import suds.client
import suds.transport.http

import peers

VERSION = suds.__version__


class Transport(suds.transport.http.HttpTransport):
    """A transport with a context that trusts a private CA."""

    def u2handlers(self):
        return suds.transport.http.HttpTransport.u2handlers(self) + [
            urllib2.HTTPSHandler(
                context=ssl.create_default_context(cafile=peers.CA))]


def client(server):
    return suds.client.Client(
        peers.url(server, "service.wsdl"), cache=None, transport=Transport(),
        timeout=peers.TIMEOUT)


def same_call():
    found = client("https").service.Ask("?")
    return getattr(found, "value", found)


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: client("https_unknown"),
                            urllib2.URLError)
