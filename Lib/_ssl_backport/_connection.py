"""TLS connections: what can be asked of any, and all that one over a stream
socket does. ssl.py makes them, SSLObject and SSLSocket, from its contexts.

Nothing here knows the module `ssl`: that may be imported anew at any time.
"""

from __future__ import absolute_import

import errno
import os
import stat
import sys
from socket import error as socket_error

import __ssl_backport as _ssl
from __ssl_backport import (
    SSLEOFError, SSLError, SSLWantReadError, SSLWantWriteError)
from _ssl_backport import _sockets
from _ssl_backport._deprecated import deprecated

__all__ = ["CHANNEL_BINDING_TYPES", "Connection", "StreamConnection",
           "refuse_copies"]

CHANNEL_BINDING_TYPES = ["tls-unique"]
FILE_BLOCK = 64 * 1024  # what sendfile() reads at a time
INTEGERS = (int, type(sys.maxsize + 1))  # the second is 2.7's long


class _GiveupOnSSLSendfile(Exception):
    """The kernel cannot send this file."""

    __module__ = "ssl"


def refuse_copies(self, protocol):
    """For __reduce_ex__(): without it, a copy would lack what is in C."""
    raise TypeError("cannot pickle or copy %s objects" % type(self).__name__)


def position_of(file):
    """Where a file object is (int), None for a pipe and such."""
    try:
        return file.tell()
    except (AttributeError, EnvironmentError):
        return None


def chain_as_der(chain):
    return [certificate.public_bytes(_ssl.ENCODING_DER)
            for certificate in chain or ()]


def regular_descriptor(file):
    """The descriptor of a regular file that gives its bytes as they are;
    None for anything else, such as a compressed file's object.
    """
    if not _sockets.is_plain_file(file):
        return None
    descriptor = file.fileno()
    regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    return descriptor if regular else None


