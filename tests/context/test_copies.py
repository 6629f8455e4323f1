"""Copies of contexts in use: trust store, sessions, key log, classes, garbage
collection and threads."""

import copy
import fcntl
import os
import pickle
import resource
import ssl
import weakref

import pytest

from helpers import (VERSIONS, BioPair, FileError, SocketPair, Task, cert,
                     client_context, collect, descriptors, meanwhile,
                     read_cert, server_context)
from test_copy import OtherObject, connects, log

pytestmark = pytest.mark.backport_only("stock has no copy()")


# Trust

def test_revocation_list(version):
    context = client_context()
    context.load_verify_locations(cert("crl.pem"))
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    again = context.copy()
    assert again.cert_store_stats() == context.cert_store_stats()
    for ours in context, again:
        with pytest.raises(ssl.SSLCertVerificationError):
            BioPair(ours, server_context(version, "revoked.pem"))
        BioPair(ours, server_context(version))


@pytest.mark.parametrize("files", [
    ["root.pem"], ["many-roots.pem", "root.pem"], ["crl.pem", "root.pem"],
    ["namesakes-with-ids.pem", "root.pem"]])
def test_bundles(files, version):
    """Copies work with a bundle whose certificates are decoded only when
    a chain needs them, and with bundles that are decoded at once."""
    context = client_context(roots=None)
    for name in files:
        context.load_verify_locations(cert(name))
    again = context.copy()
    assert again.cert_store_stats() == context.cert_store_stats()
    # OpenSSL 4.0 returns them in no fixed order
    assert sorted(again.get_ca_certs(True)) == sorted(
        context.get_ca_certs(True))
    stats = context.cert_store_stats()
    again.load_verify_locations(cert("unknown-root.pem"))
    assert again.cert_store_stats()["x509"] == stats["x509"] + 1
    assert context.cert_store_stats() == stats
    third = again.copy()
    del context, again
    collect()
    BioPair(third, server_context(version))
    BioPair(third, server_context(version, "unknown.pem"))


@pytest.mark.parametrize("step", [1, -1], ids=["first", "last"])
def test_order_of_namesakes(step):
    """If several CAs have the same name, OpenSSL uses the first one.  A
    copy keeps the order."""
    names = sorted(os.listdir(cert("capath-namesakes")))[::step]
    context = client_context(roots=None)
    context.load_verify_locations(cadata=u"".join(
        read_cert(os.path.join("capath-namesakes", name)) for name in names))
    server = server_context(chain="namesake.pem")
    for ours in context.copy(), context, context.copy().copy():
        assert connects(ours, server) == (step == 1)


