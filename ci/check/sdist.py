"""Proves that the source distribution is complete and can be installed.

    python3 -m ci.check.sdist

It takes a minute more than the tests of one Python.  It checks that the
distribution contains all files of the repository, that a package index can
show its description, that old versions of setuptools install it, and that pip
builds it.  It then runs the tests and examples of the distribution with the
installed backport.
"""

import os
import shutil
import sys

from ci.build import sdist as source_distribution
from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import run_tests

# The setuptools of RHEL 7, Debian 8 and Ubuntu 16.04.
OLD_SETUPTOOLS = ["0.9.8", "5.5.1", "20.7.0"]

EGG_INFO = os.path.join(environments.ROOT, "Lib", "ssl_backport.egg-info")


def check_manifest():
    """Raise Failure if the distribution lacks a file of the repository."""
    try:
        environments.run([environments.tools_python(), "-m", "check_manifest"],
                         "manifest.log")
    finally:
        shutil.rmtree(EGG_INFO, ignore_errors=True)


def check_for_index(path, progress):
    """Raise Failure if a package index could not show the description."""
    environments.make_tools(progress, "twine")
    environments.run([environments.tools_python("twine"), "-m", "twine",
                      "--no-color", "check", "--strict", path], "twine.log")


def install(interpreter, path, folder, progress):
    """Let pip build and install the distribution in an environment of its
    own.  Returns the path of the environment's Python."""
    environments.make_environment(interpreter, folder, progress)
    python = environments.python_of(folder)
    environments.run(
        [python, "-m", "pip", "install", "--no-index", "--no-deps",
         "--no-build-isolation", "--force-reinstall", path],
        "sdist-install.log")
    progress.say("Sdist", "built and installed by pip")
    return python


def check_tests(interpreter, python, path, folder, progress):
    """Run the tests and the examples of the distribution, outside the
    repository."""
    source = source_distribution.unpack(path, folder)
    result = run_tests.run_pytest(
        interpreter._replace(name=interpreter.name + "-sdist"), python, [],
        progress, folder=source)
    if result.note or not result.passed:
        raise Failure("The tests failed. " + (result.note or ""))
    progress.say("Sdist", "%d tests passed, %d skipped" % (
        result.passed, result.skipped))


def install_setuptools(version, folder):
    """Install an old setuptools into a folder of its own."""
    environments.run(
        [environments.tools_python(), "-m", "pip", "install", "--no-deps",
         "--no-compile", "--only-binary", ":all:", "--python-version", "2.7",
         "--target", folder, "setuptools==" + version], "setuptools.log")


def check_old_setuptools(interpreter, path, folder, progress):
    """Install the distribution with each old setuptools, without pip and
    wheel.  Raises Failure if setup.py passes an option that setuptools does
    not support."""
    source = source_distribution.unpack(
        path, os.path.join(folder, "old-setuptools"))
    log = "old-setuptools.log"
    for version in OLD_SETUPTOOLS:
        setuptools = os.path.join(folder, "setuptools-" + version)
        install_setuptools(version, setuptools)
        root = os.path.join(folder, "root-" + version)
        environments.run(
            ["env", "PYTHONPATH=" + setuptools, interpreter.path, "setup.py",
             "-q", "install", "--root", root, "--install-lib", "/library"],
            log, source)
        with open(os.path.join(environments.LOGS, log)) as stream:
            if "Unknown distribution option" in stream.read():
                raise Failure("setuptools %s warns of an unknown option: see "
                              ".build/logs/%s" % (version, log))
        environments.run(
            ["env", "PYTHONPATH=" + os.path.join(root, "library"),
             interpreter.path, "-m", "_ssl_backport", "--info"], log)
    progress.say("Sdist", "installed by setuptools "
                 + ", ".join(OLD_SETUPTOOLS))


def main():
    progress = environments.Progress()
    folder = os.path.join(environments.BUILD, "sdist")
    this = environments.probe(sys.executable)
    interpreter = environments.find("2.7") or this
    try:
        environments.make_tools(progress)
        check_manifest()
        path = source_distribution.make(environments.tools_python(), folder)
        check_for_index(path, progress)
        progress.say("Sdist", "complete")
        if interpreter.name == "2.7":
            check_old_setuptools(interpreter, path, folder, progress)
        python = install(interpreter, path,
                         os.path.join(environments.BUILD, "sdist-python"),
                         progress)
        check_tests(interpreter, python, path,
                    os.path.join(folder, "unpacked"), progress)
    except Failure as failure:
        return "\n%s" % failure
    return 0


if __name__ == "__main__":
    sys.exit(main())
