"""Encrypted Client Hello: keys, configuration lists, success, rejection and
retry.

With an OpenSSL before 4.0, each function must say which version it needs.
"""

import base64
import contextlib
import io
import pickle
import re
import ssl
import threading
import weakref

import pytest

from helpers import (BioPair, SocketPair, Task, cert, client_context,
                     collect, native, server_context, tcp_pair,
                     unix_pair)
from terminal import on_a_terminal

pytestmark = pytest.mark.backport_only("no Python has ECH")
HAS_ECH = getattr(ssl, "HAS_ECH", False)
needs_ech = pytest.mark.skipif(not HAS_ECH, reason="needs OpenSSL 4.0")

# the public name, which everybody can see; host-other.pem is for this name
PUBLIC = "other.example.test"
# the inner name, which only the server can see
SECRET = "localhost"


def list_of(pem):
    """The ECHConfigList (bytes) in a PEM file's text."""
    block = re.search("-----BEGIN ECHCONFIG-----(.*)-----END", pem, re.DOTALL)
    return base64.b64decode(block.group(1).encode("ascii"))


def new_keys(public_name=PUBLIC):
    """(the PEM file as text, its ECHConfigList)"""
    pem = ssl.generate_ech_keys(public_name)
    return pem, list_of(pem)


if HAS_ECH:
    KEYS, LIST = new_keys()
    STALE_KEYS, STALE = new_keys()


def as_file(pem):
    return io.BytesIO(pem.encode("ascii"))


def ech_server(version=None, public="host-other.pem", **options):
    """A server context with KEYS and the certificate of SECRET.

    For all other names it sends the certificate of PUBLIC.  `names` has the
    requested names.
    """
    context = server_context(version)
    outer = server_context(version, public)
    context.load_ech_keys(as_file(KEYS), **options)
    context.names = []

    def choose(connection, name, context):
        context.names.append(name)
        if name != SECRET:
            connection.context = outer

    context.sni_callback = choose
    return context


def connect(client, server, config_list=None, host=SECRET, pair_type=BioPair,
            **options):
    pair = pair_type(client, server, server_hostname=host, handshake=False,
                     **options)
    if config_list is not None:
        pair.client.ech_config_list = config_list
    pair.handshake()
    return pair


def rejection(client, server, config_list, error=ssl.SSLError):
    """(the client's connection, the error of its handshake)"""
    pair = BioPair(client, server, server_hostname=SECRET, handshake=False)
    pair.client.ech_config_list = config_list
    with pytest.raises(error) as caught:
        pair.handshake()
    return pair.client, caught.value


# OpenSSL without ECH

@pytest.mark.skipif(HAS_ECH, reason="this OpenSSL has ECH")
@pytest.mark.parametrize("call", [
    lambda pair: ssl.generate_ech_keys(PUBLIC),
    lambda pair: server_context().load_ech_keys(io.BytesIO(b"")),
    lambda pair: setattr(client_context(), "ech_config_list", b""),
    lambda pair: setattr(pair.client, "ech_config_list", b""),
    lambda pair: pair.client.ech_status(),
    lambda pair: pair.client.ech_outer_name(),
    lambda pair: pair.client.ech_retry_configs()])
def test_openssl_without_it(call):
    assert ssl.HAS_ECH is False
    assert not hasattr(ssl, "OP_ECH_GREASE")
    with BioPair() as pair:
        with pytest.raises(NotImplementedError) as caught:
            call(pair)
        assert "4.0" in str(caught.value)
        assert pair.client.ech_config_list is None
    client = client_context()
    client.ech_config_list = None
    assert client.ech_config_list is None


# Success

@needs_ech
def test_success(pair_type):
    server = ech_server()
    with connect(client_context(), server, LIST,
                 pair_type=pair_type) as pair:
        assert server.names == [SECRET]
        for end in pair.client, pair.server:
            assert end.ech_status() == "success"
            assert end.ech_outer_name() == PUBLIC
            assert end.ech_retry_configs() is None
            assert type(end.ech_status()) is type(end.ech_outer_name()) is str
        assert pair.client.ech_config_list == LIST
        assert pair.server.ech_config_list is None
        pair.client.write(b"hello")
        pair.flush()
        assert pair.server.read(5) == b"hello"


