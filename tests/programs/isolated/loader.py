# Modules that use loaders (runpy, pkgutil) work with the backport's loader.
import pkgutil
import runpy

import _ssl_backport
_ssl_backport.install()
import ssl

namespace = runpy.run_module("ssl")
assert namespace["SSLContext"] is not ssl.SSLContext
assert namespace["_ssl"] is ssl._ssl
loader = getattr(ssl, "__loader__", None) or pkgutil.get_loader("ssl")
assert "class SSLContext" in loader.get_source("ssl")
assert loader.is_package("ssl") is False
