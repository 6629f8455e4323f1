"""What the ssl module that is there makes of the calls of a table.

    python [-m _ssl_backport] ci/test/look_at_behaviour.py CERTIFICATES [ROW]

CERTIFICATES is the folder tests/certs; files are written to the working
folder.  For each line of a table, in each state and with each value, there are
two lines of JSON: [state, line, value] before, [outcome, ...] after.  It may
crash, or be killed because a call takes too long; then it can start again at
the row behind that.  Runs on 2.7 and 3, and needs nothing but ssl, so that it
can be copied to any system.

What a table's line says:
    c.options = VALUE   that it is set to each of the values, then read again
    VALUE, SMALL        every value, and every value but numbers that a call
                        would take for an amount of memory or work
    FEW                 a value of each type
    -> type             what is returned is by chance: only its type counts
    -> alone            nothing is done with the object afterwards
"""

from __future__ import print_function

import array
import collections
import contextlib
import json
import os
import re
import signal
import socket
import ssl
import sys
import warnings

PY2 = sys.version_info[0] == 2
SECONDS = 30  # that a call may take before this script is killed


# Values

class Index(object):
    def __index__(self):
        return 1


class Number(object):
    def __int__(self):
        return 1


class Failing(object):
    """Fails whatever it is asked."""

    def fail(self, *args):
        raise ZeroDivisionError

    __index__ = __int__ = __len__ = __iter__ = __getitem__ = fail
    __bool__ = __nonzero__ = __call__ = __fspath__ = fail
    __eq__ = __ne__ = fail
    __hash__ = None


class Path(object):
    def __fspath__(self):
        return "by-path"


def function(*args):
    """Something to call."""


# A value of each type
FEW = """
None True 1 -1 2**64 1.5 'text' u'text' b'text' bytearray(b'text') [1] (1,2)
{} object() function Failing()
ssl.VerifyMode.CERT_OPTIONAL ssl.TLSVersion.TLSv1_2 ssl.Purpose.CLIENT_AUTH
ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
""".split()

SMALL = FEW + """
False 0 2 3 5 255 256 768 770 771 772 773 -2 -3 -2**31 -2**31-1 -2**63
-2**63-1 -10**30 0.0 float('nan') '' u'' b''
u'\\xe9' 'a\\0b' b'\\xff' u'\\ud800'
'TLSv1.2' 'tls-unique' 'prime256v1' 'P-256:X25519' 'ECDSA+SHA256' 'localhost'
'TLS_AES_128_GCM_SHA256' 'DEFAULT' [] () ['text'] {'text':1}
memoryview(b'text')
array.array('B',[1]) Index() Number() Path() len int Exception() NotImplemented
ssl.PROTOCOL_TLS_SERVER ssl.MemoryBIO() socket.socket()
""".split()

VALUES = SMALL + """
ssl.Options.OP_ALL 2**31-1 2**31 2**32-1 2**32 2**63-1 2**63 2**64-1 10**30
""".split()


# The table: of the module

