"""Host names: which are accepted, sent, and matched with certificates."""

import gc
import ssl
import sys

import pytest

from helpers import (BioPair, SocketPair, client_context, native,
                     server_context)

KOENIG = u"k\xf6nig.example.test"
KOENIG_A = "xn--knig-5qa.example.test"
CHINESE = u"\u4e2d\u6587.example.test"
TOO_LONG = "a" * 64 + ".example.test"

MATCHES = [
    ("localhost.pem", "localhost"),
    ("localhost.pem", "LocalHost"),
    ("localhost.pem", u"localhost"),
    ("localhost.pem", "127.0.0.1"),
    ("localhost.pem", "::1"),
    ("localhost.pem", "0:0:0:0:0:0:0:1"),
    ("host-wildcard.pem", "www.example.test"),
    ("host-wildcard.pem", "WWW.EXAMPLE.TEST"),
    ("host-wildcard.pem", KOENIG_A),
    ("host-cn-only.pem", "localhost"),
    ("host-cn-and-san.pem", "other.example.test"),
    ("host-other.pem", "other.example.test"),
]
MISMATCHES = [
    ("localhost.pem", "other.example.test"),
    ("localhost.pem", "localhost.example.test"),
    ("localhost.pem", "xlocalhost"),
    ("localhost.pem", "127.0.0.2"),
    ("localhost.pem", "::2"),
    ("host-wildcard.pem", "example.test"),
    ("host-wildcard.pem", "a.b.example.test"),
    ("host-wildcard.pem", "localhost"),
    ("host-wildcard.pem", "192.0.2.1"),
    ("host-wildcard-inner.pem", "www.foo.example.test"),
    ("host-cn-and-san.pem", "localhost"),
    ("host-ip-as-dns.pem", "127.0.0.1"),
    ("host-cn-only.pem", "127.0.0.1"),
    ("host-idna.pem", "www.example.test"),
]


def connect(chain, name):
    return BioPair(server=server_context(chain=chain), server_hostname=name)


@pytest.mark.parametrize("chain, name", MATCHES)
def test_match(chain, name):
    connect(chain, name)


@pytest.mark.since(3, 7, "compares with the decoded name")
@pytest.mark.parametrize("name", [
    KOENIG_A, KOENIG, CHINESE, b"xn--knig-5qa.example.test"])
def test_bpo_28414_match_of_an_a_label(name):
    connect("host-idna.pem", name)


@pytest.mark.parametrize("chain, name", MISMATCHES)
def test_mismatch(chain, name):
    with pytest.raises(ssl.CertificateError):
        connect(chain, name)


@pytest.mark.parametrize("chain", ["host-nul-san.pem", "host-nul-cn.pem"])
@pytest.mark.parametrize("name", ["localhost", "evil.example.test"])
def test_cve_2013_4238_nul_in_certificate(chain, name):
    with pytest.raises(ssl.CertificateError):
        connect(chain, name)


def test_cve_2013_7440_wildcard_in_an_a_label():
    with pytest.raises(ssl.CertificateError):
        connect("host-wildcard-idna.pem", KOENIG_A)


@pytest.mark.since(3, 7, "accepts partial wildcards")
@pytest.mark.parametrize("name", ["foo.example.test", "f.example.test",
                                  "bar.example.test"])
def test_bpo_23033_partial_wildcard(name):
    with pytest.raises(ssl.CertificateError):
        connect("host-wildcard-partial.pem", name)


@pytest.mark.since(3, 7, "matches in Python, after the handshake")
@pytest.mark.parametrize("name, code", [
    ("other.example.test", 62), ("192.0.2.1", 64)])
def test_bpo_31399_mismatch_is_a_verification_error(pair_type, version, name,
                                                    code):
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        pair_type(version=version, server_hostname=name)
    assert caught.value.verify_code == code
    assert name in caught.value.verify_message
    assert name in str(caught.value)
    assert caught.value.reason == "CERTIFICATE_VERIFY_FAILED"


@pytest.mark.backport_only("stock treats the name as an address (bpo-41556)")
def test_gh_85728_name_that_begins_with_an_address():
    connect("host-ip-prefix.pem", "1.2.3.4.example.test")
    with pytest.raises(ssl.CertificateError):
        connect("host-ip-prefix.pem", "1.2.3.4")


