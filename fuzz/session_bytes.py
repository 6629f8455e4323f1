"""SSLContext.session_from_bytes(), and connections that resume the result.

Input: a form, then bytes.  The bytes are the whole argument, or a session in
OpenSSL's format, to which the harness adds a valid header and checksum.
"""

import hashlib
import re
import ssl
import struct
import time

import common
from helpers import BioPair, client_context, server_context

# the ticket keys with which the tickets of the seeds were encrypted
TICKET_KEY = b"a ticket key's name and its two keys" * 3
VERSIONS = ["TLSv1.2", "TLSv1.3"]
HEAD, SEAL = 8 + 2 + 32, 32
# the time at which the session was made, in DER
TIME = re.compile(b"\xa1\x06\x02\x04....", re.DOTALL)

CLIENT, SERVER = client_context(), server_context(None, "localhost-ec.pem")
CLIENT.check_hostname = False
CLIENT.verify_mode = ssl.CERT_NONE
SERVER.ticket_keys = [TICKET_KEY[:80]]


def new_session(version=None):
    """The bytes of a new session with the server."""
    server = server_context(version, "localhost-ec.pem")
    server.ticket_keys = SERVER.ticket_keys
    with BioPair(CLIENT, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"
        return pair.client.session.to_bytes()


GOOD = new_session()


def as_it_is(data):
    return data


def sealed(data):
    """Add a header and a checksum, and set the session's time to now, since
    committed inputs are older than the lifetime of a session."""
    now = TIME.pattern[:4] + struct.pack(">I", int(time.time()))
    data = GOOD[:HEAD] + TIME.sub(lambda match: now, data, 1)
    return data + hashlib.sha256(data).digest()


FORMS = [as_it_is, sealed]


def run(data):
    source = common.Source(data)
    form = source.pick(FORMS)
    data = form(source.rest())
    session, error = common.attempt(CLIENT.session_from_bytes, data)
    if error is None:
        for name in ("id", "time", "timeout", "has_ticket",
                     "ticket_lifetime_hint"):
            getattr(session, name)
        again = CLIENT.session_from_bytes(session.to_bytes())
        assert again == session
        pair, error = common.attempt(BioPair, CLIENT, SERVER,
                                     session=session)
        if error is None:
            common.look(pair.client)
    else:
        assert isinstance(error, (ValueError, MemoryError)), error
    common.check_still_works()


def seeds():
    for version in VERSIONS:
        data = new_session(version)
        yield b"\0" + data
        yield b"\1" + data[HEAD:-SEAL]
    with BioPair(common.GOOD[0], common.GOOD[1]) as pair:
        pair.server.write(b"x")
        pair.flush()
        pair.client.read(1)
        yield b"\1" + pair.client.session.to_bytes()[HEAD:-SEAL]
