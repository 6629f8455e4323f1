"""Several threads use the same connection or context (group A4 of
tests/known_bugs.txt)."""

import contextlib
import os
import random
import socket
import ssl
import sys
import threading
import weakref

import pytest

from helpers import (PY2, TIMEOUT, BioPair, RawPair, SocketPair, Task, cert,
                     client_context, collect, let_answer, meanwhile, read_all,
                     receive, server_context, tcp_pair)
from sessions import caching_context, reuses

DISTURBED = pytest.mark.backport_only("gh-151508: a connection fails if two "
                                      "threads use it")


@pytest.fixture(params=[None, 30.0], ids=["blocking", "timeout"])
def busy(request, version):
    """A SocketPair; first without a timeout, then with one."""
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        for end in (pair.client, pair.server):
            end.settimeout(request.param)
        yield pair


@DISTURBED
def test_gh_137583_blocked_recv_does_not_stop_sendall(busy):
    with Task(busy.client.recv, 100) as receiving:
        for _ in range(50):
            busy.client.sendall(b"hello")
            assert receive(busy.server, 5) == b"hello"
        assert receiving.running()
        busy.server.sendall(b"goodbye")
        assert receiving.result() == b"goodbye"


@DISTURBED
def test_gh_151508_full_duplex(busy):
    """Each end sends in one thread, in pieces of many sizes, and receives in
    another."""
    data = bytes(bytearray(random.Random(1).randrange(256)
                           for _ in range(65536))) * 16

    def send(sock, seed):
        sizes = random.Random(seed)
        left = memoryview(data)
        while left:
            size = sizes.choice([1, 100, 5000, 16384, 50000])
            sock.sendall(left[:size])
            left = left[size:]

    tasks = [Task(send, busy.client, 2), Task(send, busy.server, 3),
             Task(receive, busy.client, len(data)),
             Task(receive, busy.server, len(data))]
    results = [task.result() for task in tasks]
    assert results[2] == data
    assert results[3] == data


@DISTURBED
def test_gh_151508_writer_waits_while_the_other_way_flows(busy):
    """The peer sends, but does not read.  recv() must return its data while
    another thread waits in sendall()."""
    big = b"x" * (8 * 1024 * 1024)
    with Task(busy.client.sendall, big) as sending:
        for _ in range(20):
            busy.server.sendall(b"hello")
            assert receive(busy.client, 5) == b"hello"
        assert sending.running()
        assert receive(busy.server, len(big)) == big
        sending.result()


@DISTURBED
def test_two_writers(busy):
    """The data of two threads' writes must not mix."""
    def send(letter):
        for _ in range(40):
            busy.client.sendall(letter * 30000)

    tasks = [Task(send, letter) for letter in (b"a", b"b")]
    data = receive(busy.server, 2 * 40 * 30000)
    for task in tasks:
        task.result()
    pieces = {data[i:i + 30000] for i in range(0, len(data), 30000)}
    assert pieces == {b"a" * 30000, b"b" * 30000}


@contextlib.contextmanager
def blocked_writer(version):
    """A pair whose client is in a long sendall() in another thread."""
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        pair.client.settimeout(None)
        with Task(pair.client.sendall, b"x" * (1 << 24)) as sending:
            # the first byte has arrived, so sendall() has begun
            assert pair.server.recv(1) == b"x"
            yield pair
            pair.client.close()
            sending.error()


@DISTURBED
def test_second_writer_times_out(version):
    with blocked_writer(version) as pair:
        pair.client.settimeout(0.1)
        with pytest.raises(socket.timeout):
            pair.client.sendall(b"second")


@DISTURBED
def test_second_writer_does_not_block(version):
    with blocked_writer(version) as pair:
        pair.client.setblocking(False)
        with pytest.raises(ssl.SSLWantWriteError):
            pair.client.write(b"second")


