"""TLS for sockets and for other transports: the API of Python 3.6's `ssl`,
with the additions and the security defaults of later versions.

The extension module `__ssl_backport` does the work. _install.py loads this
file under the name `ssl`; it is not a module of the package.
"""

from __future__ import absolute_import as _absolute_import

if __name__ != "ssl":
    raise ImportError("only _ssl_backport.install() can load %s: call "
                      "install(), then import ssl" % __name__)

import errno
import os
import sys
import warnings as _warnings
from collections import namedtuple
from contextlib import closing
from operator import index as _index
from socket import (
    AF_INET, SOCK_STREAM, SOL_SOCKET, SO_TYPE, _GLOBAL_DEFAULT_TIMEOUT,
    create_connection, error as socket_error)

import __ssl_backport as _ssl
from __ssl_backport import (
    MemoryBIO, OPENSSL_VERSION, OPENSSL_VERSION_INFO, OPENSSL_VERSION_NUMBER,
    RAND_add, RAND_bytes, RAND_status,
    SSLCertVerificationError, SSLEOFError, SSLError, SSLSession,
    SSLSyscallError, SSLWantReadError, SSLWantWriteError, SSLZeroReturnError,
    _DEFAULT_CIPHERS, _OPENSSL_API_VERSION, _SSLContext, generate_ech_keys,
    get_sigalgs, nid2obj as _nid2obj, txt2obj as _txt2obj)
from _ssl_backport import _names, _trust
from _ssl_backport._certificates import *
from _ssl_backport._connection import (
    CHANNEL_BINDING_TYPES, Connection as _Connection,
    StreamConnection as _StreamConnection, _GiveupOnSSLSendfile)
from _ssl_backport._deprecated import deprecated as _deprecated
from _ssl_backport._hostnames import (
    CertificateError, _dnsname_match, _inet_paton, _ipaddress_match,
    match_hostname)
from _ssl_backport._names import (
    Enum as _Enum, IntEnum as _IntEnum, IntFlag as _IntFlag)
from _ssl_backport._protocol import (
    TLSVersion, _TLSAlertType, _TLSContentType, _TLSMessageType,
    named as _named)
from _ssl_backport._sockets import *
from _ssl_backport._trust import DefaultVerifyPaths, get_default_verify_paths


# Constants: the extension's PROTOCOL_*, OP_*, VERIFY_*, CERT_*, SSL_ERROR_*,
# ALERT_DESCRIPTION_* and HAS_*

def _publish(base, name, pairs):
    """Make an enumeration, and a global variable for each of its members."""
    enumeration = base(name, pairs, module=__name__)
    for member, _ in pairs:
        globals()[member] = enumeration[member]
    return enumeration


def _import_symbols(prefix):
    """Make global variables of the extension's constants with a prefix."""
    globals().update(_names.constants(prefix))


_SSLMethod = _publish(_IntEnum, "_SSLMethod", tuple(
    pair for pair in _names.constants("PROTOCOL_")
    if pair[0] != "PROTOCOL_SSLv23"))
PROTOCOL_SSLv23 = _SSLMethod.PROTOCOL_SSLv23 = _SSLMethod.PROTOCOL_TLS
Options = _publish(_IntFlag, "Options", _names.constants("OP_"))
AlertDescription = _publish(_IntEnum, "AlertDescription",
                            _names.constants("ALERT_DESCRIPTION_"))
SSLErrorNumber = _publish(_IntEnum, "SSLErrorNumber",
                          _names.constants("SSL_ERROR_"))
VerifyFlags = _publish(_IntFlag, "VerifyFlags", _names.constants("VERIFY_"))
VerifyMode = _publish(_IntEnum, "VerifyMode", _names.constants("CERT_"))

_import_symbols("HAS_")
HAS_NEVER_CHECK_COMMON_NAME = True

_PROTOCOL_NAMES = dict((member, member.name) for member in _SSLMethod)
_RESTRICTED_SERVER_CIPHERS = _DEFAULT_CIPHERS
_SSLv2_IF_EXISTS = None


