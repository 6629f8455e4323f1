"""python python_allocations.py SCENARIO POINTS, for Python 3.

Makes each call of a scenario many times.  Each time another allocation of
Python's allocators fails: the first with all later ones, the second with all
later ones, and so on; then single ones, at most POINTS of them, evenly spread.
The call must succeed or raise one of the EXPECTED exceptions.  At the end it
is made with enough memory and must have its usual result.  A scenario calls
the extension directly, since Python code in between would fail, too.
"""

import _testcapi
import io
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))
import ssl  # noqa: E402

import pkcs12  # noqa: E402
from helpers import (LONG, BioPair, SocketPair, cert, client_context,
                     read_cert, server_context)  # noqa: E402

LIMIT_SECONDS = 2000 if LONG else 100
EXPECTED = (MemoryError, ssl.SSLError)
FOREVER = 0
MET = []
CLIENT, SERVER = client_context("TLSv1.3"), server_context("TLSv1.3")
PEM = read_cert("root.pem")
DER = ssl.PEM_cert_to_DER_cert(PEM)
RESPONSE = b"0\3\n\1\3"  # an OCSP response: try later
ALPN = b"\2h2\x08http/1.1"
NO_ARGUMENTS = ["cert_store_stats", "cipher", "compression",
                "ech_outer_name", "ech_retry_configs", "ech_status",
                "get_ca_certs",
                "get_channel_binding", "get_ciphers", "get_groups",
                "get_info", "get_unverified_chain", "get_verified_chain",
                "getpeercert", "group", "ocsp_response", "pending",
                "public_bytes",
                "selected_alpn_protocol", "server_sigalg", "session_stats",
                "shared_ciphers", "sigalg", "client_sigalg", "version"]


def getters(subject):
    """A call for each attribute, and for each method that only reads."""
    for name in dir(subject):
        if not name.startswith("__"):
            yield lambda name=name: (getattr, subject, name)
        if name in NO_ARGUMENTS and is_possible(getattr(subject, name)):
            yield lambda name=name: (getattr(subject, name),)


def is_possible(method):
    """Whether this is a method that the linked OpenSSL supports."""
    try:
        return callable(method) and (method() or True)
    except NotImplementedError:
        return False


def pair():
    return BioPair(CLIENT, SERVER)


# A scenario is a list of functions.  Each makes new objects, and returns the
# function to call and its arguments.

def new_context():
    """A context without the Python code of SSLContext."""
    return ssl._ssl._SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Source(object):
    """An object whose read() always returns the same contents."""

    def __init__(self, contents):
        self.contents = contents

    def read(self):
        return self.contents


def contexts():
    yield lambda: (ssl._ssl._SSLContext, ssl.PROTOCOL_TLS_SERVER)

    def method(name, *arguments):
        return lambda: (getattr(new_context(), name),) + arguments

    yield method("load_verify_locations", cert("root.pem"), cert("capath"))
    yield method("load_verify_locations", None, None, DER)
    yield method("load_verify_locations", None, None, PEM)
    yield method("load_cert_chain", cert("localhost.pem"))
    yield method("load_cert_chain", cert("localhost-encrypted.pem"), None,
                 "secret passphrase")
    own = read_cert("localhost-ec.pem")
    for source in Source(own), Source(own.encode()):
        yield method("load_cert_chain", source)
        yield method("load_cert_chain", source, source)
        yield method("load_verify_locations", source)
    for password in "secret passphrase", lambda: "secret passphrase":
        yield method("load_pkcs12", Source(pkcs12.encrypted("aes")), password)
    yield method("load_dh_params", cert("dh2048.pem"))
    yield method("set_ciphers", "HIGH")
    yield method("set_ecdh_curve", "prime256v1")
    yield method("_set_alpn_protocols", ALPN)
    if ssl.HAS_ECH:
        with open(cert("ech.pem"), "rb") as stream:
            pem = stream.read()
        yield method("load_ech_keys", cert("ech.pem"))
        yield lambda: (new_context().load_ech_keys, io.BytesIO(pem))
        yield lambda: (setattr, new_context(), "ech_config_list",
                       b"".join(pem.split(b"-----")[6].split()))
        yield lambda: (ssl.generate_ech_keys, "localhost")
    for name, value in (("sni_callback", print), ("options", 0),
                        ("_msg_callback", print), ("verify_mode", 0),
                        ("verify_callback", print), ("ocsp_callback", print),
                        ("ocsp_staple", RESPONSE),
                        ("keylog_filename", os.devnull)):
        yield lambda name=name, value=value: (
            setattr, new_context(), name, value)
    loaded = new_context()
    loaded.load_verify_locations(cert("root.pem"))
    yield lambda: (loaded._copy,)
    for call in getters(loaded):
        yield call


def meet():
    """A pair before the handshake.  MET keeps it alive for callbacks."""
    MET[:] = [BioPair(CLIENT, SERVER, handshake=False)]
    return MET[0]


