"""Runs the contestants in turn, round after round, and judges the figures.

Each contestant is a process of its own on one core; the peer is on another.
In every round each does the same work, so that what disturbs the machine
disturbs all; a ratio is the median of the ratios of the rounds.
"""

import collections
import os
import select
import statistics
import subprocess
import time

from ci.shared.environments import Failure, clean_environ

# A round's work is such that ours takes so much CPU time: short, so that all
# of a round meet the same machine.
ROUND_SECONDS = 0.04

# An answer that takes longer never comes.
LIMIT_SECONDS = 120

# Rounds go on until the median ratios are known to within CERTAIN, or till
# there are enough, or FEW but time is up.  What is then less sure than NOISY
# is not told.
CERTAIN = 0.02
NOISY = 0.06
FEW = 5
BUDGET_SECONDS = 30

# For one unit: seconds, CPU seconds, bytes of memory.
Figure = collections.namedtuple("Figure", "wall cpu bytes")


class Stuck(Exception):
    """A contestant that gave no answer; the message says what it said."""


def cores():
    """(core of the measured process, core of the peer)"""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


def start(command, core, **options):
    """A process that is kept on one core."""
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=clean_environ(), universal_newlines=True, bufsize=1,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}), **options)


class Worker(object):
    """A contestant's process, at work on one row."""

    def __init__(self, contestant, row):
        self.contestant = contestant
        self.process = start(
            contestant.command + [row.work, str(row.size),
                                  str(row.connections)],
            cores()[0], stderr=subprocess.PIPE)

    def measure(self, count):
        """The Figure for one of so many units."""
        try:
            self.process.stdin.write("%d\n" % count)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the reason is read below
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
        return errors[-1] if errors else "ended without a word"

    def close(self):
        self.process.kill()
        self.process.communicate()


class Peer(object):
    """The other end of all connections."""

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
    """How many units make a round, the first of a process apart."""
    worker.measure(1)
    count = 1
    while True:
        cpu = worker.measure(count).cpu
        if cpu * count >= ROUND_SECONDS / 4:
            return max(1, round(ROUND_SECONDS / cpu))
        count *= 4


def spread(values):
    """How far off the median may be, as a part of it: the notch of a box
    plot, 1.57 times the distance of the quartiles by the root of n."""
    if len(values) == 1:
        return 0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (1.57 * (high - low) / len(values) ** 0.5
            / statistics.median(values))


def ratios(row, figures, name, base=None, allowance=0):
    """How much better the row's base, or another one, is than `name`, round
    by round."""
    return [(getattr(theirs, row.measure) + allowance)
            / getattr(mine, row.measure)
            for theirs, mine in zip(figures[name],
                                    figures[base or row.base])]


def is_certain(row, figures):
    """Whether all ratios are known well."""
    return row.base in figures and all(
        spread(ratios(row, figures, name)) <= CERTAIN
        for name in figures if name != row.base)


class Race(object):
    """The contestants at work on one row."""

    def __init__(self, row, contestants):
        self.row = row
        self.contestants = list(contestants)
        self.workers = {}
        self.count = 1
        self.figures = {}   # {name: [Figure, one a round]}
        self.failed = {}    # {name: why it has none}

    def prepare(self):
        """Choose how much work a round is, and find out who can do it."""
        base, = (contestant for contestant in self.contestants
                 if contestant.name == self.row.base)
        self.count = units(self.worker(base))
        self.round(to_warm_up=True)

    def run(self, least, most):
        """Rounds till the ratios are certain, or there are enough."""
        if self.row.measure == "bytes":
            most = 1    # no noise in it
        if not self.row.fresh:
            self.prepare()
        end = time.monotonic() + BUDGET_SECONDS
        for number in range(1, most + 1):
            self.round()
            if (number >= least and is_certain(self.row, self.figures)
                    or number >= FEW and time.monotonic() > end):
                break

    def round(self, to_warm_up=False):
        self.contestants.reverse()  # none always comes after another
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
        """The process of a contestant, started if need be."""
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
