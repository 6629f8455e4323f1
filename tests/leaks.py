"""Code that the tests of leaks share: the measuring of memory, and objects in
each state.

The memory in use is the sum that the allocators report, not the size of the
process.
"""

import ctypes
import gc
import io
import json
import os
import socket
import ssl
import sys

import pytest

from helpers import (PROJECT, PY2, BioPair, SocketPair, cert, client_context,
                     ech_list_of, fill, read_cert, server_context)

DOCS = os.path.join(PROJECT, "docs")
ATTEMPTS = [8, 8, 32, 128, 512, 2048]
PEM = read_cert("root.pem")
DER = ssl.PEM_cert_to_DER_cert(PEM)
PIECE = b"x" * 65536
HAS_ECH = getattr(ssl, "HAS_ECH", False)
ECH_KEYS = ssl.generate_ech_keys("localhost") if HAS_ECH else ""
TRY_LATER, UNAUTHORIZED = b"0\3\n\1\3", b"0\3\n\1\6"  # OCSP responses


ECH_LIST = ech_list_of(ECH_KEYS)

if not os.path.exists(DOCS):
    pytest.skip("the tests are not in a source tree",
                allow_module_level=True)
libc = ctypes.CDLL(None)
if not hasattr(libc, "mallinfo2"):
    pytest.skip("needs glibc's mallinfo2()", allow_module_level=True)

MARKS = [
    pytest.mark.backport_only("stock ssl leaks in some of these tests"),
    pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""),
                       reason="AddressSanitizer has its own malloc()")]


# Measuring

class MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks",
        "fsmblks", "uordblks", "fordblks", "keepcost")]


libc.mallinfo2.restype = MallInfo
blocks_of_python = getattr(sys, "getallocatedblocks", lambda: 0)


def in_use():
    """Collect garbage; returns (bytes that malloc has allocated, blocks of
    Python's allocator, objects that the garbage collector knows)."""
    if PY2:
        sys.exc_clear()
    gc.collect()
    info = libc.mallinfo2()
    return (info.uordblks + info.hblkhd, blocks_of_python(),
            len(gc.get_objects()))


def growth(call, rounds):
    """Call the function `rounds` times; returns how much each figure of
    in_use() has grown."""
    before = in_use()
    for _ in range(rounds):
        call()
    return [after - was for was, after in zip(before, in_use())]


def is_flat(found, rounds):
    """Whether each call added less than 16 bytes, half a block and half an
    object, on average."""
    return found[0] < 16 * rounds and max(found[1:]) < rounds / 2


def assert_flat(call):
    """Assert that the call does not leak.

    Caches may grow at first, but only up to a limit.  If there is growth, the
    function measures again, with more calls.
    """
    for rounds in ATTEMPTS:
        found = growth(call, rounds)
        if is_flat(found, rounds):
            return
    raise AssertionError("%d calls leak %d bytes, %d blocks, %d objects" % (
        (rounds,) + tuple(found)))


# Objects

def finish(pair):
    """Let the client read the tickets of TLS 1.3, which it reads with the
    first data."""
    pair.server.write(b"x")
    pair.flush()
    pair.client.read(1)


class World(object):
    """The objects that the tests use, in each state that they need."""

    def __init__(self):
        self.client, self.server = client_context(), server_context()
        self.client.load_cert_chain(cert("client.pem"))
        self.bios = BioPair(self.client, self.server)
        self.sockets = SocketPair(self.client, self.server)
        self.bio = ssl.MemoryBIO()
        self.certificate = ssl._ssl.Certificate
        with BioPair(self.client, self.server) as pair:
            self.certificate, = pair.client._sslobj.get_unverified_chain()
        self.settings = server_context()
        self.full = full_context()
        self.session = self.make_session()
        self.resuming = client_context()
        self.resuming.client_sessions = 2
        self.resuming.request_ocsp = True
        with BioPair(self.resuming, self.server) as pair:
            finish(pair)
            self.session_bytes = pair.client.session.to_bytes()
        self.error = self.make_error()
        self.fresh_bios = BioPair(self.client, self.server, handshake=False)
        self.fresh_sockets = SocketPair(self.client, self.server,
                                        handshake=False)
        self.impatient, self.slow, self.ended, self.closed = [
            SocketPair(self.client, self.server) for _ in range(4)]
        self.impatient.client.settimeout(0)
        fill(self.impatient.client, PIECE)
        self.slow.client.settimeout(0)
        fill(self.slow.client, PIECE)
        self.slow.client.settimeout(0.0001)
        self.ended.client.suppress_ragged_eofs = False
        self.ended.server.close()
        self.closed.close()
        self.unconnected = self.client.wrap_socket(
            socket.socket(), server_hostname="localhost")

    def make_session(self):
        self.pass_back()
        return self.bios.client.session

    def make_error(self):
        """The error for a certificate without a trusted issuer."""
        try:
            BioPair(client_context(roots=None), self.server)
        except ssl.SSLCertVerificationError as error:
            return error

    def close(self):
        for pair in (self.sockets, self.fresh_sockets, self.impatient,
                     self.slow, self.ended):
            pair.close()
        self.unconnected.close()

    def pass_back(self):
        self.bios.server.write(b"x")
        self.bios.flush()
        self.bios.client.read(1)

    def pass_bios(self, size=10):
        self.bios.client.write(b"x" * size)
        self.bios.flush()
        return self.bios.server.read(size)

    def pass_sockets(self, receive, size=10):
        self.sockets.client.sendall(b"x" * size)
        return receive(self.sockets.server)


def new_context(w):
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def full_context():
    """A server context with a value for most settings."""
    context = server_context()
    context.load_cert_chain(cert("localhost-ec.pem"))
    context.load_dh_params(cert("dh2048.pem"))
    context.load_verify_locations(cert("root.pem"), cert("capath"), DER)
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.set_ciphers("HIGH")
    context.set_ciphersuites("TLS_AES_128_GCM_SHA256")
    context.set_groups("X25519:P-256")
    context.set_client_sigalgs("rsa_pss_rsae_sha256")
    context.set_psk_server_callback(lambda identity: b"b", "hint")
    context.sni_callback = context._msg_callback = new_function()
    context.keylog_filename = os.devnull
    context.ticket_keys = [b"a" * 80]
    context.ocsp_staple = TRY_LATER
    context.verify_callback = new_function()
    if HAS_ECH:
        context.load_ech_keys(io.BytesIO(ECH_KEYS.encode("ascii")))
    context.name = "full"
    return context


def specimens(section, w):
    """Objects of a section of docs/api.json.  Tests set attributes of the
    last one only."""
    return {
        "ssl": [ssl], "SSLContext": [w.client, w.settings],
        "SSLSocket": [w.sockets.client, w.fresh_sockets.client],
        "SSLObject": [w.bios.client, w.fresh_bios.client],
        "MemoryBIO": [w.bio], "SSLSession": [w.session],
        "Certificate": [w.certificate], "SSLError": [w.error],
        "SSLCertVerificationError": [w.error],
        "DefaultVerifyPaths": [ssl.get_default_verify_paths()]}[section]


def new_function():
    return lambda *arguments: None


def full_names(table):
    return {section + "." + name
            for section, names in table.items() for name in names}


# The public names

with open(os.path.join(DOCS, "api.json")) as stream:
    TABLES = json.load(stream)
TABLES.pop("imported")


def must_fail(errors, call, *arguments):
    try:
        call(*arguments)
    except errors:
        return
    raise AssertionError("%r%r does not raise" % (call, arguments))
