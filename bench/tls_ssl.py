"""The TLS calls of worker.py by an `ssl` module, stock or backport.

tls_pyopenssl.py has the same names for pyOpenSSL.
"""

import collections
import ssl
import sys

FEATURES = [feature for feature, name in (
    ("MemoryBIO", "MemoryBIO"), ("sessions", "SSLSession"))
    if hasattr(ssl, name)]

INSTALL = ""
if "_ssl_backport" in sys.modules:
    INSTALL = "import _ssl_backport; _ssl_backport.install(); "
IMPORT = INSTALL + "import ssl"
IMPORT_REQUESTS = INSTALL + "import requests"

# One end of a connection over memory.
End = collections.namedtuple("End", (
    "tls do_handshake read write feed drain WantRead"))

default_context = ssl.create_default_context

# All contestants offer the same cipher suites.
OPTIONS = ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1 | ssl.OP_NO_TLSv1_2
CIPHERS = "ECDHE+AESGCM"


def new_context():
    # the stock ssl of 2.7 has PROTOCOL_TLS only, which verifies nothing
    return ssl.SSLContext(getattr(ssl, "PROTOCOL_TLS_CLIENT",
                                  ssl.PROTOCOL_SSLv23))


def client_context(roots):
    context = new_context()
    context.options |= OPTIONS
    context.set_ciphers(CIPHERS)
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.load_verify_locations(roots)
    return context


def server_context(chain):
    context = ssl.SSLContext(getattr(ssl, "PROTOCOL_TLS_SERVER",
                                     ssl.PROTOCOL_SSLv23))
    context.load_cert_chain(chain)
    return context


def connect(context, sock, session=None):
    """Do the handshake over a connected socket; returns the connection."""
    if session is None:
        return context.wrap_socket(sock, server_hostname="localhost")
    return context.wrap_socket(sock, server_hostname="localhost",
                               session=session)


def hang_up(sock):
    sock.close()


def session_of(sock):
    return sock.session


def is_resumed(sock):
    return sock.session_reused


def end(context, server_side):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(
        incoming, outgoing, server_side,
        None if server_side else "localhost")
    return End(tls, tls.do_handshake, tls.read, tls.write, incoming.write,
               outgoing.read, ssl.SSLWantReadError)
