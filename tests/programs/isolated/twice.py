# A second install() does nothing.
import sys
import _ssl_backport

_ssl_backport.install()
meta_path = list(sys.meta_path)
modules = dict(sys.modules)
_ssl_backport.install()
assert sys.meta_path == meta_path
assert sys.modules == modules
