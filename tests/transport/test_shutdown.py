"""shutdown() of the low-level connection, for each way in which the peer can
end a connection.

unwrap() calls this shutdown(), and so do libraries for 2.7, such as gevent.
TABLE also holds for 2.7.18's own ssl with OpenSSL 3.  ERRORS contains the
errors that differ.  This command tests 2.7.18's own ssl:

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
    reason="the table holds for stock 2.7.18 with OpenSSL 3 only")

# select.POLLRDHUP, which 2.7 does not define: the peer will send no more
POLLRDHUP = 0x2000
SHORT = 0.05
ANY_SOCKET = tcp_pair, unix_pair

# Each row lists the peer's actions and our calls, in order.  The result or the
# error of a call comes after the colon.  If versions of OpenSSL differ, there
# are two errors, with "|" between them.
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
    # the peer's kernel receives our close_notify, and answers with a reset
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
    # sending to a closed Unix socket fails at once
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
# {name: (the class, the errno)}
ERRORS = {
    "would_block": (ssl.SSLWantReadError, ssl.SSL_ERROR_WANT_READ),
    "data_left": (ssl.SSLError, ssl.SSL_ERROR_SSL),
    "failed_before": (ssl.SSLError, ssl.SSL_ERROR_SSL),
    "closed": (ssl.SSLZeroReturnError, ssl.SSL_ERROR_ZERO_RETURN),
    "reset": (socket.error, errno.ECONNRESET),
    "broken_pipe": (socket.error, errno.EPIPE),
}
if BACKPORT:
    # gevent ignores an error of shutdown() whose errno is 0
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
# 2.7's own table of reasons is older than OpenSSL 3, and lacks these names
REASONS = {"data_left": "APPLICATION_DATA_AFTER_CLOSE_NOTIFY",
           "failed_before": "SHUTDOWN_WHILE_IN_INIT"} if BACKPORT else {}
# with OpenSSL 4, each call after one of these errors fails
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
        # the client reads the tickets, too: closing a socket that has unread
        # data sends a reset
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
        """End the peer's stream without close_notify.  Its socket stays
        open."""
        self.peer.shutdown(socket.SHUT_WR)

    def peer_closes(self):
        if self.have_shut_down:     # the peer reads our close_notify first
            self.peer._sslobj.read(1)
        self.peer.close()
        self.wait_for(POLLRDHUP)

    def peer_resets(self):
        reset(self.peer)
        self.wait_for(select.POLLHUP)

    def call(self, name, outcome):
        """Call our method, and check its result or its error."""
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
    # on 3.x, errors of system calls have subclasses of OSError
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
