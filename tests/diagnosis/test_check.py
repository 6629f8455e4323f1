"""python -m _ssl_backport --check, run against servers on loopback."""

import contextlib
import itertools
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

import helpers
from helpers import TIMEOUT, cert, listening, server_context

COMMAND = [sys.executable, "-m", "_ssl_backport", "--check"]


def run(*arguments, **environment):
    """Run --check with tests/certs/root.pem as CA file; returns (exit status,
    standard output, standard error)."""
    child = start(*arguments, **environment)
    output, errors = child.communicate()
    return (child.returncode, output.decode("ascii"),
            errors.decode("utf-8", "replace"))


def start(*arguments, **environment):
    variables = dict(os.environ, SSL_CERT_FILE=cert("root.pem"))
    variables.update(environment)
    return subprocess.Popen(
        COMMAND + list(arguments), env=variables, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


def report_of(*arguments, **environment):
    """Run --check --json; returns (exit status, the report)."""
    status, output, errors = run("--json", *arguments, **environment)
    assert errors == ""
    return status, json.loads(output)


@contextlib.contextmanager
def server(handler):
    """The HOST:PORT of a server that calls handler(sock) for each connection
    in a thread.  It ignores errors of connections."""
    def serve(listener):
        while True:
            try:
                sock = listener.accept()[0]
            except EnvironmentError:
                return
            thread = threading.Thread(target=handle, args=(sock,))
            thread.daemon = True
            thread.start()

    def handle(sock):
        sock.settimeout(TIMEOUT)
        with contextlib.closing(sock):
            try:
                handler(sock)
            except (EnvironmentError, EOFError, ValueError):
                pass  # in some tests the client ends the connection early

    with listening() as listener:
        listener.settimeout(None)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield "localhost:%d" % listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def talk(context, greet=None):
    """A handler that calls greet(sock), does the handshake, and reads until
    the client closes the connection."""
    def handler(sock):
        if greet is not None:
            greet(sock)
        tls = context.wrap_socket(sock, server_side=True)
        with contextlib.closing(tls):
            while tls.recv(1024):
                pass
    return handler


def test_verified(version):
    context = server_context(version)
    context.set_alpn_protocols(["http/1.1"])
    with server(talk(context)) as place:
        status, report = report_of(place)
    assert status == 0
    assert (report["verified"], report["failure"]) == (True, None)
    assert report["version"] == version
    assert report["bits"] >= 128 and report["cipher"]
    assert report["alpn"] == "http/1.1"
    assert report["resumption"] is True
    assert report["address"] == "127.0.0.1"
    assert report["trust"] == cert("root.pem")
    leaf, root = report["chain"]
    assert leaf["subject"] == "localhost"
    assert "127.0.0.1" in leaf["names"]
    assert leaf["issuer"] == root["subject"] == "Backport Test Root"
    assert re.match(r"\d{4}-\d\d-\d\d$", leaf["not_after"])
    assert set(report["stock"]) == {
        "openssl", "verified", "version", "reason"}


def test_text():
    with server(talk(server_context())) as place:
        status, output, errors = run(place)
    assert (status, errors) == (0, "")
    labels = [line[:18].strip() for line in output.splitlines()
              if line[:1] != " "]
    assert labels[:4] == ["server", "address", "verified", "TLS version"]
    assert "trusted by" in labels and "this Python's ssl" in labels
    # only a value without blanks, such as a path, may be longer
    assert all(len(line) < 80 or " " not in line[18:].strip()
               for line in output.splitlines())


def test_trust_from_a_directory():
    with server(talk(server_context())) as place:
        status, report = report_of(
            place, SSL_CERT_FILE=cert("no-such-file.pem"),
            SSL_CERT_DIR=cert("capath"))
    assert (status, report["trust"]) == (0, cert("capath"))


def test_post_quantum():
    context = server_context()
    with server(talk(context)) as place:
        status, report = report_of(place)
    if report["group"] is None:
        pytest.skip("this OpenSSL has no function for the group")
    assert report["post_quantum"] is ("MLKEM" in report["group"])


def advice_of(output):
    """The text after "next", as one line."""
    lines = output.partition("\nnext ")[2].splitlines()
    rest = itertools.takewhile(lambda line: line.startswith(" "), lines[1:])
    return " ".join([lines[0].strip()] + [line.strip() for line in rest])


@pytest.mark.parametrize("chain, advice", [
    ("expired.pem", "clock"), ("not-yet-valid.pem", "clock"),
    ("host-other.pem", "use a name of certificate 0"),
    ("self-signed.pem", "--info"), ("unknown.pem", "--info"),
    ("client.pem", "needs another certificate")])
def test_refused_certificate(chain, advice):
    """If the check refuses the server's certificate, the report must still
    contain the server's chain."""
    with server(talk(server_context(chain=chain))) as place:
        status, report = report_of(place)
        text_status, output, _ = run(place)
    assert status == text_status == 1
    assert report["verified"] is False
    assert report["failure"]["reason"]
    assert report["version"] == "TLSv1.3"
    assert report["chain"][0]["subject"]
    assert "trust" not in report
    assert advice in advice_of(output)
    assert report["failure"]["hint"]


def test_weak_certificate():
    """The next step must not contradict the hint, which says how to allow the
    certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(cert("sha1.pem"))
    with server(talk(context)) as place:
        status, output, _ = run(place, SSL_CERT_FILE=cert("sha1-root.pem"))
    assert status == 1
    assert "@SECLEVEL=0" in output
    assert "for this server only" in advice_of(output)


@pytest.mark.parametrize("chain, validity", [
    ("expired.pem", "expired"), ("not-yet-valid.pem", "not yet valid"),
    ("localhost.pem", "valid")])
def test_validity(chain, validity):
    """The dates of a certificate that is not valid now must say so, also if
    the check refuses the certificate for another reason."""
    other = {"SSL_CERT_FILE": cert("unknown-root.pem")}
    with server(talk(server_context(chain=chain))) as place:
        report = report_of(place, **other)[1]
        output = run(place, **other)[1]
    assert report["failure"]["verify_code"] not in (9, 10)
    assert report["chain"][0]["validity"] == validity
    said = re.findall(r" to \d{4}-\d\d-\d\d(.*)$", output, re.MULTILINE)
    assert said[0] == ("" if validity == "valid" else ", " + validity)


@pytest.mark.parametrize("mode", [ssl.CERT_NONE, ssl.CERT_OPTIONAL])
def test_version_too_old(mode):
    """The server supports no version that a default context accepts.  A
    second connection, without limits, must find the server's version."""
    context = server_context()
    context.verify_mode = mode
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with server(talk(context)) as place:
        status, report = report_of(place)
        output = run(place)[1]
    assert status == 1
    assert report["without_limits"] is True
    assert report["version"] == "TLSv1.1"
    assert "TLSv1.1" in advice_of(output)


def speak_http(sock):
    sock.recv(1024)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hang_up(sock):
    sock.recv(1024)


@pytest.mark.parametrize("handler", [speak_http, hang_up])
def test_no_tls(handler):
    with server(handler) as place:
        status, report = report_of(place)
    assert status == 1
    assert report["without_limits"] is None
    assert "version" not in report
    assert report["stock"]["verified"] is False


ASKS = "\nclient            the server asks for a client certificate"


def asking_server(version, mode):
    context = server_context(version)
    context.verify_mode = mode
    context.load_verify_locations(cert("root.pem"))
    return talk(context)


def test_client_certificate_is_required(version):
    """In TLS 1.3 the server refuses the client after the handshake, and thus
    after the client has verified the server."""
    with server(asking_server(version, ssl.CERT_REQUIRED)) as place:
        status, report = report_of(place)
        output = run(place)[1]
    assert status == 1
    assert report["verified"] is (version == "TLSv1.3")
    assert report["client_certificate_requested"] is True
    assert "client certificate" in report["failure"]["hint"]
    assert "client certificate" in advice_of(output)
    assert ASKS + "\n" in output
    assert ("\nconnection        refused: " in output) is report["verified"]


def test_client_certificate_is_optional(version):
    with server(asking_server(version, ssl.CERT_OPTIONAL)) as place:
        status, report = report_of(place)
        output = run(place)[1]
    assert (status, report["verified"], report["failure"]) == (0, True, None)
    assert report["client_certificate_requested"] is True
    assert ASKS + ", and" in output
    assert "\nnext " not in output


def test_server_that_closes_after_asking():
    """The server closes without an alert, because it got no certificate."""
    context = server_context("TLSv1.3")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cert("root.pem"))

    def handler(sock):
        context.wrap_socket(sock, server_side=True).close()
    with server(handler) as place:
        status, report = report_of(place)
    assert (status, report["verified"]) == (1, True)
    assert report["failure"]["reason"]


