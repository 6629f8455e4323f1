"""TLS in TLS: an HTTPS request through a proxy that itself uses TLS.

    python tls_in_tls.py PROXY PORT HOST PORT
"""

import _ssl_backport
_ssl_backport.install()

import contextlib
import socket
import ssl
import sys

import tls_stream


def connect_through(proxy, host, port):
    """Request a connection to the host from the proxy."""
    proxy.sendall(("CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n"
                   % (host, port, host, port)).encode("ascii"))
    head = b""
    while not head.endswith(b"\r\n\r\n"):   # no byte after the head
        byte = proxy.recv(1)
        if not byte:
            raise EOFError("the proxy has closed the connection")
        head += byte
    if head.split(None, 2)[1] != b"200":
        raise EnvironmentError("the proxy says %r" % head)


proxy_host, proxy_port, host, port = sys.argv[1:]
context = ssl.create_default_context()
sock = socket.create_connection((proxy_host, int(proxy_port)), timeout=30)
outer = context.wrap_socket(sock, server_hostname=proxy_host)
with contextlib.closing(outer):
    connect_through(outer, host, int(port))
    inner = tls_stream.Stream(outer, context, host)
    print("outer %s, inner %s" % (outer.version(), inner.tls.version()))
    inner.sendall(("GET / HTTP/1.0\r\nHost: %s\r\n\r\n" % host)
                  .encode("ascii"))
    answer = b""
    while True:
        data = inner.recv(65536)
        if not data:
            break
        answer += data
    inner.close()
print(answer.decode("latin-1"))
