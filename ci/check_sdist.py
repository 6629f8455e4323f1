"""Make the source distribution, check that nothing is missing in it, and
that what is built from it runs.

    python3 ci/check_sdist.py
"""

import os
import shutil
import subprocess
import sys
import tarfile

import environments
from environments import Failure

# Of the repository only.
NOT_SHIPPED = (".ci/", ".gitignore")


def tracked():
    """All files of the repository that belong in the distribution."""
    output = subprocess.check_output(
        ["git", "ls-files"], cwd=environments.ROOT, universal_newlines=True)
    return {name for name in output.splitlines()
            if not name.startswith(NOT_SHIPPED)}


def make_sdist(python, folder):
    """The path of a new source distribution."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    environments.run(
        [python, "setup.py", "egg_info", "--egg-base", folder,
         "sdist", "--dist-dir", folder], "sdist.log")
    path, = [name for name in os.listdir(folder) if name.endswith(".tar.gz")]
    return os.path.join(folder, path)


def check_files(path):
    with tarfile.open(path) as archive:
        shipped = {member.name.split("/", 1)[-1] for member in archive}
    missing = sorted(tracked() - shipped)
    if missing:
        raise Failure("Missing in %s:\n    %s" % (
            os.path.basename(path), "\n    ".join(missing)))


def check_install(python, path, folder):
    """Install the distribution into a folder of its own and run it."""
    environments.run(
        [python, "-m", "pip", "install", "--no-index", "--no-deps",
         "--no-build-isolation", "--target", folder, path], "sdist.log")
    code = ("import sys; sys.path.insert(0, %r); import _ssl_backport; "
            "_ssl_backport.install(); import ssl; "
            "assert ssl.__file__.startswith(%r), ssl.__file__; "
            "ssl.create_default_context()" % (folder, folder))
    environments.run([python, "-c", code], "sdist.log")


def main():
    progress = environments.Progress()
    folder = os.path.join(environments.BUILD, "sdist")
    try:
        interpreter = environments.probe(sys.executable)
        python = environments.prepare(interpreter, progress)
        path = make_sdist(python, folder)
        check_files(path)
        check_install(python, path, os.path.join(folder, "installed"))
    except Failure as failure:
        return "\n%s" % failure
    progress.say("Sdist", "complete, builds and runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
