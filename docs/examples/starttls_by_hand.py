"""TLS in the middle of a connection, by hand: what PostgreSQL's protocol does.

    python starttls_by_hand.py HOST PORT
"""

import _ssl_backport
_ssl_backport.install()

import contextlib
import socket
import ssl
import struct
import sys

SSL_REQUEST = struct.pack("!II", 8, 80877103)

host, port = sys.argv[1], int(sys.argv[2])
sock = socket.create_connection((host, port), timeout=30)
sock.sendall(SSL_REQUEST)
if sock.recv(1) != b"S":    # one byte, and no more: TLS comes next
    sys.exit("The server has no TLS.")
context = ssl.create_default_context()
tls = context.wrap_socket(sock, server_hostname=host)
with contextlib.closing(tls):
    print(tls.version())    # here: the protocol goes on, over tls