def hello(config_list):
    """The ClientHello of a client, as bytes."""
    outgoing = ssl.MemoryBIO()
    client = client_context().wrap_bio(
        ssl.MemoryBIO(), outgoing, server_hostname="secret.example.test")
    if config_list is not None:
        client.ech_config_list = config_list
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@needs_ech
def test_what_everybody_sees():
    assert b"secret.example.test" in hello(None)
    sent = hello(LIST)
    assert PUBLIC.encode("ascii") in sent
    assert b"secret" not in sent


@needs_ech
def test_base64():
    text = base64.b64encode(LIST)
    with connect(client_context(), ech_server(), text) as pair:
        assert pair.client.ech_status() == "success"
        assert pair.client.ech_config_list == text


@needs_ech
def test_list_of_the_context():
    """A connection uses the list of its context, unless it has its own."""
    client = client_context()
    assert client.ech_config_list is None
    client.ech_config_list = bytearray(LIST)
    assert client.ech_config_list == LIST
    assert type(client.ech_config_list) is bytes
    with SocketPair(client, ech_server()) as pair:
        assert pair.client.ech_status() == "success"
    client.ech_config_list = STALE
    with connect(client, ech_server(), LIST) as pair:
        assert pair.client.ech_status() == "success"
    client.ech_config_list = None
    assert client.ech_config_list is None
    with SocketPair(client, ech_server()) as pair:
        assert pair.client.ech_status() == "not-configured"
        assert pair.server.ech_status() == "not-tried"
        assert pair.client.ech_outer_name() is None


@needs_ech
def test_socket_that_connects_later():
    """A closed socket has no status and no list, and refuses a list."""
    sock = client_context().wrap_socket(
        tcp_pair()[0], server_hostname=SECRET, do_handshake_on_connect=False)
    with contextlib.closing(sock):
        sock.ech_config_list = LIST
        assert sock.ech_status() == "not-tried"
    assert sock.ech_status() is None
    assert sock.ech_config_list is None
    with pytest.raises(ValueError):
        sock.ech_config_list = LIST


@needs_ech
def test_certificate_must_be_for_the_inner_name():
    """If the server decrypts the inner ClientHello, its certificate must be
    for the inner name, not for the public name."""
    server = server_context(chain="host-other.pem")
    server.load_ech_keys(as_file(KEYS))
    client, error = rejection(client_context(), server, LIST,
                              ssl.SSLCertVerificationError)
    assert error.verify_code == 62
    assert "'localhost'" in str(error) and '"localhost"' in error.hint
    assert client.ech_status() == "success-unverified"


@needs_ech
def test_hello_retry_request():
    client, server = client_context(), ech_server()
    client.set_groups("P-384:P-256")
    server.set_groups("P-256")
    with connect(client, server, LIST) as pair:
        assert pair.client.ech_status() == "success"
        assert pair.server.ech_status() == "success"


@needs_ech
def test_resumption():
    client, server = client_context(), server_context()
    server.load_ech_keys(as_file(KEYS))
    with connect(client, server, LIST) as pair:
        pair.server.write(b"x")
        pair.flush()
        pair.client.read(1)
        session = pair.client.session
    with connect(client, server, LIST, session=session) as pair:
        assert pair.client.session_reused
        assert pair.client.ech_status() == "success"


