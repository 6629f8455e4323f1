"""RAND_*, object identifiers, verify paths, constants and enums."""

import os
import pickle
import ssl

import pytest

from helpers import cert, integer_types, text_type


# Random bytes

@pytest.mark.parametrize("size", [0, 1, 16, 10000])
def test_rand_bytes(size):
    data = ssl.RAND_bytes(size)
    assert type(data) is bytes
    assert len(data) == size


def test_rand_bytes_differ():
    assert len({ssl.RAND_bytes(16) for _ in range(50)}) == 50


@pytest.mark.until(3, 12, "the function was removed")
def test_rand_pseudo_bytes():
    data, strong = ssl.RAND_pseudo_bytes(16)
    assert type(data) is bytes and len(data) == 16
    assert strong is True


@pytest.mark.parametrize("size", [-1, -2 ** 31])
def test_rand_bytes_negative(size):
    with pytest.raises(ValueError):
        ssl.RAND_bytes(size)


@pytest.mark.parametrize("size", [2 ** 31, 2 ** 63, -2 ** 31 - 1])
def test_rand_bytes_beyond_a_c_int(size):
    with pytest.raises(OverflowError):
        ssl.RAND_bytes(size)


@pytest.mark.parametrize("size", [None, "16", 1.5])
def test_rand_bytes_of_wrong_type(size):
    with pytest.raises(TypeError):
        ssl.RAND_bytes(size)


def test_rand_status():
    assert ssl.RAND_status() in (True, False, 1, 0)
    assert ssl.RAND_status()


def test_rand_add():
    for data in ("text", u"text", b"text", bytearray(b"text")):
        ssl.RAND_add(data, 75.0)
    for arguments in ((), ("text",), (None, 1.0), (42, 1.0),
                      ("text", "much")):
        with pytest.raises(TypeError):
            ssl.RAND_add(*arguments)


# Object identifiers

SERVER_AUTH = (129, "serverAuth", "TLS Web Server Authentication",
               "1.3.6.1.5.5.7.3.1")


def test_txt2obj():
    for text in ("1.3.6.1.5.5.7.3.1", u"1.3.6.1.5.5.7.3.1"):
        assert ssl._ssl.txt2obj(text) == SERVER_AUTH
    for text in ("serverAuth", "TLS Web Server Authentication"):
        with pytest.raises(ValueError):
            ssl._ssl.txt2obj(text)
        assert ssl._ssl.txt2obj(text, name=True) == SERVER_AUTH
        assert ssl._ssl.txt2obj(text, True) == SERVER_AUTH
    assert [type(item) for item in SERVER_AUTH] == [
        type(item) for item in ssl._ssl.txt2obj("1.3.6.1.5.5.7.3.1")]


def test_txt2obj_unregistered():
    for text in ("1.2.3.4.5.6", "", "junk", u"\xe9"):
        with pytest.raises(ValueError):
            ssl._ssl.txt2obj(text)


def test_nid2obj():
    assert ssl._ssl.nid2obj(129) == SERVER_AUTH
    with pytest.raises(ValueError):
        ssl._ssl.nid2obj(-1)
    with pytest.raises(ValueError):
        ssl._ssl.nid2obj(10 ** 6)
    with pytest.raises(OverflowError):
        ssl._ssl.nid2obj(2 ** 31)
    with pytest.raises(TypeError):
        ssl._ssl.nid2obj("129")


def test_asn1object():
    found = ssl._ASN1Object("1.3.6.1.5.5.7.3.1")
    assert found == SERVER_AUTH
    assert (found.nid, found.shortname, found.longname,
            found.oid) == SERVER_AUTH
    assert ssl._ASN1Object.fromnid(129) == SERVER_AUTH
    assert ssl._ASN1Object.fromname("serverAuth") == SERVER_AUTH
    for make, value in ((ssl._ASN1Object, "serverAuth"),
                        (ssl._ASN1Object.fromname, "no such name"),
                        (ssl._ASN1Object.fromnid, 100000)):
        with pytest.raises(ValueError):
            make(value)