@DISTURBED
def test_second_writer_waits_for_the_first(version):
    with blocked_writer(version) as pair:
        with Task(pair.client.sendall, b"second"):
            rest = receive(pair.server, (1 << 24) - 1 + 6)
        assert rest == b"x" * ((1 << 24) - 1) + b"second"


@DISTURBED
def test_close_ends_a_second_writer(version):
    with blocked_writer(version) as pair:
        with Task(pair.client.sendall, b"second") as second:
            pair.client.close()
            error = second.error()
    assert isinstance(error, (ssl.SSLError, ValueError, socket.error))


@DISTURBED
def test_two_readers(busy):
    """Exactly one of the two threads must receive each byte."""
    tasks = [Task(read_all, busy.client), Task(read_all, busy.client)]
    busy.server.sendall(b"x" * 200000)
    busy.server.shutdown(socket.SHUT_WR)
    assert b"".join(task.result() for task in tasks) == b"x" * 200000


@DISTURBED
def test_close_notify_ends_every_reader(busy):
    """The peer sends one close_notify, and keeps its socket open.  The recv()
    of each thread must return b""."""
    tasks = [Task(busy.client.recv, 10) for _ in range(4)]
    busy.server.settimeout(0.0)
    with pytest.raises(ssl.SSLWantReadError):
        busy.server.unwrap()
    assert [task.result() for task in tasks] == [b""] * 4


@DISTURBED
def test_getters_while_a_thread_reads(busy):
    """No getter may wait for the thread that reads."""
    with Task(busy.client.recv, 100) as receiving:
        for _ in range(20):
            assert busy.client.version() is not None
            assert busy.client.cipher() is not None
            assert busy.client.pending() == 0
            assert busy.client.getpeercert()["version"] == 3
            assert busy.client.session is not None
            assert busy.client.selected_alpn_protocol() is None
            assert busy.client.get_channel_binding() is not None
            assert busy.client.session_reused is False
            assert busy.client.server_hostname == "localhost"
        assert receiving.running()
        busy.server.sendall(b"hello")
        assert receiving.result() == b"hello"


@pytest.mark.backport_only("in stock ssl the recv() hangs")
@pytest.mark.parametrize("timeout", [None, 30.0])
def test_close_ends_a_blocked_recv(version, timeout):
    pair = SocketPair(version=version, pair=tcp_pair())
    pair.client.settimeout(timeout)
    with contextlib.closing(pair.server):
        with Task(pair.client.recv, 100) as receiving:
            pair.server.sendall(b"")
            pair.client.close()
            error = receiving.error()
    assert isinstance(error, (ssl.SSLError, ValueError, socket.error))


@pytest.mark.backport_only("in stock ssl the sendall() hangs")
def test_close_ends_a_blocked_sendall(version):
    pair = SocketPair(version=version, pair=tcp_pair())
    pair.client.settimeout(None)
    with contextlib.closing(pair.server):
        with Task(pair.client.sendall, b"x" * (1 << 26)) as sending:
            assert pair.server.recv(1) == b"x"
            pair.client.close()
            error = sending.error()
    assert isinstance(error, (ssl.SSLError, ValueError, socket.error))


@contextlib.contextmanager
def much_switching():
    """Make Python switch between threads as often as possible."""
    get, change, often = (
        (sys.getcheckinterval, sys.setcheckinterval, 1) if PY2 else
        (sys.getswitchinterval, sys.setswitchinterval, 1e-6))
    before = get()
    change(often)
    try:
        yield
    finally:
        change(before)


@pytest.mark.backport_only("stock ssl may send plain text after close()")
def test_close_lets_no_plain_text_out():
    """Threads write while another thread closes the socket.  They must get an
    exception, and not send plain text."""
    def write(sock):
        with pytest.raises((socket.error, ValueError)):
            while True:
                sock.sendall(b"secret")

    with much_switching():
        for _ in range(50):
            with RawPair() as raw:
                writers = [Task(write, raw.sock) for _ in range(3)]
                seen = bytearray(raw.peer.recv(1000))
                raw.sock.close()
                with pytest.raises((socket.error, EOFError)):
                    while True:
                        seen += receive(raw.peer, 1)
                for writer in writers:
                    writer.result()
                assert b"secret" not in seen


