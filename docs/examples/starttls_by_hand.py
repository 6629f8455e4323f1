"""STARTTLS in a protocol without a library, as in PostgreSQL's protocol.

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
if sock.recv(1) != b"S":    # only one byte: TLS comes next
    sys.exit("The server has no TLS.")
context = ssl.create_default_context()
tls = context.wrap_socket(sock, server_hostname=host)
with contextlib.closing(tls):
    print(tls.version())    # the protocol continues here, over tls
