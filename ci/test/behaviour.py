"""make test-behaviour: proves that the newest stock ssl and the backport make
the same of each call of a table.

    python3 -m ci.test.behaviour [--pythons "2.7 3.13"]

The table is in ci/test/look_at_behaviour: everything that Python 3.7 to 3.15
have added to ssl, with values of all types, in each state of a connection.
The stock ssl is that of Python 3.15 in a tree of Debian's unstable suite, if
there is one (make check-newest makes it, as root): the backport is built there
too, with the same OpenSSL.  Else it is that of Python 3.13.  The backport also
runs in Python 2.7.  Each outcome must be the same, but for what
ci/test/behaviour_differences.ini explains; with 3.15, an explanation that
explains nothing fails as well.  One table ends the run.  It takes about eight
minutes.
"""

import argparse
import collections
import concurrent.futures
import configparser
import json
import os
import re
import shutil
import subprocess
import sys

from ci.build import openssl
from ci.shared import environments, newest
from ci.shared.environments import Failure
from ci.test import openssl as test_openssl
from ci.test import run_tests

NEWEST = "3.15"
STOCK = "3.13"
PYTHONS = "2.7"
OPENSSL = "3.6"  # the line that the newest stock ssl has
HERE = os.path.join(environments.CI, "test")
LOOK = os.path.join(HERE, "look_at_behaviour", "look.py")
CERTIFICATES = os.path.join(environments.ROOT, "tests", "certs")
DIFFERENCES = os.path.join(HERE, "behaviour_differences.ini")
FOLDER = os.path.join(environments.BUILD, "behaviour-looked-at")

NO_STOCK = """\
Neither a tree of Debian's unstable suite nor Python %s was found: their ssl
is what is compared with.""" % STOCK

# Where pure Python packages are.
PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"

# a name, and the command, which wants a row to start at
Side = collections.namedtuple("Side", "name command")

# state, and a line of the table with the value that stands in its PLACE
Row = collections.namedtuple("Row", "state text value")
PLACE = re.compile(r"\b(?:VALUE|SMALL|FEW)\b")
Comparison = collections.namedtuple("Comparison", "same meant others")

TABLE = "%-34s %8s %8s %8s %8s"


# The tree of the newest Python

class Place(object):
    """A folder of its own in the tree, with the backport built there."""

    def __init__(self, progress):
        self.tree = newest.tree_of(progress)
        self.folder = os.path.join(self.tree.folder, "tmp", "behaviour")

    def is_there(self):
        return os.geteuid() == 0 and os.path.exists(
            os.path.join(self.tree.folder, "usr", "bin", "python" + NEWEST))

    def command(self, name, *arguments):
        """What runs the newest Python in a folder there."""
        return self.tree.command(
            ["env", "PYTHONPATH=/tmp/behaviour/packages:"
             "/tmp/behaviour/source/Lib", "python" + NEWEST, *arguments],
            "/tmp/behaviour/" + name)

    def fill(self):
        """Put the sources there, and setuptools, which builds them."""
        packages = subprocess.check_output(
            [environments.tools_python(), "-c", PACKAGES],
            universal_newlines=True).strip()
        shutil.rmtree(self.folder, ignore_errors=True)
        source = os.path.join(self.folder, "source")
        os.makedirs(source)
        for name in environments.SOURCES:
            path = os.path.join(environments.ROOT, name)
            if os.path.isdir(path):
                shutil.copytree(path, os.path.join(source, name))
            else:
                shutil.copy(path, source)
        shutil.copytree(CERTIFICATES, os.path.join(self.folder, "certs"))
        shutil.copytree(os.path.dirname(LOOK),
                        os.path.join(self.folder, "look_at_behaviour"))
        for name in "setuptools", "_distutils_hack":
            shutil.copytree(os.path.join(packages, name),
                            os.path.join(self.folder, "packages", name))

    def build(self, progress):
        self.fill()
        environments.run(
            self.command("source", "setup.py", "-q", "build_ext",
                         "--build-lib", "Lib"), "behaviour-build.log")
        progress.say("Python " + NEWEST, "the backport is built there")

    def side(self, name, *options):
        os.makedirs(os.path.join(self.folder, name))
        return Side("%s, Python %s" % (name, NEWEST), self.command(
            name, *options, "../look_at_behaviour/look.py", "../certs"))


