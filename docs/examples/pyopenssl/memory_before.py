"""TLS without a socket, with pyOpenSSL:  memory_before.py CAFILE PEM

The bytes of both ends go through memory.
"""

from __future__ import print_function

import sys

from OpenSSL import SSL


def carry(source, target):
    """Moves the TLS records of one end to the other."""
    try:
        target.bio_write(source.bio_read(65536))
    except SSL.WantReadError:
        pass    # the source has no records to send


def main(cafile, path):
    client_context = SSL.Context(SSL.SSLv23_METHOD)
    client_context.load_verify_locations(cafile)
    client_context.set_verify(SSL.VERIFY_PEER)
    client = SSL.Connection(client_context, None)
    client.set_tlsext_host_name(b"localhost")
    client.set_connect_state()

    server_context = SSL.Context(SSL.SSLv23_METHOD)
    server_context.use_certificate_chain_file(path)
    server_context.use_privatekey_file(path)
    server = SSL.Connection(server_context, None)
    server.set_accept_state()

    waiting = [client, server]
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
            except SSL.WantReadError:
                pass
            else:
                waiting.remove(end)
        carry(client, server)
        carry(server, client)

    client.send(b"hello")
    carry(client, server)
    print(server.recv(100).decode("ascii"))


if __name__ == "__main__":
    main(*sys.argv[1:])
