"""The methods that SSLSocket inherits from socket: accept, connect, makefile,
dup, detach, shutdown, close.  The tests check what each does to the TLS
connection."""

import contextlib
import errno
import os
import select
import socket
import ssl

import pytest

from helpers import (HOST_VERSION, PY2, TIMEOUT, RawPair, SocketPair, Task,
                     cert, client_context, descriptors, listening, receive,
                     server_context, serving, tcp_pair, unix_pair)


def echo(sock):
    """Receive five bytes, and send them back."""
    sock.sendall(receive(sock, 5))


def unconnected(**options):
    options.setdefault("server_hostname", "localhost")
    sock = socket.socket()
    sock.settimeout(TIMEOUT)
    return client_context().wrap_socket(sock, **options)


# The class

def test_is_a_socket(sockets):
    assert isinstance(sockets.client, socket.socket)
    assert isinstance(sockets.client, ssl.SSLSocket)


def test_address_methods():
    with SocketPair(pair=tcp_pair()) as pair:
        client, server = pair.client, pair.server
        assert client.getpeername() == server.getsockname()
        assert server.getpeername() == client.getsockname()
        assert client.family == socket.AF_INET
        assert client.type & 1 == socket.SOCK_STREAM
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert client.fileno() > 0


def test_no_pickle(sockets):
    import copy
    import pickle
    with pytest.raises(TypeError):
        copy.copy(sockets.client)
    with pytest.raises(TypeError):
        pickle.dumps(sockets.client, pickle.HIGHEST_PROTOCOL)


def test_no_dup(sockets):
    with pytest.raises(NotImplementedError):
        sockets.client.dup()


# connect

def test_connect():
    with serving(echo, server_context()) as address:
        with contextlib.closing(unconnected()) as sock:
            sock.connect(address)
            sock.sendall(b"hello")
            assert receive(sock, 5) == b"hello"
            assert sock.getpeercert()["version"] == 3
            with pytest.raises(ValueError):
                sock.connect(address)


def test_connect_ex():
    with serving(echo, server_context()) as address:
        with contextlib.closing(unconnected()) as sock:
            assert sock.connect_ex(address) == 0
            sock.sendall(b"hello")
            assert receive(sock, 5) == b"hello"


def refused_address():
    """The address of a port on which no socket listens."""
    with listening() as listener:
        return listener.getsockname()


def test_connect_refused():
    with contextlib.closing(unconnected()) as sock:
        with pytest.raises(socket.error) as caught:
            sock.connect(refused_address())
        assert caught.value.errno == errno.ECONNREFUSED


def test_connect_ex_refused():
    with contextlib.closing(unconnected()) as sock:
        assert sock.connect_ex(refused_address()) == errno.ECONNREFUSED


def test_connect_without_handshake():
    with serving(echo, server_context()) as address:
        with contextlib.closing(unconnected(
                do_handshake_on_connect=False)) as sock:
            sock.connect(address)
            assert sock.version() is None
            sock.do_handshake()
            assert sock.version() is not None
            sock.sendall(b"hello")
            assert receive(sock, 5) == b"hello"


def test_connect_non_blocking():
    import select
    with serving(echo, server_context()) as address:
        sock = unconnected(do_handshake_on_connect=False)
        with contextlib.closing(sock):
            sock.setblocking(False)
            assert sock.connect_ex(address) in (0, errno.EINPROGRESS)
            select.select([], [sock], [], TIMEOUT)
            while True:
                try:
                    sock.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    select.select([sock], [], [], TIMEOUT)
                except ssl.SSLWantWriteError:
                    select.select([], [sock], [], TIMEOUT)
            assert sock.getpeercert()["version"] == 3
            sock.setblocking(True)
            sock.sendall(b"hello")
            assert receive(sock, 5) == b"hello"


@pytest.mark.backport_only("stock connect() does not see that the handshake "
                           "is complete")
