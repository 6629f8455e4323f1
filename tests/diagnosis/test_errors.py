"""SSLError and its subclasses: attributes, text, pickling, stale errors."""

import ctypes
import logging
import os
import pickle
import re
import socket
import ssl

import pytest

from helpers import (BioPair, SocketPair, cert, client_context, native,
                     server_context)
from terminal import on_a_terminal

SUBCLASSES = ["SSLZeroReturnError", "SSLWantReadError", "SSLWantWriteError",
              "SSLSyscallError", "SSLEOFError"]


def ssl_error():
    """An SSLError for an error that OpenSSL reports."""
    with pytest.raises(ssl.SSLError) as caught:
        ssl.SSLContext(ssl.PROTOCOL_TLS).load_dh_params(
            cert("localhost-cert.pem"))
    return caught.value


def want_read():
    with pytest.raises(ssl.SSLWantReadError) as caught:
        BioPair(handshake=False).client.do_handshake()
    return caught.value


def verification_error():
    with pytest.raises(ssl.SSLError) as caught:
        BioPair(server=server_context(chain="unknown.pem"))
    return caught.value


@pytest.mark.parametrize("name", SUBCLASSES)
def test_classes(name):
    kind = getattr(ssl, name)
    assert issubclass(kind, ssl.SSLError)
    assert kind.__module__ == "ssl"
    assert kind.__name__ == name
    assert kind(1, "text").errno == 1


def test_base_class():
    assert issubclass(ssl.SSLError, socket.error)
    assert issubclass(ssl.SSLError, EnvironmentError)
    assert ssl.SSLError.__module__ == "ssl"
    assert ssl.socket_error is socket.error


@pytest.mark.since(3, 7, "CertificateError is not an SSLError")
def test_bpo_31399_certificate_errors_are_one():
    assert ssl.CertificateError is ssl.SSLCertVerificationError
    assert issubclass(ssl.SSLCertVerificationError, ssl.SSLError)
    assert issubclass(ssl.SSLCertVerificationError, ValueError)


def test_made_by_hand():
    error = ssl.SSLError(1, "text")
    assert str(error) == "text"
    assert error.errno == 1
    assert error.args == (1, "text")
    error = ssl.SSLZeroReturnError(6, "text")
    assert (str(error), error.errno) == ("text", 6)


def test_bpo_43788_library_and_reason():
    error = ssl_error()
    assert error.library == "PEM"
    assert error.reason == "NO_START_LINE"
    assert type(error.library) is str and type(error.reason) is str
    assert str(error).startswith("[PEM: NO_START_LINE] ")
    assert error.args == (error.errno, str(error))


def test_want_read():
    error = want_read()
    assert error.errno == ssl.SSL_ERROR_WANT_READ == 2
    assert error.library is None
    assert error.reason is None
    assert str(error).startswith("The operation did not complete (read)")


def test_verification_error():
    error = verification_error()
    assert error.errno == ssl.SSL_ERROR_SSL == 1
    assert error.library == "SSL"
    assert error.reason == "CERTIFICATE_VERIFY_FAILED"
    assert str(error).startswith("[SSL: CERTIFICATE_VERIFY_FAILED] "
                                 "certificate verify failed")


def test_verification_error_of_the_peer(version):
    """The client refuses the certificate.  The server's SSLError must have
    the reason of the client's alert."""
    with SocketPair(client_context(version),
                    server_context(version, "unknown.pem"),
                    handshake=False) as pair:
        pair.client.setblocking(False)
        pair.server.setblocking(False)
        error = None
        for _ in range(10):
            for end in (pair.client, pair.server):
                try:
                    end.do_handshake()
                    if end is pair.server:
                        end.recv(1)
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as caught:
                    error = caught if end is pair.server else error
            if error is not None:
                break
        assert error.library == "SSL"
        assert error.reason == "TLSV1_ALERT_UNKNOWN_CA"


@pytest.mark.parametrize("make", [ssl_error, want_read, verification_error])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(make, protocol):
    error = make()
    copy = pickle.loads(pickle.dumps(error, protocol))
    assert type(copy) is type(error)
    assert copy.args == error.args
    assert copy.errno == error.errno
    assert str(copy) == str(error)
    assert copy.reason == error.reason
    assert copy.library == error.library


