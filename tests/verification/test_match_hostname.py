"""ssl.match_hostname(), which compares a name with a decoded certificate."""

import ssl

import pytest

pytestmark = pytest.mark.until(3, 12, "the function was removed")


def certificate(*names, **kwargs):
    """A certificate as returned by getpeercert().

    Arguments are its subjectAltName; common_name= is its subject.
    """
    found = {}
    if names:
        found["subjectAltName"] = names
    if "common_name" in kwargs:
        found["subject"] = ((("countryName", "DE"),),
                            (("commonName", kwargs["common_name"]),))
    return found


def dns(*names):
    return certificate(*[("DNS", name) for name in names])


def ip(*addresses):
    return certificate(*[("IP Address", address) for address in addresses])


NUL_NAME = "null.example.test\0example.test"
MATCHES = [
    (dns("example.test"), "example.test"),
    (dns("example.test"), "ExAmple.Test"),
    (dns("a.test", "b.test"), "b.test"),
    (dns("*.example.test"), "www.example.test"),
    (dns("*.example.test"), "xn--www.example.test"),
    (certificate(common_name="example.test"), "example.test"),
    (certificate(("email", "x@example.test"), common_name="example.test"),
     "example.test"),
    (ip("192.0.2.1"), "192.0.2.1"),
    (ip("2001:DB8:0:0:0:0:0:1\n"), "2001:db8::1"),
    (ip("2001:DB8:0:0:0:0:0:1"), "2001:db8::1"),
    (certificate(("DNS", "a.test"), ("IP Address", "192.0.2.1")),
     "192.0.2.1"),
    (certificate(("DNS", "a.test"), ("IP Address", "192.0.2.1")), "a.test"),
    (dns("xn--knig-5qa.example.test"), "xn--knig-5qa.example.test"),
]
MISMATCHES = [
    (dns("example.test"), "www.example.test"),
    (dns("example.test"), "xexample.test"),
    (dns("example.test"), ""),
    (dns("*.example.test"), "example.test"),
    (dns("*.example.test"), ".example.test"),
    (dns("*.example.test"), "a.b.example.test"),
    (dns("*"), "example.test"),
    (dns("*.*.test"), "www.example.test"),
    (dns("www.*.test"), "www.example.test"),
    (dns("xn--*.example.test"), "xn--knig-5qa.example.test"),
    (dns("other.test"), "192.0.2.1"),
    (certificate(("DNS", "other.test"), common_name="example.test"),
     "example.test"),
    (certificate(("URI", "http://example.test")), "example.test"),
    (certificate(common_name="other.test"), "example.test"),
    (certificate(common_name=NUL_NAME), "null.example.test"),
    (dns(NUL_NAME), "null.example.test"),
    (ip("192.0.2.1"), "192.0.2.2"),
    (ip("192.0.2.1"), "example.test"),
    (ip("192.0.2.1"), "192.0.2.1\0"),
    (ip("2001:DB8:0:0:0:0:0:1"), "2001:db8::2"),
    (dns("*.0.2.1"), "192.0.2.1"),
    (dns("127.0.0.1"), "127.0.0.1"),
    ({"subject": ()}, "example.test"),
]


@pytest.mark.parametrize("found, name", MATCHES)
def test_match(found, name):
    assert ssl.match_hostname(found, name) is None


@pytest.mark.parametrize("found, name", MISMATCHES)
def test_mismatch(found, name):
    with pytest.raises(ssl.CertificateError):
        ssl.match_hostname(found, name)


@pytest.mark.since(3, 7, "accepts partial wildcards")
@pytest.mark.parametrize("pattern, name", [
    ("f*.example.test", "foo.example.test"),
    ("*a.example.test", "aa.example.test"),
    ("f*o.example.test", "foo.example.test")])
def test_bpo_23033_partial_wildcard(pattern, name):
    with pytest.raises(ssl.CertificateError):
        ssl.match_hostname(dns(pattern), name)


@pytest.mark.parametrize("found", [None, {}])
def test_no_certificate(found):
    with pytest.raises(ValueError):
        ssl.match_hostname(found, "example.test")


@pytest.mark.parametrize("name", [
    "127.0.0.1 anything", "127.0.0.1;x", "127.0.0.1 ", "127.0.0.1\r",
    "127.0.0.1\n", " 127.0.0.1", "127.1", "127", "0x7f.0.0.1"])
def test_bpo_37463_text_after_an_address(name):
    with pytest.raises(ssl.CertificateError):
        ssl.match_hostname(ip("127.0.0.1"), name)


def test_cve_2013_2099_many_wildcards():
    """The time must not grow exponentially with the number of wildcards."""
    with pytest.raises(ssl.CertificateError):
        ssl.match_hostname(dns("a" * 30 + "*" * 30 + ".example.test"),
                           "a" * 60 + ".example.test")
    with pytest.raises(ssl.CertificateError):
        ssl.match_hostname(dns("*." * 60 + "test"), "a." * 60 + "other")


def test_message_names_both():
    with pytest.raises(ssl.CertificateError) as caught:
        ssl.match_hostname(dns("a.test", "b.test"), "example.test")
    for name in ("a.test", "b.test", "example.test"):
        assert name in str(caught.value)


def test_real_certificate(sockets):
    found = sockets.client.getpeercert()
    for name in ("localhost", "127.0.0.1", "::1"):
        ssl.match_hostname(found, name)
    with pytest.raises(ssl.CertificateError):
        ssl.match_hostname(found, "127.0.0.2")
