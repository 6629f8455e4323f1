"""Makes all certificates, keys, CRLs and junk files in this folder.

Run this program by hand with Python 3 (`pip install cryptography`, 42 or
later), and only to add a file: names, serial numbers and dates are fixed, but
keys and signatures change with each run.  README.txt describes each file.
"""

import base64
import datetime
import hashlib
import ipaddress
import pathlib
import shutil
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import (AuthorityInformationAccessOID,
                                   ExtendedKeyUsageOID, NameOID)

HERE = pathlib.Path(__file__).resolve().parent
PASSWORD = b"secret passphrase"
START = datetime.datetime(2018, 1, 1)
END = datetime.datetime(2099, 12, 31, 23, 59, 59)
SAN = x509.ObjectIdentifier("2.5.29.17")
AUTHORITY_ACCESS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.1")
CRL_POINTS = x509.ObjectIdentifier("2.5.29.31")
MANY_ROOTS = 150

# The 2048 bit group of RFC 7919.
FFDHE2048 = int(
    "FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695"
    "A9E13641146433FBCC939DCE249B3EF97D2FE363630C75D8F681B202AEC4617A"
    "D3DF1ED5D5FD65612433F51F5F066ED0856365553DED1AF3B557135E7F57C935"
    "984F0C70E0E68B77E2A689DAF3EFE8721DF158A136ADE73530ACCA4F483A797A"
    "BC0AB182B324FB61D108A94BB2C8E3FBB96ADAB760D7F4681D4F42A3DE394DF4"
    "AE56EDE76372BB190B07A7C8EE0A6D709E02FCE1CDF7E2ECC03404CD28342F61"
    "9172FE9CE98583FF8E4F1232EEF28183C3FE3B1B4C6FAD733BB5FCBC2EC22005"
    "C58EF1837D1683B2C6F34A26C1B2EFFA886B423861285C97FFFFFFFFFFFFFFFF",
    16)


# Names and keys

def name(*pairs):
    """A distinguished name of (OID, text) or (OID, value, ASN.1 type)."""
    return x509.Name([x509.NameAttribute(*pair) for pair in pairs])


def common_name(text):
    return name((NameOID.COUNTRY_NAME, "DE"),
                (NameOID.ORGANIZATION_NAME, "SSL Backport Tests"),
                (NameOID.COMMON_NAME, text))


def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


# DER that the library refuses to write

def tlv(tag, *parts):
    """One DER element; tag is the identifier byte."""
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def general_names(*names):
    return x509.UnrecognizedExtension(SAN, tlv(0x30, *names))


def email(text):
    return tlv(0x81, text)


def dns(text):
    return tlv(0x82, text)


def uri(text):
    return tlv(0x86, text)


def ip(packed):
    return tlv(0x87, packed)


def by_hand(subject, key):
    """A self-signed certificate, as PEM, with a DER encoded subject."""
    algorithm = tlv(0x30, tlv(6, bytes.fromhex("2a8648ce3d040302")))
    body = tlv(0x30,
               tlv(0xa0, tlv(2, b"\2")), tlv(2, b"\1"), algorithm, subject,
               tlv(0x30, tlv(0x17, b"180101000000Z"),
                   tlv(0x18, b"20991231235959Z")),
               subject,
               key.public_key().public_bytes(
                   serialization.Encoding.DER,
                   serialization.PublicFormat.SubjectPublicKeyInfo))
    signature = key.sign(body, ec.ECDSA(hashes.SHA256()))
    der = tlv(0x30, body, algorithm, tlv(3, b"\0" + signature))
    return ssl.DER_cert_to_PEM_cert(der).encode("ascii")


# Extensions

def hosts(*dns_names, ips=()):
    return x509.SubjectAlternativeName(
        [x509.DNSName(n) for n in dns_names] +
        [x509.IPAddress(ipaddress.ip_address(i)) for i in ips])