MODULE = """
ssl.TLSVersion(VALUE)
ssl.VerifyMode(VALUE)
ssl.VerifyFlags(VALUE)
ssl.Options(VALUE)
ssl.AlertDescription(VALUE)
ssl.SSLErrorNumber(VALUE)
ssl._SSLMethod(VALUE)
ssl.Purpose(VALUE)
ssl._ASN1Object(VALUE)
ssl._ASN1Object.fromnid(VALUE)
ssl._ASN1Object.fromname(VALUE)
ssl.SSLContext()
ssl.SSLContext(VALUE)
ssl._ssl._SSLContext(VALUE)
ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT, VALUE)
ssl.SSLContext(protocol=VALUE)
ssl.SSLSocket()
ssl.SSLSocket(VALUE)
ssl.SSLObject()
ssl.SSLObject(VALUE)
ssl.SSLSession()
ssl._ssl._SSLSocket()
ssl._ssl.Certificate()
ssl.MemoryBIO(VALUE)
ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).session_stats()
settings(ssl.create_default_context())
settings(ssl.create_default_context(VALUE))
settings(ssl.create_default_context(purpose=VALUE))
settings(ssl.create_default_context(cafile=VALUE))
settings(ssl.create_default_context(capath=VALUE))
settings(ssl.create_default_context(cadata=VALUE))
settings(ssl.create_default_context(cafile=cert('root.pem')))
settings(ssl._create_unverified_context())
settings(ssl._create_unverified_context(VALUE))
settings(ssl._create_unverified_context(cert_reqs=VALUE))
settings(ssl._create_unverified_context(check_hostname=VALUE))
settings(ssl._create_unverified_context(purpose=VALUE))
settings(ssl._create_unverified_context(certfile=VALUE))
settings(ssl._create_unverified_context(keyfile=VALUE))
settings(ssl._create_unverified_context(cafile=VALUE))
settings(ssl._create_stdlib_context())
settings(ssl.SSLContext(ssl.PROTOCOL_TLS))
settings(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
settings(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
settings(ssl.SSLContext(ssl.PROTOCOL_TLSv1_2))
settings(ssl.SSLContext(ssl.PROTOCOL_TLSv1))
ssl.get_server_certificate(VALUE)
ssl.get_server_certificate(('127.0.0.1', 1))
ssl.get_server_certificate(('127.0.0.1', 1), timeout=FEW)
ssl.get_server_certificate(('127.0.0.1', 1), ca_certs=FEW)
ssl.get_server_certificate(('127.0.0.1', 1), ssl_version=FEW)
ssl.get_protocol_name(VALUE)
ssl.get_default_verify_paths() -> type
ssl.get_sigalgs() -> type
ssl.get_sigalgs(1)
ssl.cert_time_to_seconds(VALUE)
ssl.DER_cert_to_PEM_cert(VALUE)
ssl.PEM_cert_to_DER_cert(VALUE)
ssl.RAND_status()
ssl.RAND_status(VALUE)
ssl.RAND_bytes(SMALL) -> type
ssl.RAND_bytes(2**63)
ssl.RAND_bytes(10**30)
ssl.RAND_add(VALUE, 0)
ssl.RAND_add(b'text', VALUE)
isinstance(ssl.HAS_PSK, bool)
isinstance(ssl.HAS_PHA, bool)
isinstance(ssl.HAS_PSK_TLS13, bool)
ssl.HAS_NEVER_CHECK_COMMON_NAME
ssl.HAS_TLSv1_3
ssl.HAS_SSLv2
ssl.CHANNEL_BINDING_TYPES
ssl.CertificateError is ssl.SSLCertVerificationError
ssl.SSLCertVerificationError.__mro__[1:3]
ssl.SSLError()
ssl.SSLError(VALUE)
str(ssl.SSLError('text'))
str(ssl.SSLError(1, 'text'))
attributes(ssl.SSLCertVerificationError('text'))
attributes(ssl.SSLCertVerificationError(1, 'text'))
issubclass(ssl.SSLEOFError, ssl.SSLError)
issubclass(ssl.SSLZeroReturnError, ssl.SSLError)
"""

# Of a context c.  What becomes of a handshake afterwards counts as well.
CONTEXT = """
c.options
c.options = VALUE
c.verify_flags
c.verify_flags = VALUE
c.verify_mode
c.verify_mode = VALUE
c.check_hostname
c.check_hostname = VALUE
c.protocol
c.protocol = FEW
c.security_level
c.security_level = FEW
c.minimum_version
c.minimum_version = VALUE
c.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
c.minimum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
c.minimum_version = ssl.TLSVersion.SSLv3
c.minimum_version = ssl.TLSVersion.TLSv1
c.minimum_version = ssl.TLSVersion.TLSv1_3
c.maximum_version
c.maximum_version = VALUE
c.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
c.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
c.maximum_version = ssl.TLSVersion.SSLv3
c.maximum_version = ssl.TLSVersion.TLSv1
c.maximum_version = ssl.TLSVersion.TLSv1_2
c.num_tickets
c.num_tickets = SMALL
c.num_tickets = 2**31-1 -> alone
c.num_tickets = 2**31 -> alone
c.num_tickets = 2**63 -> alone
c.num_tickets = 2**64 -> alone
c.post_handshake_auth
c.post_handshake_auth = VALUE
c.hostname_checks_common_name
c.hostname_checks_common_name = VALUE
c._host_flags = VALUE
c.sni_callback
c.sni_callback = VALUE
c.set_servername_callback(FEW)
c._msg_callback
c._msg_callback = VALUE
c.keylog_filename
c.keylog_filename = VALUE
c.keylog_filename = cert('')
c.keylog_filename = '/nowhere/keys'
c.sslsocket_class
c.sslobject_class
c.session_stats()
c.session_stats(1)
c.set_alpn_protocols(VALUE)
c.set_alpn_protocols(['text'])
c.set_alpn_protocols(['h2', b'h2'])
c.set_alpn_protocols([u'\\xe9'])
c.set_alpn_protocols([''])
c.set_alpn_protocols(['x' * 256])
c.set_ciphers(VALUE)
c.set_ciphers('ECDHE+AESGCM')
c.set_ciphers('ALL:@SECLEVEL=0')
c.set_ciphersuites(VALUE)
c.set_ciphersuites()
c.set_ciphersuites('TLS_AES_128_GCM_SHA256:text')
c.set_ciphersuites('TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384')
c.set_ciphersuites(ciphersuites='TLS_AES_128_GCM_SHA256')
c.set_groups(VALUE)
c.set_groups()
c.set_groups('X25519:text')
c.set_groups('?text:X25519')
c.set_groups('secp384r1')
c.set_groups(groups='X25519')
c.get_groups() -> type
c.get_groups(include_aliases=FEW) -> type
c.get_groups(FEW) -> type
c.set_client_sigalgs(VALUE)
c.set_client_sigalgs('RSA+SHA256:text')
c.set_client_sigalgs('ed25519')
c.set_server_sigalgs(VALUE)
c.set_server_sigalgs('RSA+SHA256:text')
c.set_server_sigalgs('ed25519')
c.set_ecdh_curve(VALUE)
c.set_psk_client_callback()
c.set_psk_client_callback(VALUE)
c.set_psk_client_callback(callback=FEW)
c.set_psk_server_callback()
c.set_psk_server_callback(VALUE)
c.set_psk_server_callback(None, FEW)
c.set_psk_server_callback(function, VALUE)
c.set_psk_server_callback(function, 'x' * 1000)
c.set_psk_server_callback(callback=function, identity_hint='text')
c.load_default_certs(FEW) -> alone
c.load_verify_locations(VALUE)
c.load_verify_locations(cadata=VALUE)
c.load_cert_chain(VALUE)
c.load_cert_chain(cert('localhost-encrypted.pem'), password=FEW)
c.load_cert_chain(cert('localhost-encrypted.pem'), password=lambda: 1)
c.cert_store_stats()
c.wrap_bio(FEW, ssl.MemoryBIO(), server_hostname='localhost')
c.wrap_bio(ssl.MemoryBIO(), FEW, server_hostname='localhost')
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), VALUE)
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False, VALUE)
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), True, VALUE)
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False, 'localhost', FEW)
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), True, None, FEW)
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False, '.localhost')
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False, 'x' * 64)
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False, 'k\\xf6nig')
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False, '127.0.0.1')
c.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False, '::1')
c.wrap_socket(FEW)
c.wrap_socket(socket.socket(), FEW)
c.wrap_socket(socket.socket(), False, server_hostname=VALUE)
c.wrap_socket(socket.socket(), True, server_hostname=VALUE)
c.wrap_socket(socket.socket(), False, server_hostname='localhost', session=FEW)
c.wrap_socket(socket.socket(), True, session=FEW)
c.wrap_socket(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
c.wrap_socket(FEW, server_hostname='localhost')
"""

