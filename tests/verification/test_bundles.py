"""CA files in all forms, and how they are read.

The extension itself reads a regular file in the usual form, and decodes a
certificate only when a chain needs it.  OpenSSL reads all other files as a
whole, and everything that comes through a pipe.  The tests therefore compare
a file with a pipe that yields the same bytes.
"""

import base64
import binascii
import random
import re
import ssl

import pytest

from helpers import (BACKPORT, LONG, BioPair, Task, cert, client_context,
                     load_bundle, outcome_of_bundle, read_cert,
                     server_context, through_pipe, told_of_bundle)

SEEDS = range(100 if LONG else 10)
FILES_A_SEED = 300
HANDSHAKES_A_SEED = 25

BLOCK = re.compile("-----BEGIN ([A-Z0-9 ]+)-----\n(.+?)-----END .+?-----\n",
                   re.DOTALL)
CERTIFICATES = [
    "root.pem", "unknown-root.pem", "old-root.pem", "cross-signed.pem",
    "intermediate.pem", "localhost-cert.pem", "distrusted-root.pem",
    "namesakes-with-ids.pem", "capath-namesakes/8d867106.0",
    "capath-namesakes/8d867106.1", "decode-unicode.pem", "decode-nul.pem",
    "decode-multi-rdn.pem", "decode-far-dates.pem", "decode-bit-string.pem",
    "decode-big-serial.pem", "localhost-ec.pem"]
OTHERS = ["crl.pem", "crl-old.pem", "localhost-key.pem", "dh2048.pem"]
LABELS = ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE",
          "X509 CRL", "PRIVATE KEY"]
COMMENTS = [
    b"\n", b"# a comment\n", b"Subject: CN=\xc3\xa4\n", b"Subject: CN=x\r\n",
    b"x" * 300 + b"\n", b"a\0b\n", b"---\n", b"-----\n", b" \t\n",
    b"x-----BEGIN CERTIFICATE-----\n", b"-----BEGIN CERTIFICATE-----\n",
    b"x" * 254 + b"-----BEGIN CERTIFICATE-----\n", b"\xef\xbb\xbf",
    read_cert("localhost-key-encrypted-old.pem").encode("ascii")]
TAGS = bytearray([0, 1, 2, 3, 4, 5, 6, 12, 19, 20, 22, 23, 24, 28, 30, 48, 49,
                  127, 128, 129, 130, 160, 163, 255])
BEGINNINGS = [b"\0", b"\0\0", b"\1", b"\x07", b"\x7f", b"\x80", b"\xff",
              b"\xff\xff"]
CHAINS = ["localhost-ec.pem", "chain.pem", "namesake.pem", "unknown.pem",
          "namesake-with-id.pem", "expired.pem"]

only_backport = pytest.mark.backport_only("stock reads files only by OpenSSL")


def blocks(names):
    """The blocks of PEM files, as [(label, DER)]."""
    return [(label, base64.b64decode(text)) for name in names
            for label, text in BLOCK.findall(read_cert(name))]


ALL_CERTIFICATES = [block for block in blocks(CERTIFICATES)
                    if block[0] == "CERTIFICATE"]
ALL_OTHERS = blocks(OTHERS)


def encode(label, der, width, end):
    """A PEM block, as bytes."""
    text = base64.b64encode(der).decode("ascii")
    lines = [text[start:start + width] for start in range(0, len(text), width)]
    return "\n".join(["-----BEGIN %s-----" % label] + lines + [
        "-----END %s-----" % end, ""]).encode("ascii")


# Files in unusual forms

