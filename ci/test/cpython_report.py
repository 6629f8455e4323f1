"""Reports on the comparisons of ci/test/cpython.py: lists the lost and the
explained tests, prints the table, and writes docs/conformance.rst.
"""

import collections
import configparser
import fnmatch
import os
import textwrap

from ci.shared import environments

DIFFERENCES = os.path.join(environments.CI, "test",
                           "cpython_differences.ini")
DOCUMENT = os.path.join(environments.ROOT, "docs", "conformance.rst")

# Headings of the page.  The text above the first heading is written by hand;
# `make check-newest` writes the section of the second.
HEADING = "The latest run\n--------------\n"
HEADING_NEWEST = ("The newest Pythons\n"
                  "------------------\n")

HEAD = ("stock", "backport", "lost", "explained", "gained")
ROW = "%-35s %5s %8s %4s %9s %6s"

# before, after: {test: (outcome, text)} with the stock ssl and the backport;
# recovered: the tests that passed only in the second run
Comparison = collections.namedtuple(
    "Comparison", "interpreter module before after recovered")


def passed(outcomes):
    return {test for test in outcomes if outcomes[test][0] == "passed"}


def lost(before, after):
    """The tests that pass with the stock ssl and not with the backport."""
    return sorted(passed(before) - passed(after))


def in_short(comparison):
    """A line of progress."""
    before, after = comparison.before, comparison.after
    missing = lost(before, after)
    return "%-33s %4d stock, %4d backport%s" % (
        comparison.module, len(passed(before)), len(passed(after)),
        ", %d lost" % len(missing) if missing else "")


def read_differences():
    """{(version, pattern of tests): reason} from the data file."""
    parser = configparser.RawConfigParser(delimiters="=")
    parser.optionxform = str
    with open(DIFFERENCES) as stream:
        parser.read_file(stream)
    return {(version, test): " ".join(reason.split())
            for versions in parser.sections() for version in versions.split()
            for test, reason in parser.items(versions)}


def replace_section(text, heading, section):
    """A page with one of its sections replaced."""
    above, _, rest = text.partition(HEADING)
    latest, _, newest = rest.partition(HEADING_NEWEST)
    sections = {HEADING: HEADING + latest, HEADING_NEWEST:
                HEADING_NEWEST + newest, heading: section}
    return above + "\n".join(sections[name].rstrip("\n") + "\n"
                             for name in (HEADING, HEADING_NEWEST))


class Report(object):
    """All comparisons, with the explained differences."""

    def __init__(self, comparisons):
        self.comparisons = comparisons
        self.explained = read_differences()

    def owed(self, comparison):
        """The tests that the backport must pass: those that pass with the
        stock ssl and, for test_ssl of 3.6 and 3.7, also those that pass on
        3.8.  (The ssl of 3.6 and 3.7 fails some because of OpenSSL 3.)"""
        tests = passed(comparison.before)
        if comparison.interpreter.name in ("3.6", "3.7"):
            for other in self.comparisons:
                if (other.interpreter.name == "3.8"
                        and other.module == comparison.module == "test_ssl"):
                    tests |= passed(other.before) & set(comparison.after)
        return tests

    def lost(self, comparison):
        """(unexplained, explained) lost tests, sorted."""
        tests = sorted(self.owed(comparison) - passed(comparison.after))
        known = [test for test in tests if self.reason(comparison, test)]
        return [test for test in tests if test not in known], known

    def reason(self, comparison, test):
        """The reason why a test may be lost, or None."""
        for (version, pattern), reason in self.explained.items():
            if (version == comparison.interpreter.name
                    and fnmatch.fnmatchcase(test, pattern)):
                return reason
        return None

    def row(self, comparison):
        """The numbers of a row of the table."""
        unexplained, known = self.lost(comparison)
        before, after = passed(comparison.before), passed(comparison.after)
        return [len(before), len(after), len(unexplained), len(known),
                len(after - before)]

    def table(self):
        """The lines of the table, the totals last."""
        lines = []
        totals = [0] * len(HEAD)
        interpreter = None
        for comparison in self.comparisons:
            if comparison.interpreter != interpreter:
                interpreter = comparison.interpreter
                name = interpreter.title
                lines += ["", ROW % ((name,) + HEAD)]
            row = self.row(comparison)
            totals = [total + number for total, number in zip(totals, row)]
            lines.append(ROW % tuple(["  " + comparison.module] + row))
        return lines[1:] + [
            "", "Total: %d pass with stock, %d with the backport; %d lost, "
                "%d explained, %d gained" % tuple(totals)]

    def findings(self):
        """Lines about each test that is lost, or was lost in the first run."""
        for comparison in self.comparisons:
            version = comparison.interpreter.name
            for test in self.lost(comparison)[0]:
                outcome, text = comparison.after.get(test, ("not run", ""))
                yield "Lost on %s: %s" % (version, test)
                yield "    %s: %s" % (
                    outcome, (text.strip().splitlines() or [""])[-1][:100])
            for test in comparison.recovered:
                yield "Passed in the second run on %s: %s" % (version, test)

    def show(self):
        """Print the report and return the exit status."""
        print("\n" + "\n".join(list(self.findings()) + [""] + self.table()))
        unexplained = [test for comparison in self.comparisons
                       for test in self.lost(comparison)[0]]
        if unexplained:
            print("The logs are in .build/cpython, explained differences in "
                  "ci/test/cpython_differences.ini.")
        return 1 if unexplained else 0

    def reasons(self):
        """Lines of the page: each explained test and its reason."""
        for comparison in self.comparisons:
            version = comparison.interpreter.name
            for test in self.lost(comparison)[1]:
                yield "%s, ``%s``" % (version, test)
                yield textwrap.fill(
                    self.reason(comparison, test), 77,
                    initial_indent="  ", subsequent_indent="  ")

    def document(self, heading, made_on):
        """Replace the section of docs/conformance.rst with this heading.

        made_on: the lines above its table.
        """
        output = list(self.findings()) + [""] + self.table()
        section = "\n".join(
            [heading] + made_on + ["", ".. code-block:: text", ""]
            + [("    " + line).rstrip() for line in output]
            + ["", "Explained tests:", ""] + list(self.reasons()) + [""])
        with open(DOCUMENT) as stream:
            text = stream.read()
        with open(DOCUMENT, "w") as stream:
            stream.write(replace_section(text, heading, section))
