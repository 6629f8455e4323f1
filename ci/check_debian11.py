"""make check-debian11: the 2.7 wheel and the source on a foreign system.

    python3 ci/check_debian11.py        # as root

The system is a Debian 11 made by debootstrap, with its own Python 2.7.18 and
OpenSSL 1.1.1.  It is kept in SSLB_CACHE or ~/.cache/ssl-backport; what is
installed in it is removed again.  It needs root, for chroot.
"""

import glob
import os
import shutil
import sys

import check_sdist
import environments
import openssl
import run_tests
import wheels
from environments import Failure

SUITE = "bullseye"
PACKAGES = ("python2.7,python2.7-dev,libssl-dev,gcc,make,ca-certificates,"
            "openssl")

NOT_ROOT = """\
The Debian 11 tree is entered by chroot, which only root may do."""

NO_DEBOOTSTRAP = """\
debootstrap was not found.  To get it:

    Debian, Ubuntu:  apt-get install debootstrap"""

# Nothing of it is mounted outside of the command's own name space.
ENTER = ('tree=$0; mount -t proc proc "$tree/proc" && '
         'mount -t tmpfs tmpfs "$tree/dev/shm" && exec chroot "$tree" '
         'env -i HOME=/ LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin '
         '"$@"')


class Tree(object):
    """The Debian 11 system in a folder."""

    def __init__(self, folder, progress):
        self.folder = folder
        self.progress = progress

    def make(self):
        """debootstrap, once."""
        stamp = self.folder + ".made-of"
        wanted = environments.digest(SUITE, PACKAGES)
        if environments.is_done(stamp, wanted):
            return
        if not shutil.which("debootstrap"):
            raise Failure(NO_DEBOOTSTRAP)
        self.debootstrap(openssl.debian_archives())
        with open(os.path.join(self.folder, "etc", "hosts"), "w") as stream:
            stream.write("127.0.0.1 localhost\n")
        environments.set_done(stamp, wanted)
        self.progress.say("Debian 11", "made by debootstrap")

    def debootstrap(self, archives):
        """From the first archive that has it, or from debootstrap's own."""
        shutil.rmtree(self.folder, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase",
                   "--include=" + PACKAGES, SUITE, self.folder]
        try:
            environments.run(command + archives[:1], "debootstrap.log")
        except Failure:
            if not archives:
                raise
            self.debootstrap(archives[1:])

    def run(self, command, log, folder="/project"):
        environments.run(
            ["unshare", "--mount", "sh", "-c", ENTER, self.folder, "env",
             "--chdir=" + folder] + command, log)

    def pip(self, *arguments):
        """pip as root, from the files that were put there."""
        wheel, = glob.glob(os.path.join(self.folder, "project", "packages",
                                        "pip-*.whl"))
        self.run(["python2.7", "packages/%s/pip" % os.path.basename(wheel),
                  *arguments], "debian11-pip.log")

    def fill(self, sdist, wheel):
        """Put the wheel, the source with its tests, and pytest there."""
        work = os.path.join(self.folder, "project")
        shutil.rmtree(work, ignore_errors=True)
        source = check_sdist.unpack(sdist, os.path.join(work, "unpacked"))
        shutil.move(source, os.path.join(work, "source"))
        shutil.copy(wheel, work)
        python = wheels.make_environment(environments.find("2.7"),
                                         self.progress)
        environments.run(
            [python, "-m", "pip", "download", "-r",
             environments.requirements("2.7"), "--dest",
             os.path.join(work, "packages")], "debian11-download.log")
        self.pip("install", "--no-index", "--find-links", "packages",
                 "setuptools", "wheel")
        self.pip("install", "--no-index", "--find-links", "packages",
                 "--no-build-isolation", "-r",
                 "source/ci/requirements-2.7.txt")

    def test(self, package, version):
        """Install a file and run all tests with it; then remove it."""
        self.pip("install", "--no-index", "--no-deps", "--force-reinstall",
                 "--no-build-isolation", package)
        report = os.path.join(self.folder, "project", "report.xml")
        code = "import ssl; assert %r in ssl.OPENSSL_VERSION" % version
        self.run(["python2.7", "-m", "_ssl_backport", "-c", code],
                 "debian11-version.log")
        log = "debian11-test.log"
        self.run(["python2.7", "-m", "_ssl_backport", "-m", "pytest", "-v",
                  "-p", "no:cacheprovider", "--junitxml",
                  "/project/report.xml", "source/tests"], log)
        result = run_tests.read_report(report, 0, log)
        self.pip("uninstall", "--yes", "ssl-backport")
        self.progress.say("Debian 11", "%s, OpenSSL %s: %d tests passed, "
                          "%d skipped" % (os.path.basename(package), version,
                                          result.passed, result.skipped))


def main():
    progress = environments.Progress()
    tree = Tree(os.path.join(openssl.cache(), "debian11"), progress)
    try:
        if os.geteuid() != 0:
            raise Failure(NOT_ROOT)
        if environments.find("2.7") is None:
            raise Failure(environments.NO_PYTHON27)
        sdist, = glob.glob(os.path.join(wheels.WHEELS, "sdist", "*.tar.gz"))
        wheel = wheels.wheel_in(wheels.WHEELS, "2.7")
        tree.make()
        tree.fill(sdist, wheel)
        tree.test(os.path.basename(wheel),
                  openssl.release(openssl.in_wheels()).version)
        tree.test("./source", "1.1.1")
    except Failure as failure:
        return "\n%s" % failure
    return 0


if __name__ == "__main__":
    sys.exit(main())
