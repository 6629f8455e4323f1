"""Files of PKCS #12 (RFC 7292) that no tool writes, built from their parts.

The parts are not encrypted; certs/pkcs12 has encrypted files.  A file has a
MAC if its maker asks for one.
"""

import base64
import hashlib
import hmac
import re
import ssl
import struct

from helpers import cert, read_cert

ROUNDS = 3
SALT = b"eight by"


# DER

def element(tag, *parts):
    contents = b"".join(parts)
    count = len(contents)
    length = bytearray([count] if count < 128 else
                       [130, count >> 8, count & 255])
    return bytes(bytearray([tag]) + length + contents)


def sequence(*parts):
    return element(0x30, *parts)


def octets(data):
    return element(4, data)


def number(value):
    """An INTEGER of one byte."""
    return element(2, bytes(bytearray([value])))


def oid(text):
    numbers = [int(part) for part in text.split(".")]
    data = bytearray([40 * numbers[0] + numbers[1]])
    for value in numbers[2:]:
        digits = [value & 127]
        while value > 127:
            value >>= 7
            digits.insert(0, value & 127 | 128)
        data.extend(digits)
    return element(6, bytes(data))


PKCS = "1.2.840.113549.1."
DATA = oid(PKCS + "7.1")
ENVELOPED = oid(PKCS + "7.3")
DIGESTED = oid(PKCS + "7.5")
ENCRYPTED = oid(PKCS + "7.6")
X509 = oid(PKCS + "9.22.1")
SDSI = oid(PKCS + "9.22.2")
LOCAL_KEY_ID = oid(PKCS + "9.21")
KEY_BAG, LOCKED_KEY_BAG, CERT_BAG, CRL_BAG, SECRET_BAG, SAFE_BAG = [
    oid(PKCS + "12.10.1.%d" % kind) for kind in range(1, 7)]


# Parts

def bag(kind, value, key_id=None):
    attributes = b"" if key_id is None else element(0x31, sequence(
        LOCAL_KEY_ID, element(0x31, key_id)))
    return sequence(kind, element(0xa0, value), attributes)


def certificate(der, key_id=None):
    return bag(CERT_BAG, sequence(X509, element(0xa0, octets(der))), key_id)


def safe(*bags):
    return sequence(DATA, element(0xa0, octets(sequence(*bags))))


def empty_safe(kind):
    """A safe that has a content type and no content."""
    return sequence(kind)


def store(*bags, **options):
    """A file with these bags; mac(contents) returns its MAC."""
    return wrap(sequence(safe(*bags)), **options)


def wrap(contents, mac=lambda contents: b""):
    """A file with these safes."""
    return sequence(number(3), sequence(DATA, element(0xa0, octets(contents))),
                    mac(contents))


# MACs

def null_algorithm(name):
    return sequence(oid(name), element(5))


def mac_of_no_password(contents):
    """The MAC for a password of no bytes, without a terminating zero."""
    block = b"\3" * 64 + (SALT * 8)
    for _ in range(ROUNDS):
        block = hashlib.sha1(block).digest()
    digest = hmac.new(block, contents, hashlib.sha1).digest()
    return sequence(sequence(null_algorithm("1.3.14.3.2.26"), octets(digest)),
                    octets(SALT), number(ROUNDS))


def derive(password):
    """The first block of PBKDF2 with HMAC-SHA-256 (RFC 8018)."""
    block = hmac.new(password, SALT + struct.pack(">I", 1),
                     hashlib.sha256).digest()
    total = bytearray(block)
    for _ in range(ROUNDS - 1):
        block = hmac.new(password, block, hashlib.sha256).digest()
        total = bytearray(a ^ b for a, b in zip(total, bytearray(block)))
    return bytes(total)


def pbmac1(password):
    """A MAC of RFC 9579, which OpenSSL 3.4 and later support."""
    prf = null_algorithm("1.2.840.113549.2.9")
    derivation = sequence(oid(PKCS + "5.12"), sequence(
        octets(SALT), number(ROUNDS), number(32), prf))

    def mac(contents):
        digest = hmac.new(derive(password), contents,
                          hashlib.sha256).digest()
        return sequence(sequence(
            sequence(oid(PKCS + "5.14"), sequence(derivation, prf)),
            octets(digest)), octets(b"unused"), number(1))
    return mac


# What is in tests/certs

def blocks(name):
    """The DER of each block of a PEM file: certificates, then the key."""
    return [base64.b64decode(text) for text in re.findall(
        "-----BEGIN .+?-----\n(.+?)-----END", read_cert(name), re.DOTALL)]


def encrypted(name):
    """The content of a file of certs/pkcs12."""
    with open(cert("pkcs12/%s.txt" % name), "rb") as stream:
        return base64.b64decode(stream.read())


LEAF, INTERMEDIATE, KEY = blocks("chain.pem")
ROOT = ssl.PEM_cert_to_DER_cert(read_cert("root.pem"))