class _ASN1Object(namedtuple("_ASN1Object", "nid shortname longname oid")):
    """An entry of OpenSSL's table of object identifiers.

    oid: str, the dotted form. Raises ValueError for an unknown identifier.
    """

    __slots__ = ()

    def __new__(cls, oid):
        return super(_ASN1Object, cls).__new__(cls, *_txt2obj(oid))

    @classmethod
    def fromnid(cls, nid):
        """Return the entry with OpenSSL's number `nid` (int).

        Raises ValueError for an unknown number.
        """
        return super(_ASN1Object, cls).__new__(cls, *_nid2obj(nid))

    @classmethod
    def fromname(cls, name):
        """Return the entry with a short name, long name or dotted form (str).

        Raises ValueError for an unknown name.
        """
        return super(_ASN1Object, cls).__new__(cls, *_txt2obj(name, name=True))

    def __reduce__(self):
        return type(self), (self.oid,)


Purpose = _Enum("Purpose", [("SERVER_AUTH", "1.3.6.1.5.5.7.3.1"),
                            ("CLIENT_AUTH", "1.3.6.1.5.5.7.3.2")],
                type=_ASN1Object, module=__name__)


def _check_purpose(purpose):
    if not isinstance(purpose, _ASN1Object):
        raise TypeError("purpose must be one of ssl.Purpose, not %r"
                        % (purpose,))


def get_protocol_name(protocol_code):
    """Return the name (str) of a PROTOCOL_* value, or "<unknown>"."""
    return _PROTOCOL_NAMES.get(protocol_code, "<unknown>")


# Values that later versions of Python deprecate

_VERSION_OPTIONS = (OP_NO_SSLv2 | OP_NO_SSLv3 | OP_NO_TLSv1 | OP_NO_TLSv1_1 |
                    OP_NO_TLSv1_2 | OP_NO_TLSv1_3)
_OLD_VERSIONS = (TLSVersion.SSLv3, TLSVersion.TLSv1, TLSVersion.TLSv1_1)
_ONE_SIDED = (PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER)


def _check_options(old, new):
    """Warn about new OP_NO_* options, which minimum_version replaces."""
    if _index(new) & ~old & _VERSION_OPTIONS:
        _deprecated("ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are deprecated", 4)


def _check_version(old, new):
    """Warn about a TLS version that is not secure."""
    if new in _OLD_VERSIONS:
        _deprecated("ssl.TLSVersion.%s is deprecated"
                    % TLSVersion(new).name, 4)


# Contexts

def _enum_property(name, enumeration, doc, check=None):
    """Return a property that shows a value of _SSLContext as a member of an
    enumeration.

    check: a function of the old and the new value, which may issue a warning.
    The property stores the descriptor of the base class. It never looks up
    `ssl.SSLContext`, because programs replace this name by a subclass.
    """
    plain = getattr(_SSLContext, name)

    def read(self):
        return enumeration(plain.__get__(self))

    def change(self, value):
        old = plain.__get__(self)
        plain.__set__(self, value)
        if check is not None:
            check(old, value)

    return property(read, change, doc=doc)


