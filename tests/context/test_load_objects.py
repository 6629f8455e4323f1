"""Certificates, keys and CAs from objects with a read() method (gh-60691,
gh-118557, gh-129216)."""

import contextlib
import io
import ssl
import sys
import weakref

import pytest

from helpers import (PASSWORD, BioPair, SocketPair, Task, assert_serves, cert,
                     client_context, collect, descriptors, read_cert,
                     server_context, serving, text_type, unix_pair)

pytestmark = pytest.mark.backport_only("stock accepts only paths")

CERTS, KEY = "localhost-cert.pem", "localhost-key.pem"
ENCRYPTED_KEYS = ["localhost-key-encrypted.pem",
                  "localhost-key-encrypted-old.pem"]
PATHS = {name: cert(name) for name in (CERTS, KEY)}


class Source(object):
    """An object whose read() returns its contents and counts the calls."""

    def __init__(self, contents, error=None):
        self.contents, self.error = contents, error
        self.reads = self.closes = 0

    def read(self):
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.contents

    def close(self):
        self.closes += 1


def data(name):
    return read_cert(name).encode("ascii")


FORMS = {
    "bytes": lambda name: io.BytesIO(data(name)),
    "text": lambda name: io.StringIO(read_cert(name)),
    "file": lambda name: io.open(cert(name), "rb"),
    "text-file": lambda name: io.open(cert(name), encoding="ascii"),
    "unbuffered": lambda name: io.open(cert(name), "rb", 0),
    "str": lambda name: Source(str(read_cert(name))),
    "bytearray": lambda name: Source(bytearray(data(name))),
    "memoryview": lambda name: Source(memoryview(data(name))),
}


@pytest.fixture(params=sorted(FORMS))
def form(request):
    """A function that returns an object with the contents of a file in
    tests/certs."""
    made = []

    def make(name):
        made.append(FORMS[request.param](name))
        return made[-1]
    yield make
    for each in made:
        if hasattr(each, "close"):
            each.close()


@pytest.fixture
def context():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def serial(context):
    """The serial number of the certificate that the context sends."""
    with BioPair(server=context) as pair:
        return pair.client.getpeercert()["serialNumber"]


# load_cert_chain

def test_two_objects(context, form, pair_type, version):
    context.load_cert_chain(form(CERTS), form(KEY))
    with pair_type(client_context(version), context):
        pass


def test_one_object(context, form):
    context.load_cert_chain(form("localhost.pem"))
    assert_serves(context)


@pytest.mark.parametrize("made", [CERTS, KEY])
def test_object_and_path(context, made):
    paths = dict(PATHS)
    paths[made] = io.BytesIO(data(made))
    context.load_cert_chain(paths[CERTS], paths[KEY])
    assert_serves(context)


@pytest.mark.parametrize("as_key", [False, True])
def test_one_object_is_read_once_and_not_closed(context, as_key):
    source = Source(data("localhost.pem"))
    context.load_cert_chain(source, source if as_key else None)
    assert (source.reads, source.closes) == (1, 0)
    assert_serves(context)


def test_object_is_read_from_its_position_to_its_end(context):
    source = io.BytesIO(data("unknown.pem") + data("localhost.pem"))
    source.seek(len(data("unknown.pem")))
    context.load_cert_chain(source)
    assert source.read() == b"" and not source.closed
    assert_serves(context)
    with pytest.raises(ssl.SSLError):
        context.load_cert_chain(source)


def test_chain_of_an_object_is_sent(context, pair_type, version):
    context.load_cert_chain(io.BytesIO(data("chain.pem")))
    with pair_type(client_context(version), context) as pair:
        assert len(pair.client.get_unverified_chain()) == 2


def test_client_certificate(pair_type, version):
    client, server = client_context(version), server_context(version)
    client.load_cert_chain(io.BytesIO(data("client.pem")))
    server.load_verify_locations(io.BytesIO(data("root.pem")))
    server.verify_mode = ssl.CERT_REQUIRED
    with pair_type(client, server) as pair:
        if pair_type is BioPair:
            pair.finish(lambda: pair.server.pending() and None)
        assert pair.server.getpeercert()["serialNumber"] == "15"


