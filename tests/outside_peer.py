"""A peer that does not stand on OpenSSL: tlslite-ng, all in Python, whose
messages a test may alter before they go out, and the meetings with it.
"""

import socket
import ssl

import pytest

from helpers import (PYPY, TIMEOUT, BioPair, Task, cert, client_context,
                     read_cert, receive, server_context, unix_pair)

pytest.importorskip("tlslite", reason="tlslite-ng is not installed")

if PYPY:
    pytest.skip("PyPy cannot run tlslite-ng's classes with old names of "
                "attributes", allow_module_level=True)

from tlslite.api import (  # noqa: E402
    HandshakeSettings, TLSAbruptCloseError, TLSConnection, TLSRemoteAlert,
    X509CertChain, parsePEMKey)
from tlslite.constants import (  # noqa: E402
    AlertDescription, ContentType, ExtensionType, HandshakeType,
    KeyUpdateMessageType)
from tlslite.messages import Message  # noqa: E402

NUMBERS = {"TLSv1.2": (3, 3), "TLSv1.3": (3, 4)}
ROLES = ["client", "server"]
PEM = str(read_cert("localhost-ec.pem"))
KEY = parsePEMKey(PEM, private=True)
CHAIN = X509CertChain()
CHAIN.parsePemList(PEM)

CCS = ContentType.change_cipher_spec
ALERT = ContentType.alert
HANDSHAKE = ContentType.handshake
DATA = ContentType.application_data
# in the place of a record: no other follows
END = (None, b"")


def settings(version):
    """What is quick in pure Python, and no choice."""
    result = HandshakeSettings()
    result.versions = [NUMBERS[version]]
    result.minVersion = result.maxVersion = NUMBERS[version]
    result.eccCurves = result.keyShares = ["secp256r1"]
    result.cipherNames = ["chacha20-poly1305"]
    result.certificate_compression_send = []
    result.certificate_compression_receive = []
    return result


class Peer(TLSConnection):
    """One that shakes hands and then sends back what it gets.

    alter maps the name of a message (of HandshakeType, or "ccs") to a
    function that takes the message and returns the records, as (content
    type, bytes), that are sent in its place; both ends take what was sent
    for the handshake's transcript.  piece is the most that a handshake
    record holds (bytes).
    """

    def __init__(self, sock, version, is_client, alter=None, piece=2 ** 14):
        TLSConnection.__init__(self, sock)
        self.plain = sock
        self.closeSocket = False
        self._settings = settings(version)
        self._is_client = is_client
        self._alter = alter or {}
        self.altered = False
        self.data = bytearray()     # what has come
        self.alert = None           # the name of the alert that ended it
        self._piece = piece
        self._waiting = []

    def shake_hands(self):
        if self._is_client:
            self.handshakeClientCert(CHAIN, KEY, settings=self._settings,
                                     serverName="localhost")
        else:
            self.handshakeServer(certChain=CHAIN, privateKey=KEY,
                                 reqCert=True, settings=self._settings)

    def echo(self):
        """Returns how it ended: "close_notify", "alert", "EOF"."""
        return self._ending(self._echo)

    def live(self):
        """The handshake, then echo()."""
        def both():
            self.shake_hands()
            self._echo()
        return self._ending(both)

    def send(self, *records):
        """Records after the handshake, all at once."""
        self.sock.buffer_writes = True
        for _ in self._send_records(records):
            pass
        self.sock.flush()
        self.sock.buffer_writes = False

    def update_keys(self, answer):
        """A KeyUpdate, to be answered with another or not."""
        for _ in self.send_keyupdate_request(
                KeyUpdateMessageType.update_requested if answer else
                KeyUpdateMessageType.update_not_requested):
            pass

    def flood(self, function, *arguments):
        """Calls it until the connection ends; how, as echo() does."""
        def repeat():
            while True:
                function(*arguments)
        return self._ending(repeat)

    def _echo(self):
        while not self.closed:
            data = self.read()
            self.data += data
            if data:
                self.write(data)

    def _ending(self, function):
        try:
            function()
        except TLSRemoteAlert as alert:
            self.alert = AlertDescription.toRepr(alert.description)
            return "alert"
        except (TLSAbruptCloseError, socket.error):
            return "EOF"
        return "close_notify"

    # All that tlslite sends comes by here, message by message

    def _records_of(self, message):
        if message.contentType == CCS:
            name = "ccs"
        else:
            name = HandshakeType.toRepr(
                getattr(message, "handshakeType", None))
        if name == "certificate_request":
            # tlslite sends an empty list where there is no compression,
            # which an OpenSSL that can compress certificates refuses
            message.extensions = [
                each for each in message.extensions
                if each.extType != ExtensionType.compress_certificate]
        if name in self._alter:
            self.altered = True
            return self._alter[name](message)
        return [(message.contentType, message.write())]

    def _sendMsg(self, message, randomizeFirstBlock=True,
                 update_hashes=True):
        records = self._records_of(message)
        self._note(records)
        return self._send_records(records)

    def _queue_message(self, message):
        records = self._records_of(message)
        self._note(records)
        self._waiting += records

    def _queue_flush(self):
        records, self._waiting = self._waiting, []
        return self._send_records(records)

    def _note(self, records):
        for kind, data in records:
            if kind == HANDSHAKE:
                self._handshake_hash.update(bytearray(data))

    def _send_records(self, records):
        """A generator, as tlslite's own way to send is."""
        for kind, data in records:
            if kind is None:
                self.sock.flush()
                self.plain.shutdown(socket.SHUT_WR)
                return
            step = self._piece if kind == HANDSHAKE else 2 ** 16
            for start in range(0, len(data) or 1, step):
                part = Message(kind, bytearray(data[start:start + step]))
                for result in self._sendMsgThroughSocket(part):
                    yield result


