"""Certificates as dicts, from getpeercert() and _test_decode_cert()."""

import ssl

import pytest

from helpers import (FileError, SocketPair, cert, client_context, text_type,
                     read_cert, server_context)

COUNTRY = (("countryName", "DE"),)
ORGANIZATION = (("organizationName", "SSL Backport Tests"),)
ROOT = (COUNTRY, ORGANIZATION, (("commonName", "Backport Test Root"),))
DECODED = (COUNTRY, ORGANIZATION, (("commonName", "decoded"),))
LOCALHOST = (COUNTRY, ORGANIZATION, (("commonName", "localhost"),))
LONG_OID = "1.2." + ".".join(["127"] * 90)


def expected(serial, subject=DECODED, issuer=ROOT, **more):
    found = {"subject": subject, "issuer": issuer, "version": 3,
             "serialNumber": serial,
             "notBefore": "Jan  1 00:00:00 2018 GMT",
             "notAfter": "Dec 31 23:59:59 2099 GMT"}
    found.update(more)
    return found


# the text of the linked OpenSSL, which knows UPN since version 3.0
OTHER_NAME = ("UPN:user" if ssl.OPENSSL_VERSION_INFO >= (3,)
              else "<unsupported>")
NAME = u"K\xf6nig \u4e2d\u6587"
CERTIFICATES = {
    "localhost-cert.pem": expected("0A", LOCALHOST, subjectAltName=(
        ("DNS", "localhost"), ("IP Address", "127.0.0.1"),
        ("IP Address", "0:0:0:0:0:0:0:1"))),
    "root.pem": expected("01", ROOT),
    "decode-san-kinds.pem": expected("32", subjectAltName=(
        ("DNS", "www.example.test"), ("email", "user@example.test"),
        ("URI", "https://example.test/path"), ("IP Address", "192.0.2.1"),
        ("IP Address", "2001:DB8:0:0:0:FF00:42:8329"),
        ("DirName", (COUNTRY, ORGANIZATION,
                     (("commonName", "directory name"),))),
        ("Registered ID", "1.2.3.4.5"), ("othername", OTHER_NAME),
        ("X400Name", "<unsupported>"), ("EdiPartyName", "<unsupported>"))),
    "decode-nul.pem": expected(
        "33", (COUNTRY, ORGANIZATION,
               (("commonName", "null.example.test\0example.test"),)),
        subjectAltName=(
            ("DNS", "altnull.example.test\0example.test"),
            ("email", "null@example.test\0user@example.test"),
            ("URI", "http://null.example.test\0http://example.test"),
            ("IP Address", "192.0.2.1"),
            ("IP Address", "2001:DB8:0:0:0:0:0:1"))),
    "decode-crl-points-none.pem": expected("36"),
    "decode-aia.pem": expected(
        "37", OCSP=("http://ocsp.example.test",),
        caIssuers=("http://ca.example.test/root.cer",),
        crlDistributionPoints=("http://crl.example.test/1.crl",)),
    "decode-long-oid.pem": expected(
        "01", (((LONG_OID, "long"),),), (((LONG_OID, "long"),),)),
    "decode-multi-rdn.pem": expected("3A", (
        (("commonName", "decoded"),),
        (("organizationName", "one"), ("organizationalUnitName", "two"),
         ("localityName", "three")))),
    "decode-unicode.pem": expected("3B", (
        (("organizationName", NAME),), (("organizationalUnitName", NAME),),
        (("commonName", "decoded"),))),
    "decode-far-dates.pem": expected(
        "3C", notBefore="Feb  3 04:05:06 2039 GMT",
        notAfter="Nov 12 13:14:15 2150 GMT"),
    "decode-big-serial.pem": expected("4" + 36 * "0" + "1"),
}


def decode(name):
    return ssl._ssl._test_decode_cert(cert(name))


def leaves(value):
    """All values in a decoded certificate that are not containers."""
    if isinstance(value, dict):
        value = list(value.items())
    if not isinstance(value, (list, tuple)):
        return [value]
    return [leaf for item in value for leaf in leaves(item)]


@pytest.mark.parametrize("name", sorted(CERTIFICATES))
def test_decode(name):
    assert decode(name) == CERTIFICATES[name]


@pytest.mark.parametrize("name", sorted(CERTIFICATES))
def test_all_is_native_text(name):
    """All text is str, except names that are not ASCII."""
    kinds = {type(leaf) for leaf in leaves(decode(name)) if leaf != NAME}
    assert kinds == {str, int}


def decode_changed(tmpdir, name, old, new):
    """Decode a certificate after replacing bytes by as many others."""
    with open(cert(name)) as stream:
        der = ssl.PEM_cert_to_DER_cert(stream.read())
    assert der.count(old) == 1 and len(old) == len(new)
    path = str(tmpdir.join("changed.pem"))
    with open(path, "w") as stream:
        stream.write(ssl.DER_cert_to_PEM_cert(der.replace(old, new)))
    return ssl._ssl._test_decode_cert(path)


