"""HTTPS with the standard library and a context that the program makes.

    python urllib2_context.py URL [CLIENT_CERTIFICATE.pem]
"""

import _ssl_backport
_ssl_backport.install()

import contextlib
import ssl
import sys

try:
    from urllib2 import HTTPSHandler, build_opener
except ImportError:     # Python 3
    from urllib.request import HTTPSHandler, build_opener

context = ssl.create_default_context()
if sys.argv[2:]:
    context.load_cert_chain(sys.argv[2])
opener = build_opener(HTTPSHandler(context=context))
with contextlib.closing(opener.open(sys.argv[1], timeout=30)) as response:
    print(response.read().decode("utf-8"))
