"""SSLContext: constructor, attributes, ciphers, protocols and statistics.

test_load_cert_chain.py and test_trust.py test the methods that load files.
"""

import gc
import re
import ssl
import weakref

import pytest

from helpers import (BACKPORT, SocketPair, cert, client_context,
                     integer_types, native, read_cert, server_context)

PROTOCOLS = ["PROTOCOL_TLS", "PROTOCOL_SSLv23", "PROTOCOL_TLSv1",
             "PROTOCOL_TLSv1_1", "PROTOCOL_TLSv1_2", "PROTOCOL_TLS_CLIENT",
             "PROTOCOL_TLS_SERVER"]


class Neither(object):
    """An object whose truth value cannot be determined."""

    def __bool__(self):
        raise ValueError("neither")

    __nonzero__ = __bool__


# for each attribute, values that it must refuse
BAD_VALUES = {
    "_host_flags": ["flags", None],
    "_msg_callback": [42, "callback"],
    "check_hostname": [Neither()],
    "ech_config_list": [],  # test_ech.py tests them: not every build has ECH
    "hostname_checks_common_name": [Neither()],
    "keylog_filename": [42, 1.5],
    "post_handshake_auth": [Neither()],
    "options": ["all", None, 1.5, -1],
    "verify_flags": ["crl", None, 1.5],
    "verify_mode": ["required", None, 42, -1],
    "minimum_version": ["TLSv1_2", None, 42],
    "maximum_version": ["TLSv1_2", None, 42],
    "sni_callback": [42, "callback"],
    "num_tickets": ["two", None, -1],
}
if BACKPORT:  # attributes that no Python has
    BAD_VALUES.update({
        "ocsp_callback": [42, "callback"],
        "ocsp_staple": [42],
        "request_ocsp": [Neither()],
        "verify_callback": [42, "callback"],
        "client_sessions": ["two", None, 1.5, -1, 10001],
        "ticket_keys": [42, None, b"x" * 80, [b"x"], [42]],
    })


@pytest.fixture
def context():
    return ssl.SSLContext(ssl.PROTOCOL_TLS)


# The constructor

@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocols(name):
    protocol = getattr(ssl, name)
    context = ssl.SSLContext(protocol)
    assert context.protocol == protocol
    assert isinstance(context.protocol, ssl._SSLMethod)


def test_default_protocol():
    assert ssl.SSLContext().protocol is ssl.PROTOCOL_TLS
    assert ssl.PROTOCOL_TLS is ssl.PROTOCOL_SSLv23


@pytest.mark.parametrize("protocol", [-1, 42, 10 ** 6])
def test_unknown_protocol(protocol):
    with pytest.raises(ValueError):
        ssl.SSLContext(protocol)


BEYOND = [2 ** 31, 2 ** 63, -2 ** 31 - 1]


@pytest.mark.parametrize("value", BEYOND, ids=str)
def test_number_beyond_a_c_int(context, value):
    with pytest.raises(OverflowError):
        ssl.SSLContext(value)
    with pytest.raises(OverflowError):
        context.verify_mode = value


@pytest.mark.since(3, 15, "raises ValueError for a negative number")
@pytest.mark.parametrize("value", BEYOND, ids=str)
def test_version_beyond_a_c_int(context, value):
    with pytest.raises(OverflowError):
        context.minimum_version = value
    with pytest.raises(OverflowError):
        context.maximum_version = value


@pytest.mark.since(3, 10, "fails only in the handshake")
@pytest.mark.parametrize("name, server_side", [
    ("PROTOCOL_TLS_CLIENT", True), ("PROTOCOL_TLS_SERVER", False)])
def test_context_of_the_other_side(name, server_side):
    context = ssl.SSLContext(getattr(ssl, name))
    context.check_hostname = False
    with pytest.raises(ssl.SSLError) as caught:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side)
    assert type(caught.value) is ssl.SSLError and caught.value.errno == 0


@pytest.mark.since(3, 12, "accepts only an integer")
@pytest.mark.parametrize("value", ["yes", 1.5, [1], 2 ** 64], ids=str)
def test_server_side_takes_truth(value):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                            value).server_side


@pytest.mark.since(3, 7, "raises TypeError")
def test_more_arguments_are_ignored():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT, 1, certfile="missing")
    assert context.protocol is ssl.PROTOCOL_TLS_CLIENT


