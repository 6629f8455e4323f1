"""The programs of docs/examples, as the manual shows them.

Each program runs in a process, and talks to a server or a client on loopback.
The tests skip a program whose library is not installed.  make test-ecosystem
installs all libraries.
"""

import collections
import contextlib
import glob
import os
import socket
import ssl
import subprocess
import sys

import pytest

try:
    import queue
except ImportError:  # Python 2
    import Queue as queue

from helpers import (PROJECT, TIMEOUT, Task, cert, client_context, read_all,
                     server_context, socketserver)

EXAMPLES = os.path.join(PROJECT, "docs", "examples")

pytestmark = pytest.mark.skipif(
    not os.path.exists(EXAMPLES), reason="the tests are not in a source tree")


# The peers

@contextlib.contextmanager
def serving(handler):
    """The port of a server that calls handler(sock) for each connection in a
    thread."""
    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.settimeout(TIMEOUT)
            handler(self.request)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with Task(server.serve_forever):
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            server.server_close()


def accept_tls(sock, context=None):
    return (context or server_context()).wrap_socket(sock, server_side=True)


def read_until(sock, end):
    data = b""
    while not data.endswith(end):
        byte = sock.recv(1)
        if not byte:
            raise EOFError
        data += byte
    return data


def http(sock):
    """An HTTPS server that greets the common name of the client's
    certificate."""
    context = server_context()
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cert("root.pem"))
    tls = accept_tls(sock, context)
    with contextlib.closing(tls):
        read_until(tls, b"\r\n\r\n")
        subject = dict(pair for names in (tls.getpeercert() or {}).get(
            "subject", ()) for pair in names)
        body = ("hello %s" % subject.get("commonName", "nobody")).encode()
        tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                    b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
                    % len(body) + body)
        try:
            tls.unwrap()
        except EnvironmentError:
            pass  # most clients send no close_notify


def proxy(sock):
    """An HTTPS proxy, for one connection."""
    outer = accept_tls(sock)
    with contextlib.closing(outer):
        place = read_until(outer, b"\r\n\r\n").split()[1].decode()
        host, port = place.rsplit(":", 1)
        target = socket.create_connection((host, int(port)), TIMEOUT)
        with contextlib.closing(target):
            outer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with Task(relay, outer, target):
                relay(target, outer)
                outer.shutdown(socket.SHUT_RDWR)


def relay(source, target):
    """Send all bytes of the source to the target, until the source ends or is
    closed."""
    try:
        while True:
            data = source.recv(65536)
            if not data:
                return
            target.sendall(data)
    except EnvironmentError:
        return


def postgres(sock):
    assert sock.recv(8) == b"\0\0\0\x08\x04\xd2\x16\x2f"
    sock.sendall(b"S")
    tls = accept_tls(sock)
    with contextlib.closing(tls):
        assert tls.recv(1) == b""


def line_server(greeting, answers, last=b"QUIT", end=None):
    """A server of a protocol whose commands are lines.

    `answers` maps a command to bytes, or to a function that takes the socket
    and returns the socket for the next commands.  The first word of the line
    replaces TAG in an answer, as IMAP requires.  After the command `last`, the
    server calls end(sock), or closes the connection.
    """
    def handler(sock):
        sock.sendall(greeting)
        command = None
        while command != last:
            words = read_until(sock, b"\r\n").upper().split()
            command = words[0] if words[0] in answers else words[1]
            answer = answers[command]
            if callable(answer):
                sock = answer(sock)
            else:
                sock.sendall(answer.replace(b"TAG", words[0]))
        if end is None:
            sock.close()
        else:
            end(sock)
    return handler


class Ftp(object):
    """An FTP server.  It refuses a data connection that does not resume the
    session of the control connection."""

    def __init__(self):
        self.context = server_context()
        self.data = None

    def __call__(self, sock):
        line_server(b"220 hello\r\n", {
            b"AUTH": self.auth, b"USER": b"230 welcome\r\n",
            b"PBSZ": b"200 OK\r\n", b"PROT": b"200 OK\r\n",
            b"TYPE": b"200 OK\r\n", b"EPSV": b"502 unknown\r\n",
            b"PASV": self.pasv, b"NLST": self.names,
            b"QUIT": b"221 bye\r\n"})(sock)

    def auth(self, sock):
        sock.sendall(b"234 go on\r\n")
        return accept_tls(sock, self.context)

    def pasv(self, sock):
        self.data = socket.socket()
        self.data.settimeout(TIMEOUT)
        self.data.bind(("127.0.0.1", 0))
        self.data.listen(1)
        sock.sendall(b"227 here (127,0,0,1,%d,%d)\r\n"
                     % divmod(self.data.getsockname()[1], 256))
        return sock

    def names(self, sock):
        sock.sendall(b"150 here\r\n")
        with contextlib.closing(self.data):
            tls = accept_tls(self.data.accept()[0], self.context)
        with contextlib.closing(tls):
            resumed = tls.session_reused
            if resumed:
                tls.sendall(b"hello.txt\r\n")
                tls.unwrap()
        sock.sendall(b"226 done\r\n" if resumed else b"522 not resumed\r\n")
        return sock