@pytest.mark.parametrize("again", ["connect", "connect_ex"])
@pytest.mark.parametrize("shake", ["do_handshake", "write"])
def test_connect_again(again, shake):
    """After the handshake, connect() must raise and leave TLS unchanged,
    although no connect_ex() has returned 0."""
    with serving(echo, server_context()) as address:
        with contextlib.closing(unconnected(
                do_handshake_on_connect=False)) as sock:
            sock.settimeout(0.0)
            while sock.connect_ex(address) not in (0, errno.EISCONN):
                select.select([], [sock], [], TIMEOUT)
            sock.settimeout(TIMEOUT)
            sock._connected = False     # as before the last call
            getattr(sock, shake)(*([b"he"] if shake == "write" else []))
            with pytest.raises(ValueError):
                getattr(sock, again)(address)
            sock.sendall(b"llo" if shake == "write" else b"hello")
            assert receive(sock, 5) == b"hello"


@pytest.mark.backport_only("stock recv_into(None) calls read(), which returns "
                           "bytes")
def test_recv_into_nothing(sockets):
    with pytest.raises(TypeError):
        sockets.client.recv_into(None)
    sockets.server.sendall(b"hello")
    assert receive(sockets.client, 5) == b"hello"


def test_recv_with_wrong_numbers(sockets):
    """recv() and recv_into() must refuse a number or flags of a wrong type,
    not take them for 0."""
    with pytest.raises(ValueError):
        sockets.client.recv(4, None)
    with pytest.raises(ValueError):
        sockets.client.recv_into(bytearray(4), 4, None)
    for nbytes in {}, "", 0.0:
        with pytest.raises(TypeError):
            sockets.client.recv_into(bytearray(4), nbytes)


@pytest.mark.backport_only("stock sendfile() asks the pipe for its position")
@pytest.mark.parametrize("buffering", [-1, 0])
def test_sendfile_of_a_pipe(sockets, buffering):
    reader, writer = os.pipe()
    os.write(writer, b"hello world")
    os.close(writer)
    with os.fdopen(reader, "rb", buffering) as stream:
        assert sockets.client.sendfile(stream, count=5) == 5
        assert receive(sockets.server, 5) == b"hello"
        assert sockets.client.sendfile(stream) == 6
        assert receive(sockets.server, 6) == b" world"


def test_connect_to_untrusted():
    """connect() to a server with an untrusted certificate must raise.  The
    socket can then be closed."""
    with listening() as listener:
        def serve():
            sock = listener.accept()[0]
            sock.settimeout(TIMEOUT)
            with contextlib.closing(sock):
                server = server_context(chain="unknown.pem").wrap_socket(
                    sock, server_side=True, do_handshake_on_connect=False)
                with contextlib.closing(server):
                    with pytest.raises((ssl.SSLError, OSError)):
                        server.do_handshake()
                        server.recv(1)

        with Task(serve), contextlib.closing(unconnected()) as sock:
            with pytest.raises(ssl.SSLError):
                sock.connect(listener.getsockname())
            sock.close()


def test_server_side_cannot_connect():
    sock = server_context().wrap_socket(socket.socket(), server_side=True)
    with contextlib.closing(sock):
        with pytest.raises(ValueError):
            sock.connect(("127.0.0.1", 9))


def test_unconnected_methods():
    with contextlib.closing(unconnected()) as sock:
        assert sock.version() is None
        assert sock.cipher() is None
        assert sock.pending() == 0
        for operation in (sock.do_handshake, sock.getpeercert,
                          lambda: sock.recv(1), lambda: sock.send(b"x"),
                          lambda: sock.read(1), lambda: sock.write(b"x"),
                          sock.unwrap):
            with pytest.raises((socket.error, ValueError, AttributeError)):
                operation()


# accept

def test_accept():
    """A listening SSLSocket must accept TLS connections."""
    with listening() as plain:
        context = server_context()
        listener = context.wrap_socket(plain, server_side=True)
        listener.settimeout(TIMEOUT)
        with contextlib.closing(listener):
            address = listener.getsockname()

            def connect():
                with contextlib.closing(unconnected()) as client:
                    client.connect(address)
                    client.sendall(b"hello")
                    return client.getsockname(), receive(client, 7)

            with Task(connect) as connecting:
                sock, peer = listener.accept()
                with contextlib.closing(sock):
                    assert isinstance(sock, ssl.SSLSocket)
                    assert sock.server_side is True
                    assert sock.context is context
                    assert receive(sock, 5) == b"hello"
                    sock.sendall(b"goodbye")
                    assert connecting.result() == (peer, b"goodbye")