class SSLContext(_SSLContext):
    """The settings, certificates and keys of connections.

    protocol: PROTOCOL_TLS_CLIENT (verifies the server and its host name),
    PROTOCOL_TLS_SERVER, or PROTOCOL_TLS (verifies nothing by default).
    Raises ValueError for an unknown protocol.
    """

    # the classes that wrap_socket() and wrap_bio() return; set below
    sslsocket_class = None
    sslobject_class = None

    def __new__(cls, protocol=None, *args, **kwargs):
        if protocol is None:
            _deprecated("ssl.SSLContext() without protocol argument is "
                        "deprecated.")
            return _SSLContext.__new__(cls, PROTOCOL_TLS)
        self = _SSLContext.__new__(cls, protocol)
        if protocol not in _ONE_SIDED:
            _deprecated("ssl.%s is deprecated" % self.protocol.name)
        return self

    # subclasses may have more arguments, which are ignored as since 3.7
    def __init__(self, protocol=None, *args, **kwargs):
        pass

    options = _enum_property(
        "options", Options, "Options: the OP_* bits.", _check_options)
    verify_flags = _enum_property(
        "verify_flags", VerifyFlags, "VerifyFlags: the VERIFY_* bits.")
    verify_mode = _enum_property(
        "verify_mode", VerifyMode,
        "VerifyMode: whether to request and verify the peer's certificate. "
        "CERT_NONE raises ValueError while check_hostname is true.")
    minimum_version = _enum_property(
        "minimum_version", TLSVersion,
        "TLSVersion: the oldest version that the context allows.",
        _check_version)
    maximum_version = _enum_property(
        "maximum_version", TLSVersion,
        "TLSVersion: the newest version that the context allows.",
        _check_version)

    @property
    def protocol(self):
        """The PROTOCOL_* argument of the constructor."""
        return _SSLMethod(_SSLContext.protocol.__get__(self))

    @property
    def hostname_checks_common_name(self):
        """Whether the common name of a certificate without subjectAltName
        counts as a host name (bool).
        """
        return not self._host_flags & _ssl.HOSTFLAG_NEVER_CHECK_SUBJECT

    @hostname_checks_common_name.setter
    def hostname_checks_common_name(self, value):
        never = _ssl.HOSTFLAG_NEVER_CHECK_SUBJECT
        others = self._host_flags & ~never
        self._host_flags = others if value else others | never

    @property
    def _msg_callback(self):
        """A function that is called for each TLS message, or None.

        Its arguments are the connection, "read" or "write", a TLSVersion, a
        _TLSContentType, the message type (a member of _TLSContentType,
        _TLSAlertType or _TLSMessageType) and the message (bytes). Raises
        TypeError for a value that cannot be called.
        """
        callback = _SSLContext._msg_callback.__get__(self)
        return getattr(callback, "callback", None)

    @_msg_callback.setter
    def _msg_callback(self, callback):
        if callable(callback):
            callback = _named(callback)
        _SSLContext._msg_callback.__set__(self, callback)

    def wrap_socket(self, sock, server_side=False,
                    do_handshake_on_connect=True, suppress_ragged_eofs=True,
                    server_hostname=None, session=None):
        """Return an SSLSocket for a stream socket, which it replaces.

        server_side: bool. do_handshake_on_connect: bool, do the handshake now
        if the socket is connected, or in connect(). suppress_ragged_eofs:
        bool, treat an end without close_notify as a normal end of the data.
        server_hostname: str, for clients only: the name to send (SNI) and to
        verify. session: SSLSession to resume, for clients only, or None.
        Raises ValueError for arguments that contradict each other,
        NotImplementedError for other kinds of sockets, and the errors of the
        handshake, see SSLSocket.do_handshake().
        """
        if (self.sslsocket_class is _OwnSSLSocket is not SSLSocket
                and session is None and _names.CONSTRUCTORS_ARE_PUBLIC):
            # gevent has replaced SSLSocket in this module after a program has
            # imported SSLContext; 2.7 and 3.6 also look up the class here
            return SSLSocket(
                sock=sock, server_side=server_side,
                do_handshake_on_connect=do_handshake_on_connect,
                suppress_ragged_eofs=suppress_ragged_eofs,
                server_hostname=server_hostname, _context=self)
        return self.sslsocket_class._create(
            sock=sock, server_side=server_side,
            do_handshake_on_connect=do_handshake_on_connect,
            suppress_ragged_eofs=suppress_ragged_eofs,
            server_hostname=server_hostname, context=self, session=session)

    @_names.wrap_bio_method
    def wrap_bio(self, incoming, outgoing, server_side=False,
                 server_hostname=None, session=None):
        """Return an SSLObject that reads from the MemoryBIO `incoming` and
        writes to the MemoryBIO `outgoing`.

        The other arguments are those of wrap_socket(). Raises ValueError for
        arguments that contradict each other, and does no handshake.
        """
        return self.sslobject_class._create(
            incoming, outgoing, server_side=server_side,
            server_hostname=server_hostname, session=session, context=self)

    def set_alpn_protocols(self, alpn_protocols):
        """Set the application protocols (ALPN) of a client or server.

        alpn_protocols: list of str in order of preference, with 1 to 255 ASCII
        characters each. Raises SSLError for a name of another length, and
        TypeError for a name that is not text.
        """
        self._set_alpn_protocols(_length_prefixed("ALPN", alpn_protocols))

    def set_npn_protocols(self, npn_protocols):
        """Check the names, as set_alpn_protocols() does, and set nothing:
        OpenSSL does not support NPN any more.
        """
        _deprecated("ssl NPN is deprecated, use ALPN instead")
        self._set_npn_protocols(_length_prefixed("NPN", npn_protocols))

    def load_default_certs(self, purpose=Purpose.SERVER_AUTH):
        """Trust the CA certificates of this system.

        Raises TypeError if the purpose is not one of Purpose.
        """
        _check_purpose(purpose)
        _trust.load_default_certs(self)

    def set_default_verify_paths(self):
        """Trust the CA certificates of this system, as load_default_certs()
        does. The default places of an OpenSSL in a wheel may contain none.
        """
        _trust.load_default_certs(self)

    def copy(self):
        """Return a new context with all settings of this one.

        Later changes to one context do not affect the other. The copy has the
        same class, but __new__ and __init__ are not called: attributes are
        copied as by copy.copy(). Files with certificates and keys are not read
        again. Statistics start at zero, and sessions stay with the context
        that made them. Raises OSError if the process has no free descriptor
        for the key log.
        """
        result = self._copy()
        result.__dict__.update(self.__dict__)
        for name in _names.slots_of(type(self)):
            try:
                value = getattr(self, name)
            except AttributeError:
                continue  # the attribute is not set
            setattr(result, name, value)
        return result

    def __copy__(self):
        return self.copy()

    # names of 3.6 for the certificate stores of Windows
    _windows_cert_stores = ("CA", "ROOT")

    def _load_windows_store_certs(self, storename, purpose):
        """Raise NotImplementedError: only Windows has such stores."""
        raise NotImplementedError("certificate store %r: only Windows has "
                                  "certificate stores" % (storename,))

    def _encode_hostname(self, hostname):
        """Return a host name as A-labels (str), or None for None.

        Raises ValueError for an invalid host name.
        """
        return None if hostname is None else _ssl._encode_hostname(hostname)


