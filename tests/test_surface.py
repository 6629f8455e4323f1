"""Every name of Python 3.6's `ssl` and `_ssl`, against surface/3.6.json.

The data file tells their values and types, of classes the module, the bases
and the members, of Python functions the parameters; bases and defaults are
written as names that `ssl` has.  It leaves out what depends on how OpenSSL
was built (the values of OPENSSL_VERSION_NUMBER and OP_ALL), the insides of
what belongs to other modules of the standard library, and `_source` of named
tuples, which went away after 3.6.
"""

import json
import os
import ssl

import pytest

from helpers import integer_types

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = {"ssl": ssl, "_ssl": ssl._ssl}
HAS_ARGS, HAS_KEYWORDS = 0x04, 0x08  # in a code object's co_flags

with open(os.path.join(HERE, "surface", "3.6.json")) as stream:
    SURFACE = json.load(stream)


def parameters(function):
    """The names of a function's parameters, and the default values."""
    function = getattr(function, "__func__", function)
    code = function.__code__
    count = code.co_argcount + getattr(code, "co_kwonlyargcount", 0)
    defaults = dict(zip(
        reversed(code.co_varnames[:code.co_argcount]),
        reversed(function.__defaults__ or ())))
    defaults.update(getattr(function, "__kwdefaults__", None) or {})
    names = list(code.co_varnames[:count])
    more = list(code.co_varnames[count:])
    if code.co_flags & HAS_ARGS:
        names.append("*" + more.pop(0))
    if code.co_flags & HAS_KEYWORDS:
        names.append("**" + more.pop(0))
    return names, defaults


def find(path):
    """What a dotted path in `ssl` or `_ssl` leads to."""
    names = path.split(".")
    found = ssl if hasattr(ssl, names[0]) else ssl._ssl
    for name in names:
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("module, name", [
    (module, name) for module, names in sorted(SURFACE["names"].items())
    for name in names])
def test_name_is_there(module, name):
    assert hasattr(MODULES[module], name)


@pytest.mark.parametrize("module, name, value", [
    (module, name, value) for module, values in sorted(
        SURFACE["values"].items()) for name, value in sorted(values.items())])
def test_value(module, name, value):
    assert getattr(MODULES[module], name) == value


@pytest.mark.parametrize("name, kind", sorted(SURFACE["types"].items()))
def test_type(name, kind):
    assert type(getattr(ssl, name)).__name__ == kind


@pytest.mark.parametrize("name", sorted(SURFACE["classes"]))
def test_class(name):
    expected = SURFACE["classes"][name]
    found = find(name)
    assert found.__module__ == expected["module"]
    for base in expected["bases"]:
        # on 2.7 options are long where an int has no room for them
        bases = integer_types if base == "int" else eval(base, vars(ssl))
        assert issubclass(found, bases), base
    assert [member for member in expected["members"]
            if not hasattr(found, member)] == []


@pytest.mark.parametrize("path, text", sorted(SURFACE["signatures"].items()))
def test_signature(path, text):
    expected = [part.partition("=") for part in text.split(", ") if part]
    names, defaults = parameters(find(path))
    assert names[:len(expected)] == [name for name, _, _ in expected]
    # what later versions have added can be left out
    added = set(names[len(expected):])
    assert added <= set(defaults)
    for name, equals, default in expected:
        assert (name in defaults) == bool(equals)
        # None is PROTOCOL_TLS, or what hosts of later versions have for it;
        # CERT_NONE is what None was for that
        if equals and (defaults[name], default) not in (
                (None, "PROTOCOL_TLS"), (ssl.CERT_NONE, "None")):
            assert defaults[name] == eval(default, vars(ssl))


def test_op_all_leaves_the_versions_alone():
    for name in dir(ssl):
        if name.startswith("OP_NO_"):
            assert not ssl.OP_ALL & getattr(ssl, name)


def test_openssl_version():
    number = ssl.OPENSSL_VERSION_NUMBER
    assert ssl.OPENSSL_VERSION_INFO[:2] == (number >> 28, number >> 20 & 0xff)
    assert ssl.OPENSSL_VERSION.startswith("OpenSSL ")