# Attributes that no context loses
DELETIONS = """
options verify_flags verify_mode check_hostname protocol security_level
minimum_version maximum_version num_tickets post_handshake_auth
hostname_checks_common_name _host_flags sni_callback _msg_callback
keylog_filename""".split()

# Of a connection s, p being its peer's.  What s reads afterwards counts.
CONNECTION = """
s.version()
s.cipher()
s.shared_ciphers()
s.compression()
s.selected_alpn_protocol()
s.group()
s.group(1)
s.client_sigalg()
s.server_sigalg()
s.get_channel_binding() -> type
s.get_channel_binding(VALUE) -> type
s.pending()
s.pending(1)
s.getpeercert()
s.getpeercert(VALUE)
s.getpeercert(binary_form=True)
s.get_verified_chain()
s.get_verified_chain(1)
s.get_unverified_chain()
[c.public_bytes(FEW) for c in sent(s)]
[c.public_bytes(ssl._ssl.ENCODING_PEM) for c in sent(s)]
[c.public_bytes(format=ssl._ssl.ENCODING_DER) for c in sent(s)]
[c.get_info() for c in sent(s)]
[c == c for c in sent(s)]
[c == VALUE for c in sent(s)]
[hash(c) == hash(c) for c in sent(s)]
[c < c for c in sent(s)]
[c.__reduce__() for c in sent(s)]
s._sslobj.get_verified_chain()
s._sslobj.shared_ciphers()
s._sslobj.uses_ktls_for_send()
s._sslobj.uses_ktls_for_recv()
s._sslobj.server_side = FEW
s._sslobj.server_hostname = FEW
s._sslobj.session_reused = FEW
s.verify_client_post_handshake()
s.verify_client_post_handshake(1)
s.context
s.context = VALUE
del s.context
s.session
s.session = VALUE
s.session = old
s.session == old
s.session < old
s.session == FEW
hash(s.session) == hash(s.session)
s.session.timeout
s.session.timeout = 1
s.session.has_ticket
s.session.ticket_lifetime_hint
s.session.id -> type
s.session.time -> type
del s.session
s.session_reused
s.session_reused = FEW
s.server_side
s.server_side = FEW
s.server_hostname
s.server_hostname = FEW
s.owner
s.do_handshake()
s.do_handshake(False)
s.do_handshake(Failing())
s.read()
s.read(SMALL)
s.read(2**63)
s.read(10**30)
s.read(4, bytearray(4))
s.read(VALUE, bytearray(4))
s.read(4, FEW)
s.write(VALUE)
s.unwrap()
s.unwrap(1)
s.__reduce__()
s.__class__.__name__
"""