def _length_prefixed(extension, names):
    """Return protocol names in the form of a TLS extension (bytes)."""
    wire = bytearray()
    for name in names:
        if not isinstance(name, bytes):
            try:
                name = name.encode("ascii")
            except AttributeError:
                raise TypeError("a protocol name must be str, not %r"
                                % (name,))
        if not 1 <= len(name) <= 255:
            raise SSLError("%s protocols must be 1 to 255 in length"
                           % extension)
        wire.append(len(name))
        wire.extend(name)
    return bytes(wire)


@_names.keyword_only_after(1)
def create_default_context(purpose=Purpose.SERVER_AUTH, cafile=None,
                           capath=None, cadata=None):
    """Return an SSLContext with secure settings, with TLS 1.2 as the minimum.

    purpose: Purpose.SERVER_AUTH makes a client context, which verifies the
    server's certificate and host name; the name must be a subjectAltName (RFC
    9525). Purpose.CLIENT_AUTH makes a server context, which requests no client
    certificate.
    cafile: a PEM file of trusted CA certificates, as a path (str) or an object
    with read(). capath: str, a directory of them. cadata: PEM or DER
    certificates (str or bytes). Without these three, a client trusts the CA
    certificates of the system.
    On Python 3.13 and later verify_flags contains VERIFY_X509_STRICT.
    Raises TypeError for any other purpose, and IOError or SSLError for
    certificates that cannot be loaded. Issues a RuntimeWarning if the file of
    the variable SSLKEYLOGFILE cannot be written.
    """
    _check_purpose(purpose)
    context = _context_for(purpose)
    context.verify_flags |= VERIFY_X509_PARTIAL_CHAIN | (
        VERIFY_X509_STRICT if _names.VERIFIES_STRICTLY else 0)
    if purpose == Purpose.SERVER_AUTH:
        context.verify_mode = CERT_REQUIRED
        context.check_hostname = True
        # name constraints do not apply to common names (openssl#30346)
        context.hostname_checks_common_name = False
    _load_trust(context, purpose, cafile, capath, cadata)
    _log_keys(context)
    return context


