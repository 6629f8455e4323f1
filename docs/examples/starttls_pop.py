"""POP3 over STARTTLS, verified, on Python 2.7 and 3.

    python starttls_pop.py HOST PORT
"""

import _ssl_backport
_ssl_backport.install()

import poplib
import ssl
import sys


def starttls(pop, host, context):
    """Start TLS, like pop.stls(context) on Python 3.  2.7 has no such
    method."""
    if hasattr(pop, "stls"):
        pop.stls(context)
        return
    pop._shortcmd("STLS")   # raises poplib.error_proto if refused
    pop.sock = context.wrap_socket(pop.sock, server_hostname=host)
    pop.file = pop.sock.makefile("rb")


host, port = sys.argv[1], int(sys.argv[2])
pop = poplib.POP3(host, port, timeout=30)
starttls(pop, host, ssl.create_default_context())
print(pop.sock.version())   # then: pop.user(...), pop.pass_(...)
print(pop.quit()[:3])
