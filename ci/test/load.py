"""make load: proves that servers with thousands of connections at once lose
neither data nor memory.

    python3 -m ci.test.load [--seconds N] [--connections N] [--servers "loop"]
                       [--pythons "2.7 3.11"]

It takes ten minutes for each of two servers.  One has a thread for each
connection, the other has one event loop.  Both run with the backport, in
Python 2.7.  The clients (tests/programs/load/clients.py) run in other
processes, with the ssl of the Python that runs this script.  Good clients
check each byte of the answers; bad clients violate the protocol, stop reading,
or disappear.
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

# In each round all clients connect, stay and leave.  The memory is measured
# when they have left, since a connection's memory depends on its state.
ROUNDS = 5

# The most seconds between two requests of a client.
PAUSE = 30.0

# The most seconds for the start and the end of thousands of connections.
LIMIT = 300

# The least part of --connections that must be open at once in half of the
# samples.  Some clients are always between two connections.
ENOUGH = 0.9

# The part of the memory that the allocator may keep.
TOLERANCE = 0.05

TOO_FEW = """\
A process may have %d open file descriptors here, and this test needs %d.
Raise the limit (ulimit -Hn, or LimitNOFILE= of systemd), or set --connections
to a lower number."""

# counts: {kind of client: number of connections}.  outcomes: {how the server
# saw a connection end: number}.  samples: one for each second.  idle: one
# after each round.  before, after: numbers of descriptors.
Run = collections.namedtuple(
    "Run", "counts outcomes samples idle before after complaints")


def make_room(connections):
    """Raise the limit of descriptors for child processes.

    A server needs one for each open connection, and one for each connection
    that its client has left and the server has not closed yet.
    """
    needed = 2 * connections + 100
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < needed:
        raise Failure(TOO_FEW % (most, needed))
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, most))


def start(launcher, script, *arguments):
    return Process(launcher, script, *arguments,
                   env=environments.clean_environ())


def made(crowds):
    """The number of connections that the clients have made so far."""
    return sum(sum(crowd.printed[-1].values())
               for crowd in crowds if crowd.printed)


def watch(server, before, crowds, seconds, say):
    """Take a Sample of the server each second, and show a line after each
    half of the time.  Returns the Samples."""
    samples = []
    began = time.monotonic()
    told = 0
    while time.monotonic() < began + seconds:
        time.sleep(1)
        if not server.is_running():
            raise Failure("The server has ended.  Its error messages, if any, "
                          "are above.")
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
    """Stop the clients.  Returns ({kind: connections}, [text of a
    failure])."""
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
        found.append("%d errors of the server are unexpected" % bugs)
    if run.after != run.before:
        found.append("the server has not closed %d descriptors"
                     % (run.after - run.before))
    if at_once(run.samples) < ENOUGH * connections:
        found.append("too few connections were open at once")
    allowed = TOLERANCE * run.idle[-1].resident
    return run._replace(
        complaints=found + flat.complaints(run.idle, allowed))


def at_once(samples):
    """The median number of open connections."""
    return statistics.median(sample.descriptors for sample in samples)


def send_crowds(server, port, seed, options, say):
    """Run one round of clients.  Returns (samples, counts, failures)."""
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
    """Run a server and all rounds of its clients.  Returns the Run."""
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
            say("all clients have left, %s" % flat.megabytes(
                idle[-1].resident))
        after = descriptors(server.pid)
        server.stop()
        run = Run(counts, server.result(LIMIT), samples, idle, before, after,
                  None)
        return judge(run, options.connections, failures)
    finally:
        server.kill()


def table(runs):
    """Print the table, with a column for each server."""
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
    row("Connections, by outcome at the server", [
        sum(run.outcomes.values()) for run in runs.values()])
    rows("outcomes")
    row("Open at once, median", ["%d" % at_once(run.samples)
                                 for run in runs.values()])
    row("Memory under load, maximum", [
        flat.megabytes(max(sample.resident for sample in run.samples))
        for run in runs.values()])
    for number in range(ROUNDS):
        row("Memory after round %d" % (number + 1), [
            flat.megabytes(run.idle[number].resident)
            for run in runs.values()])
    row("Descriptors, before and after", [
        "%d, %d" % (run.before, run.after) for run in runs.values()])


def report(runs):
    """Print the table and the complaints.  Returns the exit status."""
    table(runs)
    print()
    for name, run in runs.items():
        for complaint in run.complaints:
            print("%s: %s" % (name, complaint))
    if any(run.complaints for run in runs.values()):
        return 1
    print("Good clients got all bytes right; memory is flat; the server has "
          "closed all descriptors.")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=int, default=600,
                        help="time for each server (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=2000,
                        help="number of clients (default: %(default)s)")
    parser.add_argument("--servers", default=SERVERS,
                        help="such as 'loop' (default: '%(default)s')")
    parser.add_argument("--pythons", metavar="VERSIONS", default="2.7",
                        help="such as '2.7 3.11' (default: %(default)s)")
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
