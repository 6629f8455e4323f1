"""Connected pairs, over sockets and over MemoryBIOs, that never wait."""

import contextlib
import os
import socket
import ssl
import sys

from outcomes import PY2, outcome, show

VERSIONS = ["TLSv1_2", "TLSv1_3"]
certificates = sys.argv[1]


def cert(name):
    return os.path.join(certificates, name)


def new_contexts(version, client_certificate=False):
    """[the client's, the server's], for one version."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.load_verify_locations(cert("root.pem"))
    server.load_cert_chain(cert("localhost-ec.pem"))
    if client_certificate:
        client.load_cert_chain(cert("client.pem"))
        server.load_verify_locations(cert("root.pem"))
    for context in client, server:
        # some systems build Python with another default
        context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
        context.minimum_version = context.maximum_version = getattr(
            ssl.TLSVersion, version)
    return client, server


def read_all(reader):
    """What can be read, and what ends it: one read() of the backport may
    return what comes in several records."""
    data = b""
    for _ in range(5):
        found = outcome(lambda: reader.read(100))
        if found[0] == "raised" or found[1] is None or not found[1][1]:
            break
        data += found[1][1].encode("latin-1")
    return [show(data), found]


class Pair(object):
    """A client and a server that are connected, and never wait."""

    def shake(self):
        """Both handshakes; how each ended."""
        return self.run("do_handshake")

    def run(self, method):
        found = {}
        for _ in range(10):
            for side in "client", "server":
                if side in found:
                    continue
                result = outcome(getattr(getattr(self, side), method))
                if result[1] not in ("SSLWantReadError", "SSLWantWriteError"):
                    found[side] = result
                self.carry()
        return [found.get("client"), found.get("server")]

    def talk(self, one, other):
        """What each reads of what the other writes, two times."""
        found = []
        for _ in range(2):
            for writer, reader in (other, one), (one, other):
                found.append(outcome(lambda: writer.write(b"ping")))
                self.carry()
                found.append(read_all(reader))
                self.carry()
        return found


class Sockets(Pair):
    kind = "SSLSocket"

    def __init__(self, client, server, session=None,
                 server_hostname="localhost"):
        left, right = socket.socketpair()
        if PY2:  # where they are of the type below socket.socket
            left, right = (socket.socket(_sock=sock) for sock in (left, right))
        for sock in left, right:
            sock.settimeout(0)
        self.client = client.wrap_socket(
            left, do_handshake_on_connect=False, session=session,
            server_hostname=server_hostname)
        self.server = server.wrap_socket(
            right, server_side=True, do_handshake_on_connect=False)
        self.plain = left, right

    def carry(self):
        """Nothing to do: sockets do."""

    def cut_off(self, side):
        sock = getattr(self, side)
        # below TLS, of which stock forgets with its own shutdown()
        if PY2:
            sock._sock.shutdown(socket.SHUT_WR)
        else:
            socket.socket.shutdown(sock, socket.SHUT_WR)

    def close(self):
        for sock in (self.client, self.server) + self.plain:
            sock.close()


class Objects(Pair):
    kind = "SSLObject"

    def __init__(self, client, server, session=None,
                 server_hostname="localhost"):
        self.client_in, self.client_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server_in, self.server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(
            self.client_in, self.client_out, session=session,
            server_hostname=server_hostname)
        self.server = server.wrap_bio(
            self.server_in, self.server_out, server_side=True)
        self.ended = None  # the BIO that gets nothing any more

    def carry(self):
        for source, target in ((self.client_out, self.server_in),
                               (self.server_out, self.client_in)):
            if target is not self.ended:
                target.write(source.read())

    def cut_off(self, side):
        self.ended = self.server_in if side == "client" else self.client_in
        self.ended.write_eof()

    def close(self):
        """Nothing to do: an SSLObject holds no descriptor."""


@contextlib.contextmanager
def closing(pair):
    try:
        yield pair
    finally:
        pair.close()


def other(side):
    return "server" if side == "client" else "client"


def half_done(pair):
    """The client has said hello, and the server has answered."""
    outcome(pair.client.do_handshake)
    pair.carry()
    outcome(pair.server.do_handshake)
