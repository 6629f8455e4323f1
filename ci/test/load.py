"""make load: proves that two servers of our own bear thousands of connections
at once, and lose neither data nor memory.

    python3 -m ci.test.load [--seconds N] [--connections N] [--servers "loop"]
                       [--pythons "2.7 3.11"]

One server has a thread for each connection, the other one loop for all;
they have the backport, in a Python 2.7.  The clients
(tests/programs/load/clients.py) are in processes of their own and have the
ssl of the Python that runs this: good ones, which look at each byte, among
such that misbehave in every way.  It takes ten minutes for each server.
"""

import argparse
import collections
import os
import resource
import statistics
import sys
import time

from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import flat, run_tests

sys.path.insert(0, os.path.join(environments.ROOT, "tests", "programs",
                                "load"))

from processes import (Process, descriptors,  # noqa: E402
                       descriptors_left, resident)

SERVERS = "threads loop"
PROCESSES = 4

# As often all clients come, stay and go; memory is judged when they are gone,
# as what is in use depends on what they are about.
ROUNDS = 5

# Seconds at most between two requests of a client.
PAUSE = 30.0

# Seconds that starting and ending may take, when thousands do it at once.
LIMIT = 300

# Of the connections that there shall be, how many there are at least, half
# of the time; some are always between two.
ENOUGH = 0.9

# What the allocator may keep, as a part of the memory.
TOLERANCE = 0.05

TOO_FEW = """\
A process may have %d descriptors open here, and this needs %d.  Raise the
limit (ulimit -Hn, or LimitNOFILE= of systemd), or say --connections."""

# samples: one each second; idle: one after each round
Run = collections.namedtuple(
    "Run", "counts outcomes samples idle before after complaints")


def make_room(connections):
    """Let children have a descriptor for each connection, and one for each
    that its client has left already."""
    needed = 2 * connections + 100
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < needed:
        raise Failure(TOO_FEW % (most, needed))
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, most))


def start(launcher, script, *arguments):
    return Process(launcher, script, *arguments,
                   env=environments.clean_environ())


def made(crowds):
    """How many connections there were."""
    return sum(sum(crowd.printed[-1].values())
               for crowd in crowds if crowd.printed)


def watch(server, before, crowds, seconds, say):
    """Samples, one each second, and a line for each half of the time."""
    samples = []
    began = time.monotonic()
    told = 0
    while time.monotonic() < began + seconds:
        time.sleep(1)
        if not server.is_running():
            raise Failure("The server died; what it said, if anything, is "
                          "above.")
        samples.append(flat.Sample(
            made(crowds), resident(server.pid),
            descriptors(server.pid) - before))
        done = int((time.monotonic() - began) * 2 / seconds)
        if done > told:
            told = done
            last = samples[-1]
            say("%6d connections made, %5d open, %s" % (
                last.done, last.descriptors, flat.megabytes(last.resident)))
    return samples


def collect(crowds):
    """({kind: connections}, [what went wrong with them])"""
    for crowd in crowds:
        crowd.stop()
    counts, failures = collections.Counter(), []
    for crowd in crowds:
        result = dict(crowd.result(LIMIT))
        failures += result.pop("failures")
        counts.update(result)
    return counts, failures


def judge(run, connections, failures):
    found = ["%d connections failed, such as\n%s" % (
        len(failures), failures[0])] if failures else []
    bugs = sum(count for outcome, count in run.outcomes.items()
               if outcome.startswith("bug"))
    if bugs:
        found.append("%d errors of the server are none of a connection"
                     % bugs)
    if run.after != run.before:
        found.append("%d descriptors are stuck" % (run.after - run.before))
    if at_once(run.samples) < ENOUGH * connections:
        found.append("there were too few connections at once")
    allowed = TOLERANCE * run.idle[-1].resident
    return run._replace(
        complaints=found + flat.complaints(run.idle, allowed))


