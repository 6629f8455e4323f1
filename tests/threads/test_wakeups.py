"""Several threads wait on one connection.  They must sleep until their data
arrives, and must wake up if another thread has read it.
"""

import contextlib
import errno
import fcntl
import os
import socket
import ssl
import struct
import time

import pytest

from helpers import RawPair, SocketPair, Task, receive, tcp_pair

pytestmark = pytest.mark.backport_only(
    "gh-151508: a connection fails if two threads use it")

ENDS = (ssl.SSLError, socket.error, ValueError)


def threads():
    """The kernel's numbers of the threads of this process."""
    return set(os.listdir("/proc/self/task"))


def naps(thread):
    """The number of times that a thread has gone to sleep."""
    with open("/proc/self/task/%s/status" % thread) as stream:
        for line in stream:
            if line.startswith("voluntary_ctxt_switches"):
                return int(line.split()[1])


def all_naps(others):
    return {thread: naps(thread) for thread in others}


def wait_until_asleep(others):
    """Wait until no thread has woken up for 50 ms."""
    before = None
    while before != all_naps(others):
        before = all_naps(others)
        time.sleep(0.05)


@contextlib.contextmanager
def asleep(*functions):
    """Run each function in a thread.

    The threads must be asleep before the block runs, and must end after it.
    The value is the list of their Tasks.
    """
    before = threads()
    tasks = [Task(function) for function in functions]
    others = threads() - before
    assert len(others) == len(functions)
    wait_until_asleep(others)
    count = all_naps(others)
    time.sleep(0.4)
    assert all_naps(others) == count
    yield tasks
    for task in tasks:
        task.join()


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/task"),
                                reason="this system has no /proc")


@pytest.fixture(params=[None, 30.0], ids=["blocking", "timeout"])
def connected(request, version):
    with SocketPair(version=version, pair=tcp_pair()) as pair:
        pair.client.settimeout(request.param)
        # the client reads the tickets of TLS 1.3 now, so that they wake no
        # thread later
        pair.server.sendall(b"x")
        assert receive(pair.client, 1) == b"x"
        yield pair


def read(pair):
    return lambda: pair.client.recv(5)


@needs_proc
def test_idle_reader_sleeps(connected):
    with asleep(read(connected)) as tasks:
        connected.server.sendall(b"hello")
    assert tasks[0].result() == b"hello"


@needs_proc
def test_idle_readers_sleep(connected):
    """One thread waits for the socket, two wait for this thread."""
    with asleep(*[read(connected)] * 3) as tasks:
        connected.server.sendall(b"hello" * 3)
    assert [task.result() for task in tasks] == [b"hello"] * 3


@needs_proc
def test_idle_reader_sleeps_beside_one_who_ends_the_connection(connected):
    """One thread reads, and another waits in shutdown().  Both must end when
    one of them reads the peer's close_notify."""
    def read_end():
        try:
            return sslobj.read(5)
        except ssl.SSLZeroReturnError:  # shutdown() had sent ours before
            return b""

    sslobj = connected.client._sslobj
    with asleep(read_end, sslobj.shutdown) as tasks:
        assert connected.server.recv(5) == b""
        connected.server.unwrap()
    assert tasks[0].result() == b""
    assert tasks[1].error() is None


@needs_proc
def test_idle_handshakes_sleep(version):
    """Three threads do the same handshake.  All must return when it is
    complete."""
    with SocketPair(version=version, pair=tcp_pair(),
                    handshake=False) as pair:
        with asleep(*[pair.client.do_handshake] * 3):
            pair.server.do_handshake()


def test_handshake_ends_where_a_reader_waits_on(version):
    """A thread in recv() does the handshake.  do_handshake() in another
    thread must return, although the recv() still waits for data."""
    with SocketPair(version=version, pair=tcp_pair(),
                    handshake=False) as pair:
        with Task(read(pair)) as reading:
            with Task(pair.client.do_handshake):
                time.sleep(0.1)
                pair.server.do_handshake()
            assert reading.running()
            pair.server.sendall(b"hello")
            assert reading.result() == b"hello"


@needs_proc
@pytest.mark.parametrize("cut", [1, 5, 6])
def test_idle_reader_gets_a_record_in_pieces(version, cut):
    """The first piece is a part of the record's header, the header, or more.
    The thread waits in the kernel's recv(), which reads this piece."""
    with RawPair(version, pair=tcp_pair()) as raw:
        raw.sock.settimeout(None)
        raw.peer.sendall(raw.records(b"x"))     # and the tickets
        assert receive(raw.sock, 1) == b"x"
        record = raw.records(b"hello")
        with asleep(lambda: raw.sock.recv(5)) as tasks:
            raw.peer.sendall(record[:cut])
            time.sleep(0.05)
            raw.peer.sendall(record[cut:])
        assert tasks[0].result() == b"hello"


@needs_proc
def test_idle_reader_is_told_of_a_reset(connected):
    """The kernel reports a reset once, to the thread in the kernel's recv().
    Our recv() must raise it."""
    with asleep(read(connected)) as tasks:
        connected.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    struct.pack("ii", 1, 0))
        connected.server.close()
    assert tasks[0].error().errno == errno.ECONNRESET


@needs_proc
def test_idle_reader_is_told_of_the_end(connected):
    """The peer ends the stream without close_notify: recv() must raise
    SSLEOFError."""
    connected.client.suppress_ragged_eofs = False
    with asleep(read(connected)) as tasks:
        connected.server.shutdown(socket.SHUT_WR)
    assert isinstance(tasks[0].error(), ssl.SSLEOFError)


@needs_proc
def test_idle_reader_sleeps_where_the_descriptor_does_not_block(connected):
    """Other code may have made the descriptor non-blocking.  A blocking
    recv() must still sleep until data arrives."""
    flags = fcntl.fcntl(connected.client, fcntl.F_GETFL)
    fcntl.fcntl(connected.client, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    with asleep(read(connected)) as tasks:
        connected.server.sendall(b"hello")
    assert tasks[0].result() == b"hello"


def test_close_ends_all_who_wait(connected):
    """close() must end a thread that waits for the socket, one that waits for
    the first, and one that waits in unwrap() for a close_notify."""
    tasks = [Task(read(connected)), Task(read(connected)),
             Task(connected.client.unwrap)]
    time.sleep(0.1)     # almost always, they are in their calls by now
    connected.client.close()
    for task in tasks:
        assert isinstance(task.error(), ENDS)


def test_reader_gets_its_data_beside_one_who_does_not_wait(connected):
    """One thread waits in read(), another calls read() without blocking.
    Exactly one of them must receive each byte."""
    sslobj = connected.client._sslobj
    with Task(sslobj.read, 3) as reading:
        time.sleep(0.1)     # almost always, it is in its call by now
        connected.client.settimeout(0)
        size = 0
        for _ in range(200):
            connected.server.sendall(b"hello")
            try:
                size += len(sslobj.read(3))
            except ssl.SSLWantReadError:
                pass
        connected.client.settimeout(30)
        size += len(reading.result())
    while size < 1000:
        size += len(sslobj.read(1000))
    assert size == 1000
