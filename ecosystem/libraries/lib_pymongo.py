"""PyMongo with a small server that answers its first two commands, since no
Debian package has MongoDB."""

import struct

import bson
import pymongo

import peers

VERSION = pymongo.version


def serve(tls):
    """Answer each command with "ok", as a standalone server does."""
    while True:
        head = peers.receive(tls, 16)
        length, number, _, operation = struct.unpack("<iiii", head)
        peers.receive(tls, length - 16)
        answer = bson.BSON.encode({
            "ok": 1, "ismaster": True, "maxWireVersion": 8,
            "minWireVersion": 0, "maxBsonObjectSize": 1 << 24})
        if operation == 2013:  # OP_MSG
            body = struct.pack("<iB", 0, 0) + answer
            code = 2013
        else:  # OP_QUERY, answered by OP_REPLY
            body = struct.pack("<iqii", 8, 0, 0, 1) + answer
            code = 1
        tls.sendall(struct.pack("<iiii", 16 + len(body), 1, number, code)
                    + body)


def ping(ca):
    with peers.serving(serve) as port:
        client = pymongo.MongoClient(
            "localhost", port, ssl=True, ssl_ca_certs=ca,
            serverSelectionTimeoutMS=3000)
        try:
            return client.admin.command("ping")["ok"]
        finally:
            client.close()


def same_ping():
    return ping(peers.CA)


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: ping(peers.OTHER_CA),
                            pymongo.errors.ServerSelectionTimeoutError)
