"""The rows of the benchmark, and the goal of each.

worker.py and floor.c define the work that a Row names.  A ratio compares the
CPU time of the backport on 2.7 with that of another contestant: 1.2 means that
the backport does a fifth more work in the same time.
"""

import collections

KIB = 1024

# title: in the table.  unit: the name of one unit of work.
# c, stock, pyopenssl: the goal (least ratio) against each, or None.
# best: the stock `ssl` to compare with; None means the fastest.
# allowance: CPU seconds by which the backport may miss the goal.
# measure: "cpu" or "bytes".  fresh: each round is the first of a process.
# wheel: whether the wheel's OpenSSL 3.5 is compared with pyOpenSSL's 1.1.1.
# wheel_goal: the goal of that comparison, or None.
# group: rows of one group are plotted together.
# names: of the contestants; None means all.  base: the contestant with which
# the others are compared.
# certifi: whether the work needs certifi or requests.
Row = collections.namedtuple(
    "Row", "name title unit work size connections c stock pyopenssl best "
           "allowance measure fresh wheel wheel_goal group names base "
           "certifi")

OURS = "ours 2.7"


def row(name, title, unit, work=None, size=0, connections=1,
        c=None, stock=None, pyopenssl=None, best=None, allowance=0,
        measure="cpu", fresh=False, wheel=False, wheel_goal=None,
        group="rows", names=None, base=OURS, certifi=False):
    return Row(name, title, unit, work or name, size, connections, c, stock,
               pyopenssl, best, allowance, measure, fresh,
               wheel or wheel_goal is not None, wheel_goal, group, names, base,
               certifi)


def short(size):
    """1024 as "1 KiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < KIB:
            break
        size //= KIB
    return "%d %s" % (size, unit)


ROWS = [
    row("full", "full handshake", "handshake", c=0.95, stock=1.05,
        wheel_goal=1 / 1.15),
    row("resumed", "resumed handshake", "handshake", c=0.8, stock=2,
        wheel_goal=1 / 1.2),
    row("recv_into", "recv_into 256 KiB", "256 KiB", size=256 * KIB,
        c=1, stock=1.15, pyopenssl=1, wheel_goal=1),
    row("recv-64k", "recv(65536)", "64 KiB", "recv", size=64 * KIB,
        c=1, stock=1.15, pyopenssl=1, wheel_goal=1),
    row("recv-16k", "recv(16384)", "16 KiB", "recv", size=16 * KIB,
        pyopenssl=1, wheel_goal=1),
    row("sendall", "sendall 256 KiB", "256 KiB", size=256 * KIB,
        c=1.2, stock=1.3, pyopenssl=1, wheel=True),
    row("sendall-4k", "sendall 4 KiB", "4 KiB", "sendall", size=4 * KIB,
        pyopenssl=1),
    row("echo", "echo of 64 bytes", "echo", size=64,
        c=0.9, stock=1, best="stock 2.7", pyopenssl=1, wheel=True),
    row("memory-handshake", "MemoryBIO handshake", "pair of ends",
        wheel=True),
    row("memory-bulk", "MemoryBIO 64 KiB", "64 KiB each way", size=64 * KIB,
        stock=1.5, best="stock 3.13", pyopenssl=1),
    row("memory-feed", "MemoryBIO like asyncio", "64 KiB each way",
        size=64 * KIB, stock=1.5, best="stock 3.13", pyopenssl=1),
    row("context-first", "first default context", "context", "context",
        stock=5, fresh=True, wheel_goal=1),
    row("ca-file-first", "first load of certifi", "load", "ca-file",
        stock=5, fresh=True, wheel_goal=1, certifi=True),
    row("context-later", "later default context", "context", "context",
        c=50, stock=50, wheel=True),
    row("import", "import ssl", "import", stock=1,
        best="stock 2.7", allowance=0.003, pyopenssl=1, wheel=True),
    row("requests-get", "requests.get, new process", "process",
        stock=1, pyopenssl=1, wheel_goal=1, certifi=True,
        names=[OURS, "stock 2.7", "pyOpenSSL", "wheel 2.7"]),
    row("idle-memory", "memory: 10,000 pairs", "end",
        connections=10000, c=1 / 1.1, stock=1, best="stock 3.13",
        measure="bytes", fresh=True),
    row("idle-sockets", "memory: 1,000 sockets", "connection",
        connections=1000, c=1 / 1.1, stock=1, best="stock 3.13",
        measure="bytes", fresh=True),
    row("select", "select, 1,000 sockets", "1,000 echoes", size=64,
        connections=1000),
    row("duplex", "two threads, 1 socket", "256 KiB each way",
        size=256 * KIB),
    row("threads", "8 threads, 8 sockets", "8 times 16 KiB", size=16 * KIB,
        connections=8, stock=1, best="stock 2.7"),
    row("x25519", "MemoryBIO handshake, wheel", "pair of ends",
        "memory-handshake", group="groups", base="wheel 2.7",
        names=["wheel 2.7", "wheel-x25519 2.7"]),
] + [
    row("grow-links-%d" % links, "select, %d" % links,
        "%d echoes" % links, "select", size=64, connections=links,
        group="links")
    for links in (1, 10, 100, 1000)
] + [
    row("grow-%s-%d" % (way, size), "%s %s" % (work, short(size)),
        short(size), work, size=size, group=way)
    for way, work in (("in", "recv_into"), ("out", "sendall"))
    for size in (1, KIB, 16 * KIB, 256 * KIB, 16 * KIB ** 2, KIB ** 3)
]

# The contestants of the rows that show how the cost grows.
GROWTH = ["C", "ours 2.7", "stock 3.13"]


def takes_part(row, name):
    """Whether a row measures the contestant of that name."""
    if row.names is not None:
        return name in row.names
    if row.group != "rows":
        return name in GROWTH
    if name.startswith("wheel"):
        return row.wheel and name == "wheel 2.7"
    return True


def select(names):
    """The rows whose name is one of `names` or begins with one of them; all
    rows if `names` is empty."""
    return [row for row in ROWS
            if not names or any(
                row.name == name or row.name.startswith(name + "-")
                for name in names)]
