# Importing the package imports no other module and changes nothing.
import sys

meta_path = list(sys.meta_path)
before = set(sys.modules)
import _ssl_backport

# 2.7 stores None for names that are not in the package
new = set(name for name in set(sys.modules) - before if sys.modules[name])
assert new == set(["_ssl_backport"]), new
assert sys.meta_path == meta_path
assert _ssl_backport.is_installed() is False
assert set(sys.modules) - before - new <= set(["_ssl_backport.sys"])
