"""make test-ecosystem: proves that TLS libraries for Python 2.7 work with the
backport as with 2.7's own ssl.

    python3 -m ci.test.ecosystem [--only "requests redis"] [--document]

The libraries are the unmodified ones of ci/requirements/ecosystem.txt.  Each
file of ecosystem/libraries uses one library with real servers on loopback,
which come from Debian packages.  Results must be equal with both, except for
the differences that the files name.  Without --only it also runs the programs
of docs/examples, since some need these libraries.  The run takes about five
minutes and ends with a table; --document writes the table to
docs/ecosystem.rst.
"""

import argparse
import glob
import json
import os
import subprocess
import sys
import textwrap

from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import run_tests

ECOSYSTEM = os.path.join(environments.ROOT, "ecosystem")
sys.path.insert(0, ECOSYSTEM)
import servers  # noqa: E402

PYTHON = "2.7"
PREFIX = "lib_"
SECONDS = 120  # for one library

PAGE = os.path.join(environments.ROOT, "docs", "ecosystem.rst")

HEAD = """\
Tested libraries
================

This page shows which libraries for Python 2.7 work with the backport.  ``make
test-ecosystem`` runs the unmodified libraries with 2.7's own ``ssl`` and with
the backport.  The libraries connect to real servers on loopback (nginx, Redis,
Mosquitto, OpenLDAP, MariaDB, RabbitMQ) or to their own servers.

Same
    The number of tests with the same result with both.  They check that the
    library transfers data, refuses an unknown issuer and a wrong host name,
    and uses a client certificate.
Beyond
    The number of tests that succeed only with the backport.

Twisted and pyftpdlib use pyOpenSSL, and paramiko has an OpenSSL of its own.
They do not use the backport, and work the same in one process with it.

.. This page is made by ci/test/ecosystem.py --document.

"""
KNOWN = """\
Known differences
-----------------
"""

# Ends of variables that name proxies and CA certificates of this machine.
OUTSIDE = ("_proxy", "_ca_bundle", "ssl_cert_file", "ssl_cert_dir")

HEADS = ("library", "version", "same", "beyond", "known", "failed", "")
ROW = "%-14s %-9s %5s %7s %6s %7s  %s"


def names_of_libraries(only):
    """The libraries that have a file, or some of them."""
    paths = glob.glob(os.path.join(ECOSYSTEM, "libraries", PREFIX + "*.py"))
    names = sorted(os.path.basename(path)[len(PREFIX):-3] for path in paths)
    unknown = set(only) - set(names)
    if unknown:
        raise Failure("There is no library called %s: one of %s." % (
            ", ".join(sorted(unknown)), ", ".join(names)))
    return [name for name in names if not only or name in only]


def look(python, name, ports, with_backport):
    """Run a library; return its results, the JSON of ecosystem/look.py."""
    command = [python] + ["-m", "_ssl_backport"] * with_backport + [
        os.path.join(ECOSYSTEM, "look.py"), PREFIX + name]
    environment = {
        key: value for key, value in environments.clean_environ().items()
        if not key.lower().endswith(OUTSIDE)}
    environment["SSLB_ECOSYSTEM_PORTS"] = json.dumps(ports)
    label = "ecosystem-%s-%s.log" % (
        name, "backport" if with_backport else "stock")
    os.makedirs(environments.LOGS, exist_ok=True)
    with open(os.path.join(environments.LOGS, label), "w") as log:
        try:
            output = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, stderr=log,
                timeout=SECONDS, check=True).stdout
            return json.loads(output.decode().rstrip().rpartition("\n")[2])
        except (subprocess.SubprocessError, ValueError) as error:
            log.write(str(error))
            return None