@_names.keyword_only_after(1)
def _create_unverified_context(protocol=None, cert_reqs=CERT_NONE,
                               check_hostname=False,
                               purpose=Purpose.SERVER_AUTH, certfile=None,
                               keyfile=None, cafile=None, capath=None,
                               cadata=None):
    """Return an SSLContext that verifies only what the arguments request.

    Modules of the standard library use it for clients without a context.
    cert_reqs: a VerifyMode, or None for the default of the protocol.
    Raises ValueError for check_hostname with CERT_NONE, and for a keyfile
    without a certfile.
    """
    _check_purpose(purpose)
    if keyfile and not certfile:
        raise ValueError("certfile must be specified")
    if protocol is None:
        context = _context_for(purpose)
    else:
        context = SSLContext(protocol)
    context.check_hostname = check_hostname
    if cert_reqs is not None:
        context.verify_mode = cert_reqs
    if certfile:
        context.load_cert_chain(certfile, keyfile)
    _load_trust(context, purpose, cafile, capath, cadata)
    _log_keys(context)
    return context


def _context_for(purpose):
    """Return a context with the protocol that this Python uses for a purpose.
    """
    if not _names.PROTOCOL_BY_PURPOSE:
        return SSLContext(PROTOCOL_TLS)
    return SSLContext(PROTOCOL_TLS_SERVER if purpose == Purpose.CLIENT_AUTH
                      else PROTOCOL_TLS_CLIENT)


def _log_keys(context):
    """Write a key log if the environment variable SSLKEYLOGFILE is set."""
    path = os.environ.get("SSLKEYLOGFILE")
    if path and not sys.flags.ignore_environment:
        try:
            context.keylog_filename = path
        except EnvironmentError as error:
            # a debugging aid must not stop the program
            _warnings.warn("SSLKEYLOGFILE: the key log cannot be written: %s"
                           % error, RuntimeWarning, stacklevel=3)


def _load_trust(context, purpose, cafile, capath, cadata):
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    elif context.verify_mode != CERT_NONE:
        context.load_default_certs(purpose)


_create_stdlib_context = _create_unverified_context


# PEP 493: whether HTTPS clients verify by default

_https_verify_envvar = "PYTHONHTTPSVERIFY"


def _get_https_context_factory():
    """Return the function that makes the default context of HTTPS clients."""
    if (_names.HEEDS_PYTHONHTTPSVERIFY and not sys.flags.ignore_environment
            and os.environ.get(_https_verify_envvar) == "0"):
        return _create_unverified_context
    return create_default_context


_create_default_https_context = _get_https_context_factory()


def _https_verify_certificates(enable=True):
    """Set whether HTTPS clients without a context of their own verify.

    enable: bool.
    """
    global _create_default_https_context
    _create_default_https_context = (
        create_default_context if enable else _create_unverified_context)


# Connections

def _check_sslobject_params(server_side, context=None, server_hostname=None,
                            session=None):
    """Raise ValueError if the arguments of a connection contradict each other
    or the context (SSLContext).
    """
    if server_side and server_hostname:
        raise ValueError("server_hostname can only be specified in client "
                         "mode")
    if server_side and session is not None:
        raise ValueError("session can only be specified in client mode")
    if context.check_hostname and not server_hostname:
        raise ValueError("check_hostname requires server_hostname")


