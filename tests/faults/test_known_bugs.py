"""Known bugs of other ssl modules that the other test files do not cover.

The name of each test contains the ids of its bugs.  docs/security.rst lists
all known bugs.
"""

import contextlib
import gc
import mmap
import os
import socket
import ssl
import struct
import subprocess
import sys
import sysconfig
import weakref

import pytest

from helpers import (LONG, PY2, TESTS, BioPair, SocketPair, Task, cert,
                     client_context, receive, server_context, serving)

NULL_PROVIDER = """\
openssl_conf = init
[init]
providers = providers
[providers]
null = null
[null]
activate = 1
"""
NO_CONTEXT = """\
import ssl, sys
for _ in range(100):
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS)
    except ssl.SSLError as error:
        assert error.library == "SSL", error
        assert error.reason, error
    else:
        sys.exit("SSLContext() has made a context without ciphers")
"""
BESIDE_STOCK = """\
import hashlib, sys
def use_stock():
    import ssl
    ssl.RAND_status()
    if hasattr(ssl, "SSLContext"):  # since 2.7.9
        ssl.SSLContext(ssl.PROTOCOL_SSLv23)
before = set(sys.modules)
if %(first)r:
    use_stock()
    for name in set(sys.modules) - before:
        del sys.modules[name]
import _ssl_backport
_ssl_backport.install()
sys.path.insert(0, %(tests)r)
import helpers
with helpers.BioPair() as pair:
    pair.client.write(hashlib.sha256(b"abc").digest())
    pair.flush()
    assert pair.server.read(32)[:2] == b"\\xba\\x78"
"""
# the only symbol that the extension may export
ENTRANCE = "init__ssl_backport" if PY2 else "PyInit___ssl_backport"
HUGE = 2 ** 31 + 1
HOSTNAME_MISMATCH = 62  # X509_V_ERR_HOSTNAME_MISMATCH


def run_child(program, **variables):
    """Run Python code in a new process; the test fails with its errors."""
    child = subprocess.Popen(
        [sys.executable, "-m", "_ssl_backport", "-c", program],
        env=dict(os.environ, **variables),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = child.communicate()[0]
    assert child.returncode == 0, output.decode("utf-8", "replace")


# Objects

@pytest.mark.cpython("lets object.__new__() make any object")
@pytest.mark.backport_only("stock ssl makes some of these objects, and "
                           "crashes")
def test_gh_94101_no_object_without_its_inside():
    with BioPair() as pair:
        kinds = [type(pair.client.session), type(pair.client._sslobj)]
    for kind in kinds:
        for make in kind, lambda: kind.__new__(kind), lambda: (
                object.__new__(kind)):
            with pytest.raises(TypeError):
                make()


@pytest.mark.cpython("has one interpreter in a process")
@pytest.mark.backport_only("the test is about the extension")
def test_gh_122334_again_in_another_interpreter():
    testing = pytest.importorskip("_testcapi")
    if not hasattr(testing, "run_in_subinterp"):
        pytest.skip("this Python has no run_in_subinterp")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("in a free-threaded Python, a second interpreter does "
                    "not enable the GIL for an extension")
    run_child(
        "import _testcapi\n"
        "for _ in range(5):\n"
        "    assert _testcapi.run_in_subinterp('''if 1:\n"
        "        import _ssl_backport\n"
        "        _ssl_backport.install()\n"
        "        import ssl\n"
        "        context = ssl.SSLContext(ssl.PROTOCOL_TLS)\n"
        "        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())\n"
        "        import helpers\n"
        "        with helpers.SocketPair() as pair:\n"
        "            pair.client.sendall(b'hello')\n"
        "            assert helpers.receive(pair.server, 5) == b'hello'\n"
        "            pair.server.settimeout(0.001)\n"
        "            try:\n"
        "                pair.server.recv(1)\n"
        "            except helpers.socket.timeout:\n"
        "                pass\n"
        "        def judge(*arguments):\n"
        "            judged.append(arguments[-1])\n"
        "            return True\n"
        "        client, judged = helpers.client_context(), []\n"
        "        client.verify_callback = client.ocsp_callback = judge\n"
        "        with helpers.SocketPair(client):\n"
        "            assert judged == [True, True, None]\n"
        "        ''') == 0\n"
        "import helpers\n"
        "with helpers.SocketPair():\n"
        "    pass\n",
        PYTHONPATH=TESTS)


@pytest.mark.backport_only("stock ssl raises an error without a reason, or "
                           "none")
@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO < (3,),
                    reason="OpenSSL 1.1.1 has no providers, and always has "
                           "ciphers")
