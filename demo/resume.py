"""Connect twice, the second time with the session of the first.

    python demo/resume.py PORT CAFILE
"""

import socket
import ssl
import sys


def connect(context, port, session=None):
    return context.wrap_socket(
        socket.create_connection(("localhost", port), timeout=30),
        server_hostname="localhost", session=session)


def get_session(connection):
    """Read the page, and return the session.  In TLS 1.3 the server sends
    sessions after the handshake."""
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    while connection.recv(65536):
        pass
    session = connection.session
    connection.close()
    return session


def main(port, cafile):
    if not hasattr(ssl, "SSLSession"):
        return "no SSLSession"
    context = ssl.create_default_context(cafile=cafile)
    session = get_session(connect(context, int(port)))
    second = connect(context, int(port), session)
    return "%s, %s" % (second.version(),
                       "resumed" if second.session_reused else "not resumed")


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