@pytest.mark.parametrize("key", ENCRYPTED_KEYS)
@pytest.mark.parametrize("password", [
    PASSWORD, text_type(PASSWORD), PASSWORD.encode("ascii"),
    bytearray(PASSWORD.encode("ascii")), lambda: PASSWORD],
    ids=["str", "unicode", "bytes", "bytearray", "callable"])
def test_encrypted_key(context, key, password):
    context.load_cert_chain(io.BytesIO(data(CERTS)), io.BytesIO(data(key)),
                            password)
    assert_serves(context)


def test_password_callable_is_asked_as_with_a_path(context):
    asked = []

    def password():
        asked.append(1)
        return PASSWORD

    context.load_cert_chain(io.BytesIO(data("localhost.pem")),
                            password=password)
    assert not asked
    context.load_cert_chain(io.BytesIO(data("localhost-encrypted.pem")),
                            password=password)
    assert asked == [1]


# load_verify_locations and functions that call it

def test_cafile(form, pair_type, version):
    client = client_context(version, roots=None)
    client.load_verify_locations(form("root.pem"))
    assert client.cert_store_stats() == {"x509": 1, "x509_ca": 1, "crl": 0}
    with pair_type(client):
        pass


def test_cafile_with_all_kinds():
    sources = [io.BytesIO(data(name))
               for name in ("root.pem", "many-roots.pem", "crl.pem")]
    by_path, by_object = [client_context(roots=None) for _ in range(2)]
    for name in "root.pem", "many-roots.pem", "crl.pem":
        by_path.load_verify_locations(cert(name))
    for source in sources:
        by_object.load_verify_locations(cafile=source)
    assert by_object.cert_store_stats() == by_path.cert_store_stats()
    assert by_object.get_ca_certs(True) == by_path.get_ca_certs(True)


def test_cafile_beside_the_others():
    context = client_context(roots=None)
    context.load_verify_locations(
        Source(read_cert("unknown-root.pem")), cert("capath"),
        read_cert("root.pem"))
    assert context.cert_store_stats()["x509"] == 2
    with SocketPair(client=context):
        pass


def test_create_default_context(form):
    context = ssl.create_default_context(cafile=form("root.pem"))
    assert len(context.get_ca_certs()) == 1
    with SocketPair(client=context):
        pass


def test_get_server_certificate():
    with serving(lambda sock: None, server_context()) as address:
        found = ssl.get_server_certificate(
            address, ca_certs=io.BytesIO(data("root.pem")))
    assert ssl.PEM_cert_to_DER_cert(found)


def test_get_server_certificate_that_is_not_trusted():
    def serve(sock):
        with pytest.raises(ssl.SSLError):
            server_context().wrap_socket(sock, server_side=True)

    with serving(serve) as address:
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.get_server_certificate(
                address, ca_certs=io.BytesIO(data("unknown-root.pem")))


@pytest.mark.skipif(not hasattr(ssl, "wrap_socket"),
                    reason="this ssl has no wrap_socket()")
def test_module_function_wrap_socket():
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        with Task(ssl.wrap_socket, right, io.BytesIO(data(KEY)),
                  io.BytesIO(data(CERTS)), True) as serving_end:
            client = ssl.wrap_socket(
                left, cert_reqs=ssl.CERT_REQUIRED,
                ca_certs=io.BytesIO(data("root.pem")))
            client.close()
            serving_end.result().close()


def test_comments_in_any_language(context):
    """Text objects may have comments that are not ASCII, as files may."""
    comment = u"# F\u0151tan\u00fas\u00edtv\u00e1ny\n"
    context.load_verify_locations(io.StringIO(
        comment + read_cert("root.pem")))
    context.load_cert_chain(Source(comment + read_cert("localhost.pem")))
    assert context.cert_store_stats()["x509"] == 1
    assert_serves(context)


# Contents that do not load

def details_of_error(load, *arguments):
    with pytest.raises(ssl.SSLError) as caught:
        load(*arguments)
    error = caught.value
    assert getattr(error, "filename", None) is None
    return type(error), error.errno, error.library, error.reason


