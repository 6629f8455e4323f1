"""IMAP over STARTTLS, verified, on Python 2.7 and 3.

    python starttls_imap.py HOST PORT
"""

import _ssl_backport
_ssl_backport.install()

import imaplib
import ssl
import sys


def starttls(imap, host, context):
    """Start TLS, like imap.starttls(context) on Python 3.  2.7 has no such
    method."""
    if hasattr(imap, "starttls"):
        imap.starttls(context)
        return
    status, reply = imap.xatom("STARTTLS")
    if status != "OK":
        raise imap.error(reply[-1])
    imap.sock = context.wrap_socket(imap.sock, server_hostname=host)
    imap.file = imap.sock.makefile("rb")
    imap.capabilities = tuple(imap.capability()[1][-1].upper().split())


host, port = sys.argv[1], int(sys.argv[2])
imap = imaplib.IMAP4(host, port)
imap.sock.settimeout(30)    # 2.7's IMAP4() has no timeout
starttls(imap, host, ssl.create_default_context())
print(imap.sock.version())
print(imap.noop()[0])   # then: imap.login(...), imap.select(...)
imap.logout()
