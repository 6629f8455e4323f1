"""A client, with ssl:  client_after.py HOST PORT CAFILE"""

from __future__ import print_function

import _ssl_backport
_ssl_backport.install()

import socket
import ssl
import sys


def main(host, port, cafile):
    context = ssl.create_default_context(cafile=cafile)

    sock = socket.create_connection((host, int(port)), timeout=30)
    connection = context.wrap_socket(sock, server_hostname=host)
    # ssl has verified the chain and the name in the certificate.

    connection.sendall(b"hello")
    print(connection.version())
    print(connection.recv(100).decode("ascii"))
    connection.unwrap().close()


if __name__ == "__main__":
    main(*sys.argv[1:])
