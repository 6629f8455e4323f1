"""A program that opens a page with urllib several times, each time with a new
context.  It has no code for sessions, but install(client_sessions=...) makes
it resume them.
"""

import os
import sys

import _ssl_backport

_ssl_backport.install(client_sessions=10)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))

from helpers import TIMEOUT, cert, server_context, serving  # noqa: E402

import ssl  # noqa: E402

try:
    from urllib.request import urlopen
except ImportError:
    from urllib2 import urlopen

REUSED = []


def answer(sock):
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        request += sock.recv(1000)
    REUSED.append(sock.session_reused)
    sock.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")


def get(url):
    context = ssl.create_default_context(cafile=cert("root.pem"))
    page = urlopen(url, timeout=TIMEOUT, context=context)
    assert page.read() == b"hello"
    page.close()


for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
    server = server_context()
    server.maximum_version = version
    with serving(answer, server, 5) as address:
        for _ in range(5):
            get("https://localhost:%d/" % address[1])
assert REUSED == [False, True, True, True, True] * 2, REUSED

_ssl_backport.install(client_sessions=0)
del REUSED[:]
with serving(answer, server_context(), 2) as address:
    for _ in range(2):
        get("https://localhost:%d/" % address[1])
assert REUSED == [False, False], REUSED
_ssl_backport.install()

for wrong, error in ("1", TypeError), (-1, ValueError), (10 ** 9, ValueError):
    try:
        _ssl_backport.install(client_sessions=wrong)
    except error as raised:
        assert "client_sessions" in str(raised) or error is TypeError
    else:
        raise AssertionError(wrong)
