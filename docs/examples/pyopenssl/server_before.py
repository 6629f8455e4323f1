"""A server for two names, with pyOpenSSL:  server_before.py PEM OTHER_PEM

The server sends OTHER_PEM to clients that ask for other.example.test, and PEM
to all other clients.  It serves one client and exits.
"""

from __future__ import print_function

import socket
import sys

from OpenSSL import SSL


def new_context(path):
    context = SSL.Context(SSL.SSLv23_METHOD)
    context.set_options(SSL.OP_NO_SSLv3 | SSL.OP_NO_TLSv1 | SSL.OP_NO_TLSv1_1)
    context.use_certificate_chain_file(path)
    context.use_privatekey_file(path)
    return context


def main(path, other_path):
    context = new_context(path)
    other = new_context(other_path)

    def choose(connection):
        if connection.get_servername() == b"other.example.test":
            connection.set_context(other)

    context.set_tlsext_servername_callback(choose)

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    print(listener.getsockname()[1])
    sys.stdout.flush()

    sock, _ = listener.accept()
    connection = SSL.Connection(context, sock)
    connection.set_accept_state()
    connection.do_handshake()
    connection.sendall(connection.recv(100))
    connection.shutdown()
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