def change_bytes(dice, data, values):
    """Change, add or remove a few bytes, most of them near the start, where
    the structure is."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        if not data:
            break
        place = dice.randrange(len(data) if dice.random() < .4 else
                               min(len(data), 100))
        kind = dice.randrange(6)
        if kind == 0:
            data[place] ^= 1 << dice.randrange(8)
        elif kind == 1:
            data[place] = dice.choice(values)
        elif kind == 2:
            data.insert(place, dice.choice(values))
        elif kind == 3:
            del data[place]
        elif kind == 4:
            data[place] = (data[place] + dice.choice([1, 255])) % 256
        else:
            del data[len(data) - dice.randrange(1, 20):]
    return bytes(data)


def elements(data):
    """A sequence of valid DER elements, as [[tag, contents]]."""
    data, found = bytearray(data), []
    while data:
        length, start = data[1], 2
        if length > 128:
            start += length - 128
            length = int(binascii.hexlify(bytes(data[2:start])), 16)
        found.append([data[0], bytes(data[start:start + length])])
        del data[:start + length]
    return found


def element(tag, contents, spare=0):
    """A DER element; with `spare` its length begins with zeros."""
    length = bytearray([len(contents) >> 8, len(contents) & 255])
    if len(contents) < 256:
        del length[0]
    if spare or len(contents) > 127:
        length = bytearray(spare) + length
        length.insert(0, 128 + len(length))
    return bytes(bytearray([tag]) + length) + contents


def count(tag, contents):
    """The number of elements in an element, including itself."""
    if not tag & 0x20:
        return 1
    return 1 + sum(count(*each) for each in elements(contents))


def change_element(dice, data):
    """Change one element at any depth, and adapt all lengths."""
    row, spare = elements(data), 0
    place = dice.choice([number for number, each in enumerate(row)
                         for _ in range(count(*each))])
    tag, contents = row[place]
    if dice.randrange(count(tag, contents)):
        row[place][1] = change_element(dice, contents)
    else:
        change = dice.randrange(9)
        if change == 0:
            row[place][0] = dice.choice(TAGS)
        elif change == 1:
            row[place][1] = b""
        elif change < 4:
            row[place][1] = dice.choice(BEGINNINGS) + contents
        elif change == 4:
            row[place][1] = contents + dice.choice(BEGINNINGS)
        elif change == 5:
            row[place][1] = dice.choice(BEGINNINGS) + contents[1:]
        elif change == 6:
            row.insert(place, row[place])
        elif change == 7:
            del row[place]
        else:
            spare = 1
    return b"".join(
        element(tag, contents, spare if number == place else 0)
        for number, (tag, contents) in enumerate(row))


def some_block(dice):
    label, der = dice.choice(
        ALL_OTHERS if dice.random() < .1 else ALL_CERTIFICATES)
    kind = dice.randrange(12)
    if kind < 2:
        der = change_bytes(dice, der, TAGS)
    elif kind < 6:
        der = change_element(dice, der)
    elif kind == 6:
        der += b"\0"
    if dice.random() < .1:
        label = dice.choice(LABELS)
    end = dice.choice(LABELS) if dice.random() < .04 else label
    width = (dice.choice([4, 60, 65, 76, 80, 100000])
             if dice.random() < .06 else 64)
    return encode(label, der, width, end)


def some_file(dice):
    parts = []
    for _ in range(dice.choice([1, 1, 2, 2, 3, 4])):
        if dice.random() < .3:
            parts.append(dice.choice(
                COMMENTS[:5] if dice.random() < .6 else COMMENTS))
        parts.append(some_block(dice))
    if dice.random() < .2:
        parts.append(dice.choice(parts))
    data = b"".join(parts)
    kind = dice.randrange(24)
    if kind < 3:
        data = change_bytes(dice, data, bytearray(b"-=\n\r AZaz09+/:#\0"))
    elif kind == 3:
        data = data.replace(b"\n", b"\r\n")
    elif kind == 4:
        data = data[:dice.randrange(len(data))]
    elif kind == 5:
        data = data.rstrip(b"\n")
    elif kind == 6:
        place = dice.randrange(len(data))
        data = data[:place] + b"=" + data[place + 1:]
    elif kind == 7:
        data = re.sub(b"[A-Za-z0-9]=", b"9=", data)
    return data


# Comparison of files and pipes

def through_file(data, use, path):
    with open(path, "wb") as stream:
        stream.write(data)
    return use(path)


def verify(context, chain, flags):
    """The error code of a client that trusts the context's CAs; 0 means that
    it accepts the chain."""
    context.verify_flags |= flags
    try:
        BioPair(context, server_context(chain=chain))
    except ssl.SSLCertVerificationError as error:
        return error.verify_code
    except ssl.SSLError as error:
        return error.library, error.reason
    return 0


@pytest.fixture
def path(tmpdir):
    return str(tmpdir.join("bundle.pem"))


@only_backport
@pytest.mark.parametrize("seed", SEEDS)
def test_every_file_comes_to_the_same(path, seed):
    """Both ways give the same error or the same certificates."""
    dice = random.Random(seed)
    loaded = 0
    for _ in range(FILES_A_SEED):
        data = some_file(dice)
        expected = through_pipe(data, outcome_of_bundle)
        assert through_file(
            data, outcome_of_bundle, path) == expected, data
        loaded += expected[0] is None
    assert FILES_A_SEED // 10 < loaded < FILES_A_SEED * 9 // 10


@only_backport
@pytest.mark.parametrize("seed", SEEDS)
def test_every_file_verifies_the_same(path, seed):
    """Both ways accept the chain, or refuse it for the same reason.  After
    the handshake, both contexts list the same CAs."""
    dice = random.Random(1000 + seed)
    results = set()
    for _ in range(HANDSHAKES_A_SEED):
        data, chain = some_file(dice), dice.choice(CHAINS)
        flags = dice.choice([0, 0x80000])  # partial chains
        if dice.random() < .5:
            data += read_cert("root.pem").encode("ascii")

        def use(path):
            problem, context = load_bundle(path)
            return (problem, verify(context, chain, flags),
                    told_of_bundle(context))

        expected = through_pipe(data, use)
        assert through_file(data, use, path) == expected, (chain, data)
        results.add(expected[1])
    assert len(results) > 1


# Files in the usual form

ROOT = read_cert("root.pem")
ROOT_DER = ssl.PEM_cert_to_DER_cert(ROOT)
MANY = read_cert("many-roots.pem")


def write(path, text):
    with open(path, "wb") as stream:
        stream.write(text.encode("ascii"))
    return path


def test_what_is_told_before_and_after_a_handshake(path):
    told = []
    for handshakes in range(3):
        client = client_context(roots=None)
        client.load_verify_locations(write(path, MANY + ROOT + MANY))
        for _ in range(handshakes):
            BioPair(client)
        told.append(told_of_bundle(client))
    assert told[0] == told[1] == told[2]
    assert told[0][0] == {"x509": 151, "x509_ca": 151, "crl": 0}
    assert ROOT_DER in told[0][1]


@pytest.mark.parametrize("text", [
    MANY + ROOT, ROOT + MANY, ROOT * 3, "# a comment\n\n" + ROOT + "\nend",
    ROOT.replace("\n", "\r\n"), ROOT.rstrip("\n"), MANY + ROOT.rstrip("\n")],
    ids=["last", "first", "thrice", "comments", "CRLF", "cut", "many-cut"])
def test_root_is_found(path, text):
    client = client_context(roots=None)
    client.load_verify_locations(write(path, text))
    for _ in range(2):
        BioPair(client)


ROOT_NAME = b"Backport Test Root"


def respelt(data, spelling):
    """The DER of a certificate with another encoding of the root's name."""
    return b"".join(
        spelling if contents == ROOT_NAME else
        element(tag, respelt(contents, spelling) if tag & 0x20 else contents)
        for tag, contents in elements(data))


