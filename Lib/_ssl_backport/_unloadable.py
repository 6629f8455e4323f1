"""Why the extension module cannot be loaded, in words for a user.

It is imported when that happens, and never else.
"""

from __future__ import absolute_import

import os
import re

# Of the processors' numbers in ELF files those that Python is often on.
MACHINES = {3: "i686", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86_64",
            183: "aarch64", 243: "riscv64"}

# glibc's own _CS_GNU_LIBC_VERSION, whose name not every 2.7 has.
GNU_LIBC_VERSION = 2

OTHER_PYTHON = "%s was built for another Python."
OTHER_OPENSSL = "%s was built for a newer OpenSSL, which has %s."
OTHER_MACHINE = "%s was built for %s, and this Python is one for %s."
OLD_LIBC = "%s needs glibc %s or later, and this system has %s."
OTHER_LIBC = "%s needs glibc, and this system has another C library."


def reason(problem, folder, extension):
    """What the words of an ImportError mean (str).

    `folder` is where the module called `extension` should be.  What is not
    understood is returned as it is.
    """
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder)
                   if name.startswith(extension + "."))
    for path in paths:
        machine, own = machine_of(path), machine_of("/proc/self/exe")
        if machine and own and machine != own:
            return OTHER_MACHINE % (path, machine, own)
    return (of_libc(problem, paths) or of_symbol(problem)
            or of_python(problem, paths, extension) or problem)


def machine_of(path):
    """"x86_64", or whatever the header of an ELF file names; else None."""
    try:
        with open(path, "rb") as stream:
            header = bytearray(stream.read(20))
    except (IOError, OSError):
        return None
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return None
    low, high = header[18:20] if header[5] == 1 else header[:17:-1]
    number = low + 256 * high
    bits = "64" if header[4] == 2 else "32"
    return "%s (%s bit)" % (
        MACHINES.get(number, "processor %d" % number), bits)


def of_libc(problem, paths):
    """A glibc that is too old, or none at all."""
    path = ", ".join(paths)
    version = re.search(r"version [`']GLIBC_([0-9.]+)' not found", problem)
    if version:
        return OLD_LIBC % (path, version.group(1), libc())
    # the words of musl's dynamic linker
    if problem.startswith(("Error loading shared library ",
                           "Error relocating ")):
        return OTHER_LIBC % path
    return None


def libc():
    """"glibc 2.5", or whatever else is known of the C library."""
    try:
        return os.confstr(GNU_LIBC_VERSION)
    except (AttributeError, OSError):
        return "another C library"


def of_symbol(problem):
    """A function of OpenSSL or of Python that is missing."""
    path, _, _ = problem.partition(": ")
    _, _, symbol = problem.partition("undefined symbol: ")
    if symbol and not symbol.startswith(("Py", "_Py")):
        return OTHER_OPENSSL % (path, symbol)
    return OTHER_PYTHON % path if symbol else None


def of_python(problem, paths, extension):
    """A module that this Python does not even try."""
    if "dynamic module does not define" in problem:
        return OTHER_PYTHON % extension
    if paths and problem.startswith("No module named"):
        return OTHER_PYTHON % ", ".join(paths)
    return None
