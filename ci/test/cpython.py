"""make test-cpython: proves that CPython's own tests, unmodified, pass with
the backport where they pass with the Python's own ssl.

    python3 -m ci.test.cpython [--pythons "2.7 3.13"] [--modules "test_ssl"]
                               [--document]

Each module runs once as `python -m test MODULE` and once as `python -m
_ssl_backport -m test MODULE`, in each Python that is found, and the two are
compared test by test.  What the stock ssl gives is kept in .build for the
next run.  A test that is lost, and stays lost when it runs again without
the others, must be explained in ci/test/cpython_differences.ini.  The tests
mostly wait: test_ftplib of 2.7 alone for five minutes on both sides.
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

# Those that a Python has are run.
MODULES = """
    test_ssl test_asyncio.test_sslproto test_asyncio.test_ssl
    test_asyncio.test_events test_asyncio.test_streams
    test_asyncio.test_sendfile test_asyncio.test_selector_events
    test_asyncio.test_server_context test_httplib test_urllib test_urllib2
    test_urllib2_localnet test_httpservers test_ftplib test_poplib
    test_imaplib test_smtplib test_nntplib test_xmlrpc test_logging
    test_socket test_asyncore test_asynchat"""

# Nothing from outside of this machine, nothing that fills it.
RESOURCES = "all,-network,-urlfetch,-largefile,-gui,-audio"

# For one module; the slowest, test_ftplib with the ssl of 2.7, takes three
# minutes.
LIMIT_SECONDS = 300

# The tests of Python 3.7 and before speak TLS 1.0 and 1.1, which OpenSSL 3
# leaves out unless its configuration wants them.
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

# A test that was begun and of which no more was heard.
UNENDED = ("failed", "It did not end: the log may tell more.")

# path: of the environment's interpreter; tests: the folder of the package
# `test`; openssl: the version that the Python's own ssl uses
Python = collections.namedtuple("Python", "interpreter path tests openssl")

EXAMINE = """\
import os, ssl, test
print(ssl.OPENSSL_VERSION)
print(os.path.dirname(test.__file__))
"""

NO_TESTS = """\
%s has no tests of its own, or no ssl.
To get them:

    Debian, Ubuntu:  apt-get install libpython%s-testsuite
    RHEL, Fedora:    dnf install python%s-test"""


# One Python

def examine(interpreter, progress):
    """The Python of an interpreter, with the project installed."""
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
    """Those modules of tests that this Python has."""
    return [name for name in names if os.path.exists(os.path.join(
        python.tests, *name.split(".")) + ".py")]


# One run of one module

def outcomes(path):
    """{test: (outcome, text)} from what record_tests.py has written."""
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
    """The outcomes of a module, or of some of its tests, on one side:
    "stock" or "backport"."""
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
    """Run a command and end whatever it leaves behind.  One that hangs is
    aborted, for which Python 3 writes down what its threads were doing."""
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
    """The outcomes with the Python's own ssl, from an earlier run if it was
    the same Python and the same OpenSSL."""
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
    """The Comparison of one module on its two sides."""
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


# All of it

def find(names):
    """The interpreters that are named, or all that are found."""
    found = []
    for name in (names or PYTHONS).split():
        interpreter = environments.find(name)
        if interpreter is not None:
            found.append(interpreter)
        elif names:
            raise Failure("Python %s was not found.  PYTHONS is %r."
                          % (name, names))
        else:
            print("Python %s was not found and is left out." % name)
    return found


def compare_all(interpreters, names, progress):
    """The Pythons, and the Comparisons of all modules in all of them."""
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        pythons = list(pool.map(
            lambda interpreter: examine(interpreter, progress),
            interpreters))
        jobs = [(python, module) for python in pythons
                for module in modules_of(python, names)]
        return pythons, list(pool.map(
            lambda job: compare(job[0], job[1], progress), jobs))


def made_on(openssls):
    """When and with what this was run, for the document."""
    return "On %s, with %s, at commit %s:" % (
        datetime.date.today(), " and ".join(sorted(openssls)),
        environments.commit())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS",
                        help="such as '2.7 3.11' (default: what is found of "
                             "%s)" % PYTHONS)
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
