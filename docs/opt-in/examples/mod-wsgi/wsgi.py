import _ssl_backport
_ssl_backport.install()

import ssl
import sys
from program import application

sys.stderr.write("%s, by %s\n" % (ssl.OPENSSL_VERSION, ssl.__file__))
