"""What a debugger is told: the key log and the message callback.

The secrets of the log are proved right with the messages that the callback
was shown: both go into the Finished message that ends a handshake.
"""

import errno
import hashlib
import hmac
import os
import socket
import ssl
import stat
import struct
import weakref

import pytest

from helpers import (PY2, BioPair, FileError, SocketPair, Task,
                     client_context, collect, descriptors, fill_fifo,
                     in_child, meanwhile, receive, server_context)

pytestmark = pytest.mark.since(3, 8, "neither of them")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
needs_fifo = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs")
LABELS = {
    "TLSv1.2": {"CLIENT_RANDOM"},
    "TLSv1.3": {
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_TRAFFIC_SECRET_0"},
}


def read_log(path):
    """The lines of a key log as [label, client random, secret], without the
    comments; the last two are bytes."""
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


class Messages(list):
    """A message callback that keeps what it is told, without the headers of
    records."""

    def __call__(self, connection, direction, version, content_type, msg_type,
                 data):
        if content_type in (ssl._TLSContentType.HEADER,
                            ssl._TLSContentType.INNER_CONTENT_TYPE):
            return
        self.append((direction, version, content_type, msg_type, data))

    def handshake(self):
        """The handshake's messages: (name, direction, bytes)."""
        return [(msg_type.name, direction, data)
                for direction, _, content_type, msg_type, data in self
                if content_type == ssl._TLSContentType.HANDSHAKE]


# The Finished message

def expand(secret, label, length, hash_):
    """P_hash of RFC 5246, 5, which TLS 1.2 takes its keys from."""
    block, result = label, b""
    while len(result) < length:
        block = hmac.new(secret, block, hash_).digest()
        result += hmac.new(secret, block + label, hash_).digest()
    return result[:length]


def client_finished(version, hash_, log, messages):
    """What the client's Finished must say, by RFC 5246, 7.4.9 and RFC 8446,
    4.4.4."""
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
    # behind type, length and version
    assert {line[1] for line in log} == {hello[2][6:38]}
    [finished] = [data for name, direction, data in messages.handshake()
                  if (name, direction) == ("FINISHED", "write")]
    # behind type and length
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


@pytest.mark.backport_only("with the rights of any other file")
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
    """Each line is whole."""
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
    # both ends wrote each of them
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
    """gh-142438: OpenSSL may call when the log is closed already."""
    client, path = client_context("TLSv1.3"), str(tmpdir.join("log"))

    def callback(connection, direction, version, content_type, msg_type,
                 data):
        if msg_type == ssl._TLSMessageType.ENCRYPTED_EXTENSIONS:
            client.keylog_filename = None

    client.keylog_filename = path
    client._msg_callback = callback
    with pair_type(client) as pair:
        assert pair.client.version() == "TLSv1.3"
    # those of the handshake at the most
    assert len(read_log(path)) <= 2


@pytest.mark.backport_only("goes on with the first context's log")
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


@pytest.mark.backport_only("drops the old log first")
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


@pytest.mark.backport_only("stock crashes")
def test_gh_156099_deletion(tmpdir):
    client, path = client_context(), str(tmpdir.join("log"))
    client.keylog_filename = path
    with pytest.raises(AttributeError):
        del client.keylog_filename
    assert client.keylog_filename == path


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.backport_only("fails no sooner than the handshake")
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
        pass  # the test has done so


@needs_fifo
@pytest.mark.backport_only("goes on, now and then")
def test_log_that_fails(fifo, pair_type, version):
    """The operation that could not write its secrets raises OSError."""
    path, reader = fifo
    client = client_context(version)
    client.keylog_filename = path
    os.close(reader)
    with pytest.raises(FileError) as caught:
        pair_type(client)
    assert caught.value.errno == errno.EPIPE
    assert caught.value.filename == path


@needs_fifo
@pytest.mark.backport_only("goes on, now and then")
def test_failure_comes_out_once(fifo, version, capfd):
    """Nothing is printed where an operation had several lines to write."""
    path, reader = fifo
    client = client_context(version)
    client.keylog_filename = path
    os.close(reader)
    with pytest.raises(FileError):
        BioPair(client)
    assert capfd.readouterr()[1] == ""


@needs_fork
@pytest.mark.backport_only("writes with buffers of C")
def test_disk_becomes_full(tmpdir, version):
    """A file that may not grow in the middle of a line."""
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
@pytest.mark.backport_only("writes with buffers of C")
def test_slow_log_stops_nobody_else(fifo, version):
    """A handshake waits for the reader of its log without the GIL."""
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
@pytest.mark.backport_only("waits for ever")
def test_log_that_nobody_reads(fifo, version):
    """It fails as one that cannot be written, after a while."""
    path = fifo[0]
    client = client_context(version)
    client.keylog_filename = path
    fill_fifo(path)
    with pytest.raises(FileError) as caught:
        BioPair(client)
    assert caught.value.errno == errno.ETIMEDOUT
    assert caught.value.filename == path


@needs_fifo
@pytest.mark.backport_only("waits for ever")
def test_set_to_a_log_that_nobody_reads(fifo):
    path = fifo[0]
    fill_fifo(path)
    client = client_context()
    client.keylog_filename = path
    assert client.keylog_filename == path


@needs_fifo
@pytest.mark.backport_only("waits for ever")
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


# The message callback: what it gets

CLIENT_MESSAGES = {
    "TLSv1.2": [
        ("write", "CLIENT_HELLO"), ("read", "SERVER_HELLO"),
        ("read", "CERTIFICATE"), ("read", "SERVER_KEY_EXCHANGE"),
        ("read", "SERVER_DONE"), ("write", "CLIENT_KEY_EXCHANGE"),
        ("write", "CHANGE_CIPHER_SPEC"), ("write", "FINISHED"),
        ("read", "NEWSESSION_TICKET"), ("read", "FINISHED")],
    "TLSv1.3": [
        ("write", "CLIENT_HELLO"), ("read", "SERVER_HELLO"),
        ("read", "ENCRYPTED_EXTENSIONS"), ("read", "CERTIFICATE"),
        ("read", "CERTIFICATE_VERIFY"), ("read", "FINISHED"),
        ("write", "CHANGE_CIPHER_SPEC"), ("write", "FINISHED")],
}


def test_messages_of_a_client(pair_type, version):
    client, messages = client_context(version), Messages()
    client._msg_callback = messages
    with pair_type(client):
        seen = [(message[0], message[3].name) for message in messages]
    # OpenSSL tells of it in some versions
    seen = [message for message in seen
            if message != ("read", "CHANGE_CIPHER_SPEC")]
    assert seen == CLIENT_MESSAGES[version]


def test_messages_of_both_ends(pair_type, version):
    """One end's messages are the other's."""
    ends = []
    for context in client_context(version), server_context(version):
        context._msg_callback = Messages()
        ends.append(context)
    with pair_type(*ends) as pair:
        pair.server.write(b"x")
        pair.flush()
        assert pair.client.read(1) == b"x"  # behind the tickets of TLS 1.3
    client, server = [end._msg_callback.handshake() for end in ends]
    turn = {"read": "write", "write": "read"}
    assert client == [(name, turn[direction], data)
                      for name, direction, data in server]


def test_types_of_arguments(pair_type, version):
    seen = []
    server = server_context(version)
    server._msg_callback = lambda *arguments: seen.append(arguments)
    with pair_type(server=server) as pair:
        for connection, direction, version_, content, kind, data in seen:
            assert connection is pair.server
            assert type(direction) is str
            # OpenSSL 1.1.1 tells 0 of the headers of records
            assert (type(version_) is ssl.TLSVersion
                    or type(version_) is int and version_ == 0
                    and content is ssl._TLSContentType.HEADER)
            assert type(content) is ssl._TLSContentType
            assert isinstance(kind, (ssl._TLSMessageType,
                                     ssl._TLSContentType))
            assert type(data) is bytes
        del seen[:], connection


def test_headers_of_records():
    seen = []
    client = client_context("TLSv1.2")
    client._msg_callback = lambda *arguments: seen.append(arguments[1:])
    BioPair(client)
    header = seen[0]
    assert header[0] == "write"
    assert header[2] is ssl._TLSContentType.HEADER
    assert header[3] is ssl._TLSContentType.HANDSHAKE
    assert len(header[4]) == 5


@pytest.mark.backport_only("names them as if they were messages")
def test_inner_content_types():
    seen = []
    client = client_context("TLSv1.3")
    client._msg_callback = lambda *arguments: seen.append(arguments[3:5])
    BioPair(client)
    inner = ssl._TLSContentType.INNER_CONTENT_TYPE
    assert {kind for content, kind in seen if content is inner} >= {
        ssl._TLSContentType.HANDSHAKE}


def test_alerts(pair_type, version):
    client, messages = client_context(version, "unknown-root.pem"), Messages()
    client._msg_callback = messages
    with pytest.raises(ssl.SSLError):
        pair_type(client)
    direction, _, content_type, kind, data = messages[-1]
    assert direction == "write"
    assert content_type is ssl._TLSContentType.ALERT
    assert kind is ssl._TLSAlertType.UNKNOWN_CA
    assert data == b"\x02\x30"


def test_data_is_not_shown(version):
    client, messages = client_context(version), Messages()
    client._msg_callback = messages
    with BioPair(client) as pair:
        del messages[:]
        pair.client.write(b"secret")
        assert messages == []


def test_peer_that_speaks_no_tls():
    """What has no version or type of ours comes as a number, or not."""
    client, seen = client_context(), []
    client._msg_callback = lambda *arguments: seen.append(arguments)
    with BioPair(client, handshake=False) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        pair.client_in.write(b"\x16\x03\x09\x00\x04\xff\x00\x00\x00")
        with pytest.raises(ssl.SSLError):
            pair.client.do_handshake()
    assert all(isinstance(number, int)
               for arguments in seen for number in arguments[2:5])


# The message callback: settings

def test_attribute():
    context = client_context()
    callback = Messages()
    assert context._msg_callback is None
    context._msg_callback = callback
    assert context._msg_callback is callback
    context._msg_callback = None
    assert context._msg_callback is None
    BioPair(context)
    assert callback == []


@pytest.mark.parametrize("value", [42, "callback", (), object()])
def test_gh_156166_failed_set_keeps_the_old_callback(value):
    client, messages = client_context(), Messages()
    client._msg_callback = messages
    with pytest.raises(TypeError):
        client._msg_callback = value
    assert client._msg_callback is messages
    BioPair(client)
    assert messages != []


@pytest.mark.backport_only("stock crashes: gh-156099")
def test_deletion():
    context = client_context()
    context._msg_callback = messages = Messages()
    with pytest.raises(AttributeError):
        del context._msg_callback
    assert context._msg_callback is messages


def test_connections_that_are_there_keep_their_choice(pair_type):
    context, messages = client_context(), Messages()
    with pair_type(context, handshake=False) as pair:
        context._msg_callback = messages
        pair.handshake()
        assert messages == []


# The message callback: what it does

LOST = "lost behind what the operation came to"


class Failure(Exception):
    pass


class FailsAt(object):
    """A callback that raises Failure at the n-th call, and after."""

    def __init__(self, number):
        self.number = number
        self.calls = 0

    def __call__(self, *arguments):
        self.calls += 1
        if self.calls >= self.number:
            raise Failure(self.calls)


@pytest.mark.parametrize("number", [1, 3, 8])
def test_exception_in_a_client(pair_type, version, number):
    client = client_context(version)
    client._msg_callback = FailsAt(number)
    with pytest.raises(Failure):
        pair_type(client)


@pytest.mark.parametrize("number", [1, 3, 8])
def test_exception_in_a_server(version, number):
    server = server_context(version)
    server._msg_callback = FailsAt(number)
    with pytest.raises(Failure):
        BioPair(server=server)


@pytest.mark.backport_only(LOST)
def test_exception_comes_out_once(version, capfd):
    """The first one of an operation, and nothing is printed."""
    server = server_context(version)
    server._msg_callback = FailsAt(2)
    with BioPair(server=server, handshake=False) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.do_handshake()
        pair.flush()
        with pytest.raises(Failure) as caught:
            pair.server.do_handshake()
    assert caught.value.args == (2,)
    assert capfd.readouterr()[1] == ""


@pytest.mark.parametrize("operation", [
    pytest.param(lambda pair: pair.client.read(1), id="read"),
    pytest.param(lambda pair: pair.client.write(b"x"), id="write"),
    pytest.param(lambda pair: pair.client.unwrap(), id="unwrap",
                 marks=pytest.mark.backport_only(LOST))])
def test_exception_in_other_operations(version, operation):
    client = client_context(version)
    callback = client._msg_callback = FailsAt(10 ** 6)
    with BioPair(client) as pair:
        pair.server.write(b"x")
        pair.flush()
        callback.number = 1
        with pytest.raises(Failure):
            operation(pair)


@pytest.mark.backport_only(LOST)
def test_connection_goes_on_after_an_exception(version):
    client = client_context(version)
    client._msg_callback = FailsAt(1)
    with BioPair(client, handshake=False) as pair:
        with pytest.raises(Failure):
            pair.client.do_handshake()
        client._msg_callback = None
        pair.handshake()
        assert pair.client.version() == version


def test_signature_that_does_not_fit():
    client = client_context()
    client._msg_callback = lambda: None
    with pytest.raises(TypeError):
        BioPair(client)


def test_callback_replaced_while_called(pair_type, version):
    def first(*arguments):
        seen.append("first")
        client._msg_callback = second

    def second(*arguments):
        seen.append("second")
        client._msg_callback = None

    seen = []
    client = client_context(version)
    client._msg_callback = first
    with pair_type(client):
        pass
    assert seen == ["first", "second"]


@pytest.mark.since(3, 15, "not all of the setters")
def test_callback_that_changes_its_context(pair_type, version):
    """While OpenSSL is in the middle of using it."""
    def callback(*arguments):
        calls.append(arguments[1:2])
        for context in client, server:
            context.set_ciphers("DEFAULT")
            context.set_ciphersuites("TLS_AES_256_GCM_SHA384:"
                                     "TLS_AES_128_GCM_SHA256")
            context.set_groups("X25519:secp384r1")
            context.set_server_sigalgs("rsa_pss_rsae_sha256:rsa_pkcs1_sha256")
            context.get_ciphers()
            context.keylog_filename = None
            context._msg_callback = callback
        server.sni_callback = callback

    calls = []
    client, server = client_context(version), server_context(version)
    callback()
    with pair_type(client, server) as pair:
        assert pair.client.version() == version
        assert {("read",), ("write",), ("localhost",)} <= set(calls)


@pytest.mark.backport_only("waits for itself or crashes")
def test_callback_that_enters_its_own_connection(pair_type, version,
                                                 entrance):
    """It gets an exception, and the handshake goes on."""
    errors, calls = [], []

    def callback(connection, *arguments):
        calls.append(arguments)
        try:
            entrance(connection)
        except Exception as error:
            errors.append(error)

    client, server = client_context(version), server_context(version)
    client._msg_callback = server._msg_callback = callback
    with pair_type(client, server) as pair:
        assert pair.client.version() == version
        assert len(errors) == len(calls) > 0


@pytest.mark.backport_only("goes on with a closed descriptor")
def test_callback_that_closes_its_connection(version):
    def callback(connection, *arguments):
        connection.close()

    client = client_context(version)
    client._msg_callback = callback
    with SocketPair(client, handshake=False) as pair:
        with pytest.raises((socket.error, ValueError)):
            pair.client.do_handshake()


def test_getters_in_the_callback(pair_type, version):
    seen = []

    def callback(connection, *arguments):
        seen.append((connection.version(), connection.cipher(),
                     connection.pending(), connection.server_side,
                     connection.session_reused, connection.context))

    client, server = client_context(version), server_context(version)
    client._msg_callback = server._msg_callback = callback
    with pair_type(client, server):
        assert {look[3] for look in seen} == {True, False}
        assert {look[5] for look in seen} == {client, server}
    del seen[:]


@pytest.mark.since(3, 11, "was called with None")
def test_owner_is_gone():
    """Nobody is told, and nothing is the matter."""
    class Owner(object):
        pass

    client, messages = client_context(), Messages()
    client._msg_callback = messages
    owner = Owner()
    connection = client._wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False,
                                  "localhost", owner=owner)
    reference = weakref.ref(owner)
    del owner
    collect()
    assert reference() is None
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    assert messages == []


