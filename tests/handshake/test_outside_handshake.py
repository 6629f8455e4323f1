"""Handshakes with a peer that is not OpenSSL and makes mistakes: in each
message, its framing, its order and its fields.

After a mistake our end must send an alert and raise an SSLError at once, and
it must receive no data.  A harmless deviation must change nothing.  In both
cases the next connection must work.  The alert depends on the OpenSSL version.
"""

import copy
import ssl

import pytest

from helpers import LONG, cert, client_context
from outside_peer import (ALERT, CCS, DATA, END, HANDSHAKE, ROLES, Meeting,
                          our_contexts)

from tlslite.extensions import TLSExtension

pytestmark = pytest.mark.since(3, 7, "has no SSLCertVerificationError")

BOTH = ["TLSv1.2", "TLSv1.3"]
HEARTBEAT, UNKNOWN = 24, 99     # types of records

# the peer's messages, by our role and the version.  A message after a "|" ends
# a flight: if the message is missing, both ends wait
MESSAGES = {
    ("client", "TLSv1.2"): "server_hello certificate server_key_exchange"
                           " certificate_request | server_hello_done"
                           " finished",
    ("client", "TLSv1.3"): "server_hello encrypted_extensions"
                           " certificate_request certificate"
                           " certificate_verify | finished",
    ("server", "TLSv1.2"): "certificate client_key_exchange"
                           " certificate_verify | client_hello finished",
    ("server", "TLSv1.3"): "certificate certificate_verify"
                           " | client_hello finished",
}
EVERY = [key + (name,) for key, names in sorted(MESSAGES.items())
         for name in names.replace("|", "").split()]
FOLLOWED = [key + (name,) for key, names in sorted(MESSAGES.items())
            for name in names.split("|")[0].split()]
WITH_BODY = [each for each in EVERY if each[2] != "server_hello_done"]
SOME = EVERY if LONG else [
    ("client", "TLSv1.2", "server_key_exchange"),
    ("client", "TLSv1.3", "encrypted_extensions"),
    ("server", "TLSv1.2", "client_hello"), ("server", "TLSv1.3", "finished")]


# additional endings with OpenSSL 1.1.1, which tolerates more
OLD_ENDINGS = {
    "certificate_verify-longer": "close_notify",
    "server_hello-no_renegotiation_info": "close_notify",
    "client_hello-no_algorithms": "close_notify",
} if ssl.OPENSSL_VERSION_INFO < (3,) else {}


@pytest.fixture(scope="module")
def contexts():
    return our_contexts()


# Alterations

def framed(data, body):
    """A handshake message of the same kind with another body."""
    return data[:1] + bytearray([0, len(body) >> 8, len(body) & 255]) + body


def with_body(change):
    """Change the body, with a correct length."""
    def alter(message):
        data = message.write()
        return [(HANDSHAKE, framed(data, change(data[4:])))]
    return alter


def with_length(high, middle, low):
    """Change the length, but not the body."""
    def alter(message):
        data = message.write()
        data[1:4] = bytearray([high, middle, low])
        return [(HANDSHAKE, data)]
    return alter


def renamed(number):
    def alter(message):
        return [(HANDSHAKE, bytearray([number]) + message.write()[1:])]
    return alter


def left_out(message):
    return []


def twice(message):
    return [(HANDSHAKE, message.write())] * 2


def hang_up(message):
    return [END]


def hang_up_within(message):
    return [(message.contentType, message.write()[:-1]), END]


def after(kind, data):
    """Send another record before the message."""
    def alter(message):
        return [(kind, data), (message.contentType, message.write())]
    return alter


def around(kind, data):
    """Send another record in the middle of the message."""
    def alter(message):
        whole = message.write()
        return [(message.contentType, whole[:3]), (kind, data),
                (message.contentType, whole[3:])]
    return alter


def edited(change):
    """Apply a function to a copy of the message."""
    def alter(message):
        changed = copy.deepcopy(message)
        change(changed)
        return [(HANDSHAKE, changed.write())]
    return alter


def fields(**values):
    def change(message):
        for name, value in values.items():
            assert hasattr(message, name)
            setattr(message, name, value)
    return edited(change)


def extension(number, data=b""):
    return TLSExtension(extType=number).create(bytearray(data))


def more(number, data=b"", times=1):
    """Add an extension at the end."""
    return edited(lambda message: message.extensions.extend(
        [extension(number, data)] * times))


def instead(number, data):
    """Replace the data of an extension."""
    def change(message):
        kinds = [each.extType for each in message.extensions]
        message.extensions[kinds.index(number)] = extension(number, data)
    return edited(change)


