"""Uses TLS as programs do, for the profile of ci/build/make_profile.py.

    python -m _ssl_backport ci/build/handshakes.py CERTS

It takes some seconds.  CERTS is the folder tests/certs.  The client and the
server are in this process.  They make new and resumed connections with each
kind of key and each version of TLS, transfer data, and create contexts.
"""

import itertools
import os
import ssl
import sys

CHAINS = ["localhost-ec.pem", "localhost.pem"]
VERSIONS = [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2]
HANDSHAKES = 60     # for each chain and version: 60 new, and 60 resumed
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
    """The (client, server) of a connection, after the handshake."""
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
    """Make a connection, send a request and an answer, close the connection,
    and return its session."""
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
