"""Memory after each public callable, when it succeeds and when it fails.

SUCCESS and FAILURE have a call of each name that docs/api.json ends with
parentheses; a test fails when one is missing.  Growth is measured by what
the allocators say, not by the size of the process.
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

from helpers import (PY2, BioPair, SocketPair, Task, cert,
                     client_context, listening, read_cert, server_context,
                     serving, unix_pair)

DOCS = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "docs")
ATTEMPTS = [8, 8, 32, 128, 512, 2048]
PEM = read_cert("root.pem")
DER = ssl.PEM_cert_to_DER_cert(PEM)
FAR = "Jan  5 09:34:43 2038 GMT"

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

    def close(self):
        self.sockets.close()

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


def set_on(method, value):
    """A setter of a context of its own."""
    return lambda w: getattr(new_context(w), method)(value)


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


def too_many(section, name):
    """The failure of what has no arguments that could be wrong."""
    def call(w):
        specimen = {"ssl": ssl, "SSLContext": w.client,
                    "SSLSocket": w.sockets.client,
                    "SSLObject": w.bios.client, "MemoryBIO": w.bio,
                    "Certificate": w.certificate}[section]
        getattr(specimen, name)(*range(12))
    return call


GETTERS = [
    "cipher", "client_sigalg", "compression", "get_channel_binding",
    "get_unverified_chain", "get_verified_chain", "getpeercert", "group",
    "pending", "selected_alpn_protocol", "selected_npn_protocol",
    "server_sigalg", "shared_ciphers", "version"]

SUCCESS = {
    "ssl.DER_cert_to_PEM_cert": lambda w: ssl.DER_cert_to_PEM_cert(DER),
    "ssl.PEM_cert_to_DER_cert": lambda w: ssl.PEM_cert_to_DER_cert(PEM),
    "ssl.RAND_add": lambda w: ssl.RAND_add(b"x", 0.0),
    "ssl.RAND_bytes": lambda w: ssl.RAND_bytes(100),
    "ssl.RAND_pseudo_bytes": lambda w: ssl.RAND_pseudo_bytes(100),
    "ssl.RAND_status": lambda w: ssl.RAND_status(),
    "ssl.cert_time_to_seconds": lambda w: ssl.cert_time_to_seconds(FAR),
    "ssl.create_default_context": lambda w: ssl.create_default_context(),
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
    "SSLContext.get_ca_certs": lambda w: w.client.get_ca_certs(),
    "SSLContext.get_ciphers": lambda w: w.client.get_ciphers(),
    "SSLContext.get_groups": lambda w: w.client.get_groups(),
    "SSLContext.load_cert_chain":
        lambda w: w.client.load_cert_chain(cert("client.pem")),
    "SSLContext.load_default_certs":
        lambda w: new_context(w).load_default_certs(),
    "SSLContext.load_dh_params":
        lambda w: w.server.load_dh_params(cert("dh2048.pem")),
    "SSLContext.load_verify_locations": lambda w: (
        new_context(w).load_verify_locations(
            cert("root.pem"), cert("capath"), DER)),
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
    "Certificate.get_info": lambda w: w.certificate.get_info(),
    "Certificate.public_bytes": lambda w: w.certificate.public_bytes(),
}
for each in GETTERS:
    SUCCESS["SSLSocket." + each] = (
        lambda w, name=each: getattr(w.sockets.client, name)())
    SUCCESS["SSLObject." + each] = (
        lambda w, name=each: getattr(w.bios.client, name)())

# these never succeed on a TLS socket
REFUSED = ["dup", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into",
           "sendmsg", "sendto"]

# those that are not here fail by their arguments
FAILURE = {
    "ssl.PEM_cert_to_DER_cert": lambda w: ssl.PEM_cert_to_DER_cert("junk"),
    "ssl.RAND_bytes": lambda w: ssl.RAND_bytes(-1),
    "ssl.cert_time_to_seconds": lambda w: ssl.cert_time_to_seconds("junk"),
    "ssl.create_default_context": lambda w: ssl.create_default_context(
        cafile=cert("junk.pem")),
    "ssl.get_server_certificate": fail_to_get_server_certificate,
    "ssl.match_hostname": lambda w: ssl.match_hostname(
        {"subject": (), "subjectAltName": (("DNS", "other"),)},
        "localhost"),
    "SSLContext.load_cert_chain":
        lambda w: w.client.load_cert_chain(cert("junk-key.pem")),
    "SSLContext.load_dh_params":
        lambda w: w.server.load_dh_params(cert("dh-junk.pem")),
    "SSLContext.load_verify_locations": lambda w: (
        new_context(w).load_verify_locations(cadata=DER + b"junk")),
    "SSLContext.set_alpn_protocols": set_on("set_alpn_protocols", [""]),
    "SSLContext.set_ciphers": set_on("set_ciphers", "none such"),
    "SSLContext.set_ciphersuites": set_on("set_ciphersuites", "none such"),
    "SSLContext.set_client_sigalgs":
        set_on("set_client_sigalgs", "none such"),
    "SSLContext.set_ecdh_curve": set_on("set_ecdh_curve", "none such"),
    "SSLContext.set_groups": set_on("set_groups", "none such"),
    "SSLContext.set_server_sigalgs":
        set_on("set_server_sigalgs", "none such"),
    "SSLContext.wrap_bio": lambda w: w.client.wrap_bio(
        ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="a" * 300),
    "SSLSocket.accept": fail_to_accept,
    "SSLSocket.connect": fail_to_connect("connect"),
    "SSLSocket.do_handshake": untrusted(SocketPair),
    "SSLSocket.sendfile": send_file_as_text,
    "SSLSocket.verify_client_post_handshake": asking(SocketPair, False),
    "SSLObject.do_handshake": untrusted(BioPair),
    "SSLObject.read": lambda w: w.bios.client.read(1),
    "SSLObject.unwrap": fresh_pair(lambda pair: pair.client.unwrap()),
    "SSLObject.verify_client_post_handshake": asking(BioPair, False),
    "SSLObject.write": lambda w: w.bios.client.write(u"\xe9"),
}
# what these say is no exception
TOLD = {"SSLSocket.connect_ex": fail_to_connect("connect_ex")}


def public_callables():
    """["SSLContext.set_ciphers"] of all that is documented."""
    with open(os.path.join(DOCS, "api.json")) as stream:
        tables = json.load(stream)
    tables.pop("imported")
    return sorted(section + "." + name[:-2]
                  for section, names in tables.items() for name in names
                  if name.endswith("()"))


CALLABLES = public_callables()


def test_every_public_callable_is_called():
    refused = {"SSLSocket." + name for name in REFUSED}
    assert set(CALLABLES) == set(SUCCESS) | refused
    assert set(FAILURE) | set(TOLD) <= set(CALLABLES)


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


@pytest.mark.parametrize("name", CALLABLES)
def test_failure(name, world):
    if name in TOLD:
        return assert_flat(lambda: TOLD[name](world))
    call = FAILURE.get(name) or too_many(*name.split("."))

    def fail():
        try:
            call(world)
        except (AttributeError, EnvironmentError, TypeError, ValueError,
                NotImplementedError):
            return
        raise AssertionError("%s did not fail" % name)

    assert_flat(fail)


# Bugs that others had

def decode_all(world):
    for name in ("decode-san-kinds.pem", "decode-crl-points.pem",
                 "decode-aia.pem", "decode-multi-rdn.pem"):
        ssl._ssl._test_decode_cert(cert(name))


def test_bpo_13458_gh_53706_decoding(world):
    assert_flat(lambda: decode_all(world))


def test_gh_116810_session(world, pair_type, version):
    """Each is one more, until it is dropped."""
    with pair_type(client_context(version), server_context(version)) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"  # behind the tickets of TLS 1.3
        assert isinstance(pair.client.session, ssl.SSLSession)
        assert_flat(lambda: pair.client.session)


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
