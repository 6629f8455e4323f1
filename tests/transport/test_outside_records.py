"""A peer that is not OpenSSL sends invalid or endless records after the
handshake: alerts, key updates, renegotiation, garbage.

The connection must either fail at once, with an SSLError and mostly an alert
to the peer, or ignore the records and read the data after them.  A read must
not last longer than its timeout, and the next connection must work.  The
tests do not check which alert it is, as versions of OpenSSL differ.
"""

import socket
import ssl

import pytest

from helpers import VERSIONS, Task, read_all, receive
from outside_peer import (ALERT, CCS, DATA, HANDSHAKE, ROLES, Meeting,
                          our_contexts)

from tlslite.constants import HandshakeType
from tlslite.messages import ClientHello, ServerHello

HEARTBEAT, UNKNOWN = 24, 99     # record types
END = (DATA, b"end")
SUITE = 0xcca9                  # ECDHE-ECDSA with ChaCha20-Poly1305
SHORT = 0.3

pytestmark = pytest.mark.backport_only(
    'in stock ssl a read after a failure returns b"", as after a '
    'close_notify')


@pytest.fixture(scope="module")
def contexts():
    return our_contexts()


@pytest.fixture(params=ROLES)
def role(request):
    """The role of our connection: "client" or "server"."""
    return request.param


@pytest.fixture
def meeting(contexts, role, version):
    """A Meeting after the handshake.  The fixture then checks that our
    context still works for a new connection."""
    with Meeting(contexts, role, version) as connected:
        connected.shake_hands()
        yield connected
        connected.assert_context_works()


def each_of(table):
    """Parametrize by the rows of a table {what: (versions, roles, ...)},
    with the last digit of each version."""
    return pytest.mark.parametrize("role, version, what", [
        (role, version, what) for what in sorted(table)
        for role in table[what][1] for version in VERSIONS
        if version[-1] in table[what][0]])


def message(name, body=b""):
    """The record of a handshake message."""
    return HANDSHAKE, bytearray([
        getattr(HandshakeType, name), 0, len(body) >> 8,
        len(body) & 255]) + bytearray(body)


def hello(kind, *arguments):
    return HANDSHAKE, kind().create(
        (3, 3), bytearray(32), bytearray(), *arguments,
        extensions=[]).write()


def assert_refused(meeting, endings):
    """Assert that our end raises SSLError, now and at the next read, and that
    the peer sees one of these endings."""
    with pytest.raises(ssl.SSLError) as caught:
        while True:
            assert meeting.sock.recv(100) in (b"x", b"xxx")
    assert type(caught.value) is ssl.SSLError
    with pytest.raises(ssl.SSLError):
        meeting.sock.recv(100)
    meeting.sock.shutdown(socket.SHUT_RDWR)
    assert meeting.peer.echo() in endings.split()


def assert_goes_on(meeting, data=b""):
    """Assert that our end ignores the earlier records and reads the data
    after them, and that both directions work until they are closed."""
    meeting.peer.send(END)
    expected = data + b"end"
    assert receive(meeting.sock, len(expected)) == expected
    with Task(meeting.peer.echo) as peer:
        meeting.sock.sendall(b"hello")
        assert receive(meeting.sock, 5) == b"hello"
        meeting.sock.unwrap()
        assert peer.result() == "close_notify"


# Refused records: (versions, roles, records, endings)

