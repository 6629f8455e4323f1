import _ssl_backport
_ssl_backport.install()

import ssl
from program import application

print("%s, by %s" % (ssl.OPENSSL_VERSION, ssl.__file__))
