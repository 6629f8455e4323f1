"""Call every public name, with arguments of every kind, on objects in every
state, from the main program and from callbacks.

Input: steps.  Each names an operation, an object and arguments.

Later steps also use the objects that earlier steps returned.
"""

import ssl

import common
from helpers import (PASSWORD, BioPair, SocketPair, cert, client_context,
                     server_context, unix_pair)

SCRATCH = common.Scratch()
LARGEST = 24            # objects
DEEPEST = 3             # callbacks within callbacks
LONGEST = 300           # steps
TEXT = 40               # bytes


class Planned(Exception):
    """The error that callbacks raise."""


EXPECTED = common.DOCUMENTED + (AttributeError, BufferError, Planned)

TYPES = (ssl.SSLContext, ssl.SSLObject, ssl.SSLSocket, ssl.MemoryBIO,
         ssl.SSLSession, ssl._ssl.Certificate, ssl._ssl._SSLSocket)

# These wait for a peer, may block for ever, or leak a descriptor.
LEFT_OUT = {"accept", "bind", "connect", "connect_ex", "listen", "setblocking",
           "settimeout", "do_handshake", "sendfile", "wrap_socket",
           "_wrap_socket", "_accept_impl", "get_server_certificate",
           "sslwrap_simple", "create_connection", "detach"}
SPECIAL = ["__init__", "__hash__", "__repr__", "__eq__", "__class__"]

NUMBERS = [0, 1, -1, 2, 3, 16, 17, 255, 1000, 65536, 2 ** 31, -2 ** 31,
           2 ** 32 + 1, 2 ** 63, -2 ** 64, 2 ** 100]
CONSTANTS = sorted(
    {int(getattr(ssl, name)) for name in dir(ssl) if name.startswith(
        ("OP_", "VERIFY_", "CERT_", "PROTOCOL_", "ALERT_DESCRIPTION_"))} |
    {int(value) for value in ssl.TLSVersion})
WORDS = ["localhost", "other.test", "127.0.0.1", "", "DEFAULT", "ALL:!PSK",
         "ALL:@SECLEVEL=0", "ECDHE-ECDSA-AES128-SHA", "PSK", "X25519",
         "prime256v1", "X25519:P-256", "TLS_AES_128_GCM_SHA256",
         "ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256", "tls-unique",
         "h2", "http/1.1", "a\0b", u"\xe9.test", "x" * 300, PASSWORD,
         "SERVER_AUTH", "1.3.6.1.5.5.7.3.1"]
FILES = [cert(name) for name in (
    "root.pem", "localhost-ec.pem", "client.pem", "localhost-encrypted.pem",
    "dh2048.pem", "crl.pem", "junk.pem", "capath", "missing.pem")]
KEY_LOGS = [SCRATCH.path("keys"), SCRATCH.path("missing/keys"), None]
OTHERS = [None, True, False, 1.5, b"", b"x" * 1000, bytearray(b"abc"),
          bytearray(100), memoryview(b"abc"), ["h2", "http/1.1"], ("a", b"b"),
          [""], object(), Planned, ssl.Purpose.CLIENT_AUTH]
TABLES = [NUMBERS, CONSTANTS, WORDS, FILES, OTHERS]
SIZES = [1, 0, 100, 16384, 70000, 300000]
KEYWORDS = ["server_hostname", "server_side", "session", "cafile", "cadata",
            "capath", "password", "keyfile", "buffer", "len", "binary_form",
            "callback", "cb_type", "owner", "identity_hint", "purpose"]
# a password, so that OpenSSL does not prompt for one at the terminal
EVERY_TIME = {"load_cert_chain": {"password": PASSWORD}}


def public_names(owner):
    return [name for name in sorted(dir(owner))
            if not name.startswith("_") and name not in LEFT_OUT]


NAMES = {kind: public_names(kind) + SPECIAL for kind in TYPES}
NAMES[ssl.SSLContext].append("_msg_callback")
# a socket's __init__() is not meant to be called a second time
NAMES[ssl.SSLSocket].remove("__init__")
FUNCTIONS = [getattr(ssl._ssl, name) for name in public_names(ssl._ssl)
             if callable(getattr(ssl._ssl, name))]
FUNCTIONS += [getattr(ssl, name) for name in (
    "match_hostname", "cert_time_to_seconds", "create_default_context",
    "DER_cert_to_PEM_cert", "PEM_cert_to_DER_cert", "get_protocol_name",
    "get_default_verify_paths", "SSLContext", "SSLObject", "SSLSocket")]


