"""Objects must be freed, and descriptors closed; memory must not grow."""

import gc
import itertools
import os
import shutil
import signal
import ssl
import sys
import weakref

import pytest

from helpers import (PY2, TIMEOUT, BioPair, SocketPair, cert,
                     client_context, collect, descriptors, in_child,
                     server_context)


def collected(make):
    """Whether the object that make() returns is freed when nothing else
    refers to it."""
    reference = weakref.ref(make())
    collect()
    return reference() is None


finds_cycles = pytest.mark.cpython(
    "finds no cycles through objects of extensions")


# Contexts

@pytest.mark.cpython("has no reference counts, and frees objects later")
def test_context_dies_at_once():
    context = client_context()
    reference = weakref.ref(context)
    del context
    assert reference() is None


def call_in_collection(action, function, *arguments):
    """Return [function(*arguments)], and run the action meanwhile.

    The first allocation of an object that can be in a cycle starts a garbage
    collection, which calls the action.  At the latest, this object is the
    returned list.
    """

    class Cycle(object):
        pass

    gc.collect()
    gc.disable()
    cycle = Cycle()
    cycle.itself = cycle
    reference = weakref.ref(cycle, lambda dead: action())
    del cycle
    before = gc.get_threshold()
    spent = []
    for _ in itertools.repeat(None, 500):
        spent.append([])  # uses up Python's free lists
    for size in (1, 2, 3, 4):
        (None,) * size  # a free tuple for the arguments of the call
    gc.set_threshold(1)
    gc.enable()
    try:
        return [function(*arguments)]
    finally:
        gc.set_threshold(*before)
        assert spent and reference() is None


needs_collection_anywhere = pytest.mark.skipif(
    sys.version_info >= (3, 12),
    reason="this Python collects garbage between instructions only")


@pytest.mark.cpython("does not let a test start a collection")
@pytest.mark.backport_only("stock ssl reads a freed list")
@needs_collection_anywhere
def test_ciphers_changed_while_they_are_listed():
    context = client_context()
    context.set_ciphers("ALL")
    expected = context.get_ciphers()
    assert [expected] == call_in_collection(
        lambda: context.set_ciphers("AES128-GCM-SHA256"),
        context.get_ciphers)


@pytest.mark.cpython("does not let a test start a collection")
@pytest.mark.backport_only("no stock ssl has ticket_keys")
@needs_collection_anywhere
def test_ticket_keys_changed_while_they_are_read():
    context = server_context()
    keys = tuple(bytes(bytearray([number] * 80)) for number in range(1, 7))
    context.ticket_keys = keys
    assert [keys] == call_in_collection(
        lambda: setattr(context, "ticket_keys", [b"k" * 80]),
        getattr, context, "ticket_keys")


@pytest.mark.cpython("does not let a test start a collection")
@pytest.mark.backport_only("stock ssl uses freed memory")
@needs_collection_anywhere
def test_context_changed_while_the_session_is_read():
    """The session keeps the context that its connection had."""
    context = client_context("TLSv1.2")
    reference = weakref.ref(context)
    pair = BioPair(context)
    low = pair.client._sslobj
    del context
    assert reference() is low.context
    session, = call_in_collection(
        lambda: setattr(low, "context", client_context()),
        getattr, low, "session")
    assert reference() is not None
    del session
    collect()
    assert reference() is None


@pytest.mark.cpython("does not let a test start a collection")
@pytest.mark.backport_only("no stock ssl has a hint")
@needs_collection_anywhere
@pytest.mark.parametrize("number", range(20))
def test_context_changed_while_a_failure_is_explained(tmpdir, number):
    """The allocation with that number starts the collection that drops the
    last reference to the context."""
    def step(count):
        """The action for a collection; `count` collections follow it."""
        if count == 0:
            low.context = other
            return
        cycle = type("Cycle", (object,), {})
        references.append(weakref.ref(cycle, lambda dead: step(count - 1)))

    def handshake():
        with pytest.raises(ssl.SSLError) as info:
            low.do_handshake()
        return info.value

    references = []
    places = tuple(str(tmpdir.join("%d.pem" % i)) for i in range(30))
    client = client_context(roots=None)
    for place in places:
        shutil.copy(cert("root.pem"), place)
        client.load_verify_locations(place)
    other = client.copy()
    pair = BioPair(client, server_context(chain="unknown.pem"),
                   handshake=False)
    low = pair.client._sslobj
    del client
    with pytest.raises(ssl.SSLWantReadError):
        low.do_handshake()
    pair.flush()
    with pytest.raises(ssl.SSLWantReadError):
        pair.server.do_handshake()
    pair.flush()
    error, = call_in_collection(lambda: step(number), handshake)
    assert error._facts["places"] == places
    assert error._facts["has_trust"] is True