@pytest.mark.parametrize("protocol", ["TLS", 1.5])
def test_protocol_of_wrong_type(protocol):
    with pytest.raises(TypeError):
        ssl.SSLContext(protocol)


@pytest.mark.since(3, 7, "ignores the assignment silently")
def test_protocol_is_read_only(context):
    with pytest.raises(AttributeError):
        context.protocol = ssl.PROTOCOL_TLS_CLIENT


def test_subclass_and_attributes():
    class Context(ssl.SSLContext):
        def __init__(self, protocol, note=None):
            self.note = note

    context = Context(ssl.PROTOCOL_TLS, note="a")
    context.other = "b"
    assert (context.note, context.other) == ("a", "b")
    assert isinstance(context, ssl.SSLContext)
    context.verify_mode = ssl.CERT_REQUIRED
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_class_with_empty_slots_can_be_assigned(context):
    """eventlet sets __class__ of existing contexts."""
    class Green(ssl.SSLContext):
        __slots__ = ()

    context.__class__ = Green
    assert type(context) is Green
    context.verify_mode = ssl.CERT_REQUIRED
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_weak_reference(context):
    reference = weakref.ref(context)
    assert reference() is context
    del context
    gc.collect()


def test_base_class_has_the_descriptors(context):
    """eventlet sets attributes through the descriptors of the base."""
    base = super(ssl.SSLContext, ssl.SSLContext)
    base.verify_mode.__set__(context, ssl.CERT_OPTIONAL)
    assert context.verify_mode is ssl.CERT_OPTIONAL
    base.options.__set__(context, int(context.options) | ssl.OP_NO_TLSv1)
    assert context.options & ssl.OP_NO_TLSv1
    base.verify_flags.__set__(context, int(ssl.VERIFY_CRL_CHECK_LEAF))
    assert context.verify_flags & ssl.VERIFY_CRL_CHECK_LEAF


# options

def test_default_options(context):
    assert isinstance(context.options, ssl.Options)
    assert context.options & ssl.OP_ALL == ssl.OP_ALL & ~0x80
    for option in (ssl.OP_NO_SSLv3, ssl.OP_NO_COMPRESSION,
                   ssl.OP_CIPHER_SERVER_PREFERENCE, ssl.OP_SINGLE_DH_USE,
                   ssl.OP_SINGLE_ECDH_USE):
        assert context.options & option == option


@pytest.mark.since(3, 10, "sets the option by default")
def test_gh_95494_truncation_is_not_ignored_by_default(context):
    ignore_unexpected_eof = 0x80
    assert not context.options & ignore_unexpected_eof
    default = ssl.create_default_context()
    assert not default.options & ignore_unexpected_eof


def test_cve_2011_3389_empty_fragments_stay(context):
    dont_insert_empty_fragments = 0x800
    assert not context.options & dont_insert_empty_fragments


@pytest.mark.since(3, 14, "raises OverflowError, or only warns")
@pytest.mark.parametrize("value, error", [
    (-1, ValueError), (-(1 << 63), ValueError), (-(1 << 100), ValueError),
    (1 << 64, OverflowError), (1 << 100, OverflowError)])
def test_options_out_of_range(context, value, error):
    before = context.options
    # on 2.7 an int and a long
    for number in (value, integer_types[-1](value)):
        with pytest.raises(error):
            context.options = number
    assert context.options == before


def test_options_set_and_cleared(context):
    before = context.options
    context.options |= ssl.OP_NO_TLSv1_1
    assert context.options == before | ssl.OP_NO_TLSv1_1
    context.options &= ~ssl.OP_NO_TLSv1_1
    assert context.options == before
    context.options = 0
    assert not context.options & ssl.OP_NO_TLSv1_1


@pytest.mark.since(3, 14, "raises TypeError")
def test_options_with_an_index(context):
    class Index(object):
        def __index__(self):
            return int(ssl.OP_NO_TLSv1_1)

    context.options = Index()
    assert context.options == ssl.OP_NO_TLSv1_1


@pytest.mark.backport_only("stock accepts no such value before 3.8")
@pytest.mark.parametrize("name, meanwhile, value", [
    ("options", ssl.OP_NO_TLSv1_3, ssl.OP_NO_TICKET),
    ("verify_flags", ssl.VERIFY_X509_STRICT, ssl.VERIFY_CRL_CHECK_LEAF)])