def our_contexts():
    """{version: {role: context}}, which the peer and each other accept."""
    made = {}
    for version in NUMBERS:
        client = client_context(version)
        server = server_context(version, "localhost-ec.pem")
        client.load_cert_chain(cert("localhost-ec.pem"))
        # what the peer takes, so that there is no HelloRetryRequest
        client.set_ecdh_curve("prime256v1")
        server.load_verify_locations(cert("root.pem"))
        server.verify_mode = ssl.CERT_REQUIRED
        made[version] = {"client": client, "server": server}
    return made


class Meeting(object):
    """Our end, sock, in a role, and the peer; no handshake is done yet."""

    def __init__(self, contexts, role, version, timeout=TIMEOUT, **of_peer):
        self._contexts = contexts[version]
        left, right = unix_pair(timeout)
        self.sock = self._contexts[role].wrap_socket(
            left, server_side=role == "server",
            server_hostname="localhost" if role == "client" else None,
            do_handshake_on_connect=False)
        self.peer = Peer(right, version, role == "server", **of_peer)

    def shake_hands(self):
        with Task(self.peer.shake_hands):
            self.sock.do_handshake()

    def live(self):
        """A whole life: the SSLError in which it ended or None, and how
        the peer says that it ended."""
        with Task(self.peer.live) as peer:
            try:
                self.sock.do_handshake()
                self.sock.sendall(b"hello")
                assert receive(self.sock, 5) == b"hello"
                self.sock.unwrap()
            except ssl.SSLError as error:
                # whom no alert was sent hears of it by this
                self.sock.shutdown(socket.SHUT_WR)
                return error, peer.result()
            return None, peer.result()

    def assert_context_works(self):
        """The next connection is as if this one had not been."""
        with BioPair(**self._contexts) as pair:
            pair.client.write(b"hello")
            pair.flush()
            assert pair.server.read(5) == b"hello"

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.sock.close()
        self.peer.plain.close()