def upgrade(answer):
    """The answer to a command that starts TLS."""
    def command(sock):
        sock.sendall(answer)
        return accept_tls(sock)
    return command


smtp = line_server(b"220 hello\r\n", {
    b"EHLO": b"250-localhost\r\n250 STARTTLS\r\n",
    b"STARTTLS": upgrade(b"220 go on\r\n"),
    b"NOOP": b"250 OK\r\n", b"QUIT": b"221 bye\r\n"})
pop = line_server(b"+OK hello\r\n", {
    b"CAPA": b"+OK\r\nSTLS\r\n.\r\n", b"STLS": upgrade(b"+OK go on\r\n"),
    b"QUIT": b"+OK bye\r\n"})


def imap(sock):
    """An IMAP server.  It has two line servers: one up to STARTTLS, which it
    answers with the command's tag, and one from there to LOGOUT."""
    done = b"TAG OK done\r\n"
    capabilities = b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + done
    line_server(b"* OK hello\r\n", {
        b"CAPABILITY": capabilities, b"STARTTLS": done}, b"STARTTLS",
        lambda sock: line_server(b"", {
            b"CAPABILITY": capabilities, b"NOOP": done, b"LOGOUT": done},
            b"LOGOUT")(accept_tls(sock)))(sock)


# The programs

Program = collections.namedtuple(
    "Program", "name library peer arguments expected")
DEFAULT_GROUP = ("X25519MLKEM768" if ssl.OPENSSL_VERSION_INFO >= (3, 5)
                 else "x25519")
PROGRAMS = [
    Program("asyncore_client", "asyncore", http, "localhost PORT",
            "hello nobody"),
    Program("eventlet_client", "eventlet", http, "https://localhost:PORT/",
            "hello nobody\nhello nobody\nhello nobody"),
    Program("gevent_client", "gevent", http, "https://localhost:PORT/",
            "hello nobody\nhello nobody\nhello nobody"),
    Program("post_quantum", None, http, "localhost PORT",
            "TLSv1.3 " + DEFAULT_GROUP),
    Program("post_quantum", None, http, "localhost PORT X25519",
            "TLSv1.3 x25519"),
    Program("requests_context", "requests", http,
            "https://localhost:PORT/ CLIENT", "hello client"),
    Program("starttls_by_hand", None, postgres, "localhost PORT", "TLSv1.3"),
    Program("starttls_ftp", None, Ftp(), "localhost PORT",
            "TLSv1.3\ndata connection resumed: True\nhello.txt"),
    Program("starttls_imap", None, imap, "localhost PORT", "TLSv1.3\nOK"),
    Program("starttls_memorybio", None, postgres, "localhost PORT",
            "TLSv1.3"),
    Program("starttls_pop", None, pop, "localhost PORT", "TLSv1.3"),
    Program("starttls_smtp", None, smtp, "localhost PORT", "TLSv1.3\n250"),
    Program("tls_in_tls", None, http, "localhost PROXY localhost PORT",
            "hello nobody"),
    Program("tornado_client", "tornado", http, "https://localhost:PORT/",
            "hello nobody"),
    Program("trollius_client", "trollius", http, "localhost PORT",
            "hello nobody"),
    Program("twisted_client", "twisted", http, "https://localhost:PORT/ CA",
            "pyOpenSSL: hello nobody\nssl: hello nobody"),
    Program("urllib2_context", None, http, "https://localhost:PORT/ CLIENT",
            "hello client"),
    Program("urllib3_context", "urllib3", http,
            "https://localhost:PORT/ CLIENT", "hello client"),
]
# a server, and a module that other programs import
OTHERS = ["sni_server", "tls_stream"]
# {program: the OpenSSL that it needs}; with an older one the program raises
# NotImplementedError
NEEDED_OPENSSL = {"post_quantum": (3, 2)}


