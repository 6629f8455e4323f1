"""What the harnesses share: an input as a row of decisions, the errors that
may come out, and what must hold of a connection and of its records.

A harness is a module with run(data), which must return whatever the bytes
are, and seeds(), which gives inputs to start from; EXPECTED are the errors
that its callbacks may raise.  It has a folder of its name in tests/corpus.
Harnesses know nothing of the fuzzer: drive.py brings them together,
tests/faults/test_corpus.py runs them without one.
"""

import atexit
import os
import shutil
import socket
import ssl
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests"))

from helpers import (  # noqa: E402
    BioPair, client_context, server_context)

# What an operation may raise that was given something wrong.
DOCUMENTED = (ssl.SSLError, socket.error, EnvironmentError, ValueError,
              TypeError, OverflowError, MemoryError, NotImplementedError)
WANT = (ssl.SSLWantReadError, ssl.SSLWantWriteError)

RECORD_HEADER = 5
RECORD_TYPES = (20, 21, 22, 23)
# of plain text, and what a cipher may add to it (RFC 5246, 6.2.3)
RECORD_LENGTH = 16384 + 2048

GETTERS = ["version", "cipher", "compression", "shared_ciphers", "pending",
           "selected_alpn_protocol", "selected_npn_protocol", "getpeercert",
           "get_unverified_chain", "get_verified_chain", "group",
           "client_sigalg", "server_sigalg", "get_channel_binding",
           "ocsp_response", "ech_status", "ech_outer_name",
           "ech_retry_configs"]
ATTRIBUTES = ["context", "session", "session_reused", "server_side",
              "server_hostname", "ech_config_list"]

# that no harness changes
GOOD = (client_context(), server_context(None, "localhost-ec.pem"))


def run(harness, data):
    """Runs an input.  What is raised where nobody can catch it is raised in
    the end, unless the harness is EXPECTED to; Pythons before 3.8 do not
    tell of it."""
    lost = []
    before = getattr(sys, "unraisablehook", None)
    sys.unraisablehook = lambda event: lost.append(event.exc_value)
    try:
        harness.run(data)
    finally:
        sys.unraisablehook = before
    for error in lost:
        if not isinstance(error, getattr(harness, "EXPECTED", ())):
            raise error


class Source(object):
    """Decisions, one after the other out of the bytes of an input; when
    these are used up, the first of all choices."""

    def __init__(self, data):
        self._data = bytes(data)
        self._position = 0

    def left(self):
        return len(self._data) - self._position

    def take(self, count):
        """At most that many bytes."""
        start = self._position
        self._position = min(start + count, len(self._data))
        return self._data[start:self._position]

    def rest(self):
        return self.take(self.left())

    def byte(self):
        return ord(self.take(1) or b"\0")

    def number(self):
        """0 to 65535."""
        return self.byte() << 8 | self.byte()

    def pick(self, options):
        return options[self.byte() % len(options)]


class Scratch(object):
    """A folder for the files of a harness, removed with the process."""

    def __init__(self):
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = tempfile.mkdtemp(prefix="ssl-fuzz-", dir=memory)
        atexit.register(shutil.rmtree, self.folder, True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        """The path of a file of these bytes."""
        with open(self.path(name), "wb") as stream:
            stream.write(data)
        return self.path(name)


# Errors

def attempt(function, *args, **kwargs):
    """(what it returns, None), or (None, the error) if that is one that the
    documentation names."""
    try:
        return function(*args, **kwargs), None
    except DOCUMENTED as error:
        check_error(error)
        return None, error


def check_error(error):
    """It can be shown, and tells what it should."""
    assert isinstance(str(error), str) and repr(error)
    if isinstance(error, ssl.SSLError) and error.errno is not None:
        assert isinstance(error.errno, int)
        for text in (error.library, error.reason):
            assert text is None or isinstance(text, str)


# Connections

def look(connection):
    """Asks for all that a connection can tell, which works in every state;
    before the end of the handshake some refuse with ValueError."""
    for name in GETTERS:
        try:
            getattr(connection, name)()
        except (ValueError, NotImplementedError) as error:
            check_error(error)
    for name in ATTRIBUTES:
        getattr(connection, name)


def check_still_works():
    """Whatever was before, a good connection works: no error of another is
    left for it."""
    pair = BioPair(*GOOD)
    pair.client.write(b"still")
    pair.flush()
    assert pair.server.read(10) == b"still"


def check_records(data):
    """They are whole TLS records, and nothing else."""
    for record in split_records(data):
        assert len(record) >= RECORD_HEADER, repr(record)
        # the version is OpenSSL's: it answers one of 0 with an alert of 0
        assert record[0] in RECORD_TYPES, repr(record)
        length = len(record) - RECORD_HEADER
        assert length == (record[3] << 8 | record[4]) <= RECORD_LENGTH


def split_records(data):
    """The records as bytearrays; the last may be a part of one."""
    data = bytearray(data)
    records = []
    while data:
        length = RECORD_HEADER
        if len(data) >= RECORD_HEADER:
            length += data[3] << 8 | data[4]
        records.append(data[:length])
        del data[:length]
    return records


def recorded(client, server):
    """What both ends of a real handshake sent, as far as it comes."""
    pair = BioPair(client, server, handshake=False)
    sent = [b"", b""]
    for _ in range(5):
        for number, (connection, outgoing, incoming) in enumerate([
                (pair.client, pair.client_out, pair.server_in),
                (pair.server, pair.server_out, pair.client_in)]):
            attempt(connection.do_handshake)
            data = outgoing.read()
            sent[number] += data
            incoming.write(data)
    return sent


def feed(context, stream, size, **options):
    """A handshake over MemoryBIOs with a peer that sends these bytes, size
    bytes at a time, and then no more."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, outgoing, **options)
    error = attempt(connection.do_handshake)[1]
    for start in range(0, len(stream), size):
        if not isinstance(error, WANT):
            break
        incoming.write(stream[start:start + size])
        error = attempt(connection.do_handshake)[1]
        check_records(outgoing.read())
    else:
        incoming.write_eof()
        error = attempt(connection.do_handshake)[1]
        assert not isinstance(error, WANT), "waits after the end"
    look(connection)
    if error is not None:
        assert attempt(connection.do_handshake)[1] is not None
        # the end that a peer has told is one, also where it is too early
        assert not attempt(connection.read, 10)[0]
    check_records(outgoing.read())
    look(connection)
