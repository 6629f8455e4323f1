"""A server for two names, with ssl:  server_after.py PEM OTHER_PEM

The server sends OTHER_PEM to clients that ask for other.example.test, and PEM
to all other clients.  It serves one client and exits.
"""

from __future__ import print_function

import _ssl_backport
_ssl_backport.install()

import socket
import ssl
import sys


def new_context(path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def main(path, other_path):
    context = new_context(path)
    other = new_context(other_path)

    def choose(connection, name, first_context):
        if name == "other.example.test":
            connection.context = other

    context.sni_callback = choose

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    print(listener.getsockname()[1])
    sys.stdout.flush()

    sock, _ = listener.accept()
    sock.settimeout(30)
    connection = context.wrap_socket(sock, server_side=True)
    connection.sendall(connection.recv(100))
    connection.unwrap().close()


if __name__ == "__main__":
    main(*sys.argv[1:])
