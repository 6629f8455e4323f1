"""Explains to a user why Python cannot load the extension module.

_install.py imports this module only after such a failure.
"""

from __future__ import absolute_import

import os
import re

# Names for the processor numbers in ELF files, for common processors.
MACHINES = {3: "i686", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86_64",
            183: "aarch64", 243: "riscv64"}

# glibc's _CS_GNU_LIBC_VERSION; not every 2.7 knows the name.
GNU_LIBC_VERSION = 2

OTHER_PYTHON = "%s was built for another Python."
OTHER_OPENSSL = ("%s was built for a newer OpenSSL: the OpenSSL of this "
                 "system has no function %s.")
OTHER_MACHINE = "%s was built for %s, but this Python was built for %s."
OLD_LIBC = "%s needs glibc %s or later, but this system has %s."
OTHER_LIBC = "%s needs glibc, but this system has another C library."


def reason(problem, folder, extension):
    """Return the explanation (str) of an ImportError.

    problem: the error's text (str). folder: the directory or archive that
    should contain the module. extension: the module's name.
    Returns `problem` unchanged if its cause is unknown.
    """
    names = os.listdir(folder) if os.path.isdir(folder) else []
    paths = sorted(os.path.join(folder, name) for name in names
                   if name.startswith(extension + "."))
    for path in paths:
        machine, own = machine_of(path), machine_of("/proc/self/exe")
        if machine and own and machine != own:
            return OTHER_MACHINE % (path, machine, own)
    return (of_libc(problem, paths) or of_symbol(problem)
            or of_python(problem, paths, extension) or problem)


def machine_of(path):
    """Return the processor in the header of an ELF file, such as "x86_64 (64
    bit)" (str); None for any other file."""
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
    """Explain an error about a glibc that is too old or missing, or return
    None."""
    path = ", ".join(paths)
    version = re.search(r"version [`']GLIBC_([0-9.]+)' not found", problem)
    if version:
        return OLD_LIBC % (path, version.group(1), libc())
    # these are messages of musl's dynamic linker
    if problem.startswith(("Error loading shared library ",
                           "Error relocating ")):
        return OTHER_LIBC % path
    return None


def libc():
    """Return the C library of this system, such as "glibc 2.5" (str)."""
    try:
        return os.confstr(GNU_LIBC_VERSION)
    except (AttributeError, OSError):
        return "another C library"


def of_symbol(problem):
    """Explain an error about a missing function of OpenSSL or Python, or
    return None."""
    path, _, _ = problem.partition(": ")
    _, _, symbol = problem.partition("undefined symbol: ")
    if symbol and not symbol.startswith(("Py", "_Py")):
        return OTHER_OPENSSL % (path, symbol)
    return OTHER_PYTHON % path if symbol else None


def of_python(problem, paths, extension):
    """Explain an error about a module for another Python, or return None."""
    if "dynamic module does not define" in problem:
        return OTHER_PYTHON % extension
    if paths and problem.startswith("No module named"):
        return OTHER_PYTHON % ", ".join(paths)
    return None
