"""SSLContext.load_cert_chain() and passwords, DH parameters and curves."""

import errno
import ssl

import pytest

from helpers import (PASSWORD, FileError, SocketPair, assert_serves, cert,
                     client_context, limit_version, read_cert, server_context,
                     text_type)

CERTS = cert("localhost-cert.pem")
KEY = cert("localhost-key.pem")
ENCRYPTED_KEYS = ["localhost-key-encrypted.pem",
                  "localhost-key-encrypted-old.pem"]


@pytest.fixture
def context():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


# Files that load

def test_one_file(context):
    context.load_cert_chain(cert("localhost.pem"))
    assert_serves(context)


def test_two_files(context):
    context.load_cert_chain(CERTS, KEY)
    assert_serves(context)


def test_keywords(context):
    context.load_cert_chain(certfile=CERTS, keyfile=KEY, password=None)
    assert_serves(context)


@pytest.mark.parametrize("convert", [
    lambda path: path.encode("ascii"),
    lambda path: text_type(path)], ids=["bytes", "unicode"])
def test_path_types(context, convert):
    context.load_cert_chain(convert(CERTS), convert(KEY))
    assert_serves(context)


@pytest.mark.python3("2.7 has no os.PathLike")
def test_path_object(context, tmp_path):
    import pathlib
    context.load_cert_chain(pathlib.Path(CERTS), pathlib.Path(KEY))
    assert_serves(context)


def test_path_that_is_not_ascii(context, tmpdir):
    path = tmpdir.join(u"k\xf6nig.pem")
    with open(cert("localhost.pem"), "rb") as stream:
        path.write_binary(stream.read())
    context.load_cert_chain(text_type(path))
    assert_serves(context)


def test_chain_is_sent(context):
    context.load_cert_chain(cert("chain.pem"))
    assert_serves(context)
    incomplete = server_context(chain="chain-incomplete.pem")
    with pytest.raises(ssl.SSLError):
        SocketPair(server=incomplete)


def test_chain_is_completed_from_the_trust_store(context):
    context.load_cert_chain(cert("chain-incomplete.pem"))
    context.load_verify_locations(cert("intermediate.pem"))
    assert_serves(context)


def test_loading_again_replaces(context):
    context.load_cert_chain(cert("unknown.pem"))
    context.load_cert_chain(cert("localhost-ec.pem"))
    assert_serves(context)


def test_rsa_and_ec_side_by_side():
    """The server sends each client the certificate that fits the client's
    ciphers."""
    server = server_context("TLSv1.2")
    server.load_cert_chain(cert("localhost-ec.pem"))
    serials = []
    for auth in ("RSA", "ECDSA"):
        client = client_context("TLSv1.2")
        client.set_ciphers("ECDHE-%s-AES128-GCM-SHA256" % auth)
        with SocketPair(client, server) as pair:
            serials.append(pair.client.getpeercert()["serialNumber"])
    assert serials == ["0A", "0B"]


# Passwords

class Secret(object):
    """A callable that counts its calls; method() is a bound method."""

    def __init__(self, value=PASSWORD):
        self.value = value
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if isinstance(self.value, Exception):
            raise self.value
        return self.value

    def method(self):
        return self()


@pytest.mark.parametrize("key", ENCRYPTED_KEYS)
@pytest.mark.parametrize("password", [
    PASSWORD, text_type(PASSWORD), PASSWORD.encode(),
    bytearray(PASSWORD.encode())])
def test_password(context, key, password):
    context.load_cert_chain(CERTS, cert(key), password)
    context.load_cert_chain(CERTS, cert(key), lambda: password)
    assert_serves(context)


def test_password_in_one_file(context):
    context.load_cert_chain(cert("localhost-encrypted.pem"),
                            password=PASSWORD)
    assert_serves(context)


def test_password_callables(context):
    secret = Secret()
    for password in (secret, secret.method, lambda: PASSWORD):
        context.load_cert_chain(CERTS, cert(ENCRYPTED_KEYS[0]), password)
    assert secret.calls == 2
    assert_serves(context)


@pytest.mark.parametrize("key", ENCRYPTED_KEYS)
@pytest.mark.parametrize("password", ["wrong", "", lambda: "wrong"])
def test_wrong_password(context, key, password):
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(CERTS, cert(key), password)
    context.load_cert_chain(CERTS, KEY)
    assert_serves(context)


