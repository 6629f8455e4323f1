"""python expired_session.py, with fault.c preloaded.

A client makes a session in 2018, when the server's certificate was valid.  It
tries to resume this session now, when the certificate has expired.  It uses
TLS 1.2, since OpenSSL itself offers no TLS 1.3 session that is so old.
"""

import ctypes
import os
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))

from helpers import SocketPair, client_context, server_context  # noqa: E402

JULY_2018 = 1530403200
HAS_EXPIRED = 10
NO_CHECK_TIME = 0x200000

fault = ctypes.PyDLL(None)
fault.fault_clock.argtypes = [ctypes.c_long]


def session_of_2018(client, server):
    """Only this thread is in 2018; the server runs in another thread."""
    fault.fault_clock(JULY_2018 - int(time.time()))
    try:
        with SocketPair(client, server) as pair:
            return pair.client.session
    finally:
        fault.fault_clock(0)


def main():
    server = server_context("TLSv1.2", "expired.pem")
    client = client_context("TLSv1.2")
    session = session_of_2018(client, server)
    try:
        SocketPair(client, server, session=session)
    except ssl.SSLCertVerificationError as error:
        assert error.verify_code == HAS_EXPIRED, error
    else:
        raise AssertionError("the session was resumed")
    client = client_context("TLSv1.2")
    client.verify_flags |= NO_CHECK_TIME
    session = session_of_2018(client, server)
    with SocketPair(client, server, session=session) as pair:
        assert pair.client.session_reused is True
    try:
        client.session_from_bytes(session.to_bytes())
    except ValueError:
        pass
    else:
        raise AssertionError("the context accepted the session")
    client.client_sessions = 10     # this cache must respect the age
    session_of_2018(client, server)
    for expected in False, True:
        with SocketPair(client, server) as pair:
            assert pair.client.session_reused is expected


main()
