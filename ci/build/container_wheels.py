"""Makes the wheels for Python 3 in manylinux containers, for publication.

    python3 -m ci.build.container_wheels 3.9          # needs Docker
    python3 -m ci.build.container_wheels --identifiers

--identifiers only prints which wheels cibuildwheel would build, in some
seconds.  A build takes some minutes for each wheel, mostly for its tests.

The wheels go to .build/container-wheels.  No version of cibuildwheel supports
all of Python 3.6 to 3.15, so ci/requirements/cibuildwheel-*.txt pin two.  The
static OpenSSL is that of make wheels, since the manylinux2014 containers have
no headers for kTLS.  make wheels builds the wheel for 2.7, whose glibc is
older than that of the containers.
"""

import glob
import os
import platform
import shutil
import subprocess
import sys

from ci.build import targets, wheels
from ci.check import wheels as check_wheels
from ci.shared import environments
from ci.shared.environments import Failure

FOLDER = os.path.join(environments.BUILD, "container-wheels")

# The wheels that each version of cibuildwheel builds, in the release of the
# image that this version pins.
IMAGE = "manylinux2014"
GROUPS = {
    "3.6": "cp36-manylinux_* cp37-manylinux_* cp38-manylinux_*",
    "3.9": ("cp39-manylinux_* cp310-manylinux_* cp311-manylinux_* "
            "cp312-manylinux_* cp313-manylinux_* cp314-manylinux_* "
            "cp315-manylinux_*"),
}

# cibuildwheel copies its working directory to /project in the container.
ENVIRONMENT = ("OPENSSL_DIR=/project/openssl LDFLAGS=-s "
               "SOURCE_DATE_EPOCH=%s SSLB_REPOSITORY=%s")


def options(group):
    """The options of cibuildwheel, as variables of the environment."""
    machine = platform.machine()
    return {
        "CIBW_ARCHS": machine,
        "CIBW_BUILD": GROUPS[group],
        "CIBW_ENVIRONMENT": ENVIRONMENT % (
            os.environ["SOURCE_DATE_EPOCH"],
            os.environ.get("SSLB_REPOSITORY", "")),
        "CIBW_MANYLINUX_%s_IMAGE" % machine.upper(): IMAGE,
        # build() runs auditwheel, a newer one than the containers have
        "CIBW_REPAIR_WHEEL_COMMAND": "",
        "CIBW_TEST_COMMAND": "python -m _ssl_backport -m pytest "
                             "-p no:cacheprovider {project}/tests",
        "CIBW_TEST_REQUIRES": "pytest",
    }


def run(group, arguments, source, progress):
    """Run the cibuildwheel of a group in the folder source."""
    tools = "cibuildwheel-" + group
    environments.make_tools(progress, tools)
    environ = dict(environments.clean_environ(), **options(group))
    status = subprocess.call(
        [environments.tools_python(tools), "-m", "cibuildwheel",
         "--platform", "linux"] + arguments,
        env=environ, cwd=source)
    if status != 0:
        raise Failure("cibuildwheel for Python %s failed with exit status %d."
                      % (group, status))


def print_identifiers(progress):
    """Prove that cibuildwheel accepts the options, without Docker."""
    os.environ["SOURCE_DATE_EPOCH"] = environments.date()
    for group in GROUPS:
        run(group, ["--print-build-identifiers"], environments.ROOT, progress)


def build(group, progress):
    shutil.rmtree(FOLDER, ignore_errors=True)
    sdist = wheels.set_up(targets.find(targets.this()), progress)
    source = wheels.unpack_sources(sdist, os.path.join(FOLDER, "source"))
    shutil.copytree(os.environ["OPENSSL_DIR"],
                    os.path.join(source, "openssl"))
    raw = os.path.join(FOLDER, "raw")
    run(group, ["--output-dir", raw], source, progress)
    for path in glob.glob(os.path.join(raw, "*.whl")):
        name = os.path.basename(path)
        wheels.finish(path, FOLDER, name, [IMAGE])
    for path in glob.glob(os.path.join(FOLDER, "*.whl")):
        name = os.path.basename(path)
        check_wheels.check_file(name, path)
        progress.say("Python " + group, name)


def main():
    progress = environments.Progress()
    arguments = sys.argv[1:]
    try:
        if arguments == ["--identifiers"]:
            print_identifiers(progress)
        elif len(arguments) == 1 and arguments[0] in GROUPS:
            build(arguments[0], progress)
        else:
            return __doc__
    except Failure as failure:
        return "\n%s" % failure
    return 0


if __name__ == "__main__":
    sys.exit(main())
