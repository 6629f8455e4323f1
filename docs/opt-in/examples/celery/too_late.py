import _ssl_backport
_ssl_backport.install()

from tasks import app
