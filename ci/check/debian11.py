"""make check-debian11: proves that the 2.7 wheel and the source work in
Debian 11.

    python3 -m ci.check.debian11 [HOST...]      # as root

It takes about half an hour, half of it for PyPy.  A HOST is an interpreter and
an architecture, such as pypy-amd64.  Without a HOST the tests run on all four.

debootstrap makes Debian 11 in folders, for amd64, i386 and arm64.  They have
Debian's Python 2.7.18 and OpenSSL 1.1.1.  The folder for amd64 also has PyPy
7.3.3.  The folders stay in SSLB_CACHE or ~/.cache/ssl-backport; the script
uninstalls the backport from them.  chroot needs root, and arm64 needs qemu.
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
This machine cannot run programs for arm64.  To install qemu:

    Debian, Ubuntu:  apt-get install qemu-user-static"""

NO_SDIST = """\
There is no source distribution in .build/wheels.  To make it, with the wheel:

    make wheels PYTHONS=2.7"""

NO_HOST = """\
%r is not a host.  The hosts are: %s."""

# arch: Debian's name of the architecture.  python: the interpreter.  wheel:
# whether to test the wheel.  tests: paths in tests/; where all tests would
# take hours, those of each kind of connection.
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
    """The interpreter of a Host in its Debian folder."""

    def __init__(self, host, tree, progress):
        self.host = host
        self.tree = tree
        self.progress = progress

    def pip(self, *arguments):
        """Run pip, from its wheel in the folder."""
        wheel, = glob.glob(os.path.join(self.tree.project, "packages",
                                        "pip-*.whl"))
        self.tree.run([self.host.python,
                       "packages/%s/pip" % os.path.basename(wheel),
                       *arguments], "debian11-pip-%s.log" % self.host.name)

    def install(self, *arguments):
        # pip on PyPy searches the compiled files in a wrong folder
        self.pip("install", "--no-compile", "--no-index", *arguments)

    def prepare(self):
        """Install the packages that the tests need."""
        self.install("--find-links", "packages", "setuptools", "wheel")
        self.install("--find-links", "packages", "--no-build-isolation",
                     "-r", "source/ci/requirements/2.7.txt")
        self.progress.say(self.host.name, "pytest installed")

    def test(self, package, version):
        """Install the backport, run the tests, and uninstall the backport.

        package: the path of a wheel or of the source.
        version: the OpenSSL that the backport must report.
        Returns a row of the table.
        """
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
    """Copy the source, with its tests, and the packages into the folder."""
    shutil.rmtree(tree.project, ignore_errors=True)
    source = source_distribution.unpack(
        sdist, os.path.join(tree.project, "unpacked"))
    shutil.move(source, os.path.join(tree.project, "source"))
    shutil.copytree(packages, os.path.join(tree.project, "packages"))


def download(folder, progress):
    """Download the packages that the tests need."""
    shutil.rmtree(folder, ignore_errors=True)
    python = wheels.make_environment(environments.find("2.7"), progress)
    environments.run(
        [python, "-m", "pip", "download", "-r",
         environments.requirements("2.7"), "--dest", folder],
        "debian11-download.log")


def make_tree(arch, progress):
    """Make the Tree of an architecture, with all files for the tests."""
    found = glob.glob(os.path.join(wheels.WHEELS, "sdist", "*.tar.gz"))
    if not found:
        raise Failure(NO_SDIST)
    packages = os.path.join(environments.BUILD, "debian11-packages")
    download(packages, progress)
    tree = debian.debian11(arch, progress)
    tree.make()
    fill(tree, found[0], packages)
    return tree


def test_wheel(installation, path):
    """Test a wheel.  Returns its row of the table."""
    shutil.copy(path, installation.tree.project)
    return installation.test(os.path.basename(path),
                             openssl.release(openssl.in_wheels()).version)


def check_wheel(host, path, progress):
    """Test a wheel on a host.  Returns the numbers of tests that passed, and
    that were skipped."""
    if host.arch == "arm64":
        check_qemu()
    installation = Installation(host, make_tree(host.arch, progress),
                                progress)
    installation.prepare()
    return test_wheel(installation, path)[-2:]


def check(hosts, progress):
    """Test each host.  Generates the rows of the table."""
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
    parser.add_argument("hosts", metavar="HOST", nargs="*",
                        help="such as pypy-amd64 (default: all)")
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
