"""Prints the outcomes of loading certificate files with this Python's ssl.

    python [-m _ssl_backport] ci/test/look_at_certificates.py FOLDER < PATHS

It takes some seconds for a thousand files.  It reads the paths of files, one
in each line, and writes a line of JSON for each way to use a file: [way, path,
outcome].  It writes temporary files to FOLDER.
"""

from __future__ import print_function

import hashlib
import json
import os
import re
import ssl
import sys

CERTIFICATE = re.compile(
    b"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.*?"
    b"-----END (?:TRUSTED |X509 )?CERTIFICATE-----", re.DOTALL)
# of the encrypted keys among the files
PASSWORD = "password"


def as_text(value):
    """A value with text in the place of bytes, since 2.7's str is bytes."""
    if isinstance(value, dict):
        return {key: as_text(value[key]) for key in value}
    if isinstance(value, (list, tuple)):
        return [as_text(each) for each in value]
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return value


def as_json(value):
    return json.dumps(as_text(value), sort_keys=True)


def outcome_of(function, *args):
    """Call a function.  Returns its result, or its exception without the
    message."""
    try:
        return ["returned", function(*args)]
    except ssl.SSLError as error:
        # some errors of the stock ssl have no library and reason
        return ["raised", type(error).__name__,
                getattr(error, "library", None),
                getattr(error, "reason", None)]
    except EnvironmentError as error:
        return ["raised", "OSError", error.errno]
    except Exception as error:
        return ["raised", type(error).__name__]


def store_of(context):
    """The numbers, digests and decoded contents of a trust store's
    certificates."""
    ders = context.get_ca_certs(binary_form=True)
    return [context.cert_store_stats(), sorted(
        hashlib.sha256(der).hexdigest() for der in ders),
        sorted(map(as_json, context.get_ca_certs()))]


def load_trust(**options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(**options)
    return store_of(context)


def load_chain(path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return context.load_cert_chain(path, password=lambda: PASSWORD)


def decode(path):
    """Decode a certificate as getpeercert() does."""
    return ssl._ssl._test_decode_cert(path)


def certificates(data):
    """The PEM texts of the certificates in a file's data, PEM or DER."""
    found = CERTIFICATE.findall(data)
    if not found and data[:1] == b"\x30":
        found = [ssl.DER_cert_to_PEM_cert(data).encode("ascii")]
    return found


def write(path, data):
    with open(path, "wb") as stream:
        stream.write(data)


def looks(path, folder):
    """Generate (way, outcome) of all ways to use a file."""
    with open(path, "rb") as stream:
        data = stream.read()
    yield "cafile", outcome_of(lambda: load_trust(cafile=path))
    yield "chain", outcome_of(load_chain, path)
    yield "cadata as bytes", outcome_of(
        lambda: load_trust(cadata=bytearray(data)))
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        pass
    else:
        yield "cadata as text", outcome_of(lambda: load_trust(cadata=text))
    one = os.path.join(folder, "certificate.pem")
    for number, certificate in enumerate(certificates(data)):
        write(one, certificate + b"\n")
        yield "decode %d" % number, outcome_of(decode, one)


def main():
    folder, = sys.argv[1:]
    print(as_json(["OpenSSL", "", ssl.OPENSSL_VERSION]))
    for line in sys.stdin:
        path = line.rstrip("\n")
        for way, outcome in looks(path, folder):
            print(as_json([way, path, outcome]))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