HALF = (HANDSHAKE, b"\x04\0\0")
TICKET = b"\0\0\1\0" + b"salt" + b"\1n" + b"\0\4tick" + b"\0\0"
REFUSED = {
    "unknown_record": ("2 3", ROLES, [(UNKNOWN, b"x")], "alert"),
    "heartbeat": ("2 3", ROLES, [(HEARTBEAT, b"\1\x40\0x" + b"p" * 16)],
                  "alert"),
    "change_cipher_spec": ("2", ROLES, [(CCS, b"\1")], "alert"),
    # a client with OpenSSL 4.0 ignores this record
    "change_cipher_spec_of_1.3": ("3", ["server"], [(CCS, b"\1")], "alert"),
    "too_much_data": ("2 3", ROLES, [(DATA, b"x" * 16385)], "alert"),
    "half_alert": ("2 3", ROLES, [(ALERT, b"\2")], "alert"),
    "alert_in_two": ("2 3", ROLES, [(ALERT, b"\2"), (ALERT, b"\x50")],
                     "alert"),
    "two_alerts": ("2 3", ROLES, [(ALERT, b"\1\x5a\1\x5a")], "alert"),
    "empty_alert": ("2 3", ROLES, [(ALERT, b"")], "alert"),
    "alert_behind_data": ("2 3", ROLES, [(DATA, b"xxx"), (ALERT, b"\2\x50")],
                          "EOF"),
    "fatal_alert": ("2 3", ROLES, [(ALERT, b"\2\x50"), END], "EOF"),
    "unknown_alert": ("2 3", ROLES, [(ALERT, b"\2\xc8"), END], "EOF"),
    "unknown_warning": ("3", ROLES, [(ALERT, b"\1\xc8"), END], "EOF"),
    "level_3": ("2 3", ROLES, [(ALERT, b"\3\x50"), END], "EOF alert"),
    "no_renegotiation": ("2 3", ROLES, [(ALERT, b"\1\x64"), END], "EOF alert"),
    "server_hello": ("2 3", ROLES, [hello(ServerHello, SUITE)], "alert"),
    "client_hello": ("3", ROLES, [hello(ClientHello, [SUITE])], "alert"),
    "finished": ("2 3", ROLES, [message("finished", b"x" * 12)], "alert"),
    "certificate": ("2 3", ROLES, [message("certificate", b"\0\0\0\0")],
                    "alert"),
    "certificate_request": ("2 3", ROLES, [message(
        "certificate_request", b"\0\0\x08\0\x0d\0\4\0\2\4\3")], "alert"),
    "unknown_message": ("2 3", ROLES, [(HANDSHAKE, b"\x63\0\0\0")], "alert"),
    "far_too_long_message": ("2 3", ROLES, [
        (HANDSHAKE, b"\x04\xff\xff\xff")], "alert"),
    "empty_handshake": ("3", ROLES, [(HANDSHAKE, b"")], "alert"),
    "data_within_a_message": ("3", ROLES, [HALF, END], "alert"),
    "close_within_a_message": ("3", ROLES, [HALF, (ALERT, b"\1\0")], "alert"),
    "ticket": ("2", ROLES, [message("new_session_ticket", TICKET)], "alert"),
    "ticket_too_short": ("3", ROLES, [
        message("new_session_ticket", TICKET[:-1])], "alert"),
    "empty_ticket": ("3", ROLES, [message("new_session_ticket")], "alert"),
    "key_update": ("2", ROLES, [message("key_update", b"\0")], "alert"),
    "key_update_of_2": ("3", ROLES, [message("key_update", b"\2")], "alert"),
    "key_update_too_long": ("3", ROLES, [message("key_update", b"\0\0")],
                            "alert"),
    "empty_key_update": ("3", ROLES, [message("key_update")], "alert"),
    "key_update_not_last": ("3", ROLES, [
        (HANDSHAKE, message("key_update", b"\0")[1] * 2)], "alert"),
}


@each_of(REFUSED)
def test_refused(meeting, what):
    records, endings = REFUSED[what][2:]
    meeting.peer.send(*records)
    assert_refused(meeting, endings)


# Bytes that the peer sends without encryption

RAW = {
    "huge_record": (b"\x17\3\3\xff\xff", "alert"),
    "junk": (b"\x17\3\3\0\x30" + b"x" * 48, "alert"),
    "wrong_version": (b"\x17\5\5\0\x30" + b"x" * 48, "alert"),
    "unknown_type": (b"\x63\3\3\0\x30" + b"x" * 48, "alert"),
    "http": (b"GET / HTTP/1.0\r\n\r\n", "alert"),
    "plain_alert": (b"\x15\3\3\0\2\1\0", "alert"),
    "plain_data": (b"\x17\3\3\0\5hello", "alert"),
    "empty": (b"\x17\3\3\0\0", "alert"),
}


@pytest.mark.parametrize("what", sorted(RAW))
def test_not_encrypted(meeting, what):
    data, endings = RAW[what]
    meeting.peer.plain.sendall(data)
    assert_refused(meeting, endings)


# Ignored records: (versions, roles, records, data that our end must read)

EMPTY, CANCELED = (DATA, b""), (ALERT, b"\1\x5a")
IGNORED = {
    "empty_data": ("2 3", ROLES, [EMPTY] * 31, b""),
    "one_byte_records": ("2 3", ROLES, [(DATA, b"x")] * 100, b"x" * 100),
    "warnings": ("2 3", ROLES, [CANCELED] * 4, b""),
    "warnings_and_data": ("2 3", ROLES, [CANCELED, (DATA, b"x")] * 10,
                          b"x" * 10),
    "unknown_warning": ("2", ROLES, [(ALERT, b"\1\xc8")], b""),
    "tickets": ("3", ["client"],
                [message("new_session_ticket", TICKET)] * 100, b""),
    "tickets_in_pieces": ("3", ["client"], [
        (HANDSHAKE, message("new_session_ticket", TICKET)[1][:9]),
        (HANDSHAKE, message("new_session_ticket", TICKET)[1][9:])], b""),
}


@each_of(IGNORED)
def test_passed_over(meeting, what):
    records, data = IGNORED[what][2:]
    meeting.peer.send(*records)
    assert_goes_on(meeting, data)


