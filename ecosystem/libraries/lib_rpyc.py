"""RPyC: a server and a client over TLS."""

import ssl
import threading

import rpyc
import rpyc.version
from rpyc.utils.authenticators import SSLAuthenticator
from rpyc.utils.server import ThreadedServer

import peers

VERSION = ".".join(str(part) for part in rpyc.version.version)


class Service(rpyc.Service):
    def exposed_double(self, text):
        return text * 2


def call(ca):
    server = ThreadedServer(
        Service, hostname="127.0.0.1", port=0, auto_register=False,
        authenticator=SSLAuthenticator(
            peers.SERVER, peers.SERVER, ssl_version=ssl.PROTOCOL_SSLv23))
    server.logger.disabled = True
    thread = threading.Thread(target=server.start)
    thread.daemon = True
    thread.start()
    peers.await_port(server.port)
    try:
        connection = rpyc.ssl_connect(
            "localhost", server.port, ca_certs=ca,
            ssl_version=ssl.PROTOCOL_SSLv23)
        found = len(connection.root.double("x" * 100000))
        connection.close()
        return found
    finally:
        server.close()


def same_call():
    return call(peers.CA)


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: call(peers.OTHER_CA), ssl.SSLError,
                            EOFError)
