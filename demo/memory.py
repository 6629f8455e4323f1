"""A TLS connection without a socket: both ends in memory.

    python demo/memory.py CERTIFICATE CAFILE
"""

import ssl
import sys


def make_ends(certificate, cafile):
    """Make a client and a server that are connected by two buffers."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate)
    client_context = ssl.create_default_context(cafile=cafile)
    client = client_context.wrap_bio(to_client, to_server,
                                     server_hostname="localhost")
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    return client, server


def shake_hands(client, server):
    waiting = [client, server]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)  # the other end has to go on first


def main(certificate, cafile):
    if not hasattr(ssl, "MemoryBIO"):
        return "no MemoryBIO"
    client, server = make_ends(certificate, cafile)
    shake_hands(client, server)
    client.write(b"hello")
    return "%s, %s" % (client.version(), server.read(5).decode("ascii"))


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