def test_not_reached():
    with listening() as listener:
        port = listener.getsockname()[1]
    status, report = report_of("127.0.0.1:%d" % port)
    assert status == 2
    assert report["address"] is None
    assert "127.0.0.1" in report["failure"]["reason"]
    assert run("127.0.0.1:%d" % port)[0] == 2


def test_control_characters_are_not_printed():
    """The output must not contain control characters that a server sends, as
    these could change the terminal."""
    def handler(sock):
        sock.sendall(b"220 \x1b[31m\x9b hello\r\n554 \x1b]0;title\x07\r\n")
        sock.recv(1024)
    with server(handler) as place:
        status, output, errors = run(place, "--starttls", "smtp")
    assert status == 1
    assert re.match(r"[ -~\n]+\Z", output)


@pytest.mark.parametrize("arguments", [
    [], ["--json"], ["localhost", "--no-such-option"], ["localhost:"],
    ["localhost:http"], ["localhost:0"], ["localhost:65536"],
    ["localhost:-1"], [":443"], ["[::1"], ["[::1]x"], ["localhost", "again"],
    ["localhost", "--starttls"], ["localhost", "--starttls", "gopher"],
    ["no-such-host.invalid"], ["x" * 64 + ".invalid"], [""],
    ["https://localhost:443/"], ["localhost/"]])