def test_peer_close_ends_a_blocked_recv(version):
    with RawPair(version) as raw:
        with Task(raw.sock.recv, 100) as receiving:
            raw.peer.sendall(raw.close_notify())
            assert receiving.result() == b""


def test_other_threads_run_meanwhile(busy):
    """A thread that waits in recv() must not hold the GIL."""
    seen = []
    with Task(busy.client.recv, 5) as receiving:
        for i in range(1000):
            seen.append(i)
        busy.server.sendall(b"hello")
        receiving.result()
    assert len(seen) == 1000


def test_bpo_32533_errors_stay_in_their_thread(version):
    """Handshakes fail in two threads and succeed in two others.  No thread
    may get the error of another."""
    good = client_context(version), server_context(version)
    bad = client_context(version), server_context(version, "unknown.pem")

    def run(contexts, count):
        outcomes = set()
        for _ in range(count):
            try:
                with BioPair(*contexts) as pair:
                    pair.client.write(b"hello")
                    pair.flush()
                    outcomes.add(pair.server.read(5))
            except ssl.SSLError as error:
                outcomes.add(error.reason)
        return outcomes

    tasks = [Task(run, contexts, 25) for contexts in (good, bad, good, bad)]
    assert [task.result() for task in tasks] == [
        {b"hello"}, {"CERTIFICATE_VERIFY_FAILED"}] * 2


@pytest.mark.backport_only("CVE-2024-0397, gh-134698: stock ssl crashes")
def test_cve_2024_0397_store_is_read_while_it_changes():
    context = client_context()
    server = server_context()
    server.load_verify_locations(cert("root.pem"))
    stop = threading.Event()

    def look():
        while not stop.is_set():
            assert 1 <= context.cert_store_stats()["x509"] <= 151
            assert 1 <= len(context.get_ca_certs(True)) <= 151

    def connect():
        while not stop.is_set():
            BioPair(context, server)

    tasks = [Task(look), Task(look), Task(connect)]
    try:
        with open(cert("many-roots.pem")) as stream:
            roots = stream.read()
        end = "-----END CERTIFICATE-----\n"
        for root in roots.split(end)[:-1]:
            context.load_verify_locations(cadata=u"" + root + end)
    finally:
        stop.set()
    for task in tasks:
        task.result()
    assert context.cert_store_stats()["x509"] == 151


@pytest.mark.backport_only("gh-134698: stock ssl crashes")
def test_gh_134698_certificates_loaded_while_connecting(version):
    client, server = client_context(version), server_context(version)
    stop = threading.Event()

    def load():
        while not stop.is_set():
            server.load_cert_chain(cert("localhost.pem"))

    def connect():
        for _ in range(30):
            BioPair(client, server)

    loading = Task(load)
    tasks = [Task(connect), Task(connect)]
    try:
        for task in tasks:
            task.result()
    finally:
        stop.set()
        loading.result()


@pytest.mark.backport_only("gh-149816: stock ssl crashes")
def test_gh_149816_callback_replaced_while_called(version):
    client, server = client_context(version), server_context(version)

    def toggle():
        server.set_servername_callback(lambda *arguments: None)
        server.set_servername_callback(None)

    with meanwhile(toggle):
        for _ in range(50):
            BioPair(client, server)


def test_many_connections_at_once(version):
    """Four threads share contexts; they connect and collect garbage."""
    client, server = client_context(version), server_context(version)

    def run():
        for _ in range(10):
            with SocketPair(client, server) as pair:
                pair.client.sendall(b"hello")
                assert receive(pair.server, 5) == b"hello"
        collect()

    for task in [Task(run) for _ in range(4)]:
        task.result()


