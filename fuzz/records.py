"""Two ends of a connection, and an attacker between them who changes, inserts,
repeats, reorders and cuts records, from the first one of the handshake on.

Input: contexts, then steps.  A step is an operation of an end, or of the
attacker.

An end must only read bytes that the other end has written, in their order.  If
the attacker does nothing, the end must read all of them.
"""

import ssl

import common
from client_handshake import trusting
from common import WANT
from helpers import BioPair, cert, client_context, server_context
from server_handshake import ALPN

# the ends write these bytes over and over
PERIOD = 251
PATTERN = bytes(bytearray(i * 7 % PERIOD for i in range(PERIOD))) * 200
SIZES = [1, 0, 2, 100, 1000, 16384, 16385, 20000]
KEPT = 8


def pattern(position, count):
    """`count` of the bytes that an end writes, from `position` on."""
    start = position % PERIOD
    return PATTERN[start:start + count]


def with_client_certificate():
    client = client_context()
    client.load_cert_chain(cert("client.pem"))
    client.post_handshake_auth = True
    client.set_alpn_protocols(ALPN)
    server = server_context(None, "localhost-ec.pem")
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = ssl.CERT_OPTIONAL
    return client, server


def with_cipher(name):
    client = trusting("TLSv1.2")
    server = server_context("TLSv1.2", "localhost-ec.pem")
    client.set_ciphers(name)
    server.set_ciphers(name)
    return client, server


CONTEXTS = [
    (client_context(), server_context(None, "localhost-ec.pem")),
    (client_context(), server_context("TLSv1.2", "localhost-ec.pem")),
    with_client_certificate(), with_cipher("ECDHE-ECDSA-AES128-SHA"),
    with_cipher("ECDHE-ECDSA-CHACHA20-POLY1305")]


class Wire(object):
    """The records that are on their way to an end."""

    def __init__(self, outgoing, incoming):
        self.outgoing = outgoing
        self.incoming = incoming
        self.records = []
        self.old = []
        self.ended = False

    def collect(self):
        data = self.outgoing.read()
        common.check_records(data)
        self.records += common.split_records(data)

    def deliver(self, count):
        """Deliver at most `count` records; returns whether there was one."""
        self.collect()
        moved = bool(self.records)
        for record in self.records[:count]:
            if not self.ended:
                self.incoming.write(record)
            self.old = self.old[1 - KEPT:] + [record]
        del self.records[:count]
        return moved

    def some(self, source):
        """The index of the record to change, or None if there is none."""
        self.collect()
        place = source.byte()
        return place % len(self.records) if self.records else None


class End(object):
    """One end: its connection, and the number of bytes written and read."""

    def __init__(self, connection, wire):
        self.connection = connection
        self.wire = wire        # for the records that this end sends
        self.written = self.read = 0
        self.peer = None
        self.done = False
        self.error = None

    def do(self, operation, *args):
        """Do an operation; returns its result, or None after setting
        `error`."""
        result, self.error = common.attempt(operation, *args)
        return result

    def handshake(self, source=None):
        self.do(self.connection.do_handshake)
        self.done = self.done or self.error is None

    def write(self, source):
        size = source.pick(SIZES)
        count = self.do(self.connection.write, pattern(self.written, size))
        if count is not None:
            assert 0 <= count <= size
            self.written += count

    def receive(self, source):
        self.receive_some(source.pick(SIZES))

    def receive_some(self, size):
        """Read at most `size` bytes; returns whether there were any."""
        data = self.do(self.connection.read, size) or b""
        assert len(data) <= size
        assert data == pattern(self.read, len(data))
        self.read += len(data)
        assert self.read <= self.peer.written
        return bool(data)

    def into(self, source):
        """Read into a buffer, and check that the rest of it is unchanged."""
        room, size = source.pick(SIZES), source.pick(SIZES)
        room = bytearray(b"\xfe" * room)
        count = self.do(self.connection.read, size, room) or 0
        assert count <= len(room)
        assert room[:count] == pattern(self.read, count)
        assert room[count:] == b"\xfe" * (len(room) - count)
        self.read += count

    def look(self, source):
        common.look(self.connection)

    def unwrap(self, source):
        self.do(self.connection.unwrap)

    def ask_for_certificate(self, source):
        self.do(self.connection.verify_client_post_handshake)

    # steps of the attacker

    def deliver(self, source):
        self.wire.deliver(source.byte() or None)

    def flip(self, source):
        """Change one byte of a record."""
        place = self.wire.some(source)
        position, value = source.number(), source.byte()
        if place is not None:
            record = self.wire.records[place]
            record[position % len(record)] ^= value or 1

    def insert(self, source):
        """Insert bytes of the input, with or without a valid header."""
        place = self.wire.some(source) or 0
        header, body = source.byte(), source.take(source.byte())
        if header in common.RECORD_TYPES:
            body = bytearray([header, 3, 3, 0, len(body)]) + body
        if body:
            self.wire.records.insert(place, bytearray(body))

    def drop(self, source):
        place = self.wire.some(source)
        if place is not None:
            del self.wire.records[place]

    def repeat(self, source):
        """Insert a record that was sent before."""
        place = self.wire.some(source) or 0
        if self.wire.old:
            self.wire.records.insert(place, source.pick(self.wire.old))

    def swap(self, source):
        """Move a record to the front."""
        place = self.wire.some(source)
        if place is not None:
            self.wire.records.insert(0, self.wire.records.pop(place))

    def split(self, source):
        """Deliver a record in two pieces."""
        place, position = self.wire.some(source), source.number()
        if place is not None:
            record = self.wire.records[place]
            position %= len(record)
            self.wire.records[place:place + 1] = [
                part for part in (record[:position], record[position:])
                if part]

    def cut(self, source):
        """Remove the end of a record."""
        place, position = self.wire.some(source), source.number()
        if place is not None:
            record = self.wire.records[place]
            del record[1 + position % len(record):]

    def end(self, source):
        """End the stream to this end."""
        self.wire.incoming.write_eof()
        self.wire.ended = True


