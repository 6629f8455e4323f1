# The socket.py of CPython 2.7.9 and older, imitated here, imports RAND_egd
# from _ssl.
import imp
import os
import sys
import _ssl_backport


class Finder(object):
    """A finder for a socket.py that imports RAND_egd."""

    def find_module(self, name, path=None):
        return self if name == "socket" else None

    def load_module(self, name):
        sys.meta_path.remove(self)
        from _ssl import RAND_egd
        module = imp.load_module(name, *imp.find_module(name))
        module.RAND_egd = RAND_egd
        return module


sys.modules.pop("socket", None)
sys.meta_path.insert(0, Finder())
_ssl_backport.install()
import socket
import ssl

try:
    socket.RAND_egd(os.path.join(os.sep, "no", "daemon"))
except ssl.SSLError:
    pass
else:
    sys.exit("RAND_egd() found a daemon")
try:
    socket.RAND_egd(1)
except TypeError:
    pass
else:
    sys.exit("RAND_egd() accepted a number")
