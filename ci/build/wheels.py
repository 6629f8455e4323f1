"""make wheels: makes a wheel with OpenSSL inside for each Python found.

    python3 -m ci.build.wheels [--pythons "2.7 3.11"] [--arch i686]

zig compiles OpenSSL and the extension for an old glibc (see
ci/build/targets.py); no container is needed.  The wheels are built from the
source distribution and are left in .build/wheels.  For another architecture
than this machine's there is the wheel of 2.7; it needs root, for the headers
of a Debian tree.  OpenSSL takes some minutes the first time, each wheel
half a minute.
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys

from ci.build import openssl, profiles, sdist as source_distribution, targets
from ci.shared import debian, environments
from ci.shared.environments import Failure

PYTHONS = "2.7 3.6 3.7 3.8 3.9 3.10 3.11 3.12 3.13 3.14 3.15"

WHEELS = os.path.join(environments.BUILD, "wheels")

# Debian's Pythons have their pyconfig.h in a folder there, where zig does not
# look by itself; it looks there last.
HEADERS = "-idirafter /usr/include"

# What zig does not do by itself: frame pointers cost a register, and only
# functions in sections of their own are put in the order of the profile.
OPTIMIZE = ["-fomit-frame-pointer", "-ffunction-sections"]

# Where nothing is optimized zig adds checks whose library needs a newer glibc.
NO_CHECKS = "-fno-sanitize=all"


NOT_CROSS = """\
For %s, another architecture than this machine's, only the wheel of Python 2.7
can be built: make wheels ARCH=%s PYTHONS=2.7"""


def make_tools(progress):
    """Have what makes the source distribution, and zig and auditwheel."""
    environments.make_tools(progress)
    environments.make_tools(progress, "wheel-tools")


def tools_python():
    return environments.tools_python("wheel-tools")


def zig(target):
    """The Compiler that zig is for a Target, with what it needs in
    os.environ."""
    code = "import os, ziglang; print(os.path.dirname(ziglang.__file__))"
    folder = subprocess.check_output([tools_python(), "-c", code],
                                     universal_newlines=True).strip()
    path = os.path.join(folder, "zig")
    caches = os.path.join(environments.cache(), "zig")
    scripts = os.path.join(environments.CI, "build", "zig")
    os.environ.update(
        SSLB_ZIG=path, SSLB_ZIG_TARGET=" ".join([target.zig, NO_CHECKS]),
        ZIG_GLOBAL_CACHE_DIR=caches,
        ZIG_LOCAL_CACHE_DIR=caches,
        PATH=scripts + os.pathsep + os.environ["PATH"])
    version = subprocess.check_output([path, "version"],
                                      universal_newlines=True)
    return openssl.Compiler(
        "zig-" + target.arch, {"CC": "zig-cc"},
        environments.digest(version, target.zig, [
            data for _, data in environments.contents(scripts)]),
        target.openssl, target.options + OPTIMIZE, profiles.text())


def set_up(target, progress):
    """Have OpenSSL built for a Target, and os.environ such that setup.py
    links it; the path of the source distribution."""
    make_tools(progress)
    prefix = openssl.build(openssl.in_wheels(), zig(target), progress)
    os.environ["SOURCE_DATE_EPOCH"] = environments.date()
    os.environ.update(OPENSSL_DIR=prefix, CC="zig-cc",
                      LDSHARED="zig-cc -shared -s")
    return source_distribution.make(environments.tools_python(),
                                    os.path.join(WHEELS, "sdist"))


def make_environment(interpreter, progress):
    folder = environments.environment_of(interpreter)
    environments.make_environment(interpreter, folder, progress)
    return environments.python_of(folder)


def unpack_sources(sdist, folder):
    """Unpack the source distribution and add what a wheel with OpenSSL
    inside needs; the folder to build in."""
    source = source_distribution.unpack(sdist, folder)
    # setup.py puts every LICENSE* into the wheel
    shutil.copy2(os.path.join(os.environ["OPENSSL_DIR"], os.pardir,
                              "LICENSE.OpenSSL.txt"), source)
    return source


def headers(interpreter, target, progress):
    """A folder with an interpreter's headers for another architecture: of
    all the headers pyconfig.h alone is another there."""
    tree = debian.debian11(target.debian, progress)
    tree.make()
    own = subprocess.check_output(
        [interpreter.path, "-c",
         "import sysconfig; print(sysconfig.get_path('include'))"],
        universal_newlines=True).strip()
    folder = os.path.join(WHEELS, "headers-" + target.arch)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(own, folder)
    foreign, = glob.glob(os.path.join(tree.folder, "usr", "include", "*",
                                      "python2.7", "pyconfig.h"))
    shutil.copy(foreign, folder)
    return folder


def finish(path, folder, name, tags):
    """Turn a wheel of setup.py into one with these tags, in a folder."""
    environments.run([tools_python(), "-m", "ci.build.finish_wheel", path,
                      folder] + tags, "finish-%s.log" % name)


def build(interpreter, target, sdist, folder, progress):
    """Build one wheel from the source distribution; its path in the
    folder."""
    python = make_environment(interpreter, progress)
    name = "%s-%s" % (interpreter.name, target.arch)
    work = os.path.join(folder, "work-" + name)
    source = unpack_sources(sdist, work)
    includes = (HEADERS if target.arch == targets.this()
                else "-I" + headers(interpreter, target, progress))
    environments.run(
        ["env", "CPPFLAGS=" + includes, python, "setup.py", "-q",
         "bdist_wheel", "--plat-name", "linux_" + target.arch],
        "wheel-%s.log" % name, source)
    built, = glob.glob(os.path.join(source, "dist", "*.whl"))
    finish(built, folder, name, target.tags)
    shutil.rmtree(work)
    progress.say("Python " + interpreter.name,
                 "wheel for %s built" % target.arch)
    return wheel_in(folder, interpreter.name, target)


def wheel_in(folder, name, target):
    """The path of the wheel for Python "2.7" or "3.11" on a Target."""
    path, = glob.glob(os.path.join(folder, "*-cp%s-*_%s.whl" % (
        name.replace(".", ""), target.arch)))
    return path


def find(names, target):
    """The interpreters named, or all that are found."""
    if target.arch != targets.this():
        if (names or "2.7") != "2.7":
            raise Failure(NOT_CROSS % (target.arch, target.arch))
        debian.check_root()
        names = "2.7"
    found = {name: environments.find(name)
             for name in (names or PYTHONS).split()}
    missing = [name for name, interpreter in found.items() if not interpreter]
    if names and missing:
        raise Failure("Python %s was not found." % ", ".join(missing))
    return [interpreter for interpreter in found.values() if interpreter]


def parse(text):
    """The command line, which checking the wheels shares."""
    parser = argparse.ArgumentParser(description=text.split("\n\n")[0])
    parser.add_argument("--pythons", metavar="VERSIONS",
                        help="such as '2.7 3.11' (default: all found)")
    parser.add_argument("--arch", default=targets.this(),
                        help="such as i686 (default: this machine's)")
    return parser.parse_args()


def main():
    options = parse(__doc__)
    progress = environments.Progress()
    try:
        target = targets.find(options.arch)
        interpreters = find(options.pythons, target)
        sdist = set_up(target, progress)
        for path in glob.glob(os.path.join(WHEELS, "*_%s.whl" % target.arch)):
            os.remove(path)
        for interpreter in interpreters:
            build(interpreter, target, sdist, WHEELS, progress)
    except Failure as failure:
        return "\n%s" % failure
    print("\nIn %s:" % os.path.relpath(WHEELS))
    for name in sorted(glob.glob(os.path.join(WHEELS, "*.whl"))):
        print("    %s" % os.path.basename(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
