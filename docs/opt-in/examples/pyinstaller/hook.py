import _ssl_backport
_ssl_backport.install()
