"""docs/api.rst and api.json list all public names and no others, and are
correct about the host's own ssl.
"""

import contextlib
import json
import os
import platform
import socket
import ssl
import subprocess
import sys
import types

import pytest

from helpers import HOST_VERSION, PROJECT, unix_pair

NEWEST_SURVEYED = (3, 15)
LAST_OF_2 = (2, 7, 18)

if not os.path.exists(os.path.join(PROJECT, "docs")):
    pytest.skip("there is no folder docs", allow_module_level=True)

with open(os.path.join(PROJECT, "docs", "api.json")) as stream:
    TABLES = json.load(stream)
IMPORTED = set(TABLES.pop("imported"))


def names_of(section):
    """The names of a table, without the parentheses of functions."""
    return set(name.rstrip("()") for name in TABLES[section])


def as_tuple(version):
    return tuple(int(part) for part in version.split("."))


def is_here(entry):
    """False for a constant that needs a later OpenSSL than the linked one."""
    return ssl.OPENSSL_VERSION_INFO >= as_tuple(entry.get("openssl", "1.1.1"))


def public(names):
    return set(name for name in names if not name.startswith("_"))


@contextlib.contextmanager
def specimen(section):
    """An object with all names of a table: a module, class or instance."""
    if section == "ssl":
        yield ssl
    elif section == "SSLSocket":
        left, right = unix_pair()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        sock = context.wrap_socket(left, server_side=True,
                                   do_handshake_on_connect=False)
        yield sock
        sock.close()
        right.close()
    elif section in ("SSLError", "SSLCertVerificationError"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS)
        try:
            context.load_verify_locations(cadata=u"no certificate")
        except ssl.SSLError as error:
            yield (error if section == "SSLError"
                   else ssl.SSLCertVerificationError)
    else:
        yield getattr(ssl, section, None) or getattr(ssl._ssl, section)


def test_page_is_up_to_date():
    subprocess.check_call([
        sys.executable, "-m", "ci.pages.api", "--check"], cwd=PROJECT)


@pytest.mark.parametrize("section", sorted(TABLES))
def test_what_is_told_is_there(section):
    with specimen(section) as found:
        for name, entry in TABLES[section].items():
            if section == "ssl" and not is_here(entry):
                continue
            value = getattr(found, name.rstrip("()"))
            is_function = (callable(value)
                           and not isinstance(value, (type, int)))
            assert is_function is name.endswith("()"), name


def test_every_name_of_the_module_is_told():
    found = public(name for name in dir(ssl)
                   if not isinstance(getattr(ssl, name), types.ModuleType))
    assert found - names_of("ssl") - IMPORTED == set()
    assert IMPORTED <= set(dir(ssl))


@pytest.mark.parametrize("section", sorted(
    set(TABLES) - {"ssl", "Purpose", "TLSVersion"}))
def test_every_member_is_told(section):
    """The tables leave out inherited members: of SSLSocket those of plain
    sockets, and of exceptions those of other exceptions."""
    bases = {"SSLSocket": socket.socket, "SSLError": socket.error,
             "SSLCertVerificationError": ssl.SSLError,
             "DefaultVerifyPaths": tuple}
    base = bases.get(section, object)
    others = set(dir(base)) | set(dir(ValueError))
    if section == "SSLSocket":
        with contextlib.closing(socket.socket()) as plain:
            others |= set(dir(plain))
    with specimen(section) as found:
        assert public(dir(found)) - others - names_of(section) == set()


def test_all_members_of_enumerations_are_told():
    for section, enumeration in (("Purpose", ssl.Purpose),
                                 ("TLSVersion", ssl.TLSVersion)):
        names = set(member.name for member in enumeration)
        assert sorted(names - names_of(section)) == []
    constants = [member.name for enumeration in (
        ssl.AlertDescription, ssl.SSLErrorNumber, ssl.VerifyMode,
        ssl.VerifyFlags, ssl.Options, ssl._SSLMethod)
        for member in enumeration]
    assert sorted(set(constants) - names_of("ssl")) == []


LIST_STOCK = """\
import json, ssl, _ssl
found = []
for section, names in json.loads(%r):
    kind = ssl if section == "ssl" else getattr(
        ssl, section, getattr(_ssl, section, None))
    found.extend([section, name] for name in names if hasattr(kind, name))
print(json.dumps(found))
"""


def stock_names():
    """(section, name) of all names in the tables that the host's own ssl
    has."""
    code = LIST_STOCK % json.dumps(
        [(section, sorted(names_of(section))) for section in sorted(TABLES)])
    environment = dict(os.environ)
    environment.pop("PYTHONPATH", None)
    output = subprocess.check_output(
        [sys.executable, "-c", code], env=environment)
    return set(tuple(pair) for pair in json.loads(output.decode("ascii")))


def is_surveyed():
    """Whether api.json covers this Python; of 2.7 only the last release."""
    if platform.python_implementation() != "CPython":
        return False
    if sys.version_info[0] == 2:
        return sys.version_info[:3] == LAST_OF_2
    return HOST_VERSION <= NEWEST_SURVEYED


@pytest.mark.with_stock
@pytest.mark.skipif(not is_surveyed(),
                    reason="api.json does not know this Python")
def test_since():
    stock = stock_names()
    wrong = []
    for section, names in TABLES.items():
        if section in ("SSLSocket", "SSLError", "SSLCertVerificationError"):
            continue  # __init__() sets some of their attributes
        for name, entry in names.items():
            if "openssl" in entry:
                continue  # the host's own ssl may use another OpenSSL
            since = as_tuple(entry["since"] or "99")
            last = as_tuple(entry.get("last", "99"))
            expected = since <= HOST_VERSION <= last
            if ((section, name.rstrip("()")) in stock) is not expected:
                wrong.append((section, name))
    assert wrong == []
