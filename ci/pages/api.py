"""Makes docs/api.rst, the table of the public API, from docs/api.json.

    python -m ci.pages.api          # writes it
    python -m ci.pages.api --check  # tells whether it is up to date

api.json has a table for the module `ssl` and for each of its classes.  An
entry has these fields: "since", the first Python whose `ssl` has the name;
"last", the last such Python; "openssl", the version that the name needs if
1.1.1 does not suffice; "note", a remark, often about 2.7.  The names come from
2.7.18, 3.6.15 and a late release of each later version up to 3.15, so 3.6
stands for all of 3.0 to 3.6.  A "since" of null marks a name that no Python
has.
"""

from __future__ import print_function

import io
import json
import os
import textwrap
from collections import OrderedDict

from ci.pages import generated_page

DOCS = os.path.join(generated_page.ROOT, "docs")
WIDTH = 79
# the page has a section for each family of constants
FAMILIES = ["ALERT_DESCRIPTION_", "CERT_", "HAS_", "OP_", "PROTOCOL_",
            "SSL_ERROR_", "VERIFY_"]

HEAD = u"""\
The public API
==============

This page lists all public names of ``ssl`` after ``_ssl_backport.install()``,
on Python 2.7 and on every Python 3.  Python's own documentation describes the
names; the notes here describe differences and additions.

Since
    The first Python whose own ``ssl`` has the name: 2.7, 3.6 or a later
    version.  3.6 stands for all of 3.0 to 3.6.  A second version is the last
    Python that has the name.  *ours* means that no Python has it.
OpenSSL
    The first OpenSSL that supports the name, if OpenSSL 1.1.1 does not.  With
    an older OpenSSL a method raises ``NotImplementedError``, and a constant
    does not exist.

On 2.7 methods return text as native ``str``, and files that cannot be read or
written raise ``IOError`` where Python 3 raises ``OSError``.

.. This page is made by ci/pages/api.py, from api.json.
"""

TITLES = OrderedDict([
    ("ssl", u"Functions and classes"),
    ("SSLContext", None), ("SSLSocket", None), ("SSLObject", None),
    ("MemoryBIO", None), ("SSLSession", None),
    ("Certificate", u"_ssl.Certificate"),
    ("SSLError", u"SSLError and its subclasses"),
    ("SSLCertVerificationError", None), ("DefaultVerifyPaths", None),
    ("Purpose", None), ("TLSVersion", None),
])

INTRODUCTIONS = {
    "SSLSocket": u"A subclass of ``socket.socket``, also on 2.7.  Methods "
                 u"that are not listed here are those of plain sockets.",
    "Certificate": u"The elements of certificate chains in ``_ssl``.",
}


def load():
    """The tables, in their order."""
    with io.open(os.path.join(DOCS, "api.json"), encoding="ascii") as stream:
        return json.load(stream, object_pairs_hook=OrderedDict)


def versions(entry):
    """The column "Since"."""
    since, last = entry["since"], entry.get("last")
    if since is None:
        return u"ours"
    if last is None:
        return since
    return u"%s only" % since if last == since else u"%s-%s" % (since, last)


def simple_table(rows):
    """Rows of texts as a simple table; the last column is wrapped, and goes
    on in lines whose first columns are empty.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    widths.append(WIDTH - sum(widths) - 2 * len(widths))
    line = u"  ".join(u"=" * width for width in widths)
    lines = [line]
    for number, row in enumerate(rows):
        cells = row[:3]
        for note in textwrap.wrap(row[3], widths[3]) or [u""]:
            lines.append(u"  ".join(
                cell.ljust(width)
                for cell, width in zip(cells + [note], widths)).rstrip())
            cells = [u"", u"", u""]
        if number == 0:
            lines.append(line)
    return lines + [line, u""]


def table(entries):
    rows = [[u"Name", u"Since", u"OpenSSL", u"Notes"]]
    for name, entry in entries.items():
        rows.append([u"``%s``" % name, versions(entry),
                     entry.get("openssl", u""), entry.get("note", u"")])
    return [u".. rst-class:: notes", u""] + simple_table(rows)


def heading(text):
    return [text, u"-" * len(text), u""]


def family_of(name):
    """The prefix of a constant that has a family, or None."""
    for prefix in FAMILIES:
        if name.startswith(prefix):
            return prefix
    return None


def constants(module):
    """The families of constants: one paragraph for those of 2.7 without a
    note, and a table for the others."""
    lines = heading(u"Constants")
    for prefix in FAMILIES:
        family = OrderedDict((name, entry) for name, entry in module.items()
                             if family_of(name) == prefix)
        plain = [name for name, entry in family.items()
                 if entry == {"since": "2.7"}]
        text = u"Since 2.7: %s." % u", ".join(u"``%s``" % n for n in plain)
        lines += [u"``%s*``" % prefix, u"~" * (len(prefix) + 5), u""]
        lines += textwrap.wrap(text, WIDTH) + [u""]
        rest = OrderedDict((name, entry) for name, entry in family.items()
                           if name not in plain)
        if rest:
            lines += table(rest)
    return lines


def render():
    """The text of api.rst."""
    tables = load()
    lines = [HEAD]
    for name, title in TITLES.items():
        entries = tables[name]
        lines += heading(title or name)
        if name in INTRODUCTIONS:
            lines += textwrap.wrap(INTRODUCTIONS[name], WIDTH) + [u""]
        if name == "ssl":
            entries = OrderedDict(
                (key, entry) for key, entry in entries.items()
                if family_of(key) is None)
        lines += table(entries)
    lines += constants(tables["ssl"])
    lines += heading(u"Imported names")
    text = (u"Some programs use names that the source of ``ssl`` only "
            u"imports.  The backport has these names, too: %s." % u", ".join(
                u"``%s``" % name for name in tables["imported"]))
    lines += textwrap.wrap(text, WIDTH)
    return u"\n".join(lines) + u"\n"


if __name__ == "__main__":
    generated_page.main(os.path.join(DOCS, "api.rst"), render, __doc__)