@pytest.mark.parametrize("certs, key", [
    ("empty.pem", KEY), ("junk.pem", KEY), ("junk-base64.pem", KEY),
    ("junk-der.pem", KEY), ("comments.pem", KEY), (KEY, KEY), ("crl.pem", KEY),
    (CERTS, "empty.pem"), (CERTS, "junk.pem"), (CERTS, "junk-key.pem"),
    (CERTS, CERTS), (CERTS, "other-key.pem"),
    ("localhost-ec.pem", "other-key.pem")] + [
    (CERTS, key) for key in ENCRYPTED_KEYS])
def test_errors_are_those_of_a_path(context, certs, key):
    by_path = details_of_error(
        context.load_cert_chain, cert(certs), cert(key), "wrong")
    by_object = details_of_error(
        context.load_cert_chain, io.BytesIO(data(certs)),
        io.StringIO(read_cert(key)), "wrong")
    assert by_object == by_path


@pytest.mark.parametrize("name", [
    "empty.pem", "junk.pem", "junk-base64.pem", "junk-der.pem",
    "comments.pem"])
def test_errors_are_those_of_a_cafile(context, name):
    by_path = details_of_error(context.load_verify_locations, cert(name))
    by_object = details_of_error(
        context.load_verify_locations, io.BytesIO(data(name)))
    assert by_object == by_path
    assert context.cert_store_stats()["x509"] == 0


def test_der_is_refused_as_in_a_file(context, tmpdir):
    der = ssl.PEM_cert_to_DER_cert(read_cert("root.pem"))
    path = tmpdir.join("root.der")
    path.write_binary(der)
    for load in context.load_verify_locations, context.load_cert_chain:
        assert (details_of_error(load, io.BytesIO(der))
                == details_of_error(load, str(path)))


@pytest.mark.parametrize("position", ["certfile", "keyfile"])
def test_object_at_fault_is_named(context, position):
    sources = {"certfile": io.BytesIO(data(CERTS)),
               "keyfile": io.BytesIO(data(KEY))}
    sources[position] = io.BytesIO(b"junk")
    with pytest.raises(ssl.SSLError) as caught:
        context.load_cert_chain(**sources)
    assert position in str(caught.value)


LOADERS = {
    "certfile": lambda context, source: context.load_cert_chain(source),
    "keyfile": lambda context, source: context.load_cert_chain(
        io.BytesIO(data(CERTS)), source),
    "cafile": lambda context, source: context.load_verify_locations(source),
    "source": lambda context, source: context.load_pkcs12(source),
}
loaders = pytest.mark.parametrize("name", sorted(LOADERS))


class Unreadable(object):
    read = 5


@loaders
@pytest.mark.parametrize("source", [
    42, 1.5, ["localhost.pem"], object(), Unreadable(), bytearray(b"a.pem"),
    Source(None), Source(42), Source([b"x"]), Source(object())],
    ids=["int", "float", "list", "object", "no-method", "bytearray",
         "gives-None", "gives-int", "gives-list", "gives-object"])
def test_wrong_types(context, name, source):
    with pytest.raises(TypeError) as caught:
        LOADERS[name](context, source)
    assert name in str(caught.value)


def test_capath_is_a_path(context):
    with pytest.raises(TypeError):
        context.load_verify_locations(capath=io.BytesIO(b""))


def test_wrong_types_are_found_before_anything_is_read(context):
    source = Source(data("localhost.pem"))
    for arguments in (source, 42), (source, None, 42):
        with pytest.raises(TypeError):
            context.load_cert_chain(*arguments)
    with pytest.raises(TypeError):
        context.load_verify_locations(source, 42)
    with pytest.raises(TypeError):
        context.load_pkcs12(source, 42)
    assert source.reads == 0


@loaders
@pytest.mark.parametrize("error", [
    KeyError("no such secret"), TypeError("of its own"), MemoryError(),
    ssl.SSLError(1, "of its own"), SystemExit(3)])
def test_exceptions_of_read_pass_through(context, name, error):
    with pytest.raises(type(error)) as caught:
        LOADERS[name](context, Source(b"", error))
    assert caught.value is error


