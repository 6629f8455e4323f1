"""Debian systems in folders, made by debootstrap and entered by chroot.

They are kept in SSLB_CACHE or ~/.cache/ssl-backport.  To make and to enter
them one must be root.
"""

import os
import shlex
import shutil

from ci.shared import debian_index, environments
from ci.shared.environments import Failure

NOT_ROOT = """\
The trees of Debian are entered by chroot, which only root may do."""

NO_DEBOOTSTRAP = """\
debootstrap was not found.  To get it:

    Debian, Ubuntu:  apt-get install debootstrap"""

# What Debian 11's Python 2.7 and PyPy are tried with.
DEBIAN11 = ["python2.7", "python2.7-dev", "libssl-dev", "gcc", "make",
            "ca-certificates", "openssl"]
PYPY = ["pypy", "pypy-dev"]

# Nothing of it is mounted outside of the command's own name space.
MOUNT = ('tree=$0; mount -t proc proc "$tree/proc" && '
         'mount -t tmpfs tmpfs "$tree/dev/shm" && ')
SHOW = 'mkdir -p "$tree"%s && mount --bind %s "$tree"%s && '
ENTER = ('exec chroot "$tree" '
         'env -i HOME=/ LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin '
         '"$@"')

# Has the kernel start qemu for programs of arm64, as systemd does where it
# runs.  Newer kernels forget it with the name space.
EMULATE = (
    'formats=/proc/sys/fs/binfmt_misc && { test -e $formats/register || '
    'mount -t binfmt_misc binfmt_misc $formats; } && '
    '{ test -e $formats/qemu-aarch64 || '
    'cat /usr/lib/binfmt.d/qemu-aarch64.conf > $formats/register; } && ')


def check_root():
    if os.geteuid() != 0:
        raise Failure(NOT_ROOT)


class Tree(object):
    """A Debian system in a folder: name is the first part of the folder's
    name, suite such as "bullseye", packages what is installed there."""

    def __init__(self, name, suite, arch, packages, progress):
        self.suite = suite
        self.arch = arch
        self.packages = packages
        self.folder = os.path.join(environments.cache(),
                                   "%s-%s" % (name, arch))
        self.project = os.path.join(self.folder, "project")
        self.progress = progress

    def make(self):
        """debootstrap, once."""
        stamp = self.folder + ".made-of"
        wanted = environments.digest(self.suite, self.packages)
        if environments.is_done(stamp, wanted):
            return
        if not shutil.which("debootstrap"):
            raise Failure(NO_DEBOOTSTRAP)
        self.progress.say("Debian", "a tree of %s for %s is being made, which "
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
        """From the first archive that has it, or from debootstrap's own."""
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
        """What runs a command in a folder of the tree.  shown: pairs of
        a folder outside of the tree and the place where it is seen there,
        both absolute."""
        script = EMULATE if self.arch == "arm64" else ""
        script += MOUNT
        for outside, inside in shown:
            outside, inside = shlex.quote(outside), shlex.quote(inside)
            script += SHOW % (inside, outside, inside)
        return ["unshare", "--mount", "sh", "-c", script + ENTER, self.folder,
                "env", "--chdir=" + folder] + command

    def run(self, command, log):
        """Run a command in the tree's folder /project."""
        environments.run(self.command(command, "/project"), log)


def debian11(arch, progress):
    """The Debian 11 system of an architecture."""
    packages = DEBIAN11 + (PYPY if arch == "amd64" else [])
    return Tree("debian11", "bullseye", arch, packages, progress)