def test_bpo_43577_context_switch(pair_type, version):
    """The new context's callback is called from then on."""
    def switch(connection, name, context):
        connection.context = other

    server, other = server_context(version), server_context(version)
    server._msg_callback, other._msg_callback = Messages(), Messages()
    server.sni_callback = switch
    with pair_type(client_context(version), server) as pair:
        assert pair.server.context is other
    first = [name for name, _, _ in server._msg_callback.handshake()]
    then = [name for name, _, _ in other._msg_callback.handshake()]
    assert first == ["CLIENT_HELLO"]
    assert then[0] == "SERVER_HELLO"
    assert "FINISHED" in then


def test_context_switch_to_one_without_a_callback(version):
    def switch(connection, name, context):
        connection.context = other

    server, other = server_context(version), server_context(version)
    server._msg_callback = Messages()
    server.sni_callback = switch
    BioPair(client_context(version), server)
    assert [name for name, _, _ in server._msg_callback.handshake()] == [
        "CLIENT_HELLO"]


@pytest.mark.cpython("finds no cycles through objects of extensions")
@pytest.mark.backport_only("not found by the collector")
def test_gh_142516_cycle_through_the_callback():
    def reference_to_cycle():
        context = client_context()
        context._msg_callback = lambda *arguments: context
        return weakref.ref(context)

    reference = reference_to_cycle()
    collect()
    assert reference() is None


