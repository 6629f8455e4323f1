"""urllib3 with a context that the program makes.

    python urllib3_context.py URL [CLIENT_CERTIFICATE.pem]
"""

import _ssl_backport
_ssl_backport.install()

import ssl
import sys

import urllib3

context = ssl.create_default_context()
if sys.argv[2:]:
    context.load_cert_chain(sys.argv[2])
pool = urllib3.PoolManager(ssl_context=context, timeout=30)
print(pool.request("GET", sys.argv[1]).data.decode("utf-8"))