class SSLObject(_Connection):
    """TLS over two MemoryBIOs, for programs that transport the bytes.

    SSLContext.wrap_bio() makes these objects. If a method needs more data from
    the peer, it raises SSLWantReadError: write the peer's bytes into the
    incoming BIO and call again. Send the contents of the outgoing BIO to the
    peer.
    """

    __slots__ = ("_sslobj",)  # subclasses may have a __dict__

    def __init__(self, sslobj, owner=None, session=None):
        if not isinstance(sslobj, _ssl._SSLSocket):
            raise TypeError("SSLObject has no public constructor: "
                            "SSLContext.wrap_bio() makes them")
        self._sslobj = sslobj
        self._sslobj.owner = self if owner is None else owner
        if session is not None:
            self._sslobj.session = session

    @classmethod
    def _create(cls, incoming, outgoing, server_side=False,
                server_hostname=None, session=None, context=None):
        _check_sslobject_params(server_side, context, server_hostname,
                                session)
        return cls(context._wrap_bio(incoming, outgoing, server_side,
                                     server_hostname=server_hostname),
                   session=session)

    @property
    def context(self):
        """The SSLContext. An SNI callback may set another one. Raises
        TypeError for any other type.
        """
        return self._sslobj.context

    @context.setter
    def context(self, context):
        self._sslobj.context = context

    @property
    def session(self):
        """The SSLSession in use, or None. Set it before the handshake."""
        return self._sslobj.session

    @session.setter
    def session(self, session):
        self._sslobj.session = session

    @property
    def server_side(self):
        """Whether this is a server (bool)."""
        return self._sslobj.server_side

    @property
    def server_hostname(self):
        """The server_hostname argument of a client (str, A-labels), or None.
        """
        return self._sslobj.server_hostname

    def do_handshake(self):
        """Perform the handshake.

        Raises SSLWantReadError if data from the peer is needed, SSLError if
        the handshake fails, and its subclass SSLCertVerificationError if the
        peer is refused.
        """
        self._sslobj.do_handshake()

    def read(self, len=1024, buffer=None):
        """Return up to `len` bytes (bytes); b"" after the end of TLS.

        With a buffer, write the bytes into the buffer and return their number.
        Raises SSLWantReadError if no data is available, and SSLEOFError if the
        data ends without close_notify.
        """
        if buffer is None:
            return self._sslobj.read(len)
        return self._sslobj.read(len, buffer)

    def write(self, data):
        """Encrypt `data` (any buffer) and return the number of bytes (int).
        """
        return self._sslobj.write(data)

    def unwrap(self):
        """End TLS: exchange close_notify with the peer. Returns None.

        Raises SSLWantReadError until the peer's close_notify is available.
        """
        return self._sslobj.shutdown()

    # eventlet puts an SSLObject where SSLSocket keeps its `_sslobj`
    peer_certificate = _Connection.getpeercert
    shutdown = unwrap

    def close(self):
        self._sslobj.close()


def _context_of(keyfile, certfile, server_side, cert_reqs, ssl_version,
                ca_certs, npn_protocols=None, ciphers=None):
    """Return a new context with the settings of wrap_socket()'s arguments."""
    if not certfile and (server_side or keyfile):
        raise ValueError("certfile must be specified%s" % (
            " for server-side operations" if server_side else ""))
    # not SSLContext.__new__(), which would issue a second warning
    context = _SSLContext.__new__(SSLContext, ssl_version)
    context.verify_mode = cert_reqs
    if certfile:
        context.load_cert_chain(certfile, keyfile)
    for setting, apply in ((ca_certs, context.load_verify_locations),
                           (npn_protocols, context.set_npn_protocols),
                           (ciphers, context.set_ciphers)):
        if setting:
            apply(setting)
    return context


