import sys

try:
    import _ssl_backport
    _ssl_backport.install()
except ImportError as error:
    sys.exit("use_backport: %s" % error)