def test_bad_command_line(arguments):
    status, output, errors = run(*arguments)
    assert (status, output) == (2, "")
    assert errors.count("\n") == 1 and "Traceback" not in errors


@pytest.mark.parametrize("place", [
    "https://localhost/", "https://localhost:443", "localhost:443/page"])
def test_url(place):
    status, output, errors = run(place)
    assert (status, output) == (2, "")
    assert "HOST:PORT, not a URL" in errors


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_reader_that_has_left(arguments):
    """With `| head` and the like, SIGPIPE must end the check."""
    with server(talk(server_context())) as place:
        reading, writing = os.pipe()
        os.close(reading)
        child = subprocess.Popen(COMMAND + [place] + arguments, stdout=writing,
                                 stderr=subprocess.PIPE)
        os.close(writing)
        errors = child.communicate()[1]
    assert (child.returncode, errors) == (-signal.SIGPIPE, b"")


def test_lines_break_at_blanks(capsys):
    from _ssl_backport import _check
    words = (["self-signed"] * 20 +
             ["/etc/ssl/certs/ca-certificates.crt"] * 3 + ["x" * 100])
    _check.show([("label", " ".join(words))])
    assert capsys.readouterr()[0].split() == ["label"] + words


def test_stock_where_sitecustomize_installs(tmpdir):
    """sitecustomize makes each program of this Python use the backport, except
    the one that tries this Python's own ssl."""
    tmpdir.join("sitecustomize.py").write(
        "import os, _ssl_backport; _ssl_backport.install()\n"
        "with open(%r, 'a') as stream: stream.write('x')"
        % str(tmpdir.join("installed")))
    paths = [str(tmpdir), os.environ.get("PYTHONPATH", "")]
    with server(talk(server_context())) as place:
        expected = report_of(place)[1]["stock"]
        report = report_of(
            place, PYTHONPATH=os.pathsep.join(filter(None, paths)))[1]
    assert expected is not None
    assert report["stock"] == expected
    assert tmpdir.join("installed").read() == "x"


