"""A server whose client sends the bytes of the input.

Input: the server's context, the bytes per piece, then the client's bytes.
"""

import ssl

import common
from helpers import (VERSIONS, cert, client_context, limit_version,
                     server_context)

SIZES = [65536, 1, 5, 100, 1000]
ALPN = ["h2", "http/1.1"]
PSK = b"\x17" * 32


def with_callbacks(version=None):
    """A server with callbacks for SNI and PSK, and with ALPN."""
    context = server_context(version, "localhost-ec.pem")
    other = server_context(version)

    def by_name(connection, name, owner):
        assert name is None or isinstance(name, str)
        if name == "localhost":
            connection.context = other
        return None if name != "refused" else 112

    def key(identity):
        assert identity is None or isinstance(identity, str)
        return PSK if identity == "somebody" else b""

    context.sni_callback = by_name
    context.set_alpn_protocols(ALPN)
    if ssl.HAS_PSK:
        context.set_ciphers("PSK:DEFAULT")
        context.set_psk_server_callback(key, "hint")
    return context


def with_client_certificate(version=None):
    context = server_context(version, "localhost-ec.pem")
    context.load_verify_locations(cert("root.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_callback = judge
    context.ocsp_staple = b"0\3\n\1\3"  # the OCSP status tryLater
    return context


def judge(connection, certificate, error, depth, ok):
    """Accept any certificate, after reading it."""
    assert isinstance(certificate.get_info(), dict)
    assert (error == 0) is ok and depth >= 0
    return True


def old():
    """A server with every TLS version and every cipher of OpenSSL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.load_cert_chain(cert("localhost.pem"))
    context.load_dh_params(cert("dh2048.pem"))
    return context


CONTEXTS = [
    server_context(None, "localhost-ec.pem"), server_context("TLSv1.2"),
    with_callbacks(), with_callbacks("TLSv1.2"), with_client_certificate(),
    with_client_certificate("TLSv1.2"), old()]


def run(data):
    source = common.Source(data)
    context, size = source.pick(CONTEXTS), source.pick(SIZES)
    common.feed(context, source.rest(), size, server_side=True)


# Seeds

def clients():
    """Client contexts whose handshakes differ."""
    yield client_context()
    yield client_context("TLSv1.2")
    context = client_context()
    context.load_cert_chain(cert("client.pem"))
    context.set_alpn_protocols(ALPN)
    yield context
    for version in VERSIONS:
        context = limit_version(
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), version)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("PSK:ALL:@SECLEVEL=0")
        if ssl.HAS_PSK:
            context.set_psk_client_callback(lambda hint: ("somebody", PSK))
        yield context


def seeds():
    for client in clients():
        for number, server in enumerate(CONTEXTS):
            sent = common.recorded(client, server)[0]
            yield bytes(bytearray([number, 0])) + sent