def test_connection_is_let_go(version):
    """Nothing of a call stays alive."""
    def callback(connection, *arguments):
        seen.append(weakref.ref(connection))

    seen = []
    client = client_context(version)
    client._msg_callback = callback
    BioPair(client)
    collect()
    assert seen != []
    assert {reference() for reference in seen} == {None}


@pytest.mark.backport_only("crashes: gh-149816")
@pytest.mark.parametrize("name", ["_msg_callback", "keylog_filename"])
def test_gh_149816_settings_change_while_handshakes_run(tmpdir, version,
                                                        name):
    client, server = client_context(version), server_context(version)
    values = {"_msg_callback": [Messages(), None],
              "keylog_filename": [str(tmpdir.join("1")),
                                  str(tmpdir.join("2")), None]}[name]

    def toggle():
        for context in client, server:
            for value in values:
                setattr(context, name, value)

    with meanwhile(toggle):
        for _ in range(50):
            BioPair(client, server)


@needs_fork
def test_fork_in_the_callback(version):
    """Parent and child can both go on."""
    def callback(*arguments):
        client._msg_callback = None
        in_child(lambda: BioPair(client, version=version))

    client = client_context(version)
    client._msg_callback = callback
    with SocketPair(client) as pair:
        pair.client.sendall(b"hello")
        assert receive(pair.server, 5) == b"hello"
