# Without the extension install() fails and leaves everything as it was; when
# the extension is there again, install() works.
import sys
import _ssl_backport
import __future__  # which the package needs, and so brings along

sys.modules["__ssl_backport"] = None  # "cannot be imported"
meta_path = list(sys.meta_path)
modules = dict(sys.modules)
try:
    _ssl_backport.install()
except ImportError as error:
    assert "__ssl_backport" in str(error), error
else:
    sys.exit("install() worked without the extension")
assert _ssl_backport.is_installed() is False
assert sys.meta_path == meta_path
assert sys.modules == modules

del sys.modules["__ssl_backport"]
_ssl_backport.install()
import ssl
assert ssl._ssl.__name__ == "__ssl_backport"
