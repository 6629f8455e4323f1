"""python allocations.py SCENARIO POINTS, with fault.c preloaded.

Runs a scenario many times.  Each time another allocation fails: the first,
then the second, and so on, at most POINTS of them, evenly spread.  Each of
them fails once alone, and once with all later allocations.  The scenario must
succeed or raise one of the EXPECTED exceptions.  At the end it runs with
enough memory and must succeed.
"""

import atexit
import ctypes
import io
import os
import signal
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))
import ssl  # noqa: E402

import pkcs12  # noqa: E402
from helpers import (LONG, PASSWORD, BioPair, SocketPair, cert,
                     client_context, read_cert,
                     server_context)  # noqa: E402

LIMIT_SECONDS = 2000 if LONG else 100
FOREVER = 2 ** 31 - 1  # the largest 32-bit long
# for some names OpenSSL reports only that they are not valid: ValueError
EXPECTED = (ssl.SSLError, MemoryError, EnvironmentError, ValueError)
fault = getattr(ctypes, "PyDLL", ctypes.CDLL)(None)  # PyPy has no PyDLL
for name in ("fault_allocations", "fault_allocations_end"):
    getattr(fault, name).argtypes = [ctypes.c_long] * (
        0 if name.endswith("_end") else 2)
    getattr(fault, name).restype = ctypes.c_long


def make_contexts():
    for protocol in ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER:
        ssl.SSLContext(protocol)


def load_roots():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cert("root.pem"), cert("capath"))
    context.get_ca_certs()
    context.cert_store_stats()


def new_roots():
    """A context.  NEW_ROOTS has a new time, so it will be read again."""
    end()
    os.utime(NEW_ROOTS, None)
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def load_new_roots():
    context = new_roots()
    begin()
    context.load_verify_locations(NEW_ROOTS)


def use_new_roots():
    context = new_roots()
    context.load_verify_locations(NEW_ROOTS)
    begin()
    context.get_ca_certs()
    BioPair(context, CONTEXTS[1])


def load_data():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=PEM)
    context.load_verify_locations(cadata=DER)


def load_crl():
    context = client_context()
    context.load_verify_locations(cert("crl.pem"))
    context.cert_store_stats()


def load_encrypted_key():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for key in ("localhost-key-encrypted.pem",
                "localhost-key-encrypted-old.pem"):
        context.load_cert_chain(cert("localhost-cert.pem"), cert(key),
                                password=lambda: PASSWORD)


def load_chain():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert("localhost.pem"))
    context.load_dh_params(cert("dh2048.pem"))


def load_objects():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(io.BytesIO(OWN), io.StringIO(OWN_TEXT))
    context.load_verify_locations(io.BytesIO(OWN))


