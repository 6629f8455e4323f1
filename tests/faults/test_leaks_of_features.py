"""Features that need several calls must not leak memory: loading from
objects, CA files, sessions, Encrypted Client Hello, hints, and the callbacks
that judge certificates and OCSP responses."""

import contextlib
import io
import os
import ssl
import sys

import pytest

import pkcs12
from helpers import (BioPair, cert, client_context, ech_list_of, read_cert,
                     server_context)
from leaks import (DER, ECH_KEYS, HAS_ECH, MARKS, PEM, TRY_LATER, assert_flat,
                   finish, must_fail, new_context)

pytestmark = MARKS


# Objects with read()

class Source(object):
    def __init__(self, contents):
        self.contents = contents

    def read(self):
        return self.contents


def load_objects(w):
    """Load text and bytes, each into a new context."""
    for text in PEM, read_cert("localhost-ec.pem"):
        for contents in text, bytearray(text.encode("ascii")):
            new_context(w).load_verify_locations(Source(contents))
    new_context(w).load_cert_chain(Source(text), Source(contents))


def fail_with_objects(w):
    """Fail because of the content, its type, read(), and the password."""
    locked = Source(read_cert("localhost-encrypted.pem"))
    for method in ("load_cert_chain", "load_pkcs12", "load_verify_locations"):
        for source in (Source(b"junk"), Source(None), object(),
                       Source(u"\ud800")):
            must_fail((ssl.SSLError, TypeError, ValueError),
                      getattr(w.client, method), source)
    for password in "wrong", lambda: None:
        must_fail((ssl.SSLError, TypeError), w.client.load_cert_chain,
                  locked, None, password)
    for contents in NO_USE:
        must_fail(ssl.SSLError, w.client.load_pkcs12, Source(contents))


# PKCS #12 files: without a key, without the key's certificate, with junk
# instead of this certificate
NO_USE = [pkcs12.store(*bags) for bags in (
    [pkcs12.certificate(pkcs12.LEAF)],
    [pkcs12.bag(pkcs12.KEY_BAG, pkcs12.KEY), pkcs12.certificate(DER)],
    [pkcs12.bag(pkcs12.KEY_BAG, pkcs12.KEY), pkcs12.certificate(b"junk")])]


@pytest.mark.parametrize("call", [load_objects, fail_with_objects])
def test_objects(call, world):
    assert_flat(lambda: call(world))


# CA files

@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize("end", ["", "\n", "-----\n", read_cert("crl.pem")])
def test_bundle_that_is_not_kept(world, tmpdir, end, asks):
    """The cache does not keep a file that has just changed.  The extension
    or OpenSSL reads the file at each load."""
    path = str(tmpdir.join("bundle.pem"))
    with open(path, "w") as stream:
        stream.write(read_cert("namesakes-with-ids.pem") + PEM + PEM + end)

    def load():
        os.utime(path, None)  # the file has just changed
        context = client_context(roots=None)
        context.load_verify_locations(path)
        if asks:
            BioPair(context, world.server)
            context.get_ca_certs(True)

    assert_flat(load)


def test_bad_bundle(tmpdir):
    """The last of its certificates is bad."""
    path = str(tmpdir.join("bundle.pem"))
    with open(path, "w") as stream:
        stream.write(PEM + PEM + read_cert("junk-der.pem"))

    def load():
        with pytest.raises(ssl.SSLError):
            client_context(roots=None).load_verify_locations(path)

    assert_flat(load)


# Sessions

def test_sessions_that_are_kept(world, pair_type, version):
    """client_sessions must not leak: sessions are resumed, not resumed,
    replaced by newer ones, and dropped with the connections and the
    context's store."""
    client = client_context(version)
    servers = [server_context(version), server_context(version)]
    client.client_sessions = 3

    def connect():
        for server in servers:
            for name in "localhost", "127.0.0.1":
                with pair_type(client, server, server_hostname=name) as pair:
                    finish(pair)
        with contextlib.closing(pair_type(client, servers[0],
                                          handshake=False)) as pair:
            if pair_type is BioPair:
                must_fail(ssl.SSLWantReadError, pair.client.do_handshake)

    def begin_anew():
        client.client_sessions = 3
        connect()

    assert_flat(connect)
    assert_flat(begin_anew)


def test_tickets_of_several_keys(world, version):
    keys = [b"a" * 80, b"b" * 80]
    client = client_context(version)

    def connect():
        server = server_context(version)
        server.ticket_keys = keys
        with BioPair(client, server) as pair:
            finish(pair)
            session = pair.client.session
        server.ticket_keys = keys[::-1]
        for _ in range(2):
            with BioPair(client, server, session=session) as pair:
                finish(pair)
            server.ticket_keys = ()

    assert_flat(connect)


