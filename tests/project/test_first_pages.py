"""The programs of docs/getting-started.rst and docs/moving/from-pyopenssl.rst.

Some programs are in pairs: one uses pyOpenSSL, the other the backport.  Both
must do the same.  The messages in docs/getting-started.rst must be the real
ones.
"""

import contextlib
import hashlib
import itertools
import os
import ssl
import subprocess
import sys

import pytest

import helpers
from helpers import PROJECT, cert, client_context, read_cert, serving

EXAMPLES = os.path.join(PROJECT, "docs", "examples")

if not os.path.exists(EXAMPLES):
    pytest.skip("the tests are not in a source tree",
                allow_module_level=True)

pytestmark = pytest.mark.backport_only("the programs use the backport")


def needs(module):
    """A marker that skips a test if the module cannot be imported."""
    missing = subprocess.call([sys.executable, "-c", "import " + module],
                              stderr=subprocess.PIPE)
    return pytest.mark.skipif(bool(missing), reason=module + " is missing")


both = pytest.mark.parametrize("when", [
    pytest.param("before", marks=needs("OpenSSL.SSL")), "after"])


def start(name, *arguments, **options):
    """Start a program of docs/examples with the Python of the tests.

    The options are launcher=True, and variables of the environment.  Warnings
    are off: cryptography warns in each program on Python 2.7.
    """
    launcher = ["-m", "_ssl_backport"] if options.pop("launcher", 0) else []
    return subprocess.Popen(
        [sys.executable, "-W", "ignore"] + launcher +
        [os.path.join(EXAMPLES, name)] + list(arguments),
        stdout=subprocess.PIPE, universal_newlines=True,
        env=dict(os.environ, **options))


def output_of(name, *arguments, **options):
    process = start(name, *arguments, **options)
    output = process.communicate()[0]
    assert process.returncode == 0
    return output


def echo(sock):
    sock.sendall(sock.recv(100))
    sock.unwrap()


def shake_hands(sock, chain="self-signed.pem"):
    """Do a handshake with a client that may refuse the certificate, and that
    closes without close_notify."""
    context = helpers.server_context(chain=chain)
    try:
        connection = context.wrap_socket(sock, server_side=True)
        with contextlib.closing(connection):
            connection.recv(1)
    except EnvironmentError:
        pass


def serve_page(sock):
    sock.recv(10000)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


def read_to_end(sock):
    """Read until the client closes.  A client that has not read its tickets
    resets the connection."""
    try:
        assert sock.recv(1) == b""
    except EnvironmentError:
        pass


def fingerprint(name):
    """The fingerprint of a certificate, in the form of `openssl x509
    -fingerprint -sha256`."""
    text = read_cert(name)
    end = text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(
        text[text.index(ssl.PEM_HEADER):end])).hexdigest().upper()
    return ":".join(digest[i:i + 2] for i in range(0, len(digest), 2))


# The text of docs/getting-started.rst

def shown_by(command):
    """The lines that the page shows as the output of a command."""
    with open(os.path.join(PROJECT, "docs", "getting-started.rst")) as stream:
        lines = stream.read().split("    $ %s\n" % command)[1].splitlines()
    return [line.strip() for line in itertools.takewhile(bool, lines)]


def without_blanks(text):
    """The text without white space, since the page breaks lines."""
    return "".join(text.split())


@pytest.mark.parametrize("host, chain, names", [
    ("intern.example.org", "self-signed.pem", {
        "intern.example.org": "localhost",
        "/etc/ssl/certs/ca-certificates.crt": cert("root.pem")}),
    ("shop.example.org", "host-other.pem", {
        "shop.example.org": "localhost",
        "www.example.org,example.org": "other.example.test"}),
])
def test_hints_of_the_page(host, chain, names):
    lines = shown_by("python2.7 -m _ssl_backport --check " + host)
    shown = without_blanks("".join(
        lines[:lines.index("...")])).split("hint")[1]
    for name in names:
        assert name in shown
        shown = shown.replace(name, names[name])

    def handler(sock):
        shake_hands(sock, chain)

    context = ssl.create_default_context(cafile=cert("root.pem"))
    with serving(handler) as address:
        with contextlib.closing(helpers.socket.create_connection(
                address, timeout=helpers.TIMEOUT)) as sock:
            with pytest.raises(ssl.SSLCertVerificationError) as caught:
                context.wrap_socket(sock, server_hostname="localhost")
    assert shown == without_blanks(caught.value.hint)


