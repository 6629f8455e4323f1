"""A C program that embeds Python.

tests/programs/embedded contains the C programs, which the tests compile, and
use.py, which the programs run.
"""

import os
import subprocess
import sys
import sysconfig

import pytest

from helpers import TESTS, program_file

pytestmark = pytest.mark.backport_only("the test is about the extension")


@pytest.fixture
def run(tmpdir):
    """run(name) compiles programs/embedded/NAME.c, runs use.py in it, and
    returns (exit status, output)."""
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        pytest.skip("this Python has no shared library")
    return lambda name: run_use(compile_program(name, str(tmpdir.join(name))))


def compile_program(name, path):
    """Compile a program; returns its path."""
    folder = sysconfig.get_config_var("LIBDIR")
    try:
        subprocess.check_call([
            os.environ.get("CC", "cc"), program_file("embedded", name + ".c"),
            "-o", path, "-I" + sysconfig.get_config_var("INCLUDEPY"),
            os.path.join(folder, sysconfig.get_config_var("LDLIBRARY")),
            "-Wl,-rpath," + folder])
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a C compiler and this Python's headers")
    return path


def run_use(path):
    """Run a program with use.py; returns (exit status, output)."""
    environ = dict(os.environ,
                   PYTHONHOME=getattr(sys, "base_prefix", sys.prefix),
                   PYTHONPATH=os.pathsep.join([TESTS] + sys.path),
                   ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") +
                   ":detect_leaks=0")
    with open(program_file("embedded", "use.py")) as stream:
        child = subprocess.Popen([path, stream.read()], env=environ,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
    output = child.communicate()[0].decode("utf-8", "replace")
    return child.returncode, output


def test_gh_122334_interpreter_begins_again(run):
    # an interpreter leaves global state behind for the next one
    assert run("again") == (0, "used\n" * 3)


def test_several_interpreters(run):
    assert run("several") == (0, "used\n" * 5)
