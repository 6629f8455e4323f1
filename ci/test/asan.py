"""make test-asan: proves with AddressSanitizer and UBSan that the tests touch
no memory that they must not, and leak none.

    python3 -m ci.test.asan [--pythons "2.7 3.11"] [PYTEST ARGUMENT...]

The extension is built with both sanitizers into environments of its own, and
their libraries are preloaded.  An error ends the tests at once.  Of the leaks
that are found when a process ends, those count that the extension allocated
or had OpenSSL allocate: Python itself lets much memory go with the process.
It takes several times as long as make test.
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
# as the sanitizers are told to write a frame: with the library it is in
FORMAT = "'    #%n [%m] %f %L'"
FRAME = re.compile(r"^ +#\d+ \[(.*?)\] ", re.MULTILINE)

# frames between the extension and the allocation
BELOW = ("libasan", "libssl", "libcrypto", "sanitizer")
OURS = "__ssl_backport"

MISSING = """\
%s was not found: make test-asan needs gcc with its sanitizers.

    Debian, Ubuntu:  apt-get install gcc
    RHEL, Fedora:    dnf install gcc libasan libubsan"""


def library(name):
    """The path of a sanitizer's library, as the compiler knows it."""
    try:
        path = subprocess.check_output(
            ["gcc", "-print-file-name=" + name], universal_newlines=True)
    except OSError:
        raise Failure(MISSING % "gcc")
    if not os.path.isabs(path.strip()):
        raise Failure(MISSING % name)
    return path.strip()


def reports(interpreter):
    """What the sanitizers wrote, a text for each process."""
    for path in sorted(glob.glob(log_path(interpreter) + ".*")):
        with open(path, errors="replace") as stream:
            yield path, stream.read()


def log_path(interpreter):
    return os.path.join(environments.LOGS, "asan-%s" % interpreter.name)


def is_ours(leak):
    """Whether the first frame above allocators and OpenSSL is ours."""
    for place in FRAME.findall(leak):
        if not any(name in place for name in BELOW):
            return OURS in place
    return False


def complaints(interpreter):
    """Errors and leaks of the extension, as texts."""
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
    found = complaints(interpreter)
    if found:
        note = "%d complaints of the sanitizers, such as\n\n%s" % (
            len(found), "\n\n".join(found[:3]))
        result = result._replace(note=note, failed=result.failed + len(found))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS", default=PYTHONS)
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