def test_purpose():
    assert ssl.Purpose.SERVER_AUTH == SERVER_AUTH
    assert ssl.Purpose.SERVER_AUTH.shortname == "serverAuth"
    assert ssl.Purpose.CLIENT_AUTH.oid == "1.3.6.1.5.5.7.3.2"
    assert isinstance(ssl.Purpose.CLIENT_AUTH, ssl._ASN1Object)


# Default verify paths

def test_default_verify_paths():
    paths = ssl.get_default_verify_paths()
    assert len(paths) == 6
    assert paths.openssl_cafile_env == "SSL_CERT_FILE"
    assert paths.openssl_capath_env == "SSL_CERT_DIR"
    assert os.path.isabs(paths.openssl_cafile)
    assert os.path.isabs(paths.openssl_capath)
    assert paths.cafile is None or os.path.isfile(paths.cafile)
    assert paths.capath is None or os.path.isdir(paths.capath)


def test_bpo_22449_verify_paths_of_the_environment(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", cert("root.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", cert("capath"))
    paths = ssl.get_default_verify_paths()
    assert paths.cafile == cert("root.pem")
    assert paths.capath == cert("capath")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_default_verify_paths()
    assert context.cert_store_stats()["x509_ca"] == 1
    monkeypatch.setenv("SSL_CERT_FILE", cert("missing.pem"))
    assert ssl.get_default_verify_paths().cafile is None


# Constants

def test_version_constants():
    version = ssl.OPENSSL_VERSION_NUMBER
    assert isinstance(version, integer_types)
    assert version >= 0x10101000
    info = ssl.OPENSSL_VERSION_INFO
    assert isinstance(info, tuple) and len(info) == 5
    assert info[0] == version >> 28
    assert type(ssl.OPENSSL_VERSION) is str
    assert "OpenSSL %d." % info[0] in ssl.OPENSSL_VERSION


@pytest.mark.parametrize("name", [
    "HAS_SNI", "HAS_ALPN", "HAS_ECDH", "HAS_TLSv1_3"])
def test_features(name):
    assert getattr(ssl, name) is True


ENUMS = {
    "_SSLMethod": "PROTOCOL_TLS", "Options": "OP_NO_TLSv1",
    "VerifyMode": "CERT_REQUIRED", "VerifyFlags": "VERIFY_X509_STRICT",
    "AlertDescription": "ALERT_DESCRIPTION_ACCESS_DENIED",
    "SSLErrorNumber": "SSL_ERROR_WANT_READ",
}


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_enums(name):
    kind, member = getattr(ssl, name), getattr(ssl, ENUMS[name])
    assert isinstance(member, kind)
    assert isinstance(member, integer_types)
    assert kind(int(member)) is member
    assert member.name == ENUMS[name]
    assert kind.__module__ == "ssl"


@pytest.mark.parametrize("name", sorted(ENUMS))
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_enums_pickle(name, protocol):
    member = getattr(ssl, ENUMS[name])
    assert pickle.loads(pickle.dumps(member, protocol)) is member


def test_flags_combine():
    flags = ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    assert isinstance(flags, ssl.Options)
    assert flags == int(ssl.OP_NO_TLSv1) | int(ssl.OP_NO_TLSv1_1)
    assert isinstance(flags & ~ssl.OP_NO_TLSv1, ssl.Options)
    assert flags & ~ssl.OP_NO_TLSv1 == ssl.OP_NO_TLSv1_1
    assert isinstance(ssl.Options(1 << 20 | 1 << 4), ssl.Options)


@pytest.mark.until(3, 12, "the function was removed")
def test_protocol_names():
    assert ssl.get_protocol_name(ssl.PROTOCOL_TLSv1) == "PROTOCOL_TLSv1"
    assert ssl.get_protocol_name(42) == "<unknown>"


def test_module_words():
    assert ssl.__name__ == "ssl"
    assert text_type(ssl.PEM_HEADER) == u"-----BEGIN CERTIFICATE-----"
