"""A small load test, with the two servers of ci/test/load.py.

A hundred clients connect at once.  Some use TLS correctly, others break it in
many ways.
"""

import sys

import pytest

from helpers import program_file

LOAD = program_file("load")
sys.path.insert(0, LOAD)

from processes import (Process, descriptors,  # noqa: E402
                       descriptors_left)

CONNECTIONS = 100
PAUSE = 0.3
# enough connections for each kind of client to occur
LEAST = 300
LIMIT = 60

pytestmark = [
    pytest.mark.backport_only("stock ssl raises other errors for some of "
                              "these clients"),
    pytest.mark.skipif(not sys.platform.startswith("linux"),
                       reason="needs /proc and epoll")]


def is_reached(crowd):
    """Wait for LEAST connections; returns whether there were that many
    within the time limit."""
    for number in range(LIMIT):
        counts = crowd.wait_for(number, LIMIT)
        if sum(counts.values()) >= LEAST:
            return True
    return False


@pytest.mark.parametrize("kind", ["threads", "loop"])
def test_servers(kind):
    launcher = [sys.executable, "-m", "_ssl_backport"]
    server = Process(launcher, "servers.py", kind)
    crowd = None
    try:
        port = server.wait_for(0, LIMIT)
        before = descriptors(server.pid)
        crowd = Process(launcher, "clients.py", port, CONNECTIONS, PAUSE, 1)
        assert is_reached(crowd)
        crowd.stop()
        counts = crowd.result(LIMIT)
        assert counts.pop("failures") == []
        assert descriptors_left(server.pid, before, LIMIT) == before
        server.stop()
        outcomes = server.result(LIMIT)
    finally:
        for process in crowd, server:
            if process is not None:
                process.kill()
    assert not [name for name in outcomes if name.startswith("bug")]
    assert outcomes["ended well"] >= LEAST // 4
