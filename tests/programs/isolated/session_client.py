"""python session_client.py VERSION PORT: a client in a process of its own.

Reads the bytes of a session from its standard input, connects to a
ticket_server.py with this session, and writes the server's answer.
"""

import os
import sys

import _ssl_backport

_ssl_backport.install()
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))

import socket  # noqa: E402

from helpers import TIMEOUT, client_context  # noqa: E402


def main(version, port):
    source = getattr(sys.stdin, "buffer", sys.stdin)
    # the number of contexts in the process must make no difference
    context = [client_context(version) for _ in range(3)][-1]
    session = context.session_from_bytes(source.read())
    plain = socket.create_connection(("127.0.0.1", int(port)), TIMEOUT)
    sock = context.wrap_socket(plain, server_hostname="localhost",
                               session=session)
    sys.stdout.write(sock.read(100).decode("ascii"))
    sock.close()


main(*sys.argv[1:])
