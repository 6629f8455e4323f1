"""make test-openssl: proves that the tests pass with each OpenSSL of
ci/build/openssl.json.

    python3 -m ci.test.openssl [--openssl "4.0 3.0.20"] [PYTEST ARGUMENT...]

Those are the newest of each line, or what is named.  Each is linked into the
extension statically (two shared libssl.so.3 in one process would be one), for
Python 2.7 and 3.11.  One table ends the run.  Each takes as long as make
test, and some minutes more where OpenSSL is not in the cache.
"""

import argparse
import concurrent.futures
import os
import sys

from ci.build import openssl
from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import run_tests

PYTHONS = ["2.7", "3.11"]

CHECK = "import ssl; assert ssl.OPENSSL_VERSION.split()[1] == %r, " \
        "ssl.OPENSSL_VERSION"


def check_version(python, version, log):
    """Fail unless the installed extension is linked with this OpenSSL."""
    environments.run([python, "-m", "_ssl_backport", "-c", CHECK % version],
                     log, environments.BUILD)


def prepare(interpreter, name, progress):
    """The interpreter of an environment with the OpenSSL that OPENSSL_DIR
    names."""
    python = environments.prepare(interpreter, progress, "openssl")
    check_version(python, openssl.release(name).version,
                  "version-%s.log" % label(interpreter, name))
    return python


def label(interpreter, name):
    return "%s-openssl-%s" % (interpreter.name, name)


def test(interpreter, name, arguments, progress):
    """The Result of the tests with the OpenSSL that OPENSSL_DIR names."""
    try:
        python = prepare(interpreter, name, progress)
    except Failure as failure:
        return run_tests.Result(0, 0, 0, str(failure))
    return run_tests.run_pytest(
        interpreter._replace(name=label(interpreter, name)), python,
        arguments, progress)


def test_release(name, interpreters, arguments, progress):
    """The Results of all interpreters with one release of OpenSSL."""
    try:
        prefix = openssl.build(name, openssl.native(), progress)
    except Failure as failure:
        return [run_tests.Result(0, 0, 0, str(failure))] * len(interpreters)
    os.environ["OPENSSL_DIR"] = prefix
    with concurrent.futures.ThreadPoolExecutor(run_tests.AT_A_TIME) as pool:
        return list(pool.map(
            lambda interpreter: test(interpreter, name, arguments, progress),
            interpreters))


def cell(result):
    if result.note and not result.passed:
        return "did not run"
    return "%d passed, %d failed" % (result.passed, result.failed)


def report(table, interpreters):
    """Print what went wrong and the table; the exit status."""
    for name, results in table.items():
        for interpreter, result in zip(interpreters, results):
            if result.note:
                print("\nOpenSSL %s, %s: %s" % (
                    name, interpreter.title, result.note))
    print("\n%-10s" % "OpenSSL" + "".join(
        "%-26s" % interpreter.title
        for interpreter in interpreters).rstrip())
    for name, results in table.items():
        print("%-10s" % openssl.release(name).version + "".join(
            "%-26s" % cell(result) for result in results).rstrip())
    everything = [result for results in table.values() for result in results]
    return 1 if any(result.note for result in everything) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--openssl", metavar="RELEASES",
                        default=" ".join(openssl.releases()),
                        help="such as '4.0 3.0.20' (default: each line)")
    options, arguments = parser.parse_known_args()
    progress = environments.Progress()
    try:
        interpreters = [interpreter for interpreter in map(
            environments.find, PYTHONS) if interpreter]
        if not interpreters:
            raise Failure(environments.NO_PYTHON27)
        names = options.openssl.split()
        for name in names:
            openssl.release(name)
    except Failure as failure:
        return "\n%s" % failure
    table = {name: test_release(name, interpreters, arguments, progress)
             for name in names}
    return report(table, interpreters)


if __name__ == "__main__":
    sys.exit(main())
