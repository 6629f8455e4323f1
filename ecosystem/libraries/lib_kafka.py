"""kafka-python with a small server that answers its first request, since no
Debian package has Kafka."""

import socket
import struct

import kafka
from kafka.conn import BrokerConnection

import peers

VERSION = kafka.__version__


def serve(tls):
    """Answer each request with its number and no content."""
    while True:
        length, = struct.unpack("!i", peers.receive(tls, 4))
        request = peers.receive(tls, length)
        number = request[4:8]
        body = number + struct.pack("!hi", 0, 0)
        tls.sendall(struct.pack("!i", len(body)) + body)


def connect(ca):
    with peers.serving(serve) as port:
        connection = BrokerConnection(
            "localhost", port, socket.AF_INET, security_protocol="SSL",
            ssl_cafile=ca, ssl_check_hostname=True, api_version=(0, 10, 0))
        connection.connect_blocking(peers.TIMEOUT)
        connected = connection.connected()
        connection.close()
        return connected


def same_connected():
    return connect(peers.CA)


def same_unknown_issuer_is_refused():
    return connect(peers.OTHER_CA) is False