@needs_ech
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_context_for_both_sides():
    """A client must not use the keys of its context as its list."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS)
    context.load_ech_keys(as_file(KEYS))
    context.load_verify_locations(cert("root.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    with BioPair(context, server_context()) as pair:
        assert pair.client.ech_status() == "not-configured"


# Rejection

@needs_ech
def test_rejection_and_retry():
    client, server = client_context(), ech_server()
    end, error = rejection(client, server, STALE)
    assert server.names == [PUBLIC]
    assert error.reason == "ECH_REQUIRED"
    assert end.ech_status() == "rejected"
    assert end.ech_outer_name() == PUBLIC
    assert end.ech_retry_configs() == error.ech_retry_configs == LIST
    assert "ech_retry_configs" in error.hint
    with connect(client, server, error.ech_retry_configs) as pair:
        assert pair.client.ech_status() == "success"


@needs_ech
def test_rejection_over_a_socket():
    """wrap_socket() returns no socket, so the error has the retry
    configurations."""
    client, server = client_context(), ech_server()
    client.ech_config_list = STALE
    left, right = unix_pair()

    def serve():
        with pytest.raises(ssl.SSLError):
            server.wrap_socket(right, server_side=True)

    with Task(serve):
        with pytest.raises(ssl.SSLError) as caught:
            client.wrap_socket(left, server_hostname=SECRET)
    left.close()
    assert caught.value.reason == "ECH_REQUIRED"
    assert caught.value.ech_retry_configs == LIST
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.ech_retry_configs == LIST and again.hint


@needs_ech
def test_rejection_by_one_who_is_not_the_public_server():
    """If the certificate is not for the public name, the client must ignore
    the server's retry configurations."""
    client, server = client_context(), ech_server(public="localhost.pem")
    end, error = rejection(client, server, STALE,
                           ssl.SSLCertVerificationError)
    assert PUBLIC in str(error) and SECRET not in str(error)
    assert '"%s"' % PUBLIC in error.hint
    assert error.ech_retry_configs is None
    assert end.ech_retry_configs() is None
    assert end.ech_status() == "rejected-unverified"


@needs_ech
def test_rejection_that_nobody_verifies():
    client = client_context()
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    end, error = rejection(client, ech_server(), STALE)
    assert error.reason == "ECH_REQUIRED"
    assert error.ech_retry_configs is None
    assert end.ech_retry_configs() is None


@needs_ech
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_server_without_it(version):
    """The server proves that it has the public name, and it sends no retry
    configurations.  The program may then connect without ECH."""
    end, error = rejection(client_context(),
                           server_context(version, "host-other.pem"), LIST)
    assert error.reason == "ECH_REQUIRED"
    assert error.ech_retry_configs is None
    assert end.ech_status() == "failed"


@needs_ech
def test_hello_retry_request_and_rejection():
    client, server = client_context(), ech_server()
    client.set_groups("P-384:P-256")
    server.set_groups("P-256")
    assert rejection(client, server, STALE)[1].reason == "ECH_REQUIRED"


@needs_ech
def test_other_errors_have_no_configurations():
    assert ssl.SSLError(1, "text").ech_retry_configs is None
    with pytest.raises(ssl.SSLError) as caught:
        BioPair(server=server_context(chain="unknown.pem"))
    assert caught.value.ech_retry_configs is None


@needs_ech
def test_grease(pair_type):
    client = client_context()
    client.options |= ssl.OP_ECH_GREASE
    server = server_context()
    with pair_type(client, server) as pair:
        assert pair.client.ech_status() == "grease"
        assert pair.client.ech_retry_configs() is None
    server.load_ech_keys(as_file(KEYS))
    with pair_type(client, server) as pair:
        assert pair.client.ech_status() == "grease-answered"
        assert pair.client.ech_retry_configs() == LIST


# Keys

@needs_ech
def test_rotation():
    """The server decrypts with all keys, but sends only the configurations
    of keys that were loaded with for_retry=True."""
    server = ech_server()
    newest, newest_list = new_keys()
    server.load_ech_keys(as_file(newest), for_retry=False)
    for config_list in LIST, newest_list:
        with connect(client_context(), server, config_list) as pair:
            assert pair.server.ech_status() == "success"
    error = rejection(client_context(), server, STALE)[1]
    assert error.ech_retry_configs == LIST


class Source(object):
    """An object that records the calls of read() and close()."""

    def __init__(self, data):
        self.data = data
        self.calls = []

    def read(self, *arguments):
        self.calls.append(arguments)
        return self.data

    def close(self):
        self.calls.append("close")


@needs_ech
@pytest.mark.parametrize("convert", [
    lambda pem: pem, lambda pem: pem.encode("ascii"),
    lambda pem: bytearray(pem.encode("ascii")),
    lambda pem: pem.encode("ascii").decode("ascii")])
def test_keys_from_an_object(convert):
    source = Source(convert(KEYS))
    server = server_context()
    server.load_ech_keys(source)
    assert source.calls == [()]
    with connect(client_context(), server, LIST) as pair:
        assert pair.server.ech_status() == "success"