def without(number):
    def change(message):
        assert message.getExtension(number) is not None
        message.extensions = [each for each in message.extensions
                              if each.extType != number]
    return edited(change)


# Tests

def assert_ends(contexts, role, version, name, alter, endings,
                error=ssl.SSLError):
    """The connection ends in one of these ways, named as by Peer.echo();
    "close_notify" means success."""
    with Meeting(contexts, role, version, alter={name: alter}) as meeting:
        caught, ended = meeting.live()
        assert meeting.peer.altered
        assert ended in endings.split(), (meeting.peer.alert, caught)
        if ended == "close_notify":
            assert caught is None
        else:
            assert not meeting.peer.data
            assert type(caught) in (error, ssl.SSLCertVerificationError)
        # the getters work in every state
        meeting.sock.cipher(), meeting.sock.version(), meeting.sock.session
        meeting.assert_context_works()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("piece", range(1, 300) if LONG else
                         [1, 2, 3, 4, 5, 7, 50, 299])
def test_messages_in_pieces(contexts, role, version, piece):
    with Meeting(contexts, role, version, piece=piece) as meeting:
        assert meeting.live() == (None, "close_notify")


BODIES = {
    "longer": (lambda body: body + b"\0", "alert"),
    "shorter": (lambda body: body[:-1], "alert"),
    "empty": (lambda body: body[:0], "alert"),
}


@pytest.mark.parametrize("how", sorted(BODIES))
@pytest.mark.parametrize("role, version, name", WITH_BODY)
def test_wrong_body(contexts, role, version, name, how):
    change, endings = BODIES[how]
    endings += " " + OLD_ENDINGS.get("%s-%s" % (name, how), "")
    assert_ends(contexts, role, version, name, with_body(change), endings)


@pytest.mark.parametrize("role, version, name", EVERY)
def test_far_too_long(contexts, role, version, name):
    """Our end refuses the message before the message is complete."""
    assert_ends(contexts, role, version, name, with_length(255, 255, 255),
                "alert")


@pytest.mark.parametrize("role, version, name", WITH_BODY)
def test_longer_than_it_says(contexts, role, version, name):
    assert_ends(contexts, role, version, name, with_length(0, 0, 0), "alert")


@pytest.mark.parametrize("alter", [left_out, twice])
@pytest.mark.parametrize("role, version, name", FOLLOWED)
def test_wrong_order(contexts, role, version, name, alter):
    if alter is left_out and name == "certificate_request":
        pytest.skip("this message is optional")
    assert_ends(contexts, role, version, name, alter, "alert")


@pytest.mark.parametrize("number", [24, 99], ids=["key_update", "unknown"])
@pytest.mark.parametrize("role, version, name", EVERY)
def test_wrong_kind(contexts, role, version, name, number):
    assert_ends(contexts, role, version, name, renamed(number), "alert")


@pytest.mark.parametrize("alter", [hang_up, hang_up_within])
@pytest.mark.parametrize("role, version, name", EVERY)
def test_early_close(contexts, role, version, name, alter):
    """The peer no longer reads, so our end may send an alert or not."""
    assert_ends(contexts, role, version, name, alter, "EOF alert",
                ssl.SSLEOFError)


RECORDS = {
    "data": (DATA, b"x", "alert"),
    "heartbeat": (HEARTBEAT, b"\1\0\1x" + b"p" * 16, "alert"),
    "unknown": (UNKNOWN, b"x", "alert"),
    "ccs_of_2": (CCS, b"\2", "alert"),
    "long_ccs": (CCS, b"\1\1", "alert"),
    "half_alert": (ALERT, b"\2", "alert"),
    "long_alert": (ALERT, b"\2\x28\0", "alert"),
    "empty_alert": (ALERT, b"", "alert"),
    # no record may precede the first message
    "handshake_failure": (ALERT, b"\2\x28", "EOF alert"),
    "unknown_alert": (ALERT, b"\2\xc8", "EOF alert"),
    "level_3": (ALERT, b"\3\x28", "EOF alert"),
    "user_canceled": (ALERT, b"\1\x5a", "close_notify alert"),
    # TLS 1.3 allows no empty record; earlier versions allow a few
    "empty_handshake": (HANDSHAKE, b"", "close_notify alert"),
}


