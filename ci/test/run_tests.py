"""make test: proves with the project's own tests, and with the examples of the
manual, that the backport works in each Python that is found.

    python3 -m ci.test.run_tests [--pythons "2.7 3.11"] [--stock]
                            [PYTEST ARGUMENT...]

With --stock it is the Python's own ssl that is tested, and so the tests: they
say what 3.6 does, and the markers of conftest.py where they do not.

Two interpreters run at a time, each with its output in a file of
.build/logs; a table of all results ends the run.  Each takes some minutes,
most of them CPU time.
"""

import argparse
import collections
import concurrent.futures
import os
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree

from ci.shared import environments
from ci.shared.environments import Failure

PYTHONS = "2.7 3.6 3.11"
AT_A_TIME = 2

WITH_BACKPORT = ["-m", "_ssl_backport"]

# What pytest runs, from the root of the project.  The examples of the manual
# are for the backport alone.
TESTS = ["tests"]
EXAMPLES = ["docs", "README.rst"]

# What a Python may lack; the backport needs neither, some tests do.
OPTIONAL = ["_ssl", "_hashlib"]

# Far more than the tests take: something hangs that no watchdog saw.
LIMIT_SECONDS = 1200

Result = collections.namedtuple("Result", "passed failed skipped note")


def test(interpreter, arguments, progress, stock=False):
    """Make the environment of an interpreter and run the tests in it."""
    try:
        python = environments.prepare(interpreter, progress)
    except Failure as failure:
        return Result(0, 0, 0, str(failure))
    return run_pytest(interpreter, python, arguments, progress,
                      [] if stock else WITH_BACKPORT)


def test_all(interpreters, arguments, progress, stock=False):
    """[(Interpreter, Result)] of some interpreters, two at a time."""
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        results = list(pool.map(
            lambda interpreter: test(interpreter, arguments, progress, stock),
            interpreters))
    return list(zip(interpreters, results))


def pytest_command(python, arguments, report, launcher=WITH_BACKPORT):
    """What runs all tests, or those that the arguments name, and writes the
    report, a file; an old one is removed."""
    if os.path.exists(report):
        os.remove(report)
    named = any(os.path.exists(os.path.join(environments.ROOT,
                                            argument.split("::")[0]))
                for argument in arguments)
    everything = TESTS + (EXAMPLES if launcher else [])
    return [python] + launcher + [
        "-m", "pytest", "-v", "-rfE", "-p", "no:cacheprovider", "--junitxml",
        report] + arguments + ([] if named else everything)


def run_pytest(interpreter, python, arguments, progress,
               launcher=WITH_BACKPORT):
    subject = "Python " + interpreter.name
    log = os.path.join(environments.LOGS, "test-%s.log" % interpreter.name)
    report = os.path.join(environments.LOGS, "test-%s.xml" % interpreter.name)
    command = pytest_command(python, arguments, report, launcher)
    progress.say(subject, "tests started")
    with open(log, "w") as stream:
        status = follow(command, stream,
                        lambda text: progress.say(subject, text))
    result = read_report(report, status, log)
    progress.say(subject, "tests ended")
    return result


def follow(command, stream, say):
    """Run pytest, copy its output to the stream and tell when another
    quarter of the tests is done; the exit status."""
    environ = environments.clean_environ()
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environ, cwd=environments.ROOT, errors="replace")
    guard = threading.Timer(LIMIT_SECONDS, process.kill)
    guard.start()
    told = 0
    for line in process.stdout:
        stream.write(line)
        stream.flush()
        match = re.search(r"\[ *(\d+)%\]$", line)
        if match and int(match.group(1)) // 25 > told // 25:
            told = int(match.group(1))
            if told < 100:
                say("%d%% of the tests done" % told)
    status = process.wait()
    guard.cancel()
    return status


def read_report(report, status, log):
    """The Result of a run of pytest, from the file that it wrote."""
    shown = os.path.relpath(log, environments.ROOT)
    if not os.path.exists(report):
        return Result(0, 0, 0, "pytest %s. The end of %s:\n\n%s" % (
            "died of signal %d" % -status if status < 0
            else "ended with status %d" % status,
            shown, environments.tail(log)))
    root = xml.etree.ElementTree.parse(report).getroot()
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    total, errors, failures, skipped = (
        int(suite.get(name))
        for name in ("tests", "errors", "failures", "skipped"))
    failed = errors + failures
    note = None
    if status != 0:
        note = "The end of %s:\n\n%s" % (shown, environments.tail(log))
    return Result(total - failed - skipped, failed, skipped, note)


def report(results):
    """Print what went wrong and the table; the exit status."""
    for interpreter, result in results:
        if result.note:
            print("\n%s: %s" % (interpreter.title, result.note))
    print("\n%-19s %8s %8s %8s" % ("", "passed", "failed", "skipped"))
    for interpreter, result in results:
        print("%-19s %8d %8d %8d%s" % (
            interpreter.title, result.passed, result.failed, result.skipped,
            "   see above" if result.note else ""))
    passed, failed, skipped = (
        sum(getattr(result, name) for _, result in results)
        for name in ("passed", "failed", "skipped"))
    print("\n%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    if failed or any(result.note for _, result in results):
        return 1
    return 0 if passed else 1


def find(names):
    """The interpreters to test: those named, or those found of the usual
    ones and the one in PYTHON, or else the one that runs this."""
    chosen = environments.chosen()
    found = [chosen] if chosen and not names else []
    for name in (names or PYTHONS).split():
        interpreter = environments.find(name)
        if interpreter is None and names:
            raise Failure("Python %s was not found.  PYTHONS is %r."
                          % (name, names))
        if interpreter is None:
            print("Python %s was not found and is left out." % name)
        elif interpreter not in found:
            found.append(interpreter)
    return found or [environments.probe(sys.executable)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS",
                        help="such as '2.7 3.11' (default: what is found of "
                             "%s)" % PYTHONS)
    parser.add_argument("--stock", action="store_true",
                        help="test the Python's own ssl")
    options, arguments = parser.parse_known_args()
    progress = environments.Progress()
    try:
        interpreters = find(options.pythons)
    except Failure as failure:
        return str(failure)
    for interpreter in interpreters:
        progress.say("Python " + interpreter.name, interpreter.path)
        missing = [module for module in OPTIONAL
                   if not environments.has(interpreter, module)]
        if missing:
            progress.say("Python " + interpreter.name,
                         "built without " + " and ".join(missing))
    return report(test_all(interpreters, arguments, progress, options.stock))


if __name__ == "__main__":
    sys.exit(main())
