"""A program that has an interpreter in it.

tests/programs/embedded has the program, which is compiled here, and what it
runs.
"""

import os
import subprocess
import sys
import sysconfig

import pytest

from helpers import TESTS, program_file

pytestmark = pytest.mark.backport_only("about the extension")


@pytest.fixture
def program(tmpdir):
    """The compiled program's path."""
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        pytest.skip("this Python is in no shared library")
    path = str(tmpdir.join("again"))
    folder = sysconfig.get_config_var("LIBDIR")
    try:
        subprocess.check_call([
            os.environ.get("CC", "cc"), program_file("embedded", "again.c"),
            "-o", path, "-I" + sysconfig.get_config_var("INCLUDEPY"),
            os.path.join(folder, sysconfig.get_config_var("LDLIBRARY")),
            "-Wl,-rpath," + folder])
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no C compiler, or no headers of this Python")
    return path


def test_gh_122334_interpreter_begins_again(program):
    # an interpreter leaves much behind for the next one
    environ = dict(os.environ,
                   PYTHONHOME=getattr(sys, "base_prefix", sys.prefix),
                   PYTHONPATH=os.pathsep.join([TESTS] + sys.path),
                   ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") +
                   ":detect_leaks=0")
    with open(program_file("embedded", "use.py")) as stream:
        child = subprocess.Popen([program, stream.read()], env=environ,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
    output = child.communicate()[0].decode("utf-8", "replace")
    assert (child.returncode, output) == (0, "used\n" * 3)
