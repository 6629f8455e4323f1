"""make test-valgrind: proves with valgrind's memcheck that the extension
accesses memory correctly and leaks none, in some of the tests.

    python3 -m ci.test.valgrind [--pythons 3.11] [PYTEST ARGUMENT...]

It takes at most an hour for each Python.  Python allocates with malloc(), so
that memcheck sees each block.  An error counts if the extension is in its
stack.  A leak counts if the extension allocated the block, or called OpenSSL
to allocate it.
"""

import argparse
import glob
import os
import shutil
import sys
import xml.etree.ElementTree

from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import run_tests

PYTHONS = "3.11"
# tests that use each kind of object once, and start no other process
TESTS = ["tests/%s.py" % name for name in (
    "transport/test_membio", "verification/test_certificate",
    "verification/test_chain", "handshake/test_session",
    "diagnosis/test_errors", "context/test_context")]
FLAGS = "-O1 -g -fno-omit-frame-pointer"
MEMCHECK = ["--tool=memcheck", "--leak-check=full", "--num-callers=40",
            "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
            "--xml=yes", "--child-silent-after-fork=yes"]
# libraries of frames between the extension and the allocation
BELOW = ("vgpreload", "libssl", "libcrypto")
OURS = "__ssl_backport"
LIMIT_SECONDS = 3600

MISSING = """\
valgrind was not found.  To install it:

    Debian, Ubuntu:  apt-get install valgrind libc6-dbg
    RHEL, Fedora:    dnf install valgrind"""


def report_path(interpreter):
    return os.path.join(environments.LOGS,
                        "valgrind-%s" % interpreter.name)


def frames(error):
    """The list of (library, function) of an error's stack, innermost
    first."""
    return [(frame.findtext("obj", ""), frame.findtext("fn", "?"))
            for frame in error.find("stack").iter("frame")]


def is_ours(error):
    places = [place for place, _ in frames(error)]
    if not error.findtext("kind").startswith("Leak_"):
        return any(OURS in place for place in places)
    above = [place for place in places
             if not any(name in place for name in BELOW)]
    return bool(above) and OURS in above[0]


def describe(error):
    what = error.findtext("what") or error.findtext("xwhat/text")
    return "\n".join(["    " + what] + [
        "        %s [%s]" % (function, os.path.basename(place))
        for place, function in frames(error)[:15]])


def complaints(interpreter):
    """The list of texts of memcheck's reports that count."""
    found = []
    for path in glob.glob(report_path(interpreter) + ".*.xml"):
        try:
            root = xml.etree.ElementTree.parse(path).getroot()
        except xml.etree.ElementTree.ParseError as error:
            found.append("    %s is incomplete: %s" % (
                os.path.relpath(path, environments.ROOT), error))
            continue
        found += [describe(error) for error in root.iter("error")
                  if is_ours(error)]
    return found


def test(interpreter, python, arguments, progress):
    """Run the tests.  Returns their Result; each complaint of valgrind counts
    as a failure."""
    for path in glob.glob(report_path(interpreter) + ".*.xml"):
        os.remove(path)
    launcher = MEMCHECK + [
        "--xml-file=%s.%%p.xml" % report_path(interpreter), python]
    result = run_tests.run_pytest(
        interpreter._replace(name="%s-valgrind" % interpreter.name),
        "valgrind", arguments, progress,
        launcher + run_tests.WITH_BACKPORT)
    return run_tests.with_complaints(result, complaints(interpreter),
                                     "valgrind")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS", default=PYTHONS,
                        help="such as '2.7 3.11' (default: %(default)s)")
    options, arguments = parser.parse_known_args()
    # without it tests/conftest.py starts pytest again, outside valgrind
    os.environ["OPENSSL_CONF"] = os.devnull
    progress = environments.Progress()
    try:
        if not shutil.which("valgrind"):
            raise Failure(MISSING)
        interpreters = run_tests.find(options.pythons)
        os.environ["CFLAGS"] = FLAGS
        pythons = [environments.prepare(interpreter, progress, "valgrind")
                   for interpreter in interpreters]
    except Failure as failure:
        return "\n%s" % failure
    os.environ["PYTHONMALLOC"] = "malloc"
    run_tests.LIMIT_SECONDS = LIMIT_SECONDS
    return run_tests.report([
        (interpreter, test(interpreter, python, arguments + TESTS, progress))
        for interpreter, python in zip(interpreters, pythons)])


if __name__ == "__main__":
    sys.exit(main())
