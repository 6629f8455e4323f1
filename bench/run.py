"""make bench: the backport beside every other `ssl`, and plain C.

    python3 bench/run.py [--rows "echo sendall"] [--quick]

It prints the figures of each row when the row ends.  At the end it prints the
goals and the ratios reached, and the rows that are slower than in the
committed results.  Without --quick it keeps the results in bench/results and
writes the figures into docs/performance.rst and README.rst.
"""

import argparse
import contextlib
import os
import sys

import compare
import contestants
import machine
import measure
import pages
import report
import rows
from contestants import Failure, environments

# The least and the most
ROUNDS = (15, 75)
QUICK_ROUNDS = (9, 35)

HERE = os.path.dirname(os.path.abspath(__file__))

UNKNOWN_ROW = "There is no row %r.  The rows are:\n\n    %s"


def choose(text):
    """The rows that the text names; all rows if the text is empty."""
    names = text.split()
    for name in names:
        if not rows.select([name]):
            raise Failure(UNKNOWN_ROW % (name, "\n    ".join(
                row.name for row in rows.ROWS)))
    return rows.select(names)


def run_row(row, there, rounds):
    """Measure one row; returns its result."""
    with measure.Race(row, [contestant for contestant in there
                            if rows.takes_part(row, contestant.name)]) as race:
        race.run(*rounds)
        if row.base not in race.figures:
            raise Failure("%s: %s %s" % (row.title, row.base,
                                         race.failed[row.base]))
    return report.judge(row, race)


@contextlib.contextmanager
def contestants_there(names, chosen, progress):
    """Start the peer and make the contestants.

    Returns the contestants of these names that the rows need and that could
    be made, and the description of the machine.
    """
    os.makedirs(contestants.FOLDER, exist_ok=True)
    peer = measure.Peer(
        contestants.compile_program("peer", progress),
        contestants.SERVER)
    try:
        contestants.make_certs(progress, any(row.certifi for row in chosen))
        made_on = machine.describe(peer.openssl)
        if machine.warning(made_on):
            print(machine.warning(made_on))
        there = [contestant for contestant in (
            contestants.make(name, peer.port, progress) for name in names
            if any(rows.takes_part(row, name) for row in chosen))
            if contestant]
        if not ({row.base for row in chosen}
                <= {contestant.name for contestant in there}):
            raise Failure(environments.NO_PYTHON27)
        yield there, made_on
    finally:
        peer.close()


def run(chosen, quick, progress):
    """Measure the rows and print each one; returns {row's name: result}."""
    results = {}
    names = contestants.QUICK if quick else contestants.NAMES
    chosen = [row for row in chosen if row.base in names]
    with contestants_there(names, chosen, progress) as (there, made_on):
        for number, row in enumerate(chosen, 1):
            progress.say("%d of %d" % (number, len(chosen)), row.title)
            results[row.name] = run_row(
                row, there, QUICK_ROUNDS if quick else ROUNDS)
            results[row.name]["machine"] = made_on
            report.show(results[row.name])
    return results


def draw(progress, plot, source, target=None):
    """Let a plot program of this folder draw a file of bench/results.

    The picture has the name of the source unless `target` gives another.
    """
    environments.make_tools(progress, "plot")
    target = target or os.path.basename(source).replace(".json", ".png")
    environments.run([environments.tools_python("plot"),
                      os.path.join(HERE, plot), source,
                      os.path.join(report.RESULTS, target)],
                     "bench-plot.log")
    print("\n%s drawn as %s in %s" % (
        os.path.basename(source), target, os.path.relpath(report.RESULTS)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default="", help="such as 'echo sendall'")
    parser.add_argument("--quick", action="store_true",
                        help="fewer contestants and rounds; keeps no results")
    options = parser.parse_args()
    progress = environments.Progress()
    try:
        results = run(choose(options.rows), options.quick, progress)
        report.show_goals(results.values())
        if not options.quick:
            compare.show(environments.ROOT, results)
            report.save(results)
            pages.write(report.load())
            draw(progress, "plot.py", report.JSON)
            draw(progress, "plot_users.py", report.JSON, "users.png")
    except (Failure, measure.Stuck) as failure:
        return "\n%s" % failure
    return 0


if __name__ == "__main__":
    sys.exit(main())
