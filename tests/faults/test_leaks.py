"""Memory after each public callable, when it succeeds and when it fails.

SUCCESS and FAILURE have a call of each function, method and class that
docs/api.json tells of, VALUES and the tables after it each attribute; a test
fails when one is missing.  Growth is measured by what the allocators say,
not by the size of the process.
"""

import contextlib
import ctypes
import gc
import io
import json
import os
import socket
import ssl
import sys

import pytest

import pkcs12
from helpers import (PASSWORD, PROJECT, PY2, BioPair, SocketPair, Task, cert,
                     client_context, fill, listening, read_cert,
                     server_context, serving, unix_pair)

DOCS = os.path.join(PROJECT, "docs")
ATTEMPTS = [8, 8, 32, 128, 512, 2048]
PEM = read_cert("root.pem")
DER = ssl.PEM_cert_to_DER_cert(PEM)
PIECE = b"x" * 65536
HAS_ECH = getattr(ssl, "HAS_ECH", False)
ECH_KEYS = ssl.generate_ech_keys("localhost") if HAS_ECH else ""
FAR = "Jan  5 09:34:43 2038 GMT"
TRY_LATER, UNAUTHORIZED = b"0\3\n\1\3", b"0\3\n\1\6"  # OCSP responses


def ech_list_of(pem):
    """The list in base64; b"" for none."""
    block = "".join(pem.split("-----")[6:7])
    return "".join(block.split()).encode("ascii")


ECH_LIST = ech_list_of(ECH_KEYS)

if not os.path.exists(DOCS):
    pytest.skip("the tests are on their own", allow_module_level=True)
libc = ctypes.CDLL(None)
if not hasattr(libc, "mallinfo2"):
    pytest.skip("needs mallinfo2 of glibc", allow_module_level=True)

pytestmark = [
    pytest.mark.backport_only("leaks some of them"),
    pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""),
                       reason="AddressSanitizer allocates by itself")]


# The measure

class MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks",
        "fsmblks", "uordblks", "fordblks", "keepcost")]


libc.mallinfo2.restype = MallInfo
blocks_of_python = getattr(sys, "getallocatedblocks", lambda: 0)


def in_use():
    """(bytes of malloc, blocks of Python's allocator, objects)"""
    if PY2:
        sys.exc_clear()
    gc.collect()
    info = libc.mallinfo2()
    return (info.uordblks + info.hblkhd, blocks_of_python(),
            len(gc.get_objects()))


def growth(call, rounds):
    before = in_use()
    for _ in range(rounds):
        call()
    return [after - was for was, after in zip(before, in_use())]


def is_flat(found, rounds):
    """Less than half a block or object, and 16 bytes, for each call."""
    return found[0] < 16 * rounds and max(found[1:]) < rounds / 2


def assert_flat(call):
    """What the allocators keep for later is bounded, so more calls tell."""
    for rounds in ATTEMPTS:
        found = growth(call, rounds)
        if is_flat(found, rounds):
            return
    raise AssertionError("%d calls: %d bytes, %d blocks, %d objects" % (
        (rounds,) + tuple(found)))


def test_the_measure():
    """It finds a leak of one object, of any kind.

    Of many of them, as what is freed meanwhile of earlier tests counts too.
    """
    kept = []
    for make in (lambda: kept.append([]), lambda: kept.append(
            ctypes.create_string_buffer(100000))):
        assert not is_flat(growth(make, 500), 500)


# What is called

def finish(pair):
    """With the ticket that TLS 1.3 sends with data."""
    pair.server.write(b"x")
    pair.flush()
    pair.client.read(1)


class World(object):
    """Objects in the states that the calls need."""

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
        """Of a chain that is not trusted."""
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


@pytest.fixture(scope="module")
def world():
    with contextlib.closing(World()) as made:
        yield made


def new_context(w):
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def unconnected(w):
    """A socket without TLS to go with it."""
    return contextlib.closing(w.client.wrap_socket(
        socket.socket(), server_hostname="localhost"))


def connect(method):
    def call(w):
        with serving(lambda sock: None, w.server) as address:
            with unconnected(w) as sock:
                getattr(sock, method)(address)
    return call


def fail_to_connect(method):
    def call(w):
        with listening() as listener:
            address = listener.getsockname()
        with unconnected(w) as sock:
            assert getattr(sock, method)(address)
    return call


def accept(w):
    with listening() as plain:
        listener = w.server.wrap_socket(plain, server_side=True)
        with contextlib.closing(listener), Task(listener.accept) as accepting:
            with contextlib.closing(socket.create_connection(
                    listener.getsockname())) as sock:
                w.client.wrap_socket(
                    sock, server_hostname="localhost").close()
            accepting.result()[0].close()


def fail_to_accept(w):
    with listening() as plain:
        listener = w.server.wrap_socket(plain, server_side=True)
        with contextlib.closing(listener):
            listener.settimeout(0)
            listener.accept()


def get_server_certificate(w):
    with serving(lambda sock: None, w.server) as address:
        ssl.get_server_certificate(address)


def fail_to_get_server_certificate(w):
    with serving(lambda sock: sock.sendall(b"no TLS at all")) as address:
        ssl.get_server_certificate(address)


def wrap(w):
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        w.client.wrap_socket(left, server_hostname="localhost",
                             do_handshake_on_connect=False).close()