def test_bpo_28958_gh_117310_context_that_cannot_be_made(tmpdir):
    """If OpenSSL cannot make a context, SSLContext() must raise SSLError with
    a reason, and free nothing twice."""
    path = tmpdir.join("openssl.cnf")
    path.write(NULL_PROVIDER)
    run_child(NO_CONTEXT, OPENSSL_CONF=str(path))


@pytest.mark.since(3, 7, "check_hostname does not set verify_mode")
def test_gh_114905_verify_mode_and_check_hostname_in_any_order():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(ValueError):
        context.verify_mode = ssl.CERT_NONE
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is True
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.check_hostname = True
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_gh_146207_names_of_fixed_versions_stay():
    """PROTOCOL_TLSv1_2 and the like must limit a context to that version."""
    for name in "TLSv1", "TLSv1_1", "TLSv1_2":
        protocol = getattr(ssl, "PROTOCOL_" + name)
        context = ssl.SSLContext(protocol)
        assert context.protocol is protocol
    assert ssl.HAS_TLSv1_3 is True
    with pytest.raises(ssl.SSLError):
        BioPair(ssl.SSLContext(ssl.PROTOCOL_TLSv1_2),
                server_context("TLSv1.3"), server_hostname=None)


# Certificates

def alternative_names(name):
    found = ssl._ssl._test_decode_cert(cert(name))["subjectAltName"]
    return dict(reversed(found))


@pytest.mark.since(3, 7, "decoding fails, or truncates the value")
def test_bpo_27691_registered_id():
    names = alternative_names("decode-san-kinds.pem")
    assert names["Registered ID"] == "1.2.3.4.5"


def test_bpo_13034_all_kinds_of_alternative_names():
    names = alternative_names("decode-san-kinds.pem")
    assert names["DNS"] == "www.example.test"
    assert names["email"] == "user@example.test"
    assert names["URI"] == "https://example.test/path"
    assert names["IP Address"] == "192.0.2.1"


def test_bpo_30502_long_identifier():
    subject = ssl._ssl._test_decode_cert(cert("decode-long-oid.pem"))[
        "subject"]
    assert subject == (((("1.2." + ".".join(["127"] * 90)), "long"),),)


@pytest.mark.until(3, 12, "later versions have no match_hostname()")
def test_bpo_23239_addresses_in_all_spellings():
    found = {"subject": (), "subjectAltName": (
        ("IP Address", "192.0.2.1"), ("IP Address", "2001:DB8:0:0:0:0:0:1"))}
    for name in "192.0.2.1", "2001:db8::1", "2001:DB8:0:0:0:0:0:1", (
            "2001:0db8:0::0001"):
        ssl.match_hostname(found, name)
    for name in "192.0.2.2", "2001:db8::2", "192.0.2", "::":
        with pytest.raises(ssl.CertificateError):
            ssl.match_hostname(found, name)


@pytest.mark.backport_only("stock ssl accepts common names by default")
@pytest.mark.parametrize("chain, name", [
    ("host-wildcard-cn.pem", "www.example.test"),
    ("host-cn-only.pem", "localhost")], ids=["wildcard", "plain"])
def test_openssl_30346_common_names_do_not_count(chain, name, pair_type,
                                                 version):
    """By default, a client must not match the host name with the common name.
    With hostname_checks_common_name = True, it must, as stock ssl does."""
    context = ssl.create_default_context(cafile=cert(
        chain if "wildcard" in chain else "root.pem"))
    server = server_context(version, chain)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        pair_type(context, server, server_hostname=name)
    assert caught.value.verify_code == HOSTNAME_MISMATCH
    context.hostname_checks_common_name = True
    with pair_type(context, server, server_hostname=name) as pair:
        assert pair.client.version() == version


