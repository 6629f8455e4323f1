# If the extension or a module of the package cannot be imported, install()
# raises an error and changes nothing.  Only other modules that it has imported
# stay.  When the missing module is there again, install() works.
import sys
import _ssl_backport
import __future__  # the package imports it

missing = sys.argv[1]
sys.modules[missing] = None  # makes the import fail
meta_path = list(sys.meta_path)
modules = dict(sys.modules)
try:
    _ssl_backport.install()
except ImportError as error:
    assert missing.split(".")[-1] in str(error), error
else:
    sys.exit("install() worked without " + missing)
assert _ssl_backport.is_installed() is False
assert sys.meta_path == meta_path
assert all(sys.modules[name] is modules[name] for name in modules)
for name in set(sys.modules).difference(modules):
    assert "ssl" not in name, name
    for value in list(getattr(sys.modules[name], "__dict__", {}).values()):
        assert "ssl" not in str(getattr(value, "__name__", "")), (name, value)
        assert "ssl" not in str(getattr(value, "__module__", "")), (
            name, value)

del sys.modules[missing]
_ssl_backport.install()
import ssl
assert ssl._ssl.__name__ == "__ssl_backport"
