"""make test-opt-in: proves that the pages in docs/opt-in are right.

    python3 -m ci.test.opt_in [--only "launcher cron"]

Starts the real programs of the pages on Python 2.7, with the files and the
commands that the pages show, and checks which ssl module each program uses.
The run takes about two minutes.  It ends with a table that has one line for
each check.  cron needs root.

Each page docs/opt-in/NAME.rst about a way to start programs has a file
opt_in/ways/NAME.py, with "_" instead of "-".  This file contains:

    PROGRAM      the name of a distribution in ci/requirements/opt-in.txt.  The
                 table shows its version.  A file without PROGRAM can define
                 version(trial), which returns the version.  Otherwise the
                 table shows the version of Python.
    PACKAGES     {program or path: Debian package}, if the page needs programs
                 of the system
    NEEDS_ROOT   True, if the checks need root
    way_*(trial)   starts the program as the page shows, and returns the report
                   of opt_in/program.py, which stands for the user's program.
                   The result comes from trial.told() if main() ran, or from
                   trial.get() if the program serves application().  The check
                   fails unless the program used the backport.
    trap_*(trial)  does something that the page warns about, and returns such a
                   report.  The check fails unless the program used Python's
                   own ssl.
    fact_*(trial)  checks another statement of the page with trial.expect(),
                   which raises TrialError if the statement is wrong.

trial is a Trial from opt_in/trial.py, with a separate folder.  It refuses
files of docs/opt-in/examples that the page does not include, and commands that
the page does not show.
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
# Programs that pip needs to build the distributions in
# ci/requirements/opt-in.txt, in the form of PACKAGES.
BUILT_WITH = {"apxs": "apache2-dev"}
NO_ROOT = "The checks of %s need root."
VERSION = ("import pkg_resources, sys; "
           "print(pkg_resources.get_distribution(sys.argv[1]).version)")


def names_of_ways(only):
    """Return the names of all ways that have a file, or those in only."""
    paths = glob.glob(os.path.join(OPT_IN, "ways", "*.py"))
    names = sorted(os.path.basename(path)[:-3] for path in paths)
    unknown = set(only) - set(names)
    if unknown:
        raise Failure("Unknown way: %s.  The ways are: %s." % (
            ", ".join(sorted(unknown)), ", ".join(names)))
    return [name for name in names if not only or name in only]


def load(name):
    """Return the module of a way."""
    spec = importlib.util.spec_from_file_location(
        "way_" + name, os.path.join(OPT_IN, "ways", name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def refuse_missing(ways):
    """Raise Failure if this machine lacks programs that the ways need, or if a
    way needs root."""
    packages = dict(BUILT_WITH)
    for name, way in ways.items():
        packages.update(getattr(way, "PACKAGES", {}))
        if getattr(way, "NEEDS_ROOT", False) and os.geteuid() != 0:
            raise Failure(NO_ROOT % name)
    message = trials.missing(packages)
    if message:
        raise Failure(message)


class Runner:
    """Runs the checks of all ways with one environment."""

    def __init__(self, progress):
        self.interpreter = environments.find(PYTHON)
        if self.interpreter is None:
            raise Failure(environments.NO_PYTHON27)
        self.progress = progress
        self.python = environments.prepare_with(
            self.interpreter, "opt-in", progress)
        self.wheel, = glob.glob(os.path.join(
            environments.BUILD, "opt-in", "project", "dist", "*.whl"))
        # The pages assume an environment without such variables, for example
        # PYTHONDONTWRITEBYTECODE and SSL_CERT_FILE.
        self.environ = {
            key: value for key, value in environments.clean_environ().items()
            if not key.startswith(("PYTHON", "SSL_CERT_"))}

    def make_environment(self, folder):
        """Make a separate environment.  Return the path of its Python."""
        environments.make_virtualenv(self.interpreter, folder, self.progress)
        return environments.python_of(folder)

    def trial(self, name, server, log):
        return trials.Trial(
            name, self.python, self.wheel, self.make_environment,
            self.environ, server, log)

    def version(self, way):
        """Return the version of a way's program."""
        if not hasattr(way, "PROGRAM"):
            return self.interpreter.version
        return subprocess.check_output(
            [self.python, "-c", VERSION, way.PROGRAM], env=self.environ,
            universal_newlines=True).strip()

    def try_all(self, name, way, server):
        """Yield (whether the check succeeded, its row of the table) for each
        check of a way."""
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
    """Run a check.  Return whether it succeeded, and the text of its result
    for the table."""
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
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", metavar="WAYS", default="",
                        help="such as 'launcher cron' (default: all)")
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
                progress.say(name, "checked")
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