@pytest.mark.cpython("does not let a test start a collection")
@pytest.mark.backport_only("stock ssl uses freed memory")
@needs_collection_anywhere
def test_owner_changed_while_it_is_changed():
    """The connection drops its references to the first two owners."""
    class Owner(object):
        pass

    low = BioPair(handshake=False).client._sslobj
    owners = [Owner() for _ in range(3)]
    low.owner = owners[0]
    call_in_collection(lambda: setattr(low, "owner", owners[1]),
                       setattr, low, "owner", owners[2])
    assert low.owner is owners[2]
    assert list(map(weakref.getweakrefcount, owners)) == [0, 0, 1]


@pytest.mark.cpython("does not let a test start a collection")
@pytest.mark.backport_only("stock ssl uses freed memory")
@needs_collection_anywhere
def test_cve_2026_19445_context_changed_while_it_is_changed():
    """A finalizer sets the context of a connection while the context setter
    runs.  The connection must keep its last context, and free the others."""
    contexts = [server_context() for _ in range(3)]
    references = list(map(weakref.ref, contexts))
    pair = BioPair(server=contexts[0], handshake=False)
    low = pair.server._sslobj
    call_in_collection(lambda: setattr(low, "context", contexts[1]),
                       setattr, low, "context", contexts[2])
    assert low.context in contexts[1:]
    del contexts[:]
    collect()
    assert [reference() for reference in references if reference()] == [
        low.context]
    pair.handshake()


@pytest.mark.backport_only("stock ssl has no lock here")
@pytest.mark.cpython("does not let a test start a collection")
@needs_collection_anywhere
@pytest.mark.skipif(not hasattr(os, "fork"),
                    reason="this system has no fork()")
def test_connection_used_while_its_context_is_changed():
    """A finalizer uses a connection while the context setter of the same
    connection runs.  It must not deadlock."""
    def look():
        with pytest.raises(ssl.SSLWantReadError):
            low.do_handshake()
        looked.append(low.version())

    def change():
        signal.alarm(int(TIMEOUT))      # ends this child if it deadlocks
        call_in_collection(look, setattr, low, "context", server_context())
        pair.handshake()
        return b"%d" % len(looked)

    pair = BioPair(handshake=False)
    low = pair.server._sslobj
    looked = []
    assert in_child(change) == b"1"


@finds_cycles
def test_gh_142516_cycle_through_a_callback():
    def make():
        context = server_context()
        context.set_servername_callback(lambda *arguments: context)
        return context

    assert collected(make)


def test_gh_142516_cycle_through_an_attribute():
    class Context(ssl.SSLContext):
        pass

    def make():
        context = Context(ssl.PROTOCOL_TLS)
        context.itself = context
        return context

    assert collected(make)


@finds_cycles
@pytest.mark.backport_only("stock ssl hides this cycle from the collector")
def test_cycle_through_connection_and_callback(version):
    def make():
        context = server_context(version)
        connections = []
        context.set_servername_callback(
            lambda connection, *rest: connections.append(connection))
        with BioPair(client_context(version), context) as pair:
            assert connections == [pair.server]
        return context

    assert collected(make)


def test_context_lives_as_long_as_its_connection():
    context = client_context()
    reference = weakref.ref(context)
    connection = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(),
                                  server_hostname="localhost")
    del context
    collect()
    assert reference() is not None
    del connection
    collect()
    assert reference() is None


# Connections

@pytest.mark.cpython("has no reference counts, and frees objects later")
@pytest.mark.parametrize("handshake", [True, False])
def test_connections_die_at_once(pair_type, version, handshake):
    pair = pair_type(version=version, handshake=handshake)
    references = [weakref.ref(pair.client), weakref.ref(pair.server)]
    pair.close()
    del pair
    assert [reference() for reference in references] == [None, None]


@pytest.mark.cpython("has no reference counts, and frees objects later")
@pytest.mark.filterwarnings("ignore::ResourceWarning" if not PY2
                            else "ignore::Warning")
@pytest.mark.parametrize("handshake", [True, False])
def test_dropped_socket_closes_its_descriptor(version, handshake):
    pair = SocketPair(version=version, handshake=handshake)
    number = pair.client.fileno()
    assert number in descriptors()
    pair.client = None
    assert number not in descriptors()
    pair.close = None
    pair.server.close()


def test_socket_in_a_cycle(version):
    def make():
        pair = SocketPair(version=version)
        pair.client.pair = pair
        pair.close()
        return pair.client

    assert collected(make)


