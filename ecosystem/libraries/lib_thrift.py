"""Thrift: its TLS transports, client and server."""

import ssl
import threading

import thrift
from thrift.transport import TSSLSocket, TTransport

import peers

VERSION = "0.16.0"  # the module has no version of its own


def echo(ca):
    server = TSSLSocket.TSSLServerSocket(
        "127.0.0.1", peers.free_port(), certfile=peers.SERVER,
        keyfile=peers.SERVER, cert_reqs=ssl.CERT_NONE)
    server.listen()

    def serve():
        connection = server.accept()
        if connection is not None:
            connection.write(connection.read(1 << 16))
            connection.close()

    thread = threading.Thread(target=serve)
    thread.daemon = True
    thread.start()
    client = TSSLSocket.TSSLSocket(
        "localhost", server.port, ca_certs=ca, cert_reqs=ssl.CERT_REQUIRED)
    client.setTimeout(peers.TIMEOUT * 1000)
    try:
        client.open()
        client.write(b"hello")
        data = client.read(5).decode()
        client.close()
        return data
    finally:
        server.close()


def same_echo():
    return echo(peers.CA)


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: echo(peers.OTHER_CA),
                            TTransport.TTransportException)