@loaders
def test_exceptions_of_the_attribute_pass_through(context, name):
    class Guarded(object):
        @property
        def read(self):
            raise KeyError("locked")

    with pytest.raises(KeyError):
        LOADERS[name](context, Guarded())


@pytest.mark.python3("2.7's UTF-8 codec encodes lone surrogates")
def test_text_that_is_no_unicode(context):
    for name in "certfile", "keyfile", "cafile":
        with pytest.raises(ValueError) as caught:
            LOADERS[name](context, Source(u"\ud800"))
        assert name in str(caught.value)


@pytest.mark.python3("2.7 has no os.PathLike")
def test_what_is_a_path_stays_one(context):
    class Path(Source):
        def __fspath__(self):
            return cert("localhost.pem")

    path = Path("junk")
    context.load_cert_chain(path)
    assert path.reads == 0
    assert_serves(context)


def test_context_survives_failures(context):
    context.load_cert_chain(io.BytesIO(data("localhost.pem")))
    before = serial(context), context.cert_store_stats()
    for source in (io.BytesIO(b"junk"), Source(None), 42,
                   Source(b"", KeyError()), io.BytesIO(data("other-key.pem")),
                   io.BytesIO(data("localhost-ec.pem")[:-60])):
        for name in sorted(LOADERS):
            with pytest.raises(Exception):
                LOADERS[name](context, source)
    assert (serial(context), context.cert_store_stats()) == before


# Objects whose read() uses the context

@loaders
def test_read_loads_into_the_same_context(context, name):
    """The load inside read() ends before the outer load uses its result."""
    class Nested(object):
        def read(self):
            context.load_cert_chain(io.BytesIO(data("localhost-ec.pem")))
            context.load_verify_locations(io.BytesIO(data("root.pem")))
            return b"junk"

    with pytest.raises(ssl.SSLError):
        LOADERS[name](context, Nested())
    assert serial(context) == "0B"
    assert context.cert_store_stats()["x509"] == 1


def test_read_connects_with_the_same_context(context):
    context.load_cert_chain(cert("localhost-ec.pem"))

    class Connecting(object):
        def read(self):
            assert serial(context) == "0B"
            return data("localhost.pem")

    context.load_cert_chain(Connecting())
    context.load_verify_locations(Connecting())
    assert_serves(context)


def load_chain(name, context, source):
    """Load PEM data; only load_pkcs12() refuses it."""
    try:
        LOADERS[name](context, source)
    except ssl.SSLError:
        assert name == "source"


@loaders
def test_read_drops_the_context(name):
    class Dropping(object):
        def __init__(self):
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.reference = weakref.ref(self.context)

        def read(self):
            del self.context
            collect()
            return data("localhost.pem")

    source = Dropping()
    load_chain(name, source.context, source)
    collect()
    assert source.reference() is None


@pytest.mark.cpython("has no sys.getrefcount()")
@loaders
def test_nothing_is_kept(context, name):
    contents = data("localhost.pem")
    source = Source(contents)
    before = sys.getrefcount(contents), sys.getrefcount(source)
    load_chain(name, context, source)
    assert (sys.getrefcount(contents), sys.getrefcount(source)) == before


def test_buffer_is_given_back(context):
    contents = bytearray(data("localhost.pem"))
    for name in sorted(LOADERS):
        load_chain(name, context, Source(contents))
        contents.extend(b"\n")


# Threads

def test_threads_load_into_one_context(version):
    server, client = server_context(version), client_context(version)

    def load(name):
        for _ in range(20):
            server.load_cert_chain(io.BytesIO(data(name)))
            client.load_verify_locations(io.BytesIO(data("root.pem")))

    def connect():
        for _ in range(20):
            with BioPair(client, server) as pair:
                assert pair.client.getpeercert()["serialNumber"] in (
                    "0A", "0B")

    tasks = [Task(load, "localhost.pem"), Task(load, "localhost-ec.pem"),
             Task(connect)]
    for task in tasks:
        task.result()


def test_no_descriptor_is_opened(context):
    before = descriptors()
    during = []

    class Looking(object):
        def read(self):
            during.append(descriptors())
            return data("localhost.pem")

    context.load_cert_chain(Looking())
    context.load_verify_locations(Looking())
    assert during == [before, before] and descriptors() == before
