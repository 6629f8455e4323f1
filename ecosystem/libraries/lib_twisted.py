"""Twisted, which uses pyOpenSSL for TLS, with the backport in the same
process."""

import threading

import twisted
from twisted.internet import defer, protocol, reactor, ssl, threads

import peers

VERSION = twisted.__version__


class Once(protocol.Protocol):
    """Request a file, and keep the answer."""

    def __init__(self, done):
        self.done, self.data = done, b""

    def connectionMade(self):
        self.transport.write(b"GET /hello HTTP/1.0\r\n\r\n")

    def dataReceived(self, data):
        self.data += data

    def connectionLost(self, reason):
        if not self.done.called:
            self.done.callback(self.data.partition(b"\r\n\r\n")[2])


def fetch(server):
    with open(peers.CA) as stream:
        root = ssl.Certificate.loadPEM(stream.read())
    options = ssl.optionsForClientTLS(u"localhost", root)
    done = defer.Deferred()
    factory = protocol.ClientFactory()
    factory.buildProtocol = lambda address: Once(done)
    reactor.connectSSL("127.0.0.1", peers.PORTS[server], factory, options)
    return done.addTimeout(peers.TIMEOUT, reactor)


def run(function):
    if not reactor.running:
        thread = threading.Thread(
            target=reactor.run, kwargs={"installSignalHandlers": False})
        thread.daemon = True
        thread.start()
    return threads.blockingCallFromThread(reactor, function)


def same_get():
    return run(lambda: fetch("https")).decode()


def same_unknown_issuer_is_refused():
    return run(lambda: fetch("https_unknown")).decode() == ""
