# The search for those who hold the standard ssl wakes up no odd object.
import sys
import types
import ssl


class Lazy(types.ModuleType):
    def __getattribute__(self, name):
        raise RuntimeError("the lazy module was woken up by " + name)


class Stone(object):
    __slots__ = ()

    def __getattr__(self, name):
        raise RuntimeError("the stone was asked for " + name)

    def __eq__(self, other):
        raise RuntimeError("the stone was compared")

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
    sys.exit("install() did not notice")
