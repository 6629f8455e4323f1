"""What differs between the socket objects of Python 2.7 and of Python 3, and
only that: StreamSocket is what SSLSocket stands on, on either of them.
"""

from __future__ import absolute_import

import sys
from socket import socket

# what else is in the namespace of 2.7's ssl, and of 3's
__all__ = ["socket"]

if sys.version_info[0] == 2:
    from socket import _closedsocket, _fileobject, _realsocket

    __all__ += ["_fileobject"]
    # PyPy has no reference counts: its sockets and file objects tell what is
    # below them by _reuse() and _drop() how many they are.
    ON_PYPY = hasattr(_realsocket, "_reuse")
    if ON_PYPY:
        # names that CPython's socket.py takes from _ssl; PyPy's own module
        # puts its own there, when hashlib imports it at the latest
        import socket as module
        import __ssl_backport
        module.sslerror = __ssl_backport.SSLError
        for name, value in vars(__ssl_backport).items():
            if name.startswith("SSL_ERROR_"):
                setattr(module, name, value)
    else:
        from socket import _delegate_methods
        __all__ += ["_delegate_methods"]

    # Programs on asyncore, which came with 2.7, know no other way to hear
    # that a non-blocking send would block.
    SEND_RETURNS_ZERO = True

    def is_plain_file(stream):
        """Whether reading it gives what its descriptor is about."""
        import io  # costs time, and is needed for kTLS alone
        if isinstance(stream, (io.BufferedReader, io.BufferedRandom)):
            stream = stream.raw
        return isinstance(stream, (file, io.FileIO))

    def bytes_from(data, start):
        """Return a view of the bytes of `data` from an offset on."""
        if isinstance(data, unicode):
            data = data.encode("ascii")
        elif isinstance(data, memoryview):  # which buffer() cannot take
            data = data.tobytes()
        elif ON_PYPY and not isinstance(data, (bytes, buffer)):
            data = str(buffer(data))  # other buffer objects cannot go to C
        return buffer(data, start)

    class StreamSocket(socket):
        """A socket that shares the raw socket of another one.

        2.7's own socket class keeps the raw socket's recv(), send() and so
        on in attributes of the instance, where they hide the methods of
        subclasses: so its __init__() is not called.
        """

        _makefile_refs = 0
        _adopted = None  # the socket that wrap_socket() got, on PyPy

        def _adopt(self, sock):
            """Become the socket `sock` is, which stays usable.

            It may be a raw one: unwrap() and socketpair() give such.
            """
            self._sock = getattr(sock, "_sock", sock)
            if ON_PYPY and self._sock is not sock:
                self._sock._reuse()
                self._adopted = sock

        @property
        def _carrier(self):
            """What carries the descriptor and the timeout."""
            return self._sock

        @property
        def _plain(self):
            """What has the methods that know nothing of TLS."""
            return self._sock

        def makefile(self, mode="r", bufsize=-1):
            """Return a file object over this socket.

            It outlives close() of the socket; the connection is closed when
            both are closed.
            """
            if not ON_PYPY:  # or _fileobject calls it
                self._reuse()
            return _fileobject(self, mode, bufsize, close=True)

        def _reuse(self):
            self._makefile_refs += 1

        def _drop(self):
            self.close()

        def close(self):
            """Close the socket, when its last file object is closed."""
            if self._makefile_refs < 1:
                self._real_close()
            else:
                self._makefile_refs -= 1

        def _real_close(self):
            if ON_PYPY:
                self._drop_sock()
            self._sock = _closedsocket()

        def _drop_sock(self):
            """Close the descriptor, though the adopted socket is open: on
            CPython it mostly went when nobody held it any more.
            """
            adopted, self._adopted = self._adopted, None
            if getattr(adopted, "_sock", None) is self._sock:
                adopted.close()
            self._sock._drop()

        # The same methods of socket.socket take several calls each.

        def getpeername(self):
            """Return the peer's address."""
            return self._sock.getpeername()

        def gettimeout(self):
            """Return the timeout (seconds), None or 0.0 for no waiting."""
            return self._sock.gettimeout()

        def settimeout(self, timeout):
            """Set the timeout (seconds), None or 0.0 for no waiting."""
            self._sock.settimeout(timeout)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.close()

else:
    import io

    SEND_RETURNS_ZERO = False

    def is_plain_file(stream):
        """Whether reading it gives what its descriptor is about."""
        if isinstance(stream, (io.BufferedReader, io.BufferedRandom)):
            stream = stream.raw
        return isinstance(stream, io.FileIO)

    def bytes_from(data, start):
        """Return a view of the bytes of `data` from an offset on."""
        return memoryview(data).cast("B")[start:]

    class StreamSocket(socket):
        """A socket that takes over the descriptor of another one."""

        def _adopt(self, sock):
            """Become the socket `sock` is, which is detached."""
            socket.__init__(self, sock.family, sock.type, sock.proto,
                            sock.fileno())
            self.settimeout(sock.gettimeout())
            sock.detach()

        def detach(self):
            """Give the descriptor away (int), without TLS."""
            self._close_tls()
            descriptor = socket.detach(self)
            self._sslobj = None
            return descriptor

        @property
        def _carrier(self):
            """What carries the descriptor and the timeout."""
            return self

        @property
        def _plain(self):
            """What has the methods that know nothing of TLS."""
            return super(StreamSocket, self)
