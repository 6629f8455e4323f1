"""PEM and DER in every method that loads certificates, keys or parameters.

Input: a loader, a password, then the data to load.
"""

import base64
import glob
import os
import re
import ssl

import common
from helpers import BioPair, PASSWORD, cert

SCRATCH = common.Scratch()
CHAIN = cert("localhost-cert.pem")
KEY = cert("localhost-key.pem")
# the name, without its number, of files with the leaves' issuer in a folder
ISSUER = os.listdir(cert("capath"))[0].partition(".")[0]
# the largest files of tests/certs that become seeds
LARGEST = 4000

# the object identifier of PBKDF2 in DER, and a pattern of iteration counts
# that are not quick: longer than three bytes, or than two without the sign
PBKDF2 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"
ROUNDS = re.compile(br"\x02([\x04-\xff]|\x03[^\x00])", re.DOTALL)

# OCSP responses: one with an error status only, and one with an empty body
RESPONSES = [b"0\3\n\1\3", b"0\x14\n\1\0\xa0\x0f0\r\6\x09+\6\1\5\5\x07"
             b"0\1\1\4\0"]


class Planned(ValueError):
    """The error that the password callbacks raise."""


def refuse():
    raise Planned()


PASSWORDS = [
    u"", PASSWORD, PASSWORD.encode("ascii"), bytearray(b"wrong"),
    lambda: PASSWORD, lambda: b"x" * 5000, lambda: None, lambda: u"\xe9",
    refuse]


def is_costly(data):
    """Whether a key asks for so many iterations that OpenSSL would hash its
    password for minutes."""
    texts = [data] + [
        decode(text) for text in data.split(b"-----") if len(text) > 40]
    return any(PBKDF2 in text and ROUNDS.search(text.split(PBKDF2, 1)[1])
               for text in texts)


def decode(text):
    try:
        return base64.b64decode(b"".join(text.split()))
    except (TypeError, ValueError):
        return b""


# Loaders: each takes a new context, a password and the data.

def bundle_der(context, password, data):
    load_trust(context, cadata=data)


def bundle_text(context, password, data):
    load_trust(context, cadata=data.decode("latin-1"))


def bundle_file(context, password, data):
    load_trust(context, cafile=SCRATCH.write("bundle.pem", data))
    load_trust(context, cafile=SCRATCH.write("bundle.pem", data))


def bundle_folder(context, password, data):
    """Load a folder; a handshake reads the files whose names it looks up."""
    folder = os.path.dirname(SCRATCH.write(ISSUER + ".0", data))
    SCRATCH.write(ISSUER + ".r0", data)
    load_trust(context, capath=folder)
    verify(0, capath=folder)
    verify(ssl.VERIFY_CRL_CHECK_LEAF, cafile=cert("root.pem"), capath=folder)


def verify(flags, **trust):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(**trust)
    context.verify_flags |= flags
    common.attempt(BioPair, context, common.GOOD[1])


def chain_file(context, password, data):
    load_own(context, SCRATCH.write("chain.pem", data), None, password)


def chain_beside_key(context, password, data):
    load_own(context, SCRATCH.write("chain.pem", data), KEY, password)


def key_file(context, password, data):
    load_own(context, CHAIN, SCRATCH.write("key.pem", data), password)


def parameters(context, password, data):
    common.attempt(context.load_dh_params,
                   SCRATCH.write("dh.pem", data))


def staple(context, password, data):
    """Check that an invalid staple leaves the earlier one."""
    error = common.attempt(setattr, context, "ocsp_staple", data)[1]
    assert context.ocsp_staple == (data if error is None else None)


LOADERS = [bundle_der, bundle_text, bundle_file, bundle_folder, chain_file,
           chain_beside_key, key_file, parameters, staple]


def load_trust(context, **source):
    """Check that a failure removes no CA certificate.  The certificates before
    the fault of a bundle stay loaded."""
    before = context.cert_store_stats()
    error = common.attempt(context.load_verify_locations, **source)[1]
    after = context.cert_store_stats()
    assert set(before) == set(after) == {"x509", "x509_ca", "crl"}
    assert all(after[name] >= before[name] for name in after)
    assert after["x509_ca"] <= after["x509"]
    if "cadata" in source and error is None:
        assert after["x509"] > 0
    found, error = common.attempt(context.get_ca_certs, True)
    assert error or len(found) == after["x509_ca"]
    assert error or all(isinstance(der, bytes) for der in found)


def load_own(context, chain, key, password):
    """Check that the error of a password callback propagates."""
    error = common.attempt(context.load_cert_chain, chain, key, password)[1]
    assert not isinstance(error, Planned) or password is refuse
    common.attempt(context.load_cert_chain, CHAIN, KEY)


def run(data):
    source = common.Source(data)
    load, password = source.pick(LOADERS), source.pick(PASSWORDS)
    data = source.rest()
    if not is_costly(data):
        load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), password, data)
        common.check_still_works()


def seeds():
    for path in sorted(glob.glob(cert("*.pem"))):
        with open(path, "rb") as stream:
            data = stream.read()
        if len(data) > LARGEST:
            continue
        for number, load in enumerate(LOADERS):
            for password in (0, 1, 8) if load is key_file else (1,):
                if load not in (bundle_der, staple):
                    yield bytes(bytearray([number, password])) + data
        for block in re.split(b"-----.*-----", data)[1::2]:
            yield b"\0\0" + decode(block)
    for response in RESPONSES:
        yield bytes(bytearray([LOADERS.index(staple), 0])) + response
