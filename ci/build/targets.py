"""The architectures that wheels run on, and the oldest glibc of each."""

import collections
import platform
import re

from ci.shared.environments import Failure

# arch: the architecture in Python's platform tags.  debian: Debian's name for
# it.  zig: the options of zig, which name the oldest glibc.  openssl: the
# target of OpenSSL's Configure, with more options for it.  tags: the platform
# tags of wheels that zig compiles.
Target = collections.namedtuple("Target",
                                "arch debian zig openssl options tags")

# The newest glibc that a wheel with a tag may need (PEP 513, 571, 599).
GLIBC = collections.OrderedDict([
    ("manylinux1", (2, 5)),
    ("manylinux2010", (2, 12)),
    ("manylinux2014", (2, 17)),
])

TARGETS = {target.arch: target for target in [
    Target("x86_64", "amd64", "-target x86_64-linux-gnu.2.5",
           "linux-x86_64", [], list(GLIBC)),
    # zig's default CPU has SSE2, but Debian 11 also runs on CPUs without it.
    # There, 64-bit atomic operations need libatomic, a library of gcc.  With
    # BROKEN_CLANG_ATOMICS OpenSSL uses locks instead.
    Target("i686", "i386", "-target x86-linux-gnu.2.5 -mcpu=i686",
           "linux-x86",
           ["no-ec_nistp_64_gcc_128", "-DBROKEN_CLANG_ATOMICS"],
           list(GLIBC)),
    # glibc 2.17 is the first that supports this architecture
    Target("aarch64", "arm64", "-target aarch64-linux-gnu.2.17",
           "linux-aarch64", [], ["manylinux2014"]),
]}

NO_TARGET = """\
Wheels for %s are not supported, only for %s."""


def this():
    """The architecture of this machine."""
    return platform.machine()


def find(arch):
    """The Target of an architecture.  Raises Failure if it has none."""
    try:
        return TARGETS[arch]
    except KeyError:
        raise Failure(NO_TARGET % (arch, ", ".join(sorted(TARGETS))))


def arch_of(wheel):
    """The architecture in the name of a wheel, such as "x86_64"."""
    return re.search(r"_(%s)\.whl$" % "|".join(TARGETS), wheel).group(1)