class Zoo(object):
    """The objects, and the steps that act on them."""

    def __init__(self, source):
        self.source = source
        self.depth = self.steps = 0
        self.pairs = []
        self.objects = [client_context(),
                        server_context(None, "localhost-ec.pem")]

    def close(self):
        for pair in self.pairs:
            pair.close()

    # arguments

    def value(self):
        """A value of any kind."""
        source = self.source
        kind = source.byte() % 12
        if kind < 2:
            return source.pick(self.objects)
        if kind < 7:
            return source.pick(TABLES[kind - 2])
        if kind == 7:
            return source.take(source.byte())
        if kind == 8:
            # files are opened in no other folder than this one
            text = source.take(source.byte() % TEXT)
            return text.decode("latin-1").replace(u"/", u"_")
        if kind == 9:
            return [self.value() for _ in range(source.byte() % 4)]
        if kind == 10:
            return bytearray(source.number())
        return self.callback()

    def callback(self):
        """A callback that returns a value, raises, or runs steps itself."""
        kind, result = self.source.byte() % 4, None
        if self.depth < DEEPEST and kind == 1:
            self.depth += 1
            result = self.value()
            self.depth -= 1

        def call(*args):
            if kind == 2:
                raise Planned()
            if kind == 3:
                self.keep(*args)
                self.step()
            return result
        return call

    def arguments(self, name):
        args = [self.value() for _ in range(self.source.byte() % 4)]
        options = dict(EVERY_TIME.get(name, ()))
        if self.source.byte() & 1:
            options[self.source.pick(KEYWORDS)] = self.value()
        return args, options

    # steps

    def keep(self, *candidates):
        for candidate in candidates:
            if isinstance(candidate, TYPES):
                self.objects.append(candidate)
        del self.objects[:max(0, len(self.objects) - LARGEST)]

    def chosen(self):
        """(an object, the name of one of its attributes)."""
        chosen = self.source.pick(self.objects)
        kind = next(kind for kind in TYPES if isinstance(chosen, kind))
        return chosen, self.source.pick(NAMES[kind])

    def call(self):
        owner, name = self.chosen()
        method = getattr(owner, name)
        if callable(method) and not isinstance(method, type):
            args, options = self.arguments(name)
            result = method(*args, **options)
            self.keep(*result if isinstance(result, list) else [result])

    def call_function(self):
        function = self.source.pick(FUNCTIONS)
        args, options = self.arguments("")
        self.keep(function(*args, **options))

    def get(self):
        owner, name = self.chosen()
        self.keep(getattr(owner, name))

    def set(self):
        owner, name = self.chosen()
        if callable(getattr(type(owner), name, None)):
            return      # replacing a method would not test it
        value = (self.source.pick(KEY_LOGS) if name == "keylog_filename"
                 else self.value())
        setattr(owner, name, value)

    def delete(self):
        owner, name = self.chosen()
        delattr(owner, name)

    def connect(self, make, **options):
        contexts = [thing for thing in self.objects
                    if isinstance(thing, ssl.SSLContext)]
        if not contexts:
            contexts = [client_context()]
            self.keep(*contexts)
        pair = make(self.source.pick(contexts),
                    self.source.pick(contexts[::-1]), handshake=False,
                    session=self.source.pick([None] + self.sessions()),
                    **options)
        self.pairs.append(pair)
        self.keep(pair.client, pair.server, pair.client._sslobj)
        return pair

    def sessions(self):
        return [thing for thing in self.objects
                if isinstance(thing, ssl.SSLSession)]

    def connect_bio(self):
        pair = self.connect(BioPair)
        self.keep(pair.client_in, pair.server_out)

    def connect_socket(self):
        pair = self.connect(SocketPair, pair=unix_pair(0))
        assert pair.client.gettimeout() == pair.server.gettimeout() == 0

    def drop(self):
        if len(self.objects) > 1:
            self.objects.remove(self.source.pick(self.objects))

    def go_on(self):
        """Continue the handshake of a connection."""
        if not self.pairs:
            return
        pair = self.source.pick(self.pairs)
        ends = [pair.client, pair.server]
        pair.flush()
        self.source.pick(ends).do_handshake()
        pair.flush()

    def finish(self):
        if self.pairs:
            pair = self.source.pick(self.pairs)
            for _ in range(3):
                for end in pair.client, pair.server:
                    if common.attempt(end.do_handshake)[1] is None:
                        self.keep(end.session)
                    pair.flush()

    def talk(self):
        if self.pairs:
            pair = self.source.pick(self.pairs)
            sender, reader = self.source.pick([
                (pair.client, pair.server), (pair.server, pair.client)])
            sender.write(b"x" * self.source.pick(SIZES))
            pair.flush()
            reader.read(self.source.pick(SIZES))

    def step(self):
        self.steps += 1
        if not self.source.left() or self.steps > LONGEST:
            return
        if self.depth > DEEPEST:
            return
        self.depth += 1
        action = self.source.pick(ACTIONS)
        try:
            action(self)
        except EXPECTED as error:
            common.check_error(error)
        finally:
            self.depth -= 1


