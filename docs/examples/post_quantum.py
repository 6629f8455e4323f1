"""Show the group that a connection uses.

    python post_quantum.py HOST PORT [GROUPS]

GROUPS is a list such as X25519MLKEM768:X25519.  Without GROUPS, OpenSSL uses
its default groups.
"""

import _ssl_backport
_ssl_backport.install()

import contextlib
import socket
import ssl
import sys

host, port = sys.argv[1], int(sys.argv[2])
context = ssl.create_default_context()
if sys.argv[3:]:
    context.set_groups(sys.argv[3])
sock = socket.create_connection((host, port), timeout=30)
tls = context.wrap_socket(sock, server_hostname=host)
with contextlib.closing(tls):
    print("%s %s" % (tls.version(), tls.group()))