def module_wrap_socket(w):
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        ssl.wrap_socket(left, do_handshake_on_connect=False).close()


def wrap_datagrams(wrap):
    """TLS is for streams."""
    def call(w):
        with contextlib.closing(socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            wrap(w)(sock)
    return call


def wrap_untrusted(w):
    """The handshake fails within wrap_socket()."""
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        with Task(w.server.wrap_socket, right, server_side=True) as serving:
            try:
                new_context(w).wrap_socket(left, server_hostname="localhost")
            finally:
                assert isinstance(serving.error(), EnvironmentError)


def wrap_simple(w):
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        with Task(w.server.wrap_socket, right, server_side=True):
            ssl.sslwrap_simple(left)


def fresh_pair(operation):
    """Of SSLObjects, which the operation may spoil."""
    def call(w):
        operation(BioPair(w.client, w.server))
    return call


def fresh_sockets(operation):
    def call(w):
        with SocketPair(w.client, w.server) as pair:
            operation(pair)
    return call


def untrusted(pair_type):
    def call(w):
        pair_type(new_context(w), w.server)
    return call


def unwrap_sockets(pair):
    with Task(pair.server.unwrap):
        pair.client.unwrap()


def asking(pair_type, willing):
    client, server = client_context("TLSv1.3"), server_context("TLSv1.3")
    client.post_handshake_auth = willing
    server.verify_mode = ssl.CERT_OPTIONAL

    def call(w):
        with pair_type(client, server) as pair:
            pair.server.verify_client_post_handshake()
    return call


def full_context():
    """A server's, of which much is set."""
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


def set_on(method, value):
    """A setter of a context of its own."""
    return lambda w: getattr(new_context(w), method)(value)


def load_ech_keys(w):
    """Each load adds them."""
    context = new_context(w)
    for _ in range(2):
        context.load_ech_keys(io.BytesIO(ECH_KEYS.encode("ascii")))


def send_file(w):
    with io.open(cert("root.pem"), "rb") as stream:
        count = w.sockets.client.sendfile(stream)
    while count:
        count -= len(w.sockets.server.recv(count))


def send_file_as_text(w):
    with io.open(cert("root.pem")) as stream:
        w.sockets.client.sendfile(stream)


def write_to_the_end(w):
    bio = ssl.MemoryBIO()
    bio.write(b"x")
    bio.write_eof()


def make_file(w):
    w.sockets.client.makefile("rb").close()


def write_after_the_end(w):
    bio = ssl.MemoryBIO()
    bio.write_eof()
    bio.write(b"x")


def too_many(section, name):
    """The failure of what has no arguments that could be wrong."""
    return lambda w: getattr(specimens(section, w)[0], name)(*range(12))


def specimens(section, w):
    """Where a name of that section is to be found; the last one takes what
    an attribute is set to.
    """
    return {
        "ssl": [ssl], "SSLContext": [w.client, w.settings],
        "SSLSocket": [w.sockets.client, w.fresh_sockets.client],
        "SSLObject": [w.bios.client, w.fresh_bios.client],
        "MemoryBIO": [w.bio], "SSLSession": [w.session],
        "Certificate": [w.certificate], "SSLError": [w.error],
        "SSLCertVerificationError": [w.error],
        "DefaultVerifyPaths": [ssl.get_default_verify_paths()]}[section]


GETTERS = [
    "cipher", "client_sigalg", "compression", "ech_outer_name",
    "ech_retry_configs", "ech_status", "get_channel_binding",
    "get_unverified_chain", "get_verified_chain", "getpeercert", "group",
    "ocsp_response", "pending", "selected_alpn_protocol",
    "selected_npn_protocol", "server_sigalg", "shared_ciphers", "version"]

SUCCESS = {
    "ssl.DER_cert_to_PEM_cert": lambda w: ssl.DER_cert_to_PEM_cert(DER),
    "ssl.PEM_cert_to_DER_cert": lambda w: ssl.PEM_cert_to_DER_cert(PEM),
    "ssl.RAND_add": lambda w: ssl.RAND_add(b"x", 0.0),
    "ssl.RAND_bytes": lambda w: ssl.RAND_bytes(100),
    "ssl.RAND_pseudo_bytes": lambda w: ssl.RAND_pseudo_bytes(100),
    "ssl.RAND_status": lambda w: ssl.RAND_status(),
    "ssl.cert_time_to_seconds": lambda w: ssl.cert_time_to_seconds(FAR),
    "ssl.create_default_context": lambda w: ssl.create_default_context(),
    "ssl.generate_ech_keys": lambda w: ssl.generate_ech_keys("localhost"),
    "ssl.get_default_verify_paths":
        lambda w: ssl.get_default_verify_paths(),
    "ssl.get_protocol_name":
        lambda w: ssl.get_protocol_name(ssl.PROTOCOL_TLS),
    "ssl.get_server_certificate": get_server_certificate,
    "ssl.get_sigalgs": lambda w: ssl.get_sigalgs(),
    "ssl.match_hostname": lambda w: ssl.match_hostname(
        {"subject": (), "subjectAltName": (("DNS", "localhost"),)},
        "localhost"),
    "ssl.sslwrap_simple": wrap_simple,
    "ssl.wrap_socket": module_wrap_socket,
    "SSLContext.cert_store_stats": lambda w: w.client.cert_store_stats(),
    "SSLContext.copy": lambda w: (w.full.copy(), w.resuming.copy()),
    "SSLContext.get_ca_certs": lambda w: w.client.get_ca_certs(),
    "SSLContext.get_ciphers": lambda w: w.client.get_ciphers(),
    "SSLContext.get_groups": lambda w: w.client.get_groups(),
    "SSLContext.load_cert_chain":
        lambda w: w.client.load_cert_chain(cert("client.pem")),
    "SSLContext.load_default_certs":
        lambda w: new_context(w).load_default_certs(),
    "SSLContext.load_dh_params":
        lambda w: w.server.load_dh_params(cert("dh2048.pem")),
    "SSLContext.load_pkcs12": lambda w: w.client.load_pkcs12(
        io.BytesIO(pkcs12.encrypted("rc2")), lambda: PASSWORD),
    "SSLContext.load_ech_keys": load_ech_keys,
    "SSLContext.load_verify_locations": lambda w: (
        new_context(w).load_verify_locations(
            cert("root.pem"), cert("capath"), DER)),
    "SSLContext.session_from_bytes":
        lambda w: w.resuming.session_from_bytes(w.session_bytes),
    "SSLContext.session_stats": lambda w: w.client.session_stats(),
    "SSLContext.set_alpn_protocols":
        set_on("set_alpn_protocols", ["h2", "http/1.1"]),
    "SSLContext.set_ciphers": set_on("set_ciphers", "HIGH"),
    "SSLContext.set_ciphersuites":
        set_on("set_ciphersuites", "TLS_AES_128_GCM_SHA256"),
    "SSLContext.set_client_sigalgs": lambda w: ssl.SSLContext(
        ssl.PROTOCOL_TLS_SERVER).set_client_sigalgs("rsa_pss_rsae_sha256"),
    "SSLContext.set_default_verify_paths":
        lambda w: new_context(w).set_default_verify_paths(),
    "SSLContext.set_ecdh_curve": set_on("set_ecdh_curve", "prime256v1"),
    "SSLContext.set_groups": set_on("set_groups", "X25519:P-256"),
    "SSLContext.set_npn_protocols": set_on("set_npn_protocols", ["a"]),
    "SSLContext.set_psk_client_callback":
        set_on("set_psk_client_callback", lambda hint: ("a", b"b")),
    "SSLContext.set_psk_server_callback": lambda w: ssl.SSLContext(
        ssl.PROTOCOL_TLS_SERVER).set_psk_server_callback(
            lambda identity: b"b", "hint"),
    "SSLContext.set_server_sigalgs":
        set_on("set_server_sigalgs", "rsa_pss_rsae_sha256"),
    "SSLContext.set_servername_callback": lambda w: ssl.SSLContext(
        ssl.PROTOCOL_TLS_SERVER).set_servername_callback(
            lambda *arguments: None),
    "SSLContext.wrap_bio": lambda w: w.client.wrap_bio(
        ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost"),
    "SSLContext.wrap_socket": wrap,
    "SSLSocket.accept": accept,
    "SSLSocket.close": fresh_sockets(lambda pair: pair.client.close()),
    "SSLSocket.connect": connect("connect"),
    "SSLSocket.connect_ex": connect("connect_ex"),
    "SSLSocket.do_handshake": fresh_sockets(lambda pair: None),
    "SSLSocket.makefile": make_file,
    "SSLSocket.read": lambda w: w.pass_sockets(lambda s: s.read(10)),
    "SSLSocket.recv": lambda w: w.pass_sockets(lambda s: s.recv(10)),
    "SSLSocket.recv_into": lambda w: w.pass_sockets(
        lambda s: s.recv_into(bytearray(10))),
    "SSLSocket.send": lambda w: w.pass_sockets(
        lambda s: s.recv(w.sockets.client.send(b"y") + 9)),
    "SSLSocket.sendall": lambda w: w.pass_sockets(lambda s: s.recv(10)),
    "SSLSocket.sendfile": send_file,
    "SSLSocket.shutdown": fresh_sockets(
        lambda pair: pair.client.shutdown(socket.SHUT_RDWR)),
    "SSLSocket.unwrap": fresh_sockets(unwrap_sockets),
    "SSLSocket.verify_client_post_handshake": asking(SocketPair, True),
    "SSLSocket.write": lambda w: w.pass_sockets(lambda s: s.recv(10)),
    "SSLObject.close": fresh_pair(lambda pair: pair.client.close()),
    "SSLObject.do_handshake": fresh_pair(lambda pair: None),
    "SSLObject.peer_certificate":
        lambda w: w.bios.client.peer_certificate(True),
    "SSLObject.read": lambda w: w.pass_bios(),
    "SSLObject.shutdown": fresh_pair(lambda pair: pair.finish(
        pair.client.shutdown, pair.server.shutdown)),
    "SSLObject.unwrap": fresh_pair(lambda pair: pair.finish(
        pair.client.unwrap, pair.server.unwrap)),
    "SSLObject.verify_client_post_handshake": asking(BioPair, True),
    "SSLObject.write": lambda w: w.pass_bios(30000),
    "MemoryBIO.read": lambda w: w.bio.read(w.bio.write(b"x" * 1000)),
    "MemoryBIO.write": lambda w: w.bio.read(w.bio.write(b"x" * 1000)),
    "MemoryBIO.write_eof": write_to_the_end,
    "SSLSession.to_bytes": lambda w: w.session.to_bytes(),
    "Certificate.get_info": lambda w: w.certificate.get_info(),
    "Certificate.public_bytes": lambda w: w.certificate.public_bytes(),
}
for each in GETTERS:
    SUCCESS["SSLSocket." + each] = (
        lambda w, name=each: getattr(w.sockets.client, name)())
    SUCCESS["SSLObject." + each] = (
        lambda w, name=each: getattr(w.bios.client, name)())

EXCEPTIONS = [
    "CertificateError", "SSLCertVerificationError", "SSLEOFError",
    "SSLError", "SSLSyscallError", "SSLWantReadError", "SSLWantWriteError",
    "SSLZeroReturnError"]
SUCCESS.update({
    "ssl.DefaultVerifyPaths": lambda w: ssl.DefaultVerifyPaths(*range(6)),
    "ssl.MemoryBIO": lambda w: ssl.MemoryBIO(),
    "ssl.SSLContext": lambda w: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
})
for each in EXCEPTIONS:
    SUCCESS["ssl." + each] = (
        lambda w, name=each: str(getattr(ssl, name)(1, "text")))

# only the module makes those; SSLSocket is for subclasses and for 2.7
UNMAKEABLE = ["ssl.SSLObject", "ssl.SSLSession", "ssl.SSLSocket"]

# these never succeed on a TLS socket
REFUSED = {"dup": [], "recvfrom": [1], "recvfrom_into": [bytearray(1)],
           "recvmsg": [1], "recvmsg_into": [[bytearray(1)]],
           "sendmsg": [[b"x"]], "sendto": [b"x", ("127.0.0.1", 1)]}

FAILURE = {
    "ssl.DER_cert_to_PEM_cert": lambda w: ssl.DER_cert_to_PEM_cert(None),
    "ssl.PEM_cert_to_DER_cert": lambda w: ssl.PEM_cert_to_DER_cert("junk"),
    "ssl.RAND_add": lambda w: ssl.RAND_add(object(), 0.0),
    "ssl.RAND_bytes": lambda w: ssl.RAND_bytes(-1),
    "ssl.RAND_pseudo_bytes": lambda w: ssl.RAND_pseudo_bytes(-1),
    "ssl.cert_time_to_seconds": lambda w: ssl.cert_time_to_seconds("junk"),
    "ssl.create_default_context": lambda w: ssl.create_default_context(
        cafile=cert("junk.pem")),
    "ssl.generate_ech_keys": lambda w: ssl.generate_ech_keys("a..b"),
    "ssl.get_protocol_name": lambda w: ssl.get_protocol_name([]),
    "ssl.get_server_certificate": fail_to_get_server_certificate,
    "ssl.match_hostname": lambda w: ssl.match_hostname(
        {"subject": (), "subjectAltName": (("DNS", "other"),)},
        "localhost"),
    "ssl.sslwrap_simple": lambda w: ssl.sslwrap_simple(
        None, certfile=cert("junk-key.pem")),
    "ssl.wrap_socket": wrap_datagrams(lambda w: ssl.wrap_socket),
    "ssl.MemoryBIO": lambda w: ssl.MemoryBIO(b"x"),
    "ssl.SSLContext": lambda w: ssl.SSLContext(99),
    "ssl.SSLObject": lambda w: ssl.SSLObject(w.bio),
    "ssl.SSLSocket": wrap_datagrams(lambda w: ssl.SSLSocket),
    "SSLContext.load_cert_chain":
        lambda w: w.client.load_cert_chain(cert("junk-key.pem")),
    "SSLContext.load_default_certs":
        lambda w: w.client.load_default_certs("no purpose"),
    "SSLContext.load_dh_params":
        lambda w: w.server.load_dh_params(cert("dh-junk.pem")),
    "SSLContext.load_pkcs12": lambda w: w.client.load_pkcs12(
        io.BytesIO(pkcs12.encrypted("rc2")), "wrong"),
    "SSLContext.load_ech_keys":
        lambda w: w.server.load_ech_keys(cert("localhost.pem")),
    "SSLContext.load_verify_locations": lambda w: (
        new_context(w).load_verify_locations(cadata=DER + b"junk")),
    "SSLContext.session_from_bytes":
        lambda w: w.resuming.session_from_bytes(w.session_bytes[:-1]),
    "SSLContext.set_alpn_protocols": set_on("set_alpn_protocols", [""]),
    "SSLContext.set_ciphers": set_on("set_ciphers", "none such"),
    "SSLContext.set_ciphersuites": set_on("set_ciphersuites", "none such"),
    "SSLContext.set_client_sigalgs":
        set_on("set_client_sigalgs", "none such"),
    "SSLContext.set_ecdh_curve": set_on("set_ecdh_curve", "none such"),
    "SSLContext.set_groups": set_on("set_groups", "none such"),
    "SSLContext.set_npn_protocols": set_on("set_npn_protocols", ["a", ""]),
    "SSLContext.set_psk_client_callback":
        set_on("set_psk_client_callback", "no callback"),
    "SSLContext.set_psk_server_callback": lambda w: (
        w.settings.set_psk_server_callback(lambda name: b"", "h" * 1000)),
    "SSLContext.set_server_sigalgs":
        set_on("set_server_sigalgs", "none such"),
    "SSLContext.set_servername_callback": lambda w: (
        w.settings.set_servername_callback("no callback")),
    "SSLContext.wrap_bio": lambda w: w.client.wrap_bio(
        ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="a" * 300),
    "SSLContext.wrap_socket": wrap_untrusted,
    "SSLSocket.accept": fail_to_accept,
    "SSLSocket.connect": fail_to_connect("connect"),
    "SSLSocket.do_handshake": untrusted(SocketPair),
    "SSLSocket.sendfile": send_file_as_text,
    "SSLSocket.verify_client_post_handshake": asking(SocketPair, False),
    "SSLObject.do_handshake": untrusted(BioPair),
    "SSLObject.read": lambda w: w.bios.client.read(1),
    "SSLObject.shutdown": fresh_pair(lambda pair: pair.client.shutdown()),
    "SSLObject.unwrap": fresh_pair(lambda pair: pair.client.unwrap()),
    "SSLObject.verify_client_post_handshake": asking(BioPair, False),
    "SSLObject.write": lambda w: w.bios.client.write(u"\xe9"),
    "MemoryBIO.read": lambda w: w.bio.read("1"),
    "MemoryBIO.write": write_after_the_end,
    "Certificate.public_bytes": lambda w: w.certificate.public_bytes(99),
}
for each in "getpeercert", "peer_certificate":
    FAILURE["SSLObject." + each] = (
        lambda w, name=each: getattr(w.fresh_bios.client, name)())
for each in "SSLSocket", "SSLObject":
    FAILURE[each + ".get_channel_binding"] = (
        lambda w, section=each: specimens(section, w)[0].get_channel_binding(
            "none such"))
for each in EXCEPTIONS:
    FAILURE["ssl." + each] = (
        lambda w, name=each: getattr(ssl, name)(junk=1))
# what these say is no exception
TOLD = {"SSLSocket.connect_ex": fail_to_connect("connect_ex")}

# How an SSLSocket's methods fail, by the state of the connection
ARGUMENTS = {"read": [10], "recv": [10], "recv_into": [bytearray(10)],
             "send": [PIECE], "sendall": [PIECE], "write": [PIECE],
             "shutdown": [socket.SHUT_RDWR]}
READING, WRITING = ["read", "recv", "recv_into"], ["sendall", "write"]
# on 2.7 send() returns 0 instead
STATES = {
    "impatient": [
        (ssl.SSLWantReadError, READING),
        (ssl.SSLWantWriteError, WRITING if PY2 else WRITING + ["send"])],
    "slow": [(socket.timeout, READING + WRITING + ["send"])],
    "ended": [
        (ssl.SSLEOFError, READING),
        (EnvironmentError, WRITING + ["send", "unwrap"])],
    "closed": [
        (ValueError, ["read", "write", "unwrap", "getpeercert"]),
        (socket.error, ["recv", "recv_into", "send", "sendall",
                        "shutdown", "do_handshake"])],
    "unconnected": [
        (ValueError, ["read", "write", "unwrap", "get_unverified_chain",
                      "get_verified_chain", "verify_client_post_handshake"]),
        (socket.error, ["recv", "recv_into", "send", "sendall",
                        "do_handshake", "getpeercert"])],
}
# nothing but a wrong number of arguments makes them fail
UNFAILING = {
    "ssl": ["RAND_status", "get_default_verify_paths", "get_sigalgs",
            "DefaultVerifyPaths", "SSLSession"],
    "SSLContext": [
        "cert_store_stats", "copy", "get_ca_certs", "get_ciphers",
        "get_groups", "session_stats", "set_default_verify_paths"],
    "SSLSocket": ["close", "makefile"],
    "SSLObject": ["close", "get_unverified_chain", "get_verified_chain"],
    "MemoryBIO": ["write_eof"],
    "SSLSession": ["to_bytes"],
    "Certificate": ["get_info"],
}
for each in "SSLSocket", "SSLObject":
    UNFAILING[each] += [name for name in GETTERS
                        if not name.startswith("get")]
for section, names in UNFAILING.items():
    FAILURE.update((section + "." + each, too_many(section, each))
                   for each in names)
FAILURE.update({
    "SSLSocket." + each: lambda w, name=each: (
        getattr(w.sockets.client, name)(*REFUSED[name]))
    for each in REFUSED})


# Attributes

class Unfit(object):
    """What is of no type that a setter takes, and no truth value either."""

    def __bool__(self):
        raise TypeError("neither true nor false")

    __nonzero__ = __bool__


def new_function():
    return lambda *arguments: None


# For each that can be set: new values that it takes, as the old ones would
# not show a leak, and such of the right type that it refuses.
VALUES = {
    "SSLContext._host_flags": (lambda w: [4, 0], [1 << 100]),
    "SSLContext._msg_callback": (lambda w: [new_function()], []),
    "SSLContext.check_hostname": (lambda w: [True, False], []),
    "SSLContext.client_sessions": (lambda w: [0], [-1, 1, 10001]),
    "SSLContext.hostname_checks_common_name": (lambda w: [False, True], []),
    "SSLContext.keylog_filename": (lambda w: [os.devnull], [cert("")]),
    "SSLContext.maximum_version": (
        lambda w: [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED],
        [99]),
    "SSLContext.minimum_version": (
        lambda w: [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.MINIMUM_SUPPORTED],
        [99]),
    "SSLContext.num_tickets": (lambda w: [3, 2], [-1]),
    "SSLContext.ocsp_callback": (lambda w: [new_function(), None], []),
    "SSLContext.ocsp_staple": (
        lambda w: [TRY_LATER, None, UNAUTHORIZED], [b"", TRY_LATER + b"x"]),
    "SSLContext.options": (lambda w: [ssl.OP_NO_TICKET, ssl.OP_ALL], [-1]),
    "SSLContext.post_handshake_auth": (lambda w: [True, False], []),
    "SSLContext.request_ocsp": (lambda w: [True, False], []),
    "SSLContext.sni_callback": (lambda w: [new_function()], []),
    "SSLContext.verify_callback": (lambda w: [new_function()], []),
    "SSLContext.ticket_keys": (
        lambda w: [[b"a" * 80, b"b" * 80], [b"c" * 80], []],
        [[b"a" * 79], [b"a" * 80, b"a" * 80]]),
    "SSLContext.verify_flags": (
        lambda w: [ssl.VERIFY_X509_STRICT, ssl.VERIFY_DEFAULT], [1 << 100]),
    "SSLContext.verify_mode": (
        lambda w: [ssl.CERT_REQUIRED, ssl.CERT_NONE], [99]),
}
for each in "SSLContext", "SSLSocket", "SSLObject":
    VALUES[each + ".ech_config_list"] = (
        lambda w: [ECH_LIST] if HAS_ECH else [], [b"junk"])
for each in "SSLSocket", "SSLObject":
    # a connection keeps each context that it ever had, once
    VALUES[each + ".context"] = lambda w: [w.server, w.client], []
    VALUES[each + ".session"] = lambda w: [w.bios.client.session], []
READ_ONLY = {
    "SSLContext": ["protocol", "security_level"],
    "SSLSocket": ["session_reused"],
    "SSLObject": ["server_hostname", "server_side", "session_reused"],
    "MemoryBIO": ["eof", "pending"],
    "SSLSession": ["has_ticket", "id", "ticket_lifetime_hint", "time",
                   "timeout"],
    "SSLError": ["hint"],
    "DefaultVerifyPaths": list(ssl.DefaultVerifyPaths._fields),
}
# attributes of Python, which take anything
PLAIN = {
    "SSLContext": ["sslobject_class", "sslsocket_class"],
    "SSLSocket": ["do_handshake_on_connect", "server_hostname",
                  "server_side", "suppress_ragged_eofs"],
    "SSLError": ["ech_retry_configs", "library", "reason"],
    "SSLCertVerificationError": ["verify_code", "verify_message"],
}


def full_names(table):
    return {section + "." + name
            for section, names in table.items() for name in names}


# The names that are told


with open(os.path.join(DOCS, "api.json")) as stream:
    TABLES = json.load(stream)
TABLES.pop("imported")


def is_class(name):
    """Whether a name of the module makes objects of its own."""
    found = getattr(ssl, name, None)
    return (isinstance(found, type)
            and not isinstance(found, type(ssl.AlertDescription)))


CALLABLES = full_names(
    {section: [name[:-2] for name in names if name.endswith("()")]
     for section, names in TABLES.items()}) | {
         "ssl." + name for name in TABLES["ssl"] if is_class(name)}
ATTRIBUTES = {
    section: sorted(name for name in names if not name.endswith("()"))
    for section, names in TABLES.items()
    if section not in ("ssl", "Certificate", "Purpose", "TLSVersion")}
ATTRIBUTES["SSLContext"] += ["_host_flags", "_msg_callback"]


def test_every_public_callable_is_called():
    refused = {"SSLSocket." + name for name in REFUSED}
    assert CALLABLES == set(SUCCESS) | refused | set(UNMAKEABLE)
    assert CALLABLES == set(FAILURE) | set(TOLD) | {
        "SSLSocket." + name for fails in STATES.values()
        for _, names in fails for name in names}


def test_every_public_attribute_is_tried():
    assert full_names(ATTRIBUTES) == (
        set(VALUES) | full_names(READ_ONLY) | full_names(PLAIN))


def skip_what_is_not_here(name, call, world):
    section, method = name.split(".")
    found = (ssl if section == "ssl" else getattr(ssl, section, None)
             or getattr(ssl._ssl, section))
    if not hasattr(found, method):
        pytest.skip("not on this Python")
    try:
        call(world)
    except NotImplementedError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", sorted(SUCCESS))
def test_success(name, world):
    call = SUCCESS[name]
    skip_what_is_not_here(name, call, world)
    assert_flat(lambda: call(world))


def must_fail(errors, call, *arguments):
    try:
        call(*arguments)
    except errors:
        return
    raise AssertionError("%r%r did not fail" % (call, arguments))


@pytest.mark.parametrize("name", sorted(set(FAILURE) | set(TOLD)))
def test_failure(name, world):
    if name in TOLD:
        return assert_flat(lambda: TOLD[name](world))
    errors = (AttributeError, EnvironmentError, TypeError, ValueError,
              NotImplementedError)
    assert_flat(lambda: must_fail(errors, FAILURE[name], world))


# Objects with read()

class Source(object):
    def __init__(self, contents):
        self.contents = contents

    def read(self):
        return self.contents


def load_objects(w):
    """As text and as bytes, into contexts of their own."""
    for text in PEM, read_cert("localhost-ec.pem"):
        for contents in text, bytearray(text.encode("ascii")):
            new_context(w).load_verify_locations(Source(contents))
    new_context(w).load_cert_chain(Source(text), Source(contents))


def fail_with_objects(w):
    """With the content, with its type, in read(), with the password."""
    locked = Source(read_cert("localhost-encrypted.pem"))
    for method in ("load_cert_chain", "load_pkcs12", "load_verify_locations"):
        for source in (Source(b"junk"), Source(None), object(),
                       Source(u"\ud800")):
            must_fail((ssl.SSLError, TypeError, ValueError),
                      getattr(w.client, method), source)
    for password in "wrong", lambda: None:
        must_fail((ssl.SSLError, TypeError), w.client.load_cert_chain,
                  locked, None, password)
    for contents in NO_USE:
        must_fail(ssl.SSLError, w.client.load_pkcs12, Source(contents))


# PKCS #12 without a key, without its certificate, with a part that is junk
NO_USE = [pkcs12.store(*bags) for bags in (
    [pkcs12.certificate(pkcs12.LEAF)],
    [pkcs12.bag(pkcs12.KEY_BAG, pkcs12.KEY), pkcs12.certificate(DER)],
    [pkcs12.bag(pkcs12.KEY_BAG, pkcs12.KEY), pkcs12.certificate(b"junk")])]


@pytest.mark.parametrize("call", [load_objects, fail_with_objects])
def test_objects(call, world):
    assert_flat(lambda: call(world))


# The measure takes time, so that the next ones make many calls at once.

@pytest.mark.parametrize("state", sorted(STATES))
def test_failure_of_a_connection(state, world):
    found = getattr(world, state)
    sock = getattr(found, "client", found)

    def fail_all():
        for error, names in STATES[state]:
            for name in names:
                must_fail(error, getattr(sock, name),
                          *ARGUMENTS.get(name, []))

    assert_flat(fail_all)


@pytest.mark.parametrize("section", sorted(ATTRIBUTES))
def test_get(section, world):
    assert_flat(lambda: [
        getattr(each, name) for each in specimens(section, world)
        for name in ATTRIBUTES[section]])


def settable(section):
    """[(attribute, values, refused values)]"""
    return [(name.split(".")[1],) + VALUES[name] for name in sorted(VALUES)
            if name.startswith(section + ".")]


@pytest.mark.parametrize("section", ["SSLContext", "SSLSocket", "SSLObject"])
def test_set(section, world):
    target = specimens(section, world)[-1]

    def set_all():
        for name, values, _ in settable(section):
            for value in values(world):
                setattr(target, name, value)

    assert_flat(set_all)


@pytest.mark.parametrize("section", sorted(PLAIN))
def test_set_of_a_plain_attribute(section, world):
    target = specimens(section, world)[-1]

    def set_all():
        for name in PLAIN[section]:
            setattr(target, name, object())

    assert_flat(set_all)


@pytest.mark.parametrize("section", ["SSLContext", "SSLSocket", "SSLObject"])
def test_refused_set(section, world):
    target = specimens(section, world)[-1]
    errors = (TypeError, ValueError, OverflowError, EnvironmentError,
              NotImplementedError)

    def fail_all():
        for name, _, refused in settable(section):
            for value in [Unfit()] + refused:
                must_fail(errors, setattr, target, name, value)
            must_fail(AttributeError, delattr, target, name)

    assert_flat(fail_all)


@pytest.mark.parametrize("section", sorted(READ_ONLY))
def test_set_of_what_is_read_only(section, world):
    target = specimens(section, world)[-1]

    def fail_all():
        for name in READ_ONLY[section]:
            must_fail(AttributeError, setattr, target, name, object())

    assert_flat(fail_all)


# CA files

@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize("end", ["", "\n", "-----\n", read_cert("crl.pem")])
def test_bundle_that_is_not_kept(world, tmpdir, end, asks):
    """It is read and forgotten, by the extension or by OpenSSL."""
    path = str(tmpdir.join("bundle.pem"))
    with open(path, "w") as stream:
        stream.write(read_cert("namesakes-with-ids.pem") + PEM + PEM + end)

    def load():
        os.utime(path, None)  # it may be changing
        context = client_context(roots=None)
        context.load_verify_locations(path)
        if asks:
            BioPair(context, world.server)
            context.get_ca_certs(True)

    assert_flat(load)


def test_bad_bundle(tmpdir):
    """The last of its certificates is bad."""
    path = str(tmpdir.join("bundle.pem"))
    with open(path, "w") as stream:
        stream.write(PEM + PEM + read_cert("junk-der.pem"))

    def load():
        with pytest.raises(ssl.SSLError):
            client_context(roots=None).load_verify_locations(path)

    assert_flat(load)


# Sessions

def test_sessions_that_are_kept(world, pair_type, version):
    """Resumed, not resumed, replaced by newer ones, given up with those who
    keep them."""
    client = client_context(version)
    servers = [server_context(version), server_context(version)]
    client.client_sessions = 3

    def connect():
        for server in servers:
            for name in "localhost", "127.0.0.1":
                with pair_type(client, server, server_hostname=name) as pair:
                    finish(pair)
        with contextlib.closing(pair_type(client, servers[0],
                                          handshake=False)) as pair:
            if pair_type is BioPair:
                must_fail(ssl.SSLWantReadError, pair.client.do_handshake)

    def begin_anew():
        client.client_sessions = 3
        connect()

    assert_flat(connect)
    assert_flat(begin_anew)


def test_tickets_of_several_keys(world, version):
    keys = [b"a" * 80, b"b" * 80]
    client = client_context(version)

    def connect():
        server = server_context(version)
        server.ticket_keys = keys
        with BioPair(client, server) as pair:
            finish(pair)
            session = pair.client.session
        server.ticket_keys = keys[::-1]
        for _ in range(2):
            with BioPair(client, server, session=session) as pair:
                finish(pair)
            server.ticket_keys = ()

    assert_flat(connect)


def test_bytes_of_sessions(world, version):
    client, server = client_context(version), server_context(version)
    with BioPair(client, server) as pair:
        finish(pair)
        data = pair.client.session.to_bytes()
        wrong = [data[:100], data[:-1] + b"x", b"", b"x" * 1000]

    def load():
        client.session_from_bytes(client.session_from_bytes(data).to_bytes())
        for each in wrong:
            must_fail(ValueError, client.session_from_bytes, each)
        must_fail(ValueError, client_context(
            version, roots=None).session_from_bytes, data)
        must_fail(ValueError, pair.server.session.to_bytes)

    assert_flat(load)


# Encrypted Client Hello

@pytest.mark.skipif(not HAS_ECH, reason="needs OpenSSL 4.0")
@pytest.mark.parametrize("name", ["localhost", "other.example.test"])
def test_rejected_client_hello(pair_type, name):
    """With a good public name, and with a wrong one."""
    client, server = client_context(), server_context()
    server.load_ech_keys(io.BytesIO(ECH_KEYS.encode("ascii")))
    client.ech_config_list = ech_list_of(ssl.generate_ech_keys(name))

    def refuse():
        with pytest.raises(ssl.SSLError) as caught:
            pair_type(client, server)
        assert caught.value.hint

    assert_flat(refuse)


@pytest.mark.parametrize("chain", ["unknown.pem", "host-other.pem"])
def test_hint(pair_type, chain):
    client, server = client_context(), server_context(chain=chain)

    def refuse():
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            pair_type(client, server)
        assert caught.value.hint

    assert_flat(refuse)


# Bugs that others had

def decode_all(world):
    for name in ("decode-san-kinds.pem", "decode-crl-points.pem",
                 "decode-aia.pem", "decode-multi-rdn.pem"):
        ssl._ssl._test_decode_cert(cert(name))


def test_bpo_13458_bpo_29738_bpo_25569_bpo_25578_gh_53706_decoding(world):
    assert_flat(lambda: decode_all(world))


def test_gh_116810_session(world, pair_type, version):
    """Each is one more, until it is dropped."""
    with pair_type(client_context(version), server_context(version)) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"  # behind the tickets of TLS 1.3
        assert isinstance(pair.client.session, ssl.SSLSession)
        assert_flat(lambda: pair.client.session)


class Planned(Exception):
    """What a callback raises."""


def raise_planned(*arguments):
    raise Planned


@pytest.mark.parametrize("judge, error", [
    (lambda *arguments: True, None), (lambda *arguments: False, ssl.SSLError),
    (lambda *arguments: None, TypeError), (raise_planned, Planned)],
    ids=["accepts", "refuses", "says_nothing", "raises"])
@pytest.mark.parametrize("name", ["verify_callback", "ocsp_callback"])
def test_judges(world, version, name, judge, error):
    client, server = client_context(version), server_context(
        version, "localhost-ec.pem")
    server.ocsp_staple = TRY_LATER
    setattr(client, name, judge)

    def connect():
        if error is None:
            with BioPair(client, server) as pair:
                pair.client.ocsp_response()
        else:
            must_fail(error, BioPair, client, server)

    assert_flat(connect)


def test_judges_of_a_server(world):
    """One that an SNI callback brings with its context, and its staple."""
    def go_over(connection, name, context):
        connection.context = other

    client, server = client_context(), server_context()
    client.load_cert_chain(cert("client.pem"))
    client.request_ocsp = True
    other = server_context(chain="localhost-ec.pem")
    other.load_verify_locations(cert("root.pem"))
    other.verify_mode = ssl.CERT_REQUIRED
    other.verify_callback = lambda *arguments: True
    other.ocsp_staple = TRY_LATER
    server.verify_callback = lambda *arguments: False
    server.sni_callback = go_over

    def connect():
        with BioPair(client, server) as pair:
            assert pair.client.ocsp_response() == TRY_LATER

    assert_flat(connect)


@pytest.mark.cpython("has no sys.getrefcount()")
@pytest.mark.skipif(sys.version_info >= (3, 12),
                    reason="None is immortal, and not counted")
def test_gh_127761_none_is_counted(world):
    """Each answer None is one reference more, until it is dropped."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with BioPair(handshake=False) as pair:
        before = sys.getrefcount(None)
        for _ in range(1000):
            assert context.sni_callback is None
            assert pair.client.session is None
            assert pair.client.selected_alpn_protocol() is None
        assert abs(sys.getrefcount(None) - before) < 100
