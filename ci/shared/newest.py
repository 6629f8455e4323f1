"""Runs a script of ci/ in Debian unstable, which has the newest Pythons.

    python3 -m ci.shared.newest MODULE [ARGUMENT...]   # as root
    python3 -m ci.shared.newest ci.test.run_tests --pythons 3.15 -k session

debootstrap makes the Debian folder in SSLB_CACHE or ~/.cache/ssl-backport,
which takes some minutes.  Later runs use the same folder; remove debian-sid-*
to get newer packages.  The script runs in this folder by chroot.  It finds the
project and the cache under the same paths as outside, and its .build is
.build/newest of the project.
"""

import os
import subprocess
import sys

from ci.shared import debian, environments
from ci.shared.environments import Failure

PYTHONS = ["3.14", "3.15"]
SUITE = "sid"
PACKAGES = [package % version for version in PYTHONS for package in (
    "python%s", "python%s-dev", "python%s-venv", "libpython%s-testsuite")] + [
        "libssl-dev", "gcc", "make", "perl", "ca-certificates", "openssl"]

# The files of ci/requirements that scripts in the folder install from.
REQUIREMENTS = ["3.10", "tools", "wheel-tools", "twine", "coexistence"]

BUILD = os.path.join(environments.BUILD, "newest")
DOWNLOADS = os.path.join(BUILD, "packages")
# The path of DOWNLOADS in the Debian folder.
DOWNLOADS_THERE = os.path.join(environments.BUILD, "packages")

# The variables of the environment that the script gets.
SETTINGS = ["SSLB_WERROR", "SSLB_LONG", "SSLB_COMMIT", "SOURCE_DATE_EPOCH"]


def tree_of(progress):
    """The Tree of Debian unstable; its folder need not exist yet."""
    return debian.Tree("debian-sid", SUITE, "amd64", PACKAGES, progress)


def the_tree(progress):
    """The Tree of Debian unstable; makes its folder if that is missing."""
    tree = tree_of(progress)
    tree.make()
    return tree


def download(progress):
    """Download all packages that the scripts install, unless that was done.

    The pip in the Debian folder uses these files, since it may have no
    configuration for a package index.
    """
    paths = [environments.pins(name) for name in REQUIREMENTS]
    stamp = os.path.join(DOWNLOADS, "made-of")
    wanted = environments.digest(
        PYTHONS, *[environments.contents(path) for path in paths])
    if environments.is_done(stamp, wanted):
        return
    environments.make_tools(progress)
    for version in PYTHONS:
        for path in paths:
            environments.run(
                [environments.tools_python(), "-m", "pip", "download",
                 "--no-deps", "--only-binary", ":all:", "--python-version",
                 version, "--dest", DOWNLOADS, "-r", path],
                "newest-download.log")
    environments.set_done(stamp, wanted)
    progress.say("Debian", "packages for Python %s downloaded"
                 % " and ".join(PYTHONS))


def set_what_git_knows():
    """Set the commit and its date, since the Debian folder has no git."""
    os.environ["SOURCE_DATE_EPOCH"] = environments.date()
    os.environ["SSLB_COMMIT"] = environments.commit()


def run(tree, arguments):
    """Run a script in the Debian folder.  Returns its exit status.

    arguments: the module and its arguments.
    """
    for folder in (BUILD, environments.cache()):
        os.makedirs(folder, exist_ok=True)
    set_what_git_knows()
    settings = ["%s=%s" % (name, os.environ[name]) for name in SETTINGS
                if name in os.environ]
    settings += ["HOME=/root", "SSLB_CACHE=" + environments.cache(),
                 "PIP_NO_INDEX=1", "PIP_FIND_LINKS=" + DOWNLOADS_THERE]
    command = tree.command(
        ["env"] + settings + ["python" + PYTHONS[-1], "-m"] + arguments,
        environments.ROOT,
        [(environments.ROOT, environments.ROOT), (BUILD, environments.BUILD),
         (environments.cache(), environments.cache())])
    return subprocess.call(command, env=environments.clean_environ())


def main():
    if len(sys.argv) < 2:
        return __doc__
    progress = environments.Progress()
    try:
        debian.check_root()
        tree = the_tree(progress)
        download(progress)
        return run(tree, sys.argv[1:])
    except Failure as failure:
        return "\n%s" % failure


if __name__ == "__main__":
    sys.exit(main())