def test_accept_failed_handshake():
    """After a client that does not speak TLS, the listener must accept the
    next client."""
    with listening() as plain:
        listener = server_context().wrap_socket(plain, server_side=True)
        listener.settimeout(TIMEOUT)
        with contextlib.closing(listener):
            with contextlib.closing(socket.create_connection(
                    listener.getsockname(), TIMEOUT)) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                with pytest.raises(ssl.SSLError):
                    listener.accept()
            with Task(listener.accept) as accepting:
                with contextlib.closing(unconnected()) as client:
                    client.connect(listener.getsockname())
                accepting.result()[0].close()


# makefile

def test_makefile(sockets):
    with contextlib.closing(sockets.client.makefile("wb")) as writer:
        writer.write(b"one\ntwo\nthree\n")
        writer.flush()
    with contextlib.closing(sockets.server.makefile("rb")) as reader:
        assert reader.readline() == b"one\n"
        assert reader.readline() == b"two\n"
        assert reader.read(3) == b"thr"
    # the sockets are still open
    sockets.server.sendall(b"hello")
    assert sockets.client.recv(5) == b"hello"


def test_makefile_outlives_close():
    with SocketPair() as pair:
        reader = pair.server.makefile("rb")
        number = pair.server.fileno()
        pair.server.close()
        pair.client.sendall(b"hello\n")
        assert reader.readline() == b"hello\n"
        assert number in descriptors()
        reader.close()
        assert number not in descriptors()


def test_several_makefiles():
    with SocketPair() as pair:
        number = pair.server.fileno()
        files = [pair.server.makefile("rb") for _ in range(3)]
        pair.server.close()
        for stream in files:
            assert number in descriptors()
            stream.close()
        assert number not in descriptors()


@pytest.mark.since(3, 10, "reads raise after a truncation with OpenSSL 3")
def test_makefile_to_the_end(sockets):
    with Task(sockets.client.sendall, b"x" * 100000) as sending:
        reader = sockets.server.makefile("rb")
        data = reader.read(100000)
        sending.result()
    sockets.client.shutdown(socket.SHUT_WR)
    assert data + reader.read() == b"x" * 100000
    reader.close()


@pytest.mark.python3("2.7's makefile() has no text mode")
def test_makefile_text(sockets):
    with sockets.client.makefile("w", encoding="utf-8",
                                 newline="\n") as writer:
        writer.write("k\xf6nig\n")
    with sockets.server.makefile("r", encoding="utf-8") as reader:
        assert reader.readline() == "k\xf6nig\n"


# unwrap

def test_unwrap(version):
    with SocketPair(version=version) as pair:
        with Task(pair.server.unwrap) as unwrapping:
            client = pair.client.unwrap()
            server = unwrapping.result()
        with contextlib.closing(client), contextlib.closing(server):
            client.sendall(b"plain")
            assert server.recv(5) == b"plain"


def test_unwrap_after_the_peer_closed(version):
    """unwrap() must succeed if the peer's close_notify has arrived before."""
    with SocketPair(version=version) as pair:
        with Task(pair.server.unwrap):
            assert pair.client.recv(1) == b""
            pair.client.unwrap()


def test_unwrap_twice(version):
    with SocketPair(version=version) as pair:
        with Task(pair.server.unwrap):
            pair.client.unwrap()
        with pytest.raises((ValueError, socket.error)):
            pair.client.unwrap()


def test_read_and_write_after_unwrap(version):
    with SocketPair(version=version) as pair:
        with Task(pair.server.unwrap):
            pair.client.unwrap()
        with pytest.raises(ValueError):
            pair.client.read(1)
        with pytest.raises(ValueError):
            pair.client.write(b"x")


def test_bio_unwrap(version):
    from helpers import BioPair
    with BioPair(version=version) as pair:
        with pytest.raises(ssl.SSLWantReadError):
            pair.client.unwrap()
        pair.flush()
        assert pair.server.read(1) == b""
        pair.server.unwrap()
        pair.flush()
        assert pair.client.unwrap() is None


# shutdown

def test_shutdown_both(sockets):
    sockets.client.shutdown(socket.SHUT_RDWR)
    with pytest.raises((socket.error, ValueError)):
        sockets.client.sendall(b"x")
    with pytest.raises((socket.error, ValueError)):
        sockets.server.sendall(b"x" * 100000)
        sockets.server.recv(1)
        sockets.server.sendall(b"x" * 100000)


