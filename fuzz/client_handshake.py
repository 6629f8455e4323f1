"""A client whose server sends the bytes of the input.

Input: the client's context, the bytes per piece, then the server's bytes.
"""

import ssl

import common
import server_handshake
from helpers import cert, client_context, limit_version
from server_handshake import ALPN, PSK, SIZES, judge

HOST = "localhost"


def trusting(version=None):
    """A client that accepts any certificate, and reads the chain."""
    context = limit_version(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), version)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


def with_all():
    """A client with a certificate, a protocol and strict checks."""
    context = client_context()
    context.load_cert_chain(cert("client.pem"))
    context.set_alpn_protocols(ALPN)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.post_handshake_auth = True
    return context


def with_psk(version=None):
    context = trusting(version)
    if ssl.HAS_PSK:
        context.set_psk_client_callback(key_for)
    return context


def key_for(hint):
    assert hint is None or isinstance(hint, str)
    return "somebody", PSK


def with_judges():
    """A client whose callbacks accept any certificate and any staple."""
    context = client_context()
    context.verify_callback = judge
    context.ocsp_callback = judge_response
    return context


def judge_response(connection, response):
    assert response is None or isinstance(response, bytes)
    return True


CONTEXTS = [client_context(), client_context("TLSv1.2"), trusting(),
            trusting("TLSv1.2"), with_all(), with_psk(), with_psk("TLSv1.2"),
            with_judges()]


def run(data):
    source = common.Source(data)
    context, size = source.pick(CONTEXTS), source.pick(SIZES)
    common.feed(context, source.rest(), size, server_hostname=HOST)


def seeds():
    for server in server_handshake.CONTEXTS:
        for number, client in enumerate(CONTEXTS):
            sent = common.recorded(client, server)[1]
            yield bytes(bytearray([number, 0])) + sent
