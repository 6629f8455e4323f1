"""Build the wheels in the manylinux containers, for real CI.

    python3 ci/container_wheels.py 2.7          # needs Docker
    python3 ci/container_wheels.py --identifiers

No version of cibuildwheel knows all Pythons, so there are three.  The static
OpenSSL is the one of `make wheels`: the containers of 2014 have no headers
for kTLS.  The wheels are left in .build/container-wheels.
"""

import glob
import os
import platform
import shutil
import subprocess
import sys

import check_wheels
import environments
import wheels
from environments import Failure

FOLDER = os.path.join(environments.BUILD, "container-wheels")

# 1.12.0 is the last that knows 2.7, and its images are the last that have it.
# Each group has a version of cibuildwheel, what it builds, and the image.
GROUPS = {
    "2.7": ("1.12.0", "cp27-manylinux_*",
            "quay.io/pypa/manylinux2014_%s:2021-05-01-28d233a"),
    "3.6": ("2.23.4", "cp36-manylinux_* cp37-manylinux_* cp38-manylinux_*",
            "quay.io/pypa/manylinux2014_%s:2025.04.19-1"),
    "3.9": ("4.3.3", "cp39-manylinux_* cp310-manylinux_* cp311-manylinux_* "
            "cp312-manylinux_* cp313-manylinux_* cp314-manylinux_* "
            "cp315-manylinux_*", "manylinux2014"),
}

# The folder that cibuildwheel copies into the container is /project there.
ENVIRONMENT = ("OPENSSL_DIR=/project/openssl LDFLAGS=-s "
               "SOURCE_DATE_EPOCH=%s")


def python_of(group, progress):
    """A Python that has the group's cibuildwheel."""
    version = GROUPS[group][0]
    folder = os.path.join(environments.BUILD, "cibuildwheel-" + version)
    this = environments.probe(sys.executable)
    stamp = os.path.join(folder, "made-of")
    wanted = environments.digest(this, version)
    python = environments.python_of(folder)
    if not environments.is_done(stamp, wanted):
        log = "cibuildwheel-%s.log" % version
        environments.make_venv(this, folder, log)
        environments.run([python, "-m", "pip", "install",
                          "cibuildwheel==" + version], log)
        environments.set_done(stamp, wanted)
        progress.say("Python " + group, "cibuildwheel %s installed" % version)
    return python


def options(group):
    """The options of cibuildwheel, as all its versions take them."""
    _, builds, image = GROUPS[group]
    machine = platform.machine()
    return {
        "CIBW_ARCHS": machine,
        "CIBW_BUILD": builds,
        "CIBW_ENVIRONMENT": ENVIRONMENT % os.environ["SOURCE_DATE_EPOCH"],
        "CIBW_MANYLINUX_%s_IMAGE" % machine.upper(): (
            image % machine if "%" in image else image),
        # done afterwards, by tools that are newer than the containers'
        "CIBW_REPAIR_WHEEL_COMMAND": "",
        "CIBW_TEST_COMMAND": "python -m _ssl_backport -m pytest "
                             "-p no:cacheprovider {project}/tests",
        "CIBW_TEST_REQUIRES": "pytest",
    }


def run(group, arguments, source, progress):
    """Run the group's cibuildwheel on a folder, its output shown."""
    python = python_of(group, progress)
    environ = dict(environments.clean_environ(), **options(group))
    status = subprocess.call(
        [python, "-m", "cibuildwheel", "--platform", "linux"] + arguments,
        env=environ, cwd=source)
    if status != 0:
        raise Failure("cibuildwheel for Python %s failed with exit status %d."
                      % (group, status))


def print_identifiers(progress):
    """Prove that the configuration is read; needs no Docker."""
    os.environ.setdefault("SOURCE_DATE_EPOCH", wheels.date())
    for group in GROUPS:
        run(group, ["--print-build-identifiers"], environments.ROOT, progress)


def build(group, progress):
    shutil.rmtree(FOLDER, ignore_errors=True)
    sdist = wheels.set_up(progress)
    source = wheels.unpack_sources(sdist, os.path.join(FOLDER, "source"))
    shutil.copytree(os.environ["OPENSSL_DIR"],
                    os.path.join(source, "openssl"))
    raw = os.path.join(FOLDER, "raw")
    run(group, ["--output-dir", raw], source, progress)
    for path in glob.glob(os.path.join(raw, "*.whl")):
        name = os.path.basename(path)
        wheels.finish(path, FOLDER, name)
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