@pytest.mark.with_stock
@pytest.mark.python2("the page shows lines of 2.7's modules")
@pytest.mark.parametrize("arguments", [
    [], ["-m", "_ssl_backport", "--trace-import"]])
def test_late_program_of_the_page(arguments, tmpdir):
    program = tmpdir.join("late.py")
    program.write("import urllib2\n\n"
                  "import _ssl_backport\n_ssl_backport.install()\n")
    process = subprocess.Popen(
        [sys.executable] + arguments + [program.basename],
        cwd=str(tmpdir), stderr=subprocess.PIPE, universal_newlines=True)
    errors = process.communicate()[1]
    for line in shown_by(" ".join(["python2.7"] + arguments + ["late.py"])):
        if line != "..." and "/usr/lib" not in line:
            assert line in errors


# The programs

def test_hello():
    with serving(read_to_end, helpers.server_context()) as address:
        lines = output_of("getting-started/hello.py", "localhost",
                          str(address[1]),
                          SSL_CERT_FILE=cert("root.pem")).splitlines()
    assert lines[0] == "TLSv1.3 with %s" % ssl.OPENSSL_VERSION
    assert lines[1].startswith("verified: (('DNS', 'localhost'),")


def test_fetch():
    with serving(serve_page, helpers.server_context()) as address:
        assert output_of(
            "getting-started/fetch.py", "https://localhost:%d/" % address[1],
            launcher=True, SSL_CERT_FILE=cert("root.pem")) == "hello\n"


@both
def test_client(when):
    with serving(echo, helpers.server_context()) as address:
        assert output_of(
            "pyopenssl/client_%s.py" % when, "localhost", str(address[1]),
            cert("root.pem")) == "TLSv1.3\nhello\n"


@both
@pytest.mark.parametrize("name", ["localhost", "other.example.test"])
def test_server(when, name):
    process = start("pyopenssl/server_%s.py" % when, cert("localhost.pem"),
                    cert("host-other.pem"))
    address = "127.0.0.1", int(process.stdout.readline())
    sock = client_context().wrap_socket(
        helpers.socket.create_connection(address, timeout=helpers.TIMEOUT),
        server_hostname=name)
    assert sock.getpeercert()["subjectAltName"][0] == ("DNS", name)
    sock.sendall(b"hello")
    assert sock.recv(100) == b"hello"
    sock.unwrap().close()
    process.communicate()
    assert process.returncode == 0


@both
@pytest.mark.parametrize("pinned, said", [
    ("self-signed.pem", "accepted\n"), ("localhost.pem", "refused\n")])
def test_pinned(when, pinned, said):
    with serving(shake_hands) as address:
        assert output_of("pyopenssl/pinned_%s.py" % when, "localhost",
                         str(address[1]), fingerprint(pinned)) == said


@both
def test_memory(when):
    assert output_of("pyopenssl/memory_%s.py" % when, cert("root.pem"),
                     cert("localhost.pem")) == "hello\n"


@needs("requests, urllib3.contrib.pyopenssl")
def test_without_pyopenssl():
    """requests 2.23 uses pyOpenSSL by default; later versions do not."""
    with serving(serve_page, helpers.server_context()) as address:
        assert output_of(
            "pyopenssl/without_pyopenssl.py",
            "https://localhost:%d/" % address[1], cert("root.pem"),
        ) == "SSLSocket\nhello\n"
