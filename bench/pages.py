"""Writes the results of make bench into docs/performance.rst and README.rst,
between lines that begin with MARK.
"""

import io
import os

import report

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARK = ".. figures of make bench: "

# (name of the row, its label in the table)
WORK = [
    ("import", "``import ssl``, first in a process"),
    ("context-first", "``create_default_context()``, first"),
    ("context-later", "``create_default_context()``, each later one"),
    ("ca-file-first", "``load_verify_locations(certifi.where())``, first"),
    ("requests-get", "``import requests; requests.get()``, new process"),
    ("full", "full handshake"),
    ("resumed", "resumed handshake"),
    ("sendall", "``sendall()`` of 256 KiB"),
    ("recv_into", "``recv_into()`` of 256 KiB"),
    ("echo", "echo of 64 bytes"),
]

# (name of the contestant, its label in the table)
COLUMNS = [
    ("wheel 2.7", "backport, wheel"), ("ours 2.7", "backport"),
    ("stock 2.7", "2.7's ``ssl``"), ("stock 3.13", "3.13's ``ssl``"),
    ("pyOpenSSL", "pyOpenSSL 21")]

KEY_EXCHANGE = """\
With the wheel's OpenSSL at both ends, a handshake with X25519MLKEM768 needs
%.2f times the CPU time of one with X25519."""

REQUESTS = """\
On Python 2.7 a new process that imports ``requests`` and calls
``requests.get()`` once, with an HTTPS URL, needs %s of CPU time with the
backport's wheel, %s with 2.7's own ``ssl``, and %s with pyOpenSSL."""


def cpu(results, row, name):
    """A result as text; "" without a result."""
    figure = results.get(row, {"figures": {}})["figures"].get(name)
    return report.amount(figure["cpu"], "cpu") if figure else ""


def as_table(lines):
    """A table in reStructuredText of lists of cells; the first has headings.
    """
    widths = [max(map(len, column)) for column in zip(*lines)]
    rule = "  ".join("=" * width for width in widths)
    rows = ["  ".join(text.ljust(width) for text, width
                      in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([rule, rows[0], rule] + rows[1:] + [rule])


def table(results):
    """The table of the CPU times of WORK."""
    lines = [["CPU time"] + [title for _, title in COLUMNS]]
    for row, title in WORK:
        if row in results:
            lines.append([title] + [cpu(results, row, name)
                                    for name, _ in COLUMNS])
    return as_table(lines)


def figures(results):
    """The table, and the cost of post-quantum key exchange."""
    ratio = results.get("x25519", {"ratios": {}})["ratios"].get(
        "wheel-x25519 2.7", {"ratio": None})["ratio"]
    return table(results) + (
        "\n\n" + KEY_EXCHANGE % (1 / ratio) if ratio else "")


def missed(results):
    """The table of missed goals."""
    lines = [["work", "against", "goal", "reached", "C", "dotted"]]
    origins = report.load(report.ORIGINS)
    for row, result in results.items():
        for goal in result["goals"]:
            if report.is_missed(goal):
                name = goal["against"]
                lines.append([
                    result["title"],
                    "wheel, " + name if goal["kind"] == "wheel" else name,
                    "%.2f" % goal["least"], "%.2f" % goal["reached"],
                    times_of_c(result, name),
                    times_of_bound(origins.get(row), name)])
    return as_table(lines)


def times_of_c(result, name):
    """How many times as fast C is as a contestant (str)."""
    cost = {who: figure[result["measure"]]
            for who, figure in result["figures"].items()}
    return "%.2f" % (cost[name] / cost["C"]) if "C" in cost else ""


def times_of_bound(origin, name):
    """How many times as fast the bound of origins.py is (str)."""
    if not origin or name not in origin["origins"] or not origin["bound"]:
        return ""
    return "%.2f" % (sum(origin["origins"][name].values()) / origin["bound"])


def sentence(results):
    """A sentence with the times of requests.get()."""
    times = [cpu(results, "requests-get", name)
             for name in ("wheel 2.7", "stock 2.7", "pyOpenSSL")]
    return REQUESTS % tuple(times) if all(times) else ""


def filled(text, name, content):
    """The text of a page with new content between two marks."""
    begin, end = MARK + name, MARK + "end of " + name
    before, found, rest = text.partition(begin + "\n")
    _, found_end, after = rest.partition(end + "\n")
    if not found or not found_end:
        raise ValueError("no marks for %r" % name)
    return "%s%s\n%s%s\n%s" % (
        before, begin, "\n%s\n\n" % content if content else "", end, after)


PAGES = [
    (os.path.join("docs", "performance.rst"), "table", figures),
    (os.path.join("docs", "performance.rst"), "missed goals", missed),
    ("README.rst", "requests", sentence),
]


def read(name):
    with io.open(os.path.join(ROOT, name), encoding="ascii") as stream:
        return stream.read()


def write(results):
    """Write the stored results into the pages."""
    for name, part, content in PAGES:
        text = filled(read(name), part, content(results))
        with io.open(os.path.join(ROOT, name), "w",
                     encoding="ascii") as stream:
            stream.write(text)
