"""make fuzz: searches inputs that crash the extension or break its contracts.

    python3 -m ci.test.fuzz [--seconds N] [--only HARNESS ...] [--openssl 4.0]
    python3 -m ci.test.fuzz --only HARNESS --input FILE      # run one input
    python3 -m ci.test.fuzz --merge                  # update tests/corpus

It takes 20 seconds for each harness, and minutes for OpenSSL the first time.
zig compiles the extension and OpenSSL with AddressSanitizer and coverage
counters, and fuzz/drive.py runs each harness of fuzz/ with atheris.  Inputs
that reach new code go to .build/fuzz/corpus, where the next run starts.
--merge replaces tests/corpus with the fewest of these inputs that reach the
same code.
"""

import argparse
import collections
import glob
import os
import re
import shutil
import subprocess
import sys
import time

from ci.build import openssl, targets, wheels
from ci.shared import environments
from ci.shared.environments import Failure

PYTHONS = "3.11 3.12 3.13"      # atheris has wheels for these
SECONDS = 20
# The limits of an input, and of the memory of a process, which includes freed
# memory that AddressSanitizer keeps.
INPUT_SECONDS = 60
INPUT_BYTES = 6000
MEMORY_MB = 3000
ALLOCATION_MB = 256

FLAGS = "-fno-omit-frame-pointer -fsanitize=address -fsanitize=fuzzer-no-link"
# --no-gc-sections keeps the coverage counters, which no code refers to.  A
# fuzzer option here would make zig add its own libFuzzer.
LINK = "zig-cc -shared -Wl,--no-gc-sections"

DRIVE = os.path.join(environments.ROOT, "fuzz", "drive.py")
COMMITTED = os.path.join(environments.ROOT, "tests", "corpus")
GROWN = os.path.join(environments.BUILD, "fuzz", "corpus")
HARNESSES = sorted(os.listdir(COMMITTED))
FINDINGS = os.path.join(environments.BUILD, "fuzz", "findings")
# the limits of a harness's folder in tests/corpus
MOST_FILES = 70
MOST_BYTES = 60000

NO_PYTHON = """\
No Python of %s was found.  atheris %s has wheels for these only.  To install
one:

    Debian 12, Ubuntu 24.04:  apt-get install python3 python3-dev python3-venv
    anywhere else, with pyenv:  pyenv install 3.11"""

FOUND = """\
%s: a finding.  The end of %s:

%s

The input is %s.  To run this input again:

    python3 -m ci.test.fuzz --only %s --input %s"""

Result = collections.namedtuple(
    "Result", "executions seconds coverage inputs finding")


# Building

def find_python():
    for name in PYTHONS.split():
        interpreter = environments.find(name)
        if interpreter is not None:
            return interpreter
    with open(requirements()) as stream:
        version = re.search(r"atheris==(\S+)", stream.read()).group(1)
    raise Failure(NO_PYTHON % (PYTHONS, version))


def requirements():
    return environments.pins("fuzz")


def compile_with_zig(release, progress):
    """Build OpenSSL with AddressSanitizer and coverage counters.

    Sets the variables of os.environ with which setup.py builds the extension
    in the same way.
    """
    environments.make_tools(progress, "wheel-tools")
    target = targets.find(targets.this())
    zig = wheels.zig(target)
    os.environ["SSLB_ZIG_TARGET"] = target.zig  # without wheels.NO_CHECKS
    compiler = zig._replace(name="fuzz", variables={"CC": "zig-cc " + FLAGS})
    prefix = openssl.build(release, compiler, progress)
    os.environ.update(OPENSSL_DIR=prefix, CC=compiler.variables["CC"],
                      LDSHARED=LINK)


def prepare(release, progress):
    """Make an environment with atheris and the backport.  Returns the path of
    its Python."""
    interpreter = find_python()
    folder = os.path.join(environments.BUILD, "fuzz", "python")
    compile_with_zig(release, progress)
    environments.make_environment(interpreter, folder, progress)
    python = environments.python_of(folder)
    stamp = os.path.join(folder, "fuzzer-made-of")
    wanted = environments.digest(interpreter,
                                 environments.contents(requirements()))
    if not environments.is_done(stamp, wanted):
        environments.run([python, "-m", "pip", "install", "-r",
                          requirements()], "fuzz-environment.log")
        environments.set_done(stamp, wanted)
    environments.install_project(interpreter, folder, progress)
    return python


# Running

def environ(python):
    """The environment variables of a process that runs atheris."""
    folder = subprocess.check_output(
        [python, "-c", "import atheris; print(atheris.path())"],
        stderr=subprocess.DEVNULL, universal_newlines=True).strip()
    return dict(
        environments.clean_environ(), PYTHONMALLOC="malloc",
        PYTHONDONTWRITEBYTECODE="1",
        LD_PRELOAD=os.path.join(folder, "asan_with_fuzzer.so"),
        ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1:"
                     "max_allocation_size_mb=%d" % ALLOCATION_MB)


def drive(python, name, arguments, log):
    """Run libFuzzer on a harness.  Returns (exit status, output)."""
    limits = ["-max_len=%d" % INPUT_BYTES, "-timeout=%d" % INPUT_SECONDS,
              "-rss_limit_mb=%d" % MEMORY_MB, "-print_final_stats=1",
              "-artifact_prefix=%s/%s-" % (FINDINGS, name)]
    os.makedirs(FINDINGS, exist_ok=True)
    with open(log, "w") as stream:
        status = subprocess.call(
            [python, DRIVE, name] + limits + arguments, env=environ(python),
            cwd=environments.ROOT, stdout=stream, stderr=subprocess.STDOUT)
    with open(log, errors="replace") as stream:
        return status, stream.read()


