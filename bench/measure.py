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

from environments import Failure, clean_environ

# A round's work is such that the first contestant takes so much CPU time:
# short, so that all of a round meet the same machine.
ROUND_SECONDS = 0.04
LIMIT_SECONDS = 60

# Rounds go on until the median ratios are known to within CERTAIN, or till
# there are enough.  What is then less sure than NOISY is not told.
CERTAIN = 0.02
NOISY = 0.06

# All in seconds for one unit; None where it cannot do the work.
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

    def close(self):
        self.process.kill()
        self.process.communicate()


def units(worker):
    """How many units make a round."""
    count = 1
    while True:
        cpu = worker.measure(count).cpu
        if cpu * count >= ROUND_SECONDS / 4:
            return max(1, round(ROUND_SECONDS / cpu))
        count *= 4


def spread(values):
    """How far off the median may be, as a part of it: the notch of a box
    plot, 1.57 times the distance of the quartiles by the root of n."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (1.57 * (high - low) / len(values) ** 0.5
            / statistics.median(values))


def ratios(figures, other, ours):
    """What others took by what we took, round by round."""
    return [theirs.cpu / mine.cpu
            for theirs, mine in zip(figures[other], figures[ours])]


def is_certain(figures, ours):
    """Whether all ratios to one contestant are known well."""
    return all(spread(ratios(figures, name, ours)) <= CERTAIN
               for name in figures if name != ours)


def measure(row, contestants, rounds):
    """({name: [Figure, one a round]}, {name: why it has none})"""
    workers, figures, failed = [], {}, {}
    try:
        workers = [Worker(contestant, row) for contestant in contestants]
        count = units(workers[0])
        for number in range(-1, rounds[1]):
            workers.reverse()   # so that none always comes after another
            for worker in list(workers):
                name = worker.contestant.name
                try:
                    figure = worker.measure(count)
                except Stuck as stuck:
                    failed[name] = str(stuck)
                    figures.pop(name, None)
                    workers.remove(worker)
                    worker.close()
                    continue
                if number >= 0:     # the first round is to warm up
                    figures.setdefault(name, []).append(figure)
            if number + 1 >= rounds[0] and is_certain(figures, "ours 2.7"):
                break
    finally:
        for worker in workers:
            worker.close()
    return figures, failed
