"""The TLS calls of worker.py by pyOpenSSL; tls_ssl.py has the same names."""

import collections

from OpenSSL import SSL

FEATURES = ["MemoryBIO", "sessions"]

IMPORT = "from OpenSSL import SSL"
IMPORT_REQUESTS = (
    "import urllib3.contrib.pyopenssl as urllib3_pyopenssl; "
    "urllib3_pyopenssl.inject_into_urllib3(); import requests")

# One end of a connection over memory.
End = collections.namedtuple("End", (
    "tls do_handshake read write feed drain WantRead"))

# All contestants offer the same cipher suites.
OPTIONS = SSL.OP_NO_TLSv1 | SSL.OP_NO_TLSv1_1 | SSL.OP_NO_TLSv1_2
CIPHERS = b"ECDHE+AESGCM"

# The most that one bio_read() may return.
MOST = 1 << 20


def new_context():
    return SSL.Context(SSL.SSLv23_METHOD)


def default_context():
    context = new_context()
    context.set_default_verify_paths()
    context.set_verify(SSL.VERIFY_PEER)
    return context


def client_context(roots):
    context = new_context()
    context.set_options(OPTIONS)
    context.set_cipher_list(CIPHERS)
    context.load_verify_locations(roots)
    context.set_verify(SSL.VERIFY_PEER)
    return context


def server_context(chain):
    context = new_context()
    context.use_certificate_chain_file(chain)
    context.use_privatekey_file(chain)
    return context


def new_client(context, sock):
    connection = SSL.Connection(context, sock)
    connection.set_tlsext_host_name(b"localhost")
    connection.set_connect_state()
    return connection


def connect(context, sock, session=None):
    """Do the handshake over a connected socket; returns the connection."""
    connection = new_client(context, sock)
    if session is not None:
        connection.set_session(session)
    connection.do_handshake()
    return connection


def hang_up(connection):
    # without it, the end of the connection makes its session invalid
    connection.set_shutdown(SSL.SENT_SHUTDOWN)
    connection.close()


def session_of(connection):
    return connection.get_session()


def is_resumed(connection):
    return bool(SSL._lib.SSL_session_reused(connection._ssl))


def end(context, server_side):
    if server_side:
        connection = SSL.Connection(context, None)
        connection.set_accept_state()
    else:
        connection = new_client(context, None)

    def drain():
        try:
            return connection.bio_read(MOST)
        except SSL.WantReadError:
            return b""

    # write() would write one record only
    return End(connection, connection.do_handshake, connection.read,
               connection.sendall, connection.bio_write, drain,
               SSL.WantReadError)