@pytest.mark.parametrize("spelling", [
    element(0x0c, ROOT_NAME.upper()), element(0x13, ROOT_NAME.lower()),
    element(0x16, b" Backport  Test \t Root "), element(0x14, ROOT_NAME),
    element(0x1e, ROOT_NAME.decode("ascii").encode("utf-16-be")),
    element(0x1c, ROOT_NAME.decode("ascii").encode("utf-32-be"))],
    ids=["upper", "lower", "blanks", "T61", "BMP", "universal"])
@pytest.mark.parametrize("others", ["", MANY], ids=["alone", "many"])
def test_root_whose_name_is_spelt_in_another_way(path, spelling, others):
    """The name is still the same by RFC 5280, section 7.1.  OpenSSL does not
    check the signature of a root."""
    der = respelt(ROOT_DER, spelling)
    assert der.count(spelling) == 2
    client = client_context(roots=None)
    client.load_verify_locations(
        write(path, others + ssl.DER_cert_to_PEM_cert(der)))
    BioPair(client)


def test_root_whose_name_is_nearly_the_same(path):
    """The name without its spaces is another name."""
    der = respelt(ROOT_DER, element(0x0c, ROOT_NAME.replace(b" ", b"")))
    client = client_context(roots=None)
    client.load_verify_locations(
        write(path, MANY + ssl.DER_cert_to_PEM_cert(der)))
    with pytest.raises(ssl.SSLError):
        BioPair(client)
    client = client_context(roots=None)
    client.load_verify_locations(
        write(path, MANY + ssl.DER_cert_to_PEM_cert(der) + ROOT))
    BioPair(client)


@pytest.mark.parametrize("damaged", [0, 74, 149])
def test_one_bad_certificate_among_many(path, damaged):
    """The whole file is refused, although no chain needs this certificate."""
    ders = [bytearray(ssl.PEM_cert_to_DER_cert(block.group()))
            for block in BLOCK.finditer(MANY)]
    ders[damaged][4] = 5  # the tbsCertificate is no sequence
    client = client_context(roots=None)
    text = "".join(ssl.DER_cert_to_PEM_cert(bytes(der)) for der in ders)
    with pytest.raises(ssl.SSLError) as caught:
        client.load_verify_locations(write(path, ROOT + text))
    assert caught.value.library == "X509"
    if BACKPORT:
        assert client.cert_store_stats()["x509"] == 0


def test_key_that_cannot_be_decoded(path):
    """The certificate loads, but verifies no chain."""
    place = ROOT_DER.rindex(b"\x03\x82\x01\x0f\x00\x30")  # RSA of 2048 bits
    der = bytearray(ROOT_DER)
    der[place + 5] = 0x31
    client = client_context(roots=None)
    client.load_verify_locations(
        write(path, ssl.DER_cert_to_PEM_cert(bytes(der)) + MANY))
    assert bytes(der) in client.get_ca_certs(True)
    with pytest.raises(ssl.SSLError):
        BioPair(client)


def test_threads_that_ask_for_the_same_at_once(path):
    """All threads get the same certificates."""
    text = MANY + ROOT
    for _ in range(10):
        client = client_context(roots=None)
        client.load_verify_locations(write(path, text))
        others = [client_context(roots=None) for _ in range(2)]
        for other in others:
            other.load_verify_locations(cert("many-roots.pem"))
        told = []

        def handshake():
            BioPair(client)

        def ask():
            told.append(sorted(client.get_ca_certs(True)))
            for other in others:
                assert other.cert_store_stats()["x509"] == 150

        for task in [Task(function) for function in [handshake, ask] * 4]:
            task.result()
        assert len(told) == 4
        assert all(each == told[0] for each in told)
        assert len(told[0]) == 151