def log_path(name):
    return os.path.join(environments.LOGS, "fuzz-%s.log" % name)


def folders(name):
    """The folders with inputs of a harness.  libFuzzer writes new inputs to
    the first."""
    found = [os.path.join(parent, name) for parent in (GROWN, COMMITTED)]
    for folder in found:
        os.makedirs(folder, exist_ok=True)
    return found


def last(pattern, text):
    """The last number that a regular expression finds in a text, or 0."""
    return int((re.findall(pattern, text) or ["0"])[-1])


def fuzz(python, name, seconds, progress):
    progress.say(name, "for %d s" % seconds)
    log, start = log_path(name), time.time()
    status, output = drive(
        python, name, ["-max_total_time=%d" % seconds] + folders(name), log)
    result = Result(
        last(r"stat::number_of_executed_units: *(\d+)", output)
        or last(r"(?m)^#(\d+)\t", output),
        time.time() - start,
        last(r" cov: (\d+) ", output), last(r" corp: (\d+)/", output),
        finding(name, status, output, log))
    progress.say(name, "%d executions%s" % (
        result.executions, ", a finding" if result.finding else ""))
    return result


def finding(name, status, output, log):
    """The message about a finding, or None without one.  Raises Failure if
    the run failed without an input."""
    if status == 0:
        return None
    shown = os.path.relpath(log)
    paths = re.findall(r"Test unit written to (\S+)", output)
    if not paths:
        raise Failure("%s ended with status %d.  The end of %s:\n\n%s" % (
            name, status, shown, environments.tail(log)))
    path = os.path.relpath(paths[-1])
    return FOUND % (name, shown, reason(output) or environments.tail(log),
                    path, name, path)


def reason(output):
    """The lines of the output about the error, or None."""
    found = re.search(r"(?ms)^ *=+ *Uncaught Python.*?(?=^$)|"
                      r"^==\d+==ERROR.*?(?=^$)|^==\d+== ERROR.*?(?=^$)",
                      output)
    return found and "\n".join("    " + line
                               for line in found.group().splitlines())


def report(results):
    """Print the findings and the table.  Returns the exit status."""
    for result in results.values():
        if result.finding:
            print("\n" + result.finding)
    print("\n%-18s %10s %8s %8s %8s %9s" % (
        "", "executions", "a second", "coverage", "inputs", "findings"))
    for name, result in results.items():
        print("%-18s %10d %8d %8d %8d %9d" % (
            name, result.executions,
            result.executions / result.seconds, result.coverage,
            result.inputs, bool(result.finding)))
    return int(any(result.finding for result in results.values()))


# The options --input and --merge

def try_one(python, name, path, progress):
    if not os.path.exists(path):
        raise Failure("The file %s does not exist." % path)
    log = log_path(name)
    status, output = drive(python, name, [os.path.abspath(path)], log)
    print("\n" + (reason(output) or environments.tail(log) if status
                  else "%s causes no error." % path))
    return int(status != 0)


def merge(python, name, progress):
    """Replace a harness's inputs in tests/corpus with the fewest inputs that
    reach the same code, or with a part of them if they exceed the limits."""
    least = os.path.join(environments.BUILD, "fuzz", "merged", name)
    shutil.rmtree(least, ignore_errors=True)
    os.makedirs(least)
    log = log_path(name + "-merge")
    status, output = drive(
        python, name, ["-merge=1", "-use_counters=0", least] + folders(name),
        log)
    if status:
        raise Failure("The end of %s:\n\n%s" % (os.path.relpath(log),
                                                environments.tail(log)))
    target = folders(name)[1]
    for path in glob.glob(os.path.join(target, "*")):
        os.remove(path)
    chosen = within_limits(glob.glob(os.path.join(least, "*")))
    for path in chosen:
        shutil.copy(path, target)
    progress.say(name, "%d inputs in tests/corpus" % len(chosen))


def within_limits(paths):
    """Each n-th file by size, so that the files are within the limits."""
    paths = sorted(paths, key=os.path.getsize)
    size = sum(os.path.getsize(path) for path in paths)
    return paths[::1 + max(len(paths) // MOST_FILES, size // MOST_BYTES)]


def run(options, progress):
    python = prepare(options.openssl, progress)
    if options.input:
        return try_one(python, options.only[0], options.input, progress)
    if options.merge:
        for name in options.only:
            merge(python, name, progress)
        return 0
    return report({name: fuzz(python, name, options.seconds, progress)
                   for name in options.only})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=int, default=SECONDS,
                        help="time for each harness (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=HARNESSES,
                        default=HARNESSES, metavar="HARNESS",
                        help="one or several of " + ", ".join(HARNESSES))
    parser.add_argument("--openssl", default=openssl.in_wheels(),
                        metavar="NAME", help="a name in ci/build/openssl.json "
                        "(default: %(default)s; ech needs 4.0)")
    parser.add_argument("--input", metavar="FILE",
                        help="run one input, such as that of a finding")
    parser.add_argument("--merge", action="store_true",
                        help="replace tests/corpus with the fewest inputs "
                             "that reach the same code")
    options = parser.parse_args()
    if options.input and len(options.only) != 1:
        parser.error("--input needs --only with its harness")
    try:
        return run(options, environments.Progress())
    except Failure as failure:
        return "\n%s" % failure
    except KeyboardInterrupt:
        return "\nStopped.  The new inputs are in .build/fuzz/corpus."


if __name__ == "__main__":
    sys.exit(main())