class Comparison:
    """The results of a library with both ssl modules.

    Lists of names of test functions: `same` has equal results, `news` succeeds
    only with the backport, `known` differs for a reason in the file (some
    differences do not appear in each run), and `failed` is wrong.
    """

    def __init__(self, name, stock, ours):
        self.name = name
        self.version = (ours or stock or {}).get("version", "?")
        self.reasons = (ours or {}).get("known", {})
        stock = (stock or {}).get("outcomes", {})
        ours = (ours or {}).get("outcomes", {"it does not run": {"error": ""}})
        equal = [key for key in ours if stock.get(key) == ours[key]]
        wanted = [key for key in ours if key.startswith("same_")]
        self.same = [key for key in wanted
                     if key in equal and "error" not in ours[key]]
        # a test that succeeds with both is not in `news`
        self.news = [key for key in ours if key.startswith("beyond_")
                     and key not in equal and "error" not in ours[key]]
        self.known = [key for key in self.reasons if key not in equal]
        self.failed = [key for key in ours if key not in self.known
                       and (key in wanted or "error" in ours[key])
                       and key not in self.same]

    def cells(self):
        """The cells of its row in the table."""
        told = self.failed or self.news
        return (self.name, self.version, len(self.same), len(self.news),
                len(self.known), len(self.failed),
                ", ".join(key.partition("_")[2].replace("_", " ")
                          for key in sorted(told)))


def compare_all(python, names, progress):
    found = []
    with servers.Servers() as started:
        progress.say("Servers", "started")
        for name in names:
            stock, ours = (look(python, name, started.ports, with_backport)
                           for with_backport in (False, True))
            found.append(Comparison(name, stock, ours))
            progress.say(name, "failed: see .build/logs/ecosystem-%s-*.log" %
                         name if found[-1].failed else "done")
    return found


def examples_pass(python, progress):
    """Run the test of docs/examples.  Returns whether no test failed or was
    skipped, since this environment has all libraries."""
    interpreter = environments.find(PYTHON)._replace(name=PYTHON + "-examples")
    result = run_tests.run_pytest(
        interpreter, python, ["tests/project/test_examples.py"], progress)
    progress.say("Examples", "%d passed, %d failed, %d skipped" % result[:3])
    if result.note:
        print(result.note)
    return not (result.note or result.skipped)


def show(comparisons):
    print()
    print(ROW % HEADS)
    for comparison in comparisons:
        print((ROW % comparison.cells()).rstrip())
    for comparison in comparisons:
        for key, reason in sorted(comparison.reasons.items()):
            print()
            print(textwrap.fill("%s, %s: %s" % (
                comparison.name, key.partition("_")[2], reason), 79))


def document(comparisons):
    """Write docs/ecosystem.rst."""
    heads = ["Library", "Version", "Same", "Beyond", "Only with the backport"]
    rows = [heads] + [
        [cells[0], cells[1], str(cells[2]), str(cells[3]) if cells[3] else "",
         cells[6]]
        for cells in (comparison.cells() for comparison in comparisons)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    line = "  ".join("=" * width for width in widths)
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths))
             .rstrip() for row in rows]
    known = ["- " + textwrap.fill("%s: %s" % (comparison.name, reason), 77,
                                  subsequent_indent="  ")
             for comparison in comparisons
             for _, reason in sorted(comparison.reasons.items())]
    with open(PAGE, "w") as stream:
        stream.write(HEAD + "\n".join(
            [line, table[0], line] + table[1:] + [line, "", KNOWN] + known)
            + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default="", help="names of libraries")
    parser.add_argument("--document", action="store_true",
                        help="write docs/ecosystem.rst")
    arguments = parser.parse_args()
    progress = environments.Progress()
    try:
        names = names_of_libraries(arguments.only.split())
        missing = servers.missing()
        if missing:
            raise Failure(missing)
        python = environments.prepare_with(environments.find(PYTHON),
                                           "ecosystem", progress)
        comparisons = compare_all(python, names, progress)
        well = arguments.only or examples_pass(python, progress)
    except Failure as error:
        sys.exit(str(error))
    show(comparisons)
    if arguments.document:
        document(comparisons)
    if not well or any(comparison.failed for comparison in comparisons):
        sys.exit(1)


if __name__ == "__main__":
    main()