def test_value_whose_conversion_sets_the_attribute(name, meanwhile, value):
    class Index(object):
        def __index__(self):
            setattr(context, name, getattr(context, name) | meanwhile)
            return int(value)

        __int__ = __index__

    context = ssl._ssl._SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    setattr(context, name, Index())
    assert getattr(context, name) == value


def test_all_versions_forbidden(context):
    server = server_context()
    server.options |= (ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1 |
                       ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3)
    with pytest.raises(ssl.SSLError):
        SocketPair(server=server)


# verify_mode and check_hostname

@pytest.mark.parametrize("name, mode, checks", [
    ("PROTOCOL_TLS", "CERT_NONE", False),
    ("PROTOCOL_TLS_CLIENT", "CERT_REQUIRED", True),
    ("PROTOCOL_TLS_SERVER", "CERT_NONE", False),
])
def test_default_verification(name, mode, checks):
    context = ssl.SSLContext(getattr(ssl, name))
    assert context.verify_mode is getattr(ssl, mode)
    assert context.check_hostname is checks


@pytest.mark.parametrize("mode", ["CERT_NONE", "CERT_OPTIONAL",
                                  "CERT_REQUIRED"])
def test_verify_mode(context, mode):
    context.verify_mode = getattr(ssl, mode)
    assert context.verify_mode is getattr(ssl, mode)
    context.verify_mode = int(getattr(ssl, mode))
    assert isinstance(context.verify_mode, ssl.VerifyMode)


@pytest.mark.since(3, 7, "raises ValueError")
def test_bpo_31399_check_hostname_sets_cert_required(context):
    context.check_hostname = True
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is True


def test_check_hostname_keeps_cert_optional(context):
    context.verify_mode = ssl.CERT_OPTIONAL
    context.check_hostname = True
    assert context.verify_mode is ssl.CERT_OPTIONAL


def test_bpo_31399_cert_none_needs_check_hostname_off(context):
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    with pytest.raises(ValueError):
        context.verify_mode = ssl.CERT_NONE
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is True
    context.check_hostname = False
    assert context.verify_mode is ssl.CERT_REQUIRED
    context.verify_mode = ssl.CERT_NONE
    assert context.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize("value, expected", [
    (1, True), (0, False), (True, True), (False, False)])
def test_check_hostname_takes_truth(context, value, expected):
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = value
    assert context.check_hostname is expected


# verify_flags

def test_verify_flags(context):
    assert isinstance(context.verify_flags, ssl.VerifyFlags)
    assert context.verify_flags == ssl.VERIFY_X509_TRUSTED_FIRST
    for flag in (ssl.VERIFY_CRL_CHECK_LEAF, ssl.VERIFY_X509_STRICT,
                 ssl.VERIFY_CRL_CHECK_CHAIN | ssl.VERIFY_X509_STRICT,
                 ssl.VERIFY_DEFAULT):
        context.verify_flags = flag
        assert context.verify_flags == flag


# All attributes

@pytest.mark.since(3, 8, "lacks some of the attributes")
@pytest.mark.parametrize("name", sorted(BAD_VALUES))
def test_failed_set_changes_nothing(name):
    context = server_context()
    before = getattr(context, name)
    for value in BAD_VALUES[name]:
        with pytest.raises((TypeError, ValueError)):
            setattr(context, name, value)
        assert getattr(context, name) == before


@pytest.mark.since(3, 7, "drops the previous callback")
def test_failed_sni_callback_keeps_the_old():
    def callback(sock, name, context):
        seen.append(name)

    seen = []
    server = server_context()
    server.set_servername_callback(callback)
    with pytest.raises(TypeError):
        server.set_servername_callback(42)
    with SocketPair(server=server):
        assert seen == ["localhost"]


def settable(kind):
    """Names of the data descriptors of a type and its bases."""
    names = set()
    for base in kind.__mro__[:-1]:
        for name, value in vars(base).items():
            if name.startswith("__") or callable(value):
                continue
            if hasattr(type(value), "__set__"):
                names.add(name)
    return sorted(names)


@pytest.mark.backport_only("stock has other attributes")
def test_there_is_a_bad_value_for_every_attribute():
    context, writable = server_context(), set()
    for name in settable(ssl.SSLContext):
        try:
            setattr(context, name, getattr(context, name))
        except (AttributeError, TypeError):
            continue  # read-only
        writable.add(name)
    assert writable == set(BAD_VALUES)


