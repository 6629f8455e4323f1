"""make test-cpython: proves that CPython's own tests, unmodified, pass with
the backport if they pass with the Python's own ssl.

    python3 -m ci.test.cpython [--pythons "2.7 3.13"] [--modules "test_ssl"]
                               [--document]

It takes some minutes for each Python.  The tests mostly wait; test_ftplib of
2.7 alone takes five minutes.  Each test module runs as `python -m test
MODULE`, and as `python -m _ssl_backport -m test MODULE`, with each Python that
is found.  The script compares the results of each test.  It keeps the results
of the stock ssl in .build for the next run.

A test is lost if it passes with the stock ssl and fails with the backport.
Lost tests run a second time, without the others.  If a test fails again, the
script fails, unless ci/test/cpython_differences.ini explains the test.
"""

import argparse
import collections
import concurrent.futures
import datetime
import json
import os
import signal
import subprocess
import sys

from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import cpython_report

PYTHONS = "2.7 3.6 3.7 3.8 3.9 3.10 3.11 3.12 3.13 3.14 3.15"
AT_A_TIME = 2

# Each Python runs those of these modules that it has.
MODULES = """
    test_ssl test_asyncio.test_sslproto test_asyncio.test_ssl
    test_asyncio.test_events test_asyncio.test_streams
    test_asyncio.test_sendfile test_asyncio.test_selector_events
    test_asyncio.test_server_context test_httplib test_urllib test_urllib2
    test_urllib2_localnet test_httpservers test_ftplib test_poplib
    test_imaplib test_smtplib test_nntplib test_xmlrpc test_logging
    test_socket test_asyncore test_asynchat"""

# No tests that need the internet, much disk space, a display or sound.
RESOURCES = "all,-network,-urlfetch,-largefile,-gui,-audio"

# For one module.  The slowest, test_ftplib with 2.7's ssl, takes three
# minutes.
LIMIT_SECONDS = 300