def key_usage(*on):
    fields = ("digital_signature", "content_commitment", "key_encipherment",
              "data_encipherment", "key_agreement", "key_cert_sign",
              "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{field: field in on for field in fields})


class Authority:
    """A CA, which signs leaves, other CAs and CRLs."""

    def __init__(self, subject, serial, issuer=None, key=None, key_ids=True):
        self.subject = subject
        self.key = key or rsa_key()
        self.cert = (issuer or self).sign(
            subject, self.key, serial, ca=True,
            usage=key_usage("key_cert_sign", "crl_sign"), key_ids=key_ids)

    def sign(self, subject, key, serial, *extensions, ca=False, usage=None,
             purpose=None, start=START, end=END, key_ids=True):
        public = key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(self.subject)
            .public_key(public).serial_number(serial)
            .not_valid_before(start).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(usage or key_usage("digital_signature",
                                              "key_encipherment"),
                           critical=True))
        if key_ids:
            builder = (
                builder.add_extension(
                    x509.SubjectKeyIdentifier.from_public_key(public),
                    critical=False)
                .add_extension(
                    x509.AuthorityKeyIdentifier.from_issuer_public_key(
                        self.key.public_key()), critical=False))
        if purpose is not None:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([purpose]), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def crl(self, *serials, until=END, key_id=False):
        builder = (x509.CertificateRevocationListBuilder()
                   .issuer_name(self.subject)
                   .last_update(START).next_update(until))
        if key_id:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self.key.public_key()), critical=False)
        for serial in serials:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial)
                .revocation_date(START).build())
        return builder.sign(self.key, hashes.SHA256())


# Files

def pem(*things):
    """Certificates, CRLs and keys as PEM text, in this order."""
    return b"".join(
        thing.private_bytes(serialization.Encoding.PEM,
                            serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption())
        if hasattr(thing, "private_bytes")
        else thing.public_bytes(serialization.Encoding.PEM)
        for thing in things)


def encrypted(key, form):
    return key.private_bytes(
        serialization.Encoding.PEM, form,
        serialization.BestAvailableEncryption(PASSWORD))


def write(filename, data):
    (HERE / filename).write_bytes(data)


def canonical_hash(subject):
    """OpenSSL's hash of a name, by which it finds files in a CA folder."""
    parts = []
    for rdn in subject.rdns:
        attributes = []
        for attribute in rdn:
            oid = x509.Name([attribute]).public_bytes()
            oid = oid[oid.index(b"\x06"):]
            text = " ".join(attribute.value.lower().split())
            attributes.append(tlv(0x30, oid[:2 + oid[1]],
                                  tlv(0x0c, text.encode("utf-8"))))
        parts.append(tlv(0x31, *attributes))
    digest = hashlib.sha1(b"".join(parts)).digest()
    return "%08x" % int.from_bytes(digest[:4], "little")


# The groups of files

def write_authorities(root, intermediate, unknown):
    write("root.pem", pem(root.cert))
    write("intermediate.pem", pem(intermediate.cert))
    write("unknown-root.pem", pem(unknown.cert))
    folder = HERE / "capath"
    shutil.rmtree(str(folder), ignore_errors=True)
    folder.mkdir()
    (folder / (canonical_hash(root.subject) + ".0")).write_bytes(
        pem(root.cert))
    write("crl.pem", pem(root.crl(20)))
    write("crl-empty.pem", pem(root.crl()))
    write("crl-old.pem", pem(root.cert,
                             root.crl(until=datetime.datetime(2019, 1, 1))))
    key = ec_key()
    write("many-roots.pem", b"".join(
        pem(Authority(common_name("Root %03d" % i), 1000 + i, key=key).cert)
        for i in range(MANY_ROOTS)))


