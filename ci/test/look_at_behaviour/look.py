"""Prints the outcomes of the calls in table.py with this Python's ssl.

    python [-m _ssl_backport] look.py CERTIFICATES [ROW]

It takes some minutes.  CERTIFICATES is the folder tests/certs.  The script
writes its files to the working folder.  It makes each call of the tables in
each state and with each value, and prints two lines of JSON for each row:
[state, line, value] before the call, [outcome, ...] after it.  A call may
crash the script, or take too long, so that an alarm ends the script.  The
caller can then start the script again at the next ROW.  The script runs on 2.7
and 3, and needs only this folder and ssl.

The notation of the tables:
    c.options = VALUE   set the attribute to each value, then read it
    VALUE               every value
    SMALL               every value except numbers that a call would use as an
                        amount of memory or work
    FEW                 a value of each type
    -> type             the outcome is the type of the result only, since the
                        result is random
    -> alone            do not use the object after the call
"""

from __future__ import print_function

import array  # noqa: F401, for the table
import collections
import contextlib
import json
import os
import re
import signal
import socket
import ssl
import sys
import warnings

sys.dont_write_bytecode = True

from outcomes import (as_number, attributes, evaluate,  # noqa: E402, F401
                      execute, outcome, show, show_error)
from pairs import (VERSIONS, Objects, Sockets, cert, closing,  # noqa: E402
                   half_done, new_contexts, other)
from table import (CONNECTION, CONTEXT, DELETIONS, FEW,  # noqa: E402
                   FLAGS, HOSTS, KEYS, MODULE, PAIRS, SMALL, SOCKET, VALUES)

SECONDS = 30  # the most that a call may take; then SIGALRM ends the script


# Values

class Index(object):
    def __index__(self):
        return 1


class Number(object):
    def __int__(self):
        return 1


class Failing(object):
    """Each operation on this object raises ZeroDivisionError."""

    def fail(self, *args):
        raise ZeroDivisionError

    __index__ = __int__ = __len__ = __iter__ = __getitem__ = fail
    __bool__ = __nonzero__ = __call__ = __fspath__ = fail
    __eq__ = __ne__ = fail
    __hash__ = None


class Path(object):
    def __fspath__(self):
        return "by-path"


def function(*args):
    """A callable value."""


# Running a line

PLACE = re.compile(r"\b(?:VALUE|SMALL|FEW)\b")
PLACES = {"VALUE": VALUES, "SMALL": SMALL, "FEW": FEW}

Line = collections.namedtuple("Line", "text value code options")


def lines(table, all_values):
    """Generate the Lines of a table, one for each value of a placeholder.

    all_values: False to use the values FEW for each placeholder.
    """
    for text in table.strip().splitlines():
        code, _, options = text.partition(" -> ")
        place = PLACE.search(code)
        if place is None:
            yield Line(code, "", code, options)
            continue
        values = PLACES[place.group()] if all_values else FEW
        for value in values:
            yield Line(code, value, PLACE.sub(lambda _: value, code), options)


def names_for(**more):
    names = dict(globals())
    names.update(more)
    return names


def outcome_of(line, names):
    return outcome(lambda: execute(line.code, names), line.options)


def settings(context):
    """The settings of a context, as a list of texts."""
    names = ["protocol", "options", "verify_flags", "verify_mode",
             "check_hostname", "minimum_version", "maximum_version",
             "post_handshake_auth", "hostname_checks_common_name",
             "security_level", "num_tickets", "keylog_filename",
             "sni_callback"]
    return ["%s is %s" % (name, as_number(getattr(context, name)))
            for name in names]


def open_file(mode):
    """Open a file of 10 bytes."""
    with open("ten-bytes", "wb") as stream:
        stream.write(b"0123456789")
    return open("ten-bytes", mode)


def sent(connection):
    """The Certificate objects that the peer has sent."""
    return connection._sslobj.get_unverified_chain()


def waiting(sock):
    """Set a short timeout, which sendfile() needs, and return the socket.

    The peer does nothing meanwhile, so an operation that waits times out.
    """
    sock.settimeout(0.01)
    return sock


def tell(state, line, look):
    """Print one row: the outcomes that look() returns for a line."""
    global row
    row += 1
    if row < first_row:
        return
    if not isinstance(line, Line):
        line = Line(line, "", line, "")
    write([state, line.text, line.value])
    signal.alarm(SECONDS)
    write(look(line))


