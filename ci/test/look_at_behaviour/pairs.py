"""Pairs of a client and a server, over sockets and over MemoryBIOs, whose
operations never wait."""

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
    """The contexts of (client, server) for one version of TLS."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.load_verify_locations(cert("root.pem"))
    server.load_cert_chain(cert("localhost-ec.pem"))
    if client_certificate:
        client.load_cert_chain(cert("client.pem"))
        server.load_verify_locations(cert("root.pem"))
    for context in client, server:
        # the default ciphers depend on how Python was built
        context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
        context.minimum_version = context.maximum_version = getattr(
            ssl.TLSVersion, version)
    return client, server


def read_all(reader):
    """Read until there is no more data.  Returns [the data, the outcome of
    the last read()].

    A single read() is not enough: the stock ssl returns one record, the
    backport may return several.
    """
    data = b""
    for _ in range(5):
        found = outcome(lambda: reader.read(100))
        if found[0] == "raised" or found[1] is None or not found[1][1]:
            break
        data += found[1][1].encode("latin-1")
    return [show(data), found]


class Pair(object):
    """A client and a server, whose operations never wait."""

    def shake(self):
        """Do the handshake on both sides.  Returns both outcomes."""
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
        """Let both sides write and read, two times.  Returns the outcomes."""
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
        if PY2:  # socketpair() returns objects of socket.socket's base type
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
        """Do nothing: the kernel transfers the data."""

    def cut_off(self, side):
        sock = getattr(self, side)
        # SSLSocket.shutdown() of the stock ssl would also end TLS
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
        self.ended = None  # the BIO that gets no more data

    def carry(self):
        for source, target in ((self.client_out, self.server_in),
                               (self.server_out, self.client_in)):
            if target is not self.ended:
                target.write(source.read())

    def cut_off(self, side):
        self.ended = self.server_in if side == "client" else self.client_in
        self.ended.write_eof()

    def close(self):
        """Do nothing: an SSLObject has no descriptor."""


@contextlib.contextmanager
def closing(pair):
    try:
        yield pair
    finally:
        pair.close()


def other(side):
    return "server" if side == "client" else "client"


def half_done(pair):
    """Do the handshake until the server has sent its first flight."""
    outcome(pair.client.do_handshake)
    pair.carry()
    outcome(pair.server.do_handshake)