@pytest.mark.since(3, 13, "older versions do not have these methods")
def test_gh_118658_chains_are_bytes(pair_type, version):
    client, server = client_context(version), server_context(version)
    with pair_type(client, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        pair.client.read(1)
        session = pair.client.session
        chains = [pair.client.get_verified_chain(),
                  pair.client.get_unverified_chain()]
    for chain in chains:
        assert chain and {type(each) for each in chain} == {bytes}
    with pair_type(client, server, session=session) as pair:
        assert pair.client.session_reused
        assert {type(each) for each in pair.client.get_unverified_chain()
                } == {bytes}
        assert pair.client.get_verified_chain() in ([], chains[0])


def test_gh_105293_client_contexts_resume(version):
    """A PROTOCOL_TLS context must resume sessions as a client."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS)
    server = server_context(version)
    with BioPair(client, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        pair.client.read(1)
        session = pair.client.session
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused


# Input and output

def test_gh_74747_receive_timeout_of_the_kernel(sockets):
    """recv() must ignore SO_RCVTIMEO: only settimeout() sets a timeout."""
    millisecond = struct.pack("ll", 0, 1000)
    sockets.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO,
                              millisecond)
    with Task(receive, sockets.client, 5) as receiving:
        receiving._thread.join(0.05)
        assert receiving.running()
        sockets.server.sendall(b"hello")
        assert receiving.result() == b"hello"


@pytest.mark.cpython("lets a bytearray grow while its memory is in use")
def test_rule_buffers_are_held_while_used(sockets):
    """While recv_into() waits, the size of its buffer must not change."""
    target = bytearray(b"-" * 5)
    with Task(sockets.client.recv_into, target):
        while True:
            try:
                target.append(0)
                del target[5:]
            except BufferError:
                break
        sockets.server.sendall(b"hello")
    assert target[:5] == b"hello"
    target.append(0)


@pytest.mark.skipif(not LONG,
                    reason="needs ten seconds; make test-long runs it")
def test_bpo_21781_much_randomness():
    with contextlib.closing(mmap.mmap(-1, 2 ** 31 + 1)) as data:
        ssl.RAND_add(data, 0.0)
    assert len(set(ssl.RAND_bytes(1) for _ in range(200))) > 1


@contextlib.contextmanager
def more_than_2_gib():
    """A buffer of HUGE bytes: zeros, and an x at the end."""
    with contextlib.closing(mmap.mmap(-1, HUGE)) as data:
        data[HUGE - 1:] = b"x"
        yield data


def take(sock, size):
    """Read `size` bytes; returns the last piece."""
    piece = bytearray(1 << 20)
    while size:
        step = sock.recv_into(piece, min(size, len(piece)))
        assert step
        size -= step
    return bytes(piece[:step])


@pytest.mark.skipif(not LONG,
                    reason="needs ten seconds; make test-long runs it")
@pytest.mark.since(3, 10, "sendall() raises OverflowError")
def test_bpo_42854_write_of_more_than_2_gib(version):
    with SocketPair(version=version, timeout=300.0) as pair:
        with more_than_2_gib() as data:
            with Task(take, pair.server, HUGE) as taking:
                pair.client.sendall(data)
                assert taking.result()[-1:] == b"x"


@pytest.mark.skipif(not LONG,
                    reason="needs 4 GiB of memory; make test-long runs it")
@pytest.mark.backport_only("stock MemoryBIO.write() raises OverflowError")
def test_bpo_42854_memory_bio_of_more_than_2_gib():
    bio = ssl.MemoryBIO()
    with more_than_2_gib() as data:
        assert bio.write(data) == HUGE
    assert bio.pending == HUGE
    while bio.pending > 1 << 20:
        bio.read(1 << 20)
    assert bio.read()[-1:] == b"x"


@pytest.mark.python3("2.7 has no asyncio")
def test_bpo_34745_bpo_29870_aborted_connections_of_asyncio_die():
    import asyncio

    def meet(sock):
        with contextlib.suppress(OSError):
            sock.recv(1)

    def abort(address):
        _, writer = loop.run_until_complete(asyncio.open_connection(
            "localhost", address[1], ssl=client_context()))
        references.append(weakref.ref(writer.get_extra_info("ssl_object")))
        writer.transport.abort()

    references = []
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with serving(meet, server_context(), connections=10) as address:
        for _ in range(10):
            abort(address)
        loop.run_until_complete(asyncio.sleep(0))
    asyncio.set_event_loop(None)
    loop.close()
    gc.collect()
    assert [each() for each in references] == [None] * 10


# Another OpenSSL in the process

@pytest.mark.backport_only("the test is about the extension")
def test_psycopg2_543_nothing_is_exported():
    path = ssl._ssl.__file__
    try:
        output = subprocess.check_output(["nm", "-D", "--defined-only", path])
    except OSError:
        pytest.skip("nm is missing")
    names = {line.split()[-1] for line in output.decode("ascii").splitlines()}
    assert names == {ENTRANCE}


@pytest.mark.with_stock
@pytest.mark.backport_only("the test is about the extension")
@pytest.mark.parametrize("first", [True, False], ids=["first", "after"])
def test_psycopg2_543_beside_the_stock_module(first):
    child = subprocess.Popen(
        [sys.executable, "-c", BESIDE_STOCK % {
            "tests": TESTS,
            "first": first}],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = child.communicate()[0]
    assert child.returncode == 0, output.decode("utf-8", "replace")
