"""The process that is measured; runs on Python 2.7 and 3.

    python worker.py LIBRARY PORT CERTS WORK SIZE CONNECTIONS

LIBRARY is tls_ssl or tls_pyopenssl.  The worker reads a number from each line
of standard input, does that many units of the work, and prints "wall cpu
bytes": wall seconds, CPU seconds of this process, and, for the rows that
measure memory, bytes.  floor.c reads and prints the same.
"""

import importlib
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import threading
import time

PIECE_BYTES = 256 * 1024
BATCH = 64
ANSWER_BYTES = 4096     # room for an answer of unknown size
FED_BYTES = 40000       # one read of a transport; ends inside a record

# A program that runs code and prints its wall seconds and CPU seconds.
TIMED = """
import resource, time
clock = getattr(time, "perf_counter", time.time)
wall = clock()
before = resource.getrusage(resource.RUSAGE_SELF)
%s
after = resource.getrusage(resource.RUSAGE_SELF)
wall = clock() - wall
print("%%.9f %%.9f" %% (wall, after.ru_utime - before.ru_utime
                      + after.ru_stime - before.ru_stime))
"""
wall_now = getattr(time, "perf_counter", time.time)


class Clock(object):
    """Adds up the time that its with blocks take."""

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


def resident():
    """The resident memory of this process, in bytes."""
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize()


class Work(object):
    """The work of a row.  run(count) does that many units, and lets the clock
    run meanwhile.  A unit handles `size` bytes or `connections`."""

    feature = None      # of tls.FEATURES

    def __init__(self, tls, port, certs, size, connections):
        self.tls = tls
        self.port = port
        self.certs = certs
        self.size = size
        self.connections = connections
        self.bytes = 0
        self.prepare()

    def prepare(self):
        """Prepare the first unit; this is not measured."""

    def measure(self, count):
        """Do `count` units; returns (wall seconds, CPU seconds, bytes)."""
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
    """Send the peer a request; wire.h defines the format."""
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
                    # 2.7 closes the socket with its last reference
                    self.handshake(socks.pop())
            count -= batch

    def handshake(self, sock):
        link = self.tls.connect(self.context, sock, self.session)
        if self.session is not None and not self.tls.is_resumed(link):
            raise AssertionError("the session was not resumed")
        self.tls.hang_up(link)


class Resumed(Full):
    feature = "sessions"

    def prepare(self):
        Full.prepare(self)
        link = self.connect(self.context)
        # the server sends its tickets before the first byte of data
        request(link, b"S", 1, 1)
        read_exactly(link, 1)
        self.session = self.tls.session_of(link)
        self.tls.hang_up(link)


def meet(*ends):
    """Do the handshake of two ends in memory."""
    unfinished = list(ends)
    client, server = ends
    while unfinished:
        for end in list(unfinished):
            try:
                end.do_handshake()
                unfinished.remove(end)
            except end.WantRead:
                pass
            carry(client, server)
            carry(server, client)


def carry(source, target):
    data = source.drain()
    if data:
        target.feed(data)


class MemoryHandshake(Work):
    feature = "MemoryBIO"

    def prepare(self):
        self.client = self.client_context()
        self.server = self.tls.server_context(self.cert("localhost-ec.pem"))

    def pair(self):
        client = self.tls.end(self.client, False)
        server = self.tls.end(self.server, True)
        meet(client, server)
        return client, server

    def run(self, count):
        with self.clock:
            for _ in range(count):
                self.pair()


class MemoryBulk(MemoryHandshake):
    """Moves the records of each write in one piece."""

    def prepare(self):
        MemoryHandshake.prepare(self)
        self.ends = self.pair()
        self.data = b"x" * self.size

    def run(self, count):
        client, server = self.ends
        with self.clock:
            for _ in range(count):
                self.transfer(client, server)
                self.transfer(server, client)

    def transfer(self, source, target):
        source.write(self.data)
        target.feed(source.drain())
        left = self.size
        while left:
            left -= len(target.read(left))


class MemoryFeed(MemoryBulk):
    """Moves records as asyncio does: feeds in a piece, reads all decrypted
    data, and drains the output."""

    def transfer(self, source, target):
        source.write(self.data)
        records = source.drain()
        left = self.size
        for start in range(0, len(records), FED_BYTES):
            target.feed(records[start:start + FED_BYTES])
            try:
                while True:
                    left -= len(target.read(PIECE_BYTES))
            except target.WantRead:
                pass
            target.drain()
        if left:
            raise AssertionError("%d bytes did not come" % left)


class IdleMemory(MemoryHandshake):
    """Memory of one end, measured with `connections` idle pairs in memory."""

    def run(self, count):
        self.pair()
        before = resident()
        with self.clock:
            pairs = [self.idle_pair() for _ in range(self.connections)]
        self.bytes = (resident() - before) // (2 * len(pairs))

    def idle_pair(self):
        client, server = self.pair()
        server.write(b"x")
        carry(server, client)
        client.read(ANSWER_BYTES)
        return client.tls, server.tls