def test_without_check_hostname_any_name_will_do(pair_type, version):
    client = client_context(version)
    client.check_hostname = False
    with pair_type(client, version=version,
                   server_hostname="other.example.test") as pair:
        assert pair.client.server_hostname == "other.example.test"
    with pair_type(client, version=version, server_hostname=None) as pair:
        assert pair.client.server_hostname is None


@pytest.mark.since(3, 10, "ignores the setting (bpo-43522)")
def test_bpo_43522_common_name_switched_off():
    client = client_context()
    assert client.hostname_checks_common_name is True
    server = server_context(chain="host-cn-only.pem")
    client.hostname_checks_common_name = False
    assert client.hostname_checks_common_name is False
    with pytest.raises(ssl.CertificateError):
        BioPair(client, server)
    client.hostname_checks_common_name = True
    BioPair(client, server)


# Names that are accepted

BAD_NAMES = [
    ".example.test", TOO_LONG, u"\xe9" * 64 + u".example.test", "a..b", "..",
    u"xn--\xe9.example.test", "b" * 300]


def wrap(context, name):
    return context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                            server_hostname=name)


def wrap_pair(context, name):
    with SocketPair(context, server_hostname=name):
        pass


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("make", [wrap, wrap_pair])
def test_bad_name(make, name, check):
    context = client_context()
    context.check_hostname = check
    with pytest.raises(ValueError):
        make(context, name)


@pytest.mark.parametrize("name", ["a\0b", u"a\0b", b"a\0b",
                                  "localhost\0.example.test"])
def test_cve_2018_8970_nul_in_name(name):
    with pytest.raises((ValueError, TypeError)):
        wrap(client_context(), name)


@pytest.mark.since(3, 7, "treats these names as no name")
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("name", ["", u"", b"", ".localhost"])
@pytest.mark.parametrize("make", [wrap, wrap_pair])
def test_rule_hosts(make, name, check):
    context = client_context()
    context.check_hostname = check
    with pytest.raises(ValueError):
        make(context, name)


# OpenSSL reads these as an address, other programs as another one or as a name
NEITHER = ["127.0.0.01", "0177.0.0.1", "08.0.0.1", "256.0.0.1", "999.0.0.1",
           "127.0.0.1 ", " 127.0.0.1", "127.0.0.1 x", "127.0.0.1\t",
           "127.0.0.1\n", "0177.0.0.1 ", "www .example.test"]
NUMBERS = "host-wildcard-number.pem"  # *.0.0.1, *.2.3 and *.example.test


@pytest.mark.backport_only("stock accepts what OpenSSL reads as an address")
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("name", NEITHER)
@pytest.mark.parametrize("make", [wrap, wrap_pair])
def test_neither_a_name_nor_an_address(make, name, check):
    context = client_context(roots=NUMBERS)
    context.check_hostname = check
    with pytest.raises(ValueError) as caught:
        make(context, name)
    assert not isinstance(caught.value, ssl.SSLError)


@pytest.mark.backport_only("stock accepts some of these names")
@pytest.mark.parametrize("name", NEITHER)
def test_match_hostname_has_the_same_rule(name):
    found = {"subjectAltName": (
        ("DNS", "*.0.0.1"), ("DNS", "*.2.3"), ("DNS", "*.example.test"),
        ("DNS", name), ("IP Address", "127.0.0.1"),
        ("IP Address", "177.0.0.1"))}
    with pytest.raises(ssl.CertificateError):
        ssl.match_hostname(found, name)
    del found["subjectAltName"]
    found["subject"] = ((("commonName", name),),)
    with pytest.raises(ssl.CertificateError):
        ssl.match_hostname(found, name)


@pytest.mark.parametrize("name, sent", [
    ("127.0.0.1", None), ("177.0.0.1", None), ("1.2.3", "1.2.3"),
    ("0x7f.0.0.1", "0x7f.0.0.1"), ("www.example.test", "www.example.test")])
