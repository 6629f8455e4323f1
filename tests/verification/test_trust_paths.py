"""The places where CA certificates are found: the layouts of distributions,
environment variables, and files and directories that are skipped.
"""

import os
import shutil
import ssl
import sys
import time

import pytest

from helpers import SocketPair, cert

pytestmark = pytest.mark.backport_only("stock searches only one place")

# For each distribution: files with certificates, symbolic links, directories
# of hashed certificates, and the place that must be found.
TREES = {
    "Debian": (
        ["/etc/ssl/certs/ca-certificates.crt"], [],
        ["/etc/ssl/certs"],
        ("directory", "/etc/ssl/certs")),
    "Debian, without hashes": (
        ["/etc/ssl/certs/ca-certificates.crt"], [], [],
        ("file", "/etc/ssl/certs/ca-certificates.crt")),
    "RHEL": (
        ["/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"],
        [("/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
         ("/etc/ssl/certs", "/etc/pki/tls/certs")], [],
        ("file", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem")),
    "RHEL 6": (
        ["/etc/pki/tls/certs/ca-bundle.crt"],
        [("/etc/pki/tls/cert.pem", "/etc/pki/tls/certs/ca-bundle.crt"),
         ("/etc/ssl/certs", "/etc/pki/tls/certs")], [],
        ("file", "/etc/pki/tls/certs/ca-bundle.crt")),
    "SUSE": (
        ["/var/lib/ca-certificates/ca-bundle.pem"],
        [("/etc/ssl/ca-bundle.pem", "/var/lib/ca-certificates/ca-bundle.pem"),
         ("/etc/ssl/certs", "/var/lib/ca-certificates/pem")],
        ["/var/lib/ca-certificates/pem"],
        ("directory", "/etc/ssl/certs")),
    "SUSE, minimal": (
        ["/var/lib/ca-certificates/ca-bundle.pem"],
        [("/etc/ssl/ca-bundle.pem",
          "/var/lib/ca-certificates/ca-bundle.pem")], [],
        ("file", "/etc/ssl/ca-bundle.pem")),
    "Alpine": (
        ["/etc/ssl/certs/ca-certificates.crt"],
        [("/etc/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt")], [],
        ("file", "/etc/ssl/cert.pem")),
    "Arch": (
        ["/etc/ca-certificates/extracted/tls-ca-bundle.pem"],
        [("/etc/ssl/cert.pem",
          "/etc/ca-certificates/extracted/tls-ca-bundle.pem")], [],
        ("file", "/etc/ssl/cert.pem")),
    "FreeBSD": (
        ["/usr/local/share/certs/ca-root-nss.crt"], [], [],
        ("file", "/usr/local/share/certs/ca-root-nss.crt")),
    "NetBSD": (
        [], [], ["/etc/openssl/certs"],
        ("directory", "/etc/openssl/certs")),
    "Solaris": (
        ["/etc/certs/ca-certificates.crt"], [], [],
        ("file", "/etc/certs/ca-certificates.crt")),
}


class Tree(object):
    """A file system below a temporary folder, in which OpenSSL's own folder
    is /etc/ssl, as in a wheel.  Methods take paths below this folder."""

    def __init__(self, tmpdir, monkeypatch, trust):
        self.root = str(tmpdir)
        self.monkeypatch = monkeypatch
        self.trust = trust
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name, raising=False)
        for name in ("FILES", "DIRECTORIES"):
            monkeypatch.setattr(trust, name, [
                (self.path(path), origin)
                for path, origin in getattr(trust, name)])
        monkeypatch.setattr(ssl._ssl, "get_default_verify_paths", lambda: (
            "SSL_CERT_FILE", self.path("/etc/ssl/cert.pem"),
            "SSL_CERT_DIR", self.path("/etc/ssl/certs")))
        monkeypatch.setitem(sys.modules, "certifi", None)

    def path(self, path):
        return self.root + path

    def _make_room(self, path):
        folder = os.path.dirname(self.path(path))
        if not os.path.isdir(folder):
            os.makedirs(folder)
        return self.path(path)

    def add_file(self, path, name="root.pem"):
        shutil.copy(cert(name), self._make_room(path))

    def add_text(self, path, text):
        with open(self._make_room(path), "w") as stream:
            stream.write(text)

    def add_link(self, path, target):
        os.symlink(self.path(target), self._make_room(path))

    def add_directory(self, path):
        self._make_room(path + "/.")
        for name in os.listdir(cert("capath")):
            self.add_file("%s/%s" % (path, name), "capath/" + name)

    def set_variable(self, name, path):
        self.monkeypatch.setenv(name, self.path(path))

    def found(self):
        """get_default_verify_paths() as (file, directory), each or None."""
        paths = ssl.get_default_verify_paths()
        return tuple(path and path.replace(self.root, "", 1)
                     for path in (paths.cafile, paths.capath))


@pytest.fixture
def tree(tmpdir, monkeypatch):
    from _ssl_backport import _trust
    return Tree(tmpdir, monkeypatch, _trust)


def assert_trusts(client=None):
    with SocketPair(client=client or ssl.create_default_context()):
        pass


def assert_trusts_nothing():
    with pytest.raises(ssl.SSLCertVerificationError):
        assert_trusts()


@pytest.mark.parametrize("name", sorted(TREES))
def test_distribution(tree, name):
    files, links, directories, (kind, path) = TREES[name]
    for place in files:
        tree.add_file(place)
    for place in directories:
        tree.add_directory(place)
    for place, target in links:
        tree.add_link(place, target)
    assert tree.found() == ((path, None) if kind == "file" else (None, path))
    assert_trusts()


def test_name_of_openssl_for_it(tree):
    """On RHEL the default place of a wheel's OpenSSL does not exist."""
    tree.add_file("/etc/pki/tls/certs/ca-bundle.crt")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.set_default_verify_paths()
    assert_trusts(client)


def test_nothing_anywhere(tree):
    assert tree.found() == (None, None)
    assert_trusts_nothing()


# The environment

def test_variables_come_first(tree):
    tree.add_file("/etc/ssl/cert.pem", "unknown-root.pem")
    tree.add_file("/mine.pem")
    tree.add_directory("/mine")
    tree.set_variable("SSL_CERT_FILE", "/mine.pem")
    assert tree.found() == ("/mine.pem", None)
    tree.set_variable("SSL_CERT_DIR", "/mine")
    assert tree.found() == ("/mine.pem", "/mine")
    assert_trusts()


def test_one_variable_leaves_the_other_place_as_it_is(tree):
    tree.add_directory("/etc/ssl/certs")
    tree.add_file("/mine.pem", "unknown-root.pem")
    tree.set_variable("SSL_CERT_FILE", "/mine.pem")
    assert tree.found() == ("/mine.pem", "/etc/ssl/certs")
    assert_trusts()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("place", ["/missing", "/empty", "/folder"])
def test_a_wrong_variable_leaves_nothing_else(tree, variable, place):
    """After a wrong path in a variable, no other CAs must be trusted."""
    tree.add_file("/etc/pki/tls/certs/ca-bundle.crt")
    tree.add_text("/empty", "")
    tree.add_text("/folder/README", "")
    tree.set_variable(variable, place)
    assert tree.found() == (None, None)
    assert_trusts_nothing()


def test_a_wrong_variable_leaves_the_other_place_as_it_is(tree):
    tree.add_directory("/etc/ssl/certs")
    tree.set_variable("SSL_CERT_FILE", "/missing.pem")
    assert tree.found() == (None, "/etc/ssl/certs")
    assert_trusts()


def test_two_variables_leave_nothing_else(tree):
    tree.add_file("/etc/ssl/certs/ca-certificates.crt")
    tree.set_variable("SSL_CERT_FILE", "/missing.pem")
    tree.set_variable("SSL_CERT_DIR", "/missing")
    assert tree.found() == (None, None)
    assert_trusts_nothing()


def test_empty_variables_do_not_count(tree):
    tree.add_file("/etc/ssl/certs/ca-certificates.crt")
    tree.monkeypatch.setenv("SSL_CERT_FILE", "")
    tree.monkeypatch.setenv("SSL_CERT_DIR", "")
    assert tree.found() == ("/etc/ssl/certs/ca-certificates.crt", None)
    assert_trusts()


def test_several_directories(tree):
    tree.add_directory("/second")
    tree.add_text("/first/README", "nothing")
    tree.monkeypatch.setenv("SSL_CERT_DIR", "%s:%s" % (
        tree.path("/first"), tree.path("/second")))
    assert ssl.get_default_verify_paths().capath == os.environ["SSL_CERT_DIR"]
    assert_trusts()


@pytest.mark.parametrize("missing", ["/missing:%s", "%s:/missing"])
def test_one_of_several_directories_is_missing(tree, missing):
    tree.add_directory("/mine")
    tree.monkeypatch.setenv("SSL_CERT_DIR", missing % tree.path("/mine"))
    assert ssl.get_default_verify_paths().capath == os.environ["SSL_CERT_DIR"]
    assert_trusts()


def test_missing_directories(tree):
    tree.add_file("/etc/ssl/cert.pem")
    tree.monkeypatch.setenv("SSL_CERT_DIR", "/missing:/missing too")
    assert tree.found() == ("/etc/ssl/cert.pem", None)


# Places that are skipped

@pytest.mark.parametrize("text", [
    "", "no bundle at all\n",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ids=["empty", "text", "broken"])
def test_files_without_certificates(tree, text):
    tree.add_text("/etc/ssl/cert.pem", text)
    tree.add_text("/etc/ssl/certs/ca-certificates.crt", text)
    tree.add_file("/etc/pki/tls/certs/ca-bundle.crt")
    assert tree.found() == ("/etc/pki/tls/certs/ca-bundle.crt", None)
    assert_trusts()


def test_files_that_cannot_be_read(tree):
    tree.add_directory("/etc/ssl/cert.pem")  # root may read any file
    tree.add_link("/etc/pki/tls/certs/ca-bundle.crt", "/missing")
    tree.add_link("/etc/pki/tls/cert.pem", "/etc/pki/tls/cert.pem")
    tree.add_file("/etc/ssl/ca-bundle.pem")
    assert tree.found() == ("/etc/ssl/ca-bundle.pem", None)
    assert_trusts()


def test_directories_without_hashes(tree):
    tree.add_file("/etc/ssl/certs/root.pem")
    tree.add_text("/etc/ssl/certs/README", "see elsewhere")
    tree.add_file("/etc/ssl/certs/b7a0040b.r0")
    assert tree.found() == (None, None)
    assert_trusts_nothing()


def test_openssl_before_the_lists(tree):
    tree.add_file("/etc/ssl/certs/ca-certificates.crt", "unknown-root.pem")
    tree.add_file("/etc/ssl/cert.pem")
    assert tree.found() == ("/etc/ssl/cert.pem", None)
    assert_trusts()


# Directories that change but keep their modification time

MOMENT = 1        # the modification time of all files in some images


def set_moment(tree, path):
    os.utime(tree.path(path), (MOMENT, MOMENT))


def test_another_directory_of_the_same_time(tree):
    tree.add_text("/first/README", "nothing")
    tree.add_directory("/second")
    for path in "/first", "/second":
        set_moment(tree, path)
    tree.add_link("/etc/ssl/certs", "/first")
    assert tree.found() == (None, None)
    os.remove(tree.path("/etc/ssl/certs"))
    tree.add_link("/etc/ssl/certs", "/second")
    assert tree.found() == (None, "/etc/ssl/certs")
    assert_trusts()


def test_directory_that_changes_within_its_time(tree, monkeypatch):
    """Two changes may be too close to have different times."""
    def stat(path):
        status = real(path)
        if path == tree.path("/etc/ssl/certs"):
            fields = list(status)
            fields[7:] = [status.st_atime, MOMENT, now]
            status = os.stat_result(fields)
        return status

    real, now = os.stat, time.time()
    monkeypatch.setattr(os, "stat", stat)
    tree.add_text("/etc/ssl/certs/README", "nothing")
    assert tree.found() == (None, None)
    tree.add_directory("/etc/ssl/certs")
    assert tree.found() == (None, "/etc/ssl/certs")


# certifi

def test_certifi_comes_last(tree, tmpdir):
    tree.add_file("/cacert.pem")
    tree.add_text("/site/certifi.py",
                  "def where(): return %r" % tree.path("/cacert.pem"))
    tree.monkeypatch.syspath_prepend(tree.path("/site"))
    tree.monkeypatch.delitem(sys.modules, "certifi")
    assert tree.found() == ("/cacert.pem", None)
    assert_trusts()
    tree.add_file("/etc/ssl/ca-bundle.pem")
    assert tree.found() == ("/etc/ssl/ca-bundle.pem", None)


# The lines of --info about these places

def test_why(tree):
    from _ssl_backport import _info
    tree.add_text("/etc/ssl/cert.pem", "")
    tree.add_file("/etc/pki/tls/certs/ca-bundle.crt")
    places = tree.trust.look()
    assert _info.chosen("file", places).splitlines() == [
        tree.path("/etc/pki/tls/certs/ca-bundle.crt")
        + " (as on RHEL, Fedora)",
        "not used: %s (OpenSSL's default) contains no certificates"
        % tree.path("/etc/ssl/cert.pem")]
    assert _info.chosen("directory", places) == (
        "none: %s (OpenSSL's default) does not exist"
        % tree.path("/etc/ssl/certs"))
    assert _info.why_no_further(places) == []


def test_why_nothing(tree):
    from _ssl_backport import _info
    tree.add_file("/etc/pki/tls/certs/ca-bundle.crt")
    tree.set_variable("SSL_CERT_FILE", "/missing.pem")
    places = tree.trust.look()
    assert _info.chosen("file", places) == (
        "none: %s (set by SSL_CERT_FILE) does not exist"
        % tree.path("/missing.pem"))
    assert _info.why_no_further(places) == [
        "no other place is searched, because the environment sets "
        "SSL_CERT_FILE"]
