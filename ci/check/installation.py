"""Proves that the wheel of 2.7 comes onto a system: by each pip that knows
manylinux, by no pip at all, and into a folder of a product.

It is a part of make check-wheels.
"""

import glob
import os
import re
import shutil
import subprocess

from ci.build import wheels
from ci.shared import environments
from ci.shared.environments import Failure

# Every pip for 2.7 since the first that knows manylinux1, but for 20.0, which
# was withdrawn: it does not start.
PIPS = """
    8.1.0 8.1.1 8.1.2 9.0.0 9.0.1 9.0.2 9.0.3 10.0.0 10.0.1 18.0 18.1
    19.0 19.0.1 19.0.2 19.0.3 19.1 19.1.1 19.2 19.2.1 19.2.2 19.2.3 19.3
    19.3.1 20.0.1 20.0.2 20.1 20.1.1 20.2 20.2.1 20.2.2 20.2.3 20.2.4
    20.3 20.3.1 20.3.2 20.3.3 20.3.4
""".split()

# The lines of README.rst that install without pip.
WITHOUT_PIP = re.compile(r"^    \$ (.*python2\.7 .*(?:zipfile|platlib).*)$",
                         re.MULTILINE)

# A folder of a product: nobody may write to it, and its name is not ASCII.
PRODUCT = u"Pl\u00e4tze f\u00fcr alles/vendor"
WHERE = "import sys, __ssl_backport as m; " \
        "assert m.__file__.startswith(sys.argv[1]), m"
PROGRAMS = os.path.join(environments.ROOT, "demo")
CERTS = os.path.join(environments.ROOT, "tests", "certs")


def say(progress, text):
    progress.say("Wheel 2.7", text)


def fetch_pips(folder):
    """The paths of the pips, fetched once."""
    for version in PIPS:
        if not pip_in(folder, version):
            environments.run(
                [environments.tools_python(), "-m", "pip", "download",
                 "--no-deps", "--only-binary", ":all:", "--python-version",
                 "2.7", "--dest", folder, "pip==" + version],
                "check-fetch-pip.log")
    return [pip_in(folder, version)[0] for version in PIPS]


def pip_in(folder, version):
    return glob.glob(os.path.join(folder, "pip-%s-*.whl" % version))


def check_pips(interpreter, wheel, folder, progress):
    """Have each pip, run from its own wheel, install ours."""
    target = os.path.join(folder, "by-pip")
    for pip in fetch_pips(os.path.join(environments.BUILD, "pips")):
        shutil.rmtree(target, ignore_errors=True)
        log = "check-%s.log" % os.path.basename(pip)
        environments.run(
            ["env", "PATH=/nonexistent", interpreter.path,
             os.path.join(pip, "pip"), "install", "--no-index", "--no-deps",
             "--target", target, wheel], log)
        check_import(interpreter, target, log)
    say(progress, "installed by each pip from %s to %s" % (PIPS[0], PIPS[-1]))


def check_import(interpreter, folder, log):
    environments.run(
        ["env", "PYTHONPATH=" + folder, interpreter.path, "-m",
         "_ssl_backport", "--info"], log)


def check_without_pip(interpreter, wheel, folder, progress):
    """Run the lines of the README in an environment with nothing in it."""
    with open(os.path.join(environments.ROOT, "README.rst")) as stream:
        lines = WITHOUT_PIP.findall(stream.read())
    if len(lines) != 2:
        raise Failure("README.rst has not the two lines that install a wheel "
                      "without pip, but: %r" % lines)
    bare = os.path.join(folder, "without-pip")
    log = "check-without-pip.log"
    environments.run(
        [environments.tools_python(), "-m", "virtualenv", "--clear",
         "--no-download", "--no-pip", "--no-setuptools", "--no-wheel",
         "--python", interpreter.path, bare], log)
    programs = os.path.join(bare, "bin")
    environments.run(
        ["env", "PATH=%s:/bin:/usr/bin" % programs, "sh", "-ec",
         "\n".join(lines)], log, os.path.dirname(wheel))
    environments.run([os.path.join(programs, "python2.7"), "-m",
                      "_ssl_backport", "--info"], log)
    say(progress, "installed without pip")


def forbid_writing(folder):
    """Take the right to write from a folder; the paths of what is in it."""
    paths = [folder] + [os.path.join(parent, name)
                        for parent, folders, names in os.walk(folder)
                        for name in folders + names]
    for path in paths:
        os.chmod(path, os.stat(path).st_mode & ~0o222)
    return paths


def remove(folder):
    """Remove a folder that nobody may write to."""
    for parent, _, _ in os.walk(folder):
        os.chmod(parent, 0o755)
    shutil.rmtree(folder, ignore_errors=True)


def check_in_product(interpreter, wheel, folder, progress):
    """Unpack it with the standard library alone into a folder that is
    read-only then, for root as well, and use it there."""
    product = os.path.join(folder, PRODUCT)
    remove(product)
    log = "check-product.log"
    environments.run([interpreter.path, "-m", "zipfile", "-e", wheel,
                      product], log)
    before = forbid_writing(product)
    command = ["env", "PYTHONPATH=" + product, interpreter.path]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-dac_override"] + command
    environments.run(command + ["-c", WHERE, product], log)
    connect(command + ["-m", "_ssl_backport"], log)
    if sorted(before) != sorted(forbid_writing(product)):
        raise Failure("Something was written to %s." % product)
    remove(product)
    say(progress, "works from a read-only folder of a product")


def connect(python, log):
    """Let two programs of the demo make a connection through MemoryBIO, and
    one over sockets."""
    ca = os.path.join(CERTS, "root.pem")
    leaf = os.path.join(CERTS, "localhost.pem")
    environments.run(
        python + [os.path.join(PROGRAMS, "memory.py"), leaf, ca], log)
    server = subprocess.Popen(
        python + [os.path.join(PROGRAMS, "server.py"), leaf],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=environments.clean_environ(), universal_newlines=True)
    try:
        url = "https://localhost:%s/" % server.stdout.readline().strip()
        environments.run(
            python + [os.path.join(PROGRAMS, "fetch.py"), url, ca], log)
        if not read(log).startswith("200, "):
            raise Failure("%s could not be fetched: %s" % (url, read(log)))
    finally:
        server.communicate()


def read(log):
    with open(os.path.join(environments.LOGS, log)) as stream:
        return stream.read()


def check(interpreter, wheel, progress):
    """Try all ways to install the wheel, for an Interpreter of 2.7."""
    folder = os.path.join(wheels.WHEELS, "installed")
    os.makedirs(folder, exist_ok=True)
    check_pips(interpreter, wheel, folder, progress)
    check_without_pip(interpreter, wheel, folder, progress)
    check_in_product(interpreter, wheel, folder, progress)
    shutil.rmtree(folder)
