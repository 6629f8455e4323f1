"""An HTTPS server for the demo, which speaks only TLS 1.3.

    python3 demo/server.py CERTIFICATE...

It serves each certificate on a port of its own on localhost.  A certificate's
file also holds its key.  The server prints the ports on one line, and exits
when its standard input ends.  Each page shows the connection's TLS version.
"""

import contextlib
import socket
import ssl
import sys
import threading

PAGE = "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s"


def make_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= (ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1 |
                        ssl.OP_NO_TLSv1_2)
    context.load_cert_chain(certificate)
    return context


def listen():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    return listener


def serve(listener, context):
    while True:
        connection, _ = listener.accept()
        try:
            with contextlib.closing(context.wrap_socket(
                    connection, server_side=True)) as secured:
                answer(secured)
        except socket.error:
            pass  # a client that refuses the certificate disconnects
        finally:
            connection.close()


def answer(connection):
    """Read a request, and send the page whatever was requested."""
    if connection.recv(65536):
        text = connection.version()
        connection.sendall((PAGE % (len(text), text)).encode("ascii"))
    connection.unwrap()


def main(certificates):
    listeners = [listen() for _ in certificates]
    for listener, certificate in zip(listeners, certificates):
        thread = threading.Thread(
            target=serve, args=(listener, make_context(certificate)))
        thread.daemon = True
        thread.start()
    print(" ".join(str(listener.getsockname()[1]) for listener in listeners))
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
