# install() after the module in argv was imported: it raises an error with the
# reason, and changes nothing.
import sys
import types

early = __import__(sys.argv[1])
stranger = types.ModuleType("stranger")
stranger.favourite = early.SSLError
sys.modules["stranger"] = stranger
namesake = types.ModuleType("namesake")
namesake.secure = early
sys.modules["namesake"] = namesake
bystander = types.ModuleType("bystander")
bystander.number = early.CERT_REQUIRED
bystander.text = early.OPENSSL_VERSION
sys.modules["bystander"] = bystander

import _ssl_backport

meta_path = list(sys.meta_path)
modules = dict(sys.modules)
try:
    _ssl_backport.install()
except ImportError as error:
    message = str(error)
else:
    sys.exit("install() raised no error")
assert "stranger" in message and "namesake" in message, message
assert "bystander" not in message, message
assert "install()" in message and "-m _ssl_backport" in message, message
assert _ssl_backport.is_installed() is False
assert sys.meta_path == meta_path
assert all(sys.modules[name] is modules[name] for name in modules)
added = set(name for name in set(sys.modules) - set(modules)
            if sys.modules[name])
assert added <= set(["__future__"]), added
import ssl
assert not hasattr(ssl, "__ssl_backport")
assert ssl._ssl.__name__ == "_ssl"
