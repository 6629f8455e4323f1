"""Proves that the backport works in one process with other OpenSSLs.

    python ci/check/coexistence.py before|after VERSION CERTS

It takes some seconds.  The other modules with an OpenSSL are the stock ssl,
hashlib, cryptography and psycopg2.  The script loads and uses them before the
backport, or after it, and then uses all of them again.  Each must keep its own
OpenSSL.  VERSION is the backport's OpenSSL, CERTS is the folder tests/certs.
make check-wheels runs this with each wheel.
"""

from __future__ import print_function

import sys

if sys.argv[1] == "after":
    # first, since on 2.7 the import of socket below loads the stock ssl
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
        (b"K", struct.pack("!ii", 1, 1)),           # key for cancelling
        (b"Z", b"I")])                              # ready, idle


# TLS between two ssl modules, which may be the same

def cert(name):
    return os.path.join(CERTS, name)


@contextlib.contextmanager
def serving(module, handler):
    """Start a TLS server for one connection, and yield its address.

    module: the ssl module of the server.
    handler(sock, wrap): gets the plain socket, and a function that returns
    the TLS socket.
    """
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
    """Make a verified connection between two ssl modules, and prove that it
    transfers data."""
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


# Each function uses a module, and returns the version of its OpenSSL.
# stock: the stock ssl module.  server: the ssl module of the server.

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
    """The handler of a PostgreSQL server that accepts a login over TLS."""
    sock.recv(8)                                    # SSLRequest
    sock.sendall(b"S")
    tls = wrap()
    tls.recv(65536)                                 # StartupMessage
    tls.sendall(REPLY)
    tls.recv(65536)                                 # Terminate
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
    """Import this Python's own ssl module, and remove it from sys.modules."""
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
    """Import the backport's ssl module, although the stock one is loaded.

    install() only refuses if sys.modules contains the stock ssl.
    """
    import _ssl_backport
    if not _ssl_backport.is_installed():
        hide()
        _ssl_backport.install()
    import ssl
    return ssl


def hide():
    """Remove ssl and _ssl from sys.modules.  Returns {name: module}."""
    return {name: sys.modules.pop(name) for name in ("ssl", "_ssl")
            if name in sys.modules}


def use_backport(ours, version):
    talk(ours, ours)
    assert ours.OPENSSL_VERSION.split()[1] == version, ours.OPENSSL_VERSION
    try:
        shown = version_behind(ours._ssl.__file__)
    except AttributeError:
        return ours.OPENSSL_VERSION
    raise AssertionError("the backport exports symbols of %s" % shown)


def use_others(stock, server):
    """Use all other modules.  Returns the versions of their OpenSSLs."""
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
    print("loaded %s the backport, with these OpenSSLs:" % order)
    for (name, _), text in zip(OTHERS, again):
        print("    %-14s %s" % (name, text))
    print("    %-14s %s" % ("backport", use_backport(ours, version)))


if __name__ == "__main__":
    main()
