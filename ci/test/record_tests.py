"""Runs `python -m test`, or another module, and notes how each test ends.

    python record_tests.py RESULTS MODULE [ARGUMENT...]

RESULTS gets one line of JSON for each event: [event, test, text].  This runs
in the interpreter under test, 2.7 or 3: it looks on from the base class of
all of unittest's results and changes neither the tests nor their runner.
"""

from __future__ import print_function

import functools
import json
import runpy
import sys
import unittest


def name_of(test):
    """The id of a test; that of the whole test for one of its subtests."""
    return getattr(test, "test_case", test).id()


def watch(stream, method, event):
    """Write an event whenever unittest calls a method of a result."""
    original = getattr(unittest.TestResult, method)

    @functools.wraps(original)
    def watching(self, test, *args):
        original(self, test, *args)
        text = ""
        if method == "addSubTest" and args[1] is None:
            return  # a part that passed; the whole is told of later
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
    del sys.path[0]  # this folder, which `python -m` would not put there
    runpy.run_module(module, run_name="__main__", alter_sys=True)


main(*sys.argv[1:])