def sides_in_tree(place, progress):
    """The stock Side and the backport's."""
    environments.make_tools(progress)
    place.build(progress)
    return [place.side("stock"), place.side("backport", "-m", "_ssl_backport")]


# Looking

def look(side, progress):
    """{Row: outcomes}; after a crash it goes on behind it."""
    found = collections.OrderedDict()
    while True:
        title, row, status = follow(side, found)
        if row is None and status == 0:
            break
        if row is None or title is None:
            raise Failure("%s ended with exit status %d, after %s" % (
                side.name, status, list(found)[-1] if found else "nothing"))
        found[row] = [["ended by signal %d" % -status]]
    progress.say(side.name, "%d rows with %s" % (len(found), title[1]))
    return found


def follow(side, found):
    """Add the outcomes as they come; the title, the row that was not
    finished, and the exit status."""
    log = os.path.join(environments.LOGS, "behaviour.log")
    folder = os.path.join(FOLDER, side.name)
    os.makedirs(folder, exist_ok=True)
    title = row = None
    with open(log, "a") as errors:
        # a session of its own: OpenSSL asks the terminal for passwords
        process = subprocess.Popen(
            side.command + [str(len(found))], cwd=folder, stderr=errors,
            stdout=subprocess.PIPE, env=environments.clean_environ(),
            start_new_session=True, universal_newlines=True)
        for line in process.stdout:
            read = json.loads(line)
            if title is None:
                title = read
            elif row is None:
                row = Row(*read)
                if row in found:
                    raise Failure("%s comes twice." % (row,))
            else:
                found[row], row = read, None
    return title, row, process.wait()


# Comparing

class Entry(object):
    """One of the data file: * in a pattern stands for anything."""

    def __init__(self, section, pattern):
        self.section = section
        self.pattern = pattern
        self.matches = re.compile(".*".join(
            map(re.escape, pattern.split("*"))), re.DOTALL).fullmatch


def read_entries():
    parser = configparser.RawConfigParser(delimiters=("=>",))
    parser.optionxform = str
    with open(DIFFERENCES) as stream:
        parser.read_file(stream)
    return [Entry(section, pattern) for section in parser.sections()
            for pattern in parser.options(section)]


def in_terms_of_2(outcome):
    """Without what 2.7 has not: bytes that are no text, and warnings."""
    if not isinstance(outcome, list):
        return "text" if outcome in ("bytes", "str", "unicode") else outcome
    if outcome and outcome[0] in ("returned", "raised"):
        outcome = outcome[:-1]
    return [in_terms_of_2(each) for each in outcome]


def is_outcome(what):
    return isinstance(what, list) and what[:1] in (["returned"], ["raised"])


def in_short(what):
    """"raised SSLError 136 PEM NO_START_LINE", or the JSON of a result."""
    if not is_outcome(what):
        return json.dumps(what)
    if what[0] == "returned":
        return "returned " + json.dumps(what[1])
    return " ".join(["raised", what[1]] + [
        str(what[2][name]) for name in sorted(what[2])])


def pairs(stock, ours):
    """What differs in outcomes, as small as possible."""
    if stock == ours:
        return
    lists = (isinstance(stock, list) and isinstance(ours, list)
             and len(stock) == len(ours))
    if not lists or "raised" in (stock[:1] + ours[:1]):
        yield in_short(stock), in_short(ours)
        return
    for pair in zip(stock, ours):
        for each in pairs(*pair):
            yield each


def differences(row, stock, ours):
    """A line for each thing that differs, without the state of the row."""
    line = PLACE.sub(lambda _: row.value, row.text) if row.value else row.text
    found = collections.OrderedDict()
    for count, (one, other) in enumerate(zip(stock, ours)):
        for pair in pairs(one, other):
            found["%s: %s%s / %s" % (line, "then " * bool(count), *pair)] = 1
    if len(stock) != len(ours):
        found["%s: %d / %d outcomes" % (line, len(stock), len(ours))] = 1
    return list(found)