@pytest.mark.backport_only("stock recv() returns the bytes of TLS records")
def test_gh_124618_recv_after_shutdown_gives_no_ciphertext(version):
    with SocketPair(version=version) as pair:
        pair.server.sendall(b"secret")
        pair.client.shutdown(socket.SHUT_WR)
        try:
            data = pair.client.recv(1000)
        except (socket.error, ValueError):
            data = b""
        assert data in (b"", b"secret")


@pytest.mark.backport_only("stock ssl sends plain text after shutdown()")
@pytest.mark.parametrize("how", [socket.SHUT_RD, socket.SHUT_WR,
                                 socket.SHUT_RDWR])
def test_send_after_shutdown_gives_no_plain_text(version, how):
    with RawPair(version) as raw:
        raw.sock.shutdown(how)
        try:
            raw.sock.sendall(b"secret")
        except (socket.error, ValueError):
            pass
        raw.peer.setblocking(False)
        try:
            seen = raw.peer.recv(1000)
        except socket.error:
            seen = b""
        assert b"secret" not in seen


# close and detach

def test_close(sockets):
    number = sockets.client.fileno()
    sockets.client.close()
    assert number not in descriptors()
    sockets.client.close()
    with pytest.raises((socket.error, ValueError)):
        sockets.client.recv(1)
    with pytest.raises((socket.error, ValueError)):
        sockets.client.send(b"x")
    with pytest.raises(socket.error) as caught:
        sockets.client.do_handshake()
    assert caught.value.errno == errno.EBADF


def test_fileno_after_close(sockets):
    sockets.client.close()
    if PY2:
        with pytest.raises(socket.error):
            sockets.client.fileno()
    else:
        assert sockets.client.fileno() == -1


def test_closed_descriptor_is_not_used_again():
    """Another descriptor gets the number of the closed socket.  The
    connection must not write to it."""
    with SocketPair() as pair:
        connection = pair.client._sslobj
        number = pair.client.fileno()
        left, right = unix_pair()
        pair.client.close()
        os.dup2(left.fileno(), number)
        try:
            with pytest.raises((ValueError, EnvironmentError)):
                connection.write(b"x")
            right.setblocking(False)
            with pytest.raises(socket.error) as caught:
                right.recv(1)
            assert caught.value.errno == errno.EAGAIN
        finally:
            os.close(number)
            left.close()
            right.close()


@pytest.mark.python3("2.7's sockets have no detach()")
def test_detach(sockets):
    number = sockets.client.fileno()
    assert sockets.client.detach() == number
    assert sockets.client.fileno() == -1
    assert number in descriptors()
    os.close(number)


@pytest.mark.python3("2.7's sockets have no detach()")
@pytest.mark.backport_only("stock ssl still uses the descriptor")
def test_detached_descriptor_is_not_used(sockets):
    number = sockets.client.detach()
    with pytest.raises((OSError, ValueError)):
        sockets.client.send(b"x")
    with pytest.raises((OSError, ValueError)):
        sockets.client.recv(1)
    os.close(number)


@pytest.mark.python3("2.7's sockets are not context managers")
def test_context_manager(sockets):
    with sockets.client as sock:
        number = sock.fileno()
        sock.sendall(b"hello")
    assert number not in descriptors()
    assert sockets.server.recv(5) == b"hello"


def test_wrapping_takes_the_descriptor():
    """The SSLSocket has the descriptor.  On 3.x, the plain socket is
    detached."""
    left, right = unix_pair()
    number = left.fileno()
    wrapped = client_context().wrap_socket(
        left, server_hostname="localhost", do_handshake_on_connect=False)
    if not PY2:
        assert left.fileno() == -1
    assert wrapped.fileno() == number
    wrapped.close()
    right.close()


def test_timeout_is_inherited():
    for timeout in (None, 0.0, 12.5):
        left, right = unix_pair(timeout)
        wrapped = client_context().wrap_socket(
            left, server_hostname="localhost",
            do_handshake_on_connect=False)
        assert wrapped.gettimeout() == timeout
        wrapped.close()
        right.close()


def test_failed_handshake_closes_nothing_that_is_not_ours():
    before = descriptors()
    with pytest.raises(ssl.SSLError):
        SocketPair(server=server_context(chain="unknown.pem"))
    assert descriptors() == before