@pytest.mark.parametrize("where", [after, around])
@pytest.mark.parametrize("record", sorted(RECORDS))
@pytest.mark.parametrize("role, version, name", SOME)
def test_records_between(contexts, role, version, name, record, where):
    kind, data, endings = RECORDS[record]
    if version == "TLSv1.3" and kind == HANDSHAKE and name[-5:] != "hello":
        endings = "alert"
    assert_ends(contexts, role, version, name, where(kind, data), endings)


@pytest.mark.parametrize("where", [after, around])
@pytest.mark.parametrize("role, version, name", EVERY)
def test_change_cipher_spec_between(contexts, role, version, name, where):
    """TLS 1.3 ignores this record, except before the first message."""
    endings = "alert"
    if version == "TLSv1.3" and name[-5:] != "hello":
        endings += " close_notify"
    assert_ends(contexts, role, version, name, where(CCS, b"\1"), endings)


@pytest.mark.parametrize("alter, endings", [
    (left_out, "alert"), (hang_up, "EOF alert"),
    (after(DATA, b"x"), "alert"),
    (after(CCS, b"\1"), "alert")],
    ids=["left_out", "hang_up", "after_data", "twice"])
@pytest.mark.parametrize("role", ROLES)
def test_change_cipher_spec(contexts, role, alter, endings):
    assert_ends(contexts, role, "TLSv1.2", "ccs", alter, endings,
                ssl.SSLEOFError if alter is hang_up else ssl.SSLError)


@pytest.mark.parametrize("role, version, name", EVERY)
def test_close_notify(contexts, role, version, name):
    with Meeting(contexts, role, version,
                 alter={name: after(ALERT, b"\1\0")}) as meeting:
        caught, ended = meeting.live()
        if ended == "EOF":
            assert type(caught) is ssl.SSLZeroReturnError
        else:
            assert ended == "alert"
        meeting.assert_context_works()


# Fields: (versions, {test: (alteration, endings)})

POINT = b"\4" + b"\0" * 64      # not on the curve
SHA1_RSA, NO_ALGORITHM = b"\2\1", b"\xfa\xfa"
HELLO_RETRY = bytearray(
    b"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
    b"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c")

