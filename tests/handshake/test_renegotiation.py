"""Renegotiation in TLS 1.2: a second handshake verifies as much as the first.

The server is tlslite-ng, which has no renegotiation.  The class Server adds
it: the server requests a renegotiation and then sends another certificate.
"""

import ssl

import pytest

from helpers import Task, client_context, read_cert, receive, unix_pair
from outside_peer import HANDSHAKE, Peer
from tlslite.api import X509CertChain, parsePEMKey
from tlslite.constants import ExtensionType, HandshakeType
from tlslite.extensions import RenegotiationInfoExtension
from tlslite.messages import ClientHello, Finished

UNKNOWN_CA = 20     # a value of OpenSSL's X509_V_ERR_*
HOSTNAME_MISMATCH = 62
# a valid certificate, one of an unknown CA, and one for another host
GOOD, UNKNOWN, OTHER = "localhost.pem", "unknown.pem", "host-other.pem"


class Server(Peer):
    """A peer that may renegotiate (RFC 5746)."""

    def __init__(self, sock):
        self._finished = []     # the verify data of the last handshake
        self._proof = b""       # verify data of both ends, for the next one
        Peer.__init__(self, sock, "TLSv1.2", False,
                      {"server_hello": self._answer_hello,
                       "finished": self._note_finished})

    def shake_hands(self, chain):
        """Do a handshake with this certificate."""
        pem = str(read_cert(chain))
        certificates = X509CertChain()
        certificates.parsePemList(pem)
        self._proof = b"".join(self._finished)
        self._finished = []
        self.closed = True
        self.handshakeServer(certChain=certificates, settings=self._settings,
                             privateKey=parsePEMKey(pem, private=True))

    def renegotiate(self, chain):
        """Returns how the renegotiation ended; None means success."""
        self.send((HANDSHAKE, bytes(bytearray(
            [HandshakeType.hello_request, 0, 0, 0]))))
        return self._ending(lambda: self._renegotiated(chain))

    def _renegotiated(self, chain):
        self.shake_hands(chain)
        self.write(b"again")
        self._echo()

    def _getMsg(self, *arguments, **options):
        for result in Peer._getMsg(self, *arguments, **options):
            if isinstance(result, ClientHello):
                # tlslite accepts only an empty renegotiation_info
                result.extensions = [
                    each for each in result.extensions
                    if each.extType != ExtensionType.renegotiation_info
                ] + [RenegotiationInfoExtension().create(bytearray())]
            elif isinstance(result, Finished):
                self._finished.append(bytes(result.verify_data))
            yield result

    def _answer_hello(self, message):
        for each in message.extensions:
            if each.extType == ExtensionType.renegotiation_info:
                each.renegotiated_connection = bytearray(self._proof)
        return [(HANDSHAKE, message.write())]

    def _note_finished(self, message):
        self._finished.append(bytes(message.verify_data))
        return [(HANDSHAKE, message.write())]


class Connected(object):
    """Our client and a Server, after the first handshake."""

    def __init__(self, context=None, other=None):
        left, right = unix_pair()
        self.sock = (context or client_context("TLSv1.2")).wrap_socket(
            left, server_hostname="localhost", do_handshake_on_connect=False)
        if other is not None:
            self.sock.context = other
        self.certificate = None     # in DER, after the renegotiation
        self.server = Server(right)
        with Task(self.server.shake_hands, GOOD):
            self.sock.do_handshake()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.sock.close()
        self.server.plain.close()

    def renegotiate(self, chain):
        """Our end takes part, and exchanges data after the handshake."""
        with Task(self.server.renegotiate, chain) as server:
            try:
                assert receive(self.sock, 5) == b"again"
                self.certificate = self.sock.getpeercert(True)
                self.sock.sendall(b"hello")
                assert receive(self.sock, 5) == b"hello"
            finally:
                self.sock.close()
                server.result()


def lax_context():
    context = client_context("TLSv1.2")
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_same_certificate():
    with Connected() as connected:
        before = connected.sock.getpeercert(True)
        connected.renegotiate(GOOD)
        assert connected.certificate == before


@pytest.mark.since(3, 7, "has no SSLCertVerificationError")
@pytest.mark.parametrize("chain, code", [
    (UNKNOWN, UNKNOWN_CA), (OTHER, HOSTNAME_MISMATCH)], ids=[
    "unknown CA", "other host"])
def test_certificate_that_is_refused(chain, code):
    with Connected() as connected:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            connected.renegotiate(chain)
        assert caught.value.verify_code == code


@pytest.mark.parametrize("chain", [UNKNOWN, OTHER])
def test_context_that_verifies_nothing(chain):
    with Connected(lax_context()) as connected:
        before = connected.sock.getpeercert(True)
        connected.renegotiate(chain)
        assert connected.certificate != before


@pytest.mark.parametrize("chain", [GOOD, OTHER])
def test_context_without_check_hostname(chain):
    context = client_context("TLSv1.2")
    context.check_hostname = False
    with Connected(context) as connected:
        connected.renegotiate(chain)
        assert connected.certificate


@pytest.mark.backport_only("stock uses the first context's settings")
def test_name_check_of_another_context():
    """The renegotiation uses the settings of the context that was set before
    the first handshake."""
    with Connected(lax_context(), client_context("TLSv1.2")) as connected:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            connected.renegotiate(OTHER)
        assert caught.value.verify_code == HOSTNAME_MISMATCH


@pytest.mark.backport_only("stock uses the first context's settings")
@pytest.mark.parametrize("chain", [GOOD, UNKNOWN])
def test_none_with_a_context_from_after_the_handshake(chain):
    """The first context verified the handshake, and OpenSSL would use it for
    the renegotiation as well.  Our end therefore refuses the renegotiation."""
    with Connected(lax_context()) as connected:
        connected.sock.context = client_context("TLSv1.2")
        assert connected.sock.context.check_hostname is True
        with Task(connected.server.renegotiate, chain) as server:
            assert connected.sock.recv(5) == b""
            connected.sock.close()
            assert server.result() == "alert"
        assert connected.server.alert == "no_renegotiation"
