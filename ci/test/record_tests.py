"""Runs `python -m test`, or another module, and records each test's outcome.

    python record_tests.py RESULTS MODULE [ARGUMENT...]

It takes as long as the tests.  It writes one line of JSON for each event to
the file RESULTS: [event, test, text].  The interpreter under test, 2.7 or 3,
runs this script.  The script replaces methods of unittest.TestResult, and
changes neither the tests nor their runner.
"""

from __future__ import print_function

import functools
import json
import runpy
import sys
import unittest


def name_of(test):
    """The id of a test.  A subtest has the id of its test."""
    return getattr(test, "test_case", test).id()


def watch(stream, method, event):
    """Write an event to the stream at each call of a method of
    unittest.TestResult."""
    original = getattr(unittest.TestResult, method)

    @functools.wraps(original)
    def watching(self, test, *args):
        original(self, test, *args)
        text = ""
        if method == "addSubTest" and args[1] is None:
            return  # a subtest has passed; its test has an event of its own
        if event == "failed" and args:
            text = self._exc_info_to_string(args[-1], test)
        elif event == "skipped":
            text = str(args[0])
        print(json.dumps([event, name_of(test), text]), file=stream)
        stream.flush()

    setattr(unittest.TestResult, method, watching)


def main(path, module, *arguments):
    stream = open(path, "w")
    for method, event in (
            ("startTest", "started"), ("addSuccess", "passed"),
            ("addExpectedFailure", "passed"), ("addSkip", "skipped"),
            ("addUnexpectedSuccess", "failed"), ("addError", "failed"),
            ("addFailure", "failed"), ("addSubTest", "failed")):
        if hasattr(unittest.TestResult, method):
            watch(stream, method, event)
    sys.argv = [module] + list(arguments)
    del sys.path[0]  # the folder of this script; `python -m` does not add it
    runpy.run_module(module, run_name="__main__", alter_sys=True)


main(*sys.argv[1:])
