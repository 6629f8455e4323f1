"""TLS without a socket, with ssl:  memory_after.py CAFILE PEM

The bytes of both ends go through memory.
"""

from __future__ import print_function

import _ssl_backport
_ssl_backport.install()

import ssl
import sys


def main(cafile, path):
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()

    client_context = ssl.create_default_context(cafile=cafile)
    client = client_context.wrap_bio(
        to_client, to_server, server_hostname="localhost")

    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(path)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)

    waiting = [client, server]
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
            else:
                waiting.remove(end)

    client.write(b"hello")
    print(server.read(100).decode("ascii"))


if __name__ == "__main__":
    main(*sys.argv[1:])
