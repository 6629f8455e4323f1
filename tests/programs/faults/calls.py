"""python calls.py VERSION SIDE ERRNO POINTS, with fault.c preloaded.

System calls of one end of a connection, "client" or "server", fail during a
scenario.  With EINTR and EAGAIN every other call fails, and with 0 each call
transfers at most one byte: the scenario must succeed.  With another error the
first call fails, then the second, and so on, at most POINTS of them: the
scenario must succeed or end with this error.
"""

import ctypes
import errno
import os
import signal
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))

from helpers import LONG, RawPair, Task, receive  # noqa: E402

LIMIT_SECONDS = 2000 if LONG else 100
FOREVER = 2 ** 31 - 1  # the largest 32-bit long
HARMLESS = (0, errno.EINTR, errno.EAGAIN)
MESSAGE = b"a message of some length" * 1500

fault = getattr(ctypes, "PyDLL", ctypes.CDLL)(None)  # PyPy has no PyDLL
fault.fault_calls.argtypes = [ctypes.c_int, ctypes.c_long, ctypes.c_long]
fault.fault_calls_end.restype = ctypes.c_long


class Peer(object):
    """The other end, whose system calls are Python's and never fail.  It does
    the handshake, echoes all data, and closes after our end has closed."""

    def __init__(self, raw):
        self.raw = raw

    def serve(self):
        try:
            self.raw.run(self.raw.tls.do_handshake)
            while True:
                data = self.raw.run(self.raw.tls.read, 100000)
                if not data:
                    break
                self.raw.tls.write(data)
            self.raw.run(self.raw.tls.unwrap)
        except (EnvironmentError, ssl.SSLError):
            pass        # our end has failed, as intended


def whole_life(version, side):
    def scenario(failing):
        with RawPair(version, side == "client", handshake=False) as raw:
            with Task(Peer(raw).serve):
                try:
                    with failing:
                        raw.sock.do_handshake()
                        raw.sock.sendall(MESSAGE)
                        assert receive(raw.sock, len(MESSAGE)) == MESSAGE
                        raw.sock.unwrap()
                finally:
                    raw.peer.shutdown(2)
    return scenario


class Failing(object):
    """Makes the calls from the first to the last fail in a with block."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        fault.fault_calls(*self.arguments)

    def __exit__(self, *exc_info):
        self.count = fault.fault_calls_end()


def count_calls(scenario):
    failing = Failing(1, FOREVER, FOREVER)
    scenario(failing)
    return failing.count


def fail_one(scenario, error, number):
    try:
        scenario(Failing(error, number, FOREVER))
    except ssl.SSLError as caught:
        raise AssertionError("call %d: %r" % (number, caught))
    except EnvironmentError as caught:
        assert caught.errno == error, "call %d: %r" % (number, caught)


def main(version, side, error, points):
    signal.alarm(LIMIT_SECONDS)
    scenario = whole_life(version, side)
    if error in HARMLESS:
        failing = Failing(error, 1, FOREVER)
        scenario(failing)
        assert failing.count
        if error == 0:  # fault.c has seen all calls, also those that read
            assert failing.count > 2 * len(MESSAGE), failing.count
        return
    count = count_calls(scenario)
    assert count
    for number in range(1, count + 1, max(1, count // points)):
        fail_one(scenario, error, number)
    scenario(Failing(error, FOREVER, FOREVER))
    print("%s %s: %d calls" % (version, side, count))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