# The tests of Python 3.7 and earlier use TLS 1.0 and 1.1, which OpenSSL 3
# supports only with this configuration.
OLD_TESTS = ("2.7", "3.6", "3.7")
OLD_TLS = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MinProtocol = TLSv1
CipherString = DEFAULT:@SECLEVEL=0
"""

RECORDER = os.path.join(environments.CI, "test", "record_tests.py")
FOLDER = os.path.join(environments.BUILD, "cpython")

# The outcome of a test that has started and not ended.
UNENDED = ("failed", "The test did not end.  The log may tell why.")

# path: the path of the environment's Python.  tests: the folder of the package
# `test`.  openssl: the version of OpenSSL that the Python's own ssl uses.
Python = collections.namedtuple("Python", "interpreter path tests openssl")

EXAMINE = """\
import os, ssl, test
print(ssl.OPENSSL_VERSION)
print(os.path.dirname(test.__file__))
"""

NO_TESTS = """\
%s cannot import its package `test`, or its ssl.
To install them:

    Debian, Ubuntu:  apt-get install libpython%s-testsuite
    RHEL, Fedora:    dnf install python%s-test"""


# One Python

def examine(interpreter, progress):
    """Make the environment of an interpreter.  Returns the Python."""
    path = environments.prepare(interpreter, progress)
    try:
        output = subprocess.check_output(
            [path, "-c", EXAMINE], env=environments.clean_environ(),
            stderr=subprocess.DEVNULL, universal_newlines=True)
    except subprocess.CalledProcessError:
        raise Failure(NO_TESTS % ((interpreter.path,)
                                  + (interpreter.name,) * 2))
    openssl, tests = output.splitlines()
    return Python(interpreter, path, tests, openssl)


def modules_of(python, names):
    """The test modules with these names that a Python has."""
    return [name for name in names if os.path.exists(os.path.join(
        python.tests, *name.split(".")) + ".py")]


# One run of one module

def outcomes(path):
    """Read {test: (outcome, text)} from a file of record_tests.py."""
    found = {}
    with open(path) as stream:
        for line in stream:
            event, test, text = json.loads(line)
            if event == "started":
                found[test] = UNENDED
            elif found.get(test, UNENDED) is UNENDED or event == "failed":
                found[test] = (event, text)
    return found


def run(python, module, side, tests=()):
    """Run a test module, or some of its tests.  Returns the outcomes.

    side: "stock" or "backport".
    """
    folder = os.path.join(FOLDER, python.interpreter.name)
    os.makedirs(folder, exist_ok=True)
    base = os.path.join(folder, "%s-%s%s" % (
        module, side, "-again" if tests else ""))
    regrtest = "test" if python.interpreter.name != "2.7" else "test.regrtest"
    command = [python.path]
    if side == "backport":
        command += ["-m", "_ssl_backport"]
    command += [RECORDER, base + ".json", regrtest, "-u", RESOURCES, module]
    for test in tests:
        command += ["-m", test]
    open(base + ".json", "w").close()
    with open(base + ".log", "w") as log:
        run_limited(command, log, folder, environ_for(python, folder))
    return outcomes(base + ".json")


def environ_for(python, folder):
    environ = environments.clean_environ()
    if python.interpreter.name in OLD_TESTS:
        environ["OPENSSL_CONF"] = os.path.join(folder, "openssl.cnf")
        with open(environ["OPENSSL_CONF"], "w") as stream:
            stream.write(OLD_TLS)
    return environ


def run_limited(command, log, folder, environ):
    """Run a command, and end all processes that it leaves behind.

    After LIMIT_SECONDS the command gets SIGABRT, for which Python 3's
    faulthandler prints the stacks of all threads.
    """
    process = subprocess.Popen(
        command, stdout=log, stderr=subprocess.STDOUT, cwd=folder,
        stdin=subprocess.DEVNULL, env=environ, start_new_session=True)
    for number in (signal.SIGABRT, signal.SIGKILL):
        try:
            process.wait(LIMIT_SECONDS if number == signal.SIGABRT else 10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, number)
    process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def stock(python, module):
    """The outcomes with the Python's own ssl.  They come from an earlier run,
    if that had the same Python and OpenSSL."""
    folder = os.path.join(FOLDER, python.interpreter.name)
    stamp = os.path.join(folder, module + "-stock-made-of")
    wanted = environments.digest(
        python.interpreter, python.openssl, RESOURCES, OLD_TLS,
        environments.contents(RECORDER))
    if environments.is_done(stamp, wanted):
        return outcomes(os.path.join(folder, module + "-stock.json"))
    result = run(python, module, "stock")
    environments.set_done(stamp, wanted)
    return result


def compare(python, module, progress):
    """Run a test module with both ssl modules.  Returns the Comparison."""
    before, after = stock(python, module), run(python, module, "backport")
    lost = cpython_report.lost(before, after)
    recovered = []
    if lost:
        again = run(python, module, "backport", lost)
        recovered = [test for test in lost
                     if again.get(test, UNENDED)[0] == "passed"]
        after.update((test, again[test]) for test in recovered)
    comparison = cpython_report.Comparison(
        python.interpreter, module, before, after, recovered)
    progress.say("Python " + python.interpreter.name,
                 cpython_report.in_short(comparison))
    return comparison


# The whole run

def find(names):
    """The interpreters with these names, or all that are found."""
    found = []
    for name in (names or PYTHONS).split():
        interpreter = environments.find(name)
        if interpreter is not None:
            found.append(interpreter)
        elif names:
            raise Failure("Python %s was not found.  PYTHONS is %r."
                          % (name, names))
        else:
            print("Python %s was not found, so it is not tested." % name)
    return found


def compare_all(interpreters, names, progress):
    """Run all test modules with all interpreters.  Returns the Pythons and
    the Comparisons."""
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        pythons = list(pool.map(
            lambda interpreter: examine(interpreter, progress),
            interpreters))
        jobs = [(python, module) for python in pythons
                for module in modules_of(python, names)]
        return pythons, list(pool.map(
            lambda job: compare(job[0], job[1], progress), jobs))


def made_on(openssls):
    """The date, the OpenSSLs and the commit of this run, as a line of
    docs/conformance.rst."""
    return "On %s, with %s, at commit %s:" % (
        datetime.date.today(), " and ".join(sorted(openssls)),
        environments.commit())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS",
                        help="such as '2.7 3.11' (default: those found of %s)"
                        % PYTHONS)
    parser.add_argument("--modules", metavar="MODULES", default=MODULES,
                        help="such as 'test_ssl test_ftplib' (default: all)")
    parser.add_argument("--document", action="store_true",
                        help="write the result into docs/conformance.rst")
    options = parser.parse_args()
    progress = environments.Progress()
    try:
        pythons, comparisons = compare_all(
            find(options.pythons), options.modules.split(), progress)
    except Failure as failure:
        return "\n%s" % failure
    report = cpython_report.Report(comparisons)
    if options.document:
        report.document(
            cpython_report.HEADING,
            [made_on({python.openssl for python in pythons})])
    return report.show()


if __name__ == "__main__":
    sys.exit(main())
