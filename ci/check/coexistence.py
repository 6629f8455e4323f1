"""Proves that the backport and others that bring an OpenSSL share a process.

    python ci/check/coexistence.py before|after VERSION CERTS

The others are loaded and used before the backport, or after it; then all
work once more.  VERSION is the OpenSSL that the backport shall report, CERTS
the folder of the tests' certificates.  Runs in every Python of a wheel.
"""

from __future__ import print_function

import sys

if sys.argv[1] == "after":
    # on 2.7 the next imports, of socket, load the standard one
    import _ssl_backport
    _ssl_backport.install()

import contextlib
import ctypes
import hashlib
import os
import socket
import struct
import threading

CERTS = os.path.abspath(sys.argv[3])
TIMEOUT = 30
MESSAGE = b"across the process " * 1000
SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

REPLY = b"".join(
    kind + struct.pack("!i", len(body) + 4) + body for kind, body in [
        (b"R", struct.pack("!i", 0)),               # authenticated
        (b"S", b"client_encoding\0UTF8\0"),
        (b"S", b"DateStyle\0ISO, MDY\0"),
        (b"S", b"server_version\00013.0\0"),
        (b"K", struct.pack("!ii", 1, 1)),           # key to cancel with
        (b"Z", b"I")])                              # idle


# TLS between two ssl modules, which may be the same

def cert(name):
    return os.path.join(CERTS, name)


@contextlib.contextmanager
def serving(module, handler):
    """A TLS server of one connection, by this ssl module; gives its
    address. handler(sock, wrap) has the plain socket and what wraps it."""
    context = module.SSLContext(module.PROTOCOL_TLS)
    context.load_cert_chain(cert("localhost.pem"))
    listener = socket.socket()
    listener.settimeout(TIMEOUT)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)

    def serve():
        sock = listener.accept()[0]
        sock.settimeout(TIMEOUT)
        handler(sock, lambda: context.wrap_socket(sock, server_side=True))

    thread = threading.Thread(target=serve)
    thread.daemon = True
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        thread.join(TIMEOUT)
        listener.close()


def echo(sock, wrap):
    tls = wrap()
    data = b""
    while len(data) < len(MESSAGE):
        data += tls.recv(65536)
    tls.sendall(data)
    tls.close()


def talk(client, server):
    """A connection between two ssl modules, verified."""
    context = client.create_default_context(cafile=cert("root.pem"))
    with serving(server, echo) as address:
        sock = socket.create_connection(address, TIMEOUT)
        tls = context.wrap_socket(sock, server_hostname="localhost")
        tls.sendall(MESSAGE)
        data = b""
        while len(data) < len(MESSAGE):
            piece = tls.recv(65536)
            assert piece, "the connection ended early"
            data += piece
        tls.close()
    assert data == MESSAGE


# The others: each does its work and tells its OpenSSL

def version_behind(path):
    """The version of the OpenSSL that a shared library is linked with."""
    function = ctypes.CDLL(path).OpenSSL_version
    function.restype = ctypes.c_char_p
    return function(0).decode("ascii")


def use_stock(stock, server):
    talk(stock, stock)
    talk(stock, server)
    talk(server, stock)
    assert version_behind(stock._ssl.__file__) == stock.OPENSSL_VERSION
    return stock.OPENSSL_VERSION


def use_hashlib(stock, server):
    try:
        import _hashlib
    except ImportError:
        return "none: this Python has no _hashlib"
    assert _hashlib.openssl_sha256(b"abc").hexdigest() == SHA256
    assert hashlib.sha256(b"abc").hexdigest() == SHA256
    return version_behind(_hashlib.__file__)


def use_cryptography(stock, server):
    from cryptography import x509
    from cryptography.hazmat.backends import default_backend
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding
    backend = default_backend()
    with open(cert("localhost-key.pem"), "rb") as stream:
        key = serialization.load_pem_private_key(stream.read(), None, backend)
    with open(cert("localhost-cert.pem"), "rb") as stream:
        certificate = x509.load_pem_x509_certificate(stream.read(), backend)
    signature = key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    certificate.public_key().verify(
        signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    return backend.openssl_version_text()


def postgresql(sock, wrap):
    """As much of a PostgreSQL server as a login over TLS needs."""
    sock.recv(8)                                    # asks for TLS
    sock.sendall(b"S")
    tls = wrap()
    tls.recv(65536)                                 # user and database
    tls.sendall(REPLY)
    tls.recv(65536)                                 # the end
    tls.close()


def use_psycopg2(stock, server):
    import psycopg2
    with serving(server, postgresql) as address:
        connection = psycopg2.connect(
            host="localhost", hostaddr=address[0], port=address[1],
            user="user", dbname="db", sslmode="verify-full",
            sslrootcert=cert("root.pem"), connect_timeout=TIMEOUT)
        assert connection.info.ssl_in_use
        assert connection.info.ssl_attribute("library") == "OpenSSL"
        connection.close()
    return version_behind(psycopg2._psycopg.__file__)


OTHERS = [("stock ssl", use_stock), ("hashlib", use_hashlib),
          ("cryptography", use_cryptography), ("psycopg2", use_psycopg2)]


# Both kinds of ssl in one process

def load_stock():
    """The ssl module of this Python, not left in sys.modules."""
    ours = hide()
    finders = sys.meta_path[:]
    sys.meta_path[:] = [finder for finder in finders if
                        type(finder).__module__ != "_ssl_backport._install"]
    import ssl
    sys.meta_path[:] = finders
    hide()
    sys.modules.update(ours)
    return ssl


def load_backport():
    """The backport's ssl module, although the standard one is loaded: the
    refusal to come too late is about sys.modules."""
    import _ssl_backport
    if not _ssl_backport.is_installed():
        hide()
        _ssl_backport.install()
    import ssl
    return ssl


def hide():
    """Take both names of ssl out of sys.modules; {name: module}."""
    return {name: sys.modules.pop(name) for name in ("ssl", "_ssl")
            if name in sys.modules}


def use_backport(ours, version):
    talk(ours, ours)
    assert ours.OPENSSL_VERSION.split()[1] == version, ours.OPENSSL_VERSION
    try:
        shown = version_behind(ours._ssl.__file__)
    except AttributeError:
        return ours.OPENSSL_VERSION
    raise AssertionError("the symbols of %s can be seen" % shown)


def use_others(stock, server):
    """[what each tells of its OpenSSL]"""
    return [use(stock, server) for _, use in OTHERS]


def main():
    order, version = sys.argv[1:3]
    if order == "before":
        stock = load_stock()
        first = use_others(stock, stock)
        ours = load_backport()
        use_backport(ours, version)
    else:
        ours = load_backport()
        use_backport(ours, version)
        stock = load_stock()
        first = use_others(stock, stock)
    again = use_others(stock, ours)
    assert again == first, (first, again)
    print("loaded %s the backport, then all used again:" % order)
    for (name, _), text in zip(OTHERS, again):
        print("    %-14s %s" % (name, text))
    print("    %-14s %s" % ("backport", use_backport(ours, version)))


if __name__ == "__main__":
    main()
