"""py-amqp, Celery's AMQP library, with RabbitMQ: publish and get over TLS."""

import ssl

import amqp

import peers

VERSION = amqp.__version__


def connect(ca=peers.CA):
    connection = amqp.Connection(
        "localhost:%d" % peers.PORTS["amqps"],
        ssl={"context": {"cafile": ca, "check_hostname": True},
             "server_hostname": "localhost"},
        connect_timeout=peers.TIMEOUT)
    connection.connect()
    return connection


def send_and_get(body):
    connection = connect()
    channel = connection.channel()
    channel.queue_declare("amqp", auto_delete=True)
    channel.basic_publish(amqp.Message(body), routing_key="amqp")
    while True:
        message = channel.basic_get("amqp", no_ack=True)
        if message is not None:
            connection.close()
            return message.body


def same_message():
    return send_and_get("hello")


def same_big_message():
    return len(send_and_get("x" * (1 << 20)))


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: connect(peers.OTHER_CA), ssl.SSLError)
