"""No public attribute may leak memory when it is read, set, or refuses a
value.

VALUES, READ_ONLY and PLAIN have each attribute in docs/api.json.  A test fails
if one is missing.
"""

import os
import ssl

import pytest

from helpers import cert
from leaks import (ECH_LIST, HAS_ECH, MARKS, TABLES, TRY_LATER, UNAUTHORIZED,
                   assert_flat, full_names, must_fail, new_function, specimens)

pytestmark = MARKS


# Attributes

class Unfit(object):
    """An object that every setter refuses; it has no truth value."""

    def __bool__(self):
        raise TypeError("neither true nor false")

    __nonzero__ = __bool__


# {attribute: (valid values, refused values of the right type)}.  The valid
# values change the attribute: setting its old value would not show a leak.
VALUES = {
    "SSLContext._host_flags": (lambda w: [4, 0], [1 << 100]),
    "SSLContext._msg_callback": (lambda w: [new_function()], []),
    "SSLContext.check_hostname": (lambda w: [True, False], []),
    "SSLContext.client_sessions": (lambda w: [0], [-1, 1, 10001]),
    "SSLContext.hostname_checks_common_name": (lambda w: [False, True], []),
    "SSLContext.keylog_filename": (lambda w: [os.devnull], [cert("")]),
    "SSLContext.maximum_version": (
        lambda w: [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED],
        [99]),
    "SSLContext.minimum_version": (
        lambda w: [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.MINIMUM_SUPPORTED],
        [99]),
    "SSLContext.num_tickets": (lambda w: [3, 2], [-1]),
    "SSLContext.ocsp_callback": (lambda w: [new_function(), None], []),
    "SSLContext.ocsp_staple": (
        lambda w: [TRY_LATER, None, UNAUTHORIZED], [b"", TRY_LATER + b"x"]),
    "SSLContext.options": (lambda w: [ssl.OP_NO_TICKET, ssl.OP_ALL], [-1]),
    "SSLContext.post_handshake_auth": (lambda w: [True, False], []),
    "SSLContext.request_ocsp": (lambda w: [True, False], []),
    "SSLContext.sni_callback": (lambda w: [new_function()], []),
    "SSLContext.verify_callback": (lambda w: [new_function()], []),
    "SSLContext.ticket_keys": (
        lambda w: [[b"a" * 80, b"b" * 80], [b"c" * 80], []],
        [[b"a" * 79], [b"a" * 80, b"a" * 80]]),
    "SSLContext.verify_flags": (
        lambda w: [ssl.VERIFY_X509_STRICT, ssl.VERIFY_DEFAULT], [1 << 100]),
    "SSLContext.verify_mode": (
        lambda w: [ssl.CERT_REQUIRED, ssl.CERT_NONE], [99]),
}
for each in "SSLContext", "SSLSocket", "SSLObject":
    VALUES[each + ".ech_config_list"] = (
        lambda w: [ECH_LIST] if HAS_ECH else [], [b"junk"])
for each in "SSLSocket", "SSLObject":
    # a connection keeps each context that it has had, once
    VALUES[each + ".context"] = lambda w: [w.server, w.client], []
    VALUES[each + ".session"] = lambda w: [w.bios.client.session], []
READ_ONLY = {
    "SSLContext": ["protocol", "security_level"],
    "SSLSocket": ["session_reused"],
    "SSLObject": ["server_hostname", "server_side", "session_reused"],
    "MemoryBIO": ["eof", "pending"],
    "SSLSession": ["has_ticket", "id", "ticket_lifetime_hint", "time",
                   "timeout"],
    "SSLError": ["hint"],
    "DefaultVerifyPaths": list(ssl.DefaultVerifyPaths._fields),
}
# attributes of Python classes, which accept any value
PLAIN = {
    "SSLContext": ["sslobject_class", "sslsocket_class"],
    "SSLSocket": ["do_handshake_on_connect", "server_hostname",
                  "server_side", "suppress_ragged_eofs"],
    "SSLError": ["ech_retry_configs", "library", "reason"],
    "SSLCertVerificationError": ["verify_code", "verify_message"],
}
ATTRIBUTES = {
    section: sorted(name for name in names if not name.endswith("()"))
    for section, names in TABLES.items()
    if section not in ("ssl", "Certificate", "Purpose", "TLSVersion")}
ATTRIBUTES["SSLContext"] += ["_host_flags", "_msg_callback"]


def test_every_public_attribute_is_tried():
    assert full_names(ATTRIBUTES) == (
        set(VALUES) | full_names(READ_ONLY) | full_names(PLAIN))


@pytest.mark.parametrize("section", sorted(ATTRIBUTES))
def test_get(section, world):
    assert_flat(lambda: [
        getattr(each, name) for each in specimens(section, world)
        for name in ATTRIBUTES[section]])


def settable(section):
    """[(attribute, values, refused values)]"""
    return [(name.split(".")[1],) + VALUES[name] for name in sorted(VALUES)
            if name.startswith(section + ".")]


@pytest.mark.parametrize("section", ["SSLContext", "SSLSocket", "SSLObject"])
def test_set(section, world):
    target = specimens(section, world)[-1]

    def set_all():
        for name, values, _ in settable(section):
            for value in values(world):
                setattr(target, name, value)

    assert_flat(set_all)


@pytest.mark.parametrize("section", sorted(PLAIN))
def test_set_of_a_plain_attribute(section, world):
    target = specimens(section, world)[-1]

    def set_all():
        for name in PLAIN[section]:
            setattr(target, name, object())

    assert_flat(set_all)


@pytest.mark.parametrize("section", ["SSLContext", "SSLSocket", "SSLObject"])
def test_refused_set(section, world):
    target = specimens(section, world)[-1]
    errors = (TypeError, ValueError, OverflowError, EnvironmentError,
              NotImplementedError)

    def fail_all():
        for name, _, refused in settable(section):
            for value in [Unfit()] + refused:
                must_fail(errors, setattr, target, name, value)
            must_fail(AttributeError, delattr, target, name)

    assert_flat(fail_all)


@pytest.mark.parametrize("section", sorted(READ_ONLY))
def test_set_of_what_is_read_only(section, world):
    target = specimens(section, world)[-1]

    def fail_all():
        for name in READ_ONLY[section]:
            must_fail(AttributeError, setattr, target, name, object())

    assert_flat(fail_all)
