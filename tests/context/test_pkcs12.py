"""SSLContext.load_pkcs12(): certificate, key and chain from PKCS #12."""

import errno
import io
import os
import ssl
import subprocess
import sys
import weakref

import pytest

import pkcs12
from helpers import (PASSWORD, BioPair, FileError, SocketPair, Task, cert,
                     client_context, collect, descriptors, limit_version,
                     read_cert, server_context, text_type)
from pkcs12 import INTERMEDIATE, KEY, LEAF, ROOT

pytestmark = pytest.mark.backport_only("stock has no load_pkcs12()")

FORMS = ["aes", "3des", "rc2", "rc4"]
OTHER_ROOT = ssl.PEM_cert_to_DER_cert(read_cert("unknown-root.pem"))
CROSS_SIGNED = ssl.PEM_cert_to_DER_cert(read_cert("cross-signed.pem"))
# certificates with the same key as LEAF
SAME_KEY, SAME_KEY_TOO = [pkcs12.blocks(name)[0]
                          for name in ("localhost-ec.pem", "client.pem")]
OTHER_KEY, = pkcs12.blocks("other-key.pem")
EMPTY = [None, "", b"", u"", bytearray(), lambda: ""]


@pytest.fixture
def context():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def load(context, contents, password=None):
    context.load_pkcs12(io.BytesIO(contents), password)


def sent(context, version=None):
    """The chain that a server with this context sends, as DER."""
    client = client_context(version)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    with BioPair(client, context) as pair:
        return pair.client.get_unverified_chain()


def plain(*bags):
    return pkcs12.store(*bags)


KEY_BAG = pkcs12.bag(pkcs12.KEY_BAG, KEY)
WHOLE = plain(KEY_BAG, pkcs12.certificate(LEAF),
              pkcs12.certificate(INTERMEDIATE))


# Contents that load

@pytest.mark.parametrize("form", FORMS)
def test_encryptions(context, form, pair_type, version):
    load(context, pkcs12.encrypted(form), PASSWORD)
    with pair_type(client_context(version), context) as pair:
        assert (pair.client.get_unverified_chain()
                == [LEAF, INTERMEDIATE, ROOT])


def test_client(pair_type, version):
    client, server = client_context(version), server_context(version)
    client.load_pkcs12(io.BytesIO(pkcs12.encrypted("aes")), PASSWORD)
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = ssl.CERT_REQUIRED
    with pair_type(client, server) as pair:
        if pair_type is BioPair:
            pair.finish(lambda: pair.server.pending() and None)
        assert pair.server.get_unverified_chain()[0] == LEAF


@pytest.mark.parametrize("convert", [
    str, text_type, lambda path: path.encode("ascii"),
    lambda path: io.open(path, "rb")], ids=["str", "unicode", "bytes", "file"])
def test_sources(context, tmpdir, convert):
    path = tmpdir.join("own.p12")
    path.write_binary(pkcs12.encrypted("aes"))
    context.load_pkcs12(convert(str(path)), password=PASSWORD)
    assert sent(context)[0] == LEAF


@pytest.mark.parametrize("convert", [bytearray, memoryview])
def test_object_that_gives_a_buffer(context, convert):
    class Source(object):
        def read(self):
            return convert(pkcs12.encrypted("aes"))

    context.load_pkcs12(source=Source(), password=PASSWORD)
    assert sent(context)[0] == LEAF


def test_object_is_read_once_and_not_closed(context):
    source = io.BytesIO(b"junk" + pkcs12.encrypted("aes"))
    source.seek(4)
    context.load_pkcs12(source, PASSWORD)
    assert source.read() == b"" and not source.closed


@pytest.mark.parametrize("password", [
    PASSWORD, text_type(PASSWORD), PASSWORD.encode("ascii"),
    bytearray(PASSWORD.encode("ascii")), lambda: PASSWORD,
    lambda: bytearray(PASSWORD.encode("ascii"))],
    ids=["str", "unicode", "bytes", "bytearray", "callable", "callable-too"])
