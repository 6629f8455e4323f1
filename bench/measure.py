"""Run the contestants in turn, round after round.

Each contestant is a process of its own on one core; the peer runs on another
core.  All contestants do the same work in each round, so other load on the
machine slows all of them.  A ratio is the median of the rounds' ratios.
"""

import collections
import os
import select
import statistics
import subprocess
import time

from ci.shared.environments import Failure, clean_environ

# The CPU time of the backport in one round.  Rounds are short, so that the
# machine's load is the same for all contestants of a round.
ROUND_SECONDS = 0.04

# A worker that takes longer hangs.
LIMIT_SECONDS = 120

# A row ends when the spread of each ratio is at most CERTAIN, or after the
# greatest number of rounds, or after BUDGET_SECONDS and at least FEW rounds.
# A ratio whose spread is greater than NOISY is not reported.
CERTAIN = 0.02
NOISY = 0.06
FEW = 5
BUDGET_SECONDS = 30

# One unit of work: wall seconds, CPU seconds, bytes of memory.
Figure = collections.namedtuple("Figure", "wall cpu bytes")


class Stuck(Exception):
    """A contestant gave no figures; the message is its last line of errors."""


def cores():
    """(core of the measured process, core of the peer)"""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


def start(command, core, **options):
    """Start a process that is bound to one core."""
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=clean_environ(), universal_newlines=True, bufsize=1,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}), **options)


class Worker(object):
    """A contestant's process, which does the work of one row."""

    def __init__(self, contestant, row):
        self.contestant = contestant
        self.process = start(
            contestant.command + [row.work, str(row.size),
                                  str(row.connections)],
            cores()[0], stderr=subprocess.PIPE)

    def measure(self, count):
        """Do `count` units; returns the Figure of one unit."""
        try:
            self.process.stdin.write("%d\n" % count)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # reason() reads the error below
        ready, _, _ = select.select([self.process.stdout], [], [],
                                    LIMIT_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise Stuck(self.reason(bool(ready)))
        wall, cpu, size = map(float, line.split())
        return Figure(wall / count, cpu / count, size)

    def reason(self, ended):
        if not ended:
            return "hangs"
        errors = self.process.stderr.read().strip().splitlines()
        return errors[-1] if errors else "ended without a message"

    def close(self):
        self.process.kill()
        self.process.communicate()


class Peer(object):
    """The process of peer.c, the other end of all connections."""

    def __init__(self, program, certificate):
        self.process = start([program, certificate], cores()[1])
        self.port = self.process.stdout.readline().strip()
        if not self.port:
            raise Failure("The peer did not start.")
        self.openssl = self.process.stdout.readline().strip()

    def close(self):
        self.process.kill()
        self.process.communicate()


def units(worker):
    """The number of units in a round.  The first unit of a process, which
    includes its start, is not counted."""
    worker.measure(1)
    count = 1
    while True:
        cpu = worker.measure(count).cpu
        if cpu * count >= ROUND_SECONDS / 4:
            return max(1, round(ROUND_SECONDS / cpu))
        count *= 4


def spread(values):
    """The uncertainty of the median, as a share of the median.

    This is the notch of a box plot: 1.57 times the interquartile range,
    divided by the square root of the number of values.
    """
    if len(values) == 1:
        return 0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (1.57 * (high - low) / len(values) ** 0.5
            / statistics.median(values))


def ratios(row, figures, name, base=None, allowance=0):
    """How many times as much `name` takes as the base, for each round.

    The base is the row's own, unless the argument names another one.
    """
    return [(getattr(theirs, row.measure) + allowance)
            / getattr(mine, row.measure)
            for theirs, mine in zip(figures[name],
                                    figures[base or row.base])]


def is_certain(row, figures):
    """Whether the spread of each ratio is at most CERTAIN."""
    return row.base in figures and all(
        spread(ratios(row, figures, name)) <= CERTAIN
        for name in figures if name != row.base)


class Race(object):
    """All contestants of one row."""

    def __init__(self, row, contestants):
        self.row = row
        self.contestants = list(contestants)
        self.workers = {}
        self.count = 1
        self.figures = {}   # {name: [one Figure for each round]}
        self.failed = {}    # {name: why the contestant has no figures}

    def prepare(self):
        """Choose the work of a round, and leave out who cannot do the work."""
        base, = (contestant for contestant in self.contestants
                 if contestant.name == self.row.base)
        self.count = units(self.worker(base))
        self.round(to_warm_up=True)

    def run(self, least, most):
        """Run `least` to `most` rounds, until the ratios are certain."""
        if self.row.measure == "bytes":
            most = 1    # memory figures have no noise
        if not self.row.fresh:
            self.prepare()
        end = time.monotonic() + BUDGET_SECONDS
        for number in range(1, most + 1):
            self.round()
            if (number >= least and is_certain(self.row, self.figures)
                    or number >= FEW and time.monotonic() > end):
                break

    def round(self, to_warm_up=False):
        self.contestants.reverse()  # nobody always follows the same one
        for contestant in list(self.contestants):
            name = contestant.name
            try:
                figure = self.worker(contestant).measure(self.count)
            except Stuck as stuck:
                self.failed[name] = str(stuck)
                self.figures.pop(name, None)
                self.contestants.remove(contestant)
                self.close(name)
                continue
            if not to_warm_up:
                self.figures.setdefault(name, []).append(figure)
            if self.row.fresh:
                self.close(name)

    def worker(self, contestant):
        """The Worker of a contestant; started if it is not running."""
        if contestant.name not in self.workers:
            self.workers[contestant.name] = Worker(contestant, self.row)
        return self.workers[contestant.name]

    def close(self, name):
        self.workers.pop(name).close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        for name in list(self.workers):
            self.close(name)
