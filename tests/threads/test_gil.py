"""Long operations must release the GIL, so that other threads run (gh-94637).

The tests turn off the switching between threads by time.  Another thread can
then run only while the operation has released the GIL.
"""

import contextlib
import ssl
import sys
import threading

import pytest

from helpers import (PY2, BioPair, Task, cert, client_context,
                     server_context)

# enough for a busy machine to run the other thread
ROUNDS = 20000


@contextlib.contextmanager
def no_switching():
    get, change, never = (
        (sys.getcheckinterval, sys.setcheckinterval, 2 ** 30) if PY2 else
        (sys.getswitchinterval, sys.setswitchinterval, 1000.0))
    before = get()
    change(never)
    try:
        yield
    finally:
        change(before)


def lets_others_run(operation, rounds=ROUNDS):
    """Whether another thread runs during one of many operations."""
    gate = threading.Lock()
    gate.acquire()
    ran = []

    def wait():
        with gate:
            ran.append(True)

    with Task(wait):
        with no_switching():
            gate.release()
            try:
                for _ in range(rounds):
                    operation()
                    if ran:
                        return True
                return False
            finally:
                ran.append(None)


def handshake():
    BioPair(*CONTEXTS)


def load_bundle():
    """Load a CA file, as load_default_certs() does.  The test does not call
    load_default_certs(): its search for files releases the GIL anyway."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
        cert("many-roots.pem"))


def load_chain():
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
        cert("localhost.pem"))


CONTEXTS = client_context(), server_context()


def test_the_measure():
    """lets_others_run() must return True for a function that releases the
    GIL, and False for one that does not."""
    assert lets_others_run(lambda: threading.Event().wait(0.01))
    assert not lets_others_run(lambda: None, 200)


@pytest.mark.parametrize("operation", [
    handshake, load_bundle, load_chain])
def test_gh_94637_rule_gil_others_run(operation):
    assert lets_others_run(operation)