@pytest.mark.parametrize("name", settable(ssl.SSLContext))
@pytest.mark.backport_only("stock crashes (gh-156099)")
def test_no_attribute_can_be_deleted(name):
    """gh-156099, gh-113318: a setter that gets NULL must not crash."""
    context = client_context()
    with pytest.raises((AttributeError, TypeError)):
        delattr(context, name)
    descriptor = vars(ssl._ssl._SSLContext).get(name)
    if descriptor is not None:
        with pytest.raises((AttributeError, TypeError)):
            descriptor.__delete__(context)
    getattr(context, name)


@pytest.mark.since(3, 7, "has no version bounds")
def test_version_bounds(context):
    assert context.minimum_version in list(ssl.TLSVersion)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.maximum_version is ssl.TLSVersion.TLSv1_2
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    assert context.minimum_version is ssl.TLSVersion.MINIMUM_SUPPORTED
    assert context.maximum_version is ssl.TLSVersion.MAXIMUM_SUPPORTED


@pytest.mark.since(3, 7, "has no version bounds")
@pytest.mark.parametrize("version, spoken", [
    ("TLSv1_2", "TLSv1.2"), ("TLSv1_3", "TLSv1.3")])
def test_version_bounds_are_kept(version, spoken):
    client = client_context()
    client.minimum_version = getattr(ssl.TLSVersion, version)
    client.maximum_version = getattr(ssl.TLSVersion, version)
    with SocketPair(client=client) as pair:
        assert pair.client.version() == spoken
        assert pair.server.version() == spoken


@pytest.mark.since(3, 7, "has no version bounds")
def test_version_bounds_at_the_other_end(context):
    """MAXIMUM_SUPPORTED as minimum becomes TLSv1_3; MINIMUM_SUPPORTED as
    maximum becomes the lowest version of this OpenSSL."""
    context.minimum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    assert context.maximum_version in (ssl.TLSVersion.TLSv1,
                                       ssl.TLSVersion.SSLv3)


@pytest.mark.since(3, 7, "has no version bounds")
def test_version_bounds_of_a_fixed_protocol_are_refused():
    context = ssl.SSLContext(ssl.PROTOCOL_TLSv1_2)
    with pytest.raises(ValueError):
        context.minimum_version = ssl.TLSVersion.TLSv1_3


@pytest.mark.since(3, 8, "has no num_tickets")
def test_num_tickets():
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert server.num_tickets == 2
    server.num_tickets = 0
    assert server.num_tickets == 0
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(ValueError):
        client.num_tickets = 1


@pytest.mark.since(3, 10, "has no security_level")
def test_security_level(context):
    assert isinstance(context.security_level, int)
    with pytest.raises(AttributeError):
        context.security_level = 1
    context.set_ciphers("ALL:@SECLEVEL=0")
    assert context.security_level == 0


@pytest.mark.backport_only("a list that stock refuses may change the level")
def test_security_level_of_a_refused_list(context):
    before = context.security_level
    with pytest.raises(ssl.SSLError):
        context.set_ciphers("@SECLEVEL=0:NO-SUCH-CIPHER")
    assert context.security_level == before


# Ciphers

def test_get_ciphers(context):
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    found = [c for c in context.get_ciphers() if c["protocol"] != "TLSv1.3"]
    assert len(found) == 1
    cipher = found[0]
    description = cipher.pop("description")
    assert description.split()[:2] == ["ECDHE-RSA-AES128-GCM-SHA256",
                                       "TLSv1.2"]
    assert not description.endswith("\n")
    assert cipher == {
        "aead": True, "alg_bits": 128, "auth": "auth-rsa", "digest": None,
        "id": 0x0300c02f, "kea": "kx-ecdhe", "protocol": "TLSv1.2",
        "name": "ECDHE-RSA-AES128-GCM-SHA256", "strength_bits": 128,
        "symmetric": "aes-128-gcm"}
    assert type(cipher["name"]) is str


def test_ciphers_of_tls13_stay(context):
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    names = [c["name"] for c in context.get_ciphers()]
    assert "TLS_AES_256_GCM_SHA384" in names


