"""STARTTLS with a MemoryBIO, as in PostgreSQL's protocol.

    python starttls_memorybio.py HOST PORT
"""

import _ssl_backport
_ssl_backport.install()

import contextlib
import socket
import ssl
import struct
import sys

import tls_stream

SSL_REQUEST = struct.pack("!II", 8, 80877103)

host, port = sys.argv[1], int(sys.argv[2])
sock = socket.create_connection((host, port), timeout=30)
with contextlib.closing(sock):
    sock.sendall(SSL_REQUEST)
    if sock.recv(1) != b"S":    # only one byte: TLS comes next
        sys.exit("The server has no TLS.")
    stream = tls_stream.Stream(sock, ssl.create_default_context(), host)
    print(stream.tls.version())     # the protocol continues here, over stream
    stream.close()
