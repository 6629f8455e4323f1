"""make check-newest: proves with all tests, ours and CPython's, that the
backport works on the newest Pythons.

    python3 -m ci.shared.newest ci.check.newest [--pythons "3.15"]
                                         [--modules "test_ssl"] [--document]

This runs in the tree of ci/shared/newest.py.  For each Python there it builds
the project, where a warning of the compiler is an error, runs the project's
own tests, and CPython's as ci/test/cpython.py does.
"""

import argparse
import os
import sys

from ci.shared import environments, newest
from ci.shared.environments import Failure
from ci.test import cpython, cpython_report, run_tests


def own_lines(results):
    """What the document says of them."""
    return ["The project, built without a warning, and its own tests:", "",
            ".. code-block:: text", ""] + [
        "    %-19s %5d passed, %d failed, %d skipped" % (
            interpreter.title, result.passed, result.failed, result.skipped)
        for interpreter, result in results] + [""]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS",
                        default=" ".join(newest.PYTHONS),
                        help="such as '3.15' (default: %(default)s)")
    parser.add_argument("--modules", metavar="MODULES",
                        default=cpython.MODULES,
                        help="of CPython's tests (default: all)")
    parser.add_argument("--document", action="store_true",
                        help="write the result into docs/conformance.rst")
    options = parser.parse_args()
    progress = environments.Progress()
    os.environ["SSLB_WERROR"] = "1"
    try:
        interpreters = cpython.find(options.pythons)
        results = run_tests.test_all(interpreters, [], progress)
        pythons, comparisons = cpython.compare_all(
            interpreters, options.modules.split(), progress)
    except Failure as failure:
        return "\n%s" % failure
    report = cpython_report.Report(comparisons)
    if options.document:
        report.document(
            cpython_report.HEADING_NEWEST, own_lines(results)
            + [cpython.made_on({python.openssl for python in pythons})])
    statuses = [report.show(), run_tests.report(results)]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