def test_passwords(context, password):
    load(context, pkcs12.encrypted("aes"), password)
    assert sent(context)[0] == LEAF


@pytest.mark.parametrize("contents", [
    pkcs12.encrypted("empty"),
    pkcs12.store(KEY_BAG, pkcs12.certificate(LEAF),
                 mac=pkcs12.mac_of_no_password), WHOLE],
    ids=["end-of-text", "nothing", "no-mac"])
@pytest.mark.parametrize("password", EMPTY, ids=[
    "None", "str", "bytes", "unicode", "bytearray", "callable"])
def test_empty_passwords(context, contents, password):
    load(context, contents, password)
    assert sent(context)[0] == LEAF


def test_password_beyond_ascii(context):
    password = b"".join(b"\\u%x" % (0x20ac + number) for number in range(16))
    load(context, pkcs12.encrypted("unicode"),
         password.decode("unicode-escape"))
    assert sent(context)[0] == LEAF


def test_password_that_is_not_needed(context):
    load(context, WHOLE, "not needed")
    assert sent(context)[0] == LEAF


def test_password_callable_is_asked_once(context):
    asked = []

    def password():
        asked.append(1)
        return PASSWORD

    load(context, pkcs12.encrypted("aes"), password)
    assert asked == [1]
    with pytest.raises(ssl.SSLError):
        load(context, b"junk", password)
    assert asked == [1]


@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO < (3, 4),
                    reason="OpenSSL before 3.4 has no PBMAC1")
def test_pbmac1(context):
    contents = pkcs12.store(KEY_BAG, pkcs12.certificate(LEAF),
                            mac=pkcs12.pbmac1(b"word"))
    load(context, contents, "word")
    assert sent(context)[0] == LEAF
    with pytest.raises(ssl.SSLError) as caught:
        load(context, contents, "other")
    assert caught.value.reason == "MAC_VERIFY_FAILURE"


@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO >= (3, 4),
                    reason="OpenSSL has PBMAC1 from 3.4 on")
def test_pbmac1_that_is_not_known(context):
    with pytest.raises(ssl.SSLError):
        load(context, pkcs12.store(
            KEY_BAG, pkcs12.certificate(LEAF), mac=pkcs12.pbmac1(b"word")),
            "word")


# Leaf and chain

CERTIFICATES = [pkcs12.certificate(der) for der in (LEAF, INTERMEDIATE, ROOT)]