def fail_ten_times(pair_type, version):
    """Do ten handshakes in which the client refuses the server's certificate;
    returns weak references to the clients."""
    contexts = client_context(version), server_context(version, "unknown.pem")
    references = []
    for _ in range(10):
        with pair_type(*contexts, handshake=False) as pair:
            references.append(weakref.ref(pair.client))
            with pytest.raises(ssl.SSLError):
                pair.handshake()
    return references


def test_gh_109534_failed_handshakes_leave_nothing(pair_type, version):
    """Failed handshakes must leave neither descriptors nor connections."""
    before = descriptors()
    references = fail_ten_times(pair_type, version)
    if PY2:
        sys.exc_clear()
    collect()
    assert [r for r in references if r() is not None] == []
    assert descriptors() == before


def test_no_descriptor_is_left(version):
    contexts = client_context(version), server_context(version)
    before = descriptors()
    for _ in range(20):
        with SocketPair(*contexts):
            pass
    assert descriptors() == before


def test_files_are_closed():
    before = descriptors()
    context = server_context()
    for name in ("root.pem", "many-roots.pem", "localhost-cert.pem"):
        context.load_verify_locations(cert(name))
    context.load_dh_params(cert("dh2048.pem"))
    for name in ("junk.pem", "capath"):
        for load in (context.load_cert_chain, context.load_verify_locations,
                     context.load_dh_params):
            with pytest.raises(EnvironmentError):
                load(cert(name))
    assert descriptors() == before


# Memory

def resident():
    """The resident memory of this process, in bytes."""
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def handshake_and_session(client, server):
    with BioPair(client, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        pair.client.read(1)
        session = pair.client.session
    with BioPair(client, server, session=session):
        pass


def fail_handshake(client, server):
    with pytest.raises(ssl.SSLError):
        BioPair(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), server)


def fail_loading(client, server):
    for load, name in (
            (server.load_cert_chain, "junk.pem"),
            (server.load_cert_chain, "missing.pem"),
            (server.load_verify_locations, "junk-der.pem"),
            (server.load_dh_params, "dh-junk.pem")):
        with pytest.raises(EnvironmentError):
            load(cert(name))


def decode(client, server):
    for name in ("decode-san-kinds.pem", "decode-crl-points.pem",
                 "decode-aia.pem", "decode-multi-rdn.pem"):
        for _ in range(10):
            ssl._ssl._test_decode_cert(cert(name))


def make_context(client, server):
    context = server_context()
    context.set_servername_callback(lambda *arguments: context)
    context.load_verify_locations(cert("root.pem"))
    context.get_ca_certs()
    context.get_ciphers()
    context.set_alpn_protocols(["h2"])


def handshake_with_callbacks(client, server):
    for context in client, server:
        context._msg_callback = lambda *arguments: context
        context.keylog_filename = os.devnull
    BioPair(client, server)
    for context in client, server:
        context._msg_callback = context.keylog_filename = None


def handshake_with_keys(client, server):
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.set_psk_client_callback(lambda hint: ("client", b"key"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for key in b"key", b"other":
        server.set_psk_server_callback(lambda identity: key, "hint")
        try:
            BioPair(client, server)
        except ssl.SSLError:
            assert key == b"other"


def fail_in_callbacks(client, server):
    client = client_context()
    client._msg_callback = fails
    with pytest.raises(ZeroDivisionError):
        BioPair(client, server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.set_psk_client_callback(fails)
    with pytest.raises(ZeroDivisionError):
        BioPair(client, server)


def fails(*arguments):
    return 1 // 0


def fill_bio(client, server):
    bio = ssl.MemoryBIO()
    for _ in range(100):
        bio.write(b"x" * 1000)
        bio.read(500)


# (operation, repetitions)
LOOPS = [(handshake_and_session, 150), (fail_handshake, 150),
         (fail_loading, 300), (decode, 50),
         pytest.param(make_context, 150, marks=finds_cycles),
         (handshake_with_callbacks, 60), (handshake_with_keys, 60),
         (fail_in_callbacks, 60), (fill_bio, 300)]


@pytest.mark.backport_only("stock ssl leaks in some of these operations")
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"),
                    reason="this system has no /proc")
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""),
                    reason="AddressSanitizer keeps freed memory")
@pytest.mark.parametrize("operation, count", LOOPS,
                         ids=lambda value: getattr(value, "__name__", None))
def test_memory_does_not_grow(operation, count):
    """The first round fills all caches.  A second round must add less than
    1 KiB for each repetition."""
    client, server = client_context(), server_context()

    def run():
        for _ in range(count):
            operation(client, server)
        collect()
        return resident()

    run()
    growth = min(-run() + run() for _ in range(3))
    assert growth <= count * 1024