def write_localhost(root, intermediate, unknown):
    subject = common_name("localhost")
    names = hosts("localhost", ips=["127.0.0.1", "::1"])
    key, small_key = rsa_key(), ec_key()
    cert = root.sign(subject, key, 10, names)
    write("localhost.pem", pem(cert, key))
    write("localhost-cert.pem", pem(cert))
    write("localhost-key.pem", pem(key))
    pkcs8 = encrypted(key, serialization.PrivateFormat.PKCS8)
    write("localhost-encrypted.pem", pem(cert) + pkcs8)
    write("localhost-key-encrypted.pem", pkcs8)
    write("localhost-key-encrypted-old.pem",
          encrypted(key, serialization.PrivateFormat.TraditionalOpenSSL))
    write("localhost-ec.pem",
          pem(root.sign(subject, small_key, 11, names), small_key))
    cert = intermediate.sign(subject, small_key, 12, names)
    write("chain.pem", pem(cert, intermediate.cert, small_key))
    write("chain-incomplete.pem", pem(cert, small_key))
    write("unknown.pem", pem(unknown.sign(subject, small_key, 13, names),
                             small_key))
    itself = Authority(subject, 14, key=small_key)
    write("self-signed.pem",
          pem(itself.sign(subject, small_key, 14, names), small_key))
    write("other-key.pem", pem(ec_key()))
    past, future = datetime.datetime(2019, 1, 1), datetime.datetime(2098, 1, 1)
    write("expired.pem",
          pem(root.sign(subject, small_key, 15, names, end=past), small_key))
    write("not-yet-valid.pem",
          pem(root.sign(subject, small_key, 16, names, start=future),
              small_key))
    write("revoked.pem", pem(root.sign(subject, small_key, 20, names),
                             small_key))
    write("client.pem",
          pem(root.sign(common_name("client"), small_key, 21,
                        purpose=ExtendedKeyUsageOID.CLIENT_AUTH), small_key))
    write_cross_signed(root)
    write("server-only.pem",
          pem(root.sign(subject, small_key, 22, names,
                        purpose=ExtendedKeyUsageOID.SERVER_AUTH), small_key))


def write_small_key():
    """A key that security level 2 refuses."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    itself = Authority(common_name("localhost"), 26, key=key)
    write("small-key.pem",
          pem(itself.sign(itself.subject, key, 26, hosts("localhost")), key))


def write_cross_signed(root):
    """The root's name and key, signed by an older root that has expired."""
    past = datetime.datetime(2019, 1, 1)
    old = Authority(common_name("Backport Test Old Root"), 4, key=ec_key())
    usage = key_usage("key_cert_sign", "crl_sign")
    write("old-root.pem", pem(old.sign(old.subject, old.key, 4, ca=True,
                                       usage=usage, end=past)))
    write("cross-signed.pem", pem(old.sign(root.subject, root.key, 5,
                                           ca=True, usage=usage, end=past)))


def write_distrusted():
    """Certificates with a key that is in the list of Modules/distrusted.h.
    An existing key is kept, since the list contains its digest."""
    path = HERE / "distrusted.pem"
    key = serialization.load_pem_private_key(
        path.read_bytes(), None) if path.exists() else ec_key()
    root = Authority(common_name("Backport Test Root of Distrusted"), 6,
                     key=ec_key())
    between = Authority(common_name("Backport Test Distrusted"), 7,
                        issuer=root, key=key)
    names = hosts("localhost", ips=["127.0.0.1", "::1"])
    subject, leaf_key = common_name("localhost"), ec_key()
    write("distrusted-root.pem", pem(root.cert))
    write("distrusted-intermediate.pem", pem(between.cert))
    write("distrusted.pem", pem(root.sign(subject, key, 23, names), key))
    write("distrusted-chain.pem",
          pem(between.sign(subject, leaf_key, 24, names), between.cert,
              leaf_key))


def write_crl_of_another_key():
    """A CA's CRL that another key of the CA has signed.  The leaf's chain
    contains the certificate of that key."""
    root = Authority(common_name("Backport Test Root of Two Keys"), 8,
                     key=ec_key())
    other = Authority(root.subject, 9, issuer=root, key=ec_key())
    names = hosts("localhost", ips=["127.0.0.1", "::1"])
    leaf_key = ec_key()
    leaf = root.sign(common_name("localhost"), leaf_key, 25, names)
    write("two-keys-root.pem", pem(root.cert, other.crl(20, key_id=True)))
    write("two-keys.pem", pem(leaf, other.cert, leaf_key))


def write_ocsp():
    """A root whose key is not kept, two leaves, and an OCSP responder."""
    root = Authority(common_name("Backport Test Root with OCSP"), 50,
                     key=ec_key())
    write("ocsp-root.pem", pem(root.cert))
    names = hosts("localhost", ips=["127.0.0.1", "::1"])
    for filename, serial in (("ocsp.pem", 51), ("ocsp-other.pem", 52)):
        key = ec_key()
        write(filename, pem(root.sign(common_name("localhost"), key, serial,
                                      names), key))
    key = ec_key()
    write("ocsp-responder.pem", pem(root.sign(
        common_name("OCSP responder"), key, 53,
        usage=key_usage("digital_signature"),
        purpose=ExtendedKeyUsageOID.OCSP_SIGNING), key))


