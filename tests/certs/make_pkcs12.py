"""Makes the files of pkcs12/ from chain.pem and root.pem.

Run this program by hand after make_certs.py, with Python 3 and the openssl
command of OpenSSL 3 with its legacy provider.  The files contain PKCS #12 in
base64.
"""

import base64
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PASSWORD = "secret passphrase"
PASSWORDS = {"empty": "",
             "unicode": "".join(map(chr, range(0x20ac, 0x20ac + 16)))}
BLOCK = "-----BEGIN .+?-----\n.+?-----END .+?-----\n"

FORMS = {
    "aes": [],
    "rc2": ["-legacy"],
    "rc4": ["-legacy", "-certpbe", "PBE-SHA1-RC4-128",
            "-keypbe", "PBE-SHA1-RC4-128"],
    "3des": ["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES",
             "-macalg", "SHA1"],
    "empty": [],
    "unicode": [],
}


def export(form, folder):
    """The bytes of a PKCS #12 file, in which the leaf comes after the CAs."""
    leaf, between, key = re.findall(
        BLOCK, (HERE / "chain.pem").read_text(), re.DOTALL)
    own, others = folder / "own.pem", folder / "others.pem"
    own.write_text(leaf + key)
    others.write_text((HERE / "root.pem").read_text() + between)
    return subprocess.check_output(
        ["openssl", "pkcs12", "-export", "-in", str(own), "-certfile",
         str(others), "-iter", "100", "-passout",
         "pass:" + PASSWORDS.get(form, PASSWORD)] + FORMS[form])


def main():
    target = HERE / "pkcs12"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            data = export(form, pathlib.Path(folder))
            (target / (form + ".txt")).write_bytes(base64.encodebytes(data))


if __name__ == "__main__":
    main()