@pytest.mark.since(3, 8, "raises SystemError with OpenSSL 3")
@pytest.mark.parametrize("convert", [
    str, str.encode, bytearray, lambda text: (lambda: text)],
    ids=["str", "bytes", "bytearray", "callable"])
def test_pyca_cryptography_1235_password_too_long(context, convert):
    text = "a" * 102400
    password = convert(text.encode() if convert is bytearray else text)
    with pytest.raises(ValueError):
        context.load_cert_chain(CERTS, cert(ENCRYPTED_KEYS[0]), password)


def test_longest_password(context):
    """A wrong password of the maximum length is an SSLError, not a
    ValueError."""
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(CERTS, cert(ENCRYPTED_KEYS[0]), "a" * 1024)


@pytest.mark.parametrize("password", [42, ["a"], object()])
def test_password_of_wrong_type(context, password):
    with pytest.raises(TypeError):
        context.load_cert_chain(CERTS, cert(ENCRYPTED_KEYS[0]), password)


@pytest.mark.since(3, 8, "raises SystemError with OpenSSL 3")
@pytest.mark.parametrize("value", [None, 42, object()])
def test_password_callable_of_wrong_type(context, value):
    with pytest.raises(TypeError):
        context.load_cert_chain(CERTS, cert(ENCRYPTED_KEYS[0]),
                                lambda: value)


@pytest.mark.parametrize("key", ENCRYPTED_KEYS)
@pytest.mark.since(3, 8, "calls the function twice with OpenSSL 3")
def test_bpo_43789_password_callable_that_raises(context, key):
    secret = Secret(KeyError("no such secret"))
    with pytest.raises(KeyError):
        context.load_cert_chain(CERTS, cert(key), secret)
    assert secret.calls == 1


def test_urllib3_5255_unneeded_password(context):
    secret = Secret()
    context.load_cert_chain(CERTS, KEY, secret)
    assert secret.calls == 0
    context.load_cert_chain(CERTS, KEY, password="not needed")
    assert_serves(context)


# Files that do not load

@pytest.mark.parametrize("certfile, keyfile", [
    ("missing.pem", None), ("missing.pem", "localhost-key.pem"),
    ("localhost-cert.pem", "missing.pem")])
def test_missing_file(context, certfile, keyfile):
    with pytest.raises(FileError) as caught:
        context.load_cert_chain(cert(certfile), keyfile and cert(keyfile))
    assert caught.value.errno == errno.ENOENT
    assert not isinstance(caught.value, ssl.SSLError)


@pytest.mark.backport_only("stock does not name the file")
@pytest.mark.parametrize("certfile, keyfile, missing", [
    ("missing.pem", None, 0), ("missing.pem", "localhost-key.pem", 0),
    ("localhost-cert.pem", "missing.pem", 1)])
def test_missing_file_is_named(context, certfile, keyfile, missing):
    paths = [cert(certfile), keyfile and cert(keyfile)]
    with pytest.raises(FileError) as caught:
        context.load_cert_chain(*paths)
    assert caught.value.filename == paths[missing]


@pytest.mark.parametrize("name", [
    "empty.pem", "junk.pem", "junk-base64.pem", "junk-der.pem",
    "comments.pem", "localhost-key.pem", "crl.pem"])
def test_no_certificate_in_file(context, name):
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(cert(name), KEY)


@pytest.mark.parametrize("name", [
    "empty.pem", "junk.pem", "junk-key.pem", "localhost-cert.pem"])
def test_no_key_in_file(context, name):
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(CERTS, cert(name))


@pytest.mark.backport_only("stock does not name the file")
@pytest.mark.parametrize("certfile, keyfile, named", [
    ("junk.pem", "localhost-key.pem", "junk.pem"),
    ("localhost-cert.pem", "junk-key.pem", "junk-key.pem"),
    ("localhost-cert.pem", "localhost-key-encrypted.pem",
     "localhost-key-encrypted.pem")])
def test_file_at_fault_is_named(context, certfile, keyfile, named):
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(cert(certfile), cert(keyfile), "wrong")
    assert cert(named) in str(caught.value)


def test_certificate_without_key(context):
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(CERTS)
    assert caught.value.library in ("SSL", "PEM")


def test_folder(context):
    with pytest.raises(EnvironmentError):
        context.load_cert_chain(cert("capath"))


def test_key_of_other_kind(context):
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(CERTS, cert("other-key.pem"))
    # this error may come from one of two libraries of OpenSSL
    assert type(caught.value) is ssl.SSLError
    assert caught.value.library in ("SSL", "X509")