def signed_with_sha1(cert, issuer):
    """The certificate with a SHA-1 signature instead of SHA-256, as PEM.  The
    library makes no such signature, so this function works on the DER."""
    sha256, sha1 = (tlv(6, bytes.fromhex("2a864886f70d0101" + end))
                    for end in ("0b", "05"))
    body = cert.tbs_certificate_bytes.replace(sha256, sha1)
    signature = issuer.key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    der = tlv(0x30, body, tlv(0x30, sha1, tlv(5)), tlv(3, b"\0" + signature))
    return ssl.DER_cert_to_PEM_cert(der).encode("ascii")


def write_sha1():
    """Two leaves with SHA-1 signatures, one with an intermediate CA, and their
    root."""
    root = Authority(common_name("Backport Test Root of SHA-1"), 8)
    between = Authority(common_name("Backport Test Intermediate of SHA-1"), 9,
                        issuer=root)
    key, names = ec_key(), hosts("localhost")
    leaf = root.sign(common_name("localhost"), key, 25, names)
    chained = between.sign(common_name("localhost"), key, 26, names)
    write("sha1-root.pem", pem(root.cert))
    write("sha1.pem", signed_with_sha1(leaf, root) + pem(key))
    write("sha1-chain.pem", signed_with_sha1(chained, between) +
          signed_with_sha1(between.cert, root) + pem(key))


def write_ech():
    """An ECH key and its ECHConfigList (RFC 9849, section 4)."""
    def prefixed(size, *parts):
        body = b"".join(parts)
        return len(body).to_bytes(size, "big") + body

    key = x25519.X25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.Raw,
                                           serialization.PublicFormat.Raw)
    # DHKEM(X25519, HKDF-SHA256); HKDF-SHA256 with AES-128-GCM
    contents = (b"\x17\x00\x20" + prefixed(2, public)
                + prefixed(2, b"\0\1\0\1") + b"\0"
                + prefixed(1, b"other.example.test") + prefixed(2))
    config_list = prefixed(2, b"\xfe\x0d" + prefixed(2, contents))
    write("ech.pem", pem(key) + b"-----BEGIN ECHCONFIG-----\n"
          + base64.encodebytes(config_list) + b"-----END ECHCONFIG-----\n")


def write_hosts(root):
    """Leaves with one kind of name each, for checks of host names."""
    key = ec_key()

    def leaf(filename, serial, *extensions, subject="host name tests"):
        write(filename, pem(root.sign(common_name(subject), key, serial,
                                      *extensions), key))

    leaf("host-other.pem", 30, hosts("other.example.test"))
    leaf("host-wildcard.pem", 31, hosts("*.example.test"))
    leaf("host-wildcard-partial.pem", 32, hosts("f*.example.test"))
    leaf("host-wildcard-idna.pem", 33, hosts("xn--*.example.test"))
    leaf("host-wildcard-inner.pem", 34, hosts("www.*.example.test"))
    leaf("host-cn-only.pem", 35, subject="localhost")
    leaf("host-cn-and-san.pem", 36, hosts("other.example.test"),
         subject="localhost")
    leaf("host-idna.pem", 37, hosts("xn--knig-5qa.example.test",
                                    "xn--fiq228c.example.test"))
    leaf("host-ip-prefix.pem", 38, hosts("1.2.3.4.example.test"))
    leaf("host-ip-as-dns.pem", 39, hosts("127.0.0.1"))
    leaf("host-nul-san.pem", 40,
         general_names(dns(b"localhost\0.evil.example.test")))
    leaf("host-nul-cn.pem", 41, subject="localhost\0.evil.example.test")


def write_wildcard_common_name():
    """A self-signed leaf without subjectAltName."""
    subject, key = common_name("*.example.test"), ec_key()
    itself = Authority(subject, 42, key=key)
    write("host-wildcard-cn.pem", pem(itself.sign(subject, key, 42), key))