# The context of a socket

def test_context_of_a_socket_can_be_set(sockets):
    other = client_context()
    sockets.client.context = other
    assert sockets.client.context is other
    sockets.client.sendall(b"hello")
    assert sockets.server.recv(5) == b"hello"


@pytest.mark.backport_only("stock ssl raises AttributeError, or accepts any "
                           "value")
@pytest.mark.parametrize("value", [None, 42, "context", object()], ids=str)
def test_context_of_wrong_type(sockets, value):
    with contextlib.closing(client_context().wrap_socket(
            socket.socket(), server_hostname="localhost")) as unconnected:
        sockets.server.close()
        for sock in sockets.client, sockets.server, unconnected:
            context = sock.context
            with pytest.raises(TypeError):
                sock.context = value
            assert sock.context is context


# ssl.wrap_socket() and the constructors

@pytest.mark.until(3, 12, "later versions do not have ssl.wrap_socket()")
def test_module_wrap_socket():
    left, right = unix_pair()
    with Task(ssl.wrap_socket, right, certfile=cert("localhost.pem"),
              server_side=True) as accepting:
        client = ssl.wrap_socket(left, cert_reqs=ssl.CERT_REQUIRED,
                                 ca_certs=cert("root.pem"))
        server = accepting.result()
    client.sendall(b"hello")
    assert server.recv(5) == b"hello"
    assert client.getpeercert()["version"] == 3
    client.close()
    server.close()


@pytest.mark.until(3, 12, "later versions do not have ssl.wrap_socket()")
def test_module_wrap_socket_arguments():
    for arguments in ({"server_side": True},
                      {"server_side": True, "keyfile": "x"},
                      {"server_side": True, "certfile": ""},
                      {"keyfile": cert("localhost-key.pem")}):
        with contextlib.closing(socket.socket()) as sock:
            with pytest.raises(ValueError):
                ssl.wrap_socket(sock, **arguments)
    with contextlib.closing(socket.socket()) as sock:
        with pytest.raises(IOError) as caught:
            ssl.wrap_socket(sock, certfile=cert("missing.pem"))
        assert caught.value.errno == errno.ENOENT


@pytest.mark.skipif(HOST_VERSION >= (3, 7),
                    reason="this Python has no public constructor")
def test_public_constructor():
    """eventlet calls SSLSocket(), with positional arguments, too."""
    class Socket(ssl.SSLSocket):
        pass

    left, right = unix_pair()
    with Task(ssl.SSLSocket, right, None, cert("localhost.pem"),
              True) as accepting:
        client = Socket(left, server_hostname="localhost",
                        _context=client_context())
        server = accepting.result()
    assert isinstance(client, Socket)
    client.sendall(b"hello")
    assert server.recv(5) == b"hello"
    client.close()
    server.close()


@pytest.mark.python3("on 2.7 the caller's socket shares the descriptor")
@pytest.mark.since(3, 13, "older versions leave the socket to the garbage "
                          "collector")
def test_socket_of_a_refused_host_name_is_closed():
    with contextlib.closing(socket.socket()) as sock:
        number = sock.fileno()
        with pytest.raises(ValueError):
            client_context().wrap_socket(sock, server_hostname=".localhost")
        assert sock.fileno() == -1
        assert number not in descriptors()


@pytest.mark.skipif(HOST_VERSION < (3, 7),
                    reason="this Python has a public constructor")
def test_bpo_32951_no_public_constructor():
    with contextlib.closing(socket.socket()) as sock:
        for arguments in (sock,), (None,), ():
            with pytest.raises(TypeError):
                ssl.SSLSocket(*arguments)


@pytest.mark.since(3, 7, "SSLObject() raises AttributeError")
def test_bpo_32951_sslobject_of_something_else():
    with pytest.raises(TypeError):
        ssl.SSLObject(ssl.MemoryBIO(), ssl.MemoryBIO())


@pytest.mark.until(3, 7, "later versions have no public constructor")
def test_public_constructor_of_sslobject():
    class Object(ssl.SSLObject):
        pass

    context = client_context()
    connection = context._wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False,
                                   server_hostname="localhost")
    wrapped = Object(connection, owner=None)
    with pytest.raises(ssl.SSLWantReadError):
        wrapped.do_handshake()
    assert wrapped.context is context
