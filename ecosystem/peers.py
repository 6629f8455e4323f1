"""The addresses of the servers, for the files of libraries/; and small servers
with the same ssl as the library."""

from __future__ import absolute_import

import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
CERTS = os.path.join(os.path.dirname(FOLDER), "tests", "certs")
CA = os.path.join(CERTS, "root.pem")
OTHER_CA = os.path.join(CERTS, "unknown-root.pem")
CLIENT = os.path.join(CERTS, "client.pem")
SERVER = os.path.join(CERTS, "localhost.pem")
PORTS = json.loads(os.environ["SSLB_ECOSYSTEM_PORTS"])
TIMEOUT = 20  # seconds
# The arguments that give another Python the same ssl.
LAUNCHER = (["-m", "_ssl_backport"] if "_ssl_backport" in sys.modules else [])


def url(server, path="hello"):
    """The URL of a file on one of nginx's servers."""
    return "https://localhost:%d/%s" % (PORTS[server], path)


def is_refused(function, *errors):
    """Whether a call raises one of `errors`.  Other errors propagate."""
    try:
        function()
    except errors:
        return True
    return False


def free_port():
    with contextlib.closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def await_port(port):
    """Wait until a server listens on the port."""
    deadline = time.time() + TIMEOUT
    while True:
        with contextlib.closing(socket.socket()) as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.time() > deadline:
            raise RuntimeError("nobody listens on port %d" % port)
        time.sleep(0.05)


@contextlib.contextmanager
def folder():
    """Context manager: a temporary folder."""
    path = tempfile.mkdtemp()
    try:
        yield path
    finally:
        shutil.rmtree(path)


def receive(sock, size):
    """Receive exactly `size` bytes; EOFError if the connection ends."""
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


@contextlib.contextmanager
def serving(handler):
    """Context manager: the port of a TLS server.  It calls handler(tls) for
    each connection, in a thread."""
    import ssl
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(SERVER)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)

    def talk(sock):
        with contextlib.closing(sock):
            try:
                tls = context.wrap_socket(sock, server_side=True)
                with contextlib.closing(tls):
                    handler(tls)
            except (EnvironmentError, EOFError):
                pass  # the client has disconnected

    def serve():
        while True:
            try:
                sock = listener.accept()[0]
            except EnvironmentError:
                return
            start(talk, sock)

    start(serve)
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def start(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.daemon = True
    thread.start()