def write_wildcard_number():
    """A self-signed leaf for names that look like addresses."""
    subject, key = common_name("numbers"), ec_key()
    itself = Authority(subject, 43, key=key)
    names = hosts("*.0.0.1", "*.2.3", "*.example.test",
                  ips=["127.0.0.1", "177.0.0.1"])
    write("host-wildcard-number.pem",
          pem(itself.sign(subject, key, 43, names), key))


def write_namesakes():
    """CAs with the same name, without and with key identifiers."""
    subject, leaf_key = common_name("Backport Test Namesake"), ec_key()
    folder = HERE / "capath-namesakes"
    shutil.rmtree(str(folder), ignore_errors=True)
    folder.mkdir()
    plain = [Authority(subject, 70 + number, key=ec_key(), key_ids=False)
             for number in range(5)]
    for number, authority in enumerate(plain):
        name = "%s.%d" % (canonical_hash(subject), number)
        (folder / name).write_bytes(pem(authority.cert))
    names = hosts("localhost")
    write("namesake.pem",
          pem(plain[0].sign(common_name("localhost"), leaf_key, 75, names,
                            key_ids=False), leaf_key))
    with_ids = [Authority(subject, 80 + number, key=ec_key())
                for number in range(5)]
    write("namesakes-with-ids.pem",
          pem(*(authority.cert for authority in with_ids)))
    write("namesake-with-id.pem",
          pem(with_ids[-1].sign(common_name("localhost"), leaf_key, 85,
                                names), leaf_key))


def write_decoded(root):
    """Certificates without keys, for tests of decoding."""
    key = ec_key()

    def leaf(filename, serial, *extensions, subject=None, **kw):
        subject = subject or common_name("decoded")
        write(filename, pem(root.sign(subject, key, serial, *extensions,
                                      **kw)))

    directory = common_name("directory name").public_bytes()
    leaf("decode-san-kinds.pem", 50, general_names(
        dns(b"www.example.test"),
        email(b"user@example.test"),
        uri(b"https://example.test/path"),
        ip(bytes([192, 0, 2, 1])),
        ip(ipaddress.ip_address("2001:db8::ff00:42:8329").packed),
        tlv(0xa4, directory),
        tlv(0x88, bytes([0x2a, 3, 4, 5])),
        # otherName: a user principal name
        tlv(0xa0, bytes.fromhex("060a2b060104018237140203"),
            tlv(0xa0, tlv(0x0c, b"user"))),
        # x400Address: an empty set of built-in attributes
        tlv(0xa3, tlv(0x30)),
        # ediPartyName: partyName only
        tlv(0xa5, tlv(0xa1, tlv(0x0c, b"party")))))
    leaf("decode-nul.pem", 51, general_names(
        dns(b"altnull.example.test\0example.test"),
        email(b"null@example.test\0user@example.test"),
        uri(b"http://null.example.test\0http://example.test"),
        ip(bytes([192, 0, 2, 1])),
        ip(ipaddress.ip_address("2001:db8::1").packed)),
        subject=common_name("null.example.test\0example.test"))
    leaf("decode-bad-ip.pem", 52, general_names(
        *(ip(bytes(range(1, size + 1))) for size in (0, 3, 5, 15, 17))))
    location = tlv(0x30, tlv(0xa0, tlv(0xa0, uri(
        b"http://crl.example.test/list.crl"))))
    leaf("decode-crl-points.pem", 53, x509.UnrecognizedExtension(
        CRL_POINTS, tlv(0x30,
                        tlv(0x30, tlv(0x81, b"\x06\x40")),  # reasons only
                        tlv(0x30, tlv(0xa0, tlv(0xa0, uri(b"")))),
                        location)))
    leaf("decode-crl-points-none.pem", 54, x509.UnrecognizedExtension(
        CRL_POINTS, tlv(0x30, tlv(0x30, tlv(0x81, b"\x06\x40")))))
    authority = x509.AuthorityInformationAccess([
        x509.AccessDescription(method, x509.UniformResourceIdentifier(text))
        for method, text in (
            (AuthorityInformationAccessOID.OCSP, "http://ocsp.example.test"),
            (AuthorityInformationAccessOID.CA_ISSUERS,
             "http://ca.example.test/root.cer"))])
    points = x509.CRLDistributionPoints([x509.DistributionPoint(
        [x509.UniformResourceIdentifier("http://crl.example.test/1.crl")],
        None, None, None)])
    leaf("decode-aia.pem", 55, authority, points)
    # 1.2 and 90 times 127: the library accepts only 63 bytes
    write("decode-long-oid.pem", by_hand(
        tlv(0x30, tlv(0x31, tlv(0x30, tlv(6, b"\x2a" + b"\x7f" * 90),
                                tlv(0x0c, b"long")))), key))
    leaf("decode-bit-string.pem", 57, subject=name(
        (NameOID.X500_UNIQUE_IDENTIFIER, b"\0\x01\x02", _ASN1Type.BitString),
        (NameOID.COMMON_NAME, "decoded")))
    leaf("decode-multi-rdn.pem", 58, subject=x509.Name([
        x509.RelativeDistinguishedName([
            x509.NameAttribute(NameOID.COMMON_NAME, "decoded")]),
        x509.RelativeDistinguishedName([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "one"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "two"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "three")])]))
    leaf("decode-unicode.pem", 59, subject=name(
        (NameOID.ORGANIZATION_NAME, "K\xf6nig \u4e2d\u6587",
         _ASN1Type.UTF8String),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "K\xf6nig \u4e2d\u6587",
         _ASN1Type.BMPString),
        (NameOID.COMMON_NAME, "decoded", _ASN1Type.PrintableString)))
    leaf("decode-far-dates.pem", 60,
         start=datetime.datetime(2039, 2, 3, 4, 5, 6),
         end=datetime.datetime(2150, 11, 12, 13, 14, 15))
    leaf("decode-big-serial.pem", 2 ** 150 + 1)
    leaf("decode-junk-extensions.pem", 61, *(
        x509.UnrecognizedExtension(oid, b"\x30\x04junk")
        for oid in (SAN, CRL_POINTS, AUTHORITY_ACCESS)))


