"""The enumerations and flags of ssl, and Purpose, as in Python 3.6.

On 2.7 the backport has its own enumerations.  The `enum` of later Pythons
shows some members differently; tests of such texts are only for 2.7.
"""

import copy
import json
import pickle
import ssl
import sys

import pytest

from helpers import integer_types

ENUMERATIONS = [ssl._SSLMethod, ssl.Options, ssl.AlertDescription,
                ssl.SSLErrorNumber, ssl.VerifyFlags, ssl.VerifyMode,
                ssl.TLSVersion, ssl._TLSContentType, ssl._TLSMessageType,
                ssl._TLSAlertType]
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
TWO = ssl.VERIFY_X509_STRICT | ssl.VERIFY_CRL_CHECK_LEAF
UNNAMED = 1 << 20  # no VERIFY_* constant has this bit
# with 32 bits, some options are too large for 2.7's int, and all are long
INTS_ARE_LARGE = sys.maxsize > 2 ** 32


def members():
    return [member for enumeration in ENUMERATIONS for member in enumeration]


# Enumerations

@pytest.mark.parametrize("enumeration", ENUMERATIONS)
def test_members_are_found(enumeration):
    assert len(enumeration) == len(list(enumeration)) > 0
    for member in enumeration:
        assert enumeration(member.value) is member
        assert enumeration(int(member)) is member
        assert enumeration[member.name] is member
        assert getattr(enumeration, member.name) is member
        assert enumeration.__members__[member.name] is member
        assert member in enumeration
        assert isinstance(member, enumeration)


def test_order_is_that_of_the_values():
    assert list(ssl.VerifyMode) == [0, 1, 2]
    assert list(reversed(ssl.VerifyMode)) == [2, 1, 0]
    assert list(ssl.VerifyMode.__members__) == [
        "CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED"]


def test_unknown_value_and_name():
    with pytest.raises(ValueError):
        ssl.VerifyMode(99)
    with pytest.raises(ValueError):
        ssl.VerifyMode("CERT_NONE")
    with pytest.raises(ValueError):
        ssl.VerifyMode([])
    with pytest.raises(KeyError):
        ssl.VerifyMode["CERT_MAYBE"]


def test_alias_is_the_first_name():
    assert ssl.PROTOCOL_SSLv23 is ssl.PROTOCOL_TLS
    assert ssl.PROTOCOL_TLS.name == "PROTOCOL_TLS"
    # both have the value 0, since OpenSSL ignores them
    assert ssl.OP_SINGLE_ECDH_USE is ssl.OP_NO_SSLv2
    assert ssl.Options.__members__["OP_SINGLE_DH_USE"] is ssl.OP_NO_SSLv2


def test_tls_versions():
    assert [version.name for version in ssl.TLSVersion] == [
        "MINIMUM_SUPPORTED", "SSLv3", "TLSv1", "TLSv1_1", "TLSv1_2",
        "TLSv1_3", "MAXIMUM_SUPPORTED"]


def test_members_are_ints():
    for member in members():
        kind = int if INTS_ARE_LARGE else integer_types
        assert isinstance(member, kind) and isinstance(member.value, kind)
        assert member == member.value == int(member)
        assert hash(member) == hash(member.value)
        assert type(int(member)) in integer_types
        assert "%d" % member == str(member.value)
        assert "{}".format(member) == str(member.value)
        assert "{:4d}".format(member) == "%4d" % member.value
        assert bool(member) is bool(member.value)
    assert ssl.CERT_NONE < ssl.CERT_OPTIONAL < ssl.CERT_REQUIRED
    assert type(ssl.CERT_REQUIRED + 1) is int
    assert {2: "two"}[ssl.CERT_REQUIRED] == "two"


def test_repr():
    assert repr(ssl.CERT_NONE) == "<VerifyMode.CERT_NONE: 0>"
    assert repr(ssl.VERIFY_DEFAULT) == "<VerifyFlags.VERIFY_DEFAULT: 0>"
    assert repr(ssl.VerifyMode) == "<enum 'VerifyMode'>"


@pytest.mark.python2("Python 3.6 to 3.10 show the name")
def test_text_of_a_number():
    """In 2.7's own ssl these names are plain ints, which programs write into
    files and messages."""
    for member in members() + [TWO]:
        assert str(member) == "%s" % member == "%d" % member.value
        assert u"%s" % member == u"%d" % member.value


def test_json():
    for member in members() + [TWO]:
        number = "%d" % member
        assert json.dumps([member]) == "[%s]" % number
        assert json.dumps({member: 1}) == '{"%s": 1}' % number


@pytest.mark.python2("Python 3 has one type of integers")
def test_values_too_large_for_an_int():
    large = sys.maxint + 1
    flag = ssl.Options(large)
    assert flag == large
    assert ssl.OP_NO_TICKET | large == large + ssl.OP_NO_TICKET
    assert ssl.VerifyFlags(-large - 1) == -large - 1

    from _ssl_backport._enum import IntFlag
    bits = IntFlag("Bits", [("SMALL", 1), ("LARGE", large)],
                   module=__name__)
    assert list(bits) == [1, large]
    both = bits.SMALL | bits.LARGE
    assert type(both) is bits and both == large + 1
    assert bits.LARGE in both and ~both & bits.SMALL == 0
    assert repr(bits.LARGE) == "<Bits.LARGE: %d>" % large
    assert repr(both) == "<Bits.LARGE|SMALL: %d>" % (large + 1)
    assert json.dumps([both]) == "[%d]" % (large + 1)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pickle(protocol):
    for member in members() + list(ssl.Purpose) + [TWO]:
        again = pickle.loads(pickle.dumps(member, protocol))
        assert again is member
    for enumeration in ENUMERATIONS + [ssl.Purpose]:
        pickled = pickle.dumps(enumeration, protocol)
        assert pickle.loads(pickled) is enumeration


