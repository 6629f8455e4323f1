"""The calls that look.py makes, and their arguments.  The docstring of look.py
describes the notation."""

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


# Calls of the module's functions and classes

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

# Calls with a context c.  look.py also compares a handshake afterwards.
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

# Attributes of a context, which `del` must not remove
DELETIONS = """
options verify_flags verify_mode check_hostname protocol security_level
minimum_version maximum_version num_tickets post_handshake_auth
hostname_checks_common_name _host_flags sni_callback _msg_callback
keylog_filename""".split()

# Calls with a connection s, whose peer is p.  look.py also compares the data
# that s reads afterwards.
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

# Calls with a connection s that is an SSLSocket
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

# Results of a client's callback for pre-shared keys

PAIRS = """
(None,b'key') ('text',b'key') (u'text',b'key') (b'text',b'key') ('text','key')
('text',None) ('text',b'') ('text',1) (1,b'key') ('text',b'key',1) ('text',)
['text',b'key'] ('x'*127,b'key') ('x'*128,b'key') ('x'*255,b'key')
('x'*256,b'key') ('x'*257,b'key') ('text',b'k'*256) ('text',b'k'*257)
('text',b'k'*512) ('text',b'k'*513) ('text',bytearray(b'key'))
('text',memoryview(b'key')) ('a\\0b',b'key') (u'\\xe9',b'key')
""".split()

KEYS = "b'key' b'other' b'k'*256 b'k'*257 b'k'*512 b'k'*513".split()

# Certificates with host names, and settings that decide whether they match
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
