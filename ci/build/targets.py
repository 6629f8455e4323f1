"""What the wheels run on: the architectures, and the oldest glibc of each."""

import collections
import platform
import re

from ci.shared.environments import Failure

# arch is the name that Python's platform tags end with, debian Debian's name
# for it, zig the compiler's, with the oldest glibc, openssl the name in
# OpenSSL's Configure, options what is more for that; the wheels of zig get
# all the tags.
Target = collections.namedtuple("Target",
                                "arch debian zig openssl options tags")

# The newest glibc that a wheel with the tag may need (PEP 513, 571, 599).
GLIBC = collections.OrderedDict([
    ("manylinux1", (2, 5)),
    ("manylinux2010", (2, 12)),
    ("manylinux2014", (2, 17)),
])

TARGETS = {target.arch: target for target in [
    Target("x86_64", "amd64", "-target x86_64-linux-gnu.2.5",
           "linux-x86_64", [], list(GLIBC)),
    # Without a CPU zig takes one that has SSE2; Debian 11's needs none.  What
    # atomic operations on 64 bits call there is in a library of gcc: OpenSSL
    # takes locks where the compiler's own operations are said to be broken.
    Target("i686", "i386", "-target x86-linux-gnu.2.5 -mcpu=i686",
           "linux-x86",
           ["no-ec_nistp_64_gcc_128", "-DBROKEN_CLANG_ATOMICS"],
           list(GLIBC)),
    # There was no Linux for it before glibc 2.17.
    Target("aarch64", "arm64", "-target aarch64-linux-gnu.2.17",
           "linux-aarch64", [], ["manylinux2014"]),
]}

NO_TARGET = """\
There are no wheels for %s, only for %s."""


def this():
    """The architecture of this machine."""
    return platform.machine()


def find(arch):
    """The Target of an architecture."""
    try:
        return TARGETS[arch]
    except KeyError:
        raise Failure(NO_TARGET % (arch, ", ".join(sorted(TARGETS))))


def arch_of(wheel):
    """The architecture in the name of a wheel, such as "x86_64"."""
    return re.search(r"_(%s)\.whl$" % "|".join(TARGETS), wheel).group(1)
