"""Run a script of ci/ in a tree of Debian's unstable suite, where the newest
Pythons are.

    python3 -m ci.shared.newest MODULE [ARGUMENT...]   # as root
    python3 -m ci.shared.newest ci.test.run_tests --pythons 3.15 -k session

The tree is made by debootstrap, once, and kept in SSLB_CACHE or
~/.cache/ssl-backport; remove debian-sid-* there to have newer packages.  The
project is seen there in the same place as here.  What is .build there is
.build/newest here; both have the same OpenSSLs.
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

# What environments, wheels and their checks are made of.
REQUIREMENTS = ["3.10", "tools", "wheel-tools", "twine", "coexistence"]

BUILD = os.path.join(environments.BUILD, "newest")
DOWNLOADS = os.path.join(BUILD, "packages")
# The same, as seen from within.
DOWNLOADS_THERE = os.path.join(environments.BUILD, "packages")

# Settings that a script takes from outside, beside those of the build.
SETTINGS = ["SSLB_WERROR", "SSLB_LONG", "SSLB_COMMIT", "SOURCE_DATE_EPOCH"]


def tree_of(progress):
    """The Tree, which may not be there."""
    return debian.Tree("debian-sid", SUITE, "amd64", PACKAGES, progress)


def the_tree(progress):
    """The Tree, made if it is not there."""
    tree = tree_of(progress)
    tree.make()
    return tree


def download(progress):
    """Have all packages that the scripts install: pip there may not know
    the way to an index."""
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
    """There is no git in the tree."""
    os.environ["SOURCE_DATE_EPOCH"] = environments.date()
    os.environ["SSLB_COMMIT"] = environments.commit()


def run(tree, arguments):
    """Run the script and show what it prints; the exit status."""
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
