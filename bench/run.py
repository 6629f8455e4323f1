"""make bench: the backport beside every other `ssl`, and plain C.

    python3 bench/run.py [--rows "echo sendall"] [--quick]

Prints what each took as it is measured, and at the end what is reached of
what is to be reached.  Unless it is quick, bench/results keeps the results.
"""

import argparse
import contextlib
import os
import sys

import contestants
import machine
import measure
import report
import rows
from contestants import Failure, environments

# The least and the most
ROUNDS = (15, 75)
QUICK_ROUNDS = (9, 35)

HERE = os.path.dirname(os.path.abspath(__file__))

UNKNOWN_ROW = "There is no row %r.  The rows are:\n\n    %s"


def choose(text):
    """The rows named in the text; all for an empty one."""
    names = text.split()
    for name in names:
        if not rows.select([name]):
            raise Failure(UNKNOWN_ROW % (name, "\n    ".join(
                row.name for row in rows.ROWS)))
    return rows.select(names)


def run_row(row, there, rounds):
    """The result of one row."""
    with measure.Race(row, [contestant for contestant in there
                            if rows.takes_part(row, contestant.name)]) as race:
        race.run(*rounds)
        if measure.OURS not in race.figures:
            raise Failure("%s: ours %s" % (row.title,
                                           race.failed[measure.OURS]))
    return report.judge(row, race)


@contextlib.contextmanager
def contestants_there(names, chosen, progress):
    """(the contestants of these names that the rows need and that are there,
    what they are on), with the peer at work."""
    os.makedirs(contestants.FOLDER, exist_ok=True)
    peer = measure.Peer(
        contestants.compile_program("peer", progress),
        os.path.join(contestants.CERTS, "localhost-ec.pem"))
    try:
        made_on = machine.describe(peer.openssl)
        if machine.warning(made_on):
            print(machine.warning(made_on))
        there = [contestant for contestant in (
            contestants.make(name, peer.port, progress) for name in names
            if any(rows.takes_part(row, name) for row in chosen))
            if contestant]
        if measure.OURS not in [contestant.name for contestant in there]:
            raise Failure(environments.NO_PYTHON27)
        yield there, made_on
    finally:
        peer.close()


def run(chosen, quick, progress):
    """{row's name: result} of the rows, each shown when it is there."""
    results = {}
    names = contestants.QUICK if quick else contestants.NAMES
    with contestants_there(names, chosen, progress) as (there, made_on):
        for number, row in enumerate(chosen, 1):
            progress.say("%d of %d" % (number, len(chosen)), row.title)
            results[row.name] = run_row(
                row, there, QUICK_ROUNDS if quick else ROUNDS)
            results[row.name]["machine"] = made_on
            report.show(results[row.name])
    return results


def draw(progress, plot, source):
    """Has a plot program of this folder draw a file of bench/results."""
    environments.make_tools(progress, "plot")
    name, _ = os.path.splitext(source)
    environments.run([environments.tools_python("plot"),
                      os.path.join(HERE, plot), source, name + ".png"],
                     "bench-plot.log")
    print("\nKept as %s.json and .png in %s" % (
        os.path.basename(name), os.path.relpath(report.RESULTS)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default="", help="such as 'echo sendall'")
    parser.add_argument("--quick", action="store_true",
                        help="fewer contestants and rounds, nothing kept")
    options = parser.parse_args()
    progress = environments.Progress()
    try:
        results = run(choose(options.rows), options.quick, progress)
        report.show_goals(results.values())
        if not options.quick:
            report.save(results)
            draw(progress, "plot.py", report.JSON)
    except (Failure, measure.Stuck) as failure:
        return "\n%s" % failure
    return 0


if __name__ == "__main__":
    sys.exit(main())
