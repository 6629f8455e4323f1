"""make test-asan: proves with AddressSanitizer and UBSan that the extension
accesses memory correctly and leaks none.

    python3 -m ci.test.asan [--pythons "2.7 3.11"] [PYTEST ARGUMENT...]

It takes several times as long as make test.  The extension is built with both
sanitizers, in environments of its own, and the sanitizers' libraries are
preloaded.  An error ends the tests at once.  A leak at the end of a process
counts if the extension allocated the memory, or called OpenSSL to allocate it.
Other leaks do not count, since Python does not free all its memory.
"""

import argparse
import glob
import os
import re
import subprocess
import sys

from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import run_tests

PYTHONS = "2.7 3.11"
FLAGS = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined"
LIBRARIES = ["libasan.so", "libubsan.so"]
# the format of a stack frame in the reports, with the frame's library
FORMAT = "'    #%n [%m] %f %L'"
FRAME = re.compile(r"^ +#\d+ \[(.*?)\] ", re.MULTILINE)

# libraries of frames between the extension and the allocation
BELOW = ("libasan", "libssl", "libcrypto", "sanitizer")
OURS = "__ssl_backport"

MISSING = """\
%s was not found.  make test-asan needs gcc and its sanitizers:

    Debian, Ubuntu:  apt-get install gcc
    RHEL, Fedora:    dnf install gcc libasan libubsan"""


def library(name):
    """The path of a sanitizer's library, from gcc."""
    try:
        path = subprocess.check_output(
            ["gcc", "-print-file-name=" + name], universal_newlines=True)
    except OSError:
        raise Failure(MISSING % "gcc")
    if not os.path.isabs(path.strip()):
        raise Failure(MISSING % name)
    return path.strip()


def reports(interpreter):
    """Generate (path, text) of the sanitizers' report of each process."""
    for path in sorted(glob.glob(log_path(interpreter) + ".*")):
        with open(path, errors="replace") as stream:
            yield path, stream.read()


def log_path(interpreter):
    return os.path.join(environments.LOGS, "asan-%s" % interpreter.name)


def is_ours(leak):
    """Whether the extension has the first frame outside allocators and
    OpenSSL."""
    for place in FRAME.findall(leak):
        if not any(name in place for name in BELOW):
            return OURS in place
    return False


def complaints(interpreter):
    """The list of texts of errors, and of leaks of the extension."""
    found = []
    for path, text in reports(interpreter):
        if "LeakSanitizer" in text:
            blocks = re.split(r"\n\n+", text)
            found += [block for block in blocks
                      if "leak of" in block and is_ours(block)]
        elif "ERROR: AddressSanitizer" in text or "runtime error" in text:
            found.append("%s:\n%s" % (os.path.relpath(path), text[:3000]))
    return found


def test(interpreter, python, arguments, progress):
    for path, _ in reports(interpreter):
        os.remove(path)
    os.environ["ASAN_OPTIONS"] = (
        "detect_leaks=1:exitcode=99:stack_trace_format=%s:log_path=%s" % (
            FORMAT, log_path(interpreter)))
    os.environ["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
    result = run_tests.run_pytest(
        interpreter._replace(name="%s-asan" % interpreter.name), python,
        arguments, progress)
    return run_tests.with_complaints(result, complaints(interpreter),
                                     "the sanitizers")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS", default=PYTHONS,
                        help="such as '2.7 3.11' (default: '%(default)s')")
    options, arguments = parser.parse_known_args()
    progress = environments.Progress()
    try:
        preloaded = " ".join(library(name) for name in LIBRARIES)
        interpreters = run_tests.find(options.pythons)
        os.environ.update(CFLAGS=FLAGS, LDFLAGS="-fsanitize=address,undefined")
        pythons = [environments.prepare(interpreter, progress, "asan")
                   for interpreter in interpreters]
    except Failure as failure:
        return "\n%s" % failure
    os.environ.update(LD_PRELOAD=preloaded, LSAN_OPTIONS="exitcode=0")
    return run_tests.report([
        (interpreter, test(interpreter, python, arguments, progress))
        for interpreter, python in zip(interpreters, pythons)])


if __name__ == "__main__":
    sys.exit(main())
