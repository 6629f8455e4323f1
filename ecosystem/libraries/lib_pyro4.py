"""Pyro4: a daemon and a proxy over TLS."""

import threading

import Pyro4
import Pyro4.constants

import peers

VERSION = Pyro4.constants.VERSION


@Pyro4.expose
class Service(object):
    def double(self, text):
        return text * 2


def call(ca):
    Pyro4.config.SSL = True
    Pyro4.config.SSL_SERVERCERT = peers.SERVER
    Pyro4.config.SSL_SERVERKEY = peers.SERVER
    Pyro4.config.SSL_CACERTS = ca
    Pyro4.config.COMMTIMEOUT = peers.TIMEOUT
    daemon = Pyro4.Daemon(host="localhost")
    uri = daemon.register(Service, force=True)
    thread = threading.Thread(target=daemon.requestLoop)
    thread.daemon = True
    thread.start()
    try:
        with Pyro4.Proxy(uri) as proxy:
            return len(proxy.double("x" * 100000))
    finally:
        daemon.shutdown()


def same_call():
    return call(peers.CA)


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: call(peers.OTHER_CA),
                            Pyro4.errors.CommunicationError)
