"""make check-upstream: how it reads the lists of new versions, and compares
them with the pins."""

import os
import sys

import pytest

from helpers import PROJECT, PY2

if not os.path.exists(os.path.join(PROJECT, "ci")):
    pytest.skip("the tests are not in a source tree",
                allow_module_level=True)
if PY2:
    pytest.skip("the scripts of ci/ are for Python 3",
                allow_module_level=True)

sys.path.insert(0, PROJECT)
from ci.build import openssl  # noqa: E402
from ci.check import upstream  # noqa: E402
from ci.shared import debian_index, environments  # noqa: E402
sys.path.remove(PROJECT)

SHA256 = "0123456789abcdef" * 4
INDEX = """\
Package: openssl
Binary: openssl, libssl-dev
Version: 3.5.7-1~deb13u2
Checksums-Sha256:
 %s 2707 openssl_3.5.7-1~deb13u2.dsc
 %s 53153930 openssl_3.5.7.orig.tar.gz
 %s 833 openssl_3.5.7.orig.tar.gz.asc
Directory: pool/main/o/openssl

Package: openssl-ibmca
Version: 9.9.9-1

Package: python3.15
Version: 1:3.15.2+dfsg-1

Package: python3-openssl
Version: 9.9.9-1
""" % ("f" * 64, SHA256, "f" * 64)


def sources(*versions):
    return [debian_index.Source("openssl", version, "sid", SHA256)
            for version in versions]


# Indices and versions

def test_index():
    assert debian_index.read_sources(
        INDEX, r"openssl|python3\.\d+", "trixie") == [
            ("openssl", "3.5.7", "trixie", SHA256),
            ("python3.15", "3.15.2", "trixie", None)]


@pytest.mark.parametrize("version, upstream", [
    ("3.5.7-1~deb13u2", "3.5.7"), ("1.1.1w-0+deb11u1", "1.1.1w"),
    ("1:3.15.2+dfsg-1", "3.15.2"), ("4.1.0~beta1-1", "4.1.0~beta1"),
    ("3.15.2", "3.15.2")])
def test_upstream_version(version, upstream):
    assert debian_index.upstream_version(version) == upstream


@pytest.mark.parametrize("older, newer", [
    ("3.5.9", "3.5.10"), ("3.6.5", "4.0.0"), ("1.1.1k", "1.1.1w"),
    ("1.1.1", "1.1.1a"), ("26.3", "26.3.1"),
    ("2026.10.19", "2026.10.19.post1")])
def test_order_of_versions(older, newer):
    key = upstream.version_key
    assert key(older) < key(newer)
    assert not key(newer) < key(older)


@pytest.mark.parametrize("line, newest", [
    ("3.5", "3.5.10"), ("3.0", None), ("1.1.1", "1.1.1w"), ("4.0", "4.0.2")])
def test_newest_of_line(line, newest):
    found = upstream.newest_of_line(sources(
        "3.5.10", "3.5.9", "3.50.1", "1.1.1w", "1.1.1k", "4.0.2",
        "4.0.3~beta1"), line)
    assert (found and found.version) == newest


def test_lines_not_pinned():
    listed = sources("1.0.2u", "3.4.9", "4.0.1", "4.1.0", "4.1.1", "4.2.0~a1",
                     "10.0.0")
    assert upstream.lines_not_pinned(listed, ["3.5", "4.0"]) == [
        "4.1", "10.0"]


@pytest.mark.parametrize("can_be_fetched", [True, False])
def test_openssl_that_is_old(can_be_fetched):
    """A newer OpenSSL must be reported as such, whether its archive can be
    fetched or not."""
    def try_to_fetch(release):
        tried.append(release.url)
        return can_be_fetched

    tried = []
    pinned = openssl.releases()["3.5"].version
    for version, is_old in (pinned, False), (pinned + "0", True):
        rows, found = upstream.openssl_rows(sources(version),
                                            try_to_fetch)
        assert found is is_old
        row, = [row for row in rows if row.subject == "3.5"]
        assert row[1:3] == (pinned, version)
        assert (SHA256 in row.what) is (is_old and can_be_fetched)
        assert (row.what == upstream.NOTHING) is not is_old
    url, = tried
    assert url.endswith("/openssl-%s0.tar.gz" % pinned)


# The surface

def surface(**changes):
    """(the contents of tests/surface/*.json, the result of
    ci/check/surface.py).  They agree, except for the changes."""
    found = {"python": "3.15.2", "names": {"ssl": ["A", "f"], "_ssl": ["A"]},
             "values": {"ssl": {"A": 1}, "_ssl": {"A": 1}},
             "members": {"C": ["m"]},
             "parameters": {"f": "a, b=, /", "C.m": None}}
    known = {"names": found["names"], "values": found["values"],
             "classes": {"C": {"members": ["m"]}},
             "signatures": {"f": "a, b=None, /", "C.m": "self"}}
    return known, dict(found, **changes)


def test_surface_that_is_known():
    assert upstream.changes(*surface()) == []


@pytest.mark.parametrize("changes, line", [
    ({"names": {"ssl": ["A", "B", "f"], "_ssl": ["A"]}}, "ssl.B is new"),
    ({"names": {"ssl": ["A", "f"], "_ssl": []}}, "_ssl.A is gone"),
    ({"values": {"ssl": {"A": 2}, "_ssl": {"A": 1}}}, "ssl.A is 2, not 1"),
    ({"members": {"C": ["m", "n"]}}, "C.n is new"),
    ({"members": {"C": ["m"], "D": ["x"]}}, "D.x is new"),
    ({"parameters": {"f": "a, /, b="}}, "f takes (a, /, b=), not (a, b=, /)"),
])
def test_surface_that_has_changed(changes, line):
    assert upstream.changes(*surface(**changes)) == [line]


def test_surface_of_a_later_python():
    row, = upstream.surface_rows({"python": "3.99.0"})
    assert row.newest == "3.99.0"
    assert row.what != upstream.NOTHING


# Pins

def test_pins():
    text = ('# a comment\nsix==1.17.0\nboolean.py==5.0\n'
            'tomli==2.5.0; python_version == "3.10"\n'
            'cffi==1.17.1; python_version >= "3.8" and '
            'python_version < "3.10"\nzipp==3.21.0; python_version < "3.10"\n')
    assert [pin[:3] for pin in upstream.read_pins(
        text, "3.7", "requirements.txt")] == [
            ("six", "1.17.0", "3.7"), ("boolean.py", "5.0", "3.7"),
            ("tomli", "2.5.0", "3.10"), ("cffi", "1.17.1", "3.8"),
            ("zipp", "3.21.0", "3.7")]


def test_every_pin_is_read():
    """pins() must read each line of the files that is not a comment."""
    found = upstream.pins()
    count = 0
    for name in upstream.REQUIREMENTS:
        with open(environments.pins(name)) as stream:
            count += len([line for line in stream
                          if line.strip() and not line.startswith("#")])
    assert len(found) == count
