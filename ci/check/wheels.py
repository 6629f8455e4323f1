"""make check-wheels: proves of each wheel in .build/wheels what it promises.

    python3 -m ci.check.wheels [--pythons "2.7 3.11"] [--arch i686]

What is in the file is judged by ci/check/wheel_file.py; then the wheel is
installed where no compiler is, the whole of the tests run with it, it shares
a process with other OpenSSLs, and is built once more, byte by byte the same.
For 2.7 ci/check/installation.py tries old pips and a system without pip.  A
wheel for another architecture than this machine's is tried in a Debian 11
system, which needs root.  Each takes as long as the tests of one Python;
OpenSSL and thirty old pips take some minutes more.
"""

import filecmp
import glob
import os
import re
import shutil
import sys

from ci.build import openssl, targets, wheels
from ci.check import debian11, installation
from ci.check import sdist as check_sdist
from ci.shared import debian, environments
from ci.shared.environments import Failure
from ci.test import run_tests

COEXISTENCE = os.path.join(environments.CI, "check", "coexistence.py")
WHERE = "import os, __ssl_backport as m; assert m.__file__.startswith(%r), m"


def find(names, target):
    """{"2.7": path} of the wheels to check."""
    found = {}
    for path in sorted(glob.glob(os.path.join(
            wheels.WHEELS, "*_%s.whl" % target.arch))):
        major, minor = re.search(r"-cp(\d)(\d+)-", path).groups()
        found["%s.%s" % (major, minor)] = path
    missing = set((names or "").split()) - set(found)
    if missing or not found:
        raise Failure("There is no wheel for Python %s on %s in %s: "
                      "`make wheels` makes it." % (
                          ", ".join(sorted(missing)) or "any", target.arch,
                          os.path.relpath(wheels.WHEELS)))
    return {name: found[name] for name in (names or " ".join(found)).split()}


def say(progress, name, text):
    progress.say("Wheel " + name, text)


def check_file(name, path):
    """What can be seen without installing it."""
    private = [environments.ROOT, environments.cache(),
               os.path.expanduser("~")]
    environments.run([wheels.tools_python(), "-m", "ci.check.wheel_file",
                      path] + private, "check-file-%s.log" % name)


def install(name, path, progress):
    """Install the wheel into a new environment, with no compiler on PATH;
    the environment's interpreter."""
    interpreter = environments.find(name)
    folder = os.path.join(wheels.WHEELS, "check-" + name)
    shutil.rmtree(folder, ignore_errors=True)
    environments.make_environment(interpreter, folder, progress)
    python = environments.python_of(folder)
    log = "check-install-%s.log" % name
    environments.run(
        ["env", "PATH=" + os.path.dirname(python), python, "-m", "pip",
         "install", "--no-index", "--no-deps", path], log)
    environments.run([python, "-c", WHERE % folder], log, wheels.WHEELS)
    return interpreter, python


def run_all_tests(interpreter, python, progress):
    result = run_tests.run_pytest(
        interpreter._replace(name=interpreter.name + "-wheel"), python, [],
        progress)
    if result.note or not result.passed:
        raise Failure("The tests failed. " + (result.note or ""))
    return "%d tests passed, %d skipped" % (result.passed, result.skipped)


def share_a_process(name, python):
    """With the stock ssl, hashlib, cryptography and psycopg2."""
    log = "check-coexistence-%s.log" % name
    environments.run(
        [python, "-m", "pip", "install", "--only-binary", ":all:", "-r",
         environments.pins("coexistence")], log)
    version = openssl.release(openssl.in_wheels()).version
    certs = os.path.join(environments.ROOT, "tests", "certs")
    for order in ("before", "after"):
        environments.run(
            [python, "-W", "ignore", COEXISTENCE,
             order, version, certs],
            "check-coexistence-%s-%s.log" % (name, order))


def check(name, path, progress):
    interpreter, python = install(name, path, progress)
    say(progress, name, "installed without a compiler")
    if name == "2.7":
        installation.check(interpreter, path, progress)
    say(progress, name, run_all_tests(interpreter, python, progress))
    share_a_process(name, python)
    say(progress, name, "shares a process with other OpenSSLs")


def check_elsewhere(path, target, progress):
    """In a Debian 11 system of the wheel's architecture."""
    debian.check_root()
    host, = [host for host in debian11.HOSTS
             if host.arch == target.debian]
    passed, skipped = debian11.check_wheel(host, path, progress)
    say(progress, "2.7", "%d tests passed, %d skipped" % (passed, skipped))


def build_again(found, target, progress):
    """Build OpenSSL and the wheels elsewhere, with nothing kept from the
    first time but the downloaded source, and Debian's headers: the same bytes
    must come out."""
    folder = os.path.join(wheels.WHEELS, "again")
    cache = os.path.join(folder, "cache")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(environments.cache(), "sources"),
                    os.path.join(cache, "sources"))
    for path in glob.glob(os.path.join(environments.cache(), "debian11-*")):
        os.symlink(path, os.path.join(cache, os.path.basename(path)))
    os.environ["SSLB_CACHE"] = cache
    sdist = wheels.set_up(target, progress)
    for name, path in found.items():
        again = wheels.build(environments.find(name), target, sdist, folder,
                             progress)
        if not filecmp.cmp(path, again, shallow=False):
            raise Failure("%s is not the same as\n%s, built before.  Did the "
                          "sources change since then?" % (again, path))
        say(progress, name, "built again: the same bytes")
    shutil.rmtree(folder)


def main():
    options = wheels.parse(__doc__)
    progress = environments.Progress()
    try:
        wheels.make_tools(progress)
        target = targets.find(options.arch)
        found = find(options.pythons, target)
        for name, path in found.items():
            check_file(name, path)
            check_sdist.check_for_index(path, progress)
            say(progress, name, "symbols, libraries, tags, licences, SBOM: "
                "as they must be")
            if target.arch == targets.this():
                check(name, path, progress)
            else:
                check_elsewhere(path, target, progress)
        build_again(found, target, progress)
    except Failure as failure:
        return "\n%s" % failure
    print("\nEverything holds for:")
    for path in found.values():
        print("    %s" % os.path.basename(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