SERVER_HELLO = {
    "suite_not_offered": (fields(cipher_suite=0x0a0a), "alert"),
    "compression": (fields(compression_method=1), "alert"),
    "long_session_id": (fields(session_id=bytearray(33)), "alert"),
    "same_extension_twice": (more(0xff01, b"\0", 2), "alert"),
    "name_with_data": (more(0, b"x"), "alert"),
    "alpn_not_asked_for": (more(16, b"\0\3\2h2"), "alert"),
}
SERVER_HELLO_1_2 = {
    "version_1.4": (fields(server_version=(3, 5)), "alert"),
    "version_ssl3": (fields(server_version=(3, 0)), "alert"),
    "no_renegotiation_info": (without(0xff01), "alert"),
    "suite_of_1.3": (fields(cipher_suite=0x1301), "alert"),
    "suite_of_rsa": (fields(cipher_suite=0xcca8), "alert"),
    "other_random": (fields(random=bytearray(32)), "alert"),
}
SERVER_HELLO_1_3 = {
    # the supported_versions extension counts, not this field
    "version_1.4": (fields(server_version=(3, 5)), "close_notify"),
    "other_session_id": (fields(session_id=bytearray(32)), "alert"),
    "suite_of_1.2": (fields(cipher_suite=0xcca9), "alert"),
    "no_versions": (without(43), "alert"),
    "versions_1.2": (instead(43, b"\3\3"), "alert"),
    "versions_1.4": (instead(43, b"\3\5"), "alert"),
    "long_versions": (instead(43, b"\3\4\0"), "alert"),
    "share_off_the_curve": (instead(51, b"\0\x17\0\x41" + POINT), "alert"),
    "share_of_group_not_offered": (
        instead(51, b"\0\x1e\0\x38" + b"x" * 56), "alert"),
    "empty_share": (instead(51, b"\0\x17\0\0"), "alert"),
    "psk_not_offered": (more(41, b"\0\0"), "alert"),
    "retry_without_change": (fields(random=HELLO_RETRY), "alert"),
}
CLIENT_HELLO = {
    "version_ssl3": (fields(client_version=(3, 0)), "alert"),
    "version_1.4": (fields(client_version=(3, 5)), "close_notify"),
    "no_suites": (fields(cipher_suites=[]), "alert"),
    "unknown_suite": (fields(cipher_suites=[0x0a0a]), "alert"),
    "1000_suites_more": (
        edited(lambda m: m.cipher_suites.extend(range(0x4000, 0x43e8))),
        "close_notify"),
    "no_compression_list": (fields(compression_methods=[]), "alert"),
    "compression_a_must": (fields(compression_methods=[1]), "alert"),
    "long_session_id": (fields(session_id=bytearray(33)), "alert"),
    "unknown_extension": (more(0xfafa, b"xyz"), "close_notify"),
    "300_unknown_extensions": (
        edited(lambda m: m.extensions.extend(
            extension(0x3000 + i, b"x" * 20) for i in range(300))),
        "close_notify"),
    "heartbeat": (more(15, b"\1"), "close_notify"),
    "same_extension_twice": (more(35, b"", 2), "alert"),
    "empty_alpn": (more(16, b"\0\0"), "alert"),
    "empty_name_in_alpn": (more(16, b"\0\1\0"), "alert"),
    "alpn_longer_than_it_is": (more(16, b"\0\5\5h2"), "alert"),
    "two_names": (instead(0, b"\0\x14\0\0\7example\0\0\7another"), "alert"),
    "no_name": (instead(0, b""), "alert"),
    "name_with_nul": (instead(0, b"\0\5\0\0\2a\0"), "alert"),
    "no_algorithms": (without(13), "alert"),
    "empty_algorithms": (instead(13, b"\0\0"), "alert"),
    "half_an_algorithm": (instead(13, b"\0\1\4"), "alert"),
    "unknown_algorithm": (instead(13, b"\0\2\xfa\xfa"), "alert"),
    "empty_groups": (instead(10, b"\0\0"), "alert"),
    "fragments_of_length_5": (more(1, b"\5"), "alert"),
    "status_request": (more(5, b"\1\0\0\0\0"), "close_notify"),
    "wrong_status_request": (more(5, b"\1\0\5\0\0"), "alert"),
}
CLIENT_HELLO_1_2 = {
    "renegotiation": (more(0xff01, b"\5xxxxx"), "alert"),
    "unknown_group": (instead(10, b"\0\2\xfa\xfa"), "alert"),
    "master_secret_with_data": (instead(23, b"x"), "alert"),
    "no_master_secret": (without(23), "close_notify"),
}
CLIENT_HELLO_1_3 = {
    "versions_1.1": (instead(43, b"\2\3\2"), "alert"),
    "no_versions": (without(43), "alert"),
    "empty_versions": (instead(43, b"\0"), "alert"),
    "unknown_version": (instead(43, b"\4\xfa\xfa\3\4"), "close_notify"),
    "no_groups": (without(10), "alert"),
    "no_share": (without(51), "alert"),
    "empty_share": (instead(51, b"\0\4\0\x17\0\0"), "alert"),
    "share_off_the_curve": (instead(51, b"\0\x45\0\x17\0\x41" + POINT),
                            "alert"),
    "psk_not_last": (
        edited(lambda m: m.extensions.insert(0, extension(
            41, b"\0\7\0\1x\0\0\0\0\0\x21\x20" + b"x" * 32))), "alert"),
    "unknown_psk": (more(41, b"\0\7\0\1x\0\0\0\0\0\x21\x20" + b"x" * 32),
                    "close_notify"),
    "empty_psk_modes": (instead(45, b"\0"), "alert"),
}
RETRY = {
    "of_nothing": (edited(lambda m: setattr(m, "extensions", [
        m.getExtension(43)])), "alert"),
    "of_group_that_was_there": (instead(51, b"\0\x1d"), "alert"),
    "of_group_not_offered": (instead(51, b"\xfa\xfa"), "alert"),
    "of_half_a_group": (instead(51, b"\0"), "alert"),
    "with_a_share": (instead(51, b"\0\x17\0\1x"), "alert"),
    "empty_cookie": (more(44, b"\0\0"), "alert"),
    "other_session_id": (fields(session_id=bytearray(32)), "alert"),
    "twice": (twice, "alert"),
    "other_random": (fields(random=bytearray(32)), "alert"),
}
KEY_EXCHANGE = {
    "unknown_group": (fields(named_curve=0xfafa), "alert"),
    "point_off_the_curve": (fields(ecdh_Ys=bytearray(POINT)), "alert"),
    "empty_point": (fields(ecdh_Ys=bytearray()), "alert"),
    "algorithm_of_rsa": (fields(signAlg=1), "alert"),
    "unknown_algorithm": (fields(hashAlg=0xfa), "alert"),
    "empty_signature": (fields(signature=bytearray()), "alert"),
    "junk_for_a_signature": (fields(signature=bytearray(b"x" * 70)), "alert"),
}
CLIENT_KEY_EXCHANGE = {
    "point_off_the_curve": (fields(ecdh_Yc=bytearray(POINT)), "alert"),
    "empty_point": (fields(ecdh_Yc=bytearray()), "alert"),
    "short_point": (fields(ecdh_Yc=bytearray(b"x")), "alert"),
}
CERTIFICATE_1_2 = {
    "empty_chain": (with_body(lambda body: bytearray(3)), "alert"),
    "empty_certificate": (
        with_body(lambda body: bytearray(b"\0\0\3\0\0\0")), "alert"),
    "junk": (with_body(lambda body: bytearray(b"\0\0\7\0\0\4junk")), "alert"),
}
CERTIFICATE_1_3 = {
    "empty_chain": (with_body(lambda body: bytearray(4)), "alert"),
    "context": (with_body(lambda body: b"\1x" + body[1:]), "alert"),
    "junk": (with_body(lambda body: bytearray(
        b"\0\0\0\x09\0\0\4junk\0\0")), "alert"),
}
CERTIFICATE_VERIFY = {
    "algorithm_sha1": (with_body(lambda body: SHA1_RSA + body[2:]), "alert"),
    "unknown_algorithm": (with_body(lambda body: NO_ALGORITHM + body[2:]),
                          "alert"),
    "empty_signature": (with_body(lambda body: body[:2] + b"\0\0"), "alert"),
    "wrong_signature": (with_body(lambda body: body[:-1] + bytearray(
        [body[-1] ^ 1])), "alert"),
}
ENCRYPTED_EXTENSIONS = {
    "unknown": (more(0xfafa), "close_notify alert"),
    "share": (more(51, b"\0\x17\0\0"), "alert"),
    "versions": (more(43, b"\3\4"), "alert"),
    "alpn_not_asked_for": (more(16, b"\0\3\2h2"), "alert"),
    "early_data": (more(42), "alert"),
    "fragment_length": (more(1, b"\1"), "alert"),
    "name_with_data": (more(0, b"x"), "alert"),
    "name_twice": (more(0, b"", 2), "alert"),
}
FINISHED = {
    "wrong": (with_body(lambda body: body[:-1] + bytearray(
        [body[-1] ^ 1])), "alert"),
}
EDITS = [
    ("client", BOTH, "server_hello", SERVER_HELLO),
    ("client", BOTH[:1], "server_hello", SERVER_HELLO_1_2),
    ("client", BOTH[1:], "server_hello", SERVER_HELLO_1_3),
    ("server", BOTH, "client_hello", CLIENT_HELLO),
    ("server", BOTH[:1], "client_hello", CLIENT_HELLO_1_2),
    ("server", BOTH[1:], "client_hello", CLIENT_HELLO_1_3),
    ("client", BOTH[:1], "server_key_exchange", KEY_EXCHANGE),
    ("server", BOTH[:1], "client_key_exchange", CLIENT_KEY_EXCHANGE),
    ("client", BOTH[:1], "certificate", CERTIFICATE_1_2),
    ("server", BOTH[:1], "certificate", CERTIFICATE_1_2),
    ("client", BOTH[1:], "certificate", CERTIFICATE_1_3),
    ("server", BOTH[1:], "certificate", CERTIFICATE_1_3),
    ("client", BOTH[1:], "certificate_verify", CERTIFICATE_VERIFY),
    ("server", BOTH, "certificate_verify", CERTIFICATE_VERIFY),
    ("client", BOTH[1:], "encrypted_extensions", ENCRYPTED_EXTENSIONS),
    ("client", BOTH, "finished", FINISHED),
    ("server", BOTH, "finished", FINISHED),
]
ROWS = {"-".join([role, version, name, edit]):
        (role, version, name, edit) + table[edit]
        for role, versions, name, table in EDITS
        for version in versions for edit in table}


@pytest.mark.parametrize("row", sorted(ROWS))
def test_fields(contexts, row):
    role, version, name, edit, alter, endings = ROWS[row]
    endings += " " + OLD_ENDINGS.get("%s-%s" % (name, edit), "")
    assert_ends(contexts, role, version, name, alter, endings)


@pytest.mark.parametrize("edit", sorted(RETRY))
def test_hello_retry_request(contexts, edit):
    """The peer rejects the key share of the first ClientHello."""
    retried = {"TLSv1.3": dict(contexts["TLSv1.3"], client=client_context(
        "TLSv1.3"))}
    retried["TLSv1.3"]["client"].load_cert_chain(cert("localhost-ec.pem"))
    alter, endings = RETRY[edit]
    assert_ends(retried, "client", "TLSv1.3", "server_hello", alter, endings)
