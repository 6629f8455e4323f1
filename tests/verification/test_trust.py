"""SSLContext.load_verify_locations(), CA statistics, CRLs and verification."""

import errno
import os
import shutil
import ssl

import pytest

from helpers import (BACKPORT, FileError, SocketPair, buffer_types, cert,
                     client_context, read_cert, server_context, text_type)

ROOT = read_cert("root.pem")
ROOT_DER = ssl.PEM_cert_to_DER_cert(ROOT)
OTHER = read_cert("unknown-root.pem")
OTHER_DER = ssl.PEM_cert_to_DER_cert(OTHER)
ONE = {"x509": 1, "x509_ca": 1, "crl": 0}
TWO = {"x509": 2, "x509_ca": 2, "crl": 0}
NOTHING = {"x509": 0, "x509_ca": 0, "crl": 0}


@pytest.fixture
def context():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def assert_trusts(context):
    with SocketPair(client=context):
        pass


# cafile

def test_cafile(context):
    context.load_verify_locations(cert("root.pem"))
    assert context.cert_store_stats() == ONE
    assert_trusts(context)


@pytest.mark.parametrize("convert", [
    lambda path: path.encode("ascii"), text_type], ids=["bytes", "unicode"])
def test_cafile_types(context, convert):
    context.load_verify_locations(cafile=convert(cert("root.pem")))
    assert context.cert_store_stats() == ONE


@pytest.mark.python3("2.7 has no os.PathLike")
def test_cafile_path_object(context):
    import pathlib
    context.load_verify_locations(cafile=pathlib.Path(cert("root.pem")),
                                  capath=pathlib.Path(cert("capath")))
    assert_trusts(context)


def test_cafile_with_many(context):
    context.load_verify_locations(cert("many-roots.pem"))
    assert context.cert_store_stats() == {
        "x509": 150, "x509_ca": 150, "crl": 0}
    assert len(context.get_ca_certs()) == 150


def test_cafile_twice_counts_once(context):
    context.load_verify_locations(cert("root.pem"))
    context.load_verify_locations(cert("root.pem"))
    assert context.cert_store_stats() == ONE


def test_one_context_does_not_show_in_another(context):
    """Contexts that load the same file share only constant data."""
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cert("root.pem"))
    other.load_verify_locations(cert("root.pem"))
    context.load_verify_locations(cadata=OTHER)
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    assert context.cert_store_stats() == TWO
    assert other.cert_store_stats() == ONE
    assert_trusts(other)


