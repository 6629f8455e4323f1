"""Security that needs no setting: default contexts, clients of the standard
library, and secrets in messages and in memory."""

import contextlib
import os
import socket
import ssl
import subprocess
import sys

import pytest

import pkcs12
from helpers import (PASSWORD, PY2, BioPair, SocketPair, cert, limit_version,
                     program_file, server_context, serving, unix_pair)

SECRET = "correct horse battery staple"
UNTRUSTED = "unknown.pem"
WRONG_NAME = "host-other.pem"
# values of OpenSSL's X509_V_ERR_*
UNKNOWN_ISSUER, HOSTNAME_MISMATCH = 20, 62

if PY2:
    from httplib import HTTPSConnection
    from urllib2 import URLError, urlopen
else:
    from http.client import HTTPSConnection
    from urllib.error import URLError
    from urllib.request import urlopen

defaults = pytest.mark.parametrize("make", [
    ssl.create_default_context, lambda: ssl.SSLContext(ssl.PROTOCOL_TLS),
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)],
    ids=["default", "PROTOCOL_TLS", "PROTOCOL_TLS_CLIENT"])


def old_server():
    """A server context that allows only TLS 1.0 and 1.1."""
    server = limit_version(server_context(), "TLSv1.2")
    server.options |= ssl.OP_NO_TLSv1_2
    server.set_ciphers("ALL:@SECLEVEL=0")
    server.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return server


@pytest.mark.since(3, 10, "leaves the minimum to the system's OpenSSL")
@defaults
def test_old_versions_need_to_be_asked_for(make):
    """A client uses an old version only if the program lowers
    minimum_version; a low security level is not enough."""
    context = make()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        BioPair(context, old_server())
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with BioPair(context, old_server()) as pair:
        assert pair.client.version() == "TLSv1.1"


@pytest.mark.since(3, 10, "leaves the minimum to the system's OpenSSL")
@pytest.mark.parametrize("make", [
    lambda: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLS),
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)],
    ids=["default", "PROTOCOL_TLS", "PROTOCOL_TLS_SERVER"])
def test_old_versions_need_to_be_allowed(make):
    context = make()
    context.load_cert_chain(cert("localhost.pem"))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ALL:@SECLEVEL=0")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cert("root.pem"))
    client.set_ciphers("ALL:@SECLEVEL=0")
    client.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    client.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        BioPair(client, context)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with BioPair(client, context) as pair:
        assert pair.server.version() == "TLSv1.1"


@defaults
def test_no_compression_and_no_sslv3(make):
    options = make().options
    assert options & ssl.OP_NO_COMPRESSION == ssl.OP_NO_COMPRESSION
    assert options & ssl.OP_NO_SSLv3 == ssl.OP_NO_SSLv3


def test_nothing_is_compressed(pair):
    assert pair.client.compression() is None


def context_of_constructor(make):
    """The context that a constructor or function makes for a connection."""
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        left.setblocking(False)  # the constructor does no handshake
        with contextlib.closing(make(left)) as wrapped:
            return wrapped.context


def without_handshake(make):
    return lambda: context_of_constructor(
        lambda sock: make(sock, do_handshake_on_connect=False))


def bare_connection():
    with contextlib.closing(socket.socket()) as sock:
        return ssl.sslwrap_simple(sock).context


EVERY_CONSTRUCTOR = [
    lambda: ssl.SSLContext(),
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLS),
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLSv1_2),
    ssl._create_stdlib_context,
    lambda: ssl._create_stdlib_context(purpose=ssl.Purpose.CLIENT_AUTH),
    lambda: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
]
if hasattr(ssl, "wrap_socket"):
    EVERY_CONSTRUCTOR.append(without_handshake(ssl.wrap_socket))
if PY2:
    EVERY_CONSTRUCTOR += [without_handshake(ssl.SSLSocket), bare_connection]
every_constructor = pytest.mark.parametrize("make", EVERY_CONSTRUCTOR)


