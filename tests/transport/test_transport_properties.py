"""Properties of reading and writing that must hold for data of any size.

pending() or select() must show all data that has arrived.  No byte may be
lost, doubled or out of order.  All bytes that a write reports must be in the
kernel.  SSLB_LONG=1 runs many more examples, and others each time.
"""

import select
import signal
import socket
import ssl
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from helpers import (LONG, BioPair, RawPair, SocketPair, Task, cert,
                     client_context, server_context, unix_pair)

pytestmark = pytest.mark.backport_only(
    "stock ssl has no set_ciphersuites() before 3.15")

# (version, cipher suite); the suites differ in what they add to a record
SUITES = [
    ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ("TLSv1.2", "ECDHE-ECDSA-AES128-CCM"),
    ("TLSv1.2", "ECDHE-ECDSA-AES128-CCM8"),
    ("TLSv1.2", "ECDHE-ECDSA-AES128-SHA"),
    ("TLSv1.2", "ECDHE-ECDSA-AES256-SHA384"),
    ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    ("TLSv1.3", "TLS_AES_128_CCM_SHA256"),
    ("TLSv1.3", "TLS_AES_128_CCM_8_SHA256"),
]
TWO_SUITES = pytest.mark.parametrize("suite", [SUITES[0], SUITES[-1]],
                                     ids=["TLSv1.2", "TLSv1.3"])
PATTERN = bytes(bytearray(i * 7 % 251 for i in range(251))) * 1000

COMMON = {"database": None, "deadline": None, "derandomize": not LONG,
          "suppress_health_check": [HealthCheck.too_slow,
                                    HealthCheck.data_too_large]}


def examples(count):
    return settings(max_examples=count * 20 if LONG else count, **COMMON)


def contexts(suite, made={}):
    """A client context and a server context with this cipher suite only."""
    if suite in made:
        return made[suite]
    version, cipher = suite
    client, server = client_context(version), server_context(
        version, "localhost-ec.pem")
    for context in client, server:
        context.set_ciphers("ALL:@SECLEVEL=0")
        if version == "TLSv1.3":
            context.set_ciphersuites(cipher)
        else:
            context.set_ciphers(cipher)
    client.post_handshake_auth = True
    client.load_cert_chain(cert("client.pem"))
    server.load_verify_locations(cert("root.pem"))
    made[suite] = client, server
    return made[suite]


small = some.integers(1, 40)
record_sizes = some.one_of(
    small, small, some.integers(1, 1500), some.sampled_from([
        255, 256, 4096, 16383, 16384, 16385, 20000, 32768, 40000]))
read_sizes = some.one_of(
    small, small, some.integers(1, 1500), some.sampled_from([
        8192, 16383, 16384, 16385, 16400, 32768, 65536, 200000]))
large_read_sizes = some.one_of(
    some.integers(16384, 70000), some.sampled_from([16384, 32768, 65536]))
pieces = some.one_of(
    small, small, some.integers(1, 2000), some.integers(1, 70000))


def check_pattern(data, size):
    """Check that the data is `size` bytes of PATTERN, which repeats."""
    assert len(data) == size
    for start in range(0, size, 251 * 900):
        part = data[start:start + 251 * 900]
        assert part == PATTERN[:len(part)]


def cycle(items):
    while True:
        for item in items:
            yield item


