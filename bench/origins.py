"""make bench-origins: where the CPU time of the contestants goes.

    python3 bench/origins.py [--rows "echo sendall"]

Linux' perf samples the running function of each process many times a second.
The samples cover the whole process.  The figures of `make bench` leave out the
connecting of sockets before handshakes; these samples include it.
"""

import argparse
import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import contestants
import measure
import pages
import report
import rows
import run
from contestants import Failure, environments

SAMPLES_A_SECOND = 2500
ROUNDS = 30

CONTESTANTS = contestants.QUICK + ["pyOpenSSL"]
ATTACHING_SECONDS = 1

NO_PERF = """\
This needs perf.  To get it:

    Debian:        apt-get install linux-perf
    Ubuntu:        apt-get install linux-tools-generic
    RHEL, Fedora:  dnf install perf"""

# (start of a file's name, whose code the file holds); other files are Python.
ORIGINS = [
    ("[kernel", "kernel"), ("libcrypto", "libcrypto"), ("libssl", "libssl"),
    ("libc.", "C library"), ("__ssl_backport", "extension"),
    ("_ssl.", "extension"), ("floor", "program"),
    ("_openssl.", "pyOpenSSL")]

# The functions in which the kernel wakes a process or puts it to sleep.
SWITCHING = ("finish_task_switch", "_raw_spin_unlock_irqrestore", "__schedule")


def origin(file, symbol):
    """The origin to which a sample in this function is counted."""
    if file.startswith("[kernel") and symbol.startswith(SWITCHING):
        return "sleep and wake"
    for beginning, name in ORIGINS:
        if file.startswith(beginning):
            return name
    return "Python"


class Recording(object):
    """A perf process that samples another process until stop()."""

    def __init__(self, pid, path):
        self.path = path
        self.process = subprocess.Popen(
            ["perf", "record", "--quiet", "--event", "cpu-clock", "--freq",
             str(SAMPLES_A_SECOND), "--pid", str(pid), "--output", path],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            universal_newlines=True)

    def stop(self):
        """End perf; returns a Counter of samples by origin."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate()
        if not os.path.exists(self.path):
            raise Failure("perf does not work here:\n\n%s" % errors)
        lines = subprocess.check_output(
            ["perf", "report", "--input", self.path, "--stdio", "--fields",
             "sample,dso,symbol", "--field-separator", "\t"],
            stderr=subprocess.DEVNULL, universal_newlines=True).splitlines()
        samples = collections.Counter()
        for line in lines:
            if line.strip() and not line.startswith("#"):
                count, file, symbol = line.split("\t")[:3]
                samples[origin(file.strip(), symbol.split("] ")[-1])] += int(
                    count)
        return samples


def record(row, there):
    """{contestant's name: {origin: seconds for one unit}}"""
    with measure.Race(row, there) as race:
        race.prepare()
        recordings = {
            contestant.name: Recording(
                race.worker(contestant).process.pid,
                os.path.join(contestants.FOLDER, "perf.%d" % number))
            for number, contestant in enumerate(race.contestants)}
        time.sleep(ATTACHING_SECONDS)
        for _ in range(ROUNDS):
            race.round()
        units = SAMPLES_A_SECOND * ROUNDS * race.count
        return {
            name: {part: samples / units
                   for part, samples in recording.stop().most_common()}
            for name, recording in sorted(recordings.items())}


def bound(origins):
    """The least seconds that a Python program can take.

    This bound takes the extension's own time as zero, and the time of OpenSSL
    and the kernel from the C program.  None if one of the two is missing.
    """
    if "C" not in origins or rows.OURS not in origins:
        return None
    return (sum(origins["C"].values())
            + origins[rows.OURS].get("Python", 0))


def show(row, origins):
    print("\n%s, CPU for %s" % (row.title, row.unit))
    for name, seconds in origins.items():
        total = sum(seconds.values())
        print("    %-12s %8s   %s" % (
            name, report.amount(total, "cpu"), ", ".join(
                "%s %.0f %%" % (part, 100 * amount / total)
                for part, amount in seconds.items()
                if amount >= total / 100)))
    least = bound(origins)
    if least is not None:
        print("    %-12s %8s   %s" % (
            "C and Python", report.amount(least, "cpu"), ", ".join(
                "%.2f of %s" % (sum(seconds.values()) / least, name)
                for name, seconds in origins.items()
                if name == "C" or name.startswith("stock"))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--rows", help="such as 'echo sendall'",
        default="full resumed recv_into recv-64k sendall echo memory-bulk "
                "memory-feed threads")
    options = parser.parse_args()
    progress = environments.Progress()
    results = {}
    try:
        if shutil.which("perf") is None:
            raise Failure(NO_PERF)
        chosen = run.choose(options.rows)
        with run.contestants_there(CONTESTANTS, chosen,
                                   progress) as (there, made_on):
            for number, row in enumerate(chosen, 1):
                progress.say("%d of %d" % (number, len(chosen)), row.title)
                origins = record(row, [
                    contestant for contestant in there
                    if rows.takes_part(row, contestant.name)])
                show(row, origins)
                results[row.name] = {"title": row.title, "unit": row.unit,
                                     "machine": made_on,
                                     "origins": origins,
                                     "bound": bound(origins)}
        os.makedirs(report.RESULTS, exist_ok=True)
        with open(report.ORIGINS, "w") as stream:
            json.dump(results, stream, indent=1)
            stream.write("\n")
        pages.write(report.load())
        run.draw(progress, "plot_origins.py", report.ORIGINS)
    except (Failure, measure.Stuck) as failure:
        return "\n%s" % failure
    return 0


if __name__ == "__main__":
    sys.exit(main())