@pytest.mark.since(3, 10, "has more ciphers")
@every_constructor
def test_bpo_43998_every_context_has_the_default_ciphers(make):
    context = make()
    names = [cipher["name"] for cipher in context.get_ciphers()]
    assert len(names) >= 3 + 10
    for name in names:
        assert name.startswith(("TLS_", "ECDHE-", "DHE-"))
        assert not name.endswith("-SHA")
    assert names == [cipher["name"] for cipher
                     in ssl.create_default_context().get_ciphers()]
    assert context.security_level == 2


@pytest.mark.since(3, 10, "allows the ciphers")
@pytest.mark.parametrize("cipher", ["AES128-SHA", "AES128-GCM-SHA256",
                                    "ECDHE-RSA-AES128-SHA"])
@pytest.mark.parametrize("make", [
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLS), ssl._create_stdlib_context])
def test_bpo_43998_weak_ciphers_need_to_be_asked_for(make, cipher):
    server = server_context("TLSv1.2")
    server.set_ciphers(cipher)
    with pytest.raises(ssl.SSLError) as caught:
        BioPair(make(), server)
    assert caught.value.reason == "NO_SHARED_CIPHER"
    client = make()
    client.set_ciphers(cipher)
    with BioPair(client, server) as pair:
        assert pair.client.cipher()[0] == cipher


@pytest.mark.since(3, 10, "has OpenSSL's level")
@every_constructor
def test_security_level_counts_from_the_start(make):
    """security_level is 2 before any connection and before get_ciphers()."""
    context = make()
    assert context.security_level == 2
    context.set_ciphers("AES128-SHA")
    assert context.security_level == 2
    context.set_ciphers("AES128-SHA:@SECLEVEL=1")
    assert context.security_level == 1


@pytest.mark.parametrize("chain", [UNTRUSTED, WRONG_NAME])
def test_default_context_refuses(chain, version):
    context = ssl.create_default_context(cafile=cert("root.pem"))
    with pytest.raises((ssl.SSLError, ssl.CertificateError)):
        SocketPair(context, server_context(version, chain))


# Clients of the standard library without a context of the program