# Of those that are sockets
SOCKET = """
s.send(FEW)
s.sendall(FEW)
s.recv(SMALL)
s.recv(4, FEW)
s.recv_into(bytearray(4))
s.recv_into(bytearray(4), SMALL)
s.recv_into(FEW)
s.recvfrom(4)
s.recvfrom_into(bytearray(4))
s.recvmsg(4)
s.recvmsg_into([bytearray(4)])
s.sendto(b'text', ('127.0.0.1', 1))
s.sendmsg([b'text'])
s.sendfile(open_file('rb'))
waiting(s).sendfile(FEW)
waiting(s).sendfile(open_file('rb'))
waiting(s).sendfile(open_file('r'))
waiting(s).sendfile(open_file('rb'), VALUE)
waiting(s).sendfile(open_file('rb'), 0, VALUE)
waiting(s).sendfile(open_file('rb'), 2, 3)
waiting(s).sendfile(ssl.MemoryBIO())
s._sslobj.sendfile(FEW, 0, 3)
s.connect(('127.0.0.1', 1))
s.connect_ex(('127.0.0.1', 1))
s.accept()
s.dup()
s.detach() -> type
s.shutdown(FEW)
s.shutdown(socket.SHUT_RDWR)
s.shutdown(socket.SHUT_WR)
s.close()
s.do_handshake_on_connect
s.suppress_ragged_eofs
s.get_inheritable()
s.gettimeout()
s.makefile() -> type
"""

# What a client's callback for pre-shared keys may answer

PAIRS = """
(None,b'key') ('text',b'key') (u'text',b'key') (b'text',b'key') ('text','key')
('text',None) ('text',b'') ('text',1) (1,b'key') ('text',b'key',1) ('text',)
['text',b'key'] ('x'*127,b'key') ('x'*128,b'key') ('x'*255,b'key')
('x'*256,b'key') ('x'*257,b'key') ('text',b'k'*256) ('text',b'k'*257)
('text',b'k'*512) ('text',b'k'*513) ('text',bytearray(b'key'))
('text',memoryview(b'key')) ('a\\0b',b'key') (u'\\xe9',b'key')
""".split()

KEYS = "b'key' b'other' b'k'*256 b'k'*257 b'k'*512 b'k'*513".split()

# Certificates, names of hosts, and settings that decide whether they match
HOSTS = """
localhost.pem localhost
localhost.pem LOCALHOST
localhost.pem localhost.
localhost.pem 127.0.0.1
localhost.pem ::1
localhost.pem 127.0.0.2
localhost.pem other.example.test
host-other.pem localhost
host-cn-only.pem localhost
host-cn-and-san.pem localhost
host-wildcard.pem www.example.test
host-wildcard.pem www.www.example.test
host-wildcard.pem example.test
host-wildcard-partial.pem foo.example.test
host-wildcard-idna.pem xn--foo.example.test
host-ip-as-dns.pem 127.0.0.1
host-ip-prefix.pem 1.2.3.4
host-nul-san.pem localhost
host-nul-cn.pem localhost
unknown.pem localhost
self-signed.pem localhost
expired.pem localhost
not-yet-valid.pem localhost
revoked.pem localhost
client.pem client
server-only.pem localhost
chain.pem localhost
chain-incomplete.pem localhost
"""

FLAGS = """
c.verify_flags
c.hostname_checks_common_name = True
c.hostname_checks_common_name = False
c._host_flags = 0
c._host_flags = 2
c.verify_mode = ssl.CERT_OPTIONAL
c.check_hostname = False
c.verify_flags |= ssl.VERIFY_X509_STRICT
c.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
c.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
c.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
"""


# Running a line

PLACE = re.compile(r"\b(?:VALUE|SMALL|FEW)\b")
SETTING = re.compile(r"([\w.]+) \|?= ")
PLACES = {"VALUE": VALUES, "SMALL": SMALL, "FEW": FEW}

Line = collections.namedtuple("Line", "text value code options")
compiled = {}


def lines(table, all_values):
    """The Lines of a table, a value in each place for one."""
    for text in table.strip().splitlines():
        code, _, options = text.partition(" -> ")
        place = PLACE.search(code)
        if place is None:
            yield Line(code, "", code, options)
            continue
        values = PLACES[place.group()] if all_values else FEW
        for value in values:
            yield Line(code, value, PLACE.sub(lambda _: value, code), options)


def execute(code, names):
    """The value of an expression; of a setting, what is there afterwards."""
    setting = SETTING.match(code)
    if setting or code.startswith("del "):
        evaluate(code, "exec", names)
        return evaluate(setting.group(1), "eval", names) if setting else None
    return evaluate(code, "eval", names)


def evaluate(code, mode, names):
    if code not in compiled:
        # the future is not inherited: 'text' is the host's own str
        compiled[code] = compile(code, code, mode, 0, True)
    return eval(compiled[code], names)


def names_for(**more):
    names = dict(globals())
    names.update(more)
    return names


def outcome_of(line, names):
    return outcome(lambda: execute(line.code, names), line.options)


