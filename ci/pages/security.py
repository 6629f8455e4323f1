"""Makes docs/security.rst from docs/security.json, docs/trials.json and the
names of the tests.

    python -m ci.pages.security          # writes it
    python -m ci.pages.security --check  # tells whether it is up to date

security.json has the known bugs of ssl modules in groups: their ids, what
could happen ("trouble"), and either what happens here ("here") or why that
cannot be asked ("reason").  Tests are found by the ids in their names.

trials.json has the long forms of the tests, in order: what it is ("title"),
the command, what was tried and for how long, with which outcome ("tried"),
and what it has found since there is such a test ("found").
"""

from __future__ import print_function

import glob
import io
import json
import os
import re
import textwrap
from collections import OrderedDict

from ci.pages import generated_page

ROOT = generated_page.ROOT
DATA = os.path.join(ROOT, "docs", "security.json")
TRIALS = os.path.join(ROOT, "docs", "trials.json")
PAGE = os.path.join(ROOT, "docs", "security.rst")
WIDTH = 79

GROUPS = OrderedDict([
    ("A1", u"Vulnerabilities"),
    ("A2", u"Crashes and memory"),
    ("A3", u"Leaks"),
    ("A4", u"Threads, forks, signals"),
    ("A5", u"Errors, ends, timeouts"),
    ("A6", u"Arguments and buffers"),
    ("A7", u"Certificates, names, trust"),
    ("A8", u"Two OpenSSLs in one process"),
])

HEAD = u"""\
Security
========

.. This page is made by ci/pages/security.py, from trials.json and
   security.json.

What was tried
--------------

``make test`` has a short form of each of these; these are the latest long
ones.
"""

DISTRUSTED = u"""\
Keys that nobody may trust
--------------------------

A certificate chain in which one of these keys occurs is refused with verify
code 28 ("certificate rejected"), even where it leads to a trusted CA
certificate, or is one.  This holds for each context that verifies its peer, as
in Python 3.15.2 and 3.14.10 (gh-160040).  A ``verify_callback`` is asked about
that error as about each other one.

``Modules/distrusted.h`` is the list.  An entry is the SHA-256 digest of a
SubjectPublicKeyInfo, so that every certificate of the key is meant, whoever
signed it; comments tell whose the key is, why it is there and the source.  The
last entry is a key of the tests.  Who has a certificate of a key gets its
digest by::

    openssl x509 -in FILE -noout -pubkey | \\
        openssl pkey -pubin -outform DER | openssl dgst -sha256

The list follows CPython's: whoever updates the package to a new release of
CPython or OpenSSL compares the two, and what CPython has added is added here
within a day, with a release of its own.  A CA that misbehaves is the business
of those who make bundles of CA certificates; only keys that others are known
to hold come onto the list.  An entry stays until the last certificate of its
key has expired.
"""

BUGS = u"""\
Known bugs, and what becomes of them here
-----------------------------------------

What has gone wrong in Python's ``ssl`` and its relatives in twenty years,
what happens here instead, and the tests that prove it, which run with every
``make test``, but for the few that take long, which ``make test-long`` adds.
Ids beginning with ``bpo`` are of Python's old tracker, those with ``gh`` of
its present one, others name their project; a ``rule`` is our own.
"""


def load(path=DATA):
    """{group: [entry]}, or the list of trials."""
    with io.open(path, encoding="ascii") as stream:
        return json.load(stream, object_pairs_hook=OrderedDict)


def slug(bug):
    """What an id is within the name of a test: "gh-1" is gh_1."""
    return re.sub("[^a-z0-9]+", "_", bug.lower())


def find_tests():
    """[(file name, name of the test)] of all tests, in order."""
    found = []
    for path in sorted(
            glob.glob(os.path.join(ROOT, "tests", "*", "test_*.py")),
            key=os.path.basename):
        with io.open(path, encoding="ascii") as stream:
            found += [(os.path.basename(path), name) for name in re.findall(
                r"^ *def (test_\w+)\(", stream.read(), re.MULTILINE)]
    return found


def tests_of(entry, tests):
    """Those that are named after one of an entry's ids."""
    pattern = re.compile("_(%s)(_|$)" % "|".join(
        slug(bug) for bug in entry["ids"]))
    return [test for test in tests if pattern.search(test[1])]


def paragraph(text, indent=u"    "):
    return textwrap.wrap(text, WIDTH, initial_indent=indent,
                         subsequent_indent=indent, break_on_hyphens=False,
                         break_long_words=False)


def render_entry(entry, tests):
    lines = [u", ".join(entry["ids"])]  # a term of a list is one line
    if "reason" in entry:
        return lines + paragraph(entry["trouble"]) + [u""] + paragraph(
            u"Not tested: " + entry["reason"]) + [u""]
    lines += paragraph(entry["trouble"]) + [u""]
    lines += paragraph(u"Here: " + entry["here"]) + [u""]
    for place, name in tests_of(entry, tests):
        lines.append(u"    | %s ``%s``" % (place, name))
    return lines + [u""]


def render_trial(trial):
    title = u"%s (``%s``)" % (trial["title"], trial["command"])
    return [title] + paragraph(trial["tried"]) + [u""] + paragraph(
        u"Found: " + trial["found"]) + [u""]


def render():
    """The text of security.rst."""
    tests = find_tests()
    lines = [HEAD]
    for trial in load(TRIALS):
        lines += render_trial(trial)
    lines += [DISTRUSTED, BUGS]
    for group, entries in load().items():
        title = u"%s: %s" % (group, GROUPS[group])
        lines += [title, u"~" * len(title), u""]
        for entry in entries:
            lines += render_entry(entry, tests)
    return u"\n".join(lines).rstrip() + u"\n"


if __name__ == "__main__":
    generated_page.main(PAGE, render, __doc__)