row = -1


def write(what):
    print(json.dumps(what, sort_keys=True))
    sys.stdout.flush()


# Contexts in each state

def before():
    """The rows of new contexts."""
    for name, protocol in (("client's", ssl.PROTOCOL_TLS_CLIENT),
                           ("server's", ssl.PROTOCOL_TLS_SERVER),
                           ("anyone's", ssl.PROTOCOL_TLS)):
        def look(line):
            context = silently(lambda: ssl.SSLContext(protocol))
            if name == "server's":
                context.load_cert_chain(cert("localhost-ec.pem"))
            else:
                context.load_verify_locations(cert("root.pem"))
            found = outcome_of(line, names_for(c=context))
            return [found] if line.options == "alone" else [
                found, use(context, name == "server's")]

        for line in lines(CONTEXT, True):
            tell("context, " + name, line, look)
        for attribute in DELETIONS:
            tell("context, " + name, "del c." + attribute, look)


def silently(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def use(context, server_side):
    """Make a connection with a context.  Returns the outcomes."""
    client, server = new_contexts("TLSv1_3")
    for each in client, server:
        each.minimum_version = ssl.TLSVersion.TLSv1_2
    contexts = (client, context) if server_side else (context, server)
    try:
        pair = Objects(*contexts)
    except Exception as error:
        return show_error(error)
    return [pair.shake(), pair.client.version(), pair.server.version(),
            pair.talk(pair.client, pair.server)]


def during():
    """The rows of contexts that have a connection, in each state."""
    for version in VERSIONS:
        for kind in Sockets, Objects:
            for name, call in CONTEXT_STATES:
                def look(line):
                    with closing(kind(*new_contexts(version))) as pair:
                        return call(pair, line)

                for line in lines(CONTEXT, False):
                    if line.options != "alone":
                        tell("context, %s, %s, %s" % (
                            name, kind.kind, version), line, look)


def in_callback(pair, line):
    found = []
    context = pair.server.context

    def named(*args):
        context.sni_callback = None
        found.append(outcome_of(line, names_for(c=context)))

    context.sni_callback = named
    ends = pair.shake()
    return found + [ends, pair.talk(pair.server, pair.client)]


def at_half(side):
    def call(pair, line):
        half_done(pair)
        context = getattr(pair, side).context
        found = outcome_of(line, names_for(c=context))
        return [found, pair.shake(), pair.talk(pair.client, pair.server)]
    return call


def at_end(side):
    def call(pair, line):
        pair.shake()
        context = getattr(pair, side).context
        found = outcome_of(line, names_for(c=context))
        return [found, pair.talk(pair.client, pair.server)]
    return call


def closed(pair, line):
    pair.shake()
    context = pair.client.context
    pair.close()
    return [outcome_of(line, names_for(c=context))]


CONTEXT_STATES = [
    ("in SNI callback", in_callback),
    ("client's, half done", at_half("client")),
    ("server's, half done", at_half("server")),
    ("client's, done", at_end("client")),
    ("server's, done", at_end("server")),
    ("closed", closed),
]


# Connections in each state

def new(pair, side):
    """The handshake has not started."""


def half(pair, side):
    half_done(pair)


def done(pair, side):
    pair.shake()


def read_before(pair, side):
    pair.shake()
    getattr(pair, other(side)).write(b"0123456789")
    pair.carry()
    outcome(lambda: getattr(pair, side).read(2))


def ended(pair, side):
    """The peer has sent close_notify."""
    pair.shake()
    outcome(getattr(pair, other(side)).unwrap)
    pair.carry()


def cut_off(pair, side):
    """The peer has closed the transport without close_notify."""
    pair.shake()
    pair.cut_off(other(side))


def unwrapped(pair, side):
    pair.shake()
    pair.run("unwrap")


def shut(pair, side):
    pair.shake()
    pair.close()


CONNECTION_STATES = [new, half, done, read_before, ended, cut_off, unwrapped,
                     shut]
MODES = ["plain", "resumed", "authenticated", "authenticates later",
         "refused"]


def contexts_of(mode, version):
    """The contexts of a mode: (client's, server's, a session of both)."""
    if (mode, version) not in made:
        client, server = new_contexts(version, mode.startswith("auth"))
        if mode == "authenticated":
            server.verify_mode = ssl.CERT_REQUIRED
        elif mode == "authenticates later":
            client.post_handshake_auth = server.post_handshake_auth = True
            server.verify_mode = ssl.CERT_OPTIONAL
        pair = Objects(client, server)
        pair.shake()
        pair.talk(pair.client, pair.server)
        old = pair.client.session
        if mode == "refused":
            client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made[mode, version] = client, server, old
    return made[mode, version]


made = {}


def connections():
    for version in VERSIONS:
        for kind in Sockets, Objects:
            for mode, state in states_of(kind):
                for side in "client", "server":
                    connections_of(version, kind, mode, state, side)
            connections_in_callback(version, kind)


def connections_of(version, kind, mode, state, side):
    def look(line):
        client, server, old = contexts_of(mode, version)
        session = old if mode == "resumed" else None
        with closing(kind(client, server, session)) as pair:
            return connection(pair, side, state, line, old)

    everything = state is done and mode == "plain" and side == "client"
    for line in lines(table_of(kind), everything):
        tell("%s's, %s, %s, %s, %s" % (
            side, kind.kind, version, mode,
            state.__name__.replace("_", " ")), line, look)


def connections_in_callback(version, kind):
    def look(line):
        client, server, old = contexts_of("plain", version)
        with closing(kind(client, server)) as pair:
            return named(pair, line, old)

    for line in lines(table_of(kind), False):
        tell("server's, %s, %s, in SNI callback" % (kind.kind, version),
             line, look)


def table_of(kind):
    return CONNECTION + (SOCKET if kind is Sockets else "")


def states_of(kind):
    for state in CONNECTION_STATES:
        if state is not shut or kind is Sockets:
            yield "plain", state
    for mode in MODES[1:]:
        yield mode, done


def connection(pair, side, state, line, old):
    state(pair, side)
    s, p = getattr(pair, side), getattr(pair, other(side))
    found = outcome_of(line, names_for(s=s, p=p, old=old))
    pair.carry()
    ends = [] if state in (done, read_before, shut) else pair.shake()
    return [found, ends, [] if state is shut else pair.talk(s, p)]


def named(pair, line, old):
    found = []
    context = pair.server.context

    def callback(sock, name, context):
        found.append(outcome_of(line, names_for(s=sock, p=pair.client,
                                                old=old)))

    context.sni_callback = callback
    try:
        ends = pair.shake()
    finally:
        context.sni_callback = None
    return found + [ends, pair.talk(pair.server, pair.client)]


def unconnected():
    """The rows of sockets that are not connected."""
    for side in "client", "server":
        def look(line):
            client, server, old = contexts_of("plain", "TLSv1_3")
            with contextlib.closing(
                    server.wrap_socket(socket.socket(), True)
                    if side == "server" else client.wrap_socket(
                        socket.socket(), server_hostname="localhost")) as s:
                s.settimeout(0)
                return [outcome_of(line, names_for(s=s, old=old))]

        for line in lines(CONNECTION + SOCKET, False):
            tell(side + "'s, SSLSocket, unconnected", line, look)


# The arguments of callbacks, and the effects of their results

CALLBACKS = [
    ("sni_callback returns VALUE", SMALL,
     lambda kind, version, value: answer_name(kind, version, value)),
    ("PSK client callback returns VALUE", FEW + PAIRS,
     lambda kind, version, value: answer_keys(kind, version, value,
                                              "b'key'")),
    ("PSK server callback returns VALUE", SMALL + KEYS,
     lambda kind, version, value: answer_keys(kind, version,
                                              "('text',b'key')", value)),
    ("_msg_callback returns VALUE", FEW,
     lambda kind, version, value: answer_messages(kind, version, value)),
]


def answers():
    for version in VERSIONS:
        for kind in Sockets, Objects:
            for text, values, call in CALLBACKS:
                for value in values:
                    tell("%s, %s" % (kind.kind, version),
                         Line(text, value, text, ""),
                         lambda line: call(kind, version, line.value))


def returning(value, told):
    """A callback that returns a value, and adds its arguments to told."""
    def callback(*args):
        told.append(show(args))
        return evaluate(value, "eval", globals())
    return callback


def answer_name(kind, version, value):
    client, server = new_contexts(version)
    told = []
    server.sni_callback = returning(value, told)
    with closing(kind(client, server)) as pair:
        return [told, pair.shake()]


def answer_keys(kind, version, client_answer, server_answer):
    """The outcomes of PSK callbacks.

    TLS 1.2 needs a PSK cipher suite.  TLS 1.3 falls back to certificates.
    """
    client, server = new_contexts(version)
    told = []
    if version == "TLSv1_2":
        for context in client, server:
            context.set_ciphers("PSK")
    client.set_psk_client_callback(returning(client_answer, told))
    server.set_psk_server_callback(returning(server_answer, told), "hint")
    with closing(kind(client, server)) as pair:
        ends = pair.shake()
        return [told, ends, pair.talk(pair.client, pair.server)]


def answer_messages(kind, version, value):
    client, server = new_contexts(version)
    told = []
    client._msg_callback = returning(value, told)
    with closing(kind(client, server)) as pair:
        ends = pair.shake()
        # without the contents of the messages, which are random
        return [[each[:-1] for each in told], ends]


def keys():
    for version in VERSIONS:
        tell(version, "labels of the key log", lambda line: labels(version))


def labels(version):
    client, server = new_contexts(version)
    client.keylog_filename = "keys"
    Objects(client, server).shake()
    with open("keys") as stream:
        found = sorted(line.split()[0] for line in stream)
    os.remove("keys")
    return found


def tickets():
    """The rows of the number of tickets for each setting."""
    for number in 0, 1, 2, 3, 255:
        tell("TLSv1_3", "num_tickets = %d" % number,
             lambda line: count_tickets(number))


def count_tickets(number):
    client, server = new_contexts("TLSv1_3")
    server.num_tickets = number
    told = []
    client._msg_callback = returning("None", told)
    pair = Objects(client, server)
    pair.shake()
    pair.talk(pair.client, pair.server)
    return [sum(each[5:6] == [["_TLSMessageType", "4"]] for each in told),
            pair.client.session is not None]


# The settings of both sides, of which they choose the parameters of a
# connection
AGREEMENTS = [
    ("set_groups", ["X25519", "P-256", "secp384r1", "P-256:X25519"]),
    ("set_ciphersuites", ["TLS_AES_128_GCM_SHA256",
                          "TLS_AES_256_GCM_SHA384"]),
    ("set_client_sigalgs", ["RSA+SHA256", "ECDSA+SHA256"]),
    ("set_server_sigalgs", ["RSA+SHA256", "ECDSA+SHA256"]),
    ("set_alpn_protocols", [[], ["h2"], ["http/1.1", "h2"]]),
]


def agreements():
    for version in VERSIONS:
        for setter, values in AGREEMENTS:
            for ours in values:
                for theirs in values:
                    tell(version, "%s %s, %s" % (setter, ours, theirs),
                         lambda line: [outcome(lambda: agree(
                             version, setter, ours, theirs))])


def agree(version, setter, ours, theirs):
    client, server = new_contexts(version, True)
    server.verify_mode = ssl.CERT_REQUIRED
    getattr(client, setter)(ours)
    getattr(server, setter)(theirs)
    pair = Objects(client, server)
    return pair.shake() + [
        pair.client.cipher(), pair.client.selected_alpn_protocol(),
        pair.server.selected_alpn_protocol(),
        pair.client.group(), pair.server.group(),
        pair.client.client_sigalg(), pair.client.server_sigalg(),
        pair.server.client_sigalg(), pair.server.server_sigalg()]


def hosts():
    """The rows of certificates and host names."""
    for version in VERSIONS:
        for text in HOSTS.strip().splitlines():
            for flag in FLAGS.strip().splitlines():
                tell("%s, %s" % (version, flag), text,
                     lambda line: check_host(version, flag, *text.split()))


def check_host(version, flag, name, host):
    client, _ = new_contexts(version)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert(name))
    execute(flag, names_for(c=client))
    pair = Objects(client, server, server_hostname=host)
    return [pair.shake(), outcome(pair.client.getpeercert),
            outcome(pair.client.get_verified_chain),
            outcome(pair.client.get_unverified_chain)]


def module():
    for line in lines(MODULE, True):
        tell("module", line, lambda line: [outcome_of(line, names_for())])


first_row = int(sys.argv[2]) if len(sys.argv) > 2 else 0


def main():
    write([sys.version.split()[0], ssl.OPENSSL_VERSION])
    for part in (module, before, during, connections, unconnected, answers,
                 keys, tickets, agreements, hosts):
        part()


if __name__ == "__main__":
    main()
