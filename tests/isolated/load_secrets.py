"""Loads a key and a password that does not fit it, says so, and waits."""

import sys

import _ssl_backport
_ssl_backport.install()

import ssl  # noqa: E402

key, encrypted_key, points = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(key)
password = u"".join(
    (u"\\u%s" % point).encode("ascii").decode("unicode-escape")
    for point in points.split(","))
for given in password, lambda: password:
    try:
        context.load_cert_chain(key, encrypted_key, given)
    except ssl.SSLError:
        print("loaded")
sys.stdout.flush()
sys.stdin.read()