def write_dh():
    prime = FFDHE2048.to_bytes(257, "big")
    body = base64.encodebytes(tlv(0x30, tlv(2, prime), tlv(2, b"\2")))
    for filename, base64_lines in (
            ("dh2048.pem", body),
            ("dh-junk.pem", b"AAECAwQFBgcICQoLDA0ODw==\n")):
        write(filename, b"-----BEGIN DH PARAMETERS-----\n" + base64_lines +
              b"-----END DH PARAMETERS-----\n")


def write_junk():
    write("junk.pem", b"This is not PEM at all.\n" * 3)
    write("junk-base64.pem", b"-----BEGIN CERTIFICATE-----\n"
                             b"!!! not base64 !!!\n"
                             b"-----END CERTIFICATE-----\n")
    write("junk-der.pem", b"-----BEGIN CERTIFICATE-----\n"
                          b"AAECAwQFBgcICQoLDA0ODw==\n"
                          b"-----END CERTIFICATE-----\n")
    write("junk-key.pem", b"-----BEGIN PRIVATE KEY-----\n"
                          b"AAECAwQFBgcICQoLDA0ODw==\n"
                          b"-----END PRIVATE KEY-----\n")
    write("comments.pem", b"# A bundle from which all certificates went.\n"
                          b"# Only this comment is left.\n")
    write("empty.pem", b"")


def main():
    root = Authority(common_name("Backport Test Root"), 1)
    intermediate = Authority(common_name("Backport Test Intermediate"), 2,
                             issuer=root, key=ec_key())
    unknown = Authority(common_name("Backport Test Unknown Root"), 3,
                        key=ec_key())
    write_authorities(root, intermediate, unknown)
    write_localhost(root, intermediate, unknown)
    write_small_key()
    write_distrusted()
    write_crl_of_another_key()
    write_ocsp()
    write_sha1()
    write_ech()
    write_hosts(root)
    write_wildcard_common_name()
    write_wildcard_number()
    write_namesakes()
    write_decoded(root)
    write_dh()
    write_junk()


if __name__ == "__main__":
    main()
