"""Give a certificate, as DER, to every decoder.

A server also presents the certificate.  Its public key is replaced by one
whose private key is known.  A client accepts the certificate, and its methods
show everything about it.
"""

import glob
import os
import re
import ssl

import common
from helpers import BioPair, cert, client_context

SCRATCH = common.Scratch()
NAMES = {"subject", "issuer", "version", "serialNumber", "notBefore",
         "notAfter", "subjectAltName", "OCSP", "caIssuers",
         "crlDistributionPoints"}
HOSTS = ["localhost", "127.0.0.1", "::1", "a.example.test", u"\xe9.test"]
TRUSTING = client_context(roots=None)
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE


def first_certificate(name):
    """The DER of the first certificate in a file of tests/certs, or None."""
    with open(cert(name), "rb") as stream:
        text = stream.read().decode("ascii")
    found = re.search("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE"
                      "-----\n", text, re.DOTALL)
    return found and ssl.PEM_cert_to_DER_cert(found.group())


# DER

def elements(data):
    """[(tag, contents)] of consecutive DER elements; or ValueError."""
    data, found = bytearray(data), []
    while data:
        header, length = 2, (data[1:2] or bytearray([255]))[0]
        if length > 127:
            header += length - 128
            length = sum(byte << 8 * place for place, byte in enumerate(
                reversed(data[2:header])))
        if len(data) < header + length or header > 6:
            raise ValueError("no DER")
        found.append((data[0], bytes(data[header:header + length])))
        del data[:header + length]
    return found


def element(tag, contents):
    count = len(contents)
    length = bytearray([count] if count < 128 else
                       [131, count >> 16, count >> 8 & 255, count & 255])
    return bytes(bytearray([tag]) + length + contents)


def join(parts):
    return b"".join(element(*part) for part in parts)


def key_place(parts):
    """The index of the public key among the parts of the signed portion."""
    return 6 if parts and parts[0][0] == 0xa0 else 5


def parts_of(certificate):
    """(the certificate's parts, the parts of its signed portion)."""
    (_, body), = elements(certificate)[:1]
    outer = elements(body)
    return outer, elements(outer[0][1])


def with_key(certificate, key):
    """The certificate with `key`, a DER element, as its public key; None if
    the certificate's own key cannot be found."""
    try:
        outer, inner = parts_of(certificate)
        inner[key_place(inner)] = key
    except (ValueError, IndexError):
        return None
    outer[0] = (0x30, join(inner))
    return element(0x30, join(outer))


KEY_PATH = cert("localhost-ec.pem")
KNOWN_PARTS = parts_of(first_certificate("localhost-ec.pem"))[1]
KNOWN_KEY = KNOWN_PARTS[key_place(KNOWN_PARTS)]


# Checks

def check_decoded(decoded):
    """Check that a dict has the form that getpeercert() documents."""
    assert set(decoded) <= NAMES, decoded
    for name in ("serialNumber", "notBefore", "notAfter"):
        assert isinstance(decoded[name], str), decoded
    for name in ("OCSP", "caIssuers", "crlDistributionPoints"):
        for text in decoded.get(name, ()):
            assert isinstance(text, str), decoded
    for kind, value in decoded.get("subjectAltName", ()):
        assert isinstance(kind, str), decoded
        assert isinstance(value, str) or kind == "DirName", decoded
    for name in ("subject", "issuer"):
        for relative in decoded[name]:
            for key, value in relative:
                # bit strings are bytes; text that is not ASCII is unicode
                assert isinstance(key, str)
                assert isinstance(value, (str, bytes, type(u"")))
    match(decoded)


def match(decoded):
    for host in HOSTS:
        common.attempt(ssl.match_hostname, decoded, host)
    for name in ("notBefore", "notAfter"):
        common.attempt(ssl.cert_time_to_seconds, decoded[name])


def check_certificate(certificate):
    """Check that the forms of a Certificate agree with each other."""
    der = certificate.public_bytes(ssl._ssl.ENCODING_DER)
    text = certificate.public_bytes(ssl._ssl.ENCODING_PEM)
    assert ssl.PEM_cert_to_DER_cert(text) == der
    assert certificate == certificate and not certificate != certificate
    assert isinstance(repr(certificate), str)
    hash(certificate)
    info = common.attempt(certificate.get_info)[0]
    if info is not None:
        check_decoded(info)
    return der


# Decoders

def decode_file(data):
    text = ssl.DER_cert_to_PEM_cert(data)
    assert ssl.PEM_cert_to_DER_cert(text) == data
    path = SCRATCH.write("certificate.pem", text.encode("ascii"))
    decoded = common.attempt(ssl._ssl._test_decode_cert, path)[0]
    if decoded is not None:
        check_decoded(decoded)


def trust(data):
    """A context that trusts the certificate, or None if loading failed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    error = common.attempt(context.load_verify_locations, cadata=data)[1]
    stored = common.attempt(context.get_ca_certs)[0]
    for decoded in stored or ():
        check_decoded(decoded)
    count = context.cert_store_stats()["x509"]
    assert len(context.get_ca_certs(True)) <= count
    return None if error else context


def present(chain, client):
    """Let a server present the chain; returns whether the client accepts."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = SCRATCH.write("chain.pem", chain)
    if common.attempt(server.load_cert_chain, path, KEY_PATH)[1]:
        return False
    pair = BioPair(client, server, server_hostname=None, handshake=False)
    taken = common.attempt(pair.handshake)[1] is None
    if taken:
        look_at_chain(pair.client)
    common.look(pair.client)
    return taken


def look_at_chain(connection):
    given = connection._sslobj.get_unverified_chain()
    ders = [check_certificate(certificate) for certificate in given]
    assert connection.get_unverified_chain() == ders
    assert connection.getpeercert(True) == ders[0]
    decoded = common.attempt(connection.getpeercert)[0]
    if decoded:
        check_decoded(decoded)


def run(data):
    decode_file(data)
    client = trust(data)
    own = with_key(data, KNOWN_KEY)
    if client is None or own is None:
        return
    client.load_verify_locations(cadata=data)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    chain = b"".join(ssl.DER_cert_to_PEM_cert(part).encode("ascii")
                     for part in (own, data))
    if not present(chain, client):
        present(chain, TRUSTING)


def seeds():
    for path in sorted(glob.glob(cert("*.pem"))):
        name = os.path.basename(path)
        if not name.startswith(("junk", "many")):
            certificate = first_certificate(name)
            if certificate:
                yield certificate
