"""A peer without OpenSSL: tlslite-ng, which is written in Python.  Tests can
change its handshake messages before it sends them.
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
# an alter function returns it to send no more records
END = (None, b"")


def settings(version):
    """Settings that are fast in pure Python, with one choice of each."""
    result = HandshakeSettings()
    result.versions = [NUMBERS[version]]
    result.minVersion = result.maxVersion = NUMBERS[version]
    result.eccCurves = result.keyShares = ["secp256r1"]
    result.cipherNames = ["chacha20-poly1305"]
    result.certificate_compression_send = []
    result.certificate_compression_receive = []
    return result


class Peer(TLSConnection):
    """A peer that does the handshake, and then echoes all data.

    `alter` maps the name of a message (of HandshakeType, or "ccs") to a
    function.  It takes the message, and returns the records to send instead,
    as (content type, bytes).  The transcript of both ends contains the sent
    records.  `piece` is the greatest size of a handshake record (bytes).
    """

    def __init__(self, sock, version, is_client, alter=None, piece=2 ** 14):
        TLSConnection.__init__(self, sock)
        self.plain = sock
        self.closeSocket = False
        self._settings = settings(version)
        self._is_client = is_client
        self._alter = alter or {}
        self.altered = False
        self.data = bytearray()     # all data received
        self.alert = None           # name of the alert that ended it
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
        """Echo data until the end of the connection; returns its cause:
        "close_notify", "alert" or "EOF"."""
        return self._ending(self._echo)

    def live(self):
        """Do the handshake, then echo()."""
        def both():
            self.shake_hands()
            self._echo()
        return self._ending(both)

    def send(self, *records):
        """Send records after the handshake, in one piece."""
        self.sock.buffer_writes = True
        for _ in self._send_records(records):
            pass
        self.sock.flush()
        self.sock.buffer_writes = False

    def update_keys(self, answer):
        """Send a KeyUpdate, which requests another one or does not."""
        for _ in self.send_keyupdate_request(
                KeyUpdateMessageType.update_requested if answer else
                KeyUpdateMessageType.update_not_requested):
            pass

    def flood(self, function, *arguments):
        """Call the function until the connection ends; returns as echo()."""
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

    # tlslite sends each message through this method

    def _records_of(self, message):
        if message.contentType == CCS:
            name = "ccs"
        else:
            name = HandshakeType.toRepr(
                getattr(message, "handshakeType", None))
        if name == "certificate_request":
            # without compression tlslite sends an empty list, which OpenSSL
            # refuses if it has certificate compression
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
        """Send records; a generator, as tlslite's own methods are."""
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
    """{version: {role: context}}: contexts that tlslite accepts."""
    made = {}
    for version in NUMBERS:
        client = client_context(version)
        server = server_context(version, "localhost-ec.pem")
        client.load_cert_chain(cert("localhost-ec.pem"))
        # the group of the peer, so that there is no HelloRetryRequest
        client.set_ecdh_curve("prime256v1")
        server.load_verify_locations(cert("root.pem"))
        server.verify_mode = ssl.CERT_REQUIRED
        made[version] = {"client": client, "server": server}
    return made


class Meeting(object):
    """An SSLSocket, `sock`, in a role, and the peer, before the handshake."""

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
        """Run a whole connection.

        Returns the SSLError that ended it, or None; and the end that the peer
        saw, as echo() returns it.
        """
        with Task(self.peer.live) as peer:
            try:
                self.sock.do_handshake()
                self.sock.sendall(b"hello")
                assert receive(self.sock, 5) == b"hello"
                self.sock.unwrap()
            except ssl.SSLError as error:
                # a peer that was sent no alert notices the end by this
                self.sock.shutdown(socket.SHUT_WR)
                return error, peer.result()
            return None, peer.result()

    def assert_context_works(self):
        """Check that this connection has no effect on the next one."""
        with BioPair(**self._contexts) as pair:
            pair.client.write(b"hello")
            pair.flush()
            assert pair.server.read(5) == b"hello"

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.sock.close()
        self.peer.plain.close()
