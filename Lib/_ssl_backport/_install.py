"""Replaces the modules `ssl` and `_ssl` in sys.modules.

The import of this module is the installation. The interpreter's import lock
therefore makes sure that it happens once, and that other threads wait for its
end. Afterwards a finder in sys.meta_path finds both names, for reload() and
for an import after `del sys.modules["ssl"]`.

On Python 2.7 no other thread can import a module during the installation. On
Python 3 another thread can import the standard `ssl` at the same time; if that
import comes first, the installation fails.
"""

from __future__ import absolute_import

import os
import sys

PACKAGE = "_ssl_backport"
EXTENSION = "__ssl_backport"
SSL = "_ssl_backport.ssl"  # the module that becomes `ssl`
NAMES = ("ssl", "_ssl")
# the packages that define the standard classes and functions (PyPy: the last)
OWNERS = NAMES + ("_cffi_ssl",)

TOO_LATE = """\
_ssl_backport.install() was called too late.
  already imported: the standard %s
  used by: %s
Call install() in the first lines of the program, before these imports,
or start the program with: python -m _ssl_backport SCRIPT
To see which lines import ssl: python -m _ssl_backport --trace-import SCRIPT"""

# --trace-import replaces the last line by this text.
TRACED = """\
These lines lead to the first import:
  %s"""

WRONG_HOST = """\
_ssl_backport does not support this Python: %s on %s.
It supports CPython 2.7 and 3.6 or later, Tauthon, and PyPy 2.7 from 7.3.3,
on Linux."""

NO_GIL = """\
_ssl_backport needs the GIL: start Python without PYTHON_GIL=0 and -X gil=0."""

NO_EXTENSION = """\
_ssl_backport cannot load its extension module: %s
Install _ssl_backport again with this Python: %s"""

LEFT_OUT = """\
The module %s is missing in this program.
PyInstaller includes it with the option --hidden-import %s."""


class Finder(object):
    """Finds `ssl` in this package; `_ssl` is the extension module."""

    folder = os.path.dirname(os.path.abspath(__file__))
    extension = None

    # Python 3

    # whether the backport's `ssl` is imported; until then, another thread may
    # be importing the standard `ssl`, which needs the standard `_ssl`
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
        """Do nothing: load_extension() has initialised the module."""

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
    """Return whether `import ssl` and `import _ssl` give the backport (bool).
    """
    for name in NAMES:
        if name not in sys.modules:
            if finder not in sys.meta_path:
                return False
        elif not is_ours(sys.modules[name]):
            return False
    return True


def is_ours(module):
    """Return whether a module is the extension, or a `ssl` that uses it."""
    return finder.extension is not None and (
        module is finder.extension
        or getattr(module, "_ssl", None) is finder.extension)


def swap():
    """Install the backport.

    Raises ImportError, with sys.modules and sys.meta_path as before.
    """
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
    """Remove from sys.modules the modules of the backport, and the modules
    that a failed installation has imported and that refer to them.

    before: a copy of sys.modules from before the installation. Other modules,
    such as those of another thread, stay.
    """
    ours = [name for name in NAMES if is_ours(sys.modules.get(name))]
    holders = holders_of([sys.modules[name] for name in ours])
    for name in set(sys.modules).difference(before):
        if (name in ours or name in holders or name == EXTENSION
                or name.startswith(PACKAGE + ".")):
            del sys.modules[name]
    for name in NAMES:
        if name in before:  # also None, which forbids an import
            sys.modules.setdefault(name, before[name])


def refuse_host():
    """Raise ImportError on an unsupported Python, and on a Python that is not
    allowed to enable the GIL.
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

    Raises ImportError with the reason if it cannot be loaded.
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
            holders or ["only sys.modules"]))
        trace = sys.modules.get(PACKAGE + "._trace")
        if trace is not None:
            text = "%s\n%s" % (text.rpartition("\n")[0],
                               TRACED % "\n  ".join(trace.lines))
        raise ImportError(text)


def described(name):
    """Return a module's name (str), with the line that imports `ssl` if the
    module's source code is available."""
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
    """Return the number (int) of the first line in a source file that imports
    `ssl` or `_ssl`; None without such a line, or if the file is unusable.

    This function uses compile() and imports nothing.
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
    """Return the sorted names (list of str) of the modules that refer to
    `modules`.

    A module refers to them if its namespace contains one of them, or a class
    or function of them.  This function reads the namespaces directly, because
    an attribute access could run the code of a lazy module.
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