@pytest.mark.backport_only("stock ssl crashes in some runs")
def test_gh_118596_cipher_list_replaced_while_used(version):
    """A thread replaces the cipher lists during handshakes.  No handshake may
    use a freed list."""
    lists = ["ECDHE+AESGCM", "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES"]
    client, server = client_context(version), server_context(version)
    done = threading.Event()

    def connect():
        while not done.is_set():
            BioPair(client, server)

    tasks = [Task(connect) for _ in range(3)]
    for number in range(600):
        client.set_ciphers(lists[number % 2])
        server.set_ciphers(lists[number % 2])
    done.set()
    for task in tasks:
        task.result()


def test_callbacks_look_at_each_others_connection(version):
    """Two callbacks run at once, and each reads from the other's connection.
    Neither may wait for the other's handshake to end."""
    meeting = [threading.Event(), threading.Event()]
    looked = []
    pairs = []

    def look(number):
        def callback(connection, name, context):
            meeting[number].set()
            assert meeting[1 - number].wait(TIMEOUT)
            pairs[1 - number].server.version()
            looked.append(number)
        return callback

    for number in range(2):
        server = server_context(version)
        server.set_servername_callback(look(number))
        pairs.append(BioPair(client_context(version), server,
                             handshake=False))
    for task in [Task(pair.handshake) for pair in pairs]:
        task.result()
    assert sorted(looked) == [0, 1]
    assert [pair.server.version() for pair in pairs] == [version] * 2


def test_trust_loaded_while_verifying(version):
    """During handshakes, the client context loads its first CA file, a folder
    and a second file."""
    server = server_context(version)
    for _ in range(20):
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

        def connect():
            for _ in range(5):
                try:
                    BioPair(client, server)
                except ssl.SSLError:
                    pass  # the context has not loaded its CA file yet

        tasks = [Task(connect), Task(connect)]
        client.load_verify_locations(cert("root.pem"))
        client.load_verify_locations(capath=cert("capath"))
        client.load_verify_locations(cert("unknown-root.pem"))
        for task in tasks:
            task.result()
        BioPair(client, server)


@pytest.mark.backport_only("gh-134698: stock ssl reads the trust store "
                           "without a lock")
def test_gh_134698_trust_loaded_while_verifying_after_the_handshake():
    client = client_context("TLSv1.3")
    client.post_handshake_auth = True
    client.load_cert_chain(cert("client.pem"))
    for _ in range(20):
        server = server_context("TLSv1.3")
        server.verify_mode = ssl.CERT_REQUIRED
        server.post_handshake_auth = True
        pairs = [BioPair(client, server) for _ in range(2)]

        def verify(pair):
            let_answer(pair)
            try:
                assert pair.server.read(1) == b"y"
                assert pair.server.getpeercert()
            except ssl.SSLCertVerificationError:
                pass  # the context has not loaded its CA file yet

        tasks = [Task(verify, pair) for pair in pairs]
        server.load_verify_locations(cert("root.pem"))
        server.load_verify_locations(capath=cert("capath"))
        server.load_verify_locations(cert("unknown-root.pem"))
        for task in tasks:
            task.result()
        pair = BioPair(client, server)
        verify(pair)
        assert pair.server.getpeercert()


# Two threads need the same record or the same lock

@pytest.fixture
def hasty():
    """During the test, Python switches threads after a few instructions."""
    if PY2:
        before = sys.getcheckinterval()
        sys.setcheckinterval(1)
        yield
        sys.setcheckinterval(before)
    else:
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        yield
        sys.setswitchinterval(before)


