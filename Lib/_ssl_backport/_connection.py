"""Base classes of SSLObject and SSLSocket, which ssl.py defines.

Connection has the methods of both; StreamConnection has those of SSLSocket.
This file never imports `ssl`, because a program may reload that module at any
time.
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
FILE_BLOCK = 64 * 1024  # bytes that sendfile() reads at a time
INTEGERS = (int, type(sys.maxsize + 1))  # the second is 2.7's long


class _GiveupOnSSLSendfile(Exception):
    """The kernel cannot send this file."""

    __module__ = "ssl"


def refuse_copies(self, protocol):
    """Raise TypeError, as __reduce_ex__() of classes with state in C, which a
    copy would lack."""
    raise TypeError("cannot pickle or copy %s objects" % type(self).__name__)


def position_of(file):
    """Return the position of a file object (int), None for a pipe."""
    try:
        return file.tell()
    except (AttributeError, EnvironmentError):
        return None


def chain_as_der(chain):
    return [certificate.public_bytes(_ssl.ENCODING_DER)
            for certificate in chain or ()]


def regular_descriptor(file):
    """Return the descriptor (int) of a file object for a regular file whose
    bytes it reads unchanged; None for others, such as a compressed file.
    """
    if not _sockets.is_plain_file(file):
        return None
    descriptor = file.fileno()
    regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    return descriptor if regular else None


class Connection(object):
    """The common base of SSLObject and SSLSocket.

    `_sslobj` is the extension's connection object. In an SSLSocket it is None
    before the connection and after unwrap(); then most methods return None.
    """

    _sslobj = None
    __reduce_ex__ = refuse_copies

    def version(self):
        """Return the TLS version in use (str), such as "TLSv1.3", or None.
        """
        return self._ask("version")

    def cipher(self):
        """Return the cipher in use, or None.

        The cipher is a tuple (name, TLS version, secret bits): str, str, int.
        """
        return self._ask("cipher")

    def shared_ciphers(self):
        """Return the ciphers that both sides support, a list of tuples like
        those of cipher(); None on a client.
        """
        return self._ask("shared_ciphers")

    def compression(self):
        """Return the name of the compression in use (str), or None."""
        return self._ask("compression")

    def selected_alpn_protocol(self):
        """Return the negotiated application protocol (str), or None."""
        return self._ask("selected_alpn_protocol")

    def group(self):
        """Return the group of the key exchange (str), such as
        "X25519MLKEM768", or None. Raises NotImplementedError with an OpenSSL
        older than 3.2.
        """
        return self._ask("group")

    def client_sigalg(self):
        """Return the client's signature algorithm (str), or None.

        Raises NotImplementedError with an OpenSSL older than 3.5.
        """
        return self._ask("client_sigalg")

    def server_sigalg(self):
        """Return the server's signature algorithm (str), or None.

        Raises NotImplementedError with an OpenSSL older than 3.5.
        """
        return self._ask("server_sigalg")

    def ech_status(self):
        """Return the result of Encrypted Client Hello (str), or None without
        TLS.

        "success"; "rejected": the server could not decrypt, and was verified:
        connect again with ech_retry_configs(); "grease" and
        "grease-answered": the client encrypted nothing (OP_ECH_GREASE);
        "success-unverified", "rejected-unverified", "failed", "not-tried",
        "not-configured", "backend". Raises NotImplementedError with an
        OpenSSL older than 4.0.
        """
        return self._ask("ech_status")

    def ech_outer_name(self):
        """Return the unencrypted server name (str) that the client sent in
        place of the encrypted one, or None.

        Raises NotImplementedError with an OpenSSL older than 4.0.
        """
        return self._ask("ech_outer_name")

    def ech_retry_configs(self):
        """Return the ECHConfigList (bytes) from a server that could not
        decrypt the ClientHello, or None.

        The server was verified; use the list for a new connection. Raises
        NotImplementedError with an OpenSSL older than 4.0.
        """
        return self._ask("ech_retry_configs")

    @property
    def ech_config_list(self):
        """The ECHConfigList (bytes, binary or base64) with which a client
        encrypts its ClientHello, or None.

        The default is the context's list. Set it before the handshake: later,
        and on a server, this raises ValueError. Raises SSLError for invalid
        data, and NotImplementedError with an OpenSSL older than 4.0.
        """
        return getattr(self._sslobj, "ech_config_list", None)

    @ech_config_list.setter
    def ech_config_list(self, value):
        self._tls().ech_config_list = value

    def selected_npn_protocol(self):
        """Return None: OpenSSL does not support NPN any more."""
        deprecated("ssl NPN is deprecated, use ALPN instead")
        return self._ask("selected_npn_protocol")

    def get_channel_binding(self, cb_type="tls-unique"):
        """Return the channel binding data (bytes) of this connection, or None.

        cb_type: str. Raises ValueError if it is not in CHANNEL_BINDING_TYPES.
        """
        sslobj = self._sslobj
        if sslobj is not None:
            return sslobj.get_channel_binding(cb_type)
        if cb_type not in CHANNEL_BINDING_TYPES:
            raise ValueError("%s channel binding type not implemented"
                             % (cb_type,))

    def pending(self):
        """Return the number of bytes (int) that read() returns without
        waiting.

        Also return 1 if the next read() reports an end or an error that the
        last read() has found after its data.
        """
        return self._ask("pending") or 0

    def _ask(self, question, *args):
        sslobj = self._sslobj
        return None if sslobj is None else getattr(sslobj, question)(*args)

    def getpeercert(self, binary_form=False):
        """Return the peer's certificate, or None if the peer sent none.

        binary_form: if true, return bytes (DER); else return a dict, which is
        empty if the certificate was not verified. Raises ValueError before
        the handshake.
        """
        return self._tls().peer_certificate(binary_form)

    def get_verified_chain(self):
        """Return the certificates from the peer's leaf to a trusted one, a
        list of bytes (DER). The list is empty if the peer was not verified or
        the session was resumed. Raises ValueError without TLS.
        """
        return chain_as_der(self._tls().get_verified_chain())

    def get_unverified_chain(self):
        """Return the certificates that the peer sent, a list of bytes (DER).

        Raises ValueError without TLS.
        """
        return chain_as_der(self._tls().get_unverified_chain())

    def ocsp_response(self):
        """Return the OCSP response that the server has stapled (bytes, DER).

        The response is not verified. Return None without a response: on a
        server, before the handshake, after a resumed handshake, and if the
        context does not request it.
        """
        return self._ask("ocsp_response")

    def verify_client_post_handshake(self):
        """Request the client's certificate after the handshake, on a server
        with TLS 1.3. Raises SSLError if the client does not allow this.
        """
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
    """A stream socket with TLS; its subclass SSLSocket adds the constructor.

    The subclass sets `_context`, `server_side` and `server_hostname`, and may
    override these defaults:
    """

    do_handshake_on_connect = True
    suppress_ragged_eofs = True
    _session = None

    _connected = False

    def _has_peer(self):
        """Return whether the socket is connected.

        A socket whose peer has closed can look unconnected, and its data would
        be read without TLS. If there is such data, raise SSLError
        (CVE-2023-40217).
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
            # EINVAL: a Unix socket; EAGAIN: a socket that is connecting
            if error.errno not in (errno.ENOTCONN, errno.EINVAL,
                                   errno.EAGAIN):
                raise
            return False
        finally:
            self.settimeout(timeout)
        if left:
            # CPython's tests look for "before TLS handshake with data"
            error = SSLError(errno.ENOTCONN, "the peer closed the connection "
                             "before TLS handshake with data left unread")
            error.reason = error.args[1]
            raise error
        return False

    def _start_tls(self):
        self._sslobj = self._context._wrap_socket(
            self._carrier, self.server_side, self.server_hostname,
            owner=self, session=self._session)

    def _close_tls(self):
        """Make the connection refuse all further operations.

        `_sslobj` stays set until the descriptor is closed. Otherwise another
        thread could send plain text.
        """
        if self._sslobj is not None:
            self._sslobj.close()

    def _real_close(self):
        self._close_tls()
        _sockets.StreamSocket._real_close(self)
        self._sslobj = None

    @property
    def context(self):
        """The SSLContext. An SNI callback may set another one. Raises
        TypeError for any other type.
        """
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
        """The SSLSession in use, or None. Set it before the handshake."""
        return getattr(self._sslobj, "session", None)

    @session.setter
    def session(self, session):
        if self._sslobj is not None:
            self._sslobj.session = session
        self._session = session

    def dup(self):
        """Raise NotImplementedError: a connection has only one SSLSocket."""
        raise NotImplementedError("Can't dup() %s instances"
                                  % type(self).__name__)

    # A hook for subclasses, about operations on closed sockets.
    def _checkClosed(self, msg=None):
        pass

    def _check_connected(self):
        if not self._connected:
            self.getpeername()  # raises the reason

    # Connecting, and the end of TLS

    def connect(self, addr):
        """Connect to an address and do the handshake.

        With do_handshake_on_connect=False do no handshake. Raises ValueError
        if the socket is connected or server-side.
        """
        self._real_connect(addr, False)

    def connect_ex(self, addr):
        """Do the same as connect(), but return the errno (int) of a failed
        connection, and 0 for success. A failed handshake raises.
        """
        return self._real_connect(addr, True)

    def _real_connect(self, addr, connect_ex):
        if self.server_side:
            raise ValueError("can't connect in server-side mode")
        if self._connected or self.version() is not None:
            raise ValueError("attempt to connect already-connected SSLSocket!")
        if self._sslobj is None:  # else an earlier call has started TLS
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
            # if this fails, TLS stays: no later call can send plain text
            if self.do_handshake_on_connect:
                self.do_handshake()
        return status

    def accept(self):
        """Wait for a client; return its SSLSocket and its address.

        The timeout of this socket also limits the handshake. The returned
        socket has the default timeout of new sockets.
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

        block: bool, wait for the end even if the socket is non-blocking.
        Raises SSLError if the handshake fails, its subclass
        SSLCertVerificationError if the peer is refused, and socket.timeout.
        """
        if self._sslobj is None or not self._connected:
            self.getpeername()  # raises for a closed or unconnected socket
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
        """End TLS: exchange close_notify with the peer, and return the socket
        without TLS. Raises SSLError or socket.error if the peer does not.
        """
        sock = self._tls().shutdown()
        self._sslobj = None
        return sock

    def shutdown(self, how):
        """Shut down the connection below TLS, as socket.shutdown() does.

        TLS stays: data that is read after SHUT_WR is decrypted.
        """
        self._plain.shutdown(how)

    # Reading

    def read(self, len=1024, buffer=None):
        """Return up to `len` bytes (bytes); b"" after the end of TLS.

        With a buffer, write the bytes into the buffer and return their number.
        If the connection ends without close_notify, return b"" as well, or
        raise SSLEOFError with suppress_ragged_eofs=False. Raises
        socket.timeout, SSLWantReadError on a non-blocking socket, and
        ValueError without TLS.
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
        """Return up to `buflen` bytes, as read() does. Raises ValueError for
        flags with TLS."""
        if self._sslobj is None:
            return self._plain.recv(buflen, flags)
        if flags != 0:
            self._refuse_flags("recv")
        return self.read(buflen)

    def recv_into(self, buffer, nbytes=None, flags=0):
        """Read up to `nbytes` bytes into a buffer and return their number.

        Without `nbytes` the limit is the size of the buffer. Raises ValueError
        for flags with TLS, and otherwise as read() does.
        """
        if buffer is None:  # then read() would return the bytes
            raise TypeError("recv_into() needs a buffer, not None")
        if self._sslobj is None:
            return self._plain.recv_into(
                buffer, 0 if nbytes is None else nbytes, flags)
        if flags != 0:
            self._refuse_flags("recv_into")
        return self.read(-1 if nbytes is None else nbytes, buffer)

    def recvfrom(self, buflen=1024, flags=0):
        """Do the same as socket.recvfrom(). Raises ValueError with TLS."""
        self._refuse_tls("recvfrom")
        return self._plain.recvfrom(buflen, flags)

    def recvfrom_into(self, buffer, nbytes=None, flags=0):
        """Do the same as socket.recvfrom_into(). Raises ValueError with TLS.
        """
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
        """Send `data` (any buffer); return the number of bytes sent (int).

        A blocking socket sends all bytes. A non-blocking socket may send fewer
        bytes, or raise SSLWantWriteError or SSLWantReadError: then call again
        with the same data. Raises socket.timeout, and ValueError without TLS.
        """
        sslobj = self._sslobj
        if sslobj is None:
            raise ValueError("Write on closed or unwrapped SSL socket.")
        return sslobj.write(data)

    def send(self, data, flags=0):
        """Do the same as write(). Raises ValueError for flags with TLS.

        On Python 2.7 return 0 if a non-blocking socket cannot send now.
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
        """Send all of `data` (any buffer).

        Raises socket.timeout if the whole call takes longer than the timeout,
        and ValueError for flags with TLS. After an error, nobody knows how
        much was sent.
        """
        sslobj = self._sslobj
        if sslobj is None:
            return self._plain.sendall(data, flags)
        if flags != 0:
            self._refuse_flags("sendall")
        sent = sslobj.write(data)
        if type(data) is bytes and sent == len(data):
            return  # the common case
        rest = _sockets.bytes_from(data, sent)
        while len(rest):  # on a non-blocking socket
            rest = _sockets.bytes_from(rest, sslobj.write(rest))

    def sendto(self, data, flags_or_addr, addr=None):
        """Do the same as socket.sendto(). Raises ValueError with TLS."""
        self._refuse_tls("sendto")
        if addr is None:
            return self._plain.sendto(data, flags_or_addr)
        return self._plain.sendto(data, flags_or_addr, addr)

    def sendmsg(self, *args, **kwargs):
        """Raise NotImplementedError: TLS has no messages."""
        raise NotImplementedError("sendmsg not allowed on instances of %s"
                                  % type(self))

    def sendfile(self, file, offset=0, count=None):
        """Send the contents of a file; return the number of bytes sent (int).

        file: a file object in binary mode, or a pipe, which has no offset.
        Afterwards the file's position is after the last byte sent.
        offset: bytes; 0 means the current position of the file.
        count: the most bytes to send; None means up to the end of the file.
        If the kernel encrypts (OP_ENABLE_KTLS), the kernel reads a regular
        file directly. Raises ValueError for a file in text mode, a count below
        1, or a non-blocking socket, and TypeError for a count that is not an
        int.
        """
        sslobj = self._sslobj
        if sslobj is not None and sslobj.uses_ktls_for_send():
            try:
                return self._sendfile_zerocopy(
                    sslobj.sendfile, _GiveupOnSSLSendfile, file, offset, count)
            except _GiveupOnSSLSendfile:
                pass  # then read the file here
        self._check_file(file, count)
        return self._send_steps(self._block_steps, file, offset, count)

    def _sendfile_zerocopy(self, zerocopy_func, giveup_exc_type, file,
                           offset=0, count=None):
        """Do the same as sendfile(), but let a function send the file.

        zerocopy_func: a function of a descriptor, an offset and a number of
        bytes that returns the number of bytes sent. Raises giveup_exc_type if
        the file is not a regular file.
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
        """Raise ValueError for a file, count or socket that sendfile() does
        not accept, and TypeError for a count that is not an int.
        """
        mode = getattr(file, "mode", "b")
        # compressed files have a number as their mode
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
        """Send a file in steps; return the number of bytes sent (int).

        steps: a generator function of the file, the start position and the
        count. It yields the number of bytes that each step has sent.
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
