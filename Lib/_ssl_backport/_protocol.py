"""Enumerations of TLS versions, content types, handshake messages and alerts,
and the adapter that gives their members to a context's message callback.

The numbers are those of IANA's registries. Numbers from 256 on are OpenSSL's
own, for record headers and for messages outside the handshake protocol.
"""

from __future__ import absolute_import

import __ssl_backport as _ssl
from _ssl_backport._names import IntEnum

TLSVersion = IntEnum("TLSVersion", tuple(
    (name, getattr(_ssl, "PROTO_" + name)) for name in (
        "MINIMUM_SUPPORTED", "SSLv3", "TLSv1", "TLSv1_1", "TLSv1_2",
        "TLSv1_3", "MAXIMUM_SUPPORTED")), module="ssl")

_TLSContentType = IntEnum("_TLSContentType", (
    ("CHANGE_CIPHER_SPEC", 20), ("ALERT", 21), ("HANDSHAKE", 22),
    ("APPLICATION_DATA", 23), ("HEADER", 0x100),
    ("INNER_CONTENT_TYPE", 0x101)), module="ssl")

_TLSMessageType = IntEnum("_TLSMessageType", (
    ("HELLO_REQUEST", 0), ("CLIENT_HELLO", 1), ("SERVER_HELLO", 2),
    ("HELLO_VERIFY_REQUEST", 3), ("NEWSESSION_TICKET", 4),
    ("END_OF_EARLY_DATA", 5), ("HELLO_RETRY_REQUEST", 6),
    ("ENCRYPTED_EXTENSIONS", 8), ("CERTIFICATE", 11),
    ("SERVER_KEY_EXCHANGE", 12), ("CERTIFICATE_REQUEST", 13),
    ("SERVER_DONE", 14), ("CERTIFICATE_VERIFY", 15),
    ("CLIENT_KEY_EXCHANGE", 16), ("FINISHED", 20), ("CERTIFICATE_URL", 21),
    ("CERTIFICATE_STATUS", 22), ("SUPPLEMENTAL_DATA", 23), ("KEY_UPDATE", 24),
    ("NEXT_PROTO", 67), ("MESSAGE_HASH", 254),
    ("CHANGE_CIPHER_SPEC", 0x101)), module="ssl")

_TLSAlertType = IntEnum("_TLSAlertType", (
    ("CLOSE_NOTIFY", 0), ("UNEXPECTED_MESSAGE", 10), ("BAD_RECORD_MAC", 20),
    ("DECRYPTION_FAILED", 21), ("RECORD_OVERFLOW", 22),
    ("DECOMPRESSION_FAILURE", 30), ("HANDSHAKE_FAILURE", 40),
    ("NO_CERTIFICATE", 41), ("BAD_CERTIFICATE", 42),
    ("UNSUPPORTED_CERTIFICATE", 43), ("CERTIFICATE_REVOKED", 44),
    ("CERTIFICATE_EXPIRED", 45), ("CERTIFICATE_UNKNOWN", 46),
    ("ILLEGAL_PARAMETER", 47), ("UNKNOWN_CA", 48), ("ACCESS_DENIED", 49),
    ("DECODE_ERROR", 50), ("DECRYPT_ERROR", 51), ("EXPORT_RESTRICTION", 60),
    ("PROTOCOL_VERSION", 70), ("INSUFFICIENT_SECURITY", 71),
    ("INTERNAL_ERROR", 80), ("INAPPROPRIATE_FALLBACK", 86),
    ("USER_CANCELED", 90), ("NO_RENEGOTIATION", 100),
    ("MISSING_EXTENSION", 109), ("UNSUPPORTED_EXTENSION", 110),
    ("CERTIFICATE_UNOBTAINABLE", 111), ("UNRECOGNIZED_NAME", 112),
    ("BAD_CERTIFICATE_STATUS_RESPONSE", 113),
    ("BAD_CERTIFICATE_HASH_VALUE", 114), ("UNKNOWN_PSK_IDENTITY", 115),
    ("CERTIFICATE_REQUIRED", 116),
    ("NO_APPLICATION_PROTOCOL", 120)), module="ssl")

# {content type: enumeration of its message types}; others have
# _TLSMessageType.
_TYPES = {_TLSContentType.HEADER: _TLSContentType,
          _TLSContentType.INNER_CONTENT_TYPE: _TLSContentType,
          _TLSContentType.ALERT: _TLSAlertType}


def named(callback):
    """Return a function for the extension that calls the message callback.

    It converts version, content type and message type into members of
    enumerations. A value without a member stays an int.
    """
    # A lookup of an unknown value in an enumeration raises several exceptions
    # internally. Unknown values are common: OpenSSL 1.1.1 passes version 0.
    members = {kind: {member.value: member for member in kind} for kind in (
        TLSVersion, _TLSContentType, _TLSAlertType, _TLSMessageType)}

    def member(kind, value):
        return members[kind].get(value, value)

    def call(connection, direction, version, content_type, msg_type, data):
        return callback(
            connection, direction, member(TLSVersion, version),
            member(_TLSContentType, content_type),
            member(_TYPES.get(content_type, _TLSMessageType), msg_type),
            data)

    call.callback = callback
    return call
