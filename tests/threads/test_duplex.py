"""Several threads read from and write to the same connection; a thread
configures contexts that connections use.

With SSLB_LONG=1, each test runs for a minute.
"""

import itertools
import os
import random
import ssl
import struct
import threading

import pytest

from helpers import (LONG, BioPair, SocketPair, Task, cert,
                     client_context, receive, server_context, tcp_pair)

pytestmark = pytest.mark.backport_only(
    "gh-151508: a connection fails if two threads use it")

SECONDS = 60 if LONG else 0.3

# The head of a message: the number of its writer, its own number, and whether
# its reader must stop.
HEAD = struct.Struct("!HI?")
NOISE = os.urandom(1 << 16)


def message(writer, number, is_last, size):
    start = (writer * 1009 + number) % (len(NOISE) - size)
    return HEAD.pack(writer, number, is_last) + NOISE[start:start + size -
                                                      HEAD.size]


def write(sock, writer, size, done):
    """Write messages until `done` is set, and a last one that stops a reader;
    returns the number of messages."""
    for number in itertools.count(1):
        is_last = done.is_set()
        sock.sendall(message(writer, number, is_last, size))
        if is_last:
            return number


def read(sock, size):
    """Read messages up to the last one of a writer; returns {writer: [number
    of each message]}."""
    found = {}
    while True:
        data = sock.recv(size)
        writer, number, is_last = HEAD.unpack(data[:HEAD.size])
        assert data == message(writer, number, is_last, size)
        found.setdefault(writer, []).append(number)
        if is_last:
            return found


def assert_all_there(written, found):
    """Assert that one reader has received each message, and that each reader
    has received the messages of a writer in order."""
    for writer, count in enumerate(written):
        numbers = [part.get(writer, []) for part in found]
        for part in numbers:
            assert part == sorted(part)
        assert sorted(itertools.chain(*numbers)) == list(range(1, count + 1))


@pytest.mark.parametrize("size", [50, 16384])
@pytest.mark.parametrize("threads", [2, 16])
def test_gh_151508_messages_both_ways(version, threads, size):
    """Half of the threads of each end write, the others read.  Each message
    is in one record, so that a reader must receive it whole."""
    done = threading.Event()
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        writers, readers = [], []
        for end in pair.client, pair.server:
            writers.append([Task(write, end, number, size, done)
                            for number in range(threads // 2)])
            readers.append([Task(read, end, size)
                            for _ in range(threads // 2)])
        done.wait(SECONDS)
        done.set()
        written, found = [
            [[task.result() for task in tasks] for tasks in ends]
            for ends in (writers, readers)]
    assert_all_there(written[0], found[1])
    assert_all_there(written[1], found[0])


# Contexts

def common_changes(context):
    """Functions that change the context or read from it.  After each, it can
    still make connections."""
    def choose(name, *values):
        return lambda: setattr(context, name, random.choice(values))

    def call(name, *arguments):
        return lambda: getattr(context, name)(random.choice(arguments))

    return [
        lambda: setattr(context, "options",
                        context.options ^ ssl.OP_NO_TICKET),
        choose("minimum_version", ssl.TLSVersion.MINIMUM_SUPPORTED,
               ssl.TLSVersion.TLSv1_2),
        choose("maximum_version", ssl.TLSVersion.MAXIMUM_SUPPORTED,
               ssl.TLSVersion.TLSv1_3),
        choose("keylog_filename", None, os.devnull),
        choose("_msg_callback", None, lambda *arguments: None),
        choose("post_handshake_auth", False, True),
        choose("verify_flags", ssl.VERIFY_DEFAULT,
               ssl.VERIFY_X509_PARTIAL_CHAIN),
        call("set_alpn_protocols", ["h2"], ["http/1.1", "h2"], ["x" * 200]),
        call("set_ecdh_curve", "prime256v1"),
        call("load_verify_locations", cert("root.pem"),
             cert("unknown-root.pem")),
        context.session_stats, context.get_ca_certs, context.get_ciphers,
    ]


def client_changes(context):
    return common_changes(context) + [
        lambda: context.load_cert_chain(cert("client.pem")),
        lambda: context.set_psk_client_callback(None)]


def server_changes(context):
    return common_changes(context) + [
        lambda: context.load_cert_chain(cert("localhost.pem")),
        lambda: context.load_cert_chain(cert("localhost-ec.pem")),
        lambda: context.load_dh_params(cert("dh2048.pem")),
        lambda: context.set_servername_callback(None),
        lambda: context.set_servername_callback(lambda *arguments: None),
        lambda: context.set_psk_server_callback(None),
        lambda: setattr(context, "num_tickets", random.randint(0, 4))]


def connect(client, server, done):
    """Make connections until `done` is set; returns their number."""
    for count in itertools.count(1):
        with BioPair(client, server) as pair:
            pair.client.write(b"hello")
            pair.flush()
            assert pair.server.read(5) == b"hello"
        if done.is_set():
            return count


def test_gh_118596_contexts_configured_while_used():
    """One thread changes all settings of the contexts, three connect with
    them, and one uses an older connection.  Nothing may fail."""
    client, server = client_context(), server_context()
    changes = client_changes(client) + server_changes(server)
    done = threading.Event()

    def talk():
        while not done.is_set():
            pair.client.sendall(b"hello")
            assert receive(pair.server, 5) == b"hello"

    with SocketPair(client, server) as pair:
        tasks = [Task(connect, client, server, done) for _ in range(3)]
        tasks.append(Task(talk))

        def change():
            while not done.is_set():
                random.choice(changes)()

        tasks.append(Task(change))
        done.wait(SECONDS)
        done.set()
        for task in tasks:
            task.result()