class Connection(object):
    """What SSLObject and SSLSocket can be asked about their connection.

    `_sslobj` is the extension's connection; an SSLSocket has None there
    before it is connected and after unwrap(), and answers None or 0.
    """

    _sslobj = None
    __reduce_ex__ = refuse_copies

    def version(self):
        """Return the protocol in use, such as "TLSv1.3" (str), or None."""
        return self._ask("version")

    def cipher(self):
        """Return the cipher in use: (name, protocol, secret bits) or None."""
        return self._ask("cipher")

    def shared_ciphers(self):
        """Return the ciphers both sides know, a list of tuples as cipher()
        returns them; None on the client's side.
        """
        return self._ask("shared_ciphers")

    def compression(self):
        """Return the name of the compression in use (str) or None."""
        return self._ask("compression")

    def selected_alpn_protocol(self):
        """Return the application protocol agreed on (str) or None."""
        return self._ask("selected_alpn_protocol")

    def group(self):
        """Return the group of the key exchange, such as "X25519MLKEM768"
        (str), or None. Raises NotImplementedError before OpenSSL 3.2.
        """
        return self._ask("group")

    def client_sigalg(self):
        """Return the algorithm the client has signed with (str), or None.

        Raises NotImplementedError before OpenSSL 3.5.
        """
        return self._ask("client_sigalg")

    def server_sigalg(self):
        """Return the algorithm the server has signed with (str), or None.

        Raises NotImplementedError before OpenSSL 3.5.
        """
        return self._ask("server_sigalg")

    def ech_status(self):
        """Return what became of Encrypted Client Hello (str), or None
        without TLS.

        "success"; "rejected": the server could not decrypt, and was
        verified, so that ech_retry_configs() may help; "grease" and
        "grease-answered": nothing was encrypted (OP_ECH_GREASE);
        "success-unverified", "rejected-unverified", "failed", "not-tried",
        "not-configured", "backend". Raises NotImplementedError before
        OpenSSL 4.0.
        """
        return self._ask("ech_status")

    def ech_outer_name(self):
        """Return the server name that everybody on the way could read
        instead of the encrypted one (str), or None.

        Raises NotImplementedError before OpenSSL 4.0.
        """
        return self._ask("ech_outer_name")

    def ech_retry_configs(self):
        """Return the ECHConfigList (bytes) that a server has sent which
        could not decrypt the ClientHello, or None.

        It is that of a verified server, to be tried in a new connection.
        Raises NotImplementedError before OpenSSL 4.0.
        """
        return self._ask("ech_retry_configs")

    @property
    def ech_config_list(self):
        """The ECHConfigList (bytes, binary or base64) by which a client
        encrypts its ClientHello, or None.

        At first it is the context's. To be set before the handshake: raises
        ValueError after that and on a server, SSLError for what is no such
        list, and NotImplementedError before OpenSSL 4.0.
        """
        return getattr(self._sslobj, "ech_config_list", None)

    @ech_config_list.setter
    def ech_config_list(self, value):
        self._tls().ech_config_list = value

    def selected_npn_protocol(self):
        """Return None: OpenSSL has given up NPN."""
        deprecated("ssl NPN is deprecated, use ALPN instead")
        return self._ask("selected_npn_protocol")

    def get_channel_binding(self, cb_type="tls-unique"):
        """Return data (bytes) that only this connection has, or None.

        Raises ValueError if the type is not in CHANNEL_BINDING_TYPES.
        """
        sslobj = self._sslobj
        if sslobj is not None:
            return sslobj.get_channel_binding(cb_type)
        if cb_type not in CHANNEL_BINDING_TYPES:
            raise ValueError("%s channel binding type not implemented"
                             % (cb_type,))

    def pending(self):
        """Return how many bytes read() will return without waiting.

        1 also where that has only an end or an error to tell, which the last
        read() has met behind its data.
        """
        return self._ask("pending") or 0

    def _ask(self, question, *args):
        sslobj = self._sslobj
        return None if sslobj is None else getattr(sslobj, question)(*args)

    def getpeercert(self, binary_form=False):
        """Return the peer's certificate, None if it has sent none.

        binary_form: as bytes (DER); else as dict, which is empty when the
        certificate was not verified. Raises ValueError before the handshake.
        """
        return self._tls().peer_certificate(binary_form)

    def get_verified_chain(self):
        """Return the chain from the peer's certificate to a trusted one, a
        list of bytes (DER); empty when nothing was verified or the session
        was resumed. Raises ValueError without TLS.
        """
        return chain_as_der(self._tls().get_verified_chain())

    def get_unverified_chain(self):
        """Return the certificates the peer has sent, a list of bytes (DER).

        Raises ValueError without TLS.
        """
        return chain_as_der(self._tls().get_unverified_chain())

    def ocsp_response(self):
        """Return the OCSP response that the server has stapled (bytes, DER),
        or None: on a server, before the handshake, in a resumed one, and
        where the context does not ask for it. Nobody has verified it.
        """
        return self._ask("ocsp_response")

    def verify_client_post_handshake(self):
        """Ask the client for its certificate (TLS 1.3, server's side)."""
        return self._tls().verify_client_post_handshake()

    def _tls(self):
        sslobj = self._sslobj
        if sslobj is None:
            raise ValueError("No SSL wrapper around " + str(self))
        return sslobj

    @property
    def session_reused(self):
        """Whether the handshake resumed a session (bool), or None."""
        return getattr(self._sslobj, "session_reused", None)


