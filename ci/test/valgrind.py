"""make test-valgrind: a part of the tests in valgrind's memcheck.

    python3 -m ci.test.valgrind [--pythons 3.11] [PYTEST ARGUMENT...]

Python takes its memory from malloc(), so that memcheck sees each block.  Of
what it reports, those errors count that have the extension in their stack,
and those leaks of blocks that the extension took or had OpenSSL take; what
Python and OpenSSL do among themselves does not.
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
# everything once that makes, keeps and frees memory; one process
TESTS = ["tests/%s.py" % name for name in (
    "transport/test_membio", "verification/test_certificate",
    "verification/test_chain", "handshake/test_session",
    "diagnosis/test_errors", "context/test_context")]
FLAGS = "-O1 -g -fno-omit-frame-pointer"
MEMCHECK = ["--tool=memcheck", "--leak-check=full", "--num-callers=40",
            "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
            "--xml=yes", "--child-silent-after-fork=yes"]
# between the extension and the allocation
BELOW = ("vgpreload", "libssl", "libcrypto")
OURS = "__ssl_backport"
LIMIT_SECONDS = 3600
TOLD = 3

MISSING = """\
valgrind was not found.  To get it:

    Debian, Ubuntu:  apt-get install valgrind libc6-dbg
    RHEL, Fedora:    dnf install valgrind"""


def report_path(interpreter):
    return os.path.join(environments.LOGS,
                        "valgrind-%s" % interpreter.name)


def frames(error):
    """[(library, function)] of where it happened, innermost first."""
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
    """What counts of what memcheck reported, as texts."""
    found = []
    for path in glob.glob(report_path(interpreter) + ".*.xml"):
        try:
            root = xml.etree.ElementTree.parse(path).getroot()
        except xml.etree.ElementTree.ParseError as error:
            found.append("    %s is not whole: %s" % (
                os.path.relpath(path, environments.ROOT), error))
            continue
        found += [describe(error) for error in root.iter("error")
                  if is_ours(error)]
    return found


def test(interpreter, python, arguments, progress):
    """The Result of the tests, each complaint counted as a failure."""
    for path in glob.glob(report_path(interpreter) + ".*.xml"):
        os.remove(path)
    launcher = MEMCHECK + [
        "--xml-file=%s.%%p.xml" % report_path(interpreter), python]
    result = run_tests.run_pytest(
        interpreter._replace(name="%s-valgrind" % interpreter.name),
        "valgrind", arguments, progress,
        launcher + run_tests.WITH_BACKPORT)
    found = complaints(interpreter)
    if found:
        note = "%d complaints of valgrind, such as\n\n%s" % (
            len(found), "\n\n".join(found[:TOLD]))
        result = result._replace(note=note, failed=result.failed + len(found))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS", default=PYTHONS)
    options, arguments = parser.parse_known_args()
    # or tests/conftest.py would start them again, outside valgrind
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
