# Python 3: another thread imports the standard ssl during install().  The
# error of install() must say that the call came too late, and the other
# thread's ssl must be complete.
# argv is "before" if the other thread imports ssl while install() loads the
# extension module.  argv is "meanwhile" if the other thread has found the
# standard ssl, but executes it only after install() has added its finder.
import sys
import threading
from importlib.machinery import PathFinder
import _ssl_backport

found = []


def import_ssl():
    import ssl
    found.append(ssl)


class Loader(object):
    """A loader that first calls a function, and then another loader."""

    def __init__(self, loader, wait):
        self.loader = loader
        self.wait = wait

    def create_module(self, spec):
        self.wait()
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)


class Finder(object):
    """A finder for one module, whose loader waits."""

    def __init__(self, name, wait):
        self.name = name
        self.wait = wait

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        spec = PathFinder.find_spec(name)
        spec.loader = Loader(spec.loader, self.wait)
        return spec


def import_all():
    other.start()
    other.join(30)


def await_finder():
    begun.set()
    for _ in range(3000):
        if sys.meta_path[0] is not finder:
            return
        pause.wait(0.01)


begun, pause = threading.Event(), threading.Event()
other = threading.Thread(target=import_ssl)
if sys.argv[1] == "before":
    finder = Finder("__ssl_backport", import_all)
    sys.meta_path.insert(0, finder)
else:
    finder = Finder("ssl", await_finder)
    sys.meta_path.insert(0, finder)
    other.start()
    begun.wait(30)
try:
    _ssl_backport.install()
except ImportError as error:
    assert "too late" in str(error), error
else:
    sys.exit("install() raised no error")
other.join(30)
assert _ssl_backport.is_installed() is False
assert sys.meta_path[0] is finder
ssl, = found
assert sys.modules["ssl"] is ssl
assert sys.modules["_ssl"] is ssl._ssl
assert ssl._ssl.__name__ == "_ssl"
assert ssl.SSLContext.__bases__ == (ssl._ssl._SSLContext,)
assert "__ssl_backport" not in sys.modules
