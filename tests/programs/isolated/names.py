# Modules, classes and their names after install().
import sys
import _ssl_backport

assert _ssl_backport.install() is None
assert _ssl_backport.is_installed() is True
import _ssl
import ssl
import __ssl_backport

assert sys.modules["ssl"] is ssl
assert sys.modules["_ssl"] is _ssl is __ssl_backport is ssl._ssl
assert ssl.__name__ == "ssl"
assert _ssl.__name__ == "__ssl_backport"
assert "_ssl_backport.ssl" not in sys.modules
for name in ("SSLContext", "SSLSocket", "SSLObject", "SSLError",
             "SSLCertVerificationError", "Options", "VerifyMode", "Purpose",
             "_ASN1Object", "DefaultVerifyPaths", "TLSVersion"):
    assert getattr(ssl, name).__module__ == "ssl", name
for name in ("MemoryBIO", "SSLSession"):
    assert getattr(ssl, name).__module__ == "_ssl", name

import socket
assert issubclass(ssl.SSLSocket, socket.socket)
assert issubclass(ssl.SSLError, socket.error)
if hasattr(socket, "sslerror"):
    assert socket.sslerror is ssl.SSLError
