"""A client, with pyOpenSSL:  client_before.py HOST PORT CAFILE"""

from __future__ import print_function

import socket
import sys

from OpenSSL import SSL


def verify(connection, certificate, error, depth, ok):
    return bool(ok)


def main(host, port, cafile):
    context = SSL.Context(SSL.SSLv23_METHOD)
    context.set_options(SSL.OP_NO_SSLv3 | SSL.OP_NO_TLSv1 | SSL.OP_NO_TLSv1_1)
    context.load_verify_locations(cafile)
    context.set_verify(SSL.VERIFY_PEER, verify)

    sock = socket.create_connection((host, int(port)))
    connection = SSL.Connection(context, sock)
    connection.set_tlsext_host_name(host.encode("ascii"))
    connection.set_connect_state()
    connection.do_handshake()
    # pyOpenSSL does not verify the name in the certificate: it accepts
    # every certificate from this CA.

    connection.sendall(b"hello")
    print(connection.get_protocol_version_name())
    print(connection.recv(100).decode("ascii"))
    connection.shutdown()
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
