"""A server with one certificate for each of its host names.

    python sni_server.py PORT NAME=CHAIN.pem NAME=CHAIN.pem ...

A client that sends no name gets the first certificate.
"""

import _ssl_backport
_ssl_backport.install()

import contextlib
import socket
import ssl
import sys
import threading

TIMEOUT = 30  # seconds


def server_context(chain):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    return context


def talk(context, sock):
    with contextlib.closing(sock):
        sock.settimeout(TIMEOUT)
        try:
            tls = context.wrap_socket(sock, server_side=True)
            with contextlib.closing(tls):
                tls.sendall(b"hello\n")
        except EnvironmentError as error:   # includes ssl.SSLError
            print("a client failed: %s" % error)


def main():
    pairs = [argument.split("=", 1) for argument in sys.argv[2:]]
    contexts = {name: server_context(chain) for name, chain in pairs}
    first = contexts[pairs[0][0]]

    def choose(connection, name, context):
        """OpenSSL calls this with the name that the client requests."""
        if name is None:
            return None         # a client without SNI
        if name not in contexts:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = contexts[name]
        return None             # continue the handshake

    first.sni_callback = choose
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    listener.listen(5)
    print("port %d" % listener.getsockname()[1])
    sys.stdout.flush()
    while True:
        sock = listener.accept()[0]
        threading.Thread(target=talk, args=(first, sock)).start()


if __name__ == "__main__":
    main()
