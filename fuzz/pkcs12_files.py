"""PKCS #12 in load_pkcs12().

Input: a kind, a password, then bytes of that kind: a file, the safes of a file
without encryption, or the bags of such a safe.
"""

import base64
import glob
import io
import re
import ssl

import common
import pkcs12
from helpers import PASSWORD, BioPair, cert

KEY_BAG = pkcs12.bag(pkcs12.KEY_BAG, pkcs12.KEY)
PASSWORDS = [None, PASSWORD, b"", bytearray(b"wrong"), lambda: PASSWORD,
             lambda: None, u"\u20ac"]

# The object identifiers of the algorithms of PKCS #5 and #12, and the pattern
# of an iteration count that is not quick.  A count follows an identifier
# closely, or is the last element of a MAC.
ALGORITHM = re.compile(br"\x2a\x86\x48\x86\xf7\x0d\x01(\x05|\x0c\x01)")
ROUNDS = re.compile(br"\x02([\x04-\xff]|\x03[^\x00])", re.DOTALL)
SOON = 26
LAST = 7


def whole(data):
    return data


def safes(data):
    return pkcs12.wrap(pkcs12.sequence(data))


def bags(data):
    return pkcs12.wrap(pkcs12.sequence(pkcs12.safe(data)))


def bags_beside_a_key(data):
    return pkcs12.wrap(pkcs12.sequence(pkcs12.safe(KEY_BAG, data)))


FORMS = [whole, safes, bags, bags_beside_a_key]


def is_costly(data):
    """Whether a file may ask for so many iterations that OpenSSL would hash
    the password for minutes."""
    parts = [data[found.end():found.end() + SOON]
             for found in ALGORITHM.finditer(data)]
    return any(ROUNDS.search(part) for part in parts + [end_of(data)])


def end_of(data):
    """The last bytes of the first element of the data."""
    header = bytearray(data[:4])
    if header[:2] == b"\x30\x82" and len(header) == 4:
        data = data[:4 + (header[2] << 8 | header[3])]
    return data[-LAST:]


def check_chain(context):
    """Check that a server can use the loaded chain and key."""
    pair = BioPair(common.GOOD[0], context, handshake=False)
    common.attempt(pair.handshake)
    for end in pair.client, pair.server:
        common.look(end)


def run(data):
    source = common.Source(data)
    form, password = source.pick(FORMS), source.pick(PASSWORDS)
    contents = source.rest()
    if is_costly(contents):
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    before = context.cert_store_stats()
    error = common.attempt(
        context.load_pkcs12, io.BytesIO(form(contents)), password)[1]
    assert context.cert_store_stats() == before
    if error is None:
        check_chain(context)
    common.check_still_works()


# Seeds

def seed(form, password, contents):
    return bytes(bytearray([FORMS.index(form), password])) + contents


def seeds():
    for path in sorted(glob.glob(cert("pkcs12/*.txt"))):
        with open(path, "rb") as stream:
            contents = base64.b64decode(stream.read())
        yield seed(whole, 2 if "empty" in path else 1, contents)
    certificates = [pkcs12.certificate(der, pkcs12.octets(b"id"))
                    for der in (pkcs12.LEAF, pkcs12.INTERMEDIATE,
                                pkcs12.ROOT)]
    yield seed(bags, 0, KEY_BAG + b"".join(certificates))
    yield seed(bags_beside_a_key, 0, b"".join(certificates[::-1]))
    yield seed(bags_beside_a_key, 0, certificates[0])
    yield seed(bags, 0, pkcs12.bag(pkcs12.SAFE_BAG, pkcs12.sequence(
        KEY_BAG, certificates[0])))
    safe = pkcs12.safe(KEY_BAG, certificates[0])
    yield seed(safes, 0, safe + pkcs12.safe(*certificates))
    yield seed(safes, 0, pkcs12.empty_safe(pkcs12.ENVELOPED) + safe)
    for mac in pkcs12.mac_of_no_password, pkcs12.pbmac1(b""):
        yield seed(whole, 0, pkcs12.store(
            KEY_BAG, certificates[0], mac=mac))
