"""make test-tsan: proves with ThreadSanitizer that the extension has no data
race in the thread tests.

    python3 -m ci.test.tsan [--pythons "2.7 3.11"] [PYTEST ARGUMENT...]

It takes some minutes for each Python.  Only the extension is built with
ThreadSanitizer.  The sanitizer sees the locks of Python and OpenSSL, which are
pthread locks, but not their accesses to memory.  So a race counts if both of
its accesses go through the extension.
"""

import argparse
import glob
import os
import re
import shutil
import sys

from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import asan, run_tests

PYTHONS = "2.7 3.11"
# without tests that fork, since the sanitizer does not support threads in a
# forked child
TESTS = ["tests/%s.py" % name for name in (
    "threads/test_threads", "threads/test_duplex", "threads/test_gil",
    "threads/test_wakeups", "faults/test_collection")]
FLAGS = "-O1 -g -fno-omit-frame-pointer -fsanitize=thread"
OURS = "__ssl_backport"
LIMIT_SECONDS = 3600

# the line above the stack of one access of a race
SIDE = re.compile("^  (Read|Write|Atomic|Previous) ", re.MULTILINE)

MISSING = """\
libtsan.so was not found.  make test-tsan needs gcc and its sanitizers:

    Debian, Ubuntu:  apt-get install gcc
    RHEL, Fedora:    dnf install gcc libtsan"""


def library():
    try:
        return asan.library("libtsan.so")
    except Failure:
        raise Failure(MISSING)


def log_path(interpreter):
    return os.path.join(environments.LOGS, "tsan-%s" % interpreter.name)


def is_ours(report):
    """Whether the stacks of both accesses contain the extension."""
    stacks = [stack for stack in report.split("\n\n")
              if SIDE.search(stack)]
    return (len(stacks) > 1
            and all(OURS in stack for stack in stacks[:2]))


def complaints(interpreter):
    """The list of the sanitizer's reports that count."""
    found = []
    for path in sorted(glob.glob(log_path(interpreter) + ".*")):
        with open(path, errors="replace") as stream:
            text = stream.read()
        found += [report for report in text.split("=" * 18)
                  if "WARNING: ThreadSanitizer" in report
                  and is_ours(report)]
    return found


def launcher(python, preloaded):
    """The command line that runs Python with the library preloaded.

    setarch switches address randomization off, since the library supports
    fewer random bits than some kernels use.
    """
    fixed = ["setarch", "-R"] if shutil.which("setarch") else []
    return fixed + ["env", "LD_PRELOAD=" + preloaded, python]


def test(interpreter, python, preloaded, arguments, progress):
    """Run the tests.  Returns their Result; each complaint of the sanitizer
    counts as a failure."""
    for path in glob.glob(log_path(interpreter) + ".*"):
        os.remove(path)
    os.environ["TSAN_OPTIONS"] = "exitcode=0:history_size=5:log_path=%s" % (
        log_path(interpreter))
    command = launcher(python, preloaded) + run_tests.WITH_BACKPORT
    result = run_tests.run_pytest(
        interpreter._replace(name="%s-tsan" % interpreter.name),
        command[0], arguments, progress, command[1:])
    return run_tests.with_complaints(result, complaints(interpreter),
                                     "the sanitizer")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS", default=PYTHONS,
                        help="such as '2.7 3.11' (default: '%(default)s')")
    options, arguments = parser.parse_known_args()
    progress = environments.Progress()
    try:
        preloaded = library()
        interpreters = run_tests.find(options.pythons)
        os.environ.update(CFLAGS=FLAGS, LDFLAGS="-fsanitize=thread")
        pythons = [environments.prepare(interpreter, progress, "tsan")
                   for interpreter in interpreters]
    except Failure as failure:
        return "\n%s" % failure
    run_tests.LIMIT_SECONDS = LIMIT_SECONDS
    return run_tests.report([
        (interpreter, test(interpreter, python, preloaded,
                           arguments + TESTS, progress))
        for interpreter, python in zip(interpreters, pythons)])


if __name__ == "__main__":
    sys.exit(main())
