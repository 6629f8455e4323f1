"""Debian systems in folders: debootstrap makes them, chroot enters them.

The folders are in SSLB_CACHE or ~/.cache/ssl-backport.  Both steps need root.
"""

import os
import shlex
import shutil

from ci.shared import debian_index, environments
from ci.shared.environments import Failure

NOT_ROOT = """\
This command enters a Debian folder by chroot, which needs root."""

NO_DEBOOTSTRAP = """\
debootstrap was not found.  To install it:

    Debian, Ubuntu:  apt-get install debootstrap"""

# The packages for the tests with Debian 11's Python 2.7, and with its PyPy.
DEBIAN11 = ["python2.7", "python2.7-dev", "libssl-dev", "gcc", "make",
            "ca-certificates", "openssl"]
PYPY = ["pypy", "pypy-dev"]

# Parts of a shell script that runs in a mount namespace of its own (unshare).
# Its mounts end with the command.
MOUNT = ('tree=$0; mount -t proc proc "$tree/proc" && '
         'mount -t tmpfs tmpfs "$tree/dev/shm" && ')
SHOW = 'mkdir -p "$tree"%s && mount --bind %s "$tree"%s && '
ENTER = ('exec chroot "$tree" '
         'env -i HOME=/ LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin '
         '"$@"')

# Registers qemu with the kernel (binfmt_misc) for programs of arm64, as
# systemd does at boot.  With newer kernels the registration ends with the
# namespace.
EMULATE = (
    'formats=/proc/sys/fs/binfmt_misc && { test -e $formats/register || '
    'mount -t binfmt_misc binfmt_misc $formats; } && '
    '{ test -e $formats/qemu-aarch64 || '
    'cat /usr/lib/binfmt.d/qemu-aarch64.conf > $formats/register; } && ')


def check_root():
    if os.geteuid() != 0:
        raise Failure(NOT_ROOT)


class Tree(object):
    """A Debian system in a folder.

    name: the first part of the folder's name.
    suite: Debian's name of a release, such as "bullseye".
    arch: Debian's name of an architecture, such as "amd64".
    packages: the names of the Debian packages to install.
    """

    def __init__(self, name, suite, arch, packages, progress):
        self.suite = suite
        self.arch = arch
        self.packages = packages
        self.folder = os.path.join(environments.cache(),
                                   "%s-%s" % (name, arch))
        self.project = os.path.join(self.folder, "project")
        self.progress = progress

    def make(self):
        """Make the folder, unless it exists with the same packages."""
        stamp = self.folder + ".made-of"
        wanted = environments.digest(self.suite, self.packages)
        if environments.is_done(stamp, wanted):
            return
        if not shutil.which("debootstrap"):
            raise Failure(NO_DEBOOTSTRAP)
        self.progress.say("Debian", "making a folder of %s for %s, which "
                          "takes minutes" % (self.suite, self.arch))
        self.debootstrap(debian_index.archives())
        if self.arch == "arm64":
            environments.run(
                ["unshare", "--mount", "sh", "-c", EMULATE +
                 'chroot "$0" /debootstrap/debootstrap --second-stage',
                 self.folder], "debootstrap-arm64-2.log")
        with open(os.path.join(self.folder, "etc", "hosts"), "w") as stream:
            stream.write("127.0.0.1 localhost\n")
        environments.set_done(stamp, wanted)

    def debootstrap(self, archives):
        """Run debootstrap with each archive until one has the suite, at last
        with debootstrap's default archive."""
        shutil.rmtree(self.folder, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", "--arch=" + self.arch,
                   "--include=" + ",".join(self.packages)]
        command += ["--foreign"] if self.arch == "arm64" else []
        try:
            environments.run(
                command + [self.suite, self.folder] + archives[:1],
                "debootstrap-%s-%s.log" % (self.suite, self.arch))
        except Failure:
            if not archives:
                raise
            self.debootstrap(archives[1:])

    def command(self, command, folder, shown=()):
        """The command line that runs a command in the Debian system.

        folder: the working directory, a path in the Debian system.
        shown: pairs of a folder outside, and the path under which the Debian
        system sees it; both absolute.
        """
        script = EMULATE if self.arch == "arm64" else ""
        script += MOUNT
        for outside, inside in shown:
            outside, inside = shlex.quote(outside), shlex.quote(inside)
            script += SHOW % (inside, outside, inside)
        return ["unshare", "--mount", "sh", "-c", script + ENTER, self.folder,
                "env", "--chdir=" + folder] + command

    def run(self, command, log):
        """Run a command in the folder /project of the Debian system."""
        environments.run(self.command(command, "/project"), log)


def debian11(arch, progress):
    """The Tree of Debian 11 for an architecture."""
    packages = DEBIAN11 + (PYPY if arch == "amd64" else [])
    return Tree("debian11", "bullseye", arch, packages, progress)