def load_pkcs12():
    """Without RC2: OpenSSL 3.0 loads a provider for RC2, and crashes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for form in "aes", "3des":
        context.load_pkcs12(io.BytesIO(PKCS12[form]), lambda: PASSWORD)


def configure():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("HIGH")
    context.get_ciphers()
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.set_ecdh_curve("prime256v1")
    context.sni_callback = lambda *arguments: None
    context.keylog_filename = os.devnull
    context._msg_callback = lambda *arguments: None
    context.verify_callback = context.ocsp_callback = lambda *arguments: True
    context.ocsp_staple = RESPONSE
    context.ocsp_staple


def write_new_roots():
    handle, path = tempfile.mkstemp()
    atexit.register(os.remove, path)
    with os.fdopen(handle, "w") as stream:
        stream.write(read_cert("root.pem"))
    return path


NEW_ROOTS = write_new_roots()
RESPONSE = b"0\3\n\1\3"  # an OCSP response: try later
PEM = read_cert("root.pem")
DER = ssl.PEM_cert_to_DER_cert(PEM)
OWN_TEXT = read_cert("localhost-ec.pem")
OWN = OWN_TEXT.encode("ascii")
PKCS12 = {form: pkcs12.encrypted(form) for form in ("aes", "3des")}
CONTEXTS = client_context(), server_context(chain="localhost-ec.pem")
DEBUGGED = client_context("TLSv1.3"), server_context("TLSv1.3")
for each in DEBUGGED:
    each.keylog_filename = os.devnull
    each._msg_callback = lambda *arguments: None
DEBUGGED[1].sni_callback = lambda *arguments: None
DEBUGGED[1].set_alpn_protocols(["h2"])
CRL_CHECKED = client_context(), CONTEXTS[1]
CRL_CHECKED[0].load_verify_locations(cert("crl.pem"))
CRL_CHECKED[0].verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
READABLE = ["_msg_callback", "check_hostname", "keylog_filename",
            "minimum_version", "options", "security_level", "verify_flags",
            "verify_mode"]
COPIED = client_context(), server_context()
COPIED[0].load_verify_locations(cert("crl.pem"), cert("capath"))
COPIED[0].set_ciphersuites("TLS_AES_128_GCM_SHA256")
COPIED[0].set_groups("P-256")
COPIED[0].set_server_sigalgs("rsa_pss_rsae_sha256")
COPIED[0]._msg_callback = lambda *arguments: None
COPIED[0].keylog_filename = os.devnull
COPIED[1].load_cert_chain(cert("localhost-ec.pem"))
COPIED[1].load_dh_params(cert("dh2048.pem"))
COPIED[1].load_verify_locations(cert("root.pem"))
COPIED[1].set_ciphers("ECDHE+AES:DHE+AES:PSK")
COPIED[1].set_ecdh_curve("prime256v1")
COPIED[1].set_alpn_protocols(["h2"])
COPIED[1].set_psk_server_callback(lambda identity: b"", "hint")
WITH_KEYS = client_context(roots=None), ssl.SSLContext(
    ssl.PROTOCOL_TLS_SERVER)
WITH_KEYS[0].check_hostname = False
WITH_KEYS[0].verify_mode = ssl.CERT_NONE
WITH_KEYS[0].set_psk_client_callback(lambda hint: ("client", b"k" * 16))
WITH_KEYS[1].set_psk_server_callback(lambda identity: b"k" * 16, "hint")
JUDGED = client_context(), server_context(chain="localhost-ec.pem")
JUDGED[0].verify_callback = lambda *arguments: True
JUDGED[0].ocsp_callback = lambda *arguments: True
JUDGED[1].ocsp_staple = RESPONSE
ASKING = client_context("TLSv1.3"), server_context("TLSv1.3")
ASKING[1].load_verify_locations(cert("root.pem"))
ASKING[1].verify_mode = ssl.CERT_REQUIRED
ASKING[0].load_cert_chain(cert("client.pem"))
for each in ASKING:
    each.post_handshake_auth = True


def assert_work(client, server):
    try:
        BioPair(client, server)
    except EXPECTED as error:
        raise AssertionError("the contexts do not work: %r" % error)


def copy():
    """A copy has all settings that can be read; the originals still work.

    The copy itself may not work.  SSL_CTX_new() leaves out algorithms for
    which it has no memory, and reports no error.
    """
    try:
        copies = [context.copy() for context in COPIED]
    finally:
        end()
        assert_work(*COPIED)
    for made, original in zip(copies, COPIED):
        assert made.cert_store_stats() == original.cert_store_stats()
        for name in READABLE:
            assert getattr(made, name) == getattr(original, name), name


def connect():
    CONTEXTS[0].wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                         server_hostname="localhost")


def handshake():
    BioPair(*CONTEXTS)


def handshake_with_callbacks():
    BioPair(*DEBUGGED)


def handshake_with_crl():
    BioPair(*CRL_CHECKED)


def handshake_with_judges():
    with BioPair(*JUDGED) as pair:
        pair.client.ocsp_response()


def handshake_with_psk():
    BioPair(*WITH_KEYS)


def refuse():
    """Without memory only the hint may be incomplete or missing."""
    try:
        BioPair(client_context(), REFUSED)
    except ssl.SSLError as error:
        assert isinstance(error.hint, (str, type(None)))


REFUSED = server_context(chain="unknown.pem")


def new_ech_keys():
    """(PEM with an ECH key and its list, the list in base64)"""
    pem = ssl.generate_ech_keys("localhost").encode("ascii")
    return pem, b"".join(pem.split(b"-----")[6].split())


if ssl.HAS_ECH:
    ECH_KEYS, ECH_LIST = new_ech_keys()
    ENCRYPTED = client_context(), server_context()
    ENCRYPTED[0].ech_config_list = ECH_LIST
    ENCRYPTED[1].load_ech_keys(io.BytesIO(ECH_KEYS))
    STALE = client_context()
    STALE.ech_config_list = new_ech_keys()[1]


def configure_ech():
    server, client = server_context(), client_context()
    server.load_ech_keys(io.BytesIO(ECH_KEYS))
    server.load_ech_keys(io.BytesIO(ECH_KEYS))
    client.ech_config_list = ECH_LIST
    ssl.generate_ech_keys("localhost")


def handshake_with_ech():
    with BioPair(*ENCRYPTED) as pair:
        assert pair.server.ech_status() in ("success", "failed")


def refuse_with_ech():
    try:
        BioPair(STALE, ENCRYPTED[1])
    except ssl.SSLError as error:
        assert isinstance(error.ech_retry_configs, (bytes, type(None)))


def give_byte(sender, receiver, pair):
    sender.write(b"x")
    pair.flush()
    receiver.read(1)


def new_session():
    """A session that CONTEXTS[0] can resume; the ticket comes with data."""
    with BioPair(*CONTEXTS) as pair:
        give_byte(pair.server, pair.client, pair)
        return pair.client.session


SESSION = new_session()


def resume():
    with BioPair(*CONTEXTS, session=SESSION) as pair:
        give_byte(pair.server, pair.client, pair)
        pair.client.session


def keep_sessions():
    """Use the session cache of a context, ticket_keys, and bytes."""
    client = client_context()
    client.client_sessions = 2
    server = server_context(chain="localhost-ec.pem")
    server.ticket_keys = [b"a" * 80, b"b" * 80]
    for _ in range(3):
        with BioPair(client, server) as pair:
            give_byte(pair.server, pair.client, pair)
            client.session_from_bytes(pair.client.session.to_bytes())
        server.ticket_keys = server.ticket_keys[::-1]


def post_handshake():
    end()
    with BioPair(*ASKING) as pair:
        begin()
        pair.server.verify_client_post_handshake()
        give_byte(pair.server, pair.client, pair)
        give_byte(pair.client, pair.server, pair)


def unwrap():
    end()
    with BioPair(*CONTEXTS) as pair:
        begin()
        pair.finish(pair.client.unwrap, pair.server.unwrap)


def talk():
    """Only allocations after the handshake fail."""
    end()
    with SocketPair(*CONTEXTS) as pair:
        begin()
        for size in 10, 100000:
            pair.client.sendall(b"x" * size)
            while size:
                size -= len(pair.server.recv(100000))
        pair.client.getpeercert()
        pair.client.session


def decode():
    for name in "decode-san-kinds.pem", "decode-aia.pem":
        ssl._ssl._test_decode_cert(cert(name))


def use_bio():
    bio = ssl.MemoryBIO()
    for size in 10, 1000, 100000:
        bio.write(b"x" * size)
        bio.read(size // 2)


def lend_buffers():
    """A buffer whose allocation failed must not be used later."""
    end()
    with SocketPair(*CONTEXTS) as pair:
        begin()
        try:
            pair.client.sendall(b"x" * 100000)
        except EXPECTED:
            pass
        end()
    bios = [ssl.MemoryBIO() for _ in range(20)]
    for bio in bios:
        bio.write(b"x" * 20000)
    for bio in bios:
        bio.write(b"y" * 40000)
    for bio in bios:
        assert bio.read() == b"x" * 20000 + b"y" * 40000


range_of_failures = [1, 0]


def begin():
    fault.fault_allocations(*range_of_failures)


def end():
    return fault.fault_allocations_end()


def attempt(scenario, first, last):
    """The number of allocations, until the end or an exception."""
    range_of_failures[:] = first, last
    begin()
    try:
        scenario()
    except EXPECTED:
        pass
    finally:
        count = end()
    return count


def main(name, points):
    scenario = globals()[name]
    signal.alarm(LIMIT_SECONDS)
    for _ in range(3):
        count = attempt(scenario, 1, 0)
    assert count
    for first in range(1, count + 1, max(1, count // points)):
        attempt(scenario, first, first)
        attempt(scenario, first, FOREVER)
    range_of_failures[:] = 1, 0
    scenario()
    end()
    print("%s: %d allocations" % (name, count))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
