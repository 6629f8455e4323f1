"""setup.py: which OpenSSL it chooses, and its message if there is none.

The tests run setup.py as users do.  Each OpenSSL that pkg-config finds here
is a header with a version only, so setup.py ends when it checks the headers.
"""

import os
import re
import subprocess
import sys

import pytest

from helpers import PROJECT


def has_pkg_config():
    try:
        return subprocess.call(["pkg-config", "--version"],
                               stdout=subprocess.PIPE) == 0
    except OSError:
        return False


pytestmark = [
    pytest.mark.backport_only("stock ssl has no setup.py"),
    pytest.mark.skipif(
        not os.path.exists(os.path.join(PROJECT, "setup.py")),
        reason="the tests are not in a source tree"),
    pytest.mark.skipif(
        not has_pkg_config(), reason="pkg-config is not installed")]


@pytest.mark.parametrize("repository", [None, "https://host.test/a/b"])
def test_description_for_an_index(repository):
    """All links in the description must be URLs: the page on the package
    index has no files beside it."""
    environ = dict(os.environ)
    environ.pop("SSLB_REPOSITORY", None)
    if repository:
        environ["SSLB_REPOSITORY"] = repository
    text = subprocess.check_output(
        [sys.executable, "setup.py", "-q", "--long-description"],
        env=environ, cwd=PROJECT).decode("utf-8")
    links = re.findall(r"<([^>]+)>`_", text)
    images = re.findall(r"^\.\. image:: (.+)", text, re.MULTILINE)
    assert "docs/api.rst" in text
    if repository:
        assert links and images
    for address in links + images:
        assert address.startswith(repository + "/")


class Packages(object):
    """A folder with the packages that pkg-config finds."""

    def __init__(self, folder):
        self.folder = folder

    def add(self, name, version):
        """Add an OpenSSL whose header contains its name and version."""
        include = self.folder.mkdir(name)
        include.mkdir("openssl").join("opensslv.h").write(
            '#define OPENSSL_VERSION_NUMBER 0x1000000fL\n'
            '#define OPENSSL_VERSION_TEXT "%s, %s"\n' % (name, version))
        self.folder.join(name + ".pc").write(
            "Name: %s\nDescription: for a test\nVersion: %s\n"
            "Cflags: -I%s\nLibs: -lssl -lcrypto\n" % (name, version, include))

    def build(self):
        """The output of setup.py when it builds the extension and fails."""
        environ = dict(os.environ, PKG_CONFIG_LIBDIR=str(self.folder),
                       PKG_CONFIG_PATH="")
        environ.pop("OPENSSL_DIR", None)
        out = str(self.folder.join("out"))
        process = subprocess.Popen(
            [sys.executable, "setup.py", "-q", "build_ext", "--build-lib",
             out, "--build-temp", out], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=environ, cwd=PROJECT,
            universal_newlines=True)
        output, _ = process.communicate()
        assert process.returncode == 1
        return output


@pytest.fixture
def packages(tmpdir):
    return Packages(tmpdir)


@pytest.mark.parametrize("found, taken", [
    ({"openssl": "3.0.22"}, "openssl, 3.0.22"),
    ({"openssl11": "1.1.1k"}, "openssl11, 1.1.1k"),
    ({"openssl": "1.1.1", "openssl11": "1.1.1k"}, "openssl, 1.1.1"),
    ({"openssl": "1.0.2k", "openssl11": "1.1.1k"}, "openssl11, 1.1.1k"),
    ({"openssl": "1.0.2k"}, "openssl, 1.0.2k"),
])
def test_package(packages, found, taken):
    for name, version in found.items():
        packages.add(name, version)
    output = packages.build()
    assert "The compiler found the headers of %s, which" % taken in output


def test_what_to_install(packages):
    packages.add("openssl", "1.0.2k")
    output = packages.build()
    for command in ("apt-get install libssl-dev", "dnf install openssl-devel",
                    "yum install openssl11-devel"):
        assert command in output
    assert "Traceback" not in output
