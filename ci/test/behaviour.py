"""make test-behaviour: proves that each call of a table has the same outcome
with the newest stock ssl and with the backport.

    python3 -m ci.test.behaviour [--pythons "2.7 3.13"]

It takes about eight minutes, and ends with a table.

The calls are in ci/test/look_at_behaviour/table.py: everything that Python 3.7
to 3.15 have added to ssl, with values of all types, in each state of a
connection.  The stock ssl is that of Python 3.15 in the Debian folder of make
check-newest, which needs root.  The backport is built there too, with the same
OpenSSL.  Without this folder the stock ssl is that of Python 3.13.  The
backport also runs in Python 2.7.

A difference fails, unless ci/test/behaviour_differences.ini explains it.  With
3.15 an explanation without a difference fails, too.
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
OPENSSL = "3.6"  # the OpenSSL line of the newest stock ssl
HERE = os.path.join(environments.CI, "test")
LOOK = os.path.join(HERE, "look_at_behaviour", "look.py")
CERTIFICATES = os.path.join(environments.ROOT, "tests", "certs")
DIFFERENCES = os.path.join(HERE, "behaviour_differences.ini")
FOLDER = os.path.join(environments.BUILD, "behaviour-looked-at")

NO_STOCK = """\
Neither the Debian folder of make check-newest nor Python %s was found.  The
backport is compared with the ssl of one of them.""" % STOCK

# Prints the folder of pure Python packages.
PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"

# command: the command line of look.py, without its argument ROW
Side = collections.namedtuple("Side", "name command")

# text: a line of the table.  value: the value that replaces its PLACE.
Row = collections.namedtuple("Row", "state text value")
PLACE = re.compile(r"\b(?:VALUE|SMALL|FEW)\b")
Comparison = collections.namedtuple("Comparison", "same meant others")

TABLE = "%-34s %8s %8s %8s %8s"


# The Debian folder with the newest Python

class Place(object):
    """The folder /tmp/behaviour of the Debian folder, where the backport is
    built."""

    def __init__(self, progress):
        self.tree = newest.tree_of(progress)
        self.folder = os.path.join(self.tree.folder, "tmp", "behaviour")

    def is_there(self):
        return os.geteuid() == 0 and os.path.exists(
            os.path.join(self.tree.folder, "usr", "bin", "python" + NEWEST))

    def command(self, name, *arguments):
        """The command line that runs the newest Python in a folder of
        /tmp/behaviour."""
        return self.tree.command(
            ["env", "PYTHONPATH=/tmp/behaviour/packages:"
             "/tmp/behaviour/source/Lib", "python" + NEWEST, *arguments],
            "/tmp/behaviour/" + name)

    def fill(self):
        """Copy the sources, the scripts and setuptools to the folder."""
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
        progress.say("Python " + NEWEST, "backport built")

    def side(self, name, *options):
        os.makedirs(os.path.join(self.folder, name))
        return Side("%s, Python %s" % (name, NEWEST), self.command(
            name, *options, "../look_at_behaviour/look.py", "../certs"))


def sides_in_tree(place, progress):
    """The Sides of the stock ssl and of the backport, with the newest
    Python."""
    environments.make_tools(progress)
    place.build(progress)
    return [place.side("stock"), place.side("backport", "-m", "_ssl_backport")]


# Running look.py

def look(side, progress):
    """Run look.py to its end.  Returns {Row: outcomes}.

    After a crash this starts look.py again, at the next row.
    """
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
    """Run look.py and add its outcomes to found.

    Returns the title (versions of Python and OpenSSL), the Row without an
    outcome or None, and the exit status.
    """
    log = os.path.join(environments.LOGS, "behaviour.log")
    folder = os.path.join(FOLDER, side.name)
    os.makedirs(folder, exist_ok=True)
    title = row = None
    with open(log, "a") as errors:
        # in a new session there is no terminal that OpenSSL could ask for
        # passwords
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
                    raise Failure("The table has two rows %s." % (row,))
            else:
                found[row], row = read, None
    return title, row, process.wait()


# Comparing

class Entry(object):
    """An entry of the data file.  A * in its pattern matches any text."""

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
    """An outcome without the differences between bytes and text, and without
    warnings, since 2.7 has other ones."""
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
    """Generate the smallest pairs of texts that differ in two outcomes."""
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
    """A list with a text for each difference, without the row's state."""
    line = PLACE.sub(lambda _: row.value, row.text) if row.value else row.text
    found = collections.OrderedDict()
    for count, (one, other) in enumerate(zip(stock, ours)):
        for pair in pairs(one, other):
            found["%s: %s%s / %s" % (line, "then " * bool(count), *pair)] = 1
    if len(stock) != len(ours):
        found["%s: %d / %d outcomes" % (line, len(stock), len(ours))] = 1
    return list(found)


def explained(text, entries, used):
    """Whether an entry explains a difference.  Adds this entry to used."""
    for entry in entries:
        if entry.matches(text):
            used.add(entry)
            return True
    return False


def compare(stock, ours, entries, used, is_2):
    """Compare the outcomes of all rows.

    stock, ours: {Row: outcomes}.  is_2: whether ours are those of 2.7.
    Returns the Comparison: how many rows are the same, how many have only
    explained differences, and {text: [state]} of the other differences.
    """
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
    """Print the unexplained differences and the table.  Returns the number of
    rows with such differences."""
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


# The whole run

def backport_in(name, is_newest, progress):
    """The Side of the backport in a Python of this machine.

    is_newest: whether the stock ssl is the newest, whose OpenSSL the backport
    then has.
    """
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
    """Generate the Sides, that of the stock ssl first."""
    is_newest = place.is_there()
    if is_newest:
        for side in sides_in_tree(place, progress):
            yield side
    else:
        interpreter = environments.find(STOCK)
        if interpreter is None:
            raise Failure(NO_STOCK)
        progress.say("Python " + NEWEST, "not found in a Debian folder, so "
                     "the stock ssl is that of %s" % STOCK)
        yield Side("stock, Python " + STOCK,
                   [interpreter.path, LOOK, CERTIFICATES])
    for name in names:
        yield backport_in(name, is_newest, progress)


def test(names, progress):
    """Compare the backport in all Pythons.  Returns {name: Comparison}, and
    the entries that explain no difference."""
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
        print("\nNo difference matches this entry of section %s:\n    %s" % (
            entry.section, entry.pattern))
    if failed or stale:
        return "\nThe differences do not match the entries of ci/test/%s." % (
            os.path.basename(DIFFERENCES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