@pytest.fixture
def system_trust(monkeypatch):
    """The system trusts only tests/certs/root.pem."""
    monkeypatch.setenv("SSL_CERT_FILE", cert("root.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", cert("missing"))


def answering(chain):
    """A web server that a client may refuse in the handshake."""
    def meet(sock):
        wrapped = server_context(chain=chain).wrap_socket(
            sock, server_side=True, do_handshake_on_connect=False)
        with contextlib.closing(wrapped):
            try:
                wrapped.do_handshake()
                if wrapped.recv(65536):
                    wrapped.sendall(b"HTTP/1.0 200 OK\r\n"
                                    b"Content-Length: 5\r\n\r\nhello")
            except EnvironmentError:
                pass  # the client's alert, or the closed connection

    return serving(meet)


def get_by_connection(port):
    connection = HTTPSConnection("localhost", port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().read()


def get_by_urlopen(port):
    try:
        answer = urlopen("https://localhost:%d/" % port, timeout=30)
    except URLError as error:
        raise error.reason
    with contextlib.closing(answer):
        return answer.read()


clients = pytest.mark.parametrize("get", [get_by_connection, get_by_urlopen])


@clients
def test_http_clients_accept_the_right_server(get, system_trust):
    with answering("localhost.pem") as address:
        assert get(address[1]) == b"hello"


@clients
@pytest.mark.since(3, 7, "has no verify_code")
@pytest.mark.parametrize("chain, code", [
    (UNTRUSTED, UNKNOWN_ISSUER), (WRONG_NAME, HOSTNAME_MISMATCH)])
def test_cve_2014_9365_http_clients_refuse(get, chain, code, system_trust):
    with answering(chain) as address:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            get(address[1])
    assert caught.value.verify_code == code


# Secrets

def fail_to_load(password):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises((ssl.SSLError, ValueError, TypeError)) as caught:
        context.load_cert_chain(cert("localhost-encrypted.pem"),
                                password=password)
    return caught.value


@pytest.mark.parametrize("password", [
    SECRET, SECRET.encode("ascii"), bytearray(SECRET.encode("ascii")),
    lambda: SECRET, SECRET * 100, [SECRET]],
    ids=["str", "bytes", "bytearray", "callable", "long", "wrong-type"])
def test_password_is_in_no_exception(password):
    error = fail_to_load(password)
    assert SECRET not in str(error) and SECRET not in repr(error.args)


def test_key_of_a_psk_is_in_no_exception_and_no_repr():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not hasattr(context, "set_psk_client_callback"):
        pytest.skip("this ssl has no pre-shared keys")
    context.check_hostname = False
    context.set_psk_client_callback(
        lambda hint: ("name", SECRET.encode("ascii") * 100))
    with pytest.raises((ssl.SSLError, ValueError)) as caught:
        BioPair(context, server_context("TLSv1.3"))
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(context)


@pytest.mark.since(3, 13, "has no pre-shared keys")
def test_repr_shows_no_secret(pair_type, version, tmpdir):
    """repr() and messages show neither the program's secrets nor the keys
    of the connection."""
    log, key = str(tmpdir.join("keys")), SECRET.encode("ascii")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.load_cert_chain(cert("localhost-encrypted.pem"),
                           password=PASSWORD)
    client.set_psk_client_callback(lambda hint: ("name", key))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_psk_server_callback(lambda identity: key)
    for context in client, server:
        limit_version(context, version).set_ciphers("PSK")
        context.keylog_filename = log
    with pair_type(client, server) as pair:
        assert pair.client.getpeercert() is None  # the PSK was used
        shown = [repr(each) for end in (pair.client, pair.server)
                 for each in (end, end._sslobj, end.context, end.session)]
        with pytest.raises(TypeError) as caught:
            pair.client.session = SECRET
        shown.append(str(caught.value))
    with open(log) as stream:
        secrets = [line.split()[-1] for line in stream]
    assert len(secrets) >= 2
    for secret in secrets + [SECRET, PASSWORD]:
        assert secret not in "".join(shown).lower()


# Secrets in memory

def memory_of(process):
    """The writable memory of a process, without the stack, which holds
    saved registers."""
    number = process.pid
    with open("/proc/%d/maps" % number) as maps:
        fields = [line.split(None, 5) for line in maps]
    with open("/proc/%d/mem" % number, "rb", 0) as memory:
        for field in fields:
            if field[1][:2] == "rw" and field[5:] in ([], ["[heap]\n"]):
                start, end = (int(part, 16) for part in field[0].split("-"))
                memory.seek(start)
                yield memory.read(end - start)


def lines_of_key(path):
    with open(path, "rb") as stream:
        text = stream.read()
    key = text[text.index(b"PRIVATE KEY-----"):text.index(b"-----END PRIVATE")]
    return key.splitlines()[1:]


@pytest.mark.cpython("moves bytes in memory, which leaves copies")
@pytest.mark.backport_only("stock leaves copies in freed memory")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no /proc")
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""),
                    reason="AddressSanitizer keeps freed memory")
@pytest.mark.parametrize("way, outcome", [
    ("path", b"loaded"), ("object", b"loaded"), ("two-objects", b"loaded"),
    ("text", b"loaded"), ("refused", b"refused"), ("cafile", b"loaded"),
    ("password", b"refused"), ("password-callable", b"refused"),
    ("pkcs12", b"loaded"), ("pkcs12-callable", b"loaded"),
    ("pkcs12-refused", b"refused")])
def test_keys_and_passwords_are_wiped(tmpdir, way, outcome):
    """After a load no line of the key's PEM text is in memory, nor the
    UTF-8 bytes of a password.  OpenSSL's own decoders may leave other
    copies."""
    points = ["%04x" % (0x20ac + number) for number in range(16)]
    password = "".join("\\u" + point for point in points).encode(
        "ascii").decode("unicode-escape").encode("utf-8")
    secrets = lines_of_key(cert("localhost.pem")) + [password]
    path = tmpdir.join("own.p12")
    path.write_binary(pkcs12.encrypted("unicode"))
    child = subprocess.Popen(
        [sys.executable, program_file("isolated", "load_secrets.py"),
         way, cert("localhost.pem"), cert("localhost-key-encrypted.pem"),
         str(path), ",".join(points)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline().strip() == outcome
        found = [secret for part in memory_of(child) for secret in secrets
                 if secret in part]
    finally:
        child.communicate()
    assert not found
