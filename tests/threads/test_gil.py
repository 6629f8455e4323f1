"""Long operations let Python's other threads run (gh-94637 and the rule).

Switching between threads by time is turned off, so that another thread can
only run while the operation has released the interpreter's lock.
"""

import contextlib
import ssl
import sys
import threading

import pytest

from helpers import (PY2, BioPair, Task, cert, client_context,
                     server_context)

# enough for a thread to get a busy machine's attention
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
    """Whether a waiting thread gets its turn during the operation."""
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
    """What load_default_certs() ends in; that one's own look for files lets
    others run in any case, and so cannot be measured.
    """
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
        cert("many-roots.pem"))


def load_chain():
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
        cert("localhost.pem"))


CONTEXTS = client_context(), server_context()


def test_the_measure():
    """It tells what releases the lock from what does not."""
    assert lets_others_run(lambda: threading.Event().wait(0.01))
    assert not lets_others_run(lambda: None, 200)


@pytest.mark.parametrize("operation", [
    handshake, load_bundle, load_chain])
def test_gh_94637_rule_gil_others_run(operation):
    assert lets_others_run(operation)
