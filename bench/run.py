"""make bench: the backport beside every other `ssl`, and plain C.

    python3 bench/run.py [--rows "echo sendall"] [--quick]
"""

import argparse
import os
import statistics
import sys

import contestants
import measure
import rows
from contestants import Failure, environments

# The least and the most
ROUNDS = (15, 75)
QUICK_ROUNDS = (9, 35)


def seconds(value):
    """A time in a unit that suits it."""
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if value * factor >= 1:
            break
    return "%.3g %s" % (value * factor, unit)


def show(row, figures, failed):
    """One row: what each contestant took for a unit."""
    print("\n%-30s %10s %10s %9s" % (
        "%s, a %s" % (row.title, row.unit), "CPU", "wall", "ours is"))
    for name, rounds in figures.items():
        cpu = statistics.median(figure.cpu for figure in rounds)
        wall = statistics.median(figure.wall for figure in rounds)
        print("    %-26s %10s %10s %9s" % (
            name, seconds(cpu), seconds(wall), against(figures, name)))
    for name, why in failed.items():
        print("    %-26s %s" % (name, why))


def against(figures, name):
    """How much faster ours on 2.7 is, or that the machine is too noisy."""
    if name == "ours 2.7" or "ours 2.7" not in figures:
        return ""
    values = measure.ratios(figures, name, "ours 2.7")
    if measure.spread(values) > measure.NOISY:
        return "noisy"
    return "x %.2f" % statistics.median(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default="", help="such as 'echo sendall'")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    progress = environments.Progress()
    os.makedirs(contestants.FOLDER, exist_ok=True)
    try:
        peer = measure.Peer(
            contestants.compile_program("peer", progress),
            os.path.join(contestants.CERTS, "localhost-ec.pem"))
        names = contestants.QUICK if options.quick else contestants.NAMES
        there = [contestant for contestant in (
            contestants.make(name, peer.port, progress) for name in names)
            if contestant]
    except Failure as failure:
        return "\n%s" % failure
    for row in rows.select(options.rows.split()):
        figures, failed = measure.measure(
            row, there, QUICK_ROUNDS if options.quick else ROUNDS)
        show(row, figures, failed)
    peer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
