"""make wheels: a wheel with OpenSSL inside, for each Python that is found.

    python3 ci/wheels.py [--pythons "2.7 3.11"]

zig compiles OpenSSL and the extension for a glibc of 2014; no container is
needed.  The wheels are built from the source distribution and are left in
.build/wheels.
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys

import check_sdist
import environments
import openssl
from environments import Failure

PYTHONS = "2.7 3.6 3.7 3.8 3.9 3.10 3.11 3.12 3.13 3.14 3.15"

WHEELS = os.path.join(environments.BUILD, "wheels")

# Debian's Pythons have their pyconfig.h in a folder there, where zig does not
# look by itself; it looks there last.
HEADERS = "-idirafter /usr/include"

NO_DATE = """\
The date of the commit is not known, as this is no clone.  Set
SOURCE_DATE_EPOCH (seconds since 1970) for the date of the files in a wheel."""


def make_tools(progress):
    """Have what makes the source distribution, and zig and auditwheel."""
    environments.make_tools(progress)
    environments.make_tools(progress, "wheel-tools")


def tools_python():
    return environments.tools_python("wheel-tools")


def zig():
    """The Compiler that zig is, with what it needs in os.environ."""
    code = "import os, ziglang; print(os.path.dirname(ziglang.__file__))"
    folder = subprocess.check_output([tools_python(), "-c", code],
                                     universal_newlines=True).strip()
    path = os.path.join(folder, "zig")
    caches = os.path.join(openssl.cache(), "zig")
    scripts = os.path.join(environments.ROOT, "ci", "zig")
    os.environ.update(
        SSLB_ZIG=path, ZIG_GLOBAL_CACHE_DIR=caches,
        ZIG_LOCAL_CACHE_DIR=caches,
        PATH=scripts + os.pathsep + os.environ["PATH"])
    version = subprocess.check_output([path, "version"],
                                      universal_newlines=True)
    return openssl.Compiler("zig", {"CC": "zig-cc"}, version.strip())


def date():
    """When the sources were committed, in seconds, as text; it is
    SOURCE_DATE_EPOCH where that is set."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return os.environ["SOURCE_DATE_EPOCH"]
    try:
        return subprocess.check_output(
            ["git", "log", "-1", "--pretty=%ct"], cwd=environments.ROOT,
            stderr=subprocess.DEVNULL, universal_newlines=True).strip()
    except (OSError, subprocess.CalledProcessError):
        raise Failure(NO_DATE)


def set_up(progress):
    """Have OpenSSL built, and os.environ such that setup.py links it; the
    path of the source distribution."""
    make_tools(progress)
    prefix = openssl.build(openssl.in_wheels(), zig(), progress)
    os.environ["SOURCE_DATE_EPOCH"] = date()
    os.environ.update(OPENSSL_DIR=prefix, CC="zig-cc", CPPFLAGS=HEADERS,
                      LDSHARED="zig-cc -shared -s")
    return check_sdist.make_sdist(environments.tools_python(),
                                  os.path.join(WHEELS, "sdist"))


def make_environment(interpreter, progress):
    folder = environments.environment_of(interpreter)
    environments.make_environment(interpreter, folder, progress)
    return environments.python_of(folder)


def unpack_sources(sdist, folder):
    """Unpack the source distribution and add what a wheel with OpenSSL
    inside needs; the folder to build in."""
    source = check_sdist.unpack(sdist, folder)
    # setup.py puts every LICENSE* into the wheel
    shutil.copy2(os.path.join(os.environ["OPENSSL_DIR"], os.pardir,
                              "LICENSE.OpenSSL.txt"), source)
    return source


def finish(path, folder, name):
    """Turn a wheel of setup.py into one for any Linux, in a folder."""
    script = os.path.join(environments.ROOT, "ci", "finish_wheel.py")
    environments.run([tools_python(), script, path, folder],
                     "finish-%s.log" % name)


def build(interpreter, sdist, folder, progress):
    """Build one wheel from the source distribution; its path in the
    folder."""
    python = make_environment(interpreter, progress)
    work = os.path.join(folder, "work-" + interpreter.name)
    source = unpack_sources(sdist, work)
    environments.run([python, "setup.py", "-q", "bdist_wheel"],
                     "wheel-%s.log" % interpreter.name, source)
    built, = glob.glob(os.path.join(source, "dist", "*.whl"))
    finish(built, folder, interpreter.name)
    shutil.rmtree(work)
    progress.say("Python " + interpreter.name, "wheel built")
    return wheel_in(folder, interpreter.name)


def wheel_in(folder, name):
    """The path of the wheel for Python "2.7" or "3.11"."""
    path, = glob.glob(os.path.join(folder, "*-cp%s-*.whl"
                                   % name.replace(".", "")))
    return path


def find(names):
    """The interpreters named, or all that are found."""
    found = {name: environments.find(name)
             for name in (names or PYTHONS).split()}
    missing = [name for name, interpreter in found.items() if not interpreter]
    if names and missing:
        raise Failure("Python %s was not found." % ", ".join(missing))
    return [interpreter for interpreter in found.values() if interpreter]


def parse(text):
    """The command line, which checking the wheels shares."""
    parser = argparse.ArgumentParser(description=text.split("\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS",
                        help="such as '2.7 3.11' (default: all found)")
    return parser.parse_args()


def main():
    options = parse(__doc__)
    progress = environments.Progress()
    try:
        interpreters = find(options.pythons)
        sdist = set_up(progress)
        for path in glob.glob(os.path.join(WHEELS, "*.whl")):
            os.remove(path)
        for interpreter in interpreters:
            build(interpreter, sdist, WHEELS, progress)
    except Failure as failure:
        return "\n%s" % failure
    print("\nIn %s:" % os.path.relpath(WHEELS))
    for name in sorted(glob.glob(os.path.join(WHEELS, "*.whl"))):
        print("    %s" % os.path.basename(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