@pytest.mark.parametrize("order", [
    (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize("key_first", [False, True])
def test_chain_is_in_issuing_order(context, order, key_first):
    bags = [CERTIFICATES[place] for place in order]
    bags.insert(0 if key_first else 3, KEY_BAG)
    load(context, plain(*bags))
    assert sent(context) == [LEAF, INTERMEDIATE, ROOT]


def test_other_authorities_stand_behind_the_chain(context):
    load(context, plain(*[KEY_BAG] + [
        pkcs12.certificate(der) for der in (
            OTHER_ROOT, ROOT, CROSS_SIGNED, INTERMEDIATE, LEAF)]))
    assert sent(context) == [
        LEAF, INTERMEDIATE, ROOT, CROSS_SIGNED, OTHER_ROOT]


def test_other_leaves_are_not_sent(context):
    load(context, plain(
        KEY_BAG, pkcs12.certificate(LEAF), pkcs12.certificate(
            pkcs12.blocks("expired.pem")[0])))
    assert sent(context) == [LEAF]


def test_what_is_there_twice_is_sent_once(context):
    load(context, plain(KEY_BAG, *CERTIFICATES * 2))
    assert sent(context) == [LEAF, INTERMEDIATE, ROOT]


def test_leaf_without_authorities_takes_them_from_the_trust_store(context):
    context.load_verify_locations(cert("intermediate.pem"))
    load(context, plain(KEY_BAG, CERTIFICATES[0]))
    with SocketPair(server=context):
        pass


@pytest.mark.parametrize("chosen", range(3))
def test_local_key_id_tells_the_leaf(context, chosen):
    """If several certificates have the same key, the localKeyID of the key
    selects the leaf."""
    ders = [LEAF, SAME_KEY, SAME_KEY_TOO]
    ids = [pkcs12.octets(b"id" if place == chosen else b"other")
           for place in range(3)]
    load(context, plain(*[
        pkcs12.certificate(*pair) for pair in zip(ders, ids)] + [
            pkcs12.bag(pkcs12.KEY_BAG, KEY, pkcs12.octets(b"id"))]))
    assert sent(context)[0] == ders[chosen]


def test_local_key_id_of_another_key(context):
    """A certificate with the public key of the private key is the leaf,
    even if the localKeyID points to another certificate."""
    load(context, plain(
        pkcs12.certificate(INTERMEDIATE, pkcs12.octets(b"id")),
        pkcs12.certificate(LEAF, pkcs12.octets(b"other")),
        pkcs12.bag(pkcs12.KEY_BAG, KEY, pkcs12.octets(b"id"))))
    assert sent(context) == [LEAF, INTERMEDIATE]


@pytest.mark.parametrize("key_id", [
    b"", pkcs12.number(5), pkcs12.octets(b""), pkcs12.sequence()],
    ids=["none", "number", "empty", "sequence"])
def test_local_key_id_of_another_type(context, key_id):
    load(context, plain(
        pkcs12.certificate(LEAF, key_id),
        pkcs12.bag(pkcs12.KEY_BAG, KEY, key_id)))
    assert sent(context) == [LEAF]


def test_first_key_counts(context):
    other = pkcs12.bag(pkcs12.KEY_BAG, OTHER_KEY)
    load(context, plain(KEY_BAG, other, *CERTIFICATES))
    assert sent(context)[0] == LEAF
    with pytest.raises(ssl.SSLError) as caught:
        load(context, plain(other, KEY_BAG, *CERTIFICATES))
    assert caught.value.reason == "NO_CERTIFICATE_ASSIGNED"


def test_bags_in_bags(context):
    load(context, plain(pkcs12.bag(pkcs12.SAFE_BAG, pkcs12.sequence(
        KEY_BAG, pkcs12.bag(pkcs12.SAFE_BAG, pkcs12.sequence(
            *CERTIFICATES))))))
    assert sent(context) == [LEAF, INTERMEDIATE, ROOT]


def test_what_is_not_for_us_is_left_out(context):
    """SDSI certificates, secrets and digested parts are ignored."""
    others = pkcs12.safe(
        pkcs12.bag(pkcs12.CERT_BAG, pkcs12.sequence(
            pkcs12.SDSI, pkcs12.element(0xa0, pkcs12.element(22, b"sdsi")))),
        pkcs12.bag(pkcs12.SECRET_BAG, pkcs12.sequence(
            pkcs12.DATA, pkcs12.element(0xa0, pkcs12.octets(b"secret")))))
    digested = pkcs12.sequence(
        pkcs12.DIGESTED, pkcs12.element(0xa0, pkcs12.sequence(
            pkcs12.number(0), pkcs12.null_algorithm("1.3.14.3.2.26"),
            pkcs12.empty_safe(pkcs12.DATA), pkcs12.octets(b"digest"))))
    load(context, pkcs12.wrap(pkcs12.sequence(
        others, digested, pkcs12.safe(KEY_BAG, *CERTIFICATES))))
    assert sent(context) == [LEAF, INTERMEDIATE, ROOT]


def test_authorities_are_not_trusted(context):
    client = client_context(roots=None)
    load(client, WHOLE)
    load(client, pkcs12.encrypted("aes"), PASSWORD)
    assert client.cert_store_stats() == {"x509": 0, "x509_ca": 0, "crl": 0}
    with pytest.raises(ssl.SSLCertVerificationError):
        BioPair(client, server_context())


def test_loading_again_replaces(context):
    context.load_cert_chain(cert("localhost-ec.pem"))
    load(context, WHOLE)
    assert sent(context) == [LEAF, INTERMEDIATE]
    load(context, plain(KEY_BAG, pkcs12.certificate(SAME_KEY)))
    assert sent(context) == [SAME_KEY]


def test_keys_of_two_kinds_side_by_side(context):
    rsa = pkcs12.blocks("localhost.pem")
    load(context, WHOLE)
    load(context, plain(pkcs12.bag(pkcs12.KEY_BAG, rsa[1]),
                        pkcs12.certificate(rsa[0])))
    limit_version(context, "TLSv1.2")
    for auth, leaf in ("RSA", rsa[0]), ("ECDSA", LEAF):
        client = client_context()
        client.set_ciphers("ECDHE-%s-AES128-GCM-SHA256" % auth)
        with BioPair(client, context) as pair:
            assert pair.client.getpeercert(True) == leaf


def test_algorithms_of_old_stay_out_of_the_process(context):
    """OpenSSL 3 enables the legacy algorithms only while load_pkcs12()
    reads the file.  load_cert_chain() still refuses a key that needs
    them."""
    load(context, pkcs12.encrypted("rc2"), PASSWORD)
    if ssl.OPENSSL_VERSION_INFO >= (3,):
        with pytest.raises(ssl.SSLError):
            context.load_cert_chain(
                cert("localhost-cert.pem"), io.StringIO(RC2_KEY), "secret")


LOAD_RC2 = """\
import ssl, sys
try:
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_pkcs12(*sys.argv[1:])
    sys.stdout.write("loaded")
except ssl.SSLError as error:
    sys.stdout.write(error.reason)
"""


def test_algorithms_of_old_that_are_not_there(tmpdir):
    """If OpenSSL finds no legacy provider, load_pkcs12() raises an error.
    Some builds of OpenSSL have the legacy algorithms built in."""
    path = tmpdir.join("own.p12")
    path.write_binary(pkcs12.encrypted("rc2"))
    output = subprocess.check_output(
        [sys.executable, "-m", "_ssl_backport", "-c", LOAD_RC2, str(path),
         PASSWORD], env=dict(os.environ, OPENSSL_MODULES=str(tmpdir)))
    assert output in (b"loaded", b"UNSUPPORTED_ALGORITHM")


# Contents that do not load

def reason_of(context, contents, password=None):
    with pytest.raises(ssl.SSLError) as caught:
        load(context, contents, password)
    assert type(caught.value) is ssl.SSLError
    assert "source" in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("form", FORMS + ["empty"])
@pytest.mark.parametrize("password", ["wrong", lambda: "wrong", "x" * 1024])
def test_wrong_password(context, form, password):
    assert (reason_of(context, pkcs12.encrypted(form), password)
            == "MAC_VERIFY_FAILURE")


@pytest.mark.parametrize("password", EMPTY, ids=[
    "None", "str", "bytes", "unicode", "bytearray", "callable"])
def test_no_password(context, password):
    assert (reason_of(context, pkcs12.encrypted("aes"), password)
            == "MAC_VERIFY_FAILURE")


def test_password_with_a_nul(context):
    assert (reason_of(context, pkcs12.encrypted("aes"), PASSWORD + "\0")
            == "MAC_VERIFY_FAILURE")


@pytest.mark.parametrize("password", [42, ["a"], object()])
def test_password_of_wrong_type(context, password):
    with pytest.raises(TypeError):
        load(context, WHOLE, password)
    with pytest.raises(TypeError):
        load(context, WHOLE, lambda: password)


def test_password_callable_that_gives_nothing(context):
    with pytest.raises(TypeError):
        load(context, WHOLE, lambda: None)


@pytest.mark.parametrize("password", [
    "x" * 1025, bytearray(1025), lambda: "x" * 102400])
def test_password_too_long(context, password):
    with pytest.raises(ValueError):
        load(context, WHOLE, password)


def test_password_callable_that_raises(context):
    error = KeyError("no such secret")

    def raise_it():
        raise error

    with pytest.raises(KeyError) as caught:
        load(context, WHOLE, raise_it)
    assert caught.value is error


def test_no_key(context):
    for bags in (), CERTIFICATES:
        assert (reason_of(context, plain(*bags))
                == "NO_PRIVATE_KEY_ASSIGNED")
    assert (reason_of(context, pkcs12.wrap(pkcs12.sequence()))
            == "NO_PRIVATE_KEY_ASSIGNED")


@pytest.mark.parametrize("others", [
    [], [INTERMEDIATE, ROOT], [pkcs12.blocks("localhost.pem")[0]]])
def test_no_leaf(context, others):
    contents = plain(KEY_BAG, *map(pkcs12.certificate, others))
    assert reason_of(context, contents) == "NO_CERTIFICATE_ASSIGNED"


@pytest.mark.parametrize("contents", [
    b"", b"junk", b"\x30\x80", b"\0" * 100, LEAF, KEY,
    read_cert("localhost.pem").encode("ascii"), WHOLE[:-1], WHOLE[:100],
    pkcs12.sequence(pkcs12.number(3)),
    pkcs12.sequence(pkcs12.number(3), pkcs12.sequence(pkcs12.DATA))])
def test_garbage(context, contents):
    assert reason_of(context, contents) == "DECODE_ERROR"


@pytest.mark.parametrize("mac", [
    lambda contents: b"", pkcs12.mac_of_no_password], ids=["no-mac", "mac"])
@pytest.mark.parametrize("kind", [
    pkcs12.DATA, pkcs12.ENVELOPED, pkcs12.ENCRYPTED])
def test_cve_2024_0727_nothing_where_something_should_be(context, mac, kind):
    """A part without content, and a file without content."""
    part = pkcs12.wrap(pkcs12.sequence(pkcs12.empty_safe(kind)), mac)
    whole = pkcs12.sequence(pkcs12.number(3), pkcs12.empty_safe(kind),
                            mac(b""))
    for contents in part, whole:
        reason_of(context, contents)


def test_encrypted_part_without_content(context):
    algorithm = pkcs12.sequence(pkcs12.oid(pkcs12.PKCS + "5.13"))
    safe = pkcs12.sequence(pkcs12.ENCRYPTED, pkcs12.element(
        0xa0, pkcs12.sequence(pkcs12.number(0), pkcs12.sequence(
            pkcs12.DATA, algorithm))))
    assert (reason_of(context, pkcs12.wrap(pkcs12.sequence(safe)))
            == "DECODE_ERROR")


def test_parts_that_are_garbage(context):
    for bags in (
            [KEY_BAG, pkcs12.certificate(b"junk")],
            [pkcs12.bag(pkcs12.KEY_BAG, pkcs12.sequence(pkcs12.number(0),
                        pkcs12.null_algorithm("1.2.3"), pkcs12.octets(b"")))],
            [pkcs12.bag(pkcs12.LOCKED_KEY_BAG, pkcs12.sequence(
                pkcs12.null_algorithm("1.2.3"), pkcs12.octets(b"junk")))],
            [pkcs12.bag(pkcs12.CERT_BAG, pkcs12.sequence(pkcs12.X509))]):
        reason_of(context, plain(*bags))
    reason_of(context, pkcs12.wrap(pkcs12.sequence(pkcs12.sequence(
        pkcs12.DATA, pkcs12.element(0xa0, pkcs12.octets(b"junk"))))))


def test_every_byte_spoilt(context):
    """A file without MAC in which one byte is wrong either loads or raises
    an SSLError with a library, or a MemoryError."""
    whole = bytearray(plain(KEY_BAG, CERTIFICATES[0]))
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x41
        try:
            load(context, bytes(damaged))
        except (ssl.SSLError, MemoryError) as error:
            assert not isinstance(error, ssl.SSLError) or error.library


def test_missing_file(context, tmpdir):
    path = str(tmpdir.join("missing.p12"))
    with pytest.raises(FileError) as caught:
        context.load_pkcs12(path)
    assert caught.value.errno == errno.ENOENT
    assert caught.value.filename == path
    with pytest.raises(FileError) as caught:
        context.load_pkcs12(str(tmpdir))
    assert caught.value.errno == errno.EISDIR


def test_file_at_fault_is_named(context):
    with pytest.raises(ssl.SSLError) as caught:
        context.load_pkcs12(cert("localhost.pem"))
    assert cert("localhost.pem") in str(caught.value)
    assert caught.value.reason == "DECODE_ERROR"


@pytest.mark.parametrize("source", [
    None, 42, [], object(), io.StringIO(u"text")],
    ids=["None", "int", "list", "object", "text"])
def test_wrong_types(context, source):
    with pytest.raises(TypeError) as caught:
        context.load_pkcs12(source)
    assert "source" in str(caught.value)
    for arguments in (), ("a", None, None):
        with pytest.raises(TypeError):
            context.load_pkcs12(*arguments)


def test_context_survives_failures(context):
    load(context, WHOLE)
    for contents, password in (
            (b"junk", None), (pkcs12.encrypted("aes"), "wrong"),
            (plain(KEY_BAG), None), (plain(*CERTIFICATES), None),
            (plain(KEY_BAG, pkcs12.certificate(ROOT)), None)):
        reason_of(context, contents, password)
    assert sent(context) == [LEAF, INTERMEDIATE]


def test_files_are_closed(context, tmpdir):
    path = tmpdir.join("own.p12")
    path.write_binary(pkcs12.encrypted("rc2"))
    context.load_pkcs12(str(path), PASSWORD)
    before = descriptors()
    for password in PASSWORD, "wrong":
        try:
            context.load_pkcs12(str(path), password)
        except ssl.SSLError:
            assert password == "wrong"
    assert descriptors() == before


# Collection and threads

def test_password_callable_uses_the_same_context(context):
    def password():
        load(context, plain(KEY_BAG, pkcs12.certificate(SAME_KEY)))
        assert sent(context) == [SAME_KEY]
        return PASSWORD

    load(context, pkcs12.encrypted("aes"), password)
    assert sent(context)[0] == LEAF


def test_password_callable_drops_the_context():
    held = [ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)]
    reference = weakref.ref(held[0])

    def password():
        del held[:]
        collect()
        return PASSWORD

    held[0].load_pkcs12(io.BytesIO(pkcs12.encrypted("aes")), password)
    collect()
    assert reference() is None


def test_threads_load_into_one_context(version):
    server, client = server_context(version), client_context(version)
    files = [(pkcs12.encrypted(form), PASSWORD) for form in FORMS]

    def load_each():
        for _ in range(5):
            for contents, password in files:
                load(server, contents, password)
                with pytest.raises(ssl.SSLError):
                    load(server, contents, "wrong")

    def connect():
        for _ in range(20):
            with BioPair(client, server):
                pass

    for task in [Task(load_each), Task(load_each), Task(connect)]:
        task.result()


RC2_KEY = u"""\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGxMBwGCiqGSIb3DQEMAQYwDgQIORHb0udVdqsCAggABIGQzGVRWM0OGrWK7nP+
iqTuwfllxVyDpDpJx14Jh77REFyBAQFxmdnwNLDgsarApre4vTOe6dCo6uGUHAo8
KPFxgTUWT57nFSyUzdrh/ltKRiH4iTT8+kJg8vfJm1a85qn9AiVCvWbsx68sUlmw
9l/DJxDK/ndb2Bw61kMZ9R7/An1sd/CQmx64rOZWpGz0h7HE
-----END ENCRYPTED PRIVATE KEY-----
"""
