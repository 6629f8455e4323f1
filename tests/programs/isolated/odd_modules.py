# The search for modules that use the standard ssl must not run code of unusual
# objects.
import sys
import types
import ssl


class Lazy(types.ModuleType):
    def __getattribute__(self, name):
        raise RuntimeError("the search read lazy." + name)


class Stone(object):
    __slots__ = ()

    def __getattr__(self, name):
        raise RuntimeError("the search read stone." + name)

    def __eq__(self, other):
        raise RuntimeError("the search compared the stone")

    __hash__ = None


sys.modules["lazy"] = Lazy("lazy")
sys.modules["stone"] = Stone()
sys.modules["nothing"] = None
sys.modules["text"] = "text"
holder = types.ModuleType("holder")
holder.stone = Stone()
holder.ssl = ssl
sys.modules["holder"] = holder

import _ssl_backport

try:
    _ssl_backport.install()
except ImportError as error:
    assert "holder" in str(error), error
else:
    sys.exit("install() raised no error")
