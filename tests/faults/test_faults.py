"""Allocations and system calls fail, one after the other; a thread stops
while it holds a lock.

tests/programs/faults contains the scripts, each of which runs in its own
process, and a library in C.  The tests compile the library and preload it
for most scripts.  With SSLB_LONG=1 each allocation and each call fails in
turn, otherwise some of them, evenly spread.
"""

import errno
import os
import ssl
import subprocess
import sys

import pytest

from helpers import LONG, VERSIONS, program_file

FAULTS = program_file("faults")
POINTS = 10 ** 6 if LONG else 12
SIDES = ["client", "server"]

pytestmark = [
    pytest.mark.backport_only("only calls of the extension fail"),
    pytest.mark.skipif(not sys.platform.startswith("linux"),
                       reason="the preloaded library needs glibc"),
    pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""),
                       reason="AddressSanitizer has its own malloc()")]


@pytest.fixture(scope="module")
def library(tmpdir_factory):
    """The path of the compiled library."""
    path = str(tmpdir_factory.mktemp("faults").join("fault.so"))
    try:
        subprocess.check_call([
            os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1",
            os.path.join(FAULTS, "fault.c"), "-o", path, "-ldl"])
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no C compiler, or no glibc")
    return path


def run(library, *arguments):
    """Run a script of tests/programs/faults; the test fails with its
    errors."""
    command = [sys.executable] + [str(argument) for argument in arguments]
    environ = dict(os.environ, LD_PRELOAD=library)
    child = subprocess.Popen(command, env=environ, cwd=FAULTS,
                             stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    output = child.communicate()[0].decode("utf-8", "replace")
    assert child.returncode == 0, output


def run_installed(library, script, *arguments):
    run(library, "-m", "_ssl_backport", script, *arguments)


@pytest.mark.parametrize("scenario", [
    "make_contexts", "load_roots", "load_new_roots", "use_new_roots",
    "load_data", "load_crl", "load_chain", "load_encrypted_key",
    "load_objects", "load_pkcs12", "configure", "copy",
    "decode", "use_bio"])
def test_gh_126106_out_of_memory(library, scenario):
    run_installed(library, "allocations.py", scenario, POINTS)


def test_gh_144833_bpo_34824_out_of_memory_for_a_connection(library):
    run_installed(library, "allocations.py", "connect", POINTS)


@pytest.mark.parametrize("scenario", [
    "handshake", "handshake_with_crl", "handshake_with_psk", "resume",
    "keep_sessions", "talk", "post_handshake", "unwrap", "lend_buffers",
    "refuse"])
def test_gh_126106_out_of_memory_while_connected(library, scenario):
    run_installed(library, "allocations.py", scenario, POINTS)


@pytest.mark.skipif(not getattr(ssl, "HAS_ECH", False),
                    reason="needs OpenSSL 4.0")
@pytest.mark.parametrize("scenario", [
    "configure_ech", "handshake_with_ech", "refuse_with_ech"])
def test_out_of_memory_with_ech(library, scenario):
    run_installed(library, "allocations.py", scenario, POINTS)


def test_bpo_41056_bpo_40079_out_of_memory_in_callbacks(library):
    run_installed(library, "allocations.py", "handshake_with_callbacks",
                  POINTS)


def test_out_of_memory_in_judges(library):
    run_installed(library, "allocations.py", "handshake_with_judges", POINTS)


def test_gh_105375_gh_86493_out_of_memory_in_the_import(library):
    run(library, "first_import.py", POINTS)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("error", [0, errno.EINTR, errno.EAGAIN],
                         ids=["byte", "EINTR", "EAGAIN"])
def test_calls_that_come_short(library, version, side, error):
    """Each system call handles one byte only, or first fails with EINTR or
    EAGAIN.  The connection must work all the same."""
    run_installed(library, "calls.py", version, side, error, POINTS)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("error", [errno.ECONNRESET, errno.EPIPE],
                         ids=["ECONNRESET", "EPIPE"])
def test_calls_that_fail(library, version, side, error):
    """The operation must raise the error of the failed system call, or
    succeed.  The next connection must work."""
    run_installed(library, "calls.py", version, side, error, POINTS)


@pytest.mark.cpython("has no ctypes.PyDLL")
def test_cve_2026_48934_session_whose_certificate_has_expired(library):
    run_installed(library, "expired_session.py")


@pytest.mark.cpython("has no _testcapi")
@pytest.mark.parametrize("scenario", [
    "fork_beside_a_line", "set_alpn_beside_a_line",
    "set_keylog_beside_a_line", "fork_in_a_callback_beside_a_change"])
def test_held(library, scenario):
    """A thread stops while it holds a lock.  Neither a forked child nor
    another thread may wait for this thread."""
    run_installed(library, "held.py", scenario)


@pytest.mark.cpython("has no _testcapi")
@pytest.mark.parametrize("scenario", [
    "contexts", "connecting", "refused", "with_callbacks", "connected",
    "sockets", "certificates", "sessions", "bios_and_functions"])
def test_out_of_memory_in_python(scenario):
    """Allocations by Python's own allocators fail."""
    testcapi = pytest.importorskip("_testcapi")
    if not hasattr(testcapi, "set_nomemory"):
        pytest.skip("this Python's _testcapi has no set_nomemory()")
    run_installed("", "python_allocations.py", scenario, POINTS)