def start(name, arguments, root="root.pem"):
    """Start an example that trusts this CA of tests/certs."""
    return subprocess.Popen(
        [sys.executable, os.path.join(EXAMPLES, name + ".py")] +
        arguments,
        env=dict(os.environ, SSL_CERT_FILE=cert(root)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def has_library(name):
    """Whether a new process can import the module.  Some modules patch the
    process that imports them."""
    child = subprocess.Popen([sys.executable, "-c", "import " + name],
                             stderr=subprocess.PIPE)
    child.communicate()
    return child.returncode == 0


@pytest.fixture(params=PROGRAMS, ids=["%s-%d" % (program.name, number)
                                      for number, program
                                      in enumerate(PROGRAMS)])
def program(request):
    """Each client whose library is installed."""
    library = request.param.library
    if library and not has_library(library):
        pytest.skip("%s is not installed" % library)
    return request.param


def run(program, root):
    """Run a client that trusts this CA of tests/certs, and its servers;
    returns (exit status, standard output, standard error)."""
    with serving(program.peer) as port, serving(proxy) as proxy_port:
        arguments = program.arguments
        for word, value in [("PORT", port), ("PROXY", proxy_port),
                            ("CLIENT", cert("client.pem")),
                            ("CA", cert(root))]:
            arguments = arguments.replace(word, str(value))
        child = start(program.name, arguments.split(), root)
        output, errors = (text.decode() for text in child.communicate())
    return child.returncode, output, errors


def test_client(program):
    status, output, errors = run(program, "root.pem")
    if ssl.OPENSSL_VERSION_INFO < NEEDED_OPENSSL.get(program.name, ()):
        assert status != 0 and "NotImplementedError" in errors
        return
    assert status == 0, errors
    assert program.expected in output


def test_client_refuses_an_unknown_issuer(program):
    status, output, errors = run(program, "unknown-root.pem")
    assert status != 0
    # pyOpenSSL's error has spaces between the words
    assert "CERTIFICATE_VERIFY_FAILED" in errors.upper().replace(" ", "_")
    assert program.expected.rpartition("\n")[2] not in output


REFUSALS = {
    "starttls_ftp": (b"220 hello\r\n", {b"AUTH": b"502 no\r\n"}, b"AUTH"),
    "starttls_imap": (b"* OK hello\r\n", {
        b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK hi\r\n",
        b"STARTTLS": b"TAG NO no\r\n"}, b"STARTTLS"),
    "starttls_pop": (b"+OK hello\r\n", {
        b"CAPA": b"+OK\r\nSTLS\r\n.\r\n", b"STLS": b"-ERR no\r\n"}, b"STLS"),
    "starttls_smtp": (b"220 hello\r\n", {
        b"EHLO": b"250-localhost\r\n250 STARTTLS\r\n",
        b"STARTTLS": b"454 no\r\n"}, b"STARTTLS"),
}


@pytest.mark.parametrize("name", sorted(REFUSALS) + [
    "starttls_by_hand", "starttls_memorybio"])
def test_client_ends_where_tls_is_refused(name):
    """A client must send nothing more after the server has refused to start
    TLS."""
    received = queue.Queue()

    def end(sock):
        received.put(read_all(sock))

    def refuse(sock):
        sock.recv(8)
        sock.sendall(b"N")
        end(sock)

    peer = (line_server(*REFUSALS[name], end=end) if name in REFUSALS
            else refuse)
    with serving(peer) as port:
        child = start(name, ["localhost", str(port)])
        child.communicate()
        assert child.returncode != 0
        assert received.get(timeout=TIMEOUT) == b""


def test_sni_server():
    child = start("sni_server", [
        "0", "localhost=" + cert("localhost.pem"),
        "other.example.test=" + cert("host-other.pem")])
    try:
        port = int(child.stdout.readline().split()[1])
        context = client_context()
        for name in "localhost", "other.example.test":
            sock = socket.create_connection(("127.0.0.1", port), TIMEOUT)
            tls = context.wrap_socket(sock, server_hostname=name)
            with contextlib.closing(tls):
                assert read_all(tls) == b"hello\n"
        sock = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        with contextlib.closing(sock), pytest.raises(ssl.SSLError) as caught:
            context.wrap_socket(sock, server_hostname="no.example.test")
        assert caught.value.reason == "TLSV1_UNRECOGNIZED_NAME"
    finally:
        child.kill()
        child.communicate()


def test_each_example_is_run():
    found = {os.path.basename(path)[:-3]
             for path in glob.glob(os.path.join(EXAMPLES, "*.py"))}
    assert found == {program.name for program in PROGRAMS} | set(OTHERS)
