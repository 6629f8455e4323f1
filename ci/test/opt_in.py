"""make test-opt-in: the ways to opt in that docs/opt-in shows, each with the
real program, on Python 2.7.

    python3 -m ci.test.opt_in [--only "launcher cron"]

For each page docs/opt-in/NAME.rst there is opt_in/ways/NAME.py, with "_" for
"-".  It has:

    PROGRAM      a distribution of ci/requirements/opt-in.txt, whose version
                 is shown; or version(trial), which returns that; or neither:
                 the version is Python's
    PACKAGES     {program or path: Debian's package}, if it needs any
    NEEDS_ROOT   True, if it does
    way_*(trial)   starts the program with the configuration that the page
                   shows (a file of docs/opt-in/examples, which the page has by
                   literalinclude) and returns what opt_in/program.py, which
                   stands for the user's program, told: trial.told() where its
                   main() ran, trial.get() where its application() serves.  It
                   must have had the backport.
    trap_*(trial)  what the page warns of: the program must have had Python's
                   own ssl.
    fact_*(trial)  anything else that the page says: raises TrialError,
                   by trial.expect(), if it is not so.

trial is a Trial of opt_in/trial.py, in a folder of its own.  It refuses files
and commands that the page does not show.  One table ends the run, with one
line for each function.
"""

import argparse
import glob
import importlib.util
import os
import subprocess
import sys
import traceback

from ci.shared import environments
from ci.shared.environments import Failure

OPT_IN = os.path.join(environments.ROOT, "opt_in")
sys.path.insert(0, OPT_IN)
import trial as trials  # noqa: E402

PYTHON = "2.7"
KINDS = ("way", "trap", "fact")
ROW = "%-14s %-10s %-34s %s"
# What pip builds one of ci/requirements-opt-in.txt with, as in PACKAGES.
BUILT_WITH = {"apxs": "apache2-dev"}
NO_ROOT = "%s can be tried by root only."
VERSION = ("import pkg_resources, sys; "
           "print(pkg_resources.get_distribution(sys.argv[1]).version)")


def names_of_ways(only):
    """The ways that have a file, or some of them."""
    paths = glob.glob(os.path.join(OPT_IN, "ways", "*.py"))
    names = sorted(os.path.basename(path)[:-3] for path in paths)
    unknown = set(only) - set(names)
    if unknown:
        raise Failure("There is no way called %s: one of %s." % (
            ", ".join(sorted(unknown)), ", ".join(names)))
    return [name for name in names if not only or name in only]


def load(name):
    """The module of a way."""
    spec = importlib.util.spec_from_file_location(
        "way_" + name, os.path.join(OPT_IN, "ways", name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def refuse_missing(ways):
    """Raise Failure if this machine lacks what the ways need."""
    packages = dict(BUILT_WITH)
    for name, way in ways.items():
        packages.update(getattr(way, "PACKAGES", {}))
        if getattr(way, "NEEDS_ROOT", False) and os.geteuid() != 0:
            raise Failure(NO_ROOT % name)
    message = trials.missing(packages)
    if message:
        raise Failure(message)


class Runner:
    """Tries ways with one environment."""

    def __init__(self, progress):
        self.interpreter = environments.find(PYTHON)
        if self.interpreter is None:
            raise Failure(environments.NO_PYTHON27)
        self.progress = progress
        self.python = environments.prepare_with(
            self.interpreter, "opt-in", progress)
        self.wheel, = glob.glob(os.path.join(
            environments.BUILD, "opt-in", "project", "dist", "*.whl"))
        # such as PYTHONDONTWRITEBYTECODE and SSL_CERT_FILE, which pages do
        # not reckon with
        self.environ = {
            key: value for key, value in environments.clean_environ().items()
            if not key.startswith(("PYTHON", "SSL_CERT_"))}

    def make_environment(self, folder):
        """An environment of its own; its Python."""
        environments.make_virtualenv(self.interpreter, folder, self.progress)
        return environments.python_of(folder)

    def trial(self, name, server, log):
        return trials.Trial(
            name, self.python, self.wheel, self.make_environment,
            self.environ, server, log)

    def version(self, way):
        """The version of a way's program."""
        if not hasattr(way, "PROGRAM"):
            return self.interpreter.version
        return subprocess.check_output(
            [self.python, "-c", VERSION, way.PROGRAM], env=self.environ,
            universal_newlines=True).strip()

    def try_all(self, name, way, server):
        """The rows of a way, each with whether it is right."""
        page = name.replace("_", "-")
        version = None
        for function in list(vars(way)):
            kind, _, title = function.partition("_")
            if kind not in KINDS:
                continue
            label = "opt-in-%s-%s.log" % (name, function)
            with open(os.path.join(environments.LOGS, label), "w") as log, \
                    self.trial(page, server, log) as trial:
                if version is None:
                    version = (way.version(trial) if hasattr(way, "version")
                               else self.version(way))
                is_right, result = outcome(
                    kind, getattr(way, function), trial, log)
            if not is_right:
                result += "; see .build/logs/" + label
            yield is_right, (page, version, title.replace("_", " "), result)


def outcome(kind, function, trial, log):
    """Whether a function came to what it should, and what it came to."""
    try:
        told = function(trial)
        if kind == "fact":
            return True, "as the page says"
        is_backport = trials.is_backport(told)
    except (trials.TrialError, subprocess.SubprocessError, OSError,
            ValueError) as error:
        traceback.print_exc(file=log)
        return False, "FAILED: %s" % str(error).splitlines()[0]
    is_right = is_backport == (kind == "way")
    return is_right, "%s%s, %s" % (
        "" if is_right else "FAILED: ",
        "backport" if is_backport else "Python's own ssl", told["answer"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="names of ways")
    progress = environments.Progress()
    is_right = True
    try:
        ways = {name: load(name) for name in
                names_of_ways(parser.parse_args().only.split())}
        refuse_missing(ways)
        runner = Runner(progress)
        rows = []
        with trials.Server() as server:
            for name, way in ways.items():
                rows += runner.try_all(name, way, server)
                progress.say(name, "tried")
    except Failure as failure:
        return "\n%s" % failure
    print()
    print(ROW % ("way", "version", "", "result"))
    for is_one_right, row in rows:
        print(ROW % row)
        is_right = is_right and is_one_right
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