def outcome(call, options=""):
    """What a call returns or raises, and of what it warns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
            found = ["returned", type(result).__name__ if options == "type"
                     else show(result)]
        except Exception as error:
            found = ["raised"] + show_error(error)
        return found + [sorted(set(
            each.category.__name__ for each in caught
            if each.category.__name__ != "ResourceWarning"))]


def show(value):
    """A value in terms that all versions of Python have."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, integers):
        return ["int" if kind == "long" else kind, str(int(value))]
    if isinstance(value, (bytes, bytearray)):
        return [kind, bytes(value).decode("latin-1")]
    if isinstance(value, text):
        return [kind, value]
    if isinstance(value, dict):
        return [kind, sorted([show(key), show(value[key])] for key in value)]
    if isinstance(value, (list, tuple)):
        return [kind] + [show(each) for each in value]
    if isinstance(value, BaseException):
        return show_error(value)
    return [kind]


def show_error(error):
    """The class of an exception, and its attributes but for what is text."""
    if isinstance(error, socket.timeout):
        kind = "timeout"
    elif isinstance(error, ssl.SSLError):
        kind = type(error).__name__
    elif isinstance(error, EnvironmentError):
        kind = "OSError"
    else:
        kind = type(error).__name__
    found = {name: getattr(error, name) for name in (
        "errno", "library", "reason", "verify_code")
        if isinstance(error, EnvironmentError)
        and isinstance(getattr(error, name, None), integers + (str,))}
    if isinstance(error, ssl.SSLError) and "errno" in found:
        # in 2.7 and 3.6, and so in the backport, the library is in it too
        found["errno"] &= 0x7fffff
    return [kind, found]


def attributes(error):
    """All that is in an exception, text too."""
    return [getattr(error, name, "missing") for name in (
        "args", "errno", "strerror", "filename", "library", "reason",
        "verify_code", "verify_message")]


def as_number(value):
    """Without the names of constants, which not all versions show alike."""
    return int(value) if isinstance(value, integers) else value


def settings(context):
    """What can be seen of a context's settings."""
    names = ["protocol", "options", "verify_flags", "verify_mode",
             "check_hostname", "minimum_version", "maximum_version",
             "post_handshake_auth", "hostname_checks_common_name",
             "security_level", "num_tickets", "keylog_filename",
             "sni_callback"]
    return ["%s is %s" % (name, as_number(getattr(context, name)))
            for name in names]


def cert(name):
    return os.path.join(certificates, name)


def open_file(mode):
    """A file of 10 bytes."""
    with open("ten-bytes", "wb") as stream:
        stream.write(b"0123456789")
    return open("ten-bytes", mode)


def sent(connection):
    """The certificates, as objects, that the peer has sent."""
    return connection._sslobj.get_unverified_chain()


def waiting(sock):
    """The socket, with a timeout: sendfile() wants one.  Nobody else does
    anything meanwhile, so that what has to wait will wait in vain."""
    sock.settimeout(0.01)
    return sock


def tell(state, line, look):
    """One row: what look() gives for a line of a table."""
    global row
    row += 1
    if row < first_row:
        return
    if not isinstance(line, Line):
        line = Line(line, "", line, "")
    write([state, line.text, line.value])
    signal.alarm(SECONDS)
    write(look(line))


row = -1


def write(what):
    print(json.dumps(what, sort_keys=True))
    sys.stdout.flush()


# Connections

VERSIONS = ["TLSv1_2", "TLSv1_3"]


