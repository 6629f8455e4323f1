"""SSLSession.to_bytes() and SSLContext.session_from_bytes()."""

import hashlib
import os
import ssl
import struct
import subprocess
import sys

import pytest

from helpers import (BioPair, SocketPair, buffer_types, cert, client_context,
                     limit_version, program_file, read_cert, server_context)
from sessions import finished_session, session_with
from test_ticket_keys import Server

pytestmark = pytest.mark.backport_only("no Python has to_bytes()")

HEAD = 8 + 2 + 32       # number of bytes before the session
SEAL = 32               # number of bytes after the session, the digest


@pytest.fixture
def contexts(version):
    return client_context(version), server_context(version)


@pytest.fixture
def data(contexts):
    return session_with(*contexts).to_bytes()


def sealed(data):
    """The same data with the correct digest."""
    return data[:-SEAL] + hashlib.sha256(data[:-SEAL]).digest()


def made_at(data, session, time):
    """The data of the same session, made at another time."""
    field = b"\xa1\x06\x02\x04"
    old = field + struct.pack(">I", session.time)
    assert data.count(old) == 1
    return sealed(data.replace(old, field + struct.pack(">I", time)))


# Resumption

def test_resumption(contexts, data, pair_type):
    client, server = contexts
    session = client.session_from_bytes(data)
    assert isinstance(session, ssl.SSLSession)
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused is True
        assert pair.client.getpeercert()["serialNumber"] == "0A"


def test_resumption_by_a_context_like_the_other(contexts, data, version,
                                                pair_type):
    other = client_context(version)
    session = other.session_from_bytes(data)
    with pair_type(other, contexts[1], session=session) as pair:
        assert pair.client.session_reused is True