@pytest.mark.parametrize("place", ["[::1]:%d", "127.0.0.1:%d"])
def test_numbers(place):
    status, report = report_of(place % 1)
    assert (status, report["port"]) == (2, 1)


def test_interrupt():
    """Ctrl-C must end a check while the server does not answer."""
    connected = threading.Event()

    def handler(sock):
        connected.set()
        while sock.recv(1024):
            pass
    with server(handler) as place:
        child = start(place)
        assert connected.wait(TIMEOUT)
        child.send_signal(signal.SIGINT)
        child.communicate()
        assert child.returncode == -signal.SIGINT


# STARTTLS: the dialogue of each protocol before TLS, as in its RFC.

def read_line(sock):
    line = b""
    while not line.endswith(b"\n"):
        line += helpers.receive(sock, 1)
    return line


def lines(*talk):
    """A greet() of a protocol of lines.  Each argument is (the end of the
    client's line, or None to read none; the server's answer)."""
    def greet(sock):
        for wanted, answer in talk:
            if wanted is not None:
                assert read_line(sock).upper().rstrip().endswith(wanted)
            sock.sendall(answer)
    return greet


def greet_imap(sock):
    sock.sendall(b"* OK hello\r\n")
    command = b""
    while command != b"STARTTLS":
        tag, command = read_line(sock).upper().split()
        sock.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + tag +
                     b" OK done\r\n")


def greet_xmpp(sock):
    data = b""
    while not data.rstrip().endswith(b"version='1.0'>") and \
            b"to='localhost'" not in data:
        data += sock.recv(1024)
    sock.sendall(
        b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
        b"xmlns:stream='http://etherx.jabber.org/streams' id='1' "
        b"from='localhost' version='1.0'><stream:features><starttls "
        b"xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>")
    data = b""
    while b"<starttls" not in data or not data.rstrip().endswith(b">"):
        data += sock.recv(1024)
    sock.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")


def greet_postgres(sock):
    assert helpers.receive(sock, 8) == b"\0\0\0\x08\x04\xd2\x16\x2f"
    sock.sendall(b"S")


