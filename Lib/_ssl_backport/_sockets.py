"""The differences between the socket objects of Python 2.7 and Python 3.

StreamSocket is the base class of SSLSocket on both.
"""

from __future__ import absolute_import

import sys
from socket import socket

# more names in the namespace of ssl, on 2.7 and on 3
__all__ = ["socket"]

if sys.version_info[0] == 2:
    from socket import _closedsocket, _fileobject, _realsocket

    __all__ += ["_fileobject"]
    # PyPy has no reference counts: its sockets and file objects count their
    # uses of a raw socket with its _reuse() and _drop().
    ON_PYPY = hasattr(_realsocket, "_reuse")
    if ON_PYPY:
        # CPython's socket.py imports these names from _ssl. PyPy's own _ssl
        # sets them in the socket module, when hashlib imports _ssl or earlier
        import socket as module
        import __ssl_backport
        module.sslerror = __ssl_backport.SSLError
        for name, value in vars(__ssl_backport).items():
            if name.startswith("SSL_ERROR_"):
                setattr(module, name, value)
    else:
        from socket import _delegate_methods
        __all__ += ["_delegate_methods"]

    # 2.7's asyncore, and programs based on it, expect 0 if a non-blocking
    # send() would block.
    SEND_RETURNS_ZERO = True

    def is_plain_file(stream):
        """Return whether a file object reads its file's bytes unchanged."""
        import io  # slow, and only kTLS needs it
        if isinstance(stream, (io.BufferedReader, io.BufferedRandom)):
            stream = stream.raw
        return isinstance(stream, (file, io.FileIO))

    def bytes_from(data, start):
        """Return a view of the bytes of `data` from an offset on."""
        if isinstance(data, unicode):
            data = data.encode("ascii")
        elif isinstance(data, memoryview):  # buffer() does not accept it
            data = data.tobytes()
        elif ON_PYPY and not isinstance(data, (bytes, buffer)):
            data = str(buffer(data))  # C code does not accept other buffers
        return buffer(data, start)

    class StreamSocket(socket):
        """A socket that shares the raw socket of another one.

        The __init__() of 2.7's socket class is not called: it stores the raw
        socket's recv(), send() and others in the instance, where they would
        hide the methods of subclasses.
        """

        _makefile_refs = 0
        _adopted = None  # the argument of wrap_socket(), on PyPy

        def _adopt(self, sock):
            """Share the raw socket of `sock`, which stays usable.

            sock: a socket.socket, or a raw socket as from unwrap() and
            socketpair().
            """
            self._sock = getattr(sock, "_sock", sock)
            if ON_PYPY and self._sock is not sock:
                self._sock._reuse()
                self._adopted = sock

        @property
        def _carrier(self):
            """The object with the descriptor and the timeout."""
            return self._sock

        @property
        def _plain(self):
            """The object whose methods work without TLS."""
            return self._sock

        def makefile(self, mode="r", bufsize=-1):
            """Return a file object for this socket.

            mode: str, "r" or "w". bufsize: int, as for open().
            The connection closes when both the socket and the file object are
            closed.
            """
            if not ON_PYPY:  # on PyPy _fileobject calls it
                self._reuse()
            return _fileobject(self, mode, bufsize, close=True)

        def _reuse(self):
            self._makefile_refs += 1

        def _drop(self):
            self.close()

        def close(self):
            """Close the socket; the connection stays open until the file
            objects of makefile() are closed too.
            """
            if self._makefile_refs < 1:
                self._real_close()
            else:
                self._makefile_refs -= 1

        def _real_close(self):
            if ON_PYPY:
                self._drop_sock()
            self._sock = _closedsocket()

        def _drop_sock(self):
            """Close the descriptor, even if the adopted socket is open.

            On CPython, that socket usually closes when its last reference
            disappears.
            """
            adopted, self._adopted = self._adopted, None
            if getattr(adopted, "_sock", None) is self._sock:
                adopted.close()
            self._sock._drop()

        # These are faster than those of socket.socket, which make more calls.

        def getpeername(self):
            """Return the peer's address."""
            return self._sock.getpeername()

        def gettimeout(self):
            """Return the timeout in seconds (float).

            None means no limit, 0.0 means non-blocking.
            """
            return self._sock.gettimeout()

        def settimeout(self, timeout):
            """Set the timeout in seconds (float).

            None means no limit, 0.0 means non-blocking.
            """
            self._sock.settimeout(timeout)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.close()

else:
    import io

    SEND_RETURNS_ZERO = False

    def is_plain_file(stream):
        """Return whether a file object reads its file's bytes unchanged."""
        if isinstance(stream, (io.BufferedReader, io.BufferedRandom)):
            stream = stream.raw
        return isinstance(stream, io.FileIO)

    def bytes_from(data, start):
        """Return a view of the bytes of `data` from an offset on."""
        return memoryview(data).cast("B")[start:]

    class StreamSocket(socket):
        """A socket that takes over the descriptor of another one."""

        def _adopt(self, sock):
            """Take over the descriptor of `sock`, which is then detached."""
            socket.__init__(self, sock.family, sock.type, sock.proto,
                            sock.fileno())
            self.settimeout(sock.gettimeout())
            sock.detach()

        def detach(self):
            """Detach the descriptor and return it (int), without TLS."""
            self._close_tls()
            descriptor = socket.detach(self)
            self._sslobj = None
            return descriptor

        @property
        def _carrier(self):
            """The object with the descriptor and the timeout."""
            return self

        @property
        def _plain(self):
            """The object whose methods work without TLS."""
            return super(StreamSocket, self)