class SSLSocket(_StreamConnection):
    """A stream socket with TLS.

    SSLContext.wrap_socket() makes these objects from a plain socket. On Python
    3 the plain socket is detached, on 2.7 both share the connection. If a call
    takes longer than the timeout, it raises socket.timeout. On a non-blocking
    socket a call raises SSLWantReadError or SSLWantWriteError instead of
    waiting.
    """

    def __init__(self, sock=None, keyfile=None, certfile=None,
                 server_side=False, cert_reqs=CERT_NONE,
                 ssl_version=PROTOCOL_TLS, ca_certs=None,
                 do_handshake_on_connect=True, family=AF_INET,
                 type=SOCK_STREAM, proto=0, fileno=None,
                 suppress_ragged_eofs=True, npn_protocols=None, ciphers=None,
                 server_hostname=None, _context=None, _session=None):
        if _context is None and not _names.CONSTRUCTORS_ARE_PUBLIC:
            raise TypeError("SSLSocket has no public constructor: "
                            "SSLContext.wrap_socket() makes them")
        # sock.type may contain other bits as well
        if sock.getsockopt(SOL_SOCKET, SO_TYPE) != SOCK_STREAM:
            raise NotImplementedError("only stream sockets are supported")
        if _context is None:
            _context = _context_of(
                keyfile, certfile, server_side, cert_reqs, ssl_version,
                ca_certs, npn_protocols, ciphers)
        _check_sslobject_params(server_side, _context, server_hostname,
                                _session)
        self._context = _context
        self.server_side = server_side
        # 2.7's dicts grow fourfold with the sixth entry: the common values are
        # attributes of the class
        if _session is not None:
            self._session = _session
        if do_handshake_on_connect is not True:
            self.do_handshake_on_connect = do_handshake_on_connect
        if suppress_ragged_eofs is not True:
            self.suppress_ragged_eofs = suppress_ragged_eofs
        self._adopt(sock)
        try:
            self.server_hostname = _context._encode_hostname(server_hostname)
            self._connected = self._has_peer()
            if self._connected:
                self._start_tls()
                if do_handshake_on_connect:
                    if self.gettimeout() == 0.0:
                        raise ValueError(
                            "do_handshake_on_connect should not be specified "
                            "for non-blocking sockets")
                    self.do_handshake()
        except BaseException:
            self.close()
            raise

    @classmethod
    def _create(cls, sock, server_side=False, do_handshake_on_connect=True,
                suppress_ragged_eofs=True, server_hostname=None,
                context=None, session=None):
        return cls(sock=sock, server_side=server_side,
                   do_handshake_on_connect=do_handshake_on_connect,
                   suppress_ragged_eofs=suppress_ragged_eofs,
                   server_hostname=server_hostname, _context=context,
                   _session=session)


_OwnSSLSocket = SSLSocket
SSLContext.sslsocket_class = SSLSocket
SSLContext.sslobject_class = SSLObject


# Functions that are older than contexts

def wrap_socket(sock, keyfile=None, certfile=None, server_side=False,
                cert_reqs=CERT_NONE, ssl_version=PROTOCOL_TLS, ca_certs=None,
                do_handshake_on_connect=True, suppress_ragged_eofs=True,
                ciphers=None):
    """Return an SSLSocket with a new context, made of the arguments.

    It sends no host name and verifies none. Use create_default_context() and
    SSLContext.wrap_socket() instead. Raises ValueError if certfile is missing.
    """
    _deprecated("ssl.wrap_socket() is deprecated, use "
                "SSLContext.wrap_socket()")
    context = _context_of(keyfile, certfile, server_side, cert_reqs,
                          ssl_version, ca_certs, ciphers=ciphers)
    return context.wrap_socket(
        sock, server_side, do_handshake_on_connect, suppress_ragged_eofs)


def RAND_pseudo_bytes(num):
    """Return `num` (int) random bytes, and True: they are as secure as those
    of RAND_bytes().
    """
    _deprecated("ssl.RAND_pseudo_bytes() is deprecated")
    return _ssl.RAND_pseudo_bytes(num)


def get_server_certificate(addr, ssl_version=None, ca_certs=None,
                           timeout=_GLOBAL_DEFAULT_TIMEOUT):
    """Connect to a server and return its certificate (str, PEM).

    addr: (host, port). ca_certs: a PEM file of CA certificates, as a path or
    an object with read(); without it the certificate is not verified.
    timeout: seconds, for the connection and for the handshake.
    Raises socket.error, and its subclass SSLError if the handshake fails.
    """
    context = _create_stdlib_context(
        ssl_version, cert_reqs=CERT_REQUIRED if ca_certs else CERT_NONE,
        cafile=ca_certs)
    with closing(create_connection(addr, timeout)) as sock:
        with closing(context.wrap_socket(sock, server_hostname=addr[0])) as s:
            return DER_cert_to_PEM_cert(s.getpeercert(True))


def sslwrap_simple(sock, keyfile=None, certfile=None):
    """Return a connection object with read() and write(), as socket.ssl() of
    Python 2.5 did. If the socket is connected, do the handshake. The
    connection verifies nothing. On Python 2.7 it keeps the socket open.
    """
    context = SSLContext(PROTOCOL_TLS)
    if certfile or keyfile:
        context.load_cert_chain(certfile, keyfile)
    connection = context._wrap_socket(getattr(sock, "_sock", sock), False)
    try:
        sock.getpeername()
    except socket_error:
        return connection
    connection.do_handshake()
    return connection
