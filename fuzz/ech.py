"""Encrypted Client Hello: lists of configurations, files of keys, and the
first message to a server with keys.  It needs OpenSSL 4.0.

Input: one of these kinds, then its bytes.
"""

import base64
import io
import ssl

import common
from helpers import cert, client_context, server_context

SECRET = "secret.example.test"
SIZES = [1 << 16, 7]

with open(cert("ech.pem"), "rb") as stream:
    PEM = stream.read()
KEY, _, BLOCK = PEM.partition(b"-----BEGIN ECHCONFIG-----")
LIST = base64.b64decode(b"".join(BLOCK.partition(b"-----END")[0].split()))


def config_list(data):
    """Check that the context and the connection both accept the list, or both
    refuse it.  A connection with an accepted list must not show the name."""
    context = client_context()
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing,
                              server_hostname=SECRET)
    errors = [common.attempt(setattr, target, "ech_config_list", data)[1]
              for target in (context, client)]
    assert len(set(map(type, errors))) == 1
    taken = data if errors[0] is None else None
    assert context.ech_config_list == client.ech_config_list == taken
    common.look(client)
    common.attempt(client.do_handshake)
    sent = outgoing.read()
    common.check_records(sent)
    assert (SECRET.encode("ascii") in sent) == (taken is None)
    common.look(client)


def keys(data):
    """Check that a refused file of keys leaves the earlier keys."""
    context = server_context(None, "localhost-ec.pem")
    context.load_ech_keys(io.BytesIO(PEM))
    common.attempt(context.load_ech_keys, io.BytesIO(data))
    common.attempt(context.load_ech_keys, io.BytesIO(KEY + data))
    client = client_context()
    client.ech_config_list = LIST
    common.recorded(client, context)


def client_hello(data):
    context = server_context(None, "localhost-ec.pem")
    context.load_ech_keys(io.BytesIO(PEM))
    source = common.Source(data)
    size = source.pick(SIZES)
    common.feed(context, source.rest(), size, server_side=True)


KINDS = [config_list, keys, client_hello]


def run(data):
    if not ssl.HAS_ECH:
        return
    source = common.Source(data)
    source.pick(KINDS)(source.rest())
    common.check_still_works()


def seeds():
    yield b"\0" + LIST
    yield b"\0" + base64.b64encode(LIST)
    # two configurations; one has an unknown version
    config = LIST[2:]
    for rest in config, b"\xfe\x0e\0\4" + b"xxxx":
        body = config + rest
        yield b"\0" + bytes(bytearray([0, len(body)])) + body
    yield b"\1" + PEM
    yield b"\1" + PEM[len(KEY):]
    if ssl.HAS_ECH:
        client = client_context()
        client.ech_config_list = LIST
        server = server_context(None, "localhost-ec.pem")
        server.load_ech_keys(io.BytesIO(PEM))
        yield b"\2\0" + common.recorded(client, server)[0]
        client.ech_config_list = None
        client.options |= ssl.OP_ECH_GREASE
        yield b"\2\0" + common.recorded(client, server)[0]
