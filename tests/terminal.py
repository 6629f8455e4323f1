"""What a process writes to its terminal, or asks there."""

import os
import pty
import select
import signal

import pytest


def on_a_terminal(call):
    """What a call writes to the terminal of its process, or asks there."""
    try:
        pid, terminal = pty.fork()
    except OSError as error:    # as where /dev/pts is not mounted
        pytest.skip(str(error))
    if pid == 0:
        try:
            call()
        finally:
            os._exit(0)
    try:
        ready = select.select([terminal], [], [], 20)[0]
        assert ready, "it neither ends nor says why"
        return os.read(terminal, 1000)
    except OSError:
        return b""  # nobody has it open any more
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