def test_copy():
    for member in members() + list(ssl.Purpose) + [TWO]:
        assert copy.copy(member) is member
        assert copy.deepcopy(member) is member


# Flags

def test_operators_keep_the_class():
    for flag in (TWO, ssl.VERIFY_X509_STRICT | UNNAMED,
                 UNNAMED | ssl.VERIFY_X509_STRICT, TWO & TWO, TWO & 4,
                 4 & TWO, TWO ^ 4, 4 ^ TWO, ~TWO):
        assert type(flag) is ssl.VerifyFlags
    assert TWO == 36
    assert TWO & ssl.VERIFY_X509_STRICT is ssl.VERIFY_X509_STRICT
    assert TWO ^ ssl.VERIFY_X509_STRICT is ssl.VERIFY_CRL_CHECK_LEAF
    assert TWO & ~ssl.VERIFY_X509_STRICT is ssl.VERIFY_CRL_CHECK_LEAF
    assert TWO & UNNAMED is ssl.VERIFY_DEFAULT
    with pytest.raises(TypeError):
        TWO | "4"
    with pytest.raises(TypeError):
        TWO | 4.0


def test_unnamed_bits_are_accepted():
    flag = ssl.VerifyFlags(UNNAMED)
    assert flag == UNNAMED
    assert flag.name is None
    assert flag is ssl.VerifyFlags(UNNAMED)
    assert flag not in list(ssl.VerifyFlags)
    with pytest.raises(ValueError):
        ssl.VerifyFlags("32")


def test_flag_contains_flag():
    assert ssl.VERIFY_X509_STRICT in TWO
    assert TWO in TWO
    assert ssl.VERIFY_CRL_CHECK_CHAIN not in TWO
    assert TWO not in ssl.VERIFY_X509_STRICT


@pytest.mark.python2("later versions of enum use other texts and orders")
@pytest.mark.parametrize("value, names", [
    (36, "VERIFY_X509_STRICT|VERIFY_CRL_CHECK_LEAF"),
    (12 | 32, "VERIFY_X509_STRICT|VERIFY_CRL_CHECK_CHAIN"),
    (4 | UNNAMED, "VERIFY_CRL_CHECK_LEAF|1048576"),
    (3, "2|1"),
])
def test_names_of_composite_flags(value, names):
    flag = ssl.VerifyFlags(value)
    assert repr(flag) == "<VerifyFlags.%s: %d>" % (names, value)


@pytest.mark.python2("later versions of enum return a positive number")
def test_complement_names_what_is_left():
    flag = ~ssl.OP_NO_TLSv1
    assert flag == ~int(ssl.OP_NO_TLSv1)
    assert "OP_NO_TLSv1_1" in repr(flag)
    assert "OP_NO_TLSv1|" not in repr(flag)
    assert "OP_NO_TLSv1:" not in repr(flag)


# Purpose

def test_purpose():
    assert [purpose.name for purpose in ssl.Purpose] == [
        "SERVER_AUTH", "CLIENT_AUTH"]
    purpose = ssl.Purpose.SERVER_AUTH
    assert isinstance(purpose, ssl._ASN1Object)
    assert purpose == (129, "serverAuth", "TLS Web Server Authentication",
                       "1.3.6.1.5.5.7.3.1")
    assert purpose.oid == purpose.value.oid == "1.3.6.1.5.5.7.3.1"
    assert ssl.Purpose["SERVER_AUTH"] is purpose
    assert ssl.Purpose(purpose.value) is purpose
    assert repr(purpose) == (
        "<Purpose.SERVER_AUTH: _ASN1Object(nid=129, shortname='serverAuth', "
        "longname='TLS Web Server Authentication', oid='1.3.6.1.5.5.7.3.1')>")
    assert str(purpose) == "Purpose.SERVER_AUTH"


def test_asn1_object():
    by_oid = ssl._ASN1Object("1.3.6.1.5.5.7.3.1")
    assert by_oid == ssl._ASN1Object.fromnid(129)
    assert by_oid == ssl._ASN1Object.fromname("serverAuth")
    assert by_oid == ssl._ASN1Object.fromname("1.3.6.1.5.5.7.3.1")
    assert type(by_oid) is ssl._ASN1Object
    assert pickle.loads(pickle.dumps(by_oid, 2)) == by_oid
    for make, argument in [(ssl._ASN1Object, "serverAuth"),
                           (ssl._ASN1Object.fromname, "no such thing"),
                           (ssl._ASN1Object.fromnid, -1),
                           (ssl._ASN1Object.fromnid, 100000)]:
        with pytest.raises(ValueError):
            make(argument)


def test_protocol_names():
    assert ssl.get_protocol_name(ssl.PROTOCOL_TLS) == "PROTOCOL_TLS"
    assert ssl.get_protocol_name(5) == "PROTOCOL_TLSv1_2"
    assert ssl.get_protocol_name(1000) == "<unknown>"


# Attributes of contexts

def test_context_attributes_have_the_classes():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert type(context.options) is ssl.Options
    assert type(context.verify_flags) is ssl.VerifyFlags
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.protocol is ssl.PROTOCOL_TLS_CLIENT
    assert type(context.minimum_version) is ssl.TLSVersion
    assert type(context.maximum_version) is ssl.TLSVersion
    context.options |= ssl.OP_NO_TICKET
    assert ssl.OP_NO_TICKET in context.options
    context.options &= ~ssl.OP_NO_TICKET
    assert ssl.OP_NO_TICKET not in context.options
