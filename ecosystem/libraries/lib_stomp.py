"""stomp.py with RabbitMQ: send and receive over TLS."""

import ssl
import threading

import stomp

import peers

VERSION = ".".join(str(part) for part in stomp.__version__)


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.arrived, self.bodies = threading.Event(), []

    def on_message(self, headers, body):
        self.bodies.append(body)
        self.arrived.set()


def connect(ca=peers.CA):
    place = [("localhost", peers.PORTS["stomps"])]
    connection = stomp.Connection(
        place, reconnect_attempts_max=1, use_ssl=True, ssl_ca_certs=ca,
        ssl_version=ssl.PROTOCOL_SSLv23)
    listener = Listener()
    connection.set_listener("", listener)
    if hasattr(connection, "start"):
        connection.start()
    connection.connect("guest", "guest", wait=True)
    return connection, listener


def same_message():
    connection, listener = connect()
    connection.subscribe("/queue/stomp", 1)
    connection.send("/queue/stomp", "hello")
    listener.arrived.wait(peers.TIMEOUT)
    connection.disconnect()
    return listener.bodies


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: connect(peers.OTHER_CA),
                            stomp.exception.ConnectFailedException)
