"""All names of `ssl` and `_ssl` in Python 3.6 (surface/3.6.json) and 3.15
(surface/3.15.json).

The files have the value and type of each name; for classes the module, bases
and members; for functions the parameters.  Bases and default values are names
in `ssl`.  The files leave out:

- values that depend on the build of OpenSSL (OPENSSL_VERSION_NUMBER, OP_ALL),
- members of objects from other modules of the standard library,
- `_source` of named tuples, which ended with 3.6,
- private names of 3.15 that only its ssl.py uses.
"""

import contextlib
import json
import os
import socket
import ssl

import pytest

from helpers import (PY2, TESTS, BioPair, cert, client_context, integer_types,
                     server_context)

MODULES = {"ssl": ssl, "_ssl": ssl._ssl}
HAS_ARGS, HAS_KEYWORDS = 0x04, 0x08  # in a code object's co_flags


def load(version):
    with open(os.path.join(TESTS, "surface", version + ".json")) as stream:
        return json.load(stream)


SURFACES = [load("3.6"), load("3.15")]
# constants that need a later OpenSSL than the linked one
ABSENT = set(
    name for surface in SURFACES
    for name, openssl in surface.get("needs", {}).items()
    if ssl.OPENSSL_VERSION_INFO < tuple(map(int, openssl.split("."))))


def rows(section):
    """(name, description) for each name of a section, without duplicates."""
    found = []
    for surface in SURFACES:
        for row in surface.get(section, {}).items():
            if row not in found and row[0] not in ABSENT:
                found.append(row)
    return sorted(found, key=lambda row: row[0])


def rows_of_modules(section):
    """(module, name, value or None)"""
    found = set()
    for surface in SURFACES:
        for module, names in surface[section].items():
            for name in names:
                if name not in ABSENT:
                    value = names[name] if section == "values" else None
                    found.add((module, name, value))
    return sorted(found)


def parameters(function):
    """The names of a function's parameters, and the default values."""
    is_bound = getattr(function, "__self__", None) is not None
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
    return names[is_bound:], defaults


def find(path):
    """The object at a dotted path in `ssl` or `_ssl`."""
    names = path.split(".")
    found = ssl if hasattr(ssl, names[0]) else ssl._ssl
    for name in names:
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("module, name, _", rows_of_modules("names"))
def test_name_is_there(module, name, _):
    assert hasattr(MODULES[module], name)


@pytest.mark.parametrize("module, name, value", rows_of_modules("values"))
def test_value(module, name, value):
    assert getattr(MODULES[module], name) == value


@pytest.mark.parametrize("name, kind", rows("types"))
def test_type(name, kind):
    assert type(getattr(ssl, name)).__name__ == kind


@pytest.mark.parametrize("name, expected", rows("classes"))
def test_class(name, expected):
    found = find(name)
    assert found.__module__ == expected["module"]
    for base in expected["bases"]:
        # on 2.7 options are long if an int is too small for them
        bases = integer_types if base == "int" else eval(base, vars(ssl))
        assert issubclass(found, bases), base
    assert [member for member in expected["members"]
            if not hasattr(found, member) and member not in ABSENT] == []


def parts_of(text):
    """The parts of a signature: [(name, "=" or "", default)]."""
    return [part.partition("=") for part in text.split(", ") if part]


@pytest.mark.parametrize("path, text", rows("signatures"))
def test_signature(path, text):
    expected = parts_of(text.replace("*, ", ""))
    names, defaults = parameters(find(path))
    assert names[:len(expected)] == [name for name, _, _ in expected]
    # parameters of later versions have default values
    added = set(names[len(expected):])
    assert added <= set(defaults)
    for name, equals, default in expected:
        assert (name in defaults) == bool(equals)
        # None means PROTOCOL_TLS or, on later hosts, PROTOCOL_TLS_CLIENT.
        # 3.15 has CERT_NONE as default where 3.6 has None.
        if equals and (defaults[name], default) not in (
                (None, "PROTOCOL_TLS"), (None, "PROTOCOL_TLS_CLIENT"),
                (ssl.CERT_NONE, "None")):
            assert defaults[name] == eval(default, vars(ssl))


@pytest.mark.parametrize("path, text", sorted(
    SURFACES[-1]["signatures"].items()))
