"""Find and stop the programs that tests start, such as nginx and gunicorn."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess

STOP_SECONDS = 10


def find(name):
    """Return the path of a program, or None.  PATH may lack the folders of
    servers."""
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin:/sbin"
    return shutil.which(name, path=path)


def free_port():
    """Return the number of a free TCP port of 127.0.0.1."""
    with contextlib.closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def stop_all(children):
    """End processes (list of subprocess.Popen) that lead process groups, with
    their groups.  Those that ignore SIGTERM for STOP_SECONDS are killed."""
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
    for child in children:
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
