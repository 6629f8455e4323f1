"""python soak.py HANDSHAKES MESSAGES: do this many of both, in one thread.

After each hundredth of the work it prints a JSON object: the progress ("stage"
and "done"), the memory in bytes and the number of open descriptors.
"""

import itertools
import json
import os
import random
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))

from helpers import (VERSIONS, BioPair, SocketPair, cert,  # noqa: E402
                     client_context, server_context)
from processes import descriptors, resident  # noqa: E402

SAMPLES = 100
# Number of handshakes with the same contexts: the sessions that a server's
# context keeps are no leak.
CONTEXTS_LAST = 800


def finish(pair, *operations):
    """Call the operations of both ends in turn until all have succeeded."""
    todo = list(operations)
    while todo:
        for operation in list(todo):
            try:
                operation()
                todo.remove(operation)
            except ssl.SSLWantReadError:
                pass
            pair.flush()


def over_bios(client, server, **options):
    return BioPair(client, server, handshake=False, **options)


def over_sockets(client, server, **options):
    return SocketPair(client, server, handshake=False, timeout=0, **options)


class Contexts(object):
    """Contexts of one TLS version, as pairs of client and server.

    plain: they connect.  refused: the client refuses the server.  mutual:
    both ends have certificates.
    """

    def __init__(self, version):
        self.plain = client_context(version), server_context(
            version, "localhost-ec.pem")
        self.refused = client_context(version), server_context(
            version, "unknown.pem")
        self.mutual = client_context(version), server_context(version)
        self.mutual[0].load_cert_chain(cert("client.pem"))
        self.mutual[1].load_verify_locations(cert("root.pem"))
        self.mutual[1].verify_mode = ssl.CERT_REQUIRED
        self.session = None


# Handshakes of all kinds

def connect(make, contexts, **options):
    """Do a handshake, send a byte, and unwrap; return the session."""
    with make(*contexts, **options) as pair:
        finish(pair, pair.client.do_handshake, pair.server.do_handshake)
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"
        assert pair.client.session_reused == ("session" in options)
        session = pair.client.session
        finish(pair, pair.client.unwrap, pair.server.unwrap)
    return session


def plain(make, contexts):
    contexts.session = connect(make, contexts.plain)


def resumed(make, contexts):
    connect(make, contexts.plain, session=contexts.session)


def mutual(make, contexts):
    connect(make, contexts.mutual)


def refused(make, contexts):
    with make(*contexts.refused) as pair:
        try:
            finish(pair, pair.client.do_handshake, pair.server.do_handshake)
        except ssl.SSLCertVerificationError:
            pass
        else:
            raise AssertionError("the client accepted an unknown certificate")


def no_end(make, contexts):
    """End the connection after the handshake without close_notify."""
    with make(*contexts.plain) as pair:
        finish(pair, pair.client.do_handshake, pair.server.do_handshake)


KINDS = list(itertools.product([plain, resumed, mutual, refused, no_end],
                               [over_bios, over_sockets]))


def handshakes():
    """Do one handshake in each step."""
    while True:
        contexts = [Contexts(version) for version in VERSIONS]
        kinds = itertools.product(range(CONTEXTS_LAST // 20), KINDS, contexts)
        for _, (kind, make), those in kinds:
            kind(make, those)
            yield


# Messages

def messages():
    """Send one message in each step, in both directions of four pairs."""
    pairs = []
    for version in VERSIONS:
        contexts = Contexts(version).plain
        for make in over_bios, over_sockets:
            pair = make(*contexts)
            finish(pair, pair.client.do_handshake, pair.server.do_handshake)
            pairs.append(pair)
    sizes = random.Random(1)
    for pair in itertools.cycle(pairs):
        data = os.urandom(sizes.randint(1, 200))
        for sender, receiver in ((pair.client, pair.server),
                                 (pair.server, pair.client)):
            assert sender.write(data) == len(data)
            pair.flush()
            assert receiver.read(1000) == data
            yield


def run(stage, steps, count):
    every = max(1, count // SAMPLES)
    for done, _ in enumerate(itertools.islice(steps, count), 1):
        if done % every == 0:
            print(json.dumps({
                "stage": stage, "done": done, "resident": resident("self"),
                "descriptors": descriptors("self")}))
            sys.stdout.flush()


def main():
    run("handshakes", handshakes(), int(sys.argv[1]))
    run("messages", messages(), int(sys.argv[2]))


if __name__ == "__main__":
    main()
