"""What is measured, and what is to be reached.

A Row's work is one of worker.py and floor.c.  Ratios say how much faster the
backport on 2.7 is than another, in CPU time: 1.2 is a fifth more work in the
same time.
"""

import collections

KIB = 1024

# title: for the table.  unit: what one unit of the work is.
# c, stock, pyopenssl: the least ratio to reach against each, or None.
Row = collections.namedtuple(
    "Row", "name title unit work size connections c stock pyopenssl")


def row(name, title, unit, work=None, size=0, connections=1,
        c=None, stock=None, pyopenssl=None):
    return Row(name, title, unit, work or name, size, connections, c, stock,
               pyopenssl)


ROWS = [
    row("full", "full handshakes", "handshake", c=0.95, stock=1.05),
    row("resumed", "resumed handshakes", "handshake", c=0.8, stock=2.0),
    row("recv_into", "recv_into 256 KiB", "256 KiB", size=256 * KIB,
        c=1.0, stock=1.15, pyopenssl=1.0),
    row("recv-64k", "recv(65536)", "64 KiB", "recv", size=64 * KIB,
        c=1.0, stock=1.15, pyopenssl=1.0),
    row("recv-16k", "recv(16384)", "16 KiB", "recv", size=16 * KIB,
        pyopenssl=1.0),
    row("sendall", "sendall 256 KiB", "256 KiB", size=256 * KIB,
        c=1.2, stock=1.3, pyopenssl=1.0),
    row("sendall-4k", "sendall 4 KiB", "4 KiB", "sendall", size=4 * KIB,
        pyopenssl=1.0),
    row("echo", "echo of 64 bytes", "echo", size=64,
        c=0.9, stock=1.1, pyopenssl=1.0),
]


def select(names):
    """The rows whose name is one of these or begins with it; all for
    none."""
    return [row for row in ROWS
            if not names or any(
                row.name == name or row.name.startswith(name + "-")
                for name in names)]
