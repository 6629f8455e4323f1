"""The examples of docs/additions.rst: each runs, and prints what it says."""

import base64
import contextlib
import io
import os
import re
import ssl

import pytest

import pkcs12
from helpers import PROJECT, read_cert, server_context, serving

PAGE = os.path.join(PROJECT, "docs", "additions.rst")
if not os.path.exists(PAGE):
    pytest.skip("the tests are on their own", allow_module_level=True)

pytestmark = pytest.mark.backport_only("these are additions")

# a response without a certificate: "try later"
OCSP_RESPONSE = b"0\x03\n\x01\x03"
FILES = {"ca.pem": "root.pem", "client.pem": "client.pem"}
CONNECTIONS = {"OCSP stapling": 1, "Sessions that outlive a process": 2,
               "Clients that resume by themselves": 2,
               "Encrypted Client Hello": 1,
               "Errors that say what to change": 1}
PRINTED = {"Sessions that outlive a process": "True\n",
           "Clients that resume by themselves": "False\nTrue\n",
           "Encrypted Client Hello": "success\n"}


def sections():
    """{title: its examples as one program}, with the head's imports."""
    with io.open(PAGE, encoding="ascii") as stream:
        text = stream.read()
    parts = re.split(r"^(.+)\n-{3,}\n", text, flags=re.MULTILINE)
    head = examples(parts[0])
    return {title: head + examples(body)
            for title, body in zip(parts[1::2], parts[2::2])}


def examples(text):
    """The literal blocks of a text, without their indentation."""
    blocks = re.findall(r"::\n\n((?:    .*\n|\n)+)", text)
    return "".join(re.sub("^    ", "", block, flags=re.MULTILINE)
                   for block in blocks)


SECTIONS = sections()


def certificate_of(name):
    """The certificate alone, as PEM (str)."""
    der = ssl.PEM_cert_to_DER_cert(
        re.search(r"-----BEGIN CERTIFICATE.*?END CERTIFICATE-----\n",
                  read_cert(name), re.DOTALL).group())
    return ssl.DER_cert_to_PEM_cert(der)


def with_ech(context):
    """The ECHConfigList that the context has a key for."""
    pem = ssl.generate_ech_keys("public.example.org")
    context.load_ech_keys(io.BytesIO(pem.encode("ascii")))
    block = re.search("-----BEGIN ECHCONFIG-----(.*)-----END", pem, re.DOTALL)
    return base64.b64decode(block.group(1).encode("ascii"))


def given(folder):
    """What the examples take for granted, and the server's context."""
    for name, source in FILES.items():
        folder.join(name).write(read_cert(source))
    folder.join("server.p12").write_binary(pkcs12.encrypted("aes"))
    server = server_context()
    server.ocsp_staple = OCSP_RESPONSE
    return server, {
        "pem": read_cert("localhost.pem").encode("ascii"),
        "private": certificate_of("expired.pem"), "der": OCSP_RESPONSE,
        "newest": os.urandom(80), "older": os.urandom(80),
        "config_list": with_ech(server) if ssl.HAS_ECH else None}


def serve(server):
    """What the server does with a connection."""
    def handle(sock):
        try:
            sock = server.wrap_socket(sock, server_side=True)
            with contextlib.closing(sock):
                sock.sendall(b"x")
        except EnvironmentError:
            pass  # the client refuses, or has gone without reading
    return handle


def test_sections_have_examples():
    assert all(len(code.splitlines()) > 5 for code in SECTIONS.values())
    assert set(SECTIONS) >= set(CONNECTIONS)


@pytest.mark.parametrize("title", sorted(SECTIONS))
def test_example(title, tmpdir, capsys, monkeypatch):
    if title == "Encrypted Client Hello" and not ssl.HAS_ECH:
        pytest.skip("needs OpenSSL 4.0")
    monkeypatch.chdir(tmpdir)
    server, names = given(tmpdir)
    code = compile(SECTIONS[title], title, "exec")
    with serving(serve(server), None, CONNECTIONS.get(title, 0)) as address:
        exec(code, dict(names, address=address))
    printed = capsys.readouterr()[0]
    if title == "Errors that say what to change":
        assert "CA" in printed
    else:
        assert printed == PRINTED.get(title, "")
