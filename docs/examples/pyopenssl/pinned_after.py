"""A verify callback, with ssl:  pinned_after.py HOST PORT SHA256

The program accepts only a server certificate with this fingerprint, and any
issuer.  To see one: openssl x509 -in FILE -noout -fingerprint -sha256
"""

from __future__ import print_function

import _ssl_backport
_ssl_backport.install()

import hashlib
import socket
import ssl
import sys


def main(host, port, fingerprint):
    pinned = fingerprint.replace(":", "").lower()

    def verify(connection, certificate, error, depth, ok):
        der = ssl.PEM_cert_to_DER_cert(certificate.public_bytes())
        return depth > 0 or hashlib.sha256(der).hexdigest() == pinned

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the fingerprint identifies the server
    context.verify_callback = verify
    sock = socket.create_connection((host, int(port)), timeout=30)
    try:
        context.wrap_socket(sock).close()
    except ssl.SSLCertVerificationError:
        print("refused")
    else:
        print("accepted")
    sock.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
