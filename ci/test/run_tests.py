"""make test: proves that the project's tests and the examples of the manual
pass in each Python that is found.

    python3 -m ci.test.run_tests [--pythons "2.7 3.11"] [--stock]
                            [PYTEST ARGUMENT...]

Each interpreter takes some minutes, most of them CPU time.  Two run at a time
and write their output to files in .build/logs.  The run ends with a table.

With --stock the tests run with the Python's own ssl.  This checks the tests:
they must pass with 3.6's ssl, except for those with a marker of conftest.py.
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

# The arguments of pytest, relative to the project's folder.  The examples of
# the manual run with the backport only.
TESTS = ["tests"]
EXAMPLES = ["docs", "README.rst"]

# These tests collect garbage many times, which takes long in a process with
# the objects of all tests.  They have a process of their own.
ALONE = "tests/faults"

NO_TESTS = 5  # the exit status of pytest if no test matches its arguments

# Modules that some interpreters lack.  The backport does not need them, but
# some tests do.
OPTIONAL = ["_ssl", "_hashlib"]

# Far more than the tests take.  pytest is killed if it hangs.
LIMIT_SECONDS = 1200

COMPLAINTS = 3  # the most complaints of a tool that are shown

Result = collections.namedtuple("Result", "passed failed skipped note")


def test(interpreter, arguments, progress, stock=False):
    """Make the environment of an interpreter and run the tests in it.
    Returns a Result."""
    try:
        python = environments.prepare(interpreter, progress)
    except Failure as failure:
        return Result(0, 0, 0, str(failure))
    return run_pytest(interpreter, python, arguments, progress,
                      [] if stock else WITH_BACKPORT)


def test_all(interpreters, arguments, progress, stock=False):
    """Test interpreters, two at a time.  Returns [(Interpreter, Result)]."""
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        results = list(pool.map(
            lambda interpreter: test(interpreter, arguments, progress, stock),
            interpreters))
    return list(zip(interpreters, results))


def names_tests(arguments):
    """Whether a path of tests is among the arguments of pytest."""
    return any(os.path.exists(os.path.join(environments.ROOT,
                                           argument.split("::")[0]))
               for argument in arguments)


def all_tests(launcher, folder=""):
    """The paths of all tests.  folder: their project's, if it is not this
    one's."""
    return [os.path.join(folder, name)
            for name in TESTS + (EXAMPLES if launcher else [])]


def pytest_command(python, arguments, report, launcher=WITH_BACKPORT):
    """The command line that runs the tests with pytest.  Removes an old
    report.

    arguments: pytest's; without a path among them all tests run.
    report: the path of the report that pytest writes.
    """
    if os.path.exists(report):
        os.remove(report)
    return [python] + launcher + [
        "-m", "pytest", "-v", "-rfE", "-p", "no:cacheprovider", "--junitxml",
        report] + arguments + (
            [] if names_tests(arguments) else all_tests(launcher))


def run_pytest(interpreter, python, arguments, progress,
               launcher=WITH_BACKPORT, folder=""):
    """Run the tests that the arguments name, or all.  Returns a Result.

    folder: the project's, if it is not this one.
    """
    subject = "Python " + interpreter.name
    progress.say(subject, "tests started")
    if names_tests(arguments):
        parts = [("", "the tests", arguments)]
    else:
        alone = os.path.join(folder, ALONE)
        parts = [("-alone", ALONE, arguments + [alone]),
                 ("", "the other tests", arguments + ["--ignore", alone]
                  + all_tests(launcher, folder))]
    results = []
    for suffix, title, paths in parts:
        path = os.path.join(environments.LOGS, "test-%s%s" % (
            interpreter.name, suffix))
        command = pytest_command(python, paths, path + ".xml", launcher)
        with open(path + ".log", "w") as stream:
            status = follow(command, stream, lambda percent: progress.say(
                subject, "%d%% of %s done" % (percent, title)))
        results.append(read_report(path + ".xml", status, path + ".log"))
    progress.say(subject, "tests ended")
    return added(results)


def added(results):
    """The Result of several runs of pytest."""
    notes = [result.note for result in results if result.note]
    return Result(*[sum(numbers) for numbers in zip(
        *(result[:3] for result in results))],
        note="\n\n".join(notes) or None)


def follow(command, stream, say):
    """Run pytest and copy its output to a stream.  Returns the exit status.

    say: a function that is called with the percentage after each quarter of
    the tests.
    """
    environ = environments.clean_environ()
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environ, cwd=environments.ROOT, errors="replace")
    guard = threading.Timer(LIMIT_SECONDS, process.kill)
    guard.start()
    said = 0
    for line in process.stdout:
        stream.write(line)
        stream.flush()
        match = re.search(r"\[ *(\d+)%\]$", line)
        if match and int(match.group(1)) // 25 > said // 25:
            said = int(match.group(1))
            if said < 100:
                say(said)
    status = process.wait()
    guard.cancel()
    return status


def with_complaints(result, found, tool):
    """A Result in which each complaint of a tool (list of str) counts as a
    failure."""
    if not found:
        return result
    return result._replace(
        failed=result.failed + len(found),
        note="%d complaints of %s, such as\n\n%s" % (
            len(found), tool, "\n\n".join(found[:COMPLAINTS])))


def read_report(report, status, log):
    """Read the Result of a run of pytest from its report.

    status: pytest's exit status.  log: the path of its output.
    """
    shown = os.path.relpath(log, environments.ROOT)
    if not os.path.exists(report):
        return Result(0, 0, 0, "pytest %s. The end of %s:\n\n%s" % (
            "was ended by signal %d" % -status if status < 0
            else "ended with status %d" % status,
            shown, environments.tail(log)))
    root = xml.etree.ElementTree.parse(report).getroot()
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    total, errors, failures, skipped = (
        int(suite.get(name))
        for name in ("tests", "errors", "failures", "skipped"))
    failed = errors + failures
    note = None
    if status not in (0, NO_TESTS):
        note = "The end of %s:\n\n%s" % (shown, environments.tail(log))
    return Result(total - failed - skipped, failed, skipped, note)


def report(results):
    """Print the failures and the table.  Returns the exit status."""
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
    """The Interpreters with these names.

    Without names: the one in PYTHON and those of PYTHONS that are found, or
    else the Python that runs this.
    """
    chosen = environments.chosen()
    found = [chosen] if chosen and not names else []
    for name in (names or PYTHONS).split():
        interpreter = environments.find(name)
        if interpreter is None and names:
            raise Failure("Python %s was not found.  PYTHONS is %r."
                          % (name, names))
        if interpreter is None:
            print("Python %s was not found, so it is not tested." % name)
        elif interpreter not in found:
            found.append(interpreter)
    return found or [environments.probe(sys.executable)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS",
                        help="such as '2.7 3.11' (default: those found of %s)"
                        % PYTHONS)
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
                         "this interpreter has no %s; the backport needs none"
                         % " and no ".join(missing))
    return report(test_all(interpreters, arguments, progress, options.stock))


if __name__ == "__main__":
    sys.exit(main())