@pytest.mark.python3("on 2.7 these arguments may be positional, as in stock")
def test_arguments_that_come_by_name_only(path, text):
    expected = text.partition("*, ")[2]
    assert sorted(find(path).__kwdefaults__ or ()) == sorted(
        name for name, _, _ in parts_of(expected))


# C functions have no signature that can be read, so the tests call them.

def sample(name, path):
    """A value for a parameter."""
    values = {
        "b": b"x", "binary_form": True, "cadata": None,
        "cafile": cert("root.pem"), "callback": None, "capath": None,
        "cb_type": "tls-unique", "certfile": cert("localhost.pem"),
        "cipherlist": "DEFAULT", "ciphersuites": "TLS_AES_128_GCM_SHA256",
        "der": True, "entropy": 0.0, "fd": 0, "flags": 0,
        "format": ssl._ssl.ENCODING_DER, "grouplist": "prime256v1",
        "identity_hint": None, "include_aliases": True,
        "incoming": ssl.MemoryBIO(), "keyfile": cert("localhost.pem"),
        "n": 1, "nid": 129, "offset": 0, "outgoing": ssl.MemoryBIO(),
        "owner": None, "password": None, "protos": b"\2h2",
        "server_hostname": "localhost", "server_name_callback": None,
        "server_side": False, "session": None,
        "sigalgslist": "ECDSA+SHA256", "size": 1, "string": b"x",
        "txt": "serverAuth",
    }
    if name == "name":
        return "prime256v1" if "curve" in path else True
    if name == "path":
        return cert("dh2048.pem" if "dh" in path else "localhost.pem")
    if name == "sock":
        return socket.socket()._sock if PY2 else socket.socket()
    return values[name]


@contextlib.contextmanager
def caller(path):
    """A function: call the path with arguments; return whether they fit."""
    owner, _, name = path.rpartition(".")
    with BioPair() as pair:
        subject = {
            "": ssl if hasattr(ssl, name) else ssl._ssl,
            "Certificate": pair.client._sslobj.get_unverified_chain()[0],
            "MemoryBIO": ssl.MemoryBIO(),
            "SSLContext": server_context(), "_SSLContext": client_context(),
            "_SSLSocket": pair.client._sslobj,
        }[owner]

        def fits(arguments, keywords):
            try:
                getattr(subject, name)(*arguments, **keywords)
            except TypeError:
                return False
            except (ssl.SSLError, ValueError, NotImplementedError):
                pass  # the arguments fit, but the call fails
            return True

        yield fits


def kinds_of(text):
    """The parameters of a signature as three lists of (name, is_required):
    by position, by position or name, by name.
    """
    kinds = [[], [], []]
    kind = 1
    for name, equals, _ in parts_of(text):
        if name == "self":
            continue
        if name == "/":
            kinds[0], kinds[1] = kinds[1], []
        elif name == "*":
            kind = 2
        else:
            kinds[kind].append((name, not equals))
    return kinds


@pytest.mark.parametrize("path, text", rows("builtins"))
def test_builtin(path, text):
    first, middle, last = kinds_of(text)

    def values(parameters):
        return [sample(name, path) for name, _ in parameters]

    def by_name(parameters):
        return dict(zip([name for name, _ in parameters],
                        values(parameters)))

    def required(parameters):
        return [pair for pair in parameters if pair[1]]

    with caller(path) as fits:
        assert fits(values(first), by_name(middle + last))
        assert fits(values(first + middle), by_name(last))
        if not path.endswith("load_verify_locations"):  # needs one of three
            assert fits(values(required(first)),
                        by_name(required(middle + last)))
        assert not fits(values(first + middle) + [None], {})
        assert not fits(values(first), dict(by_name(middle), no_such=1))
        for name, _ in first:
            assert not fits([], {name: sample(name, path)})
        for name, _ in required(middle + last):
            some = by_name(middle + last)
            del some[name]
            assert not fits(values(first), some)


def test_op_all_leaves_the_versions_alone():
    for name in dir(ssl):
        if name.startswith("OP_NO_"):
            assert not ssl.OP_ALL & getattr(ssl, name)


def test_openssl_version():
    number = ssl.OPENSSL_VERSION_NUMBER
    assert ssl.OPENSSL_VERSION_INFO[:2] == (number >> 28, number >> 20 & 0xff)
    assert ssl.OPENSSL_VERSION.startswith("OpenSSL ")