def test_resumption_in_another_process(version):
    key = os.urandom(80)
    with Server(version, [key]) as server:
        client = client_context(version)
        sock = server.connect(client)
        assert sock.read(100) == b"0 none"
        data = sock.session.to_bytes()
        sock.close()
        child = subprocess.Popen(
            [sys.executable, program_file("isolated", "session_client.py"),
             version,
             str(server.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        output = child.communicate(data)[0]
    assert (child.returncode, output) == (0, b"1 none")


def test_round_trip(contexts, version):
    session = session_with(*contexts)
    data = session.to_bytes()
    assert type(data) is bytes
    again = client_context(version).session_from_bytes(data)
    assert again == session
    for name in ("id", "time", "timeout", "has_ticket",
                 "ticket_lifetime_hint"):
        assert getattr(again, name) == getattr(session, name)
    assert again.to_bytes() == data


@pytest.mark.parametrize("kind", buffer_types)
def test_any_buffer(contexts, data, kind):
    assert contexts[0].session_from_bytes(kind(data)).to_bytes() == data


def test_session_without_a_ticket():
    client, server = client_context("TLSv1.2"), server_context("TLSv1.2")
    server.options |= ssl.OP_NO_TICKET
    with BioPair(client, server) as pair:
        session = client.session_from_bytes(pair.client.session.to_bytes())
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused is True


def test_its_host_is_held_against_the_certificate(contexts, data):
    client, server = contexts
    session = client.session_from_bytes(data)
    with pytest.raises(ssl.SSLCertVerificationError):
        BioPair(client, server, session=session,
                server_hostname="evil.example.test")
    with BioPair(client, server, session=session,
                 server_hostname="127.0.0.1") as pair:
        assert pair.client.session_reused is True


# Contexts that must refuse the session

def no_host(context):
    context.check_hostname = False


def unverified(context):
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


def flags(context):
    context.verify_flags |= ssl.VERIFY_X509_STRICT


def common_names(context):
    context.hostname_checks_common_name = False


def more_trust(context):
    context.load_verify_locations(cert("root.pem"))


def revocation_list(context):
    context.load_verify_locations(cert("crl.pem"))


def folder(context):
    context.load_verify_locations(capath=cert("capath"))


def missing_folder(context):
    context.load_verify_locations(capath=cert("no-such-folder"))


def certificate(context):
    context.load_cert_chain(cert("client.pem"))


def ciphers(context):
    context.set_ciphers("ECDHE+AESGCM")


def level(context):
    context.set_ciphers("DEFAULT@SECLEVEL=1")


def versions(context):
    context.minimum_version = ssl.TLSVersion.TLSv1


def options(context):
    context.options |= ssl.OP_NO_TICKET


def sigalgs(context):
    context.set_server_sigalgs("rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256")


def groups(context):
    context.set_groups("P-256")


CHANGES = [no_host, unverified, flags, common_names, more_trust,
           revocation_list, folder, missing_folder, certificate, ciphers,
           level, versions, options, sigalgs, groups]


@pytest.mark.parametrize("change", CHANGES)
def test_other_parameters(data, version, change):
    other = client_context(version)
    change(other)
    with pytest.raises(ValueError) as caught:
        other.session_from_bytes(data)
    assert "settings" in str(caught.value)


@pytest.mark.parametrize("change", [
    each for each in CHANGES if each not in (
        ciphers, unverified, missing_folder, revocation_list)])
def test_the_same_change_in_both(version, change):
    client, other = client_context(version), client_context(version)
    change(client)
    change(other)
    server = server_context(version)
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = ssl.CERT_OPTIONAL
    if change is options and version == "TLSv1.2":
        pytest.skip("the session has no ticket")
    data = session_with(client, server).to_bytes()
    with BioPair(other, server,
                 session=other.session_from_bytes(data)) as pair:
        assert pair.client.session_reused is True


def test_other_trust(data, version):
    other = client_context(version, roots="unknown.pem")
    with pytest.raises(ValueError):
        other.session_from_bytes(data)


def test_trusted_certificate_that_is_not_for_all(version, tmpdir):
    """The second root has a list of rejected uses, here e-mail.  A context
    with this root must refuse a session of the first root."""
    uses = b"\x30\x0c\xa0\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x04"
    root = ssl.PEM_cert_to_DER_cert(read_cert("root.pem"))
    sessions = []
    for data, name in (root, ""), (root + uses, "TRUSTED "):
        text = ssl.DER_cert_to_PEM_cert(data).replace(
            " CERTIFICATE", " %sCERTIFICATE" % name)
        tmpdir.join("root.pem").write(text)
        client = client_context(version, str(tmpdir.join("root.pem")))
        sessions.append(session_with(client, server_context(version)))
    client.session_from_bytes(sessions[1].to_bytes())
    with pytest.raises(ValueError):
        client.session_from_bytes(sessions[0].to_bytes())


def test_folder_that_has_changed(version, tmpdir):
    contexts = []
    for name in "before", "after":
        tmpdir.join(name).write("")
        contexts.append(client_context(version))
        contexts[-1].load_verify_locations(capath=str(tmpdir))
        again = client_context(version)
        again.load_verify_locations(capath=str(tmpdir))
        again.session_from_bytes(session_with(
            contexts[-1], server_context(version)).to_bytes())
        os.utime(str(tmpdir), (1, 1))
    data = session_with(contexts[0], server_context(version)).to_bytes()
    with pytest.raises(ValueError):
        contexts[1].session_from_bytes(data)


def test_session_made_before_the_context_became_stricter(version):
    """The bytes contain the settings that were used for verification, not
    the current settings."""
    client, other = client_context(version), client_context(version)
    unverified(client)
    session = session_with(client, server_context(version, "unknown.pem"))
    client.verify_mode = ssl.CERT_REQUIRED
    client.check_hostname = True
    for context in client, other:
        with pytest.raises(ValueError):
            context.session_from_bytes(session.to_bytes())


def test_session_made_before_the_context_had_a_certificate(version):
    client = client_context(version)
    with BioPair(client, server_context(version)) as pair:
        certificate(client)
        data = finished_session(pair).to_bytes()
    with pytest.raises(ValueError):
        client.session_from_bytes(data)
    client_context(version).session_from_bytes(data)


def test_context_that_becomes_stricter_later(contexts, data):
    client, server = contexts
    session = client.session_from_bytes(data)
    revocation_list(client)
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused is False


@pytest.mark.skipif(not getattr(ssl, "HAS_PSK", False),
                    reason="this ssl has no pre-shared keys")
def test_pre_shared_keys_are_nobody_elses(version):
    def with_key():
        client = client_context(version)
        unverified(client)
        client.set_psk_client_callback(lambda hint: ("me", b"key"))
        return client

    client, server = with_key(), server_context(version)
    data = session_with(client, server).to_bytes()
    with BioPair(client, server,
                 session=client.session_from_bytes(data)) as pair:
        assert pair.client.session_reused is True
    with pytest.raises(ValueError):
        with_key().session_from_bytes(data)


# Sessions that cannot be converted to bytes

def test_server(contexts):
    with BioPair(*contexts) as pair:
        finished_session(pair)
        with pytest.raises(ValueError):
            pair.server.session.to_bytes()


def test_before_the_ticket():
    with SocketPair(version="TLSv1.3") as pair:
        with pytest.raises(ValueError):
            pair.client.session.to_bytes()
        assert finished_session(pair).to_bytes()


def test_server_that_sends_no_ticket():
    server = server_context("TLSv1.3")
    server.num_tickets = 0
    with BioPair(client_context("TLSv1.3"), server) as pair:
        with pytest.raises(ValueError):
            finished_session(pair).to_bytes()


def test_connection_that_went_over_to_another_context(contexts, version):
    with BioPair(*contexts) as pair:
        pair.client.context = client_context(version)
        with pytest.raises(ValueError):
            finished_session(pair).to_bytes()


def test_server_context_takes_none(contexts, data):
    with pytest.raises(ValueError):
        contexts[1].session_from_bytes(data)


# Wrong data

@pytest.mark.parametrize("value", [None, 42, object(), [b"x"], u"\xe9"])
def test_wrong_type(contexts, value):
    with pytest.raises((TypeError, UnicodeError)):
        contexts[0].session_from_bytes(value)


@pytest.mark.parametrize("value", [
    b"", b"x", b"sslbsess", b"sslbsess\0\1", b"\0" * 1000, b"x" * 1000000])
def test_garbage(contexts, value):
    with pytest.raises(ValueError) as caught:
        contexts[0].session_from_bytes(value)
    assert str(caught.value).startswith("data: ")


def test_every_cut(contexts, data):
    for length in range(len(data)):
        with pytest.raises(ValueError):
            contexts[0].session_from_bytes(data[:length])
    with pytest.raises(ValueError):
        contexts[0].session_from_bytes(data + b"x")


def test_every_wrong_byte(contexts, data):
    for place in range(len(data)):
        wrong = bytearray(data)
        wrong[place] ^= 0x21
        with pytest.raises(ValueError):
            contexts[0].session_from_bytes(wrong)


def test_every_wrong_byte_under_a_right_seal(contexts, data):
    """The result is a ValueError, or a session with usable attributes."""
    accepted = 0
    for place in range(HEAD, len(data) - SEAL):
        wrong = bytearray(data)
        wrong[place] ^= 0x21
        try:
            session = contexts[0].session_from_bytes(sealed(bytes(wrong)))
        except ValueError:
            continue
        accepted += 1
        assert session.has_ticket in (True, False) and session.timeout
    assert accepted     # e.g. when the byte is in the ticket


def test_behind_the_session(contexts, data):
    with pytest.raises(ValueError):
        contexts[0].session_from_bytes(sealed(
            data[:-SEAL] + b"\0" + data[-SEAL:]))


def test_another_version_of_the_format(contexts, data):
    for version in b"\0\2", b"\0\0", b"\1\1":
        with pytest.raises(ValueError) as caught:
            contexts[0].session_from_bytes(sealed(
                data[:8] + version + data[10:]))
        assert "version" in str(caught.value)


def test_too_long(contexts, data):
    with pytest.raises(ValueError) as caught:
        contexts[0].session_from_bytes(sealed(
            data[:-SEAL] + b"\0" * 300000 + data[-SEAL:]))
    assert "longer" in str(caught.value)


def test_expired(contexts):
    client = contexts[0]
    session = session_with(*contexts)
    data = session.to_bytes()
    end = session.time - session.timeout
    client.session_from_bytes(made_at(data, session, end + 600))
    with pytest.raises(ValueError) as caught:
        client.session_from_bytes(made_at(data, session, end - 600))
    assert "expired" in str(caught.value)


def test_session_of_another_tls_version_is_not_resumed(version):
    """The client allows both versions; the second server allows only the
    other version."""
    client = client_context()
    other = {"TLSv1.2": "TLSv1.3", "TLSv1.3": "TLSv1.2"}[version]
    server = server_context(version)
    session = client.session_from_bytes(
        session_with(client, server).to_bytes())
    with BioPair(client, limit_version(server_context(), other),
                 session=session) as pair:
        assert pair.client.session_reused is False
        assert pair.client.version() == other


# Trust stores that change during the handshake

def hand_shake(pair):
    """Do the whole handshake, and read the client's tickets."""
    pair.handshake()
    pair.server.write(b"x")
    pair.flush()
    pair.client.read(1)


def test_client_that_came_to_trust_more(version):
    """A context without the new CA must not get the session."""
    client = client_context(version, roots=None)
    with BioPair(client, server_context(version), handshake=False) as pair:
        client.load_verify_locations(cert("root.pem"))
        hand_shake(pair)
        with pytest.raises(ValueError):
            pair.client.session.to_bytes()


def test_server_that_came_to_trust_more(version):
    """A server that trusts no CA must not accept the client's ticket."""
    def server():
        context = server_context(version)
        context.verify_mode = ssl.CERT_REQUIRED
        context.ticket_keys = [b"k" * 80]
        return context

    client, changing = client_context(version), server()
    client.load_cert_chain(cert("client.pem"))
    with BioPair(client, changing, handshake=False) as pair:
        changing.load_verify_locations(cert("root.pem"))
        hand_shake(pair)
        session = pair.client.session
    with pytest.raises(ssl.SSLError):
        with BioPair(client, server(), session=session) as pair:
            hand_shake(pair)


@pytest.mark.parametrize("mode", [ssl.CERT_NONE, ssl.CERT_REQUIRED])
def test_bytes_of_a_session_that_a_callback_accepted(version, mode):
    client, server = client_context(version), server_context(version)
    client.check_hostname = False
    client.verify_mode = mode
    client.verify_callback = lambda *arguments: arguments[-1]
    with BioPair(client, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        pair.client.read(1)
        data = pair.client.session.to_bytes()
    session = client.copy().session_from_bytes(data)
    with pytest.raises(ValueError):
        client_context(version).session_from_bytes(data)
    assert session.to_bytes() == data
