"""Makes docs/security.rst from docs/security.json, docs/trials.json and the
names of the tests.

    python -m ci.pages.security          # writes it
    python -m ci.pages.security --check  # tells whether it is up to date

security.json has the known bugs of ssl modules in groups: their ids, the bug
("trouble"), and either the behaviour of the backport ("here") or the reason
why no test exists ("reason").  Tests have the ids in their names.

trials.json has the long forms of the tests, in order: the "title", the
"command", the extent and outcome of the latest run ("tried"), and all faults
that this kind of test has found ("found").
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

Tests against attacks and faults
--------------------------------

This section describes the latest long run of each kind of test, and the faults
that these tests have found.  ``make test`` runs a short form of each.
"""

DISTRUSTED = u"""\
Distrusted keys
---------------

Each context that verifies its peer refuses a certificate chain that contains a
distrusted key, as Python 3.15.2 and 3.14.10 do (gh-160040).  The verify code
is 28 ("certificate rejected").  The chain is refused even if it ends with a
trusted CA certificate, and even if that certificate has the key.  A
``verify_callback`` gets this error like any other error.

``Modules/distrusted.h`` contains the list of keys.  An entry is the SHA-256
digest of a SubjectPublicKeyInfo, so that it applies to every certificate with
this key, whoever signed it.  Comments name the owner of each key, the reason
and the source.  The last entry is a key of the tests.  This command shows the
digest of a certificate's key:

.. code-block:: console

    $ openssl x509 -in FILE -noout -pubkey | \\
        openssl pkey -pubin -outform DER | openssl dgst -sha256

The list follows CPython's list.  The maintainers compare the two lists at
every update to a new release of CPython or OpenSSL.  They add CPython's new
entries within a day, in a release of their own.  The list contains only keys
that other people are known to have.  CAs that violate rules are the
responsibility of those who publish bundles of CA certificates.  An entry stays
until the last certificate with its key has expired.
"""

BUGS = u"""\
Known bugs of ``ssl`` modules
-----------------------------

This section lists the bugs of Python's ``ssl`` and of similar packages in
twenty years, the behaviour of the backport, and the tests that prove it.
``make test`` runs these tests; ``make test-long`` adds the few slow ones.  Ids
that begin with ``bpo`` belong to Python's old bug tracker, and those with
``gh`` to its current one.  Other ids name their project.  A ``rule`` is a rule
of this project.
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