@needs_ech
@pytest.mark.parametrize("name", ["keys.pem", native(u"k\xf6nig.pem")])
def test_keys_from_a_file(tmpdir, name):
    path = "%s/%s" % (tmpdir, name)
    with open(path, "w") as stream:
        stream.write(KEYS)
    server = server_context()
    server.load_ech_keys(path)
    with connect(client_context(), server, LIST) as pair:
        assert pair.server.ech_status() == "success"


def parts():
    key, config = KEYS.split("-----BEGIN ECHCONFIG-----")
    return key, "-----BEGIN ECHCONFIG-----" + config


def read_text(name):
    with open(cert(name)) as stream:
        return stream.read()


@needs_ech
@pytest.mark.parametrize("make", [
    lambda: "", lambda: "junk", lambda: "\0", lambda: parts()[0],
    lambda: parts()[1], lambda: KEYS[:len(KEYS) // 2],
    lambda: STALE_KEYS.partition("-----BEGIN ECH")[0] + parts()[1],
    lambda: read_text("localhost-key.pem") + parts()[1],
    lambda: read_text("localhost-key-encrypted.pem") + parts()[1],
    lambda: parts()[0] + read_text("localhost-cert.pem"),
    lambda: "x" * (2 << 20)])
def test_bad_keys(tmpdir, make):
    """The error leaves the keys of the context unchanged."""
    server = ech_server()
    path = str(tmpdir.join("keys.pem"))
    with open(path, "w") as stream:
        stream.write(make())
    for source, name in (as_file(make()), "source"), (path, path):
        with pytest.raises(ssl.SSLError) as caught:
            server.load_ech_keys(source)
        assert caught.value.reason == "ECH_DECODE_ERROR"
        assert name in str(caught.value)
    with connect(client_context(), server, LIST) as pair:
        assert pair.server.ech_status() == "success"
    with BioPair() as pair:     # OpenSSL's error queue is empty
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.read(1)


@needs_ech
def test_encrypted_key_asks_nobody(tmpdir):
    path = tmpdir.join("keys.pem")
    path.write(read_text("localhost-key-encrypted.pem") + parts()[1])

    def call():
        with pytest.raises(ssl.SSLError):
            server_context().load_ech_keys(str(path))

    assert on_a_terminal(call) == b""


@needs_ech
@pytest.mark.parametrize("source, error", [
    ("/nowhere/keys.pem", EnvironmentError), ("/", EnvironmentError),
    (None, TypeError), (1, TypeError), (Source(None), TypeError),
    (Source(1), TypeError), (Source(u"\xe9"), ssl.SSLError)])
def test_what_is_no_source(source, error):
    with pytest.raises(error) as caught:
        server_context().load_ech_keys(source)
    if error is EnvironmentError:
        assert caught.value.filename == source


@needs_ech
def test_source_that_raises():
    class Failing(object):
        def read(self):
            raise KeyError("mine")

    with pytest.raises(KeyError):
        server_context().load_ech_keys(Failing())


@needs_ech
@pytest.mark.parametrize("name, error", [
    ("", ValueError), ("a..b", ValueError), (".a", ValueError),
    ("127.0.0.1", ValueError), ("a" * 300, ValueError), ("a\0b", ValueError),
    (None, TypeError), (1, TypeError)])
def test_generate_with_bad_names(name, error):
    with pytest.raises(error) as caught:
        ssl.generate_ech_keys(name)
    if error is TypeError or name:
        assert "public_name" in str(caught.value)


@needs_ech
def test_keys_that_another_program_made():
    """tests/certs/ech.pem was not made by OpenSSL."""
    server = server_context()
    server.load_ech_keys(cert("ech.pem"))
    with connect(client_context(), server,
                 list_of(read_text("ech.pem"))) as pair:
        assert pair.server.ech_status() == "success"
        assert pair.server.ech_outer_name() == PUBLIC


@needs_ech
def test_generate():
    assert type(KEYS) is str
    assert KEYS.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert LIST != STALE
    assert PUBLIC.encode("ascii") in LIST


# Lists

def version_of_the_future():
    """One configuration of an unknown version; its length is correct."""
    return b"\x00\x24\xfe\x0a\x00\x20" + b"x" * 32


@needs_ech
@pytest.mark.parametrize("make", [
    lambda: b"", lambda: b"x", lambda: b"\0\0", lambda: b"\0" * 50,
    lambda: b"A" * 60, lambda: LIST[:-1], lambda: LIST + b"x",
    lambda: b"\xff" * 3000, version_of_the_future,
    lambda: LIST.replace(PUBLIC.encode("ascii"), b"other.example.1.23"),
    lambda: LIST.replace(PUBLIC.encode("ascii"), b"other\0example.test")])
def test_bad_lists(make):
    client = client_context()
    client.ech_config_list = LIST
    with BioPair(client, ech_server(), handshake=False) as pair:
        for target in client, pair.client:
            with pytest.raises(ssl.SSLError) as caught:
                target.ech_config_list = make()
            assert caught.value.reason == "ECH_DECODE_ERROR"
            assert "ech_config_list" in str(caught.value)
            assert target.ech_config_list == LIST
        pair.handshake()
        assert pair.client.ech_status() == "success"


@needs_ech
@pytest.mark.parametrize("value", [1, [], u"\xe9", object()])
def test_what_is_no_list(value):
    client = client_context()
    with BioPair(client, handshake=False) as pair:
        for target in client, pair.client:
            with pytest.raises((TypeError, ValueError)):
                target.ech_config_list = value
            with pytest.raises(AttributeError):
                del target.ech_config_list
            assert target.ech_config_list is None
        with pytest.raises(TypeError):
            pair.client.ech_config_list = None


@needs_ech
def test_too_late(pair_type):
    with pair_type() as pair:
        for end in pair.client, pair.server:
            with pytest.raises(ValueError):
                end.ech_config_list = LIST


@needs_ech
def test_in_the_middle_of_the_handshake():
    with BioPair(handshake=False) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        with pytest.raises(ValueError):
            pair.client.ech_config_list = LIST


@needs_ech
def test_servers_have_none():
    with BioPair(handshake=False) as pair:
        with pytest.raises(ValueError):
            pair.server.ech_config_list = LIST


@needs_ech
@pytest.mark.parametrize("limit", [
    lambda context: setattr(context, "maximum_version",
                            ssl.TLSVersion.TLSv1_2),
    lambda context: setattr(context, "options",
                            context.options | ssl.OP_NO_TLSv1_3)])
def test_without_tls_1_3(limit):
    """The client must not connect without ECH: the name would be public."""
    client = client_context()
    limit(client)
    with BioPair(client, handshake=False) as pair:
        with pytest.raises(ValueError) as caught:
            pair.client.ech_config_list = LIST
        assert "TLS 1.3" in str(caught.value)
    client.ech_config_list = LIST
    with pytest.raises(ValueError) as caught:
        BioPair(client)
    assert "TLS 1.3" in str(caught.value)


@needs_ech
def test_version_that_is_taken_away_later():
    """The connection gets another context, which allows only TLS 1.2.  The
    client must not send the inner name."""
    client, older = client_context(), client_context("TLSv1.2")
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    outgoing = ssl.MemoryBIO()
    end = client.wrap_bio(ssl.MemoryBIO(), outgoing,
                          server_hostname="secret.example.test")
    end.ech_config_list = LIST
    end.context = older
    try:
        end.do_handshake()
    except ssl.SSLError:
        pass
    assert b"secret" not in outgoing.read()


# Threads and garbage collection

@needs_ech
def test_keys_are_loaded_while_others_use_them():
    client, server = client_context(), server_context()
    client.ech_config_list = LIST
    server.load_ech_keys(as_file(KEYS))
    loaded = [new_keys()[0] for _ in range(3)]
    start = threading.Barrier(3) if hasattr(threading, "Barrier") else None

    def load():
        if start is not None:
            start.wait(30)
        for pem in loaded * 5:
            server.load_ech_keys(as_file(pem))

    def use():
        if start is not None:
            start.wait(30)
        for _ in range(10):
            with BioPair(client, server) as pair:
                assert pair.server.ech_status() == "success"

    with Task(load), Task(use), Task(use):
        pass


@needs_ech
def test_collection():
    client, server = client_context(), ech_server()
    client.ech_config_list = LIST
    with BioPair(client, server) as pair:
        assert pair.client.ech_status() == "success"
    watched = weakref.ref(client), weakref.ref(server)
    server.sni_callback = None
    del client, server, pair
    collect()
    assert [watch() for watch in watched] == [None, None]