def assert_is_unicode(text):
    """Programs for 2.7 catch UnicodeEncodeError and format the text."""
    assert isinstance(text, text_type)
    assert "%s" % text == text
    with pytest.raises(UnicodeEncodeError):
        text.encode("ascii")


@pytest.mark.python2("only 2.7 has two types of text")
def test_name_that_is_not_ascii_is_unicode(tmpdir):
    for (_, organization), in decode("decode-unicode.pem")["subject"][:2]:
        assert_is_unicode(organization)
    names = decode_changed(tmpdir, "decode-san-kinds.pem", b"directory name",
                           b"directory kk\xc3\xb6")["subjectAltName"]
    directory = dict(names)["DirName"]
    assert_is_unicode(directory[-1][0][1])


@pytest.mark.python2("only 2.7 has two types of text")
@pytest.mark.parametrize("old, new, field", [
    (b"//ocsp.example", b"//oc\xc3\xb6.example", "OCSP"),
    (b"//ca.example", b"//\xc3\xb6.example", "caIssuers"),
    (b"//crl.example", b"//c\xc3\xb6.example", "crlDistributionPoints")],
    ids=["OCSP", "caIssuers", "crlDistributionPoints"])
def test_address_that_is_not_ascii_is_unicode(tmpdir, old, new, field):
    address, = decode_changed(tmpdir, "decode-aia.pem", old, new)[field]
    assert_is_unicode(address)
    assert new.decode("utf-8") in address


@pytest.mark.python2("only 2.7 has two types of text")
@pytest.mark.parametrize("kind, old", [
    ("DNS", b"www.example.test"), ("email", b"user@example.test"),
    ("URI", b"https://example.test/path")], ids=["DNS", "email", "URI"])
@pytest.mark.parametrize("first", [b"\xc3\xb6", b"\xff\xfe"], ids=[
    "UTF-8", "junk"])
def test_alternative_name_that_is_not_ascii_is_bytes(tmpdir, kind, old,
                                                     first):
    """RFC 5280 allows only ASCII in these names.  Other bytes are returned
    unchanged."""
    new = first + old[2:]
    names = decode_changed(tmpdir, "decode-san-kinds.pem", old, new)
    assert (kind, new) in names["subjectAltName"]
    assert (kind, old) not in names["subjectAltName"]


def test_cve_2019_5010_crl_point_without_name_or_uri():
    points = decode("decode-crl-points.pem")["crlDistributionPoints"]
    assert points[-1] == "http://crl.example.test/list.crl"
    assert set(points[:-1]) <= {""}


@pytest.mark.parametrize("text", ["invalid"])
def test_bpo_38820_addresses_of_bad_length(text):
    names = decode("decode-bad-ip.pem")["subjectAltName"]
    assert len(names) == 5
    for kind, value in names:
        assert kind == "IP Address"
        assert text in value


@pytest.mark.since(3, 11, "raises SSLError")
def test_bpo_46232_bit_string_in_a_name():
    assert decode("decode-bit-string.pem")["subject"] == (
        (("x500UniqueIdentifier", b"\x01\x02"),),
        (("commonName", "decoded"),))


@pytest.mark.since(3, 10, "returns an empty tuple of names")
def test_extensions_that_are_junk_are_left_out():
    assert decode("decode-junk-extensions.pem") == expected("3D")


def test_decode_path_types():
    path = cert("localhost-cert.pem")
    assert ssl._ssl._test_decode_cert(path.encode("ascii")) == decode(path)


@pytest.mark.parametrize("name", [
    "empty.pem", "junk.pem", "junk-base64.pem", "junk-der.pem",
    "localhost-key.pem"])
def test_decode_junk(name):
    with pytest.raises(ssl.SSLError):
        decode(name)


def test_decode_missing_file():
    with pytest.raises(FileError):
        decode("missing.pem")


@pytest.mark.backport_only("stock does not name the file")
def test_decode_missing_file_is_named():
    with pytest.raises(FileError) as caught:
        decode("missing.pem")
    assert cert("missing.pem") in str(caught.value)


def test_decode_arguments_of_wrong_type():
    for arguments in ((), (None,), (42,)):
        with pytest.raises(TypeError):
            ssl._ssl._test_decode_cert(*arguments)


# getpeercert()

def test_peer_certificate(pair):
    assert pair.client.getpeercert() == CERTIFICATES["localhost-cert.pem"]
    assert pair.server.getpeercert() is None


def test_peer_certificate_as_der(pair):
    der = ssl.PEM_cert_to_DER_cert(read_cert("localhost-cert.pem"))
    assert pair.client.getpeercert(True) == der
    assert pair.client.getpeercert(binary_form=True) == der
    assert pair.server.getpeercert(True) is None


@pytest.mark.parametrize("value", [0, False, "", None])
def test_peer_certificate_takes_truth(pair, value):
    assert isinstance(pair.client.getpeercert(value), dict)
    assert isinstance(pair.client.getpeercert(not value), bytes)


def test_unverified_peer_certificate(version):
    client = client_context(version)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    with SocketPair(client, server_context(version)) as pair:
        assert pair.client.getpeercert() == {}
        assert pair.client.getpeercert(True)
