"""shutdown() of the low-level connection, which unwrap() calls, for each way
in which the peer can have ended.

Libraries for 2.7, such as gevent, call it themselves.  The table holds for
2.7.18's own ssl with OpenSSL 3 too, but for the errors that ERRORS tells
apart:

    make test PYTHONS=2.7 STOCK=1 ARGS=tests/transport/test_shutdown.py
"""

import errno
import select
import socket
import ssl

import pytest

from helpers import (BACKPORT, PY2, TIMEOUT, Task, cert, limit_version,
                     receive, tcp_pair, unix_pair)
from test_eof import reset

pytestmark = pytest.mark.skipif(
    not BACKPORT and (not PY2 or ssl.OPENSSL_VERSION_INFO < (3,)),
    reason="the table is that of 2.7.18 with OpenSSL 3")

# select.POLLRDHUP, which 2.7 does not name: no more will come from the peer
POLLRDHUP = 0x2000
SHORT = 0.05
ANY_SOCKET = tcp_pair, unix_pair

# Each row is what the peer does and what our calls then come to; where
# versions of OpenSSL differ, to one of two.
TABLE = {
    ANY_SOCKET: """
    shutdown:would_block shutdown:would_block
    shutdown:timeout shutdown:timeout
    peer_sends shutdown:data_left shutdown:failed_before
    peer_sends read:data shutdown:would_block shutdown:would_block

    peer_shuts_down shutdown:socket shutdown:socket
    peer_shuts_down read:end shutdown:socket shutdown:socket
    peer_sends peer_shuts_down shutdown:data_left shutdown:failed_before
    peer_sends peer_shuts_down read:data shutdown:socket shutdown:socket
    peer_sends peer_shuts_down read:data read:end shutdown:socket

    peer_ends shutdown:hung_up shutdown:still_hung_up
    peer_ends read:read_hung_up shutdown:still_hung_up shutdown:still_hung_up
    peer_sends peer_ends shutdown:data_left shutdown:failed_before
    peer_sends peer_ends read:data shutdown:hung_up shutdown:still_hung_up

    shutdown:would_block peer_shuts_down shutdown:socket shutdown:socket
    shutdown:would_block peer_shuts_down read:closed shutdown:socket
    shutdown:would_block peer_closes shutdown:hung_up shutdown:still_hung_up
    shutdown:would_block peer_closes read:read_hung_up shutdown:still_hung_up
    peer_sends shutdown:data_left peer_shuts_down shutdown:failed_before
    peer_sends shutdown:data_left peer_ends shutdown:failed_before
    peer_sends shutdown:data_left read:lost shutdown:failed_before
    """,
    # the peer's kernel takes our close_notify, and answers with a reset
    (tcp_pair,): """
    peer_shuts_down peer_closes shutdown:socket shutdown:socket
    peer_shuts_down peer_closes read:end shutdown:socket shutdown:socket
    peer_closes shutdown:hung_up shutdown:still_hung_up
    peer_closes read:read_hung_up shutdown:still_hung_up
    peer_sends peer_closes read:data shutdown:hung_up shutdown:still_hung_up

    peer_resets shutdown:reset shutdown:broken_pipe
    peer_resets read:reset shutdown:broken_pipe shutdown:broken_pipe
    peer_sends peer_resets shutdown:reset shutdown:broken_pipe
    shutdown:would_block peer_resets shutdown:reset shutdown:hung_up
    shutdown:would_block peer_resets read:reset shutdown:hung_up
    """,
    # nothing can be sent any more
    (unix_pair,): """
    peer_shuts_down peer_closes shutdown:broken_pipe shutdown:broken_pipe
    peer_shuts_down peer_closes read:end shutdown:closed|broken_pipe
    peer_closes shutdown:broken_pipe shutdown:broken_pipe
    peer_closes read:read_hung_up shutdown:still_hung_up|broken_pipe
    peer_sends peer_closes shutdown:broken_pipe shutdown:broken_pipe
    peer_sends peer_closes read:data shutdown:broken_pipe
    """,
}
ROWS = [(make, row.strip()) for kinds, rows in TABLE.items() for make in kinds
        for row in rows.splitlines() if row.strip()]

RESULTS = {"socket": None, "data": b"hello", "end": b""}
# the class and the number
ERRORS = {
    "would_block": (ssl.SSLWantReadError, ssl.SSL_ERROR_WANT_READ),
    "data_left": (ssl.SSLError, ssl.SSL_ERROR_SSL),
    "failed_before": (ssl.SSLError, ssl.SSL_ERROR_SSL),
    "closed": (ssl.SSLZeroReturnError, ssl.SSL_ERROR_ZERO_RETURN),
    "reset": (socket.error, errno.ECONNRESET),
    "broken_pipe": (socket.error, errno.EPIPE),
}
if BACKPORT:
    # gevent takes a shutdown's 0 for an end in good order
    of_shutdown = 0 if PY2 else ssl.SSL_ERROR_EOF
    ERRORS.update(
        timeout=(socket.timeout, None),
        hung_up=(ssl.SSLEOFError, of_shutdown),
        still_hung_up=(ssl.SSLEOFError, of_shutdown),
        read_hung_up=(ssl.SSLEOFError, ssl.SSL_ERROR_EOF),
        lost=(ssl.SSLSyscallError, ssl.SSL_ERROR_SYSCALL))
