"""The key log: SSLContext.keylog_filename.

A test computes the client's Finished message from the secrets in the log and
from the messages that the message callback received.  The result must be the
Finished message that the client has sent.
"""

import errno
import hashlib
import hmac
import os
import ssl
import stat
import struct

import pytest

from helpers import (PY2, BioPair, FileError, Task, client_context, collect,
                     descriptors, fill_fifo, in_child, server_context)
from test_message_callback import Messages

pytestmark = pytest.mark.since(3, 8, "older versions have no key log")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"),
                                reason="this system has no fork()")
needs_fifo = pytest.mark.skipif(not hasattr(os, "mkfifo"),
                                reason="this system has no FIFOs")
LABELS = {
    "TLSv1.2": {"CLIENT_RANDOM"},
    "TLSv1.3": {
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_TRAFFIC_SECRET_0"},
}


def read_log(path):
    """The lines of a key log, without comments, as [(label, client random,
    secret)].  The label is a str, the other two are bytes."""
    found = []
    with open(path) as stream:
        for line in stream:
            assert line.endswith("\n")
            if line.startswith("#"):
                continue
            label, random, secret = line.split()
            found.append((label, bytes(bytearray.fromhex(random)),
                          bytes(bytearray.fromhex(secret))))
    return found


# The Finished message

def expand(secret, label, length, hash_):
    """P_hash of RFC 5246, 5, from which TLS 1.2 derives its keys."""
    block, result = label, b""
    while len(result) < length:
        block = hmac.new(secret, block, hash_).digest()
        result += hmac.new(secret, block + label, hash_).digest()
    return result[:length]


def client_finished(version, hash_, log, messages):
    """The content of the client's Finished message, computed by RFC 5246,
    7.4.9, or RFC 8446, 4.4.4."""
    digest = hash_()
    for name, direction, data in messages.handshake():
        if name == "FINISHED" and direction == "write":
            break
        digest.update(data)
    secrets = dict((label, secret) for label, _, secret in log)
    if version == "TLSv1.2":
        return expand(secrets["CLIENT_RANDOM"],
                      b"client finished" + digest.digest(), 12, hash_)
    label = b"tls13 finished"
    info = struct.pack("!HB", digest.digest_size, len(label)) + label
    info += b"\0" + b"\1"
    key = hmac.new(secrets["CLIENT_HANDSHAKE_TRAFFIC_SECRET"], info,
                   hash_).digest()
    return hmac.new(key, digest.digest(), hash_).digest()


def test_log_and_messages_fit_together(tmpdir, pair_type, version):
    client, messages = client_context(version), Messages()
    client.keylog_filename = str(tmpdir.join("log"))
    client._msg_callback = messages
    with pair_type(client) as pair:
        hash_ = (hashlib.sha384 if pair.client.cipher()[0].endswith("384")
                 else hashlib.sha256)
    log = read_log(client.keylog_filename)
    hello = messages.handshake()[0]
    assert hello[:2] == ("CLIENT_HELLO", "write")
    # the client random comes after type, length and version
    assert {line[1] for line in log} == {hello[2][6:38]}
    [finished] = [data for name, direction, data in messages.handshake()
                  if (name, direction) == ("FINISHED", "write")]
    # the content comes after type and length
    assert finished[4:] == client_finished(version, hash_, log, messages)


# The key log

def test_lines(tmpdir, pair_type, version):
    client, path = client_context(version), str(tmpdir.join("log"))
    assert client.keylog_filename is None
    client.keylog_filename = path
    assert client.keylog_filename == path
    with pair_type(client):
        pass
    log = read_log(path)
    assert {label for label, _, _ in log} == LABELS[version]
    assert {len(random) for _, random, _ in log} == {32}
    with open(path) as stream:
        assert stream.readline().startswith("# TLS secrets log file")


def test_both_ends_agree(tmpdir, pair_type, version):
    client, server = client_context(version), server_context(version)
    client.keylog_filename = str(tmpdir.join("client"))
    server.keylog_filename = str(tmpdir.join("server"))
    with pair_type(client, server):
        pass
    logs = [read_log(context.keylog_filename) for context in (client, server)]
    assert sorted(logs[0]) == sorted(logs[1])


@pytest.mark.backport_only("stock ssl makes a file that others can read")
def test_others_cannot_read_it(tmpdir):
    path = str(tmpdir.join("log"))
    old = os.umask(0)
    try:
        client_context().keylog_filename = path
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_rights_of_an_old_file_stay(tmpdir):
    path = str(tmpdir.join("log"))
    with open(path, "w"):
        pass
    os.chmod(path, 0o640)
    client_context().keylog_filename = path
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640


def test_lines_are_appended(tmpdir, version):
    path = str(tmpdir.join("log"))
    with open(path, "w") as stream:
        stream.write("# mine\n")
    for count in (1, 2):
        client = client_context(version)
        client.keylog_filename = path
        BioPair(client)
        assert len(read_log(path)) == count * len(LABELS[version])
    with open(path) as stream:
        lines = stream.readlines()
    assert lines[0] == "# mine\n"
    assert len([line for line in lines if line.startswith("#")]) == 1


def test_several_contexts_and_threads(tmpdir):
    """Several contexts and threads write to the same file.  Their lines must
    not mix."""
    path = str(tmpdir.join("log"))

    def connect(version):
        client, server = client_context(version), server_context(version)
        client.keylog_filename = server.keylog_filename = path
        for _ in range(10):
            BioPair(client, server)

    versions = ["TLSv1.2", "TLSv1.3"] * 2
    for task in [Task(connect, version) for version in versions]:
        task.result()
    log = read_log(path)
    assert len(log) == 10 * 2 * sum(len(LABELS[each]) for each in versions)
    for label, random, secret in log:
        assert label in LABELS["TLSv1.2"] | LABELS["TLSv1.3"]
        assert (len(random), len(secret)) in [(32, 32), (32, 48)]
    # both ends have written each line
    assert all(log.count(line) == 2 for line in log)


def test_switched_off(tmpdir):
    client, path = client_context(), str(tmpdir.join("log"))
    client.keylog_filename = path
    client.keylog_filename = None
    assert client.keylog_filename is None
    BioPair(client)
    assert read_log(path) == []


def test_another_file(tmpdir):
    client = client_context()
    first, second = str(tmpdir.join("first")), str(tmpdir.join("second"))
    client.keylog_filename = first
    client.keylog_filename = second
    BioPair(client)
    assert read_log(first) == []
    assert len(read_log(second)) > 0


def test_gh_142438_switched_off_on_the_way(tmpdir, pair_type):
    """gh-142438: a callback switches the log off during the handshake.
    OpenSSL may call the key log callback afterwards."""
    client, path = client_context("TLSv1.3"), str(tmpdir.join("log"))

    def callback(connection, direction, version, content_type, msg_type,
                 data):
        if msg_type == ssl._TLSMessageType.ENCRYPTED_EXTENSIONS:
            client.keylog_filename = None

    client.keylog_filename = path
    client._msg_callback = callback
    with pair_type(client) as pair:
        assert pair.client.version() == "TLSv1.3"
    # only the two handshake secrets may be in the log
    assert len(read_log(path)) <= 2


@pytest.mark.backport_only("stock ssl still writes to the first context's "
                           "log")
def test_context_switch(tmpdir):
    def switch(connection, name, context):
        connection.context = other

    server, other = server_context("TLSv1.2"), server_context("TLSv1.2")
    for context, name in ((server, "first"), (other, "other")):
        context.keylog_filename = str(tmpdir.join(name))
    server.sni_callback = switch
    BioPair(client_context(), server)
    assert len(read_log(str(tmpdir.join("first")))) == 0
    assert len(read_log(str(tmpdir.join("other")))) == 1


def test_types_of_names(tmpdir):
    client, path = client_context(), str(tmpdir.join("log"))
    names = [path, path.encode("ascii"), u"%s" % path]
    if not PY2:
        names.append(tmpdir.join("log"))
    for name in names:
        client.keylog_filename = name
        assert client.keylog_filename == name


@pytest.mark.parametrize("name, number", [
    ("", errno.ENOENT), (".", errno.EISDIR), ("missing/log", errno.ENOENT)])
def test_file_that_cannot_be_opened(tmpdir, name, number):
    path = name and str(tmpdir.join(name))
    with pytest.raises(FileError) as caught:
        client_context().keylog_filename = path
    assert caught.value.errno == number
    assert caught.value.filename == path


@pytest.mark.backport_only("stock ssl closes the old log first")
@pytest.mark.parametrize("value, error", [
    (42, TypeError), (1.5, TypeError), (object(), TypeError),
    ("lo\0g", (TypeError, ValueError)), ("", FileError)])
def test_failed_set_keeps_the_old_log(tmpdir, value, error):
    client, path = client_context(), str(tmpdir.join("log"))
    client.keylog_filename = path
    with pytest.raises(error):
        client.keylog_filename = value
    assert client.keylog_filename == path
    BioPair(client)
    assert len(read_log(path)) > 0


@pytest.mark.backport_only("stock ssl crashes")
def test_gh_156099_deletion(tmpdir):
    client, path = client_context(), str(tmpdir.join("log"))
    client.keylog_filename = path
    with pytest.raises(AttributeError):
        del client.keylog_filename
    assert client.keylog_filename == path


@pytest.mark.skipif(not os.path.exists("/dev/full"),
                    reason="this system has no /dev/full")
@pytest.mark.backport_only("stock ssl fails in the handshake only")
def test_disk_is_full_already():
    client = client_context()
    with pytest.raises(FileError) as caught:
        client.keylog_filename = "/dev/full"
    assert caught.value.errno == errno.ENOSPC
    assert client.keylog_filename is None


@pytest.fixture
def fifo(tmpdir):
    """The path of a FIFO and the descriptor of its reader."""
    path = str(tmpdir.join("fifo"))
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reader
    try:
        os.close(reader)
    except OSError:
        pass  # the test has closed it


@needs_fifo
@pytest.mark.backport_only("stock ssl ignores some of these failures")
def test_log_that_fails(fifo, pair_type, version):
    """An operation that cannot write its secrets must raise OSError."""
    path, reader = fifo
    client = client_context(version)
    client.keylog_filename = path
    os.close(reader)
    with pytest.raises(FileError) as caught:
        pair_type(client)
    assert caught.value.errno == errno.EPIPE
    assert caught.value.filename == path


@needs_fifo
@pytest.mark.backport_only("stock ssl ignores some of these failures")
def test_failure_comes_out_once(fifo, version, capfd):
    """An operation that cannot write several lines must raise one error, and
    print nothing."""
    path, reader = fifo
    client = client_context(version)
    client.keylog_filename = path
    os.close(reader)
    with pytest.raises(FileError):
        BioPair(client)
    assert capfd.readouterr()[1] == ""


@needs_fork
@pytest.mark.backport_only("stock ssl writes through a buffer of stdio")
def test_disk_becomes_full(tmpdir, version):
    """The file reaches its largest size in the middle of a line.  The
    handshake must raise OSError."""
    resource = pytest.importorskip("resource")
    path = str(tmpdir.join("log"))
    client = client_context(version)
    client.keylog_filename = path
    limit = os.path.getsize(path) + 10

    def connect():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        with pytest.raises(FileError) as caught:
            BioPair(client)
        assert caught.value.errno in (errno.ENOSPC, errno.EFBIG)

    in_child(connect)
    assert os.path.getsize(path) == limit


@needs_fifo
@pytest.mark.backport_only("stock ssl writes through a buffer of stdio")
def test_slow_log_stops_nobody_else(fifo, version):
    """A handshake that waits for the reader of its log must release the
    GIL."""
    path, reader = fifo
    client = client_context(version)
    client.keylog_filename = path
    fill_fifo(path)
    with Task(BioPair, client) as waiting:
        while waiting.running():
            try:
                os.read(reader, 4096)
            except OSError as error:
                assert error.errno == errno.EAGAIN
        waiting.result()


@needs_fifo
@pytest.mark.backport_only("stock ssl waits for ever")
def test_log_that_nobody_reads(fifo, version):
    """The log is a full FIFO, which has a reader that does not read.  The
    handshake must raise OSError after a while."""
    path = fifo[0]
    client = client_context(version)
    client.keylog_filename = path
    fill_fifo(path)
    with pytest.raises(FileError) as caught:
        BioPair(client)
    assert caught.value.errno == errno.ETIMEDOUT
    assert caught.value.filename == path


@needs_fifo
@pytest.mark.backport_only("stock ssl waits for ever")
def test_set_to_a_log_that_nobody_reads(fifo):
    path = fifo[0]
    fill_fifo(path)
    client = client_context()
    client.keylog_filename = path
    assert client.keylog_filename == path


@needs_fifo
@pytest.mark.backport_only("stock ssl waits for ever")
def test_set_to_a_log_without_reader(fifo):
    path, reader = fifo
    os.close(reader)
    client = client_context()
    with pytest.raises(FileError) as caught:
        client.keylog_filename = path
    assert caught.value.errno == errno.ENXIO
    assert client.keylog_filename is None


@needs_fork
def test_parent_and_child_share_the_file(tmpdir, version):
    path = str(tmpdir.join("log"))
    client, server = client_context(version), server_context(version)
    client.keylog_filename = path
    BioPair(client, server)
    in_child(lambda: BioPair(client, server))
    BioPair(client, server)
    log = read_log(path)
    assert len(log) == 3 * len(LABELS[version])
    assert len({random for _, random, _ in log}) == 3


def test_file_is_closed_with_the_context(tmpdir):
    collect()
    before = descriptors()
    client = client_context()
    client.keylog_filename = str(tmpdir.join("log"))
    with pytest.raises(EnvironmentError):
        client.keylog_filename = str(tmpdir)
    client.keylog_filename = str(tmpdir.join("other"))
    client = None
    collect()
    assert descriptors() == before
