# In CPython 2.7.8 and older, imitated here, sockets of _socket have no weak
# references.  Each connection must work, and must keep no socket open that
# would otherwise be closed.
import gc
import os
import sys
import _socket


class RawSocket(object):
    """A `_socket.socket` that has no weak references."""

    __slots__ = ("_socket",)
    plain = _socket.socket

    def __init__(self, *arguments, **keywords):
        self._socket = keywords.get("made") or self.plain(*arguments)

    def accept(self):
        sock, address = self._socket.accept()
        return RawSocket(made=sock), address


def delegate(name):
    """Give RawSocket the method or the attribute of this name."""
    def method(self, *arguments):
        return getattr(self._socket, name)(*arguments)

    member = getattr(RawSocket.plain, name)
    if callable(member):
        method.__doc__ = member.__doc__
        setattr(RawSocket, name, method)
    else:
        setattr(RawSocket, name,
                property(lambda self: getattr(self._socket, name)))


for name in set(dir(RawSocket.plain)).difference(dir(RawSocket)):
    delegate(name)


def socketpair(*arguments):
    return tuple(RawSocket(made=sock) for sock in plain_pair(*arguments))


plain_pair = _socket.socketpair
_socket.socket = _socket.SocketType = RawSocket
_socket.socketpair = socketpair
for name in ["socket", "ssl", "_ssl"]:  # they refer to the other sockets
    sys.modules.pop(name, None)

import _ssl_backport

_ssl_backport.install()
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             os.pardir, os.pardir))
import socket
import ssl
import weakref
from helpers import (
    BioPair, SocketPair, client_context, descriptors, server_context, tcp_pair,
    unix_pair)

try:
    weakref.ref(socket.socket()._sock)
except TypeError:
    pass
else:
    sys.exit("these sockets have weak references")

gc.disable()  # sockets must be closed without the collector
at_first = descriptors()


def expect_gone(operation, *arguments):
    try:
        operation(*arguments)
    except ssl.SSLError:
        pass
    else:
        sys.exit("the connection works without its socket")


for make_pair in unix_pair, tcp_pair:
    with SocketPair(pair=make_pair()) as pair:
        pair.client.write(b"data")
        assert pair.server.read() == b"data"
        pair.server.write(b"answer")
        assert pair.client.recv(100) == b"answer"
    assert descriptors() == at_first
with BioPair() as pair:
    pair.client.write(b"data")
    pair.flush()
    assert pair.server.read() == b"data"

# the socket is closed, but there is still a reference to the connection
pair = SocketPair()
held = pair.client._sslobj, pair.server._sslobj
pair.close()
assert descriptors() == at_first
expect_gone(held[0].read, 1)

# the socket was not closed; the only reference is to the connection
pair = SocketPair()
held = pair.client._sslobj, pair.server._sslobj
del pair
assert descriptors() == at_first
expect_gone(held[0].write, b"x")
expect_gone(held[1].read, 1)

# a file object works after close() of the socket
pair = SocketPair()
pair.server.write(b"line\n")
stream = pair.client.makefile("rb")
pair.client.close()
assert stream.readline() == b"line\n"
stream.close()
pair.server.close()
del stream, pair
assert descriptors() == at_first

# connections are closed without unwrap()
pair = SocketPair()
pair.server._sslobj.close()
pair.client.close()
left, right = unix_pair()
tls = client_context().wrap_socket(left, server_hostname="localhost",
                                   do_handshake_on_connect=False)
tls.close()
right.close()
left.close()
del pair, left, right, tls
assert descriptors() == at_first

# A low-level connection with an owner does not keep its socket.  A connection
# without an owner does, as in those versions.
class Owner(object):
    pass


left, right = socketpair()
owner = Owner()
connection = client_context()._wrap_socket(left, False, "localhost",
                                           owner=owner)
assert connection.owner is owner
del left, owner
assert connection.owner is None
expect_gone(connection.do_handshake)
left, right = socketpair()
connection = client_context()._wrap_socket(left, False, "localhost")
number = left.fileno()
del left
assert number in descriptors()
owner, other = Owner(), Owner()
connection.owner = owner
connection.owner = other
del owner
assert number in descriptors()
connection.close()
assert number not in descriptors()
expect_gone(connection.do_handshake)
del right
assert descriptors() == at_first
