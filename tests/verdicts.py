"""Verify callbacks for the tests, and connections that call them."""

import ssl

import pytest

from helpers import BioPair, cert, client_context, server_context

# X509_V_ERR_*
EXPIRED, SELF_SIGNED, NO_ISSUER = 10, 18, 20
NO_LEAF_SIGNATURE, REJECTED, APPLICATION = 21, 28, 50
OTHER_HOST, OTHER_ADDRESS = 62, 64
MODES = [ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED]


class Recorder(object):
    """A callback that records (error, depth, ok) of each call.  It returns
    `result`, or `ok` if that is None."""

    def __init__(self, result=None):
        self.result = result
        self.steps = []

    def __call__(self, connection, certificate, error, depth, ok):
        self.steps.append((error, depth, ok))
        return ok if self.result is None else self.result


class Wrong(Exception):
    """The error that a callback raises."""


def fails(*arguments):
    raise Wrong


def refuses(*arguments):
    return False


def accepts(*arguments):
    return True


def passes(connection, certificate, error, depth, ok):
    return ok


def client_with(callback, version=None, mode=ssl.CERT_REQUIRED, **options):
    client = client_context(version, **options)
    if mode == ssl.CERT_NONE:
        client.check_hostname = False
    client.verify_mode = mode
    client.verify_callback = callback
    return client


def server_with(callback, version=None, mode=ssl.CERT_REQUIRED):
    """A server context that requests a client certificate."""
    server = server_context(version)
    server.load_verify_locations(cert("root.pem"))
    server.verify_mode = mode
    server.verify_callback = callback
    return server


def client_that_shows(chain, version=None):
    client = client_context(version)
    client.load_cert_chain(cert(chain))
    return client


def server_asks(client, server):
    """A BioPair after the handshake.  If both ends fail, it raises the
    server's error."""
    pair = BioPair(client, server, handshake=False)
    pair.finish(pair.server.do_handshake, pair.client.do_handshake)
    return pair


def refusal(code, make_pair, *arguments, **options):
    """Call make_pair(), which must raise SSLCertVerificationError with this
    verify_code; returns the error."""
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        make_pair(*arguments, **options)
    assert caught.value.verify_code == code
    assert caught.value.reason == "CERTIFICATE_VERIFY_FAILED"
    return caught.value


def talk(pair):
    """Send a byte in each direction.  The client then has the tickets of TLS
    1.3."""
    for sender, receiver in ((pair.server, pair.client),
                             (pair.client, pair.server)):
        sender.write(b"x")
        pair.flush()
        assert receiver.read(1) == b"x"