# steps that change no record, and steps after which less may arrive
HARMLESS = [End.handshake, End.write, End.receive, End.into, End.look,
            End.deliver, End.split]
OTHERS = [End.unwrap, End.ask_for_certificate, End.flip, End.insert, End.drop,
          End.repeat, End.swap, End.cut, End.end]
STEPS = HARMLESS + OTHERS


def make_ends(client, server):
    pair = BioPair(client, server, handshake=False)
    ends = [End(pair.client, Wire(pair.client_out, pair.server_in)),
            End(pair.server, Wire(pair.server_out, pair.client_in))]
    ends[0].peer, ends[1].peer = ends[1], ends[0]
    return ends


def finish(ends):
    """Deliver all records, and let both ends read."""
    moved = True
    while moved:
        moved = False
        for end in ends:
            end.handshake()
            while end.receive_some(len(PATTERN) - PERIOD):
                pass
            moved = end.wire.deliver(None) or moved


def run(data):
    source = common.Source(data)
    choice = source.byte()
    ends = make_ends(*CONTEXTS[choice % len(CONTEXTS)])
    if choice & 0x80:
        finish(ends)
    harmless = True
    while source.left():
        choice = source.byte()
        step = STEPS[(choice >> 1) % len(STEPS)]
        harmless = harmless and step in HARMLESS
        end = ends[choice & 1]
        step(end, source)
        assert not harmless or end.error is None or isinstance(
            end.error, WANT), repr(end.error)
    finish(ends)
    for end in ends:
        assert not harmless or end.done and end.read == end.peer.written
        common.look(end.connection)


# Seeds

def step_bytes(step, side, *arguments):
    return bytes(bytearray([STEPS.index(step) << 1 | side]) +
                 bytearray(arguments))


def conversation(side):
    """The steps that write, deliver and read a message."""
    return b"".join([
        step_bytes(End.write, side, 3), step_bytes(End.deliver, side, 1),
        step_bytes(End.receive, 1 - side, 3)])


def seeds():
    both = conversation(0) + conversation(1)
    closing = (step_bytes(End.unwrap, 0) + step_bytes(End.deliver, 0, 1) +
               step_bytes(End.receive, 1, 3) + step_bytes(End.unwrap, 1) +
               step_bytes(End.deliver, 1, 1) + step_bytes(End.unwrap, 0))
    asking = b"".join([
        step_bytes(End.ask_for_certificate, 1), step_bytes(End.write, 1, 3),
        step_bytes(End.deliver, 1, 0), step_bytes(End.receive, 0, 3),
        step_bytes(End.deliver, 0, 0), step_bytes(End.receive, 1, 3)])
    for number in range(len(CONTEXTS)):
        for choice in number, number + 0x80 - 0x80 % len(CONTEXTS):
            start = bytes(bytearray([choice]))
            yield start + both + closing
            yield start + asking + both
            for step in OTHERS:
                yield (start + step_bytes(End.write, 1, 3) +
                       step_bytes(step, 1, 0, 30, 1, 20, 4) + both)