def new_contexts(version, client_certificate=False):
    """[the client's, the server's], for one version."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.load_verify_locations(cert("root.pem"))
    server.load_cert_chain(cert("localhost-ec.pem"))
    if client_certificate:
        client.load_cert_chain(cert("client.pem"))
        server.load_verify_locations(cert("root.pem"))
    for context in client, server:
        # some systems build Python with another default
        context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
        context.minimum_version = context.maximum_version = getattr(
            ssl.TLSVersion, version)
    return client, server


def read_all(reader):
    """What can be read, and what ends it: one read() of the backport may
    return what comes in several records."""
    data = b""
    for _ in range(5):
        found = outcome(lambda: reader.read(100))
        if found[0] == "raised" or found[1] is None or not found[1][1]:
            break
        data += found[1][1].encode("latin-1")
    return [show(data), found]


class Pair(object):
    """A client and a server that are connected, and never wait."""

    def shake(self):
        """Both handshakes; how each ended."""
        return self.run("do_handshake")

    def run(self, method):
        found = {}
        for _ in range(10):
            for side in "client", "server":
                if side in found:
                    continue
                result = outcome(getattr(getattr(self, side), method))
                if result[1] not in ("SSLWantReadError", "SSLWantWriteError"):
                    found[side] = result
                self.carry()
        return [found.get("client"), found.get("server")]

    def talk(self, one, other):
        """What each reads of what the other writes, two times."""
        found = []
        for _ in range(2):
            for writer, reader in (other, one), (one, other):
                found.append(outcome(lambda: writer.write(b"ping")))
                self.carry()
                found.append(read_all(reader))
                self.carry()
        return found


class Sockets(Pair):
    kind = "SSLSocket"

    def __init__(self, client, server, session=None,
                 server_hostname="localhost"):
        left, right = socket.socketpair()
        if PY2:  # where they are of the type below socket.socket
            left, right = (socket.socket(_sock=sock) for sock in (left, right))
        for sock in left, right:
            sock.settimeout(0)
        self.client = client.wrap_socket(
            left, do_handshake_on_connect=False, session=session,
            server_hostname=server_hostname)
        self.server = server.wrap_socket(
            right, server_side=True, do_handshake_on_connect=False)
        self.plain = left, right

    def carry(self):
        """Nothing to do: sockets do."""

    def cut_off(self, side):
        sock = getattr(self, side)
        # below TLS, of which stock forgets with its own shutdown()
        if PY2:
            sock._sock.shutdown(socket.SHUT_WR)
        else:
            socket.socket.shutdown(sock, socket.SHUT_WR)

    def close(self):
        for sock in (self.client, self.server) + self.plain:
            sock.close()


class Objects(Pair):
    kind = "SSLObject"

    def __init__(self, client, server, session=None,
                 server_hostname="localhost"):
        self.client_in, self.client_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server_in, self.server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(
            self.client_in, self.client_out, session=session,
            server_hostname=server_hostname)
        self.server = server.wrap_bio(
            self.server_in, self.server_out, server_side=True)
        self.ended = None  # the BIO that gets nothing any more

    def carry(self):
        for source, target in ((self.client_out, self.server_in),
                               (self.server_out, self.client_in)):
            if target is not self.ended:
                target.write(source.read())

    def cut_off(self, side):
        self.ended = self.server_in if side == "client" else self.client_in
        self.ended.write_eof()

    def close(self):
        """Nothing to do: an SSLObject holds no descriptor."""


@contextlib.contextmanager
def closing(pair):
    try:
        yield pair
    finally:
        pair.close()


def other(side):
    return "server" if side == "client" else "client"


def half_done(pair):
    """The client has said hello, and the server has answered."""
    outcome(pair.client.do_handshake)
    pair.carry()
    outcome(pair.server.do_handshake)


# Contexts in each state

def before():
    """A context that nobody has used."""
    for name, protocol in (("client's", ssl.PROTOCOL_TLS_CLIENT),
                           ("server's", ssl.PROTOCOL_TLS_SERVER),
                           ("anyone's", ssl.PROTOCOL_TLS)):
        def look(line):
            context = silently(lambda: ssl.SSLContext(protocol))
            if name == "server's":
                context.load_cert_chain(cert("localhost-ec.pem"))
            else:
                context.load_verify_locations(cert("root.pem"))
            found = outcome_of(line, names_for(c=context))
            return [found] if line.options == "alone" else [
                found, use(context, name == "server's")]

        for line in lines(CONTEXT, True):
            tell("context, " + name, line, look)
        for attribute in DELETIONS:
            tell("context, " + name, "del c." + attribute, look)


def silently(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def use(context, server_side):
    """How a handshake with a context ends."""
    client, server = new_contexts("TLSv1_3")
    for each in client, server:
        each.minimum_version = ssl.TLSVersion.TLSv1_2
    contexts = (client, context) if server_side else (context, server)
    try:
        pair = Objects(*contexts)
    except Exception as error:
        return show_error(error)
    return [pair.shake(), pair.client.version(), pair.server.version(),
            pair.talk(pair.client, pair.server)]


def during():
    """A context whose connection is at some point."""
    for version in VERSIONS:
        for kind in Sockets, Objects:
            for name, call in CONTEXT_STATES:
                def look(line):
                    with closing(kind(*new_contexts(version))) as pair:
                        return call(pair, line)

                for line in lines(CONTEXT, False):
                    if line.options != "alone":
                        tell("context, %s, %s, %s" % (
                            name, kind.kind, version), line, look)


def in_callback(pair, line):
    found = []
    context = pair.server.context

    def named(*args):
        context.sni_callback = None
        found.append(outcome_of(line, names_for(c=context)))

    context.sni_callback = named
    ends = pair.shake()
    return found + [ends, pair.talk(pair.server, pair.client)]


def at_half(side):
    def call(pair, line):
        half_done(pair)
        context = getattr(pair, side).context
        found = outcome_of(line, names_for(c=context))
        return [found, pair.shake(), pair.talk(pair.client, pair.server)]
    return call


def at_end(side):
    def call(pair, line):
        pair.shake()
        context = getattr(pair, side).context
        found = outcome_of(line, names_for(c=context))
        return [found, pair.talk(pair.client, pair.server)]
    return call


def closed(pair, line):
    pair.shake()
    context = pair.client.context
    pair.close()
    return [outcome_of(line, names_for(c=context))]


CONTEXT_STATES = [
    ("in SNI callback", in_callback),
    ("client's, half done", at_half("client")),
    ("server's, half done", at_half("server")),
    ("client's, done", at_end("client")),
    ("server's, done", at_end("server")),
    ("closed", closed),
]


# Connections in each state

def new(pair, side):
    """The handshake has not begun."""


def half(pair, side):
    half_done(pair)


def done(pair, side):
    pair.shake()


def read_before(pair, side):
    pair.shake()
    getattr(pair, other(side)).write(b"0123456789")
    pair.carry()
    outcome(lambda: getattr(pair, side).read(2))


def ended(pair, side):
    """The peer has said that it ends."""
    pair.shake()
    outcome(getattr(pair, other(side)).unwrap)
    pair.carry()


def cut_off(pair, side):
    """The peer has gone without a word."""
    pair.shake()
    pair.cut_off(other(side))


def unwrapped(pair, side):
    pair.shake()
    pair.run("unwrap")


def shut(pair, side):
    pair.shake()
    pair.close()


CONNECTION_STATES = [new, half, done, read_before, ended, cut_off, unwrapped,
                     shut]
MODES = ["plain", "resumed", "authenticated", "authenticates later",
         "refused"]


def contexts_of(mode, version):
    """(client's, server's, a session of them)."""
    if (mode, version) not in made:
        client, server = new_contexts(version, mode.startswith("auth"))
        if mode == "authenticated":
            server.verify_mode = ssl.CERT_REQUIRED
        elif mode == "authenticates later":
            client.post_handshake_auth = server.post_handshake_auth = True
            server.verify_mode = ssl.CERT_OPTIONAL
        pair = Objects(client, server)
        pair.shake()
        pair.talk(pair.client, pair.server)
        old = pair.client.session
        if mode == "refused":
            client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made[mode, version] = client, server, old
    return made[mode, version]


made = {}


def connections():
    for version in VERSIONS:
        for kind in Sockets, Objects:
            for mode, state in states_of(kind):
                for side in "client", "server":
                    connections_of(version, kind, mode, state, side)
            connections_in_callback(version, kind)


def connections_of(version, kind, mode, state, side):
    def look(line):
        client, server, old = contexts_of(mode, version)
        session = old if mode == "resumed" else None
        with closing(kind(client, server, session)) as pair:
            return connection(pair, side, state, line, old)

    everything = state is done and mode == "plain" and side == "client"
    for line in lines(table_of(kind), everything):
        tell("%s's, %s, %s, %s, %s" % (
            side, kind.kind, version, mode,
            state.__name__.replace("_", " ")), line, look)


def connections_in_callback(version, kind):
    def look(line):
        client, server, old = contexts_of("plain", version)
        with closing(kind(client, server)) as pair:
            return named(pair, line, old)

    for line in lines(table_of(kind), False):
        tell("server's, %s, %s, in SNI callback" % (kind.kind, version),
             line, look)


def table_of(kind):
    return CONNECTION + (SOCKET if kind is Sockets else "")


def states_of(kind):
    for state in CONNECTION_STATES:
        if state is not shut or kind is Sockets:
            yield "plain", state
    for mode in MODES[1:]:
        yield mode, done


def connection(pair, side, state, line, old):
    state(pair, side)
    s, p = getattr(pair, side), getattr(pair, other(side))
    found = outcome_of(line, names_for(s=s, p=p, old=old))
    pair.carry()
    ends = [] if state in (done, read_before, shut) else pair.shake()
    return [found, ends, [] if state is shut else pair.talk(s, p)]


def named(pair, line, old):
    found = []
    context = pair.server.context

    def callback(sock, name, context):
        found.append(outcome_of(line, names_for(s=sock, p=pair.client,
                                                old=old)))

    context.sni_callback = callback
    try:
        ends = pair.shake()
    finally:
        context.sni_callback = None
    return found + [ends, pair.talk(pair.server, pair.client)]


def unconnected():
    """A socket that has no peer yet."""
    for side in "client", "server":
        def look(line):
            client, server, old = contexts_of("plain", "TLSv1_3")
            with contextlib.closing(
                    server.wrap_socket(socket.socket(), True)
                    if side == "server" else client.wrap_socket(
                        socket.socket(), server_hostname="localhost")) as s:
                s.settimeout(0)
                return [outcome_of(line, names_for(s=s, old=old))]

        for line in lines(CONNECTION + SOCKET, False):
            tell(side + "'s, SSLSocket, unconnected", line, look)


# What callbacks are told, and what becomes of their answers

CALLBACKS = [
    ("sni_callback returns VALUE", SMALL,
     lambda kind, version, value: answer_name(kind, version, value)),
    ("PSK client callback returns VALUE", FEW + PAIRS,
     lambda kind, version, value: answer_keys(kind, version, value,
                                              "b'key'")),
    ("PSK server callback returns VALUE", SMALL + KEYS,
     lambda kind, version, value: answer_keys(kind, version,
                                              "('text',b'key')", value)),
    ("_msg_callback returns VALUE", FEW,
     lambda kind, version, value: answer_messages(kind, version, value)),
]


def answers():
    for version in VERSIONS:
        for kind in Sockets, Objects:
            for text, values, call in CALLBACKS:
                for value in values:
                    tell("%s, %s" % (kind.kind, version),
                         Line(text, value, text, ""),
                         lambda line: call(kind, version, line.value))


def returning(value, told):
    """A callback that returns a value, and notes what it is told."""
    def callback(*args):
        told.append(show(args))
        return evaluate(value, "eval", globals())
    return callback


def answer_name(kind, version, value):
    client, server = new_contexts(version)
    told = []
    server.sni_callback = returning(value, told)
    with closing(kind(client, server)) as pair:
        return [told, pair.shake()]


def answer_keys(kind, version, client_answer, server_answer):
    """Of TLS 1.2 and a suite for it: 1.3 falls back to certificates."""
    client, server = new_contexts(version)
    told = []
    if version == "TLSv1_2":
        for context in client, server:
            context.set_ciphers("PSK")
    client.set_psk_client_callback(returning(client_answer, told))
    server.set_psk_server_callback(returning(server_answer, told), "hint")
    with closing(kind(client, server)) as pair:
        ends = pair.shake()
        return [told, ends, pair.talk(pair.client, pair.server)]


def answer_messages(kind, version, value):
    client, server = new_contexts(version)
    told = []
    client._msg_callback = returning(value, told)
    with closing(kind(client, server)) as pair:
        ends = pair.shake()
        # the messages themselves are random
        return [[each[:-1] for each in told], ends]


def keys():
    for version in VERSIONS:
        tell(version, "labels of the key log", lambda line: labels(version))


def labels(version):
    client, server = new_contexts(version)
    client.keylog_filename = "keys"
    Objects(client, server).shake()
    with open("keys") as stream:
        found = sorted(line.split()[0] for line in stream)
    os.remove("keys")
    return found


def tickets():
    """How many tickets come for what is set."""
    for number in 0, 1, 2, 3, 255:
        tell("TLSv1_3", "num_tickets = %d" % number,
             lambda line: count_tickets(number))


def count_tickets(number):
    client, server = new_contexts("TLSv1_3")
    server.num_tickets = number
    told = []
    client._msg_callback = returning("None", told)
    pair = Objects(client, server)
    pair.shake()
    pair.talk(pair.client, pair.server)
    return [sum(each[5:6] == [["_TLSMessageType", "4"]] for each in told),
            pair.client.session is not None]


# What both sides may have set, and agree on
AGREEMENTS = [
    ("set_groups", ["X25519", "P-256", "secp384r1", "P-256:X25519"]),
    ("set_ciphersuites", ["TLS_AES_128_GCM_SHA256",
                          "TLS_AES_256_GCM_SHA384"]),
    ("set_client_sigalgs", ["RSA+SHA256", "ECDSA+SHA256"]),
    ("set_server_sigalgs", ["RSA+SHA256", "ECDSA+SHA256"]),
    ("set_alpn_protocols", [[], ["h2"], ["http/1.1", "h2"]]),
]


def agreements():
    for version in VERSIONS:
        for setter, values in AGREEMENTS:
            for ours in values:
                for theirs in values:
                    tell(version, "%s %s, %s" % (setter, ours, theirs),
                         lambda line: [outcome(lambda: agree(
                             version, setter, ours, theirs))])


def agree(version, setter, ours, theirs):
    client, server = new_contexts(version, True)
    server.verify_mode = ssl.CERT_REQUIRED
    getattr(client, setter)(ours)
    getattr(server, setter)(theirs)
    pair = Objects(client, server)
    return pair.shake() + [
        pair.client.cipher(), pair.client.selected_alpn_protocol(),
        pair.server.selected_alpn_protocol(),
        pair.client.group(), pair.server.group(),
        pair.client.client_sigalg(), pair.client.server_sigalg(),
        pair.server.client_sigalg(), pair.server.server_sigalg()]


def hosts():
    """Whether a certificate is good for a host."""
    for version in VERSIONS:
        for text in HOSTS.strip().splitlines():
            for flag in FLAGS.strip().splitlines():
                tell("%s, %s" % (version, flag), text,
                     lambda line: check_host(version, flag, *text.split()))


def check_host(version, flag, name, host):
    client, _ = new_contexts(version)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert(name))
    execute(flag, names_for(c=client))
    pair = Objects(client, server, server_hostname=host)
    return [pair.shake(), outcome(pair.client.getpeercert),
            outcome(pair.client.get_verified_chain),
            outcome(pair.client.get_unverified_chain)]


def module():
    for line in lines(MODULE, True):
        tell("module", line, lambda line: [outcome_of(line, names_for())])


if PY2:
    integers, text = (int, long), unicode  # noqa: F821
else:
    integers, text = (int,), str
certificates = sys.argv[1]
first_row = int(sys.argv[2]) if len(sys.argv) > 2 else 0


def main():
    write([sys.version.split()[0], ssl.OPENSSL_VERSION])
    for part in (module, before, during, connections, unconnected, answers,
                 keys, tickets, agreements, hosts):
        part()


if __name__ == "__main__":
    main()