def explained(text, entries, used):
    """Whether one of these entries explains it; notes which."""
    for entry in entries:
        if entry.matches(text):
            used.add(entry)
            return True
    return False


def compare(stock, ours, entries, used, is_2):
    """Comparison: how many are the same or meant, and the others' texts."""
    same, meant, others = 0, 0, collections.OrderedDict()
    for row, outcomes in stock.items():
        found = ours[row]
        if is_2:
            outcomes, found = map(in_terms_of_2, (outcomes, found))
        if outcomes == found:
            same += 1
            continue
        texts = [text for text in differences(row, outcomes, found)
                 if not explained("%s: %s" % (row.state, text), entries,
                                  used)]
        meant += not texts
        for text in texts[:1]:
            others.setdefault(text, []).append(row.state)
    return Comparison(same, meant, others)


def report(tables):
    """Print what is not explained and the table; how many rows those are."""
    total = 0
    for name, (_, _, others) in tables.items():
        for text, states in others.items():
            print("\n%s, %d times, such as %s:\n    %s" % (
                name, len(states), states[0], text[:1000]))
    print("\n" + TABLE % ("", "all", "same", "meant", "others"))
    for name, (same, meant, others) in tables.items():
        count = sum(map(len, others.values()))
        total += count
        print(TABLE % (name, same + meant + count, same, meant, count))
    return total


# All of it

def backport_in(name, is_newest, progress):
    """The Side of the backport in a Python of this system; with the OpenSSL
    of the newest stock ssl if that is compared with."""
    interpreter = environments.find(name)
    if interpreter is None:
        raise Failure("Python %s was not found." % name)
    if is_newest:
        os.environ["OPENSSL_DIR"] = openssl.build(
            OPENSSL, openssl.native(), progress)
        python = test_openssl.prepare(interpreter, OPENSSL, progress)
    else:
        python = environments.prepare(interpreter, progress)
    return Side("backport, Python " + name,
                [python, "-m", "_ssl_backport", LOOK, CERTIFICATES])


def sides(names, place, progress):
    """The Sides: the stock ssl first."""
    is_newest = place.is_there()
    if is_newest:
        for side in sides_in_tree(place, progress):
            yield side
    else:
        interpreter = environments.find(STOCK)
        if interpreter is None:
            raise Failure(NO_STOCK)
        progress.say("Python " + NEWEST, "there is no tree of Debian's "
                     "unstable suite to enter: compared with %s" % STOCK)
        yield Side("stock, Python " + STOCK,
                   [interpreter.path, LOOK, CERTIFICATES])
    for name in names:
        yield backport_in(name, is_newest, progress)


def test(names, progress):
    """({name: Comparison} of the backport, and what explained nothing)."""
    place = Place(progress)
    shutil.rmtree(FOLDER, ignore_errors=True)
    entries, used = read_entries(), set()
    stock, *others = sides(names, place, progress)
    with concurrent.futures.ThreadPoolExecutor(run_tests.AT_A_TIME) as pool:
        expected, *looks = pool.map(lambda side: look(side, progress),
                                    [stock] + others)
    tables = collections.OrderedDict()
    for side, found in zip(others, looks):
        version = side.name.split()[-1]
        sections = ["all", "backport " + version,
                    stock.name.replace(", Python", "")]
        tables[side.name] = compare(
            expected, found,
            [entry for entry in entries if entry.section in sections], used,
            version == "2.7")
    stale = [entry for entry in entries if entry not in used
             and entry.section != "stock " + STOCK]
    return tables, stale if place.is_there() else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS", default=PYTHONS,
                        help="such as '2.7 3.6' (default: %s)" % PYTHONS)
    options = parser.parse_args()
    try:
        tables, stale = test(options.pythons.split(), environments.Progress())
    except Failure as failure:
        return "\n%s" % failure
    failed = report(tables)
    for entry in stale:
        print("\nNothing differs as [%s] %s says." % (
            entry.section, entry.pattern))
    if failed or stale:
        return "\nWhat differs is not what ci/test/%s explains." % (
            os.path.basename(DIFFERENCES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
