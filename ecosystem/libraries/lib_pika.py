"""pika with RabbitMQ: publish and get over TLS."""

import ssl

import pika

import peers

VERSION = pika.__version__


def connect(ca=peers.CA):
    context = ssl.create_default_context(cafile=ca)
    return pika.BlockingConnection(pika.ConnectionParameters(
        host="localhost", port=peers.PORTS["amqps"],
        ssl_options=pika.SSLOptions(context, "localhost")))


def send_and_get(body):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare("pika", auto_delete=True)
    channel.basic_publish("", "pika", body)
    while True:
        method, _, found = channel.basic_get("pika", auto_ack=True)
        if method is not None:
            connection.close()
            return found


def same_message():
    return send_and_get(b"hello").decode()


def same_big_message():
    return len(send_and_get(b"x" * (1 << 20)))


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: connect(peers.OTHER_CA),
                            pika.exceptions.AMQPError, ssl.SSLError)
