# After reload(ssl), and after a new import of ssl that was removed from
# sys.modules, ssl is still the backport.
import sys
import _ssl_backport

_ssl_backport.install()
try:
    from importlib import reload
except ImportError:
    pass  # built in
import _ssl
import ssl

old_context = ssl.SSLContext
assert reload(ssl) is ssl
assert ssl.SSLContext is not old_context
assert reload(_ssl) is _ssl
assert sys.modules["_ssl"] is _ssl

# eventlet and gevent make their own copies in this way
del sys.modules["ssl"]
import ssl as copy
assert copy is not ssl
assert sys.modules["ssl"] is copy
assert copy.__name__ == "ssl"
assert copy.SSLContext is not ssl.SSLContext
assert copy.SSLError is ssl.SSLError
assert copy._ssl is _ssl

del sys.modules["_ssl"]
import _ssl as again
assert again is _ssl
assert reload(again) is _ssl
assert _ssl_backport.is_installed() is True
