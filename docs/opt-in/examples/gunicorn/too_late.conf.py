import _ssl_backport
_ssl_backport.install()

bind = "127.0.0.1:8000"