@pytest.mark.since(3, 7, "older versions have no SSLCertVerificationError")
def test_pickling_a_verification_error():
    error = verification_error()
    copy = pickle.loads(pickle.dumps(error))
    assert copy.verify_code == error.verify_code == 20
    assert copy.verify_message == error.verify_message


def test_attributes_can_be_set():
    """errno must be settable, as trollius sets it."""
    error = want_read()
    error.errno = 11
    assert error.errno == 11


# Stale errors: another library has left an error in OpenSSL's queue

def leave_error_behind():
    """Add an error to this thread's queue in OpenSSL, as another user of the
    same libcrypto may do; returns whether there is a shared libcrypto."""
    with open("/proc/self/maps") as maps:
        paths = set(re.findall(r"(/\S*libcrypto\S*)", maps.read()))
    for path in paths:
        library = ctypes.CDLL(path)
        if hasattr(library, "ERR_new"):
            library.ERR_new()
            library.ERR_set_error(11, 100, None)
        else:
            library.ERR_put_error(11, 0, 100, b"", 0)
    return bool(paths)


@pytest.fixture
def stale():
    if not leave_error_behind():
        pytest.skip("OpenSSL is linked statically")
    return leave_error_behind


@pytest.mark.backport_only("bpo-37710: stock ssl raises the stale error")
def test_gh_81891_want_read_after_a_stale_error(pair_type, version, stale):
    with pair_type(version=version) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"
        if hasattr(pair.client, "setblocking"):
            pair.client.setblocking(False)
        stale()
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.read(1)
        stale()
        assert pair.client.write(b"hello") == 5
        pair.flush()
        stale()
        assert pair.server.read(5) == b"hello"


@pytest.mark.backport_only("bpo-37710: stock ssl raises the stale error")
def test_gh_81891_handshake_after_a_stale_error(pair_type, version, stale):
    with pair_type(version=version, handshake=False) as pair:
        stale()
        pair.handshake()


@pytest.mark.backport_only("bpo-37710: stock ssl raises the stale error")
def test_gh_81891_truncation_after_a_stale_error(version, stale):
    with BioPair(version=version) as pair:
        pair.server_in.write_eof()
        stale()
        with pytest.raises(ssl.SSLEOFError):
            pair.server.read(1)


@pytest.mark.backport_only("bpo-37710: stock ssl raises the stale error")
def test_gh_81891_loading_after_a_stale_error(stale):
    stale()
    context = server_context()
    stale()
    context.load_verify_locations(cert("root.pem"))
    stale()
    context.set_ciphers("ALL")
    stale()
    with pytest.raises(ssl.SSLError) as caught:
        context.load_dh_params(cert("junk.pem"))
    assert caught.value.reason == "NO_START_LINE"


LEAVES_ERRORS = pytest.mark.backport_only(
    "stock ssl leaves an error in OpenSSL's queue")


@pytest.mark.parametrize("failing", [
    lambda context: context.load_cert_chain(cert("junk.pem")),
    lambda context: context.load_cert_chain(
        cert("localhost-ec.pem"), cert("other-key.pem")),
    lambda context: context.load_cert_chain(
        cert("localhost-encrypted.pem"), password="wrong"),
    lambda context: context.load_verify_locations(cert("junk.pem")),
    lambda context: context.load_verify_locations(cadata=u"junk"),
    lambda context: context.set_ciphers("junk"),
    lambda context: context.load_dh_params(cert("junk.pem")),
    lambda context: context.set_ecdh_curve("junk"),
    pytest.param(
        lambda context: ssl._ssl._test_decode_cert(cert("junk.pem")),
        marks=LEAVES_ERRORS),
    pytest.param(lambda context: ssl._ssl.txt2obj("junk"),
                 marks=LEAVES_ERRORS)])