def at_once(samples):
    """Half of the time there were so many connections, or more."""
    return statistics.median(sample.descriptors for sample in samples)


def send_crowds(server, port, seed, options, say):
    """Clients that come, stay and go: (samples, counts, failures)"""
    before = descriptors(server.pid)
    crowds = []
    try:
        for number in range(PROCESSES):
            crowds.append(start([sys.executable], "clients.py", port,
                                options.connections // PROCESSES, PAUSE,
                                seed * PROCESSES + number))
        samples = watch(server, before, crowds, options.seconds / ROUNDS, say)
        counts, failures = collect(crowds)
        descriptors_left(server.pid, before, LIMIT)
        return samples, counts, failures
    finally:
        for crowd in crowds:
            crowd.kill()


def put_under_load(python, name, options, say):
    """A server and its clients, from start to end: the Run."""
    server = start([python, "-m", "_ssl_backport"], "servers.py", name)
    counts = collections.Counter()
    samples, idle, failures = [], [], []
    try:
        port = server.wait_for(0, LIMIT)
        if port is None:
            raise Failure("The server did not start.")
        before = descriptors(server.pid)
        for number in range(ROUNDS):
            seen, made_now, failed = send_crowds(server, port, number,
                                                 options, say)
            samples += seen
            counts.update(made_now)
            failures += failed
            idle.append(flat.Sample(sum(counts.values()), server.ask(LIMIT),
                                    descriptors(server.pid) - before))
            say("all gone, %s" % flat.megabytes(idle[-1].resident))
        after = descriptors(server.pid)
        server.stop()
        run = Run(counts, server.result(LIMIT), samples, idle, before, after,
                  None)
        return judge(run, options.connections, failures)
    finally:
        server.kill()


def table(runs):
    """What happened, a column for each server."""
    def row(label, cells):
        print("%-44s" % label + "".join("%18s" % cell for cell in cells))

    def rows(attribute):
        names = sorted(set().union(*[getattr(run, attribute)
                                     for run in runs.values()]))
        for name in names:
            row("  " + name[:40], [getattr(run, attribute).get(name, 0)
                                   for run in runs.values()])

    print()
    row("", runs)
    row("Connections, by client", [sum(run.counts.values())
                                   for run in runs.values()])
    rows("counts")
    row("How the server saw them end", [sum(run.outcomes.values())
                                        for run in runs.values()])
    rows("outcomes")
    row("Open at once, half of the time", ["%d" % at_once(run.samples)
                                           for run in runs.values()])
    row("Memory under load, at most", [
        flat.megabytes(max(sample.resident for sample in run.samples))
        for run in runs.values()])
    for number in range(ROUNDS):
        row("Memory when all have gone, round %d" % (number + 1), [
            flat.megabytes(run.idle[number].resident)
            for run in runs.values()])
    row("Descriptors, before and after", [
        "%d, %d" % (run.before, run.after) for run in runs.values()])


def report(runs):
    """Print the table and what went wrong; the exit status."""
    table(runs)
    print()
    for name, run in runs.items():
        for complaint in run.complaints:
            print("%s: %s" % (name, complaint))
    if any(run.complaints for run in runs.values()):
        return 1
    print("Each byte of good clients was right; memory is flat; no "
          "descriptor is stuck.")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--servers", default=SERVERS)
    parser.add_argument("--pythons", metavar="VERSIONS", default="2.7")
    options = parser.parse_args()
    progress = environments.Progress()
    runs = {}
    try:
        make_room(options.connections)
        for interpreter in run_tests.find(options.pythons):
            python = environments.prepare(interpreter, progress)
            for name in options.servers.split():
                label = "%s, %s" % (interpreter.name, name)
                runs[label] = put_under_load(
                    python, name, options,
                    lambda text: progress.say(label, text))
    except Failure as failure:
        return "\n%s" % failure
    return report(runs)


if __name__ == "__main__":
    sys.exit(main())