def connecting():
    def make():
        return (CLIENT._wrap_bio, ssl.MemoryBIO(), ssl.MemoryBIO(), False,
                "localhost")

    def hello():
        return (meet().client._sslobj.do_handshake,)

    def answer():
        met = meet()
        try:
            met.client.do_handshake()
        except ssl.SSLWantReadError:
            met.flush()
        return (met.server._sslobj.do_handshake,)

    def finish():
        met = meet()
        for end in met.client, met.server:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                met.flush()
        return (met.client._sslobj.do_handshake,)

    return [make, hello, answer, finish]


def refused():
    """Errors, whose hints need memory."""
    server = server_context("TLSv1.3", "unknown.pem")

    def refuse(client=CLIENT, server=server):
        met = BioPair(client, server, handshake=False)
        for end in met.client, met.server:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                met.flush()
        return (met.client._sslobj.do_handshake,)

    yield refuse
    if ssl.HAS_ECH:
        stale = client_context()
        pem = ssl.generate_ech_keys("localhost").encode("ascii")
        stale.ech_config_list = b"".join(pem.split(b"-----")[6].split())
        other = server_context()
        other.load_ech_keys(cert("ech.pem"))
        yield lambda: refuse(stale, other)


def with_callbacks():
    for context in CLIENT, SERVER:
        context.keylog_filename = os.devnull
        context._msg_callback = lambda *arguments: None
    SERVER.sni_callback = lambda *arguments: None
    SERVER.ocsp_staple = RESPONSE
    CLIENT.verify_callback = CLIENT.ocsp_callback = lambda *arguments: True
    SERVER.set_alpn_protocols(["h2"])
    CLIENT.set_alpn_protocols(["h2"])
    return connecting()


def connected(make_pair=pair):
    def reading():
        met = make_pair()
        met.server.write(b"x" * 1000)
        met.flush()
        return met

    for size in 10, 100000:
        yield lambda size=size: (reading().client._sslobj.read, size)
        yield lambda size=size: (
            reading().client._sslobj.read, size, bytearray(size))
        yield lambda size=size: (
            make_pair().client._sslobj.write, b"x" * size)
    yield lambda: (make_pair().client._sslobj.shutdown,)
    for end in make_pair().client, make_pair().server:
        for call in getters(end._sslobj):
            yield call


def sockets():
    made = []

    def make_pair():
        for each in made:
            each.close()
        made[:] = [SocketPair(CLIENT, SERVER)]
        made[0].client.settimeout(0)
        return made[0]

    return connected(make_pair)


def certificates():
    for name in ("decode-san-kinds.pem", "decode-aia.pem",
                 "decode-multi-rdn.pem", "decode-unicode.pem"):
        yield lambda name=name: (ssl._ssl._test_decode_cert, cert(name))
    met = pair()
    yield lambda: (met.client._sslobj.getpeercert, True)
    for certificate in met.client._sslobj.get_unverified_chain():
        for call in getters(certificate):
            yield call
        yield lambda: (certificate.public_bytes, ssl._ssl.ENCODING_DER)
        yield lambda: (repr, certificate)
        yield lambda: (hash, certificate)
    for call in getters(met.client.session):
        yield call


def sessions():
    met = pair()
    met.server.write(b"x")
    met.flush()
    met.client.read(1)
    session = met.client.session
    yield lambda: (session.to_bytes,)
    yield lambda: (CLIENT.session_from_bytes, session.to_bytes())
    yield lambda: (setattr, SERVER, "ticket_keys", [b"a" * 80, b"b" * 80])
    yield lambda: (getattr, SERVER, "ticket_keys")
    yield lambda: (setattr, CLIENT, "client_sessions", 10)
    for call in connecting():
        yield call


def bios_and_functions():
    def filled():
        bio = ssl.MemoryBIO()
        bio.write(b"x" * 1000)
        return bio

    yield lambda: (ssl.MemoryBIO,)
    yield lambda: (filled().read,)
    yield lambda: (filled().read, 10)
    yield lambda: (filled().write, b"x" * 100000)
    for call in getters(filled()):
        yield call
    for name, arguments in (
            ("RAND_bytes", (100,)), ("RAND_status", ()), ("RAND_add", (
                b"x", 1.0)), ("txt2obj", ("2.5.4.3", False)),
            ("nid2obj", (13,)), ("get_default_verify_paths", ())):
        yield lambda name=name, arguments=arguments: (
            (getattr(ssl._ssl, name),) + arguments)


def outcome(call, start, stop):
    """The type of the exception that the call raised, or None."""
    function, *arguments = call()
    raised = None
    _testcapi.set_nomemory(start, stop)
    try:
        function(*arguments)
    except EXPECTED as error:
        raised = type(error)
    finally:
        _testcapi.remove_mem_hooks()
    return raised


def try_each(call, points):
    """The number of allocations that the call makes."""
    usual = outcome(call, 2 ** 30, 2 ** 30 + 1)
    count = 1
    while outcome(call, count, FOREVER) != usual:
        count += 1
    for start in range(1, count, max(1, count // points)):
        outcome(call, start, start + 1)
    assert outcome(call, 2 ** 30, 2 ** 30 + 1) == usual
    return count - 1


def main(name, points):
    signal.alarm(LIMIT_SECONDS)
    calls = list(globals()[name]())
    counts = [try_each(call, points) for call in calls]
    print("%s: %d allocations in %d calls" % (name, sum(counts), len(calls)))
    assert sum(counts)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
