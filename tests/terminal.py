"""Run code on a terminal of its own."""

import os
import pty
import select
import signal

import pytest


def on_a_terminal(call):
    """The bytes that a call writes to its process' terminal."""
    try:
        pid, terminal = pty.fork()
    except OSError as error:    # such as a missing /dev/pts
        pytest.skip(str(error))
    if pid == 0:
        try:
            call()
        finally:
            os._exit(0)
    try:
        ready = select.select([terminal], [], [], 20)[0]
        assert ready, "the process hangs without output"
        return os.read(terminal, 1000)
    except OSError:
        return b""  # every process has closed the terminal
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
