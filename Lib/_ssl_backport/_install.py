"""The swap: what stands under the names `ssl` and `_ssl` in sys.modules.

Importing this module is the installation. So it happens once, under the
interpreter's import lock, and other threads that want it wait for its end.
A finder in sys.meta_path then serves both names, for reload() and for an
import after `del sys.modules["ssl"]`.

On Python 2.7 no other thread imports anything meanwhile. On Python 3 one may
import the standard `ssl` at any moment, and wins if it was first.
"""

from __future__ import absolute_import

import os
import sys

PACKAGE = "_ssl_backport"
EXTENSION = "__ssl_backport"
SSL = "_ssl_backport.ssl"  # the module that becomes `ssl`
NAMES = ("ssl", "_ssl")
# what the standard ones' classes and functions are from: PyPy has a package
OWNERS = NAMES + ("_cffi_ssl",)

TOO_LATE = """\
_ssl_backport.install() came too late.
  imported already: the standard %s
  held by: %s
Call install() in the first lines of the program, before these imports,
or start the program with: python -m _ssl_backport SCRIPT
Which lines led there: python -m _ssl_backport --trace-import SCRIPT"""

# What --trace-import puts into the place of the last line.
TRACED = """\
These lines led there:
  %s"""

WRONG_HOST = """\
_ssl_backport cannot work with this Python: %s on %s.
It supports CPython 2.7 and 3.6 or later, Tauthon, and PyPy 2.7 from 7.3.3."""

NO_GIL = """\
_ssl_backport needs the GIL: start Python without PYTHON_GIL=0 and -X gil=0."""

NO_EXTENSION = """\
_ssl_backport cannot load its extension module: %s
Install _ssl_backport anew for this Python, %s"""

LEFT_OUT = """\
The module %s was left out of this program.
PyInstaller takes it in with the option --hidden-import %s."""


class Finder(object):
    """Finds `ssl` in our package, and `_ssl` in our extension module."""

    folder = os.path.dirname(os.path.abspath(__file__))
    extension = None

    # Python 3

    # whether `ssl` is ours: a standard one that another thread is just
    # importing needs the standard `_ssl`
    has_ssl = False

    def find_spec(self, name, path=None, target=None):
        if name not in NAMES or (name == "_ssl" and not self.has_ssl):
            return None
        from importlib.machinery import ModuleSpec, PathFinder
        if name == "_ssl":
            return ModuleSpec(name, self)
        spec = PathFinder.find_spec(name, [self.folder])
        if spec is None:
            from importlib.util import find_spec
            frozen = find_spec(SSL)
            spec = ModuleSpec(name, FrozenLoader(frozen and frozen.loader))
        return spec

    def create_module(self, spec):
        return self.extension

    def exec_module(self, module):
        """Do nothing: the extension was initialised when it was loaded."""

    # Python 2.7

    def find_module(self, name, path=None):
        if name != "ssl":
            return self if name in NAMES else None
        from pkgutil import ImpImporter, find_loader
        return (ImpImporter(self.folder).find_module(name)
                or FrozenLoader(find_loader(SSL)))

    def load_module(self, name):
        sys.modules[name] = self.extension
        return self.extension


class FrozenLoader(object):
    """Loads `ssl` where our package is in no folder: in a zip file, or in a
    program that PyInstaller made.

    loader is that of _ssl_backport.ssl there, or None.
    """

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        """Return None: Python 3 makes the module."""

    def exec_module(self, module):
        if self.loader is None:
            raise ImportError(LEFT_OUT % (SSL, SSL))
        module.__file__ = os.path.join(finder.folder, "ssl.py")
        exec(self.loader.get_code(SSL), vars(module))

    def load_module(self, name):
        """Load the module, or load it again.  Python 2.7 calls this."""
        is_new = name not in sys.modules
        module = sys.modules.setdefault(name, type(sys)(name))
        try:
            self.exec_module(module)
        except BaseException:
            if is_new:
                del sys.modules[name]
            raise
        return module


finder = Finder()


def is_in_place():
    """Whether `import ssl` and `import _ssl` give ours (bool)."""
    for name in NAMES:
        if name not in sys.modules:
            if finder not in sys.meta_path:
                return False
        elif not is_ours(sys.modules[name]):
            return False
    return True


def is_ours(module):
    """Whether it is our extension module, or a `ssl` that stands on it."""
    return finder.extension is not None and (
        module is finder.extension
        or getattr(module, "_ssl", None) is finder.extension)