def test_key_that_does_not_fit(context):
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(cert("localhost-ec.pem"),
                                cert("other-key.pem"))
    assert caught.value.library == "X509"
    assert caught.value.reason == "KEY_VALUES_MISMATCH"


@pytest.mark.parametrize("arguments", [
    (None,), (42,), (CERTS, 42), (), (["localhost.pem"],)])
def test_arguments_of_wrong_type(context, arguments):
    with pytest.raises(TypeError):
        context.load_cert_chain(*arguments)


def test_key_alone(context):
    with pytest.raises(TypeError):
        context.load_cert_chain(keyfile=KEY)


@pytest.mark.parametrize("path", ["a\0b", b"a\0b"])
def test_nul_in_path(context, path):
    with pytest.raises((ValueError, TypeError)):
        context.load_cert_chain(path)


@pytest.mark.since(3, 8, "replaces the exception")
@pytest.mark.python3("2.7 has no os.PathLike")
def test_bpo_36583_path_object_that_raises(context):
    class Path(object):
        def __fspath__(self):
            raise KeyError("no path")

    with pytest.raises(KeyError):
        context.load_cert_chain(Path())
    with pytest.raises(KeyError):
        context.load_verify_locations(Path())


def test_context_survives_failures(context):
    context.load_cert_chain(CERTS, KEY)
    for name in ("missing.pem", "junk.pem", "localhost-key.pem"):
        with pytest.raises(EnvironmentError):
            context.load_cert_chain(cert(name))
    assert_serves(context)


# Diffie-Hellman

def test_dh(version):
    server = server_context("TLSv1.2")
    server.load_dh_params(cert("dh2048.pem"))
    server.set_ciphers("DHE-RSA-AES128-GCM-SHA256")
    with SocketPair(server=server) as pair:
        assert pair.client.cipher()[0] == "DHE-RSA-AES128-GCM-SHA256"


def test_dh_path_types(context):
    context.load_dh_params(text_type(cert("dh2048.pem")))
    context.load_dh_params(cert("dh2048.pem").encode("ascii"))


def test_bpo_41235_dh_missing_file(context):
    with pytest.raises(FileError) as caught:
        context.load_dh_params(cert("missing.pem"))
    assert caught.value.errno == errno.ENOENT
    assert caught.value.filename == cert("missing.pem")


@pytest.mark.parametrize("name", [
    "dh-junk.pem", "empty.pem", "junk.pem", "localhost-cert.pem"])
def test_bpo_41235_dh_junk(context, name):
    with pytest.raises(ssl.SSLError):
        context.load_dh_params(cert(name))


def test_dh_arguments_of_wrong_type(context):
    for arguments in ((), (None,), (42,)):
        with pytest.raises(TypeError):
            context.load_dh_params(*arguments)


# Elliptic curves

@pytest.mark.parametrize("convert", [
    str, text_type, lambda name: name.encode("ascii")])
def test_curve(context, convert, version):
    limit_version(context, version)
    context.load_cert_chain(CERTS, KEY)
    context.set_ecdh_curve(convert("secp384r1"))
    assert_serves(context)


def test_no_such_curve(context):
    for name in ("no-such-curve", b"no-such-curve"):
        with pytest.raises(ValueError):
            context.set_ecdh_curve(name)


@pytest.mark.backport_only("stock reads the name as a path")
def test_curve_is_a_name(context):
    class Path(object):
        def __fspath__(self):
            return "secp384r1"

    with pytest.raises(TypeError):
        context.set_ecdh_curve(Path())
    for name in (u"secp384r1\0", b"secp384r1\0", u"secp384r\u0131",
                 b"secp384r1\xff", ""):
        with pytest.raises(ValueError):
            context.set_ecdh_curve(name)


def test_curve_of_wrong_type(context):
    for arguments in ((), (None,), (42,)):
        with pytest.raises(TypeError):
            context.set_ecdh_curve(*arguments)


def test_bpo_29697_curves_are_not_pinned():
    """A server without a set curve connects with a client that offers only
    secp521r1."""
    server = server_context("TLSv1.2", chain="localhost.pem")
    client = client_context("TLSv1.2")
    client.set_ecdh_curve("secp521r1")
    with SocketPair(client, server) as pair:
        assert pair.client.cipher()[0].startswith("ECDHE-")