@pytest.mark.parametrize("ciphers", ["^$:,", "NO-SUCH-CIPHER", ""])
def test_no_cipher_can_be_selected(context, ciphers):
    before = context.get_ciphers()
    with pytest.raises(ssl.SSLError) as caught:
        context.set_ciphers(ciphers)
    assert "No cipher can be selected" in str(caught.value)
    assert [c["name"] for c in before if c["protocol"] == "TLSv1.3"]


def test_ciphers_of_wrong_type(context):
    for value in (None, 42, ["ALL"]):
        with pytest.raises(TypeError):
            context.set_ciphers(value)


def test_unicode_ciphers(context):
    context.set_ciphers(u"ECDHE-RSA-AES128-GCM-SHA256")


def test_cve_2016_2183_no_weak_ciphers_by_default(context):
    for context in (context, ssl.create_default_context(),
                    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)):
        for cipher in context.get_ciphers():
            name = cipher["name"]
            for weak in ("DES", "RC4", "MD5", "NULL", "PSK", "SRP", "EXP"):
                assert weak not in name
            assert "None" not in str(cipher["auth"])


@pytest.mark.backport_only("stock builds its lists differently")
def test_cve_2016_2183_no_weak_ciphers_in_the_lists():
    """The lists in the binary of the extension exclude 3DES, even if the
    linked OpenSSL has no 3DES."""
    with open(ssl._ssl.__file__, "rb") as stream:
        lists = re.findall(br"[\w+:!@=]+:!aNULL:[\w+:!@=]+", stream.read())
    lists = [words.decode("ascii").split(":") for words in lists]
    assert ssl._DEFAULT_CIPHERS.split(":") in lists
    for words in lists:
        # OpenSSL once counted 3DES among the HIGH ciphers
        assert "!3DES" in words or not any("HIGH" in word for word in words)


# ALPN and NPN arguments

@pytest.mark.parametrize("protocols", [["a" * 256], ["", "http/1.1"]])
def test_alpn_protocol_of_bad_length(context, protocols):
    with pytest.raises(ssl.SSLError):
        context.set_alpn_protocols(protocols)


@pytest.mark.parametrize("protocols", [[u"\xe9"], [1], 5])
def test_alpn_protocols_of_wrong_type(context, protocols):
    with pytest.raises((TypeError, UnicodeError)):
        context.set_alpn_protocols(protocols)


def test_alpn_longest_protocol(context):
    context.set_alpn_protocols(["a" * 255, u"b"])
    context.set_alpn_protocols(iter(["h2"]))
    context.set_alpn_protocols([])


@pytest.mark.backport_only("stock reads past the list (CVE-2024-5642)")
def test_cve_2024_5642_empty_npn_list():
    server = server_context()
    server.set_npn_protocols([])
    client = client_context()
    client.set_npn_protocols([])
    with SocketPair(client, server) as pair:
        assert pair.client.selected_npn_protocol() is None
        assert pair.server.selected_npn_protocol() is None
    assert ssl.HAS_NPN is False


# Statistics

def test_session_stats(version):
    client, server = client_context(version), server_context(version)
    names = {"number", "connect", "connect_good", "connect_renegotiate",
             "accept", "accept_good", "accept_renegotiate", "hits", "misses",
             "timeouts", "cache_full"}
    assert client.session_stats() == dict.fromkeys(names, 0)
    with SocketPair(client, server):
        pass
    stats = client.session_stats()
    assert set(stats) == names
    assert (stats["connect"], stats["connect_good"]) == (1, 1)
    stats = server.session_stats()
    assert (stats["accept"], stats["accept_good"]) == (1, 1)


# Internal types

@pytest.mark.parametrize("name", ["_SSLSocket", "SSLSession"])
@pytest.mark.backport_only("stock makes broken objects")
def test_gh_126455_internal_types_cannot_be_made(name):
    with pytest.raises(TypeError):
        getattr(ssl._ssl, name)()


# create_default_context() and similar functions

def test_default_context_for_clients():
    context = ssl.create_default_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is True
    assert context.options & ssl.OP_NO_COMPRESSION == ssl.OP_NO_COMPRESSION
    assert context.options & ssl.OP_NO_SSLv3 == ssl.OP_NO_SSLv3


def test_default_context_for_servers():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    assert context.verify_mode is ssl.CERT_NONE
    assert context.check_hostname is False


