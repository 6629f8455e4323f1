"""The measured process: works with TLS on any Python, 2.7 and 3.

    python worker.py LIBRARY PORT CERTS WORK SIZE CONNECTIONS

LIBRARY is tls_ssl or tls_pyopenssl.  Takes a number a line from standard
input, does that many units of the work, and prints a line "wall cpu bytes":
seconds, CPU seconds of this process, and bytes of memory where the work is
to use some.  floor.c takes and prints the same.
"""

import importlib
import os
import resource
import socket
import struct
import sys
import time

PIECE_BYTES = 256 * 1024
BATCH = 64
ANSWER_BYTES = 4096     # room for an answer of unknown size
wall_now = getattr(time, "perf_counter", time.time)


class Clock(object):
    """Adds up what passes in its with blocks."""

    def __init__(self):
        self.wall = self.cpu = 0

    def __enter__(self):
        self.wall -= wall_now()
        self.cpu -= cpu_now()
        return self

    def __exit__(self, *exc_info):
        self.cpu += cpu_now()
        self.wall += wall_now()


def cpu_now():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Work(object):
    """Something to measure.  run(count) does that many units within the
    clock; each unit is about `size` bytes or `connections`."""

    def __init__(self, tls, port, certs, size, connections):
        self.tls = tls
        self.port = port
        self.certs = certs
        self.size = size
        self.connections = connections
        self.bytes = 0
        self.prepare()

    def prepare(self):
        """What comes before the first measured unit."""

    def measure(self, count):
        """(wall seconds, CPU seconds, bytes) of some units."""
        self.clock = Clock()
        self.run(count)
        return self.clock.wall, self.clock.cpu, self.bytes

    def cert(self, name):
        return os.path.join(self.certs, name)

    def connect_socket(self):
        sock = socket.socket()
        sock.connect(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def client_context(self):
        return self.tls.client_context(self.cert("root.pem"))

    def connect(self, context):
        return self.tls.connect(context, self.connect_socket())


def request(link, what, size, count):
    """Asks the peer for something; see wire.h."""
    link.sendall(struct.pack(">cQQ", what, size, count))


def read_exactly(link, size):
    data = link.recv(size)
    while len(data) < size:
        piece = link.recv(size - len(data))
        if not piece:
            raise EOFError("the peer hung up")
        data += piece
    return data


class OneLink(Work):
    def prepare(self):
        self.link = self.connect(self.client_context())


class RecvInto(OneLink):
    def run(self, count):
        recv_into = self.link.recv_into
        buffer = bytearray(min(self.size, PIECE_BYTES))
        left = self.size * count
        with self.clock:
            request(self.link, b"S", self.size, count)
            while left:
                got = recv_into(buffer)
                if not got:
                    raise EOFError("the peer hung up")
                left -= got


class Recv(OneLink):
    def run(self, count):
        recv, size = self.link.recv, self.size
        left = size * count
        with self.clock:
            request(self.link, b"S", size, count)
            while left:
                data = recv(size)
                if not data:
                    raise EOFError("the peer hung up")
                left -= len(data)


class SendAll(OneLink):
    def run(self, count):
        sendall, data = self.link.sendall, b"x" * self.size
        with self.clock:
            request(self.link, b"R", self.size, count)
            for _ in range(count):
                sendall(data)
            read_exactly(self.link, 1)


class Echo(OneLink):
    def prepare(self):
        OneLink.prepare(self)
        request(self.link, b"E", self.size, 1)

    def run(self, count):
        link, size, data = self.link, self.size, b"x" * self.size
        with self.clock:
            for _ in range(count):
                link.sendall(data)
                got = len(link.recv(ANSWER_BYTES))
                if got < size:
                    read_exactly(link, size - got)


class Full(Work):
    session = None

    def prepare(self):
        self.context = self.client_context()

    def run(self, count):
        while count > 0:
            batch = min(count, BATCH)
            socks = [self.connect_socket() for _ in range(batch)]
            with self.clock:
                while socks:
                    # 2.7 closes with the last reference
                    self.handshake(socks.pop())
            count -= batch

    def handshake(self, sock):
        link = self.tls.connect(self.context, sock, self.session)
        if self.session is not None and not self.tls.is_resumed(link):
            raise AssertionError("the session was not resumed")
        self.tls.hang_up(link)


class Resumed(Full):
    def prepare(self):
        Full.prepare(self)
        link = self.connect(self.context)
        # the tickets come before the first byte
        request(link, b"S", 1, 1)
        read_exactly(link, 1)
        self.session = self.tls.session_of(link)
        self.tls.hang_up(link)


WORKS = {
    "recv_into": RecvInto,
    "recv": Recv,
    "sendall": SendAll,
    "echo": Echo,
    "full": Full,
    "resumed": Resumed,
}


def main(library, port, certs, name, size, connections):
    tls = importlib.import_module(library)
    work = WORKS[name](tls, int(port), certs, int(size), int(connections))
    for line in iter(sys.stdin.readline, ""):
        print("%.9f %.9f %d" % work.measure(int(line)))
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
