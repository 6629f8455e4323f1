"""trollius, asyncio for Python 2.7: an HTTPS client.

    python trollius_client.py HOST PORT
"""

import _ssl_backport
_ssl_backport.install()

import ssl
import sys

import trollius
from trollius import From, Return


@trollius.coroutine
def fetch(host, port):
    reader, writer = yield From(trollius.open_connection(
        host, port, server_hostname=host,
        ssl=ssl.create_default_context()))
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    lines = []
    while True:
        line = yield From(reader.readline())
        if not line:
            break
        lines.append(line.decode("latin-1"))
    writer.close()
    raise Return("".join(lines))


print(trollius.get_event_loop().run_until_complete(trollius.wait_for(
    fetch(sys.argv[1], int(sys.argv[2])), 30)))
