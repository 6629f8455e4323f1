"""No public callable may leak memory, whether it succeeds or fails.

SUCCESS and FAILURE have a call of each function, method and class in
docs/api.json.  A test fails if one is missing.
"""

import contextlib
import ctypes
import io
import socket
import ssl

import pytest

import pkcs12
from helpers import (PASSWORD, PY2, BioPair, SocketPair, Task, cert,
                     client_context, listening, server_context, serving,
                     unix_pair)
from leaks import (DER, ECH_KEYS, MARKS, PEM, PIECE, TABLES, assert_flat,
                   full_names, growth, is_flat, must_fail, new_context,
                   specimens)

pytestmark = MARKS
FAR = "Jan  5 09:34:43 2038 GMT"


def test_the_measure():
    """is_flat() must detect a leak of one object for each call.

    The test makes many calls, as objects of earlier tests may be freed
    meanwhile and reduce the growth.
    """
    kept = []
    for make in (lambda: kept.append([]), lambda: kept.append(
            ctypes.create_string_buffer(100000))):
        assert not is_flat(growth(make, 500), 500)


def unconnected(w):
    """An SSLSocket that is not connected; it is closed after the block."""
    return contextlib.closing(w.client.wrap_socket(
        socket.socket(), server_hostname="localhost"))


def connect(method):
    def call(w):
        with serving(lambda sock: None, w.server) as address:
            with unconnected(w) as sock:
                getattr(sock, method)(address)
    return call


def fail_to_connect(method):
    def call(w):
        with listening() as listener:
            address = listener.getsockname()
        with unconnected(w) as sock:
            assert getattr(sock, method)(address)
    return call


def accept(w):
    with listening() as plain:
        listener = w.server.wrap_socket(plain, server_side=True)
        with contextlib.closing(listener), Task(listener.accept) as accepting:
            with contextlib.closing(socket.create_connection(
                    listener.getsockname())) as sock:
                w.client.wrap_socket(
                    sock, server_hostname="localhost").close()
            accepting.result()[0].close()


def fail_to_accept(w):
    with listening() as plain:
        listener = w.server.wrap_socket(plain, server_side=True)
        with contextlib.closing(listener):
            listener.settimeout(0)
            listener.accept()


def get_server_certificate(w):
    with serving(lambda sock: None, w.server) as address:
        ssl.get_server_certificate(address)


def fail_to_get_server_certificate(w):
    with serving(lambda sock: sock.sendall(b"no TLS at all")) as address:
        ssl.get_server_certificate(address)


def wrap(w):
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        w.client.wrap_socket(left, server_hostname="localhost",
                             do_handshake_on_connect=False).close()


def module_wrap_socket(w):
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        ssl.wrap_socket(left, do_handshake_on_connect=False).close()