ACTIONS = [Zoo.call, Zoo.call_function, Zoo.get, Zoo.set, Zoo.delete,
           Zoo.connect_bio, Zoo.connect_socket, Zoo.drop, Zoo.go_on,
           Zoo.finish, Zoo.talk]


def run(data):
    zoo = Zoo(common.Source(data))
    try:
        while zoo.source.left() and zoo.steps <= LONGEST:
            zoo.step()
        for thing in zoo.objects:
            assert isinstance(repr(thing), str)
        common.check_still_works()
    finally:
        zoo.close()


# Seeds

def action(chosen, *decisions):
    return bytes(bytearray([ACTIONS.index(chosen)]) + bytearray(decisions))


def encoded(value):
    """The bytes that make Zoo choose this value of the tables, or this one of
    the CALLBACKS."""
    if value in CALLBACKS:
        return [11, CALLBACKS.index(value)]
    for kind, table in enumerate(TABLES):
        for place, one in enumerate(table):
            if type(one) is type(value) and one == value:
                return [kind + 2, place]
    raise ValueError(value)


def called(names, name, *values):
    """The bytes, after those for the object, that call `name` with these
    values."""
    decisions = [names.index(name), len(values)]
    for value in values:
        decisions += encoded(value)
    return decisions + [0]


# in the order in which callback() chooses
CALLBACKS = ["returns None", "returns a value", "raises", "takes a step"]
TYPICAL = [
    ("set_ciphers", "ALL:@SECLEVEL=0"), ("set_groups", "X25519"),
    ("set_ciphersuites", "TLS_AES_128_GCM_SHA256"),
    ("set_ecdh_curve", "prime256v1"), ("load_dh_params", FILES[4]),
    ("set_alpn_protocols", ["h2", "http/1.1"]),
    ("set_client_sigalgs", "ecdsa_secp256r1_sha256"),
    ("set_server_sigalgs", "ecdsa_secp256r1_sha256"),
    ("load_cert_chain", FILES[2]), ("load_verify_locations", FILES[0]),
    ("load_verify_locations", FILES[5])]
TYPICAL += [(name, callback) for callback in CALLBACKS
            for name in ("set_psk_client_callback", "set_psk_server_callback",
                         "set_servername_callback")]
FUNCTION_CALLS = [("RAND_add", b"", 1.5), ("RAND_bytes", 16),
                  ("nid2obj", 17), ("txt2obj", "1.3.6.1.5.5.7.3.1"),
                  ("txt2obj", "SERVER_AUTH", True), ("nid2obj", -1)]


def typical():
    """Inputs with valid settings, each followed by a connection."""
    names = NAMES[ssl.SSLContext]
    for side in 0, 1:
        for call in TYPICAL:
            yield action(Zoo.call, side, *called(names, *call))
        for callback in CALLBACKS:
            yield action(Zoo.set, side, names.index("_msg_callback"),
                         *encoded(callback))
        yield action(Zoo.set, side, names.index("keylog_filename"), 0)


def seeds():
    """Every name of every object, before and after the handshake; and typical
    calls, each followed by a connection that uses the setting."""
    ways = [action(connect, 0, 0, 0) + action(Zoo.finish, 0)
            for connect in (Zoo.connect_bio, Zoo.connect_socket)]
    talk = action(Zoo.talk, 0, 0, 2, 2) + action(Zoo.talk, 0, 1, 5, 4)
    for settings in typical():
        for way in ways:
            yield settings + way + talk + way + talk
    for start in [b""] + ways:
        for owner in range(8 if start else 2):
            for name in range(0, 60, 4):
                yield start + b"".join(
                    action(what, owner, name + place) + b"\0\0\0"
                    for what in (Zoo.get, Zoo.call, Zoo.set, Zoo.delete)
                    for place in range(4))
    names = [function.__name__ for function in FUNCTIONS]
    for call in FUNCTION_CALLS:
        yield action(Zoo.call_function, *called(names, *call))
