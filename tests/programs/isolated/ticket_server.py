"""python ticket_server.py VERSION CERT_MODE CONTEXTS: a server in a process of
its own.

Reads ticket_keys from its standard input, 80 bytes each, and writes its port.
It sends each client "1" if the session was resumed or "0" if not, and the
serial number of the client's certificate.  It ends when a handshake fails.
CONTEXTS is the number of contexts that it makes before its own.
"""

import os
import sys

import _ssl_backport

_ssl_backport.install()
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))

import ssl  # noqa: E402

from helpers import (TIMEOUT, cert, client_context, listening,  # noqa: E402
                     server_context)


def main(version, mode, contexts):
    source = getattr(sys.stdin, "buffer", sys.stdin)
    keys = source.read()
    others = [client_context() for _ in range(int(contexts))]
    context = server_context(version)
    context.load_verify_locations(cert("root.pem"))
    context.verify_mode = int(mode)
    context.ticket_keys = [keys[start:start + 80]
                           for start in range(0, len(keys), 80)]
    with listening() as listener:
        print(listener.getsockname()[1])
        sys.stdout.flush()
        while True:
            plain = listener.accept()[0]
            plain.settimeout(TIMEOUT)
            try:
                sock = context.wrap_socket(plain, server_side=True)
            except (ssl.SSLError, EnvironmentError):
                break
            certificate = sock.getpeercert() or {"serialNumber": "none"}
            sock.write(("%d %s" % (
                sock.session_reused,
                certificate["serialNumber"])).encode("ascii"))
            sock.close()
    return others


main(*sys.argv[1:])
