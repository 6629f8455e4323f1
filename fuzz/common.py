"""Code that the harnesses share: decisions from an input, the documented
errors, and checks of connections and records.

A harness is a module with run(data) and seeds().  run(data) must return for
any bytes.  seeds() returns the first inputs.  EXPECTED holds the errors that
the harness's callbacks may raise.  tests/corpus has a folder for each harness.
Harnesses do not depend on the fuzzer: drive.py runs them under the fuzzer, and
tests/faults/test_corpus.py runs them without it.
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

# The errors that an operation may raise for invalid input.
DOCUMENTED = (ssl.SSLError, socket.error, EnvironmentError, ValueError,
              TypeError, OverflowError, MemoryError, NotImplementedError)
WANT = (ssl.SSLWantReadError, ssl.SSLWantWriteError)

RECORD_HEADER = 5
RECORD_TYPES = (20, 21, 22, 23)
# The most plaintext in a record, and the most that encryption may add
# (RFC 5246, 6.2.3).
RECORD_LENGTH = 16384 + 2048

GETTERS = ["version", "cipher", "compression", "shared_ciphers", "pending",
           "selected_alpn_protocol", "selected_npn_protocol", "getpeercert",
           "get_unverified_chain", "get_verified_chain", "group",
           "client_sigalg", "server_sigalg", "get_channel_binding",
           "ocsp_response", "ech_status", "ech_outer_name",
           "ech_retry_configs"]
ATTRIBUTES = ["context", "session", "session_reused", "server_side",
              "server_hostname", "ech_config_list"]

# No harness changes these contexts.
GOOD = (client_context(), server_context(None, "localhost-ec.pem"))


def run(harness, data):
    """Run an input.

    Raises errors at the end that Python could only report, such as those of a
    destructor, unless they are EXPECTED.  Python before 3.8 has no hook for
    such errors.
    """
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
    """Decisions, taken one after the other from the bytes of an input.  After
    the last byte, each decision is the first choice."""

    def __init__(self, data):
        self._data = bytes(data)
        self._position = 0

    def left(self):
        return len(self._data) - self._position

    def take(self, count):
        """The next bytes, at most `count`."""
        start = self._position
        self._position = min(start + count, len(self._data))
        return self._data[start:self._position]

    def rest(self):
        return self.take(self.left())

    def byte(self):
        return ord(self.take(1) or b"\0")

    def number(self):
        """A number from 0 to 65535."""
        return self.byte() << 8 | self.byte()

    def pick(self, options):
        return options[self.byte() % len(options)]


class Scratch(object):
    """A folder for the files of a harness; it is removed at exit."""

    def __init__(self):
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = tempfile.mkdtemp(prefix="ssl-fuzz-", dir=memory)
        atexit.register(shutil.rmtree, self.folder, True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        """Write a file; returns its path."""
        with open(self.path(name), "wb") as stream:
            stream.write(data)
        return self.path(name)


# Errors

def attempt(function, *args, **kwargs):
    """Call the function; returns (its result, None), or (None, the error) for
    a documented error."""
    try:
        return function(*args, **kwargs), None
    except DOCUMENTED as error:
        check_error(error)
        return None, error


def check_error(error):
    """Check that an error can be shown and has its documented attributes."""
    assert isinstance(str(error), str) and repr(error)
    if isinstance(error, ssl.SSLError) and error.errno is not None:
        assert isinstance(error.errno, int)
        for text in (error.library, error.reason):
            assert text is None or isinstance(text, str)


# Connections

def look(connection):
    """Call every method that describes a connection.  They work in every
    state, but some raise ValueError before the end of the handshake."""
    for name in GETTERS:
        try:
            getattr(connection, name)()
        except (ValueError, NotImplementedError) as error:
            check_error(error)
    for name in ATTRIBUTES:
        getattr(connection, name)


def check_still_works():
    """Check that a good connection works, and that no error of an earlier
    connection remains in OpenSSL's queue."""
    pair = BioPair(*GOOD)
    pair.client.write(b"still")
    pair.flush()
    assert pair.server.read(10) == b"still"


def check_records(data):
    """Check that the bytes are complete TLS records."""
    for record in split_records(data):
        assert len(record) >= RECORD_HEADER, repr(record)
        # OpenSSL answers a record of version 0 with an alert of version 0
        assert record[0] in RECORD_TYPES, repr(record)
        length = len(record) - RECORD_HEADER
        assert length == (record[3] << 8 | record[4]) <= RECORD_LENGTH


def split_records(data):
    """The records as bytearrays; the last one may be incomplete."""
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
    """The bytes that both ends of a real handshake sent, up to its end or its
    failure."""
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
    """Do a handshake over MemoryBIOs with a peer that sends `stream`, `size`
    bytes at a time, and then ends the connection."""
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
        # a close_notify alert ends the connection, even during the handshake
        assert not attempt(connection.read, 10)[0]
    check_records(outgoing.read())
    look(connection)
