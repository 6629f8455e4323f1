"""python allocations.py SCENARIO POINTS, with fault.c preloaded.

Lets the first allocation of a scenario fail, then the second, ...: at most
POINTS of them, evenly spread.  Each time, once alone and once with all that
follow, the scenario must succeed or raise one of the exceptions that tell of
it; with memory again it must work.
"""

import ctypes
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir))
import ssl  # noqa: E402

from helpers import (LONG, BioPair, SocketPair, cert, client_context,
                     server_context)  # noqa: E402

LIMIT_SECONDS = 2000 if LONG else 100
FOREVER = 2 ** 40
# of some names OpenSSL says only that it did not take them: ValueError
EXPECTED = (ssl.SSLError, MemoryError, EnvironmentError, ValueError)
fault = ctypes.PyDLL(None)
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


def load_chain():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert("localhost.pem"))
    context.load_dh_params(cert("dh2048.pem"))


def configure():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("HIGH")
    context.get_ciphers()
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.set_ecdh_curve("prime256v1")
    context.sni_callback = lambda *arguments: None
    context.keylog_filename = os.devnull
    context._msg_callback = lambda *arguments: None


CONTEXTS = client_context(), server_context(chain="localhost-ec.pem")
DEBUGGED = client_context("TLSv1.3"), server_context("TLSv1.3")
for each in DEBUGGED:
    each.keylog_filename = os.devnull
    each._msg_callback = lambda *arguments: None
DEBUGGED[1].sni_callback = lambda *arguments: None
DEBUGGED[1].set_alpn_protocols(["h2"])


def connect():
    CONTEXTS[0].wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                         server_hostname="localhost")


def handshake():
    BioPair(*CONTEXTS)


def handshake_with_callbacks():
    BioPair(*DEBUGGED)


def talk():
    """Only what comes after the handshake fails."""
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
    """A buffer that was not to be had is not lent to the next one."""
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
    """How many allocations it made, up to the end or an exception."""
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