def test_names_that_match_and_how_they_are_taken(name, sent):
    """As in Python 3.13, only four decimal numbers are an address."""
    seen = []
    server = server_context(chain=NUMBERS)
    server.set_servername_callback(lambda *arguments: seen.append(
        arguments[1]))
    client = client_context(roots=NUMBERS)
    with BioPair(client, server, server_hostname=name) as pair:
        assert seen == [sent]
        if hasattr(ssl, "match_hostname"):
            ssl.match_hostname(pair.client.getpeercert(), name)


@pytest.mark.parametrize("name", ["127.1", "2130706433", "[::1]", "::1%lo",
                                  "127.0.0.1.", "0177.0.0.1.", "127.0.0.0x1"])
def test_names_that_are_no_addresses(name):
    """OpenSSL 4.0 refuses some of them before the handshake."""
    client = client_context(roots=NUMBERS)
    with pytest.raises(ValueError):
        BioPair(client, server_context(chain=NUMBERS), server_hostname=name)


@pytest.mark.parametrize("name", [42, ["localhost"], object(), 1.5])
def test_name_of_wrong_type(name):
    with pytest.raises((TypeError, AttributeError)):
        wrap(client_context(), name)


@pytest.mark.cpython("has no sys.getrefcount()")
def test_bpo_30594_bad_names_do_not_touch_reference_counts():
    context = client_context()
    for name in BAD_NAMES + ["a\0b", 42]:
        before = sys.getrefcount(context)
        for _ in range(20):
            with pytest.raises((ValueError, TypeError, AttributeError)):
                wrap(context, name)
        gc.collect()
        assert sys.getrefcount(context) == before


@pytest.mark.cpython("has no sys.getrefcount()")
def test_bpo_27773_good_names_do_not_touch_reference_counts():
    context = client_context()
    wrap(context, "localhost")
    gc.collect()
    before = sys.getrefcount(context)
    for name in ("localhost", u"localhost", b"localhost", KOENIG,
                 "127.0.0.1"):
        for _ in range(20):
            wrap(context, name)
    gc.collect()
    assert sys.getrefcount(context) == before


@pytest.mark.since(3, 7, "returns the decoded name (bpo-28414)")
@pytest.mark.parametrize("name, expected", [
    (KOENIG, KOENIG_A), (KOENIG_A, KOENIG_A),
    (b"xn--knig-5qa.example.test", KOENIG_A),
    (CHINESE, "xn--fiq228c.example.test"), ("localhost", "localhost"),
    (u"localhost", "localhost"), ("127.0.0.1", "127.0.0.1"),
    ("::1", "::1"), ("LOCALHOST", "LOCALHOST")])
def test_bpo_28414_server_hostname_is_an_a_label(pair_type, name, expected):
    client = client_context()
    client.check_hostname = False
    with pair_type(client, server_hostname=name, handshake=False) as pair:
        found = pair.client.server_hostname
        if pair_type is BioPair:
            assert found == expected
            assert type(found) is str
        pair.handshake()
        assert pair.client.server_hostname == expected


@pytest.mark.python2("a str of 2.7 is bytes")
def test_native_name_is_not_ascii():
    """A str in UTF-8 is not a host name; such names must be unicode."""
    with pytest.raises(ValueError):
        wrap(client_context(), native(KOENIG))


# Names that are sent

@pytest.mark.parametrize("name, sent", [
    ("localhost", "localhost"), (u"localhost", "localhost"),
    ("127.0.0.1", None), ("::1", None), (None, None),
    ("0:0:0:0:0:0:0:1", None)])
def test_bpo_32185_server_name_indication(version, name, sent):
    seen = []
    client, server = client_context(version), server_context(version)
    client.check_hostname = False
    server.set_servername_callback(
        lambda sock, name, context: seen.append(name))
    with SocketPair(client, server, server_hostname=name):
        assert seen == [sent]


@pytest.mark.since(3, 7, "passes the decoded name to the callback")
def test_bpo_28414_callbacks_get_a_labels():
    seen = []
    server = server_context(chain="host-idna.pem")
    server.set_servername_callback(
        lambda sock, name, context: seen.append(name))
    with SocketPair(server=server, server_hostname=KOENIG):
        assert seen == [KOENIG_A]
    assert type(seen[0]) is str