def swap():
    """Put the backport in place, or leave everything as it was."""
    refuse_host()
    refuse_standard()
    before = sys.modules.copy()
    meta_path = list(sys.meta_path)
    try:
        for name in NAMES:
            sys.modules.pop(name, None)
        finder.extension = load_extension()
        sys.meta_path.insert(0, finder)
        __import__("ssl")
        refuse_standard()
        finder.has_ssl = True
        sys.modules["_ssl"] = finder.extension
        from _ssl_backport import _names
        if _names.CLIENTS_MAY_LACK_CONTEXTS:
            from _ssl_backport import _clients
            _clients.install()
    except BaseException:
        sys.meta_path[:] = [item for item in sys.meta_path
                            if item is not finder]
        forget(before)
        raise


def forget(before):
    """Remove our modules and those that refer to them from sys.modules.

    What another thread has imported meanwhile stays.
    """
    ours = [name for name in NAMES if is_ours(sys.modules.get(name))]
    holders = holders_of([sys.modules[name] for name in ours])
    for name in set(sys.modules).difference(before):
        if (name in ours or name in holders or name == EXTENSION
                or name.startswith(PACKAGE + ".")):
            del sys.modules[name]
    for name in NAMES:
        if name in before:  # None: "cannot be imported"
            sys.modules.setdefault(name, before[name])


def refuse_host():
    """Raise ImportError on a Python that the extension cannot be built for,
    and on one that may not take the GIL for it.
    """
    if getattr(sys.flags, "gil", None) == 0:
        raise ImportError(NO_GIL)
    version = sys.version_info[:2]
    if ((2, 7) <= version < (3,) or version >= (3, 6)) and \
            not sys.platform.startswith(("java", "cli", "win")):
        return
    raise ImportError(WRONG_HOST % (sys.version.split("\n")[0].strip(),
                                    sys.platform))


def load_extension():
    """Return the extension module.

    Raises ImportError that tells what is wrong with the one that is there.
    """
    try:
        import __ssl_backport
    except ImportError as error:
        from _ssl_backport import _unloadable
        raise ImportError(NO_EXTENSION % (_unloadable.reason(
            str(error), os.path.dirname(finder.folder), EXTENSION),
            sys.executable))
    return __ssl_backport


def refuse_standard():
    """Raise ImportError if the standard `ssl` or `_ssl` is imported."""
    standard = [sys.modules[name] for name in NAMES
                if sys.modules.get(name) is not None
                and not is_ours(sys.modules[name])]
    if standard:
        names = " and ".join(module.__name__ for module in standard)
        holders = [described(name) for name in holders_of(standard)]
        text = TOO_LATE % (names, ("\n" + " " * 11).join(
            holders or ["sys.modules alone"]))
        trace = sys.modules.get(PACKAGE + "._trace")
        if trace is not None:
            text = "%s\n%s" % (text.rpartition("\n")[0],
                               TRACED % "\n  ".join(trace.lines))
        raise ImportError(text)


def described(name):
    """A module's name, with the line that imports `ssl` where its source is
    at hand."""
    module_type = type(sys)
    path = module_type.__getattribute__(
        sys.modules[name], "__dict__").get("__file__")
    if path is None:
        return name
    if path.endswith((".pyc", ".pyo")):
        path = path[:-1]
    number = line_of_import(path)
    return name if number is None else "%s, %s:%d" % (name, path, number)


def line_of_import(path):
    """Return the number (int) of the first line in a file of source code that
    imports `ssl` or `_ssl`, or None where there is none to be found.

    Imports nothing itself: compile() makes the syntax tree.
    """
    only_tree = 0x400  # ast.PyCF_ONLY_AST
    try:
        with open(path, "rb") as stream:
            nodes = [compile(stream.read(), path, "exec", only_tree, True)]
    except (EnvironmentError, SyntaxError, TypeError, ValueError,
            MemoryError, RuntimeError):
        return None
    numbers = []
    while nodes:
        node = nodes.pop()
        kind = type(node).__name__
        names = ([alias.name for alias in node.names] if kind == "Import" else
                 [node.module] if kind == "ImportFrom" and not node.level
                 else [])
        if set(names).intersection(NAMES):
            numbers.append(node.lineno)
        for field in getattr(node, "_fields", ()):
            value = getattr(node, field, None)
            nodes.extend(value if isinstance(value, list) else [value])
    return min(numbers) if numbers else None


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
