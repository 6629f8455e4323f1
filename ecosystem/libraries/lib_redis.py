"""redis-py with redis-server: commands, pipelines, publish and subscribe."""

import redis

import peers

VERSION = redis.__version__
KEY = "ecosystem"


def client(**options):
    options.setdefault("ssl_ca_certs", peers.CA)
    return redis.Redis(
        host="localhost", port=peers.PORTS["rediss"], ssl=True,
        socket_timeout=peers.TIMEOUT, ssl_cert_reqs="required", **options)


def same_set_and_get():
    connection = client()
    connection.set(KEY, "value")
    return connection.get(KEY).decode()


def same_big_value():
    connection = client()
    connection.set(KEY, b"x" * (1 << 22))
    return len(connection.get(KEY))


def same_pipeline():
    with client().pipeline() as pipeline:
        for number in range(1000):
            pipeline.set(KEY, number)
        pipeline.get(KEY)
        return pipeline.execute()[-1].decode()


def same_subscribe():
    connection = client()
    subscription = connection.pubsub(ignore_subscribe_messages=True)
    subscription.subscribe("channel")
    subscription.get_message(timeout=peers.TIMEOUT)
    connection.publish("channel", "news")
    return subscription.get_message(timeout=peers.TIMEOUT)["data"].decode()


def same_unknown_issuer_is_refused():
    other = client(ssl_ca_certs=peers.OTHER_CA)
    return peers.is_refused(other.ping, redis.exceptions.ConnectionError)


def same_url():
    connection = redis.Redis.from_url(
        "rediss://localhost:%d/0" % peers.PORTS["rediss"],
        ssl_ca_certs=peers.CA)
    return connection.ping()
