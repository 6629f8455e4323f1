import urllib2

import _ssl_backport
_ssl_backport.install()
