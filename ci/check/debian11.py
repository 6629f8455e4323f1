"""make check-debian11: proves that the 2.7 wheel and the source work on
foreign systems.

    python3 -m ci.check.debian11 [HOST...]      # as root

The systems are Debian 11, made by debootstrap for amd64, i386 and arm64, each
with its own Python 2.7.18 and OpenSSL 1.1.1, that for amd64 with PyPy 7.3.3
as well.  They are kept in SSLB_CACHE or ~/.cache/ssl-backport; what is
installed in them is removed again.  It needs root, for chroot, and for arm64
qemu.  A HOST is a name of the table that ends the run, such as pypy-amd64;
all of them otherwise.  It takes about half an hour, half of which is PyPy's.
"""

import argparse
import collections
import glob
import os
import shutil
import sys

from ci.build import openssl
from ci.build import sdist as source_distribution
from ci.build import targets, wheels
from ci.shared import debian, environments
from ci.shared.environments import Failure
from ci.test import run_tests

SYSTEM_OPENSSL = "1.1.1"

NO_QEMU = """\
This machine cannot run programs for arm64.  To let it:

    Debian, Ubuntu:  apt-get install qemu-user-static"""

NO_HOST = """\
There is no host %r.  There are: %s."""

# name, the tree's architecture, the interpreter there, whether the wheel is
# for it, and the tests, all of them or, where they would take hours, those
# of each kind of connection
Host = collections.namedtuple("Host", "name arch python wheel tests")

HOSTS = [
    Host("cpython-amd64", "amd64", "python2.7", True, [""]),
    Host("pypy-amd64", "amd64", "pypy", False, [""]),
    Host("cpython-i386", "i386", "python2.7", False, [""]),
    Host("cpython-arm64", "arm64", "python2.7", False, [
        "handshake/test_handshake.py", "transport/test_read_write.py",
        "transport/test_membio.py", "module/test_functions.py",
        "module/test_names.py"]),
]


class Installation(object):
    """A host's interpreter in its tree, and what is installed for it."""

    def __init__(self, host, tree, progress):
        self.host = host
        self.tree = tree
        self.progress = progress

    def pip(self, *arguments):
        """pip as root, from the files that were put there.  It does not
        compile: on PyPy it seeks the result in the wrong place."""
        wheel, = glob.glob(os.path.join(self.tree.project, "packages",
                                        "pip-*.whl"))
        self.tree.run([self.host.python,
                       "packages/%s/pip" % os.path.basename(wheel),
                       *arguments], "debian11-pip-%s.log" % self.host.name)

    def install(self, *arguments):
        self.pip("install", "--no-compile", "--no-index", *arguments)

    def prepare(self):
        """Install the tools of the tests."""
        self.install("--find-links", "packages", "setuptools", "wheel")
        self.install("--find-links", "packages", "--no-build-isolation",
                     "-r", "source/ci/requirements/2.7.txt")
        self.progress.say(self.host.name, "pytest installed")

    def test(self, package, version):
        """Install a file, run the tests with it and remove it; the row of
        the table."""
        self.install("--no-deps", "--force-reinstall", "--no-build-isolation",
                     package)
        self.progress.say(self.host.name, "%s installed, tests started"
                          % os.path.basename(package))
        code = "import ssl; assert %r in ssl.OPENSSL_VERSION" % version
        self.tree.run([self.host.python, "-m", "_ssl_backport", "-c", code],
                      "debian11-version-%s.log" % self.host.name)
        log = "debian11-test-%s.log" % self.host.name
        self.tree.run(
            [self.host.python, "-B", "-m", "_ssl_backport", "-m", "pytest",
             "-v", "-p", "no:cacheprovider", "--junitxml",
             "/project/report.xml"] +
            ["source/tests/" + name for name in self.host.tests], log)
        result = run_tests.read_report(
            os.path.join(self.tree.project, "report.xml"), 0, log)
        self.pip("uninstall", "--yes", "ssl-backport")
        self.progress.say(self.host.name, "tests ended")
        return (self.host.name, os.path.basename(package), version,
                result.passed, result.skipped)


def fill(tree, sdist, packages):
    """Put the source with its tests, and pytest into the tree."""
    shutil.rmtree(tree.project, ignore_errors=True)
    source = source_distribution.unpack(
        sdist, os.path.join(tree.project, "unpacked"))
    shutil.move(source, os.path.join(tree.project, "source"))
    shutil.copytree(packages, os.path.join(tree.project, "packages"))


def download(folder, progress):
    """Fetch the packages of the tests."""
    shutil.rmtree(folder, ignore_errors=True)
    python = wheels.make_environment(environments.find("2.7"), progress)
    environments.run(
        [python, "-m", "pip", "download", "-r",
         environments.requirements("2.7"), "--dest", folder],
        "debian11-download.log")


def make_tree(arch, progress):
    """The Debian 11 system of an architecture with all that tests need."""
    sdist, = glob.glob(os.path.join(wheels.WHEELS, "sdist", "*.tar.gz"))
    packages = os.path.join(environments.BUILD, "debian11-packages")
    download(packages, progress)
    tree = debian.debian11(arch, progress)
    tree.make()
    fill(tree, sdist, packages)
    return tree


def test_wheel(installation, path):
    """The row of a wheel in the table."""
    shutil.copy(path, installation.tree.project)
    return installation.test(os.path.basename(path),
                             openssl.release(openssl.in_wheels()).version)


def check_wheel(host, path, progress):
    """The numbers of tests of a wheel that passed and were skipped."""
    if host.arch == "arm64":
        check_qemu()
    installation = Installation(host, make_tree(host.arch, progress),
                                progress)
    installation.prepare()
    return test_wheel(installation, path)[-2:]


def check(hosts, progress):
    """The rows of the table."""
    trees = {}
    for host in hosts:
        if host.arch not in trees:
            trees[host.arch] = make_tree(host.arch, progress)
        installation = Installation(host, trees[host.arch], progress)
        installation.prepare()
        if host.wheel:
            yield test_wheel(installation, wheels.wheel_in(
                wheels.WHEELS, "2.7", targets.find("x86_64")))
        yield installation.test("./source", SYSTEM_OPENSSL)


def report(rows):
    print("\n%-16s %-44s %-8s %8s %8s" % (
        "", "installed from", "OpenSSL", "passed", "skipped"))
    for row in rows:
        print("%-16s %-44s %-8s %8d %8d" % row)


def check_qemu():
    if not shutil.which("qemu-aarch64-static"):
        raise Failure(NO_QEMU)


def choose(names):
    known = {host.name: host for host in HOSTS}
    for name in names:
        if name not in known:
            raise Failure(NO_HOST % (name, ", ".join(sorted(known))))
    return [known[name] for name in names] or HOSTS


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("hosts", metavar="HOST", nargs="*")
    progress = environments.Progress()
    try:
        hosts = choose(parser.parse_args().hosts)
        debian.check_root()
        if environments.find("2.7") is None:
            raise Failure(environments.NO_PYTHON27)
        if any(host.arch == "arm64" for host in hosts):
            check_qemu()
        rows = list(check(hosts, progress))
    except Failure as failure:
        return "\n%s" % failure
    report(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
