"""paho-mqtt with Mosquitto: publish and subscribe over TLS."""

import ssl
import threading

import paho.mqtt
import paho.mqtt.client as mqtt

import peers

VERSION = paho.mqtt.__version__


def connect(ca):
    client = mqtt.Client()
    client.tls_set(ca_certs=ca)
    client.connect("localhost", peers.PORTS["mqtts"])
    return client


def same_publish_and_subscribe():
    client = connect(peers.CA)
    arrived, payloads = threading.Event(), []

    def on_message(client, userdata, message):
        payloads.append(message.payload.decode())
        arrived.set()

    client.on_message = on_message
    client.on_connect = lambda client, *_: client.subscribe("topic", 1)
    client.on_subscribe = lambda client, *_: client.publish(
        "topic", "news", 1)
    client.loop_start()
    arrived.wait(peers.TIMEOUT)
    client.loop_stop()
    client.disconnect()
    return payloads


def same_big_message():
    client = connect(peers.CA)
    arrived, sizes = threading.Event(), []

    def on_message(client, userdata, message):
        sizes.append(len(message.payload))
        arrived.set()

    client.on_message = on_message
    client.on_connect = lambda client, *_: client.subscribe("big", 1)
    client.on_subscribe = lambda client, *_: client.publish(
        "big", "x" * (1 << 20), 1)
    client.loop_start()
    arrived.wait(peers.TIMEOUT)
    client.loop_stop()
    return sizes


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: connect(peers.OTHER_CA), ssl.SSLError)
