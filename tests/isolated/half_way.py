# A failure half way, in ssl.py itself, leaves everything as it was.
import sys
import _ssl_backport
import __future__  # which the package needs, and so brings along

sys.modules["_ssl_backport._trust"] = None  # "cannot be imported"
meta_path = list(sys.meta_path)
modules = dict(sys.modules)
try:
    _ssl_backport.install()
except ImportError:
    pass
else:
    sys.exit("install() worked without a module that it needs")
assert _ssl_backport.is_installed() is False
assert sys.meta_path == meta_path
assert sys.modules == modules

del sys.modules["_ssl_backport._trust"]
_ssl_backport.install()
import ssl
assert ssl._ssl.__name__ == "__ssl_backport"
