"""A program ends while it has connections, threads and callbacks.  It must
not crash or hang.

Each scenario of tests/programs/exit/leave.py runs in its own process.
SSLB_LONG=1 runs each a hundred times.
"""

import os
import subprocess
import sys
import threading

import pytest

from helpers import HOST_VERSION, LONG, program_file

SCRIPT = program_file("exit",
                      "leave.py")
ROUNDS = 100 if LONG else 1
LIMIT = 100.0

pytestmark = pytest.mark.backport_only(
    "with stock ssl some of these programs crash or hang")


def leave(scenario):
    """Run a scenario; returns (exit status, (stdout, stderr))."""
    # threads that still run at the exit do not free their memory
    environ = dict(os.environ, ASAN_OPTIONS=os.environ.get(
        "ASAN_OPTIONS", "") + ":detect_leaks=0")
    child = subprocess.Popen(
        [sys.executable, "-m", "_ssl_backport", SCRIPT, scenario],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    guard = threading.Timer(LIMIT, child.kill)
    guard.start()
    output = child.communicate()
    guard.cancel()
    return child.returncode, output


@pytest.mark.parametrize("scenario", [
    "live_connections", "used_while_dying", "used_at_exit",
    "used_by_a_thread",
    pytest.param("threads_that_wait", marks=pytest.mark.skipif(
        HOST_VERSION == (2, 8), reason="Tauthon crashes, without ssl too, if "
        "a thread raises an exception while the program ends")),
    "threads_that_work", "threads_in_callbacks", "callback_that_exits"])
def test_leave(scenario):
    for _ in range(ROUNDS):
        status, (printed, errors) = leave(scenario)
        assert (status, printed) == (0, b"left"), errors