def test_bytes_of_sessions(world, version):
    client, server = client_context(version), server_context(version)
    with BioPair(client, server) as pair:
        finish(pair)
        data = pair.client.session.to_bytes()
        wrong = [data[:100], data[:-1] + b"x", b"", b"x" * 1000]

    def load():
        client.session_from_bytes(client.session_from_bytes(data).to_bytes())
        for each in wrong:
            must_fail(ValueError, client.session_from_bytes, each)
        must_fail(ValueError, client_context(
            version, roots=None).session_from_bytes, data)
        must_fail(ValueError, pair.server.session.to_bytes)

    assert_flat(load)


# Encrypted Client Hello

@pytest.mark.skipif(not HAS_ECH, reason="needs OpenSSL 4.0")
@pytest.mark.parametrize("name", ["localhost", "other.example.test"])
def test_rejected_client_hello(pair_type, name):
    """The server does not have the client's ECH key.  Its certificate is for
    the public name, or for another name."""
    client, server = client_context(), server_context()
    server.load_ech_keys(io.BytesIO(ECH_KEYS.encode("ascii")))
    client.ech_config_list = ech_list_of(ssl.generate_ech_keys(name))

    def refuse():
        with pytest.raises(ssl.SSLError) as caught:
            pair_type(client, server)
        assert caught.value.hint

    assert_flat(refuse)


@pytest.mark.parametrize("chain", ["unknown.pem", "host-other.pem"])
def test_hint(pair_type, chain):
    client, server = client_context(), server_context(chain=chain)

    def refuse():
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            pair_type(client, server)
        assert caught.value.hint

    assert_flat(refuse)


# Known bugs of other ssl modules

def decode_all(world):
    for name in ("decode-san-kinds.pem", "decode-crl-points.pem",
                 "decode-aia.pem", "decode-multi-rdn.pem"):
        ssl._ssl._test_decode_cert(cert(name))


def test_bpo_13458_bpo_29738_bpo_25569_bpo_25578_gh_53706_decoding(world):
    assert_flat(lambda: decode_all(world))


def test_gh_116810_session(world, pair_type, version):
    """Each read of session returns a new object, which must be freed."""
    with pair_type(client_context(version), server_context(version)) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"  # after the tickets of TLS 1.3
        assert isinstance(pair.client.session, ssl.SSLSession)
        assert_flat(lambda: pair.client.session)


class Planned(Exception):
    """The error that a callback raises."""


def raise_planned(*arguments):
    raise Planned


@pytest.mark.parametrize("judge, error", [
    (lambda *arguments: True, None), (lambda *arguments: False, ssl.SSLError),
    (lambda *arguments: None, TypeError), (raise_planned, Planned)],
    ids=["accepts", "refuses", "says_nothing", "raises"])
@pytest.mark.parametrize("name", ["verify_callback", "ocsp_callback"])
def test_judges(world, version, name, judge, error):
    client, server = client_context(version), server_context(
        version, "localhost-ec.pem")
    server.ocsp_staple = TRY_LATER
    setattr(client, name, judge)

    def connect():
        if error is None:
            with BioPair(client, server) as pair:
                pair.client.ocsp_response()
        else:
            must_fail(error, BioPair, client, server)

    assert_flat(connect)


def test_judges_of_a_server(world):
    """An SNI callback sets another context.  The connection must use this
    context's verify_callback and ocsp_staple."""
    def go_over(connection, name, context):
        connection.context = other

    client, server = client_context(), server_context()
    client.load_cert_chain(cert("client.pem"))
    client.request_ocsp = True
    other = server_context(chain="localhost-ec.pem")
    other.load_verify_locations(cert("root.pem"))
    other.verify_mode = ssl.CERT_REQUIRED
    other.verify_callback = lambda *arguments: True
    other.ocsp_staple = TRY_LATER
    server.verify_callback = lambda *arguments: False
    server.sni_callback = go_over

    def connect():
        with BioPair(client, server) as pair:
            assert pair.client.ocsp_response() == TRY_LATER

    assert_flat(connect)


@pytest.mark.cpython("has no sys.getrefcount()")
@pytest.mark.skipif(sys.version_info >= (3, 12),
                    reason="this Python does not count references to None")
def test_gh_127761_none_is_counted(world):
    """A getter that returns None must return a new reference to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with BioPair(handshake=False) as pair:
        before = sys.getrefcount(None)
        for _ in range(1000):
            assert context.sni_callback is None
            assert pair.client.session is None
            assert pair.client.selected_alpn_protocol() is None
        assert abs(sys.getrefcount(None) - before) < 100