class StreamConnection(Connection, _sockets.StreamSocket):
    """A stream socket that speaks TLS; SSLSocket adds how it is made.

    `_context`, `server_side` and `server_hostname` are the maker's, and so
    are other values of these:
    """

    do_handshake_on_connect = True
    suppress_ragged_eofs = True
    _session = None

    _connected = False

    def _has_peer(self):
        """Whether the socket is connected.

        One whose peer has gone away says it is not, and would be read
        without TLS: what that peer left behind is refused (CVE-2023-40217).
        """
        try:
            self.getpeername()
            return True
        except socket_error as error:
            if error.errno != errno.ENOTCONN:
                raise
        timeout = self.gettimeout()
        self.settimeout(0.0)
        try:
            left = self._plain.recv(1)
        except socket_error as error:
            # EINVAL: a Unix socket; EAGAIN: one that is connecting
            if error.errno not in (errno.ENOTCONN, errno.EINVAL,
                                   errno.EAGAIN):
                raise
            return False
        finally:
            self.settimeout(timeout)
        if left:
            error = SSLError(errno.ENOTCONN, "the peer has closed the "
                             "connection before TLS handshake with data left "
                             "unread")
            error.reason = error.args[1]
            raise error
        return False

    def _start_tls(self):
        self._sslobj = self._context._wrap_socket(
            self._carrier, self.server_side, self.server_hostname,
            owner=self, session=self._session)

    def _close_tls(self):
        """Make the connection refuse all that comes.

        It has to stay in `_sslobj` until the descriptor is gone, or another
        thread would send in the clear what it took for TLS.
        """
        if self._sslobj is not None:
            self._sslobj.close()

    def _real_close(self):
        self._close_tls()
        _sockets.StreamSocket._real_close(self)
        self._sslobj = None

    @property
    def context(self):
        """The SSLContext; a callback for SNI may set another one."""
        return self._context

    @context.setter
    def context(self, context):
        if not isinstance(context, _ssl._SSLContext):
            raise TypeError("The value must be a SSLContext")
        if self._sslobj is not None:
            self._sslobj.context = context
        self._context = context

    @property
    def session(self):
        """The SSLSession in use, or None; to be set before the handshake."""
        return getattr(self._sslobj, "session", None)

    @session.setter
    def session(self, session):
        if self._sslobj is not None:
            self._sslobj.session = session
        self._session = session

    def dup(self):
        """Raise NotImplementedError: one connection has one SSLSocket."""
        raise NotImplementedError("Can't dup() %s instances"
                                  % type(self).__name__)

    # For subclasses that want to know of operations on closed sockets.
    def _checkClosed(self, msg=None):
        pass

    def _check_connected(self):
        if not self._connected:
            self.getpeername()  # which tells why not

    # Coming and going

    def connect(self, addr):
        """Connect to an address and, unless told not to, do the handshake.
        """
        self._real_connect(addr, False)

    def connect_ex(self, addr):
        """Like connect(), but return the errno (int) of a failure to
        connect, and 0 for success. The handshake's failures are raised.
        """
        return self._real_connect(addr, True)

    def _real_connect(self, addr, connect_ex):
        if self.server_side:
            raise ValueError("can't connect in server-side mode")
        if self._connected or self.version() is not None:
            raise ValueError("attempt to connect already-connected SSLSocket!")
        if self._sslobj is None:  # it may be there from a call before
            self._start_tls()
        try:
            if connect_ex:
                status = self._plain.connect_ex(addr)
            else:
                status = self._plain.connect(addr)
        except BaseException:
            self._sslobj = None
            raise
        if not status:
            self._connected = True
            # should this fail, TLS stays: nothing is sent in the clear
            if self.do_handshake_on_connect:
                self.do_handshake()
        return status

    def accept(self):
        """Wait for a client; return its SSLSocket and its address.

        The timeout of this socket is that of the handshake too; then the
        new one has the timeout that every new socket has.
        """
        sock, addr = _sockets.StreamSocket.accept(self)
        try:
            timeout = sock.gettimeout()
            if self.gettimeout():
                sock.settimeout(self.gettimeout())
            connection = self.context.wrap_socket(
                sock, server_side=True,
                do_handshake_on_connect=self.do_handshake_on_connect,
                suppress_ragged_eofs=self.suppress_ragged_eofs)
        except BaseException:
            sock.close()
            raise
        connection.settimeout(timeout)
        return connection, addr

    def do_handshake(self, block=False):
        """Perform the handshake.

        block: wait for it even if the socket is non-blocking.
        """
        if self._sslobj is None or not self._connected:
            self.getpeername()  # tells of a closed socket, and of a new one
            self._connected = True
        if not (block and self.gettimeout() == 0.0):
            (self._sslobj or self._tls()).do_handshake()
            return
        self.settimeout(None)
        try:
            self._tls().do_handshake()
        finally:
            self.settimeout(0.0)

    def getpeercert(self, binary_form=False):
        self._check_connected()
        return Connection.getpeercert(self, binary_form)

    getpeercert.__doc__ = Connection.getpeercert.__doc__

    def unwrap(self):
        """End TLS, and return the socket without it."""
        sock = self._tls().shutdown()
        self._sslobj = None
        return sock

    def shutdown(self, how):
        """Shut down the connection below TLS, as socket.shutdown() does.

        The TLS layer stays: what is read after SHUT_WR is decrypted.
        """
        self._plain.shutdown(how)

    # Reading

    def read(self, len=1024, buffer=None):
        """Return up to `len` bytes; b"" after the peer has ended TLS.

        With a buffer the bytes go there, and their number is returned.
        Where suppress_ragged_eofs is off, SSLEOFError tells of a stream that
        ended without an end of TLS. Raises ValueError without TLS.
        """
        sslobj = self._sslobj  # another thread may close the socket
        if sslobj is None:
            raise ValueError("Read on closed or unwrapped SSL socket.")
        try:
            if buffer is None:
                return sslobj.read(len)
            return sslobj.read(len, buffer)
        except SSLEOFError:
            if not self.suppress_ragged_eofs:
                raise
            return b"" if buffer is None else 0

    def recv(self, buflen=1024, flags=0):
        """Return up to `buflen` bytes; b"" at the end. No flags with TLS."""
        if self._sslobj is None:
            return self._plain.recv(buflen, flags)
        if flags != 0:
            self._refuse_flags("recv")
        return self.read(buflen)

    def recv_into(self, buffer, nbytes=None, flags=0):
        """Read up to `nbytes` bytes, or what there is room for, into a
        buffer. Returns their number. No flags with TLS.
        """
        if buffer is None:  # for which read() would return the bytes
            raise TypeError("recv_into() needs a buffer, not None")
        if self._sslobj is None:
            return self._plain.recv_into(
                buffer, 0 if nbytes is None else nbytes, flags)
        if flags != 0:
            self._refuse_flags("recv_into")
        return self.read(-1 if nbytes is None else nbytes, buffer)

    def recvfrom(self, buflen=1024, flags=0):
        """Not with TLS: raises ValueError."""
        self._refuse_tls("recvfrom")
        return self._plain.recvfrom(buflen, flags)

    def recvfrom_into(self, buffer, nbytes=None, flags=0):
        """Not with TLS: raises ValueError."""
        self._refuse_tls("recvfrom_into")
        return self._plain.recvfrom_into(buffer, nbytes or 0, flags)

    def recvmsg(self, *args, **kwargs):
        """Raise NotImplementedError: TLS has no messages."""
        raise NotImplementedError("recvmsg not allowed on instances of %s"
                                  % type(self))

    def recvmsg_into(self, *args, **kwargs):
        """Raise NotImplementedError: TLS has no messages."""
        raise NotImplementedError("recvmsg_into not allowed on instances of "
                                  "%s" % type(self))

    # Writing

    def write(self, data):
        """Send `data` (any buffer); return how many bytes of it were sent.

        All are, unless the socket is non-blocking. A call that raises can be
        made again, with the same data. Raises ValueError without TLS.
        """
        sslobj = self._sslobj
        if sslobj is None:
            raise ValueError("Write on closed or unwrapped SSL socket.")
        return sslobj.write(data)

    def send(self, data, flags=0):
        """Like write(). No flags with TLS.

        On Python 2.7 a non-blocking socket that has sent nothing returns 0.
        """
        sslobj = self._sslobj
        if sslobj is None:
            return self._plain.send(data, flags)
        if flags != 0:
            self._refuse_flags("send")
        try:
            return sslobj.write(data)
        except (SSLWantReadError, SSLWantWriteError):
            if _sockets.SEND_RETURNS_ZERO:
                return 0
            raise

    def sendall(self, data, flags=0):
        """Send all of `data` (any buffer). No flags with TLS.

        Raises socket.timeout when that takes longer than the timeout. How
        much was sent after a failure is not known.
        """
        sslobj = self._sslobj
        if sslobj is None:
            return self._plain.sendall(data, flags)
        if flags != 0:
            self._refuse_flags("sendall")
        sent = sslobj.write(data)
        if type(data) is bytes and sent == len(data):
            return  # as nearly always
        rest = _sockets.bytes_from(data, sent)
        while len(rest):  # of a non-blocking socket
            rest = _sockets.bytes_from(rest, sslobj.write(rest))

    def sendto(self, data, flags_or_addr, addr=None):
        """Not with TLS: raises ValueError."""
        self._refuse_tls("sendto")
        if addr is None:
            return self._plain.sendto(data, flags_or_addr)
        return self._plain.sendto(data, flags_or_addr, addr)

    def sendmsg(self, *args, **kwargs):
        """Raise NotImplementedError: TLS has no messages."""
        raise NotImplementedError("sendmsg not allowed on instances of %s"
                                  % type(self))

    def sendfile(self, file, offset=0, count=None):
        """Send a file from an offset (bytes) on, or from where it is for 0,
        up to `count` bytes.

        file: a file object opened in binary mode; in the end its position is
        after what was sent. It may be a pipe, which has no offset. Returns
        the number of bytes sent. Raises ValueError for a file in text mode
        or a non-blocking socket. Where the kernel encrypts
        (OP_ENABLE_KTLS), it reads a regular file itself.
        """
        sslobj = self._sslobj
        if sslobj is not None and sslobj.uses_ktls_for_send():
            try:
                return self._sendfile_zerocopy(
                    sslobj.sendfile, _GiveupOnSSLSendfile, file, offset, count)
            except _GiveupOnSSLSendfile:
                pass  # read it here
        self._check_file(file, count)
        return self._send_steps(self._block_steps, file, offset, count)

    def _sendfile_zerocopy(self, zerocopy_func, giveup_exc_type, file,
                           offset=0, count=None):
        """Send a regular file as sendfile() does, without reading it.

        zerocopy_func: takes a descriptor, an offset and a number of bytes,
        and returns how many of them were sent. Raises giveup_exc_type for
        what is no regular file.
        """
        self._check_file(file, count)
        descriptor = regular_descriptor(file)
        if descriptor is None:
            raise giveup_exc_type("not a regular file")

        def steps(file, start, count):
            end = sys.maxsize if count is None else start + count
            while start < end:
                step = zerocopy_func(descriptor, start, end - start)
                if not step:
                    return
                yield step
                start += step

        return self._send_steps(steps, file, offset, count)

    def _check_file(self, file, count):
        """Raise ValueError for what sendfile() does not take, TypeError for
        a count that is no integer.
        """
        mode = getattr(file, "mode", "b")
        # a number in compressed files
        if isinstance(mode, (str, type(u""))) and "b" not in mode:
            raise ValueError("file should be opened in binary mode")
        if count is not None and not isinstance(count, INTEGERS):
            raise TypeError("count must be a positive integer (got %r)"
                            % (count,))
        if count is not None and count <= 0:
            raise ValueError("count must be a positive integer (got %r)"
                             % count)
        if self.gettimeout() == 0.0:
            raise ValueError("non-blocking sockets are not supported")

    def _send_steps(self, steps, file, offset, count):
        """Send a file with a generator: of the file, where it begins and the
        most to send, it gives how many bytes each step has sent.
        """
        if offset:
            file.seek(offset)
            start = offset
        else:
            start = position_of(file)
        sent = 0
        try:
            for step in steps(file, start, count):
                sent += step
            return sent
        finally:
            if start is not None:
                file.seek(start + sent)

    def _block_steps(self, file, start, count):
        left = sys.maxsize if count is None else count
        while left:
            block = file.read(min(FILE_BLOCK, left))
            if not block:
                return
            left -= len(block)
            while len(block):
                step = self.send(block)
                yield step
                block = _sockets.bytes_from(block, step)

    def _refuse_flags(self, method):
        raise ValueError("non-zero flags not allowed in calls to %s() on %s"
                         % (method, type(self)))

    def _refuse_tls(self, method):
        if self._sslobj is not None:
            raise ValueError("%s not allowed on instances of %s"
                             % (method, type(self)))