def wrap_datagrams(wrap):
    """A call that wraps a datagram socket, and fails."""
    def call(w):
        with contextlib.closing(socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            wrap(w)(sock)
    return call


def wrap_untrusted(w):
    """The handshake fails within wrap_socket()."""
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        with Task(w.server.wrap_socket, right, server_side=True) as serving:
            try:
                new_context(w).wrap_socket(left, server_hostname="localhost")
            finally:
                assert isinstance(serving.error(), EnvironmentError)


def wrap_simple(w):
    left, right = unix_pair()
    with contextlib.closing(left), contextlib.closing(right):
        with Task(w.server.wrap_socket, right, server_side=True):
            ssl.sslwrap_simple(left)


def fresh_pair(operation):
    """A call of the operation with a new BioPair, since the operation may
    make the pair unusable."""
    def call(w):
        operation(BioPair(w.client, w.server))
    return call


def fresh_sockets(operation):
    def call(w):
        with SocketPair(w.client, w.server) as pair:
            operation(pair)
    return call


def untrusted(pair_type):
    def call(w):
        pair_type(new_context(w), w.server)
    return call


def unwrap_sockets(pair):
    with Task(pair.server.unwrap):
        pair.client.unwrap()


def asking(pair_type, willing):
    client, server = client_context("TLSv1.3"), server_context("TLSv1.3")
    client.post_handshake_auth = willing
    server.verify_mode = ssl.CERT_OPTIONAL

    def call(w):
        with pair_type(client, server) as pair:
            pair.server.verify_client_post_handshake()
    return call


def set_on(method, value):
    """A call of this setter on a new context."""
    return lambda w: getattr(new_context(w), method)(value)


def load_ech_keys(w):
    """Load keys twice, since each load adds keys."""
    context = new_context(w)
    for _ in range(2):
        context.load_ech_keys(io.BytesIO(ECH_KEYS.encode("ascii")))


def send_file(w):
    with io.open(cert("root.pem"), "rb") as stream:
        count = w.sockets.client.sendfile(stream)
    while count:
        count -= len(w.sockets.server.recv(count))


def send_file_as_text(w):
    with io.open(cert("root.pem")) as stream:
        w.sockets.client.sendfile(stream)


def write_to_the_end(w):
    bio = ssl.MemoryBIO()
    bio.write(b"x")
    bio.write_eof()


def make_file(w):
    w.sockets.client.makefile("rb").close()


def write_after_the_end(w):
    bio = ssl.MemoryBIO()
    bio.write_eof()
    bio.write(b"x")


def too_many(section, name):
    """A call with too many arguments, the only way to make it fail."""
    return lambda w: getattr(specimens(section, w)[0], name)(*range(12))


GETTERS = [
    "cipher", "client_sigalg", "compression", "ech_outer_name",
    "ech_retry_configs", "ech_status", "get_channel_binding",
    "get_unverified_chain", "get_verified_chain", "getpeercert", "group",
    "ocsp_response", "pending", "selected_alpn_protocol",
    "selected_npn_protocol", "server_sigalg", "shared_ciphers", "version"]

SUCCESS = {
    "ssl.DER_cert_to_PEM_cert": lambda w: ssl.DER_cert_to_PEM_cert(DER),
    "ssl.PEM_cert_to_DER_cert": lambda w: ssl.PEM_cert_to_DER_cert(PEM),
    "ssl.RAND_add": lambda w: ssl.RAND_add(b"x", 0.0),
    "ssl.RAND_bytes": lambda w: ssl.RAND_bytes(100),
    "ssl.RAND_pseudo_bytes": lambda w: ssl.RAND_pseudo_bytes(100),
    "ssl.RAND_status": lambda w: ssl.RAND_status(),
    "ssl.cert_time_to_seconds": lambda w: ssl.cert_time_to_seconds(FAR),
    "ssl.create_default_context": lambda w: ssl.create_default_context(),
    "ssl.generate_ech_keys": lambda w: ssl.generate_ech_keys("localhost"),
    "ssl.get_default_verify_paths":
        lambda w: ssl.get_default_verify_paths(),
    "ssl.get_protocol_name":
        lambda w: ssl.get_protocol_name(ssl.PROTOCOL_TLS),
    "ssl.get_server_certificate": get_server_certificate,
    "ssl.get_sigalgs": lambda w: ssl.get_sigalgs(),
    "ssl.match_hostname": lambda w: ssl.match_hostname(
        {"subject": (), "subjectAltName": (("DNS", "localhost"),)},
        "localhost"),
    "ssl.sslwrap_simple": wrap_simple,
    "ssl.wrap_socket": module_wrap_socket,
    "SSLContext.cert_store_stats": lambda w: w.client.cert_store_stats(),
    "SSLContext.copy": lambda w: (w.full.copy(), w.resuming.copy()),
    "SSLContext.get_ca_certs": lambda w: w.client.get_ca_certs(),
    "SSLContext.get_ciphers": lambda w: w.client.get_ciphers(),
    "SSLContext.get_groups": lambda w: w.client.get_groups(),
    "SSLContext.load_cert_chain":
        lambda w: w.client.load_cert_chain(cert("client.pem")),
    "SSLContext.load_default_certs":
        lambda w: new_context(w).load_default_certs(),
    "SSLContext.load_dh_params":
        lambda w: w.server.load_dh_params(cert("dh2048.pem")),
    "SSLContext.load_pkcs12": lambda w: w.client.load_pkcs12(
        io.BytesIO(pkcs12.encrypted("rc2")), lambda: PASSWORD),
    "SSLContext.load_ech_keys": load_ech_keys,
    "SSLContext.load_verify_locations": lambda w: (
        new_context(w).load_verify_locations(
            cert("root.pem"), cert("capath"), DER)),
    "SSLContext.session_from_bytes":
        lambda w: w.resuming.session_from_bytes(w.session_bytes),
    "SSLContext.session_stats": lambda w: w.client.session_stats(),
    "SSLContext.set_alpn_protocols":
        set_on("set_alpn_protocols", ["h2", "http/1.1"]),
    "SSLContext.set_ciphers": set_on("set_ciphers", "HIGH"),
    "SSLContext.set_ciphersuites":
        set_on("set_ciphersuites", "TLS_AES_128_GCM_SHA256"),
    "SSLContext.set_client_sigalgs": lambda w: ssl.SSLContext(
        ssl.PROTOCOL_TLS_SERVER).set_client_sigalgs("rsa_pss_rsae_sha256"),
    "SSLContext.set_default_verify_paths":
        lambda w: new_context(w).set_default_verify_paths(),
    "SSLContext.set_ecdh_curve": set_on("set_ecdh_curve", "prime256v1"),
    "SSLContext.set_groups": set_on("set_groups", "X25519:P-256"),
    "SSLContext.set_npn_protocols": set_on("set_npn_protocols", ["a"]),
    "SSLContext.set_psk_client_callback":
        set_on("set_psk_client_callback", lambda hint: ("a", b"b")),
    "SSLContext.set_psk_server_callback": lambda w: ssl.SSLContext(
        ssl.PROTOCOL_TLS_SERVER).set_psk_server_callback(
            lambda identity: b"b", "hint"),
    "SSLContext.set_server_sigalgs":
        set_on("set_server_sigalgs", "rsa_pss_rsae_sha256"),
    "SSLContext.set_servername_callback": lambda w: ssl.SSLContext(
        ssl.PROTOCOL_TLS_SERVER).set_servername_callback(
            lambda *arguments: None),
    "SSLContext.wrap_bio": lambda w: w.client.wrap_bio(
        ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost"),
    "SSLContext.wrap_socket": wrap,
    "SSLSocket.accept": accept,
    "SSLSocket.close": fresh_sockets(lambda pair: pair.client.close()),
    "SSLSocket.connect": connect("connect"),
    "SSLSocket.connect_ex": connect("connect_ex"),
    "SSLSocket.do_handshake": fresh_sockets(lambda pair: None),
    "SSLSocket.makefile": make_file,
    "SSLSocket.read": lambda w: w.pass_sockets(lambda s: s.read(10)),
    "SSLSocket.recv": lambda w: w.pass_sockets(lambda s: s.recv(10)),
    "SSLSocket.recv_into": lambda w: w.pass_sockets(
        lambda s: s.recv_into(bytearray(10))),
    "SSLSocket.send": lambda w: w.pass_sockets(
        lambda s: s.recv(w.sockets.client.send(b"y") + 9)),
    "SSLSocket.sendall": lambda w: w.pass_sockets(lambda s: s.recv(10)),
    "SSLSocket.sendfile": send_file,
    "SSLSocket.shutdown": fresh_sockets(
        lambda pair: pair.client.shutdown(socket.SHUT_RDWR)),
    "SSLSocket.unwrap": fresh_sockets(unwrap_sockets),
    "SSLSocket.verify_client_post_handshake": asking(SocketPair, True),
    "SSLSocket.write": lambda w: w.pass_sockets(lambda s: s.recv(10)),
    "SSLObject.close": fresh_pair(lambda pair: pair.client.close()),
    "SSLObject.do_handshake": fresh_pair(lambda pair: None),
    "SSLObject.peer_certificate":
        lambda w: w.bios.client.peer_certificate(True),
    "SSLObject.read": lambda w: w.pass_bios(),
    "SSLObject.shutdown": fresh_pair(lambda pair: pair.finish(
        pair.client.shutdown, pair.server.shutdown)),
    "SSLObject.unwrap": fresh_pair(lambda pair: pair.finish(
        pair.client.unwrap, pair.server.unwrap)),
    "SSLObject.verify_client_post_handshake": asking(BioPair, True),
    "SSLObject.write": lambda w: w.pass_bios(30000),
    "MemoryBIO.read": lambda w: w.bio.read(w.bio.write(b"x" * 1000)),
    "MemoryBIO.write": lambda w: w.bio.read(w.bio.write(b"x" * 1000)),
    "MemoryBIO.write_eof": write_to_the_end,
    "SSLSession.to_bytes": lambda w: w.session.to_bytes(),
    "Certificate.get_info": lambda w: w.certificate.get_info(),
    "Certificate.public_bytes": lambda w: w.certificate.public_bytes(),
}
for each in GETTERS:
    SUCCESS["SSLSocket." + each] = (
        lambda w, name=each: getattr(w.sockets.client, name)())
    SUCCESS["SSLObject." + each] = (
        lambda w, name=each: getattr(w.bios.client, name)())

EXCEPTIONS = [
    "CertificateError", "SSLCertVerificationError", "SSLEOFError",
    "SSLError", "SSLSyscallError", "SSLWantReadError", "SSLWantWriteError",
    "SSLZeroReturnError"]
SUCCESS.update({
    "ssl.DefaultVerifyPaths": lambda w: ssl.DefaultVerifyPaths(*range(6)),
    "ssl.MemoryBIO": lambda w: ssl.MemoryBIO(),
    "ssl.SSLContext": lambda w: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
})
for each in EXCEPTIONS:
    SUCCESS["ssl." + each] = (
        lambda w, name=each: str(getattr(ssl, name)(1, "text")))

# only the module makes these objects; SSLSocket() is for subclasses and 2.7
UNMAKEABLE = ["ssl.SSLObject", "ssl.SSLSession", "ssl.SSLSocket"]

# these methods never succeed on a TLS socket
REFUSED = {"dup": [], "recvfrom": [1], "recvfrom_into": [bytearray(1)],
           "recvmsg": [1], "recvmsg_into": [[bytearray(1)]],
           "sendmsg": [[b"x"]], "sendto": [b"x", ("127.0.0.1", 1)]}

FAILURE = {
    "ssl.DER_cert_to_PEM_cert": lambda w: ssl.DER_cert_to_PEM_cert(None),
    "ssl.PEM_cert_to_DER_cert": lambda w: ssl.PEM_cert_to_DER_cert("junk"),
    "ssl.RAND_add": lambda w: ssl.RAND_add(object(), 0.0),
    "ssl.RAND_bytes": lambda w: ssl.RAND_bytes(-1),
    "ssl.RAND_pseudo_bytes": lambda w: ssl.RAND_pseudo_bytes(-1),
    "ssl.cert_time_to_seconds": lambda w: ssl.cert_time_to_seconds("junk"),
    "ssl.create_default_context": lambda w: ssl.create_default_context(
        cafile=cert("junk.pem")),
    "ssl.generate_ech_keys": lambda w: ssl.generate_ech_keys("a..b"),
    "ssl.get_protocol_name": lambda w: ssl.get_protocol_name([]),
    "ssl.get_server_certificate": fail_to_get_server_certificate,
    "ssl.match_hostname": lambda w: ssl.match_hostname(
        {"subject": (), "subjectAltName": (("DNS", "other"),)},
        "localhost"),
    "ssl.sslwrap_simple": lambda w: ssl.sslwrap_simple(
        None, certfile=cert("junk-key.pem")),
    "ssl.wrap_socket": wrap_datagrams(lambda w: ssl.wrap_socket),
    "ssl.MemoryBIO": lambda w: ssl.MemoryBIO(b"x"),
    "ssl.SSLContext": lambda w: ssl.SSLContext(99),
    "ssl.SSLObject": lambda w: ssl.SSLObject(w.bio),
    "ssl.SSLSocket": wrap_datagrams(lambda w: ssl.SSLSocket),
    "SSLContext.load_cert_chain":
        lambda w: w.client.load_cert_chain(cert("junk-key.pem")),
    "SSLContext.load_default_certs":
        lambda w: w.client.load_default_certs("no purpose"),
    "SSLContext.load_dh_params":
        lambda w: w.server.load_dh_params(cert("dh-junk.pem")),
    "SSLContext.load_pkcs12": lambda w: w.client.load_pkcs12(
        io.BytesIO(pkcs12.encrypted("rc2")), "wrong"),
    "SSLContext.load_ech_keys":
        lambda w: w.server.load_ech_keys(cert("localhost.pem")),
    "SSLContext.load_verify_locations": lambda w: (
        new_context(w).load_verify_locations(cadata=DER + b"junk")),
    "SSLContext.session_from_bytes":
        lambda w: w.resuming.session_from_bytes(w.session_bytes[:-1]),
    "SSLContext.set_alpn_protocols": set_on("set_alpn_protocols", [""]),
    "SSLContext.set_ciphers": set_on("set_ciphers", "none such"),
    "SSLContext.set_ciphersuites": set_on("set_ciphersuites", "none such"),
    "SSLContext.set_client_sigalgs":
        set_on("set_client_sigalgs", "none such"),
    "SSLContext.set_ecdh_curve": set_on("set_ecdh_curve", "none such"),
    "SSLContext.set_groups": set_on("set_groups", "none such"),
    "SSLContext.set_npn_protocols": set_on("set_npn_protocols", ["a", ""]),
    "SSLContext.set_psk_client_callback":
        set_on("set_psk_client_callback", "no callback"),
    "SSLContext.set_psk_server_callback": lambda w: (
        w.settings.set_psk_server_callback(lambda name: b"", "h" * 1000)),
    "SSLContext.set_server_sigalgs":
        set_on("set_server_sigalgs", "none such"),
    "SSLContext.set_servername_callback": lambda w: (
        w.settings.set_servername_callback("no callback")),
    "SSLContext.wrap_bio": lambda w: w.client.wrap_bio(
        ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="a" * 300),
    "SSLContext.wrap_socket": wrap_untrusted,
    "SSLSocket.accept": fail_to_accept,
    "SSLSocket.connect": fail_to_connect("connect"),
    "SSLSocket.do_handshake": untrusted(SocketPair),
    "SSLSocket.sendfile": send_file_as_text,
    "SSLSocket.verify_client_post_handshake": asking(SocketPair, False),
    "SSLObject.do_handshake": untrusted(BioPair),
    "SSLObject.read": lambda w: w.bios.client.read(1),
    "SSLObject.shutdown": fresh_pair(lambda pair: pair.client.shutdown()),
    "SSLObject.unwrap": fresh_pair(lambda pair: pair.client.unwrap()),
    "SSLObject.verify_client_post_handshake": asking(BioPair, False),
    "SSLObject.write": lambda w: w.bios.client.write(u"\xe9"),
    "MemoryBIO.read": lambda w: w.bio.read("1"),
    "MemoryBIO.write": write_after_the_end,
    "Certificate.public_bytes": lambda w: w.certificate.public_bytes(99),
}
for each in "getpeercert", "peer_certificate":
    FAILURE["SSLObject." + each] = (
        lambda w, name=each: getattr(w.fresh_bios.client, name)())
for each in "SSLSocket", "SSLObject":
    FAILURE[each + ".get_channel_binding"] = (
        lambda w, section=each: specimens(section, w)[0].get_channel_binding(
            "none such"))
for each in EXCEPTIONS:
    FAILURE["ssl." + each] = (
        lambda w, name=each: getattr(ssl, name)(junk=1))
# these return an error, and do not raise one
RETURNED = {"SSLSocket.connect_ex": fail_to_connect("connect_ex")}

# How an SSLSocket's methods fail, by the state of the connection
ARGUMENTS = {"read": [10], "recv": [10], "recv_into": [bytearray(10)],
             "send": [PIECE], "sendall": [PIECE], "write": [PIECE],
             "shutdown": [socket.SHUT_RDWR]}
READING, WRITING = ["read", "recv", "recv_into"], ["sendall", "write"]
# on 2.7 send() returns 0 instead
STATES = {
    "impatient": [
        (ssl.SSLWantReadError, READING),
        (ssl.SSLWantWriteError, WRITING if PY2 else WRITING + ["send"])],
    "slow": [(socket.timeout, READING + WRITING + ["send"])],
    "ended": [
        (ssl.SSLEOFError, READING),
        (EnvironmentError, WRITING + ["send", "unwrap"])],
    "closed": [
        (ValueError, ["read", "write", "unwrap", "getpeercert"]),
        (socket.error, ["recv", "recv_into", "send", "sendall",
                        "shutdown", "do_handshake"])],
    "unconnected": [
        (ValueError, ["read", "write", "unwrap", "get_unverified_chain",
                      "get_verified_chain", "verify_client_post_handshake"]),
        (socket.error, ["recv", "recv_into", "send", "sendall",
                        "do_handshake", "getpeercert"])],
}
# these fail only with a wrong number of arguments
UNFAILING = {
    "ssl": ["RAND_status", "get_default_verify_paths", "get_sigalgs",
            "DefaultVerifyPaths", "SSLSession"],
    "SSLContext": [
        "cert_store_stats", "copy", "get_ca_certs", "get_ciphers",
        "get_groups", "session_stats", "set_default_verify_paths"],
    "SSLSocket": ["close", "makefile"],
    "SSLObject": ["close", "get_unverified_chain", "get_verified_chain"],
    "MemoryBIO": ["write_eof"],
    "SSLSession": ["to_bytes"],
    "Certificate": ["get_info"],
}
for each in "SSLSocket", "SSLObject":
    UNFAILING[each] += [name for name in GETTERS
                        if not name.startswith("get")]
for section, names in UNFAILING.items():
    FAILURE.update((section + "." + each, too_many(section, each))
                   for each in names)
FAILURE.update({
    "SSLSocket." + each: lambda w, name=each: (
        getattr(w.sockets.client, name)(*REFUSED[name]))
    for each in REFUSED})


def is_class(name):
    """Whether a name of the module is a class other than an enumeration."""
    found = getattr(ssl, name, None)
    return (isinstance(found, type)
            and not isinstance(found, type(ssl.AlertDescription)))


CALLABLES = full_names(
    {section: [name[:-2] for name in names if name.endswith("()")]
     for section, names in TABLES.items()}) | {
         "ssl." + name for name in TABLES["ssl"] if is_class(name)}


def test_every_public_callable_is_called():
    refused = {"SSLSocket." + name for name in REFUSED}
    assert CALLABLES == set(SUCCESS) | refused | set(UNMAKEABLE)
    assert CALLABLES == set(FAILURE) | set(RETURNED) | {
        "SSLSocket." + name for fails in STATES.values()
        for _, names in fails for name in names}


def skip_what_is_not_here(name, call, world):
    section, method = name.split(".")
    found = (ssl if section == "ssl" else getattr(ssl, section, None)
             or getattr(ssl._ssl, section))
    if not hasattr(found, method):
        pytest.skip("this Python does not have it")
    try:
        call(world)
    except NotImplementedError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", sorted(SUCCESS))
def test_success(name, world):
    call = SUCCESS[name]
    skip_what_is_not_here(name, call, world)
    assert_flat(lambda: call(world))


@pytest.mark.parametrize("name", sorted(set(FAILURE) | set(RETURNED)))
def test_failure(name, world):
    if name in RETURNED:
        return assert_flat(lambda: RETURNED[name](world))
    errors = (AttributeError, EnvironmentError, TypeError, ValueError,
              NotImplementedError)
    assert_flat(lambda: must_fail(errors, FAILURE[name], world))


# Measuring is slow, so the next test measures many calls together.

@pytest.mark.parametrize("state", sorted(STATES))
def test_failure_of_a_connection(state, world):
    found = getattr(world, state)
    sock = getattr(found, "client", found)

    def fail_all():
        for error, names in STATES[state]:
            for name in names:
                must_fail(error, getattr(sock, name),
                          *ARGUMENTS.get(name, []))

    assert_flat(fail_all)