def test_gh_148594_failures_leave_no_error_behind(version, failing):
    context = server_context()
    with BioPair(version=version) as pair:
        pair.client.write(b"hello")
        with pytest.raises((EnvironmentError, ValueError)):
            failing(context)
        pair.flush()
        assert pair.server.read(5) == b"hello"
        with pytest.raises(ssl.SSLWantReadError):
            pair.server.read(5)


# A terminal

ENCRYPTED = """-----BEGIN %s-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F

MTIzNDU2Nzg5MDEyMzQ1Ng==
-----END %s-----
"""


@pytest.mark.backport_only("stock ssl prompts for a pass phrase")
@pytest.mark.parametrize("kind, load", [
    ("CERTIFICATE", "load_verify_locations"),
    ("CERTIFICATE", "load_cert_chain"),
    ("DH PARAMETERS", "load_dh_params")])
def test_what_is_public_needs_no_pass_phrase(tmpdir, kind, load):
    """Loading an encrypted file without a private key must fail, and not
    prompt for a pass phrase at the terminal."""
    path = tmpdir.join("encrypted.pem")
    path.write(ENCRYPTED % (kind, kind))

    def call():
        with pytest.raises(ssl.SSLError):
            getattr(server_context(), load)(str(path))

    assert on_a_terminal(call) == b""


# Messages

@pytest.mark.backport_only("not every stock message ends so")
def test_messages_tell_the_place():
    """Each message must end in "(_ssl.c:NUMBER)", which programs search for.
    The number must be different for each place in the code."""
    def reads(pair):
        pair.client.read(1)

    def connects(pair):
        pair.client.unwrap()

    def loads(pair):
        server_context().load_dh_params(cert("junk.pem"))

    def decodes(pair):
        ssl._ssl._test_decode_cert(cert("junk.pem"))

    numbers = []
    for call in (reads, connects, loads, decodes):
        with BioPair() as pair:
            with pytest.raises(ssl.SSLError) as caught:
                call(pair)
        found = re.search(r"\(_ssl\.c:(\d+)\)$", str(caught.value))
        assert found, str(caught.value)
        numbers.append(found.group(1))
    assert len(set(numbers)) == len(numbers)


@pytest.mark.backport_only("stock messages do not name the file")
@pytest.mark.parametrize("load", [
    lambda path: server_context().load_cert_chain(path),
    lambda path: server_context().load_verify_locations(path),
    lambda path: server_context().load_dh_params(path)])
def test_messages_with_names_that_are_not_ascii(tmpdir, load):
    """str, unicode and logging must be able to format an error that names a
    file whose path is not ASCII."""
    path = os.path.join(str(tmpdir), native(u"k\xf6nig.pem"))
    with open(path, "w") as stream:
        stream.write("junk")
    with pytest.raises(ssl.SSLError) as caught:
        load(path)
    error = caught.value
    assert native(u"k\xf6nig.pem") in str(error)
    assert u"k\xf6nig.pem" in u"%s" % error
    assert u"k\xf6nig.pem" in u"%s" % error.strerror
    record = logging.LogRecord("ssl", 40, "", 1, u"\xe4: %s", (error,), None)
    assert u"k\xf6nig.pem" in logging.Formatter().format(record)
    again = pickle.loads(pickle.dumps(error, 2))
    assert u"%s" % again == u"%s" % error


@pytest.mark.parametrize("fail", [
    lambda name: server_context().set_ecdh_curve(name),
    lambda name: ssl._ssl.txt2obj(name)], ids=["curve", "object"])
@pytest.mark.parametrize("name", [u"k\xf6nig", native(u"k\xf6nig")])
def test_unknown_names_that_are_not_ascii(fail, name):
    with pytest.raises(ValueError) as caught:
        fail(name)
    assert u"%s" % caught.value == str(caught.value) != ""


@pytest.mark.backport_only("the text of a stock error is that of OSError")
@pytest.mark.parametrize("argument", [u"k\xf6nig", native(u"k\xf6nig")])
def test_errors_made_by_hand_of_text_that_is_not_ascii(argument):
    assert str(ssl.SSLError(argument)) == native(u"k\xf6nig")
    assert u"%s" % ssl.SSLError(1, argument) == u"k\xf6nig"