class IdleSockets(Work):
    """Memory of one connection, measured with `connections` idle ones."""

    def run(self, count):
        context = self.client_context()
        self.link(context)
        before = resident()
        with self.clock:
            links = [self.link(context) for _ in range(self.connections)]
        self.bytes = (resident() - before) // len(links)

    def link(self, context):
        link = self.connect(context)
        request(link, b"S", 1, 1)
        read_exactly(link, 1)
        return link


class Context(Work):
    def run(self, count):
        with self.clock:
            for _ in range(count):
                self.tls.default_context()


class CAFile(Work):
    """Loads the CA file of certifi."""

    def run(self, count):
        path = self.cert("certifi.pem")
        for context in [self.tls.new_context() for _ in range(count)]:
            with self.clock:
                context.load_verify_locations(path)


class Process(Work):
    """Measures code in a new process, from its first line on."""

    def run(self, count):
        for _ in range(count):
            output = subprocess.check_output(
                [sys.executable, "-W", "ignore", "-c", TIMED % self.code()])
            wall, cpu = output.split()
            self.clock.wall += float(wall)
            self.clock.cpu += float(cpu)


class Import(Process):
    def code(self):
        return self.tls.IMPORT


class RequestsGet(Process):
    """Loads all certificates of certifi, as requests does by default."""

    def code(self):
        packages = os.path.join(os.path.dirname(self.certs), "packages")
        return "\n".join([
            "import sys; sys.path.insert(0, %r)" % packages,
            self.tls.IMPORT_REQUESTS,
            "answer = requests.get('https://localhost:%d/', verify=%r)" % (
                self.port, self.cert("certifi-and-root.pem")),
            "assert answer.content == b'hello\\n'"])


class Select(Work):
    """Sends a request on each connection, and reads those that select()
    finds readable."""

    def prepare(self):
        context = self.client_context()
        self.links = [self.connect(context) for _ in range(self.connections)]
        for link in self.links:
            request(link, b"E", self.size, 1)

    def run(self, count):
        data = b"x" * self.size
        with self.clock:
            for _ in range(count):
                for link in self.links:
                    link.sendall(data)
                self.read_all()

    def read_all(self):
        left = dict.fromkeys(self.links, self.size)
        while left:
            for link in select.select(list(left), [], [])[0]:
                left[link] -= len(link.recv(ANSWER_BYTES))
                if not left[link]:
                    del left[link]


def run_threads(functions):
    """Run each function in a thread; raises the first error of any."""
    errors = []

    def run(function):
        try:
            function()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(function,))
               for function in functions]
    for thread in threads:
        thread.daemon = True    # a thread that hangs must not stop the exit
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Duplex(OneLink):
    """One thread sends and another receives on the same connection."""

    def run(self, count):
        with self.clock:
            request(self.link, b"D", self.size, count)
            run_threads([lambda: self.send(count),
                         lambda: self.receive(count)])

    def send(self, count):
        data = b"x" * self.size
        for _ in range(count):
            self.link.sendall(data)

    def receive(self, count):
        buffer = bytearray(self.size)
        left = self.size * count + 1    # the peer's last byte
        while left:
            got = self.link.recv_into(buffer)
            if not got:
                raise EOFError("the peer hung up")
            left -= got


class Threads(Work):
    """Each thread sends requests on its own connection."""

    def prepare(self):
        context = self.client_context()
        self.links = [self.connect(context) for _ in range(self.connections)]

    def run(self, count):
        def ask(link):
            for _ in range(count):
                request(link, b"S", self.size, 1)
                read_exactly(link, self.size)

        with self.clock:
            run_threads([lambda link=link: ask(link) for link in self.links])


WORKS = {
    "recv_into": RecvInto,
    "recv": Recv,
    "sendall": SendAll,
    "echo": Echo,
    "full": Full,
    "resumed": Resumed,
    "memory-handshake": MemoryHandshake,
    "memory-bulk": MemoryBulk,
    "memory-feed": MemoryFeed,
    "idle-memory": IdleMemory,
    "idle-sockets": IdleSockets,
    "context": Context,
    "ca-file": CAFile,
    "import": Import,
    "requests-get": RequestsGet,
    "select": Select,
    "duplex": Duplex,
    "threads": Threads,
}


def main(library, port, certs, name, size, connections):
    tls = importlib.import_module(library)
    kind = WORKS[name]
    if kind.feature and kind.feature not in tls.FEATURES:
        sys.exit("has no %s" % kind.feature)
    work = kind(tls, int(port), certs, int(size), int(connections))
    for line in iter(sys.stdin.readline, ""):
        print("%.9f %.9f %d" % work.measure(int(line)))
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