def test_default_context_with_roots():
    for arguments in ({"cafile": cert("root.pem")},
                      {"capath": cert("capath")},
                      {"cadata": read_cert("root.pem")}):
        client = ssl.create_default_context(**arguments)
        with SocketPair(client):
            pass
    context = ssl.create_default_context(cafile=cert("root.pem"))
    assert context.cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize("purpose", [None, "1.3.6.1.5.5.7.3.1", object()])
def test_default_context_for_no_purpose(purpose):
    with pytest.raises(TypeError):
        ssl.create_default_context(purpose)


def test_default_context_with_missing_file():
    with pytest.raises(EnvironmentError):
        ssl.create_default_context(cafile=cert("missing.pem"))


def test_unverified_context():
    context = ssl._create_unverified_context()
    assert context.verify_mode is ssl.CERT_NONE
    assert context.check_hostname is False
    with SocketPair(context, server_context(chain="unknown.pem")):
        pass


def test_stdlib_context():
    context = ssl._create_stdlib_context()
    assert context.verify_mode is ssl.CERT_NONE
    context = ssl._create_stdlib_context(
        cert_reqs=ssl.CERT_REQUIRED, cafile=cert("root.pem"),
        check_hostname=True, certfile=cert("client.pem"))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is True
    with SocketPair(context):
        pass
    with pytest.raises(ValueError):
        ssl._create_stdlib_context(keyfile=cert("localhost-key.pem"))
    with pytest.raises(TypeError):
        ssl._create_stdlib_context(purpose=None)


@pytest.mark.since(3, 14, "replaces CERT_NONE by CERT_REQUIRED")
@pytest.mark.parametrize("settings", [
    {}, {"cert_reqs": ssl.CERT_NONE}, {"protocol": ssl.PROTOCOL_TLS},
    {"protocol": ssl.PROTOCOL_TLSv1_2},
    {"purpose": ssl.Purpose.CLIENT_AUTH}])
def test_gh_114905_stdlib_context_checks_no_unverified_name(settings):
    with pytest.raises(ValueError):
        ssl._create_stdlib_context(check_hostname=True, **settings)


@pytest.mark.parametrize("protocol, mode", [
    ("PROTOCOL_TLS", ssl.CERT_NONE),
    ("PROTOCOL_TLS_CLIENT", ssl.CERT_REQUIRED),
    ("PROTOCOL_TLS_SERVER", ssl.CERT_NONE)])
def test_stdlib_context_with_the_mode_of_its_protocol(protocol, mode):
    context = ssl._create_stdlib_context(getattr(ssl, protocol),
                                         cert_reqs=None)
    assert context.verify_mode is mode
    assert context.check_hostname is False


@pytest.mark.since(3, 14, "does not verify before 3.7")
@pytest.mark.parametrize("asked, mode", [
    (None, ssl.CERT_REQUIRED), (ssl.CERT_OPTIONAL, ssl.CERT_OPTIONAL)])
def test_gh_114905_stdlib_context_that_checks_names(asked, mode):
    for protocol in (None, ssl.PROTOCOL_TLS, ssl.PROTOCOL_TLS_CLIENT):
        context = ssl._create_stdlib_context(protocol, cert_reqs=asked,
                                             check_hostname=True)
        assert context.verify_mode is mode
        assert context.check_hostname is True


def test_cve_2014_9365_https_is_verified_by_default():
    context = ssl._create_default_https_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is True


def test_load_default_certs(context):
    context.load_default_certs()
    context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    for purpose in (None, "SERVER_AUTH", 1):
        with pytest.raises(TypeError):
            context.load_default_certs(purpose)


def test_default_certs_obey_the_environment(context, monkeypatch):
    monkeypatch.setenv(native(u"SSL_CERT_FILE"), cert("root.pem"))
    monkeypatch.setenv(native(u"SSL_CERT_DIR"), cert("no-such-folder"))
    context.load_default_certs()
    assert context.cert_store_stats() == {"x509": 1, "x509_ca": 1, "crl": 0}
    assert ssl.get_default_verify_paths().cafile == cert("root.pem")


# Identity and class

def test_contexts_are_equal_only_to_themselves(context):
    assert context == context
    assert context != ssl.SSLContext(ssl.PROTOCOL_TLS)
    assert len({context, context}) == 1


@pytest.mark.skipif(not BACKPORT, reason="tests only the backport")
def test_context_class_is_the_ssl_module_s():
    assert ssl.SSLContext.__module__ == "ssl"