@pytest.mark.parametrize("version", ["TLSv1.3"])
@pytest.mark.parametrize("answer", [False, True])
def test_key_updates(meeting, answer):
    for _ in range(50):
        meeting.peer.update_keys(answer)
    assert_goes_on(meeting)


@pytest.mark.parametrize("version", ["TLSv1.3"])
def test_padding(meeting):
    """A record of one byte with as much padding as possible."""
    meeting.peer._recordLayer.padding_cb = (
        lambda length, kind, most: most)
    meeting.peer.send((DATA, b"x"), EMPTY)
    meeting.peer._recordLayer.padding_cb = None
    assert_goes_on(meeting, b"x")


def test_nothing_behind_close_notify(meeting):
    meeting.peer.send((DATA, b"xxx"), (ALERT, b"\1\0"), END)
    assert read_all(meeting.sock) == b"xxx"
    assert meeting.sock.recv(100) == b""


# Floods

FLOODS = {"empty_data": EMPTY, "warnings": CANCELED,
          "change_cipher_specs": (CCS, b"\1")}


@pytest.mark.parametrize("what", sorted(FLOODS))
def test_floods_are_refused(meeting, what):
    with Task(meeting.peer.flood, meeting.peer.send, FLOODS[what]) as peer:
        with pytest.raises(ssl.SSLError) as caught:
            meeting.sock.recv(100)
        assert type(caught.value) is ssl.SSLError
        # a peer that is still sending may not read the alert
        meeting.sock.shutdown(socket.SHUT_RDWR)
        assert peer.result() in ["alert", "EOF"]


ENDLESS = {
    "tickets": ("3", ["client"], lambda peer: peer.send(
        message("new_session_ticket", TICKET))),
    "hello_requests": ("2", ["client"], lambda peer: peer.send(
        message("hello_request"))),
    "key_updates": ("3", ROLES, lambda peer: peer.update_keys(False)),
    # our answers at last fill the socket's buffer
    "key_updates_to_answer": (
        "3", ROLES, lambda peer: peer.update_keys(True)),
}


@each_of(ENDLESS)
def test_floods_end_with_the_timeout(meeting, what):
    send_one = ENDLESS[what][2]
    meeting.sock.settimeout(SHORT)
    with Task(meeting.peer.flood, send_one, meeting.peer) as peer:
        with pytest.raises(socket.timeout):
            meeting.sock.recv(100)
        meeting.sock.shutdown(socket.SHUT_RDWR)
        assert peer.result() in ["close_notify", "EOF"]


# Renegotiation

def renegotiating(contexts, role):
    """A Meeting whose peer has asked for a renegotiation and then sent data.
    Our end has read the data."""
    meeting = Meeting(contexts, role, "TLSv1.2")
    meeting.shake_hands()
    meeting.peer.send(
        hello(ClientHello, [SUITE]) if role == "server"
        else message("hello_request"), END)
    assert receive(meeting.sock, 3) == b"end"
    return meeting


@pytest.mark.since(3, 7, "older versions have no OP_NO_RENEGOTIATION")
@pytest.mark.parametrize("role", ROLES)
def test_renegotiation_is_refused(role):
    contexts = our_contexts()
    if role == "client":    # a server refuses by default, as in OpenSSL 3
        contexts["TLSv1.2"][role].options |= ssl.OP_NO_RENEGOTIATION
    with renegotiating(contexts, role) as meeting:
        # our end sends a warning, and this peer then ends the connection
        assert meeting.peer.echo() == "alert"
        assert meeting.sock.recv(100) == b""
        meeting.assert_context_works()


def test_renegotiation_that_the_peer_does_not_mean(contexts):
    """The peer asks for a renegotiation, and then refuses our ClientHello.
    A read must raise SSLError."""
    with renegotiating(contexts, "client") as meeting:
        with Task(meeting.peer.echo) as peer:
            with pytest.raises(ssl.SSLError) as caught:
                meeting.sock.recv(100)
            assert type(caught.value) is ssl.SSLError
            assert peer.result() == "alert"
        meeting.assert_context_works()


# SSL 2

SSL2_HELLOS = {
    "client": b"\x80\x12\4\0\1\0\2\0\0\0\3\0\4\1\0\x80junk",
    "server": b"\x80\x1c\1\0\2\0\3\0\0\0\x10\1\0\x80" + b"x" * 16,
    "server of TLS": (b"\x80\x1c\1\3\3\0\3\0\0\0\x10\0\xc0\x2f" +
                      b"x" * 16),
}


@pytest.mark.parametrize("what", sorted(SSL2_HELLOS))
def test_hello_of_ssl2(contexts, version, what):
    role = what.split()[0]
    with Meeting(contexts, role, version) as meeting:
        meeting.peer.plain.sendall(SSL2_HELLOS[what])
        with pytest.raises(ssl.SSLError) as caught:
            meeting.sock.do_handshake()
        assert type(caught.value) is ssl.SSLError
        meeting.assert_context_works()