def test_second_bundle_of_the_copy_alone():
    """After the copy has loaded a second bundle, its store must contain the
    whole first bundle, too."""
    context = client_context(roots="many-roots.pem")
    again = context.copy()
    again.load_verify_locations(cert("root.pem"))
    context.load_verify_locations(cert("unknown-root.pem"))
    BioPair(again, server_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        BioPair(context, server_context())
    assert again.cert_store_stats() == context.cert_store_stats()


def test_folder_that_was_used():
    """The certificates that a handshake has read from the folder are in
    the store."""
    context = client_context(roots=None)
    context.load_verify_locations(capath=cert("capath"))
    BioPair(context, server_context())
    assert context.cert_store_stats()["x509"] == 1
    again = context.copy()
    assert again.cert_store_stats() == context.cert_store_stats()
    BioPair(again, server_context())


def test_folders(tmpdir):
    """A copy keeps all folders in their order, and reads files that are
    added to a folder later."""
    context = client_context(roots=None)
    for folder in str(tmpdir), cert("capath-namesakes"), str(tmpdir):
        context.load_verify_locations(capath=folder)
    again = context.copy()
    with pytest.raises(ssl.SSLCertVerificationError):
        BioPair(again.copy(), server_context())
    for name in os.listdir(cert("capath")):
        os.symlink(cert("root.pem"), str(tmpdir.join(name)))
    for ours in context, again:
        BioPair(ours, server_context())
        BioPair(ours, server_context(chain="namesake.pem"))


# Sessions and statistics

def resumable(context, server):
    with BioPair(context, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        pair.client.read(1)
        return pair.client.session


def test_session_stays_with_its_context(version):
    client, server = client_context(version), server_context(version)
    session = resumable(client, server)
    with pytest.raises(ValueError):
        BioPair(client.copy(), server, session=session)
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused
    with BioPair(client, server.copy(), session=session) as pair:
        assert not pair.client.session_reused


def test_copy_makes_sessions_of_its_own(version):
    client = client_context(version).copy()
    server = server_context(version).copy()
    with BioPair(client, server, session=resumable(client, server)) as pair:
        assert pair.client.session_reused


def test_statistics_start_at_zero():
    client, server = client_context(), server_context()
    resumable(client, server)
    for context in client, server:
        assert any(context.session_stats().values())
        assert not any(context.copy().session_stats().values())


# The key log

def test_two_write_to_one_log(tmpdir):
    path = str(tmpdir.join("keys"))
    context = client_context("TLSv1.3")
    context.keylog_filename = path
    again = context.copy()
    assert again.keylog_filename == path
    lines = log(context)
    assert lines and log(again) == lines
    context.keylog_filename = None
    assert context.keylog_filename is None and log(again) == lines


def test_log_that_was_renamed(tmpdir):
    """The copy writes to the same open file, not to the same path."""
    context = client_context("TLSv1.3")
    context.keylog_filename = str(tmpdir.join("keys"))
    tmpdir.join("keys").rename(tmpdir.join("old"))
    again = context.copy()
    before = tmpdir.join("old").size()
    BioPair(again, server_context())
    assert not tmpdir.join("keys").exists()
    assert tmpdir.join("old").size() > before


def test_descriptor_of_the_log(tmpdir):
    context = client_context()
    context.keylog_filename = str(tmpdir.join("keys"))
    collect()
    before = descriptors()
    again = context.copy()
    new, = descriptors() - before
    assert fcntl.fcntl(new, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    del again
    collect()
    assert descriptors() == before


def test_no_descriptor_for_the_log(tmpdir):
    context = client_context("TLSv1.3")
    context.keylog_filename = str(tmpdir.join("keys"))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(FileError) as caught:
            context.copy()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert caught.value.filename == context.keylog_filename
    assert log(context) == log(context.copy())


# Classes

class Slotted(ssl.SSLContext):
    __slots__ = ("level", "unset", "__private")

    def __new__(cls, protocol, level):
        self = super(Slotted, cls).__new__(cls, protocol)
        self.level = level
        return self

    def __init__(self, protocol, level):
        self.__private = [level]
        self.added = {"level": level}

    def private(self):
        return self.__private


def test_subclass():
    """copy() calls neither __new__ nor __init__.  As with copy.copy(), both
    contexts have the same attribute objects."""
    context = Slotted(ssl.PROTOCOL_TLS_CLIENT, 5)
    context.load_verify_locations(cert("root.pem"))
    again = context.copy()
    assert type(again) is Slotted and again.level == 5
    assert again.private() is context.private()
    assert again.added is context.added
    assert not hasattr(again, "unset")
    again.more = True
    assert not hasattr(context, "more")
    BioPair(again, server_context())


@pytest.mark.cpython("PyPy's C API keeps the class that made the object")
def test_class_that_was_set():
    """eventlet sets __class__ of existing contexts."""
    class Green(ssl.SSLContext):
        __slots__ = ()

    context = client_context()
    context.__class__ = Green
    assert type(context.copy()) is Green


def test_copy_module():
    context = client_context()
    context.name = "x"
    again = copy.copy(context)
    assert again is not context and again.name == "x"
    assert again.cert_store_stats() == context.cert_store_stats()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_no_other_copies(duplicate):
    with pytest.raises(TypeError):
        duplicate(client_context())


def test_no_arguments():
    with pytest.raises(TypeError):
        client_context().copy(1)


def test_classes_of_connections():
    context = client_context()
    context.sslobject_class = OtherObject
    with BioPair(context.copy()) as pair:
        assert type(pair.client) is OtherObject


def test_message_callback(pair_type, version):
    """The copy calls the callback with its own connection, even after the
    original has dropped the callback."""
    def record(connection, direction, *others):
        seen.append((connection, direction))

    seen = []
    context = client_context(version)
    context._msg_callback = record
    again = context.copy()
    context._msg_callback = None
    with pair_type(again) as pair:
        assert (pair.client, "write") in seen
    assert again._msg_callback is record
    del seen[:]
    pair_type(context).close()
    assert not seen


# Garbage collection

def test_original_may_go():
    context = client_context()
    reference = weakref.ref(context)
    again = context.copy()
    del context
    collect()
    assert reference() is None
    BioPair(again, server_context())


def holder(context):
    return lambda *arguments: context


@pytest.mark.cpython("finds no cycles through objects of extension types")
@pytest.mark.parametrize("name", ["sni_callback", "_msg_callback", "other"])
def test_cycle(name):
    context = server_context().copy()
    setattr(context, name, holder(context))
    again = context.copy()
    assert getattr(again, name) is getattr(context, name)
    references = weakref.ref(context), weakref.ref(again)
    del context, again
    collect()
    assert [reference() for reference in references] == [None, None]


def test_copy_in_a_callback(pair_type, version):
    """A callback copies the context whose handshake calls the callback."""
    def switch(connection, name, context):
        connection.context = made[0] = context.copy()

    made = [None]
    server = server_context(version)
    server.sni_callback = switch
    with pair_type(client_context(version), server) as pair:
        assert pair.server.context is made[0] is not server


# Threads

@pytest.mark.parametrize("version", VERSIONS)
def test_copies_beside_handshakes(version):
    client, server = client_context(version), server_context(version)
    with meanwhile(lambda: SocketPair(client.copy(), server.copy()).close()):
        for _ in range(20):
            with SocketPair(client, server) as pair:
                pair.client.sendall(b"x")
                assert pair.server.recv(1) == b"x"


def test_copies_beside_loads():
    """A copy has all certificates of a bundle or none."""
    def load():
        context = contexts[0] = client_context()
        context.load_verify_locations(cert("many-roots.pem"))

    contexts = [client_context()]
    with meanwhile(load):
        found = {contexts[0].copy().cert_store_stats()["x509"]
                 for _ in range(200)}
    assert found <= {0, 1, 151}


def test_copies_beside_settings():
    """While another thread changes settings, no copy checks host names
    without verification."""
    context = client_context()

    def change():
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = True
        context.set_groups("P-256")
        context.set_alpn_protocols(["h2"])
        context.load_verify_locations(cert("root.pem"))

    with meanwhile(change):
        for _ in range(200):
            again = context.copy()
            assert (again.verify_mode == ssl.CERT_REQUIRED
                    or not again.check_hostname)


def test_copies_of_copies_in_threads():
    context = client_context()
    context.set_groups("P-256")

    def chain():
        again = context
        for _ in range(50):
            again = again.copy()
        return again

    tasks = [Task(chain) for _ in range(4)]
    for task in tasks:
        BioPair(task.result(), server_context())


def test_key_log_that_threads_set_meanwhile(tmpdir):
    """A copy has the name and the descriptor of the same key log."""
    context, path = client_context(), str(tmpdir.join("keys"))

    def change():
        context.keylog_filename = None
        context.keylog_filename = path

    with meanwhile(change), meanwhile(change):
        for _ in range(300):
            assert context.copy().keylog_filename in (None, path)
