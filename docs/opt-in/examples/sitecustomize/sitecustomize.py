import sys

try:
    import _ssl_backport
    _ssl_backport.install()
except ImportError as error:
    sys.stderr.write("sitecustomize: %s\n" % error)
