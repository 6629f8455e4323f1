"""TLS as programs have it: what ci/build/make_profile.py has the compiler see.

    python -m _ssl_backport ci/build/handshakes.py CERTS

Both ends are in this process: handshakes with each kind of key and version of
TLS, new ones and resumed ones, some data, and contexts.
"""

import itertools
import os
import ssl
import sys

CHAINS = ["localhost-ec.pem", "localhost.pem"]
VERSIONS = [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2]
HANDSHAKES = 60     # of each chain, version and kind, new or resumed
CONTEXTS = 20

REQUEST = b"x" * 500
ANSWER = b"x" * 20000


def client_context(certs, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(os.path.join(certs, "root.pem"))
    context.maximum_version = version
    return context


def server_context(certs, chain):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(certs, chain))
    return context


def connect(client, server, session):
    """The two ends of a connection, the handshake done."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(to_client, to_server, False, "localhost",
                            session=session),
            server.wrap_bio(to_server, to_client, True))
    unfinished = list(ends)
    while unfinished:
        for end in list(unfinished):
            try:
                end.do_handshake()
                unfinished.remove(end)
            except ssl.SSLWantReadError:
                pass
    return ends


def transfer(source, target, data):
    source.write(data)
    left = len(data)
    while left:
        left -= len(target.read(left))


def close(ends):
    for end in ends:
        try:
            end.unwrap()
        except ssl.SSLWantReadError:
            pass


def visit(client, server, session=None):
    """A connection with a request and an answer; its session."""
    ends = connect(client, server, session)
    near, far = ends
    near.getpeercert()
    transfer(near, far, REQUEST)
    transfer(far, near, ANSWER)
    if near.session_reused != (session is not None):
        raise AssertionError("the session was not resumed")
    session = near.session
    close(ends)
    return session


def main(certs):
    for chain, version in itertools.product(CHAINS, VERSIONS):
        client = client_context(certs, version)
        server = server_context(certs, chain)
        for _ in range(HANDSHAKES):
            visit(client, server, visit(client, server))
    for _ in range(CONTEXTS):
        ssl.create_default_context()


if __name__ == "__main__":
    main(*sys.argv[1:])
