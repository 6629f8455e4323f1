"""python first_import.py POINTS, with fault.c preloaded.

Imports the extension in child processes.  In each of them one allocation of
the initialisation fails.  The import must succeed or raise an exception, and a
second import must not find an incomplete module.
"""

import ctypes
import os
import signal
import sys

EXPECTED = (ImportError, MemoryError)
# OpenSSL 3.5 deadlocks if one of its very first allocations fails: it reports
# the error with data that does not exist yet.
SECONDS = 10
HANGS = 2
fault = getattr(ctypes, "PyDLL", ctypes.CDLL)(None)  # PyPy has no PyDLL
for name in "fault_allocations", "fault_allocations_end":
    getattr(fault, name).restype = ctypes.c_long


def attempt(first):
    """Import the extension; return the number of allocations."""
    fault.fault_allocations(ctypes.c_long(first), ctypes.c_long(first))
    try:
        import __ssl_backport
    except EXPECTED:
        __ssl_backport = None
    finally:
        count = fault.fault_allocations_end()
    if __ssl_backport is None:
        try:
            import __ssl_backport
        except EXPECTED:
            return count        # OpenSSL does not initialise twice
    assert __ssl_backport.MemoryBIO().write(b"x") == 1
    return count


def attempt_in_child(first):
    """The same in a child process; None if OpenSSL deadlocks."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        signal.alarm(SECONDS)
        os.write(writer, b"%d" % attempt(first))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        count = stream.read()
    status = os.waitpid(pid, 0)[1]
    if status == signal.SIGALRM:
        return None
    assert status == 0, "allocation %d: status %d" % (first, status)
    return int(count)


def main(points):
    signal.alarm(2000 if os.environ.get("SSLB_LONG") == "1" else 100)
    count = attempt_in_child(0)
    tried = [attempt_in_child(first) for first in range(
        1, count + 1, max(1, count // points))]
    assert tried.count(None) <= HANGS, tried
    print("%d allocations" % count)


if __name__ == "__main__":
    main(int(sys.argv[1]))
