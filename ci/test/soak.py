"""make soak: proves that memory stays flat through 100,000 handshakes and
1,000,000 messages.

    python3 -m ci.test.soak [--pythons "2.7 3.11"] [--quick]

tests/programs/load/soak.py does them, over sockets and over MemoryBIOs, with
each TLS version: handshakes that are new, resumed, with client certificates,
refused and dropped.  What "flat" is, ci/test/flat.py says; descriptors are
flat if there are never more than at first.
"""

import argparse
import os
import sys

from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import flat, run_tests

sys.path.insert(0, os.path.join(environments.ROOT, "tests", "programs",
                                "load"))

from processes import Process  # noqa: E402

# handshakes, messages
WHOLE = 100000, 1000000
QUICK = 4000, 40000

# Between two samples, in seconds: a thousand handshakes on a busy machine.
LIMIT = 1200

STAGES = ["handshakes", "messages"]


def soak(python, counts, say):
    """{stage: [Sample]} of a run to its end."""
    worker = Process([python, "-m", "_ssl_backport"], "soak.py", *counts,
                     env=environments.clean_environ())
    samples = {stage: [] for stage in STAGES}
    try:
        for number in range(100 * len(STAGES)):
            found = worker.wait_for(number, LIMIT)
            if found is None:
                raise Failure("It ended, or hangs, before all was done; what "
                              "it said, if anything, is above.")
            stage = samples[found.pop("stage")]
            stage.append(flat.Sample(**found))
            if len(stage) % 10 == 0:
                tell(say, STAGES[number // 100], stage[-1])
        worker.stop()
        worker.result(LIMIT)
    finally:
        worker.kill()
    return samples


def tell(say, stage, sample):
    say("%9s %s, %s, %d descriptors" % (
        "{:,}".format(sample.done), stage, flat.megabytes(sample.resident),
        sample.descriptors))


def complaints(samples):
    found = flat.complaints(samples)
    most = max(sample.descriptors for sample in samples)
    if most > samples[0].descriptors:
        found.append("descriptors grow from %d to %d" % (
            samples[0].descriptors, most))
    return found


def report(results):
    """Print the table; the exit status."""
    print("\n%-14s %-11s %10s %10s %10s %16s  %s" % (
        "", "", "number", "half time", "at the end", "bytes for each",
        "descriptors"))
    everything = []
    for name, stages in results.items():
        for stage, samples in stages.items():
            print("%-14s %-11s %10s %10s %10s %16.2f  %d" % (
                name, stage, "{:,}".format(samples[-1].done),
                flat.megabytes(flat.later_half(samples)[0].resident),
                flat.megabytes(samples[-1].resident), flat.slope(samples),
                samples[-1].descriptors))
            everything += ["%s, %s: %s" % (name, stage, complaint)
                           for complaint in complaints(samples)]
    print("\n" + ("\n".join(everything)
                  or "Memory and descriptors are flat."))
    return 1 if everything else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS", default="2.7")
    parser.add_argument("--quick", action="store_true",
                        help="%d handshakes and %d messages" % QUICK)
    options = parser.parse_args()
    progress = environments.Progress()
    results = {}
    try:
        for interpreter in run_tests.find(options.pythons):
            python = environments.prepare(interpreter, progress)
            name = "Python " + interpreter.name
            results[name] = soak(
                python, QUICK if options.quick else WHOLE,
                lambda text: progress.say(name, text))
    except Failure as failure:
        return "\n%s" % failure
    return report(results)


if __name__ == "__main__":
    sys.exit(main())