class Sender(object):
    """The peer.  It collects records, and returns them in pieces of any size.

    `tls` is an SSLObject, and `out` the MemoryBIO with its records.
    """

    def __init__(self, tls, out):
        self.tls = tls
        self.out = out
        self.stream = b""
        self.plain = 0
        self.ends = []          # (bytes of records, bytes of plain text)

    def add(self, records, plain=0):
        self.stream += records
        self.plain += plain
        self.ends.append((len(self.stream), self.plain))

    def add_data(self, size):
        """Add `size` bytes of PATTERN, in records of up to 16 KiB."""
        while size > 0:
            part = min(size, 16384)
            data = PATTERN[self.plain % 251:][:part]
            self.tls.write(data)
            self.add(self.out.read(), part)
            size -= part

    def add_request(self):
        """Add a CertificateRequest; in TLS 1.2, which has no such message
        after the handshake, add one byte of data."""
        if self.tls.version() == "TLSv1.3":
            try:
                self.tls.verify_client_post_handshake()
                self.tls.do_handshake()
            except ssl.SSLError:
                pass    # the peer has not answered an earlier request
            self.add(self.out.read())
        else:
            self.add_data(1)

    def add_end(self):
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.add(self.out.read())

    def pieces(self, sizes):
        """Yield the stream in pieces of these sizes, or of larger ones to
        keep the number of pieces to about a thousand."""
        sent, sizes = 0, cycle(sizes)
        while sent < len(self.stream):
            size = max(next(sizes), len(self.stream) // 1000)
            yield self.stream[sent:sent + size]
            sent += size

    def complete(self, sent):
        """The number of bytes of plain text in the records that are complete
        in the first `sent` bytes of the stream."""
        return max([0] + [plain for end, plain in self.ends if end <= sent])


class Reader(object):
    """A program with a select loop; checks each byte against PATTERN."""

    def __init__(self, sock, sizes, patience):
        self.sock = sock
        self.sizes = cycle(sizes)
        # a program that reads whole records need not call pending()
        self.asks_pending = min(sizes) < 16384
        self.patience = cycle(patience)
        self.count = 0
        self.ended = False

    def receive(self, size):
        self.sock.settimeout(next(self.patience))
        if size % 2:
            return self.sock.recv(size)
        target = bytearray(size)
        return bytes(target[:self.sock.recv_into(target)])

    def read_once(self, pending=0):
        """Read once; returns False if no complete record has arrived.

        The read must return data if there are pending bytes.  The end of the
        data counts as one pending byte.
        """
        size = next(self.sizes)
        try:
            data = self.receive(size)
        except (ssl.SSLWantReadError, socket.timeout):
            assert not pending
            return False
        assert min(pending, size) <= len(data) <= size or (
            pending == 1 and not data)
        assert data == PATTERN[self.count % 251:][:len(data)]
        self.count += len(data)
        self.ended = not data
        return True

    def read_what_is_shown(self):
        while not self.ended:
            pending = self.asks_pending and self.sock.pending()
            if not pending and not select.select([self.sock], [], [], 0)[0]:
                break
            if not self.read_once(pending):
                break


@pytest.mark.parametrize("suite", SUITES, ids=[s[1] for s in SUITES])
@examples(15)
@given(sizes=some.lists(some.one_of(record_sizes, some.none()), max_size=8),
       reads=some.one_of(some.lists(read_sizes, min_size=1, max_size=4),
                         some.lists(large_read_sizes, min_size=1,
                                    max_size=4)),
       cuts=some.lists(pieces, min_size=1, max_size=12),
       patience=some.lists(some.sampled_from([0, 0.0005]), min_size=1,
                           max_size=3))
def test_nothing_that_came_is_hidden(suite, sizes, reads, cuts, patience):
    """After each piece of the stream, a select loop must have read the data
    of all complete records.  After the last piece it must have read the
    close_notify, although the connection stays open."""
    client, server = contexts(suite)
    with RawPair(client=client, server=server) as raw:
        sender = Sender(raw.tls, raw._out)
        for size in sizes:
            if size is None:
                sender.add_request()
            else:
                sender.add_data(size)
        sender.add_end()
        check_that_it_is_shown(raw, sender, cuts,
                               Reader(raw.sock, reads, patience))


def check_that_it_is_shown(raw, sender, cuts, reader):
    sent = 0
    for piece in sender.pieces(cuts):
        raw.peer.sendall(piece)
        sent += len(piece)
        reader.read_what_is_shown()
        assert reader.count == sender.complete(sent)
    assert reader.ended


@TWO_SUITES
@examples(15)
@given(sizes=some.lists(record_sizes, max_size=8),
       reads=some.lists(read_sizes, min_size=1, max_size=4),
       cuts=some.lists(pieces, min_size=1, max_size=12))
def test_nothing_that_came_to_a_server_is_hidden(suite, sizes, reads, cuts):
    client, server = contexts(suite)
    with RawPair(client_side=False, client=client, server=server) as raw:
        sender = Sender(raw.tls, raw._out)
        for size in sizes:
            sender.add_data(size)
        sender.add_end()
        check_that_it_is_shown(raw, sender, cuts,
                               Reader(raw.sock, reads, [0]))


# MemoryBIOs

@pytest.mark.parametrize("ends", [False, True], ids=["data", "end"])
def test_what_comes_with_the_end_of_a_handshake_is_shown(version, ends):
    """The client sends data or a close_notify together with its last message
    of the handshake.  select() must report it, and recv() must return it."""
    with RawPair(version, client_side=False, handshake=False) as raw:
        with Task(raw.sock.do_handshake):
            with pytest.raises(ssl.SSLWantReadError):
                raw.tls.do_handshake()
            while True:
                raw.peer.sendall(raw.records())
                raw._in.write(raw.peer.recv(65536))
                try:
                    raw.tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    pass
            last = raw.records()
            raw.peer.sendall(last + (raw.close_notify() if ends
                                     else raw.records(b"hello")))
        assert select.select([raw.sock], [], [], 5)[0]
        raw.sock.settimeout(0)
        assert raw.sock.recv(100) == (b"" if ends else b"hello")
        if not ends:
            assert not select.select([raw.sock], [], [], 0)[0]
            assert not raw.sock.pending()


class MemoryReader(Reader):
    """A Reader of an SSLObject.  pending() must show all complete records in
    its MemoryBIO."""

    def __init__(self, tls, sizes):
        self.sock = tls
        self.sizes = cycle(sizes)
        self.count = 0
        self.ended = False

    def receive(self, size):
        if size % 2:
            return self.sock.read(size)
        target = bytearray(size)
        return bytes(target[:self.sock.read(size, target)])

    def read_what_is_shown(self):
        while not self.ended and self.read_once(self.sock.pending()):
            pass


@TWO_SUITES
@examples(30)
@given(from_client=some.booleans(),
       sizes=some.lists(record_sizes, max_size=8),
       reads=some.lists(read_sizes, min_size=1, max_size=4),
       cuts=some.lists(pieces, min_size=1, max_size=12))
def test_all_that_was_fed_is_read(suite, from_client, sizes, reads, cuts):
    """After each piece, the reader must have read the data of all complete
    records, and after the last piece the close_notify."""
    client, server = contexts(suite)
    with BioPair(client=client, server=server) as pair:
        if from_client:
            sender = Sender(pair.client, pair.client_out)
            reader, target = MemoryReader(pair.server, reads), pair.server_in
        else:
            sender = Sender(pair.server, pair.server_out)
            reader, target = MemoryReader(pair.client, reads), pair.client_in
        for size in sizes:
            sender.add_data(size)
        sender.add_end()
        sent = 0
        for piece in sender.pieces(cuts):
            target.write(piece)
            sent += len(piece)
            reader.read_what_is_shown()
            assert reader.count == sender.complete(sent)
        assert reader.ended


@TWO_SUITES
@examples(20)
@given(sizes=some.lists(some.one_of(record_sizes, some.sampled_from([
           65537, 150000])), min_size=1, max_size=5),
       takes=some.lists(some.integers(500, 70000), min_size=1, max_size=8),
       reads=some.lists(some.integers(300, 70000), min_size=1, max_size=4))
def test_all_that_is_written_comes_out(suite, sizes, takes, reads):
    """The test writes data of any size, and carries the records to the reader
    in pieces of any size.  The reader must read all data."""
    client, server = contexts(suite)
    with BioPair(client=client, server=server) as pair:
        written, takes = 0, cycle(takes)
        reader = MemoryReader(pair.server, reads)
        for size in sizes:
            data = PATTERN[written % 251:][:size]
            assert pair.client.write(data) == size
            written += size
            pair.server_in.write(pair.client_out.read(next(takes)))
            reader.read_what_is_shown()
        while pair.client_out.pending:
            pair.server_in.write(pair.client_out.read(next(takes)))
            reader.read_what_is_shown()
        assert reader.count == written


# Writing

def drain(raw, size):
    """Let the peer receive all records, in reads of `size` bytes; returns
    their data."""
    raw.peer.settimeout(0)
    while True:
        try:
            raw._in.write(raw.peer.recv(size))
        except socket.error:
            return decrypted(raw)


def decrypted(raw):
    """All data that the peer can decrypt from its MemoryBIO."""
    data = b""
    while True:
        try:
            data += raw.tls.read(65536)
        except ssl.SSLWantReadError:
            return data


@TWO_SUITES
@examples(30)
@given(sizes=some.lists(some.one_of(record_sizes, some.sampled_from([
           65536, 65537, 150000])), min_size=1, max_size=12),
       room=some.sampled_from([1, 5000, 20000, 100000]),
       drains=some.lists(some.integers(0, 3), min_size=1, max_size=6))
def test_what_write_reports_is_with_the_kernel(suite, sizes, room, drains):
    """The socket is non-blocking, and its buffer is small.  The peer must be
    able to read all reported bytes at once.  A write that would have blocked
    must finish when we repeat it with a copy of the data."""
    client, server = contexts(suite)
    pair = unix_pair()
    pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
    with RawPair(client=client, server=server, pair=pair) as raw:
        raw.sock.settimeout(0)
        reported, arrived, waits = 0, b"", cycle(drains)
        for size in sizes:
            data = PATTERN[reported % 251:][:size]
            left, tries = len(data), next(waits)
            while left:
                try:
                    count = raw.sock.write(bytearray(data[-left:]))
                except ssl.SSLWantWriteError:
                    tries -= 1
                    if tries > 0:
                        continue
                else:
                    assert 0 < count <= left
                    left -= count
                    reported += count
                    if tries > 0:
                        continue
                arrived += drain(raw, 65536)
                assert len(arrived) >= reported
        arrived += drain(raw, 7)
        check_pattern(arrived, reported)


def send_all(sock, sizes, total, patience):
    """Write `total` bytes of PATTERN, which repeats.

    The writes have these sizes, or larger ones to keep their number to about
    five hundred.  A write that timed out is repeated with a copy of the data.
    """
    sent, sizes, patience = 0, cycle(sizes), cycle(patience)
    while sent < total:
        left = min(max(next(sizes), total // 500), total - sent)
        while left:
            data = bytearray(PATTERN[sent % 251:][:left])
            sock.settimeout(next(patience))
            try:
                count = sock.write(data)
            except (ssl.SSLWantWriteError, socket.timeout):
                continue
            assert 0 < count <= left
            left -= count
            sent += count


@TWO_SUITES
@examples(20)
@given(sizes=some.lists(some.one_of(record_sizes, some.sampled_from([
           65536, 65537, 150000])), min_size=1, max_size=6),
       room=some.sampled_from([1, 5000, 20000]),
       patience=some.lists(some.sampled_from([0, 0.0005, 0.003]), min_size=1,
                           max_size=3),
       reads=some.lists(some.integers(3000, 100000), min_size=1, max_size=4),
       pauses=some.lists(some.sampled_from([0, 0.0005, 0.002]), min_size=1,
                         max_size=3))
def test_writes_that_time_out_lose_nothing(suite, sizes, room, patience,
                                           reads, pauses):
    """A write that timed out must continue when we repeat it.  The peer
    reads meanwhile, with pauses."""
    client, server = contexts(suite)
    pair = unix_pair()
    pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
    with RawPair(client=client, server=server, pair=pair) as raw:
        def take_all():
            arrived, waits = b"", cycle(pauses)
            for size in cycle(reads):
                time.sleep(next(waits))
                records = raw.peer.recv(size)
                if not records:
                    return arrived
                raw._in.write(records)
                arrived += decrypted(raw)

        with Task(take_all) as peer:
            try:
                send_all(raw.sock, sizes, sum(sizes), patience)
            finally:
                raw.sock.shutdown(socket.SHUT_WR)
        check_pattern(peer.result(), sum(sizes))


# Two threads, timeouts, signals

def read_all_of_it(reader, total):
    while reader.count < total:
        reader.read_once()
    assert reader.count == total


def full_duplex(suite, total, writes, reads, patience, main_sends=False):
    """The client sends in one thread and receives in another.  The server
    echoes.  Both threads of the client set the timeout of the same socket, so
    an operation may have the timeout of the other thread."""
    client, server = contexts(suite)
    with SocketPair(client, server) as pair:
        # a small buffer makes writes wait
        pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 5000)

        def turn_around():
            left = total
            while left:
                data = pair.server.recv(min(left, 50000))
                assert data
                pair.server.sendall(data)
                left -= len(data)

        def send():
            send_all(pair.client, writes, total, patience)

        def receive():
            read_all_of_it(Reader(pair.client, reads, patience), total)

        ours, others = (send, receive) if main_sends else (receive, send)
        with Task(turn_around):
            with Task(others):
                ours()


DUPLEX = {
    "total": some.integers(1, 400000),
    "writes": some.lists(some.one_of(record_sizes, some.integers(
        65536, 200000)), min_size=1, max_size=5),
    "reads": some.lists(some.integers(300, 70000), min_size=1, max_size=5)}


@TWO_SUITES
@examples(15)
@given(**DUPLEX)
def test_both_ways_at_once(suite, total, writes, reads):
    full_duplex(suite, total, writes, reads, [30])


@TWO_SUITES
@examples(15)
@given(patience=some.lists(some.sampled_from([0, 0.0005, 0.003]), min_size=1,
                           max_size=3), **DUPLEX)
def test_both_ways_at_once_with_timeouts(suite, total, writes, reads,
                                         patience):
    full_duplex(suite, total, writes, reads, patience)


@pytest.fixture
def storm():
    """A signal every millisecond, with a handler in Python.  The value is a
    list with an item for each call of the handler."""
    count = []
    before = signal.signal(signal.SIGALRM, lambda *args: count.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        yield count
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@TWO_SUITES
@pytest.mark.parametrize("main_sends", [False, True],
                         ids=["main reads", "main sends"])
def test_both_ways_at_once_in_a_storm_of_signals(suite, storm, main_sends):
    """Signal handlers interrupt the main thread while it reads or sends."""
    @examples(5)
    @given(**dict(DUPLEX, total=some.integers(200000, 2000000)))
    def in_the_storm(total, writes, reads):
        full_duplex(suite, total, writes, reads, [30], main_sends)

    in_the_storm()
    assert storm


@TWO_SUITES
@examples(15)
@given(total=some.integers(1, 200000),
       cuts=some.lists(pieces, min_size=1, max_size=8),
       reads=some.lists(some.integers(100, 70000), min_size=1, max_size=4),
       patience=some.lists(some.sampled_from([0, 0.0002, 0.002]), min_size=1,
                           max_size=3))
def test_timeouts_lose_nothing(suite, total, cuts, reads, patience):
    """After a timeout within a record, reads must return all data."""
    client, server = contexts(suite)
    with RawPair(client=client, server=server) as raw:
        sender = Sender(raw.tls, raw._out)
        sender.add_data(total)

        def trickle():
            for piece in sender.pieces(cuts):
                raw.peer.sendall(piece)

        with Task(trickle):
            read_all_of_it(Reader(raw.sock, reads, patience), total)