@pytest.mark.backport_only("stock clients ignore set_ecdh_curve()")
def test_curves_that_do_not_meet():
    server, client = server_context("TLSv1.3"), client_context("TLSv1.3")
    server.set_ecdh_curve("secp384r1")
    client.set_ecdh_curve("secp521r1")
    with pytest.raises(ssl.SSLError):
        SocketPair(client, server)


# Unusual files and arguments, handled as in stock

def write_pem(path, text):
    with open(str(path), "w") as stream:
        stream.write(text)
    return str(path)


def test_truncated_chain(context, tmpdir):
    path = write_pem(tmpdir.join("cut.pem"), read_cert("localhost-cert.pem")
                     + read_cert("root.pem")[:600])
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(path, KEY)
    assert caught.value.library == "PEM"
    assert caught.value.reason == "BAD_END_LINE"


@pytest.mark.since(3, 7, "does not know the reason")
def test_own_certificate_with_an_extension_that_cannot_be_decoded(
        context, tmpdir):
    der = ssl.PEM_cert_to_DER_cert(read_cert("localhost-cert.pem"))
    mark = b"\x06\x03\x55\x1d\x11\x04"    # subjectAltName, OCTET STRING
    assert der.count(mark) == 1
    start = der.index(mark) + len(mark) + 1
    assert der[start:start + 1] == b"\x30"
    damaged = der[:start] + b"\x05" + der[start + 1:]
    path = write_pem(tmpdir.join("bad.pem"), ssl.DER_cert_to_PEM_cert(damaged))
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(path, KEY)
    if ssl.OPENSSL_VERSION_INFO >= (3,):  # 1.1.1 gives the decoder's reason
        assert caught.value.reason == "INVALID_CERTIFICATE"
    context.load_cert_chain(CERTS, KEY)
    assert_serves(context)


@pytest.mark.parametrize("password", [
    "a" * 5000, bytearray(5000), lambda: "a" * 5000])
def test_long_password_that_is_not_needed(context, password):
    context.load_cert_chain(CERTS, KEY, password)
    assert_serves(context)


def test_dh_of_x942(tmpdir):
    path = write_pem(tmpdir.join("dhx.pem"), X942)
    server = server_context("TLSv1.2")
    server.load_dh_params(path)
    server.set_ciphers("DHE-RSA-AES128-GCM-SHA256")
    with SocketPair(server=server) as pair:
        assert pair.client.cipher()[0] == "DHE-RSA-AES128-GCM-SHA256"


X942 = """-----BEGIN X9.42 DH PARAMETERS-----
MIICKAKCAQEAyTra0ZM7kFcTmMLZECZ3TW0DCPpWtrXQ76s6/e0JMiIZHowTeZaF
zwGWdTtEBjZscZM7iMpuCjv71y+qte99XlEDdBXRcirZCT56ua/SQh1Oq/s0+tpt
igr2UR/mURGB60tC0p0JH2i7CWvNwKgsMu3WChLHVSPRRbD5/DLVolcZr0uQlu3h
ZQWEjdQO1Haql4wnU89JMtnITheFlYs0hwQ78Gp2q2aJ0HBaW2/+VBdmVv8d/8hn
jfPfVgJ8+5osTMtVhutgvGQrQtySdmzt3E6ZQIb6/3vV/o/ypqk3sf02jk3W56Qt
Z7b/USzlETfUInI/Bjch5RH/M/eGXJOz7wKCAQAziTfb+cX1QSRzVa+QI3lcjKvx
qTsnFD/tFIsNWoOXkiwdBM+890ByVk949JDqKJNIqcHNg1OUEtXIpBZZIL2zx87n
ligSRRenN9+eJjOnn9dhQ9kbb1ye2r94pGDJ/l+H2hjM0YQ6ho7HGZ3T1JYp16ul
Z9KS+H+/3QTNbmwiMY6v8jMdZQOJebhaYwlsnnj79Z0cmRIlFhE8gEhXFY32tcuQ
VizLC96qcGKl2MqukBpxW/SqvL62hBCxRtcFpouDDDgxdgynEa9iZywSsdbn/8y/
dybS5kIbl9aEQ0tuH1W0ncrd21GNxMlWwTHBTvlEIPbIc9gpQzZXx+PYBD3uAh0A
jkDxQkU0U5LkQSbsgzCb9nmzHVgAt5beC6qiew==
-----END X9.42 DH PARAMETERS-----
"""