else:
    ERRORS.update(
        timeout=(ssl.SSLError, None),
        hung_up=ERRORS["failed_before"],
        still_hung_up=ERRORS["failed_before"],
        read_hung_up=ERRORS["failed_before"],
        lost=(socket.error, 0))
# where 2.7's own table of reasons, older than OpenSSL 3, has other names
REASONS = {"data_left": "APPLICATION_DATA_AFTER_CLOSE_NOTIFY",
           "failed_before": "SHUTDOWN_WHILE_IN_INIT"} if BACKPORT else {}
# with OpenSSL 4 nothing can be done after these, whatever the peer did
FATAL = {"data_left", "reset", "broken_pipe"} if (
    ssl.OPENSSL_VERSION_INFO >= (4,)) else set()


class Ends(object):
    """Our socket and the peer's, after the handshake."""

    have_shut_down = False
    has_failed = False

    def __init__(self, version, make, server_side):
        plain = make()
        server = limit_version(ssl.SSLContext(ssl.PROTOCOL_TLS), version)
        server.load_cert_chain(cert("localhost.pem"))
        client = limit_version(ssl.SSLContext(ssl.PROTOCOL_TLS), version)
        self.ends = [
            client.wrap_socket(plain[0], do_handshake_on_connect=False),
            server.wrap_socket(plain[1], server_side=True,
                               do_handshake_on_connect=False)]
        for sock in plain:
            sock.close()
        with Task(self.ends[1].do_handshake):
            self.ends[0].do_handshake()
        # the tickets too: who closes with something unread sends a reset
        self.ends[1].sendall(b"x")
        assert receive(self.ends[0], 1) == b"x"
        self.sock, self.peer = self.ends[::-1] if server_side else self.ends

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        for sock in self.ends:
            sock.close()

    def wait_for(self, event):
        poll = select.poll()
        poll.register(self.sock.fileno(), event)
        assert poll.poll(1000 * TIMEOUT)

    def peer_sends(self):
        self.peer.sendall(RESULTS["data"])

    def peer_shuts_down(self):
        self.peer.setblocking(False)
        try:
            self.peer._sslobj.shutdown()
        except ssl.SSLWantReadError:
            pass

    def peer_ends(self):
        """It sends no more, and its end of the socket stays."""
        self.peer.shutdown(socket.SHUT_WR)

    def peer_closes(self):
        if self.have_shut_down:     # which is to be read first
            self.peer._sslobj.read(1)
        self.peer.close()
        self.wait_for(POLLRDHUP)

    def peer_resets(self):
        reset(self.peer)
        self.wait_for(select.POLLHUP)

    def call(self, name, outcome):
        """Our call, which has to come to that."""
        self.sock.settimeout({"would_block": 0.0, "timeout": SHORT}.get(
            outcome, TIMEOUT))
        self.have_shut_down |= name == "shutdown"
        function, arguments = {"shutdown": (self.sock._sslobj.shutdown, ()),
                               "read": (self.sock._sslobj.read, (5,))}[name]
        if outcome in RESULTS:
            result = function(*arguments)
            assert (hasattr(result, "fileno") if outcome == "socket"
                    else result == RESULTS[outcome])
            return
        with pytest.raises(socket.error) as caught:
            function(*arguments)
        check(caught.value, "lost" if self.has_failed else outcome)
        self.has_failed |= outcome in FATAL


def check(error, outcomes):
    outcome, = [each for each in outcomes.split("|")
                if ERRORS[each][1] == error.errno]
    kind, number = ERRORS[outcome]
    # on 3.x, those of system calls have types of their own
    assert (isinstance(error, kind) and not isinstance(error, ssl.SSLError)
            if kind is socket.error else type(error) is kind)
    assert number is None or error.args[0] == number
    if outcome in REASONS:
        assert error.reason == REASONS[outcome]


@pytest.mark.parametrize("make, row", ROWS, ids=[
    "%s-%s" % (make.__name__, row.replace(" ", "-")) for make, row in ROWS])
@pytest.mark.parametrize("server_side", [False, True], ids=[
    "client", "server"])
def test_shutdown(version, server_side, make, row):
    with Ends(version, make, server_side) as ends:
        for step in row.split():
            name, colon, outcome = step.partition(":")
            if colon:
                ends.call(name, outcome)
            else:
                getattr(ends, name)()
