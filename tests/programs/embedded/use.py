"""The program that again.c and several.c run.

Connections must succeed and fail as elsewhere, and the exceptions must be
those of the current interpreter.
"""

import _ssl_backport
_ssl_backport.install()
import socket  # noqa: E402
import ssl  # noqa: E402

import helpers  # noqa: E402


def talk(pair):
    pair.client.write(b"x")
    pair.flush()
    assert pair.server.read(1) == b"x"
    assert pair.client.getpeercert()["subject"]


def expect(kind, function, *arguments):
    try:
        function(*arguments)
    except kind:
        return
    raise AssertionError("no %s" % kind)


assert issubclass(ssl.SSLError, socket.error)
for version in helpers.VERSIONS:
    with helpers.BioPair(version=version) as bios:
        talk(bios)
        bios.finish(bios.client.unwrap, bios.server.unwrap)
    expect(ssl.SSLCertVerificationError, helpers.BioPair,
           helpers.client_context(version, roots=None))
    with helpers.SocketPair(version=version) as sockets:
        talk(sockets)
        sockets.server.settimeout(0.001)
        expect(socket.timeout, sockets.server.read, 1)
# bios and sockets live until the interpreter ends
print("used")
