"""A verify callback, with pyOpenSSL:  pinned_before.py HOST PORT SHA256

The program accepts only a server certificate with this fingerprint, and any
issuer.  To see one: openssl x509 -in FILE -noout -fingerprint -sha256
"""

from __future__ import print_function

import socket
import sys

from OpenSSL import SSL


def main(host, port, fingerprint):
    def verify(connection, certificate, error, depth, ok):
        return depth > 0 or (
            certificate.digest("sha256").decode("ascii") == fingerprint)

    context = SSL.Context(SSL.SSLv23_METHOD)
    context.set_verify(SSL.VERIFY_PEER, verify)
    sock = socket.create_connection((host, int(port)))
    connection = SSL.Connection(context, sock)
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except SSL.Error:
        print("refused")
    else:
        print("accepted")
    sock.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
