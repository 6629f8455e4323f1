"""Prints the names, values and signatures of this Python's ssl, as JSON.

    python3.15 ci/check/surface.py

It takes less than a second.  ci/check/upstream.py compares the output with
tests/surface/*.json.
"""

import enum
import inspect
import json
import sys
import types

import _ssl
import ssl

MODULES = {"ssl": ssl, "_ssl": _ssl}
# Names that only ssl.py itself uses.
INSIDES = {"_sslcopydoc"}


def is_own(thing):
    """Whether ssl or _ssl defines an object, not another module."""
    return getattr(thing, "__module__", "ssl") in (None, "ssl", "_ssl")


def names(module):
    """The names of a module, without those of modules and without private
    names that it imports."""
    return sorted(
        name for name, thing in vars(module).items()
        if not name.startswith("__") and name not in INSIDES
        and not isinstance(thing, types.ModuleType)
        and (is_own(thing) or not name.startswith("_")))


def values(module):
    return {name: int(thing) for name, thing in vars(module).items()
            if isinstance(thing, int) and not name.startswith("__")}


def members(cls):
    """The names that a class and its bases in ssl and _ssl define."""
    if issubclass(cls, enum.Enum):
        return sorted(each.name for each in cls)
    if issubclass(cls, tuple):
        return sorted(cls._fields)
    return sorted({name for base in cls.__mro__ if is_own(base)
                   and base is not object for name in vars(base)
                   if not name.startswith("__")})


def parameters(function):
    """A signature as "self, /, name, other=, *, third=", or None if Python
    does not know it."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    parts = []
    last = None
    for each in found:
        if (last == each.POSITIONAL_ONLY) != (
                each.kind == each.POSITIONAL_ONLY) and last is not None:
            parts.append("/")
        if each.kind == each.KEYWORD_ONLY and last not in (
                each.KEYWORD_ONLY, each.VAR_POSITIONAL):
            parts.append("*")
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}
        parts.append(stars.get(each.kind, "") + each.name
                     + ("=" if each.default is not each.empty else ""))
        last = each.kind
    if last == inspect.Parameter.POSITIONAL_ONLY:
        parts.append("/")
    return ", ".join(parts)


def functions(classes):
    """{dotted path: function} of all functions and methods."""
    found = {name: getattr(module, name) for module in MODULES.values()
             for name in names(module)}
    for name, cls in classes.items():
        found.update({"%s.%s" % (name, member): getattr(cls, member)
                      for member in members(cls)})
    return {path: thing for path, thing in found.items()
            if inspect.isroutine(thing)}


def surface():
    classes = {name: thing for module in MODULES.values()
               for name, thing in vars(module).items()
               if inspect.isclass(thing) and is_own(thing)}
    return {
        "python": sys.version.split()[0],
        "names": {name: names(module) for name, module in MODULES.items()},
        "values": {name: values(module) for name, module in MODULES.items()},
        "members": {name: members(cls) for name, cls in classes.items()},
        "parameters": {path: parameters(function)
                       for path, function in functions(classes).items()},
    }


if __name__ == "__main__":
    json.dump(surface(), sys.stdout, indent=1, sort_keys=True)
