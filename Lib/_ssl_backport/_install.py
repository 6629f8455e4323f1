"""The swap: what stands under the names `ssl` and `_ssl` in sys.modules.

Importing this module is the installation. So it happens once, under the
interpreter's import lock, and other threads that want it wait for its end.
A finder in sys.meta_path then serves both names, for reload() and for an
import after `del sys.modules["ssl"]`.
"""

from __future__ import absolute_import

import os
import sys

NAMES = ("ssl", "_ssl")
# what the standard ones' classes and functions are from: PyPy has a package
OWNERS = NAMES + ("_cffi_ssl",)

TOO_LATE = """\
_ssl_backport.install() came too late.
  imported already: the standard %s
  held by: %s
Call install() in the first lines of the program, before these imports,
or start the program with: python -m _ssl_backport SCRIPT"""

NO_EXTENSION = """\
_ssl_backport cannot load its extension module: %s
Install _ssl_backport anew for this Python, %s"""


class Finder(object):
    """Finds `ssl` in our package, and `_ssl` in our extension module."""

    folder = os.path.dirname(os.path.abspath(__file__))
    extension = None

    # Python 3
    def find_spec(self, name, path=None, target=None):
        if name not in NAMES:
            return None
        from importlib.machinery import ModuleSpec, PathFinder
        if name == "ssl":
            return PathFinder.find_spec(name, [self.folder])
        return ModuleSpec(name, self)

    def create_module(self, spec):
        return self.extension

    def exec_module(self, module):
        """Do nothing: the extension was initialised when it was loaded."""

    # Python 2.7
    def find_module(self, name, path=None):
        return self if name in NAMES else None

    def load_module(self, name):
        import imp
        if name == "_ssl":
            sys.modules[name] = self.extension
            return self.extension
        stream, path, description = imp.find_module(name, [self.folder])
        with stream:
            return imp.load_module(name, stream, path, description)


finder = Finder()


def swap():
    """Put the backport in place, or leave everything as it was."""
    refuse_standard()
    before = sys.modules.copy()
    try:
        for name in NAMES:
            sys.modules.pop(name, None)
        finder.extension = load_extension()
        sys.meta_path.insert(0, finder)
        sys.modules["_ssl"] = finder.extension
        __import__("ssl")
    except BaseException:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        for name in set(sys.modules).difference(before):
            del sys.modules[name]
        sys.modules.update(before)
        raise


def load_extension():
    try:
        import __ssl_backport
    except ImportError as error:
        raise ImportError(NO_EXTENSION % (error, sys.executable))
    return __ssl_backport


def refuse_standard():
    """Raise ImportError if the standard `ssl` or `_ssl` is imported."""
    standard = [sys.modules[name] for name in NAMES
                if sys.modules.get(name) is not None]
    if standard:
        names = " and ".join(module.__name__ for module in standard)
        holders = holders_of(standard) or ["sys.modules alone"]
        raise ImportError(TOO_LATE % (names, ("\n" + " " * 11).join(holders)))


def holders_of(modules):
    """Return the sorted names of the modules that refer to `modules`.

    A module refers to them when its namespace holds one of them, or a class
    or function of theirs.  Namespaces are read as they lie there, with no
    attribute access that could wake up a lazy module.
    """
    wanted = set(id(module) for module in modules)
    for module in modules:
        wanted.update(id(value) for value in vars(module).values()
                      if callable(value)
                      and str(getattr(value, "__module__", None)).split(
                          ".")[0] in OWNERS)
    module_type = type(sys)
    return sorted(
        name for name, module in list(sys.modules.items())
        if name not in NAMES and issubclass(type(module), module_type)
        and not wanted.isdisjoint(
            id(value) for value in list(module_type.__getattribute__(
                module, "__dict__").values())))


swap()
