"""python held.py SCENARIO, with fault.c preloaded.

A thread stops while it writes a line of a key log, or while it has the lock of
a context.  The operations of the scenario must not wait for this thread.
"""

import ctypes
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))

from helpers import (BioPair, Task, client_context, in_child,
                     server_context)  # noqa: E402

LIMIT_SECONDS = 20

fault = ctypes.PyDLL(None)
fault.fault_hold.argtypes = [ctypes.c_int] * 3
AT_A_LINE, AT_A_CHANGE = 1, 2


class Held(object):
    """A thread that stops inside a call until the end of the block."""

    def __init__(self, place, function, *arguments):
        begun, tell = os.pipe()
        wait, self.go = os.pipe()
        fault.fault_hold(place, tell, wait)
        self.task = Task(function, *arguments)
        assert os.read(begun, 1) == b"."

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        os.write(self.go, b".")
        self.task.result()


def held_line():
    """(a thread that writes to a key log, the context of this log)"""
    client = client_context()
    client.keylog_filename = os.devnull
    return Held(AT_A_LINE, BioPair, client), client


def fork(function):
    def run():
        signal.alarm(LIMIT_SECONDS)
        function()
        return b"done"

    assert in_child(run) == b"done"


def fork_beside_a_line():
    def change():
        client.set_alpn_protocols(["h2"])
        client.keylog_filename = os.devnull
        BioPair(client)

    held, client = held_line()
    with held:
        fork(change)


def beside_a_line(change):
    """Other threads run while one thread waits to change the log."""
    held, client = held_line()
    started = threading.Event()

    def run():
        started.set()
        change(client)

    with held:
        waiting = Task(run)
        started.wait()
        time.sleep(0.1)     # almost certainly long enough to enter the call
    waiting.result()


def set_alpn_beside_a_line():
    beside_a_line(lambda client: client.set_alpn_protocols(["h2"]))


def set_keylog_beside_a_line():
    beside_a_line(lambda client: setattr(client, "keylog_filename", None))


def fork_in_a_callback_beside_a_change():
    children = []

    def callback(connection, name, context):
        held = Held(AT_A_CHANGE, server.set_ciphers, "ECDHE+AESGCM")
        children.append(os.fork())
        if children[0] == 0:
            signal.alarm(LIMIT_SECONDS)
            return
        with held:
            assert os.waitpid(children[0], 0)[1] == 0

    server = server_context()
    server.set_servername_callback(callback)
    pair = BioPair(server=server, handshake=False)
    try:
        pair.handshake()
        status = 0
    except BaseException:
        status = 1
        raise
    finally:
        if children[0] == 0:
            os._exit(status)


def main(name):
    signal.alarm(3 * LIMIT_SECONDS)
    globals()[name]()


if __name__ == "__main__":
    main(sys.argv[1])