@pytest.mark.backport_only("several threads may crash stock ssl")
def test_cve_2026_19445_context_changed_by_several_threads(hasty):
    """Several threads set the context of one connection.  No context may be
    freed while the connection uses it, and all others must be freed."""
    first = server_context()
    pair = BioPair(server=first, handshake=False)
    references = []

    def change(connection):
        for _ in range(50):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            references.append(weakref.ref(context))
            connection.context = context

    for task in [Task(change, pair.server) for _ in range(4)]:
        task.result()
    collect()
    assert [reference() for reference in references if reference()] == [
        pair.server.context]
    pair.server.context = first
    pair.handshake()
    collect()
    assert not any(reference() for reference in references)


@DISTURBED
def test_gh_151508_unwrap_beside_recv(version):
    """unwrap() and read() in two threads wait for the peer's close_notify.
    Both must end when one of them reads it."""
    for _ in range(20):
        with SocketPair(version=version, pair=tcp_pair()) as pair:
            pair.client.settimeout(10)
            # after unwrap() recv() would read without TLS
            receiving = Task(pair.client._sslobj.read, 10)
            with Task(pair.server.unwrap):
                pair.client.unwrap()
            try:
                assert receiving.result() == b""
            except ssl.SSLError as error:  # unwrap() had sent ours before
                assert type(error) is ssl.SSLZeroReturnError


@DISTURBED
def test_gh_151508_handshake_by_reader_and_writer(version):
    """One thread reads and one writes before the handshake.  One of them must
    do the handshake, and both must succeed."""
    for _ in range(20):
        with SocketPair(version=version, handshake=False,
                        pair=tcp_pair()) as pair:
            pair.client.settimeout(10)
            with Task(pair.server.do_handshake):
                receiving = Task(pair.client.recv, 5)
                pair.client.sendall(b"hello")
            assert receive(pair.server, 5) == b"hello"
            pair.server.sendall(b"hello")
            assert receiving.result() == b"hello"


@DISTURBED
def test_gh_151508_two_connections_share_a_bio():
    """The client writes to the MemoryBIO from which the server reads, in two
    threads.  The server must read all bytes."""
    one, two = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context().wrap_bio(one, two, server_hostname="localhost")
    server = server_context().wrap_bio(two, one, server_side=True)
    todo = [client.do_handshake, server.do_handshake]
    while todo:
        try:
            todo[0]()
            del todo[0]
        except ssl.SSLWantReadError:
            todo.reverse()

    def write():
        for _ in range(20000):
            client.write(b"x" * 100)

    size = 0
    with Task(write) as writing:
        while writing.running() or two.pending:
            try:
                size += len(server.read(100000))
            except ssl.SSLWantReadError:
                pass
    assert size == 20000 * 100


# The client_sessions of a context, and tickets

@pytest.mark.backport_only("stock ssl has no client_sessions")
def test_many_threads_that_share_sessions(version):
    client, server = caching_context(version, 30), server_context(version)
    server.ticket_keys = [os.urandom(80)]
    names = ["localhost", "127.0.0.1", "::1"]
    lock, counts = threading.Lock(), {True: 0, False: 0}

    def work(number):
        for round in range(15):
            reused = reuses(BioPair, client, server, server_hostname=names[
                (number + round) % 3])
            if number == 0 and round % 5 == 4:
                server.ticket_keys = [os.urandom(80)] + list(
                    server.ticket_keys)
            with lock:
                counts[reused] += 1

    tasks = [Task(work, number) for number in range(6)]
    for task in tasks:
        task.result()
    assert sum(counts.values()) == 90
    assert counts[True] > 20


@pytest.mark.backport_only("stock ssl has no client_sessions")
def test_sessions_that_are_lost_while_threads_share_them(version):
    """A thread changes client_sessions while two others connect.  The context
    may drop a session while a handshake uses it."""
    client, server = caching_context(version), server_context(version)

    def work():
        for _ in range(20):
            reuses(BioPair, client, server)

    def change():
        for number in range(60):
            client.client_sessions = number % 4
            client_context(version).client_sessions = 3

    tasks = [Task(work), Task(work), Task(change)]
    for task in tasks:
        task.result()