def test_changed_cafile_is_read_again(context, tmpdir):
    path = str(tmpdir.join("roots.pem"))
    shutil.copy(cert("unknown-root.pem"), path)
    context.load_verify_locations(path)
    with pytest.raises(ssl.SSLError):
        SocketPair(client=context)
    replacement = str(tmpdir.join("new.pem"))
    shutil.copy(cert("root.pem"), replacement)
    os.rename(replacement, path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    assert_trusts(context)
    # rewritten in place, with the same size
    with open(path, "r+b") as stream:
        text = stream.read()
        stream.seek(0)
        stream.write(b"#" * len(text))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(ssl.SSLError):
        context.load_verify_locations(path)


@pytest.mark.parametrize("arguments", [
    {"cafile": "missing.pem"}, {"cafile": "missing.pem", "capath": "capath"}])
def test_missing_cafile(context, arguments):
    with pytest.raises(FileError) as caught:
        context.load_verify_locations(
            **{key: cert(value) for key, value in arguments.items()})
    assert caught.value.errno == errno.ENOENT
    assert not isinstance(caught.value, ssl.SSLError)


def test_folder_as_cafile(context, tmpdir):
    with pytest.raises(FileError) as caught:
        context.load_verify_locations(str(tmpdir))
    assert caught.value.errno == errno.EISDIR


@pytest.mark.backport_only("stock does not name the file")
def test_missing_cafile_is_named(context):
    with pytest.raises(FileError) as caught:
        context.load_verify_locations(cert("missing.pem"))
    assert caught.value.filename == cert("missing.pem")


@pytest.mark.backport_only("stock does not name the file")
@pytest.mark.parametrize("name", ["empty.pem", "junk.pem", "junk-der.pem"])
def test_junk_cafile_is_named(context, name):
    with pytest.raises(ssl.SSLError) as caught:
        context.load_verify_locations(cert(name))
    assert cert(name) in str(caught.value)


@pytest.mark.parametrize("name", [
    "empty.pem", "junk.pem", "junk-base64.pem", "junk-der.pem",
    "comments.pem", "localhost-key.pem"])
def test_cafile_without_certificates(context, name):
    with pytest.raises(ssl.SSLError):
        context.load_verify_locations(cert(name))
    assert context.cert_store_stats() == NOTHING


def test_cafile_with_crl(context):
    context.load_verify_locations(cert("crl.pem"))
    assert context.cert_store_stats() == {"x509": 0, "x509_ca": 0, "crl": 1}


def test_cafile_leaf_is_no_ca(context):
    context.load_verify_locations(cert("localhost-cert.pem"))
    assert context.cert_store_stats() == {"x509": 1, "x509_ca": 0, "crl": 0}
    assert context.get_ca_certs() == []


# capath

def test_capath(context):
    context.load_verify_locations(capath=cert("capath"))
    assert context.cert_store_stats() == NOTHING
    assert_trusts(context)
    # certificates that a chain needed stay in the store
    assert context.cert_store_stats() == ONE


def test_capath_bytes(context):
    context.load_verify_locations(capath=cert("capath").encode("ascii"))
    assert_trusts(context)


def test_capath_missing_folder(context):
    context.load_verify_locations(capath=cert("no-such-folder"))
    with pytest.raises(ssl.SSLError):
        SocketPair(client=context)


def test_capath_without_the_root(context, tmpdir):
    context.load_verify_locations(capath=str(tmpdir))
    with pytest.raises(ssl.SSLError):
        SocketPair(client=context)


# cadata

@pytest.mark.parametrize("cadata, stats", [
    (ROOT, ONE), (ROOT + OTHER, TWO), (OTHER + "\n\n" + ROOT, TWO),
    ("# text\n" + ROOT + "more text\n" + OTHER + "end", TWO),
    (ROOT + ROOT, ONE)], ids=["one", "two", "blank", "text", "twice"])
def test_pem_cadata(context, cadata, stats):
    context.load_verify_locations(cadata=cadata)
    assert context.cert_store_stats() == stats
    assert_trusts(context)


@pytest.mark.since(3, 8, "fails with OpenSSL 3")
@pytest.mark.parametrize("cadata, stats", [
    (ROOT_DER, ONE), (ROOT_DER + OTHER_DER, TWO), (ROOT_DER * 2, ONE)],
    ids=["one", "two", "twice"])
def test_gh_151504_der_cadata(context, cadata, stats):
    context.load_verify_locations(cadata=cadata)
    assert context.cert_store_stats() == stats
    assert_trusts(context)


@pytest.mark.since(3, 8, "fails with OpenSSL 3")
@pytest.mark.parametrize("kind", buffer_types)
def test_cadata_buffers(context, kind):
    context.load_verify_locations(cadata=kind(ROOT_DER))
    assert context.cert_store_stats() == ONE


@pytest.mark.python2("2.7 accepts a str as text")
def test_cadata_str_on_python2(context):
    context.load_verify_locations(cadata=str(ROOT))
    assert context.cert_store_stats() == ONE


@pytest.mark.since(3, 10, "raises other errors")
@pytest.mark.parametrize("cadata", [
    u"# only a comment\n", u"broken", b"broken",
    u"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"])
def test_bpo_43920_no_certificate_in_cadata(context, cadata):
    with pytest.raises(ssl.SSLError):
        context.load_verify_locations(cadata=cadata)
    assert context.cert_store_stats() == NOTHING


@pytest.mark.parametrize("cadata", [u"", b""])
def test_empty_cadata(context, cadata):
    with pytest.raises(ValueError):
        context.load_verify_locations(cadata=cadata)


@pytest.mark.parametrize("cadata", [u"broken", b"broken", ROOT_DER[:-1],
                                    ROOT[:600]])
def test_junk_cadata(context, cadata):
    with pytest.raises(ssl.SSLError):
        context.load_verify_locations(cadata=cadata)
    assert context.cert_store_stats() == NOTHING


@pytest.mark.since(3, 12, "treats the junk as the end")
@pytest.mark.parametrize("tail", [b"A", b"\0", OTHER_DER[:-1],
                                  OTHER_DER[:40]],
                         ids=["letter", "nul", "most", "start"])
def test_gh_100372_junk_after_cadata(context, tail):
    with pytest.raises(ssl.SSLError):
        context.load_verify_locations(cadata=ROOT_DER + tail)
    # stock has already loaded the certificates before the junk
    assert context.cert_store_stats() == (NOTHING if BACKPORT else ONE)


def test_cadata_that_is_not_ascii(context):
    with pytest.raises((TypeError, ValueError)):
        context.load_verify_locations(cadata=u"\xfc")


def test_bpo_10989_arguments_of_wrong_type(context):
    for arguments in ((), (None,), (None, None), (None, None, None),
                      (None, True), (True,), (42,), (object(),)):
        with pytest.raises(TypeError):
            context.load_verify_locations(*arguments)
    with pytest.raises(TypeError):
        context.load_verify_locations(cadata=object())


def test_empty_paths(context):
    with pytest.raises(FileError) as caught:
        context.load_verify_locations(cafile="")
    assert caught.value.errno == errno.ENOENT


# get_ca_certs

def test_get_ca_certs(context):
    assert context.get_ca_certs() == []
    context.load_verify_locations(cadata=ROOT)
    name = ((("countryName", "DE"),),
            (("organizationName", "SSL Backport Tests"),),
            (("commonName", "Backport Test Root"),))
    assert context.get_ca_certs() == [{
        "subject": name, "issuer": name, "serialNumber": "01", "version": 3,
        "notBefore": "Jan  1 00:00:00 2018 GMT",
        "notAfter": "Dec 31 23:59:59 2099 GMT"}]
    assert context.get_ca_certs(True) == [ROOT_DER]
    assert context.get_ca_certs(binary_form=True) == [ROOT_DER]
    assert context.get_ca_certs(False) == context.get_ca_certs()


# Verification

@pytest.mark.parametrize("chain", [
    "unknown.pem", "self-signed.pem", "expired.pem", "not-yet-valid.pem",
    "chain-incomplete.pem", "client.pem", "host-other.pem"])
def test_bad_certificate(chain, version, pair_type):
    with pytest.raises((ssl.SSLError, ssl.CertificateError)):
        pair_type(client_context(version), server_context(version, chain))


@pytest.mark.since(3, 7, "has no SSLCertVerificationError")
@pytest.mark.parametrize("chain, code", [
    ("unknown.pem", 20), ("self-signed.pem", 18), ("expired.pem", 10),
    ("not-yet-valid.pem", 9), ("chain-incomplete.pem", 20),
    ("client.pem", 26), ("host-other.pem", 62)])
def test_bpo_31399_gh_107077_verification_error(chain, code, version,
                                                pair_type):
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        pair_type(client_context(version), server_context(version, chain))
    error = caught.value
    assert error.verify_code == code
    assert error.verify_message in str(error)
    assert type(error.verify_message) is str
    assert error.reason == "CERTIFICATE_VERIFY_FAILED"
    assert error.library == "SSL"
    assert error.errno == ssl.SSL_ERROR_SSL
    assert isinstance(error, ValueError)


def test_cert_none_takes_anything(version, pair_type):
    client = client_context(version, roots=None)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    with pair_type(client, server_context(version, "expired.pem")) as pair:
        assert pair.client.getpeercert() == {}
        assert pair.client.getpeercert(True)


def test_trusted_leaf_needs_partial_chain(version):
    client = client_context(version, roots="intermediate.pem")
    server = server_context(version, "chain.pem")
    with pytest.raises(ssl.SSLError):
        SocketPair(client, server)
    partial_chain = 0x80000
    client.verify_flags |= partial_chain
    with SocketPair(client, server):
        pass


def test_bpo_23476_expired_cross_signature(version, tmpdir):
    """A trusted root is used rather than a certificate from the server."""
    chain = str(tmpdir.join("chain.pem"))
    with open(chain, "w") as stream:
        stream.write(read_cert("localhost.pem") +
                     read_cert("cross-signed.pem"))
    client = client_context(version)
    client.load_verify_locations(cert("old-root.pem"))
    with SocketPair(client, server_context(version, chain)):
        pass
    client = client_context(version, roots="old-root.pem")
    with pytest.raises(ssl.SSLError):
        SocketPair(client, server_context(version, chain))


# Client certificates

def verifying_server(version, mode=ssl.CERT_REQUIRED):
    server = server_context(version)
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = mode
    return server


@pytest.mark.parametrize("mode", [ssl.CERT_REQUIRED, ssl.CERT_OPTIONAL])
def test_client_certificate(version, pair_type, mode):
    client = client_context(version)
    client.load_cert_chain(cert("client.pem"))
    with pair_type(client, verifying_server(version, mode)) as pair:
        subject = pair.server.getpeercert()["subject"]
        assert subject[-1] == (("commonName", "client"),)


def test_optional_client_certificate(version, pair_type):
    server = verifying_server(version, ssl.CERT_OPTIONAL)
    with pair_type(client_context(version), server) as pair:
        assert pair.server.getpeercert() is None
        assert pair.server.getpeercert(True) is None


@pytest.mark.parametrize("chain", [None, "unknown.pem", "expired.pem",
                                   "server-only.pem"])
def test_bad_client_certificate(version, pair_type, chain):
    client = client_context(version)
    if chain is not None:
        client.load_cert_chain(cert(chain))
    with pair_type(client, verifying_server(version),
                   handshake=False) as pair:
        with pytest.raises(ssl.SSLError) as caught:
            # with TLS 1.3 the client gets the alert when it reads
            pair.handshake()
            pair.client.read(1)
        assert caught.value.library == "SSL"


# CRLs

@pytest.mark.parametrize("crl, chain, passes", [
    ("crl.pem", "localhost.pem", True), ("crl.pem", "revoked.pem", False),
    ("crl-empty.pem", "revoked.pem", True),
    (None, "localhost.pem", False), (None, "revoked.pem", False)])
def test_crl(crl, chain, passes):
    client = client_context()
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    if crl is not None:
        client.load_verify_locations(cert(crl))
        assert client.cert_store_stats()["crl"] == 1
    server = server_context(chain=chain)
    if passes:
        with SocketPair(client, server):
            pass
    else:
        with pytest.raises(ssl.SSLError) as caught:
            SocketPair(client, server)
        assert caught.value.reason == "CERTIFICATE_VERIFY_FAILED"


@pytest.mark.parametrize("reverse", [False, True])
def test_newer_crl_of_another_place(tmpdir, reverse):
    """An expired CRL must not hide a newer one in another place."""
    for name in os.listdir(cert("capath")):
        shutil.copy(cert("crl.pem"),
                    str(tmpdir.join(name.replace(".0", ".r0"))))
    client = client_context(roots=None)
    client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    places = [{"cafile": cert("crl-old.pem")}, {"capath": str(tmpdir)}]
    for place in reversed(places) if reverse else places:
        client.load_verify_locations(**place)
    with SocketPair(client, server_context()):
        pass


def test_crl_is_not_looked_at_without_the_flag():
    client = client_context()
    client.load_verify_locations(cert("crl.pem"))
    with SocketPair(client, server_context(chain="revoked.pem")):
        pass


# Several CAs with the same name

NAMESAKES = [read_cert("capath-namesakes/8d867106.%d" % number)
             for number in range(5)]


def accepts(client, chain="namesake.pem"):
    try:
        with SocketPair(client, server_context(chain=chain)):
            return True
    except ssl.SSLError as error:
        assert error.reason == "CERTIFICATE_VERIFY_FAILED"
        return False


def namesakes(tmpdir, *numbers):
    """A file with some of the CAs, and its text."""
    text = u"".join(NAMESAKES[number] for number in numbers)
    path = tmpdir.join("-".join(map(str, numbers)))
    path.write(text.encode("ascii"), "wb")
    return str(path), text


def assert_first_counts(context, first):
    """The leaf has no key identifier, so OpenSSL takes the first CA of this
    name for the issuer.  Only CA number 0 is the issuer."""
    assert [accepts(context) for _ in range(4)] == [first == 0] * 4


orders = pytest.mark.parametrize("numbers", [
    (0,), (1,), (0, 1), (1, 0), (0, 0), (0, 1, 2, 3, 4), (4, 3, 2, 1, 0),
    (1, 0, 2, 4, 3), (0, 4, 1, 3, 2), (2, 2, 0)])


@orders
def test_namesakes_in_a_file(context, tmpdir, numbers):
    context.load_verify_locations(namesakes(tmpdir, *numbers)[0])
    assert_first_counts(context, numbers[0])
    stats = context.cert_store_stats()
    assert stats["x509"] == len(set(numbers))


@orders
def test_namesakes_in_data(context, tmpdir, numbers):
    context.load_verify_locations(cadata=namesakes(tmpdir, *numbers)[1])
    assert_first_counts(context, numbers[0])


@orders
def test_namesakes_among_others(context, tmpdir, numbers):
    path, text = namesakes(tmpdir, *numbers)
    with open(path, "ab") as stream:
        stream.write(read_cert("many-roots.pem").encode("ascii"))
    context.load_verify_locations(path)
    assert_first_counts(context, numbers[0])


@pytest.mark.parametrize("first, second", [
    ((0,), (1,)), ((1,), (0,)), ((1, 2), (0, 3)), ((0, 2), (1, 3, 4))])
def test_namesakes_in_two_places(tmpdir, first, second):
    """The second place may be a file, data or a folder."""
    file, text = namesakes(tmpdir, *first)
    other_file, other_text = namesakes(tmpdir, *second)
    for options in ({"cafile": other_file}, {"cadata": other_text},
                    {"capath": cert("capath-namesakes")}):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(file)
        context.load_verify_locations(**options)
        assert_first_counts(context, first[0])
        # the second place is added after the first handshake
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(file)
        assert accepts(context) is (first[0] == 0)
        context.load_verify_locations(**options)
        assert_first_counts(context, first[0])


def test_namesakes_in_data_and_a_file_at_once(context, tmpdir):
    """Data comes before the file, whatever the order of the arguments."""
    file, _ = namesakes(tmpdir, 1)
    _, text = namesakes(tmpdir, 0)
    context.load_verify_locations(file, cadata=text)
    assert_first_counts(context, 0)


@pytest.mark.parametrize("first", [0, 1])
def test_namesakes_in_a_folder_and_then_a_file(tmpdir, first):
    """A file comes before a folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(capath=cert("capath-namesakes"))
    context.load_verify_locations(namesakes(tmpdir, first)[0])
    assert_first_counts(context, first)


def test_namesakes_in_a_folder(context):
    context.load_verify_locations(capath=cert("capath-namesakes"))
    assert_first_counts(context, 0)


def test_namesakes_with_key_identifiers(context):
    """Each leaf finds its own issuer in any order of the CAs."""
    context.load_verify_locations(cert("namesakes-with-ids.pem"))
    assert all(accepts(context, "namesake-with-id.pem") for _ in range(3))
    assert not accepts(context)
