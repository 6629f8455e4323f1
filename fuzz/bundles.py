"""Read a CA file by the extension, and by OpenSSL alone through a pipe.  Both
must have the same outcome.

Input: a form, then the text of the file or the DER of a certificate in it.
"""

import glob
import os
import ssl

import common
from certificates import first_certificate
from helpers import cert, outcome_of_bundle, read_cert, through_pipe

SCRATCH = common.Scratch()
# the largest files of tests/certs that become seeds
LARGEST = 4000
ROOT = read_cert("root.pem").encode("ascii")


def encode(data):
    return ssl.DER_cert_to_PEM_cert(data).encode("ascii")


# Forms: each makes the content of a file from the bytes of the input.

FORMS = [
    lambda data: data,
    encode,
    lambda data: ROOT + b"# a comment\n" + encode(data),
    lambda data: ROOT + data + ROOT,
]


def run(data):
    source = common.Source(data)
    data = source.pick(FORMS)(source.rest())
    expected = through_pipe(data, outcome_of_bundle)
    found = outcome_of_bundle(SCRATCH.write("bundle.pem", data))
    assert found == expected, (found, expected)


def seeds():
    for path in sorted(glob.glob(cert("*.pem"))):
        with open(path, "rb") as stream:
            data = stream.read()
        if len(data) > LARGEST:
            continue
        yield b"\0" + data
        name = os.path.basename(path)
        der = None if name.startswith("junk") else first_certificate(name)
        for form in (1, 2) if der else ():
            yield bytes(bytearray([form])) + der