def greet_ldap(sock):
    request = bytearray(helpers.receive(sock, 2))
    assert request[0] == 0x30
    assert b"1.3.6.1.4.1.1466.20037" in helpers.receive(sock, request[1])
    sock.sendall(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")


def greet_mysql(sock):
    body = (b"\x0a8.0.40\0" + b"\x01\0\0\0" + b"saltsalt" + b"\0" +
            b"\xff\xff" + b"\x21" + b"\x02\0" + b"\xff\xdf" + b"\x15" +
            b"\0" * 10 + b"saltsaltsalt\0" + b"mysql_native_password\0")
    sock.sendall(bytes(bytearray([len(body)])) + b"\0\0\0" + body)
    header = bytearray(helpers.receive(sock, 4))
    request = bytearray(helpers.receive(sock, header[0]))
    assert header[3] == 1 and request[1] & 0x08


GREETINGS = {
    "smtp": lines((None, b"220-one moment\r\n220 localhost ESMTP\r\n"),
                  (b"EHLO LOCALHOST", b"250-localhost\r\n250 STARTTLS\r\n"),
                  (b"STARTTLS", b"220 Ready\r\n")),
    "imap": greet_imap,
    "pop3": lines((None, b"+OK POP3\r\n"), (b"STLS", b"+OK Begin\r\n")),
    "ftp": lines((None, b"220 FTP\r\n"), (b"AUTH TLS", b"234 Go\r\n")),
    "xmpp": greet_xmpp, "postgres": greet_postgres, "ldap": greet_ldap,
    "mysql": greet_mysql,
}
REFUSALS = {
    "smtp": lines((None, b"220 localhost\r\n"), (b"LOCALHOST", b"250 hi\r\n"),
                  (b"STARTTLS", b"502 No\r\n")),
    "imap": lines((None, b"* OK hello\r\n"), (b"STARTTLS", b"a BAD No\r\n")),
    "pop3": lines((None, b"+OK\r\n"), (b"STLS", b"-ERR No\r\n")),
    "ftp": lines((None, b"220 FTP\r\n"), (b"AUTH TLS", b"502 No\r\n")),
    "xmpp": lambda sock: sock.sendall(
        b"<stream:stream><stream:features></stream:features>"),
    "postgres": lambda sock: sock.sendall(b"N"),
    "ldap": lambda sock: sock.sendall(
        b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"),
    "mysql": lambda sock: sock.sendall(
        b"\x2c\0\0\0\x0a5.0.1\0" + b"\x01\0\0\0" + b"saltsalt" + b"\0" +
        b"\0\0" + b"\x21" + b"\x02\0" + b"\0" * 20),
}


@pytest.mark.parametrize("protocol", sorted(GREETINGS))
def test_starttls(protocol):
    handler = talk(server_context(), GREETINGS[protocol])
    with server(handler) as place:
        status, report = report_of(place, "--starttls", protocol)
    assert report["failure"] is None
    assert (status, report["starttls"]) == (0, protocol)
    assert "alpn" not in report or report["alpn"] is None


def knows_starttls(protocol):
    """Whether there is an openssl program that supports the protocol."""
    try:
        child = subprocess.Popen(
            ["openssl", "s_client", "-starttls", protocol, "-help"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except EnvironmentError:
        return False
    child.communicate()
    return child.returncode == 0


@pytest.mark.parametrize("protocol", sorted(GREETINGS))
def test_servers_of_these_tests(protocol):
    """OpenSSL's own client must be able to use the servers of these tests."""
    if not knows_starttls(protocol):
        pytest.skip("no openssl program supports %s" % protocol)
    handler = talk(server_context(), GREETINGS[protocol])
    with server(handler) as place:
        child = subprocess.Popen(
            ["openssl", "s_client", "-starttls", protocol, "-connect", place,
             "-CAfile", cert("root.pem"), "-verify_return_error",
             "-name", "localhost"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        child.communicate(b"")
    assert child.returncode == 0


@pytest.mark.parametrize("protocol", sorted(REFUSALS))
def test_starttls_is_refused(protocol):
    def handler(sock):
        REFUSALS[protocol](sock)
        while sock.recv(1024):
            pass
    with server(handler) as place:
        status, report = report_of(place, "--starttls", protocol)
    assert status == 1
    assert report["failure"]["reason"]
    assert "version" not in report


@pytest.mark.parametrize("data", [
    b"", b"\n", b"\0" * 100, b"\xff" * 100, b"220" * 40000, b"\x30\x84"],
    ids=["nothing", "line", "zeros", "ones", "endless", "length"])
@pytest.mark.parametrize("protocol", sorted(GREETINGS))
def test_garbage_before_tls(protocol, data):
    """The server sends garbage instead of an answer.  The check must report a
    failure, and print no traceback."""
    with server(lambda sock: sock.sendall(data)) as place:
        status, report = report_of(place, "--starttls", protocol)
    assert (status, report["verified"]) == (1, False)
    assert report["failure"]["reason"]


# Servers of other projects

@contextlib.contextmanager
def program(command, port):
    """Run a server program during the block; the value is its HOST:PORT."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.time() + TIMEOUT
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except EnvironmentError:
                assert child.poll() is None and time.time() < deadline
                time.sleep(0.05)
        yield "localhost:%d" % port
    finally:
        child.terminate()
        child.communicate()


def free_port():
    with listening() as listener:
        return listener.getsockname()[1]


def find(name):
    """The path of a program; skips the test if there is none."""
    for folder in os.environ["PATH"].split(os.pathsep) + ["/usr/sbin"]:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    pytest.skip("%s is not installed" % name)


def test_openssl_server():
    port = free_port()
    command = [find("openssl"), "s_server", "-accept", "127.0.0.1:%d" % port,
               "-cert", cert("localhost.pem"), "-key", cert("localhost.pem"),
               "-quiet", "-www"]
    with program(command, port) as place:
        status, report = report_of(place)
    assert (status, report["verified"]) == (0, True)
    assert report["resumption"] is True
    assert report["client_certificate_requested"] is False


def test_openssl_server_that_requires_a_client_certificate(version):
    port = free_port()
    command = [find("openssl"), "s_server", "-accept", "127.0.0.1:%d" % port,
               "-cert", cert("localhost.pem"), "-key", cert("localhost.pem"),
               "-quiet", "-Verify", "1", "-verify_return_error",
               "-" + version.lower().replace("v", "").replace(".", "_")]
    with program(command, port) as place:
        status, report = report_of(place)
    assert status == 1
    assert report["client_certificate_requested"] is True
    assert "client certificate" in report["failure"]["hint"]


NGINX = """\
daemon off; pid %(folder)s/pid; error_log stderr crit;
events {}
http {
  access_log off;
  client_body_temp_path %(folder)s/1; proxy_temp_path %(folder)s/2;
  fastcgi_temp_path %(folder)s/3; uwsgi_temp_path %(folder)s/4;
  scgi_temp_path %(folder)s/5;
  ssl_certificate %(chain)s; ssl_certificate_key %(chain)s;
  server { listen 127.0.0.1:%(port)d ssl http2; %(more)s }
}
"""


@pytest.mark.parametrize("more, asks", [
    ("", False), ("ssl_verify_client on; ssl_client_certificate %s;" % cert(
        "root.pem"), True)], ids=["plain", "client certificate"])
def test_nginx(tmpdir, more, asks):
    """nginx refuses clients without a certificate in its HTTP responses."""
    port = free_port()
    configuration = tmpdir.join("nginx.conf")
    configuration.write(NGINX % {
        "folder": tmpdir, "port": port, "chain": cert("localhost.pem"),
        "more": more})
    command = [find("nginx"), "-p", str(tmpdir), "-c", str(configuration),
               "-e", "stderr"]
    with program(command, port) as place:
        status, report = report_of(place)
    assert (status, report["verified"]) == (0, True)
    assert report["alpn"] == "h2"
    assert asks or report["resumption"] is True
    assert report["client_certificate_requested"] is asks


# Servers that send without end, and certificates with unusual contents

@pytest.mark.parametrize("protocol, line", [
    ("smtp", b"220-hello\r\n"), ("ftp", b"a log\r\n"),
    ("imap", b"* more\r\n")])
def test_answer_without_an_end(protocol, line):
    def handler(sock):
        while True:
            sock.sendall(line * 1000)
    with server(handler) as place:
        status, report = report_of(place, "--starttls", protocol)
    assert (status, report["verified"]) == (1, False)


def test_data_without_an_end():
    """The server sends data without end, and no ticket."""
    context = server_context("TLSv1.2")
    context.options |= ssl.OP_NO_TICKET

    def handler(sock):
        tls = context.wrap_socket(sock, server_side=True)
        while True:
            tls.sendall(b"x" * 1000)
    with server(handler) as place:
        status, report = report_of(place)
    assert (status, report["verified"]) == (0, True)


@pytest.mark.parametrize("name", [
    "decode-san-kinds.pem", "decode-far-dates.pem", "decode-unicode.pem"])
def test_odd_certificate(name):
    from _ssl_backport import _check
    found = _check.certificate_of(ssl._ssl._test_decode_cert(cert(name)))
    json.dumps(found)
    assert all(isinstance(text, (str, helpers.text_type))
               for text in found["names"])
    assert all(found[key] for key in ("subject", "not_before", "not_after"))


def test_port_in_other_digits():
    assert run(helpers.native(u"localhost:\xb2"))[0] == 2
