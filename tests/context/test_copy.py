"""SSLContext.copy(): the copy has all settings of the original, and later
changes of one do not affect the other.

SETTINGS has an entry for each attribute and each method that sets something.
A test fails if an entry is missing.
"""

import collections
import io
import os
import ssl

import pytest

import pkcs12
from helpers import (PASSWORD, BioPair, cert, client_context, collect,
                     ech_list_of, limit_version, read_cert, server_context)

pytestmark = pytest.mark.backport_only("stock has no copy()")

_ssl = ssl._ssl
KEY = b"k" * 16
TRY_LATER = b"0\3\n\1\3"  # an OCSP response
ECH_KEYS = [ssl.generate_ech_keys("localhost") for _ in range(2)] \
    if getattr(ssl, "HAS_ECH", False) else []
SHARED_GROUPS = ["prime256v1", "secp384r1", "secp521r1"]
POLICY_CHECK, EXPLICIT_POLICY = 0x80, 0x100


# How handshakes show the settings

def bare_client():
    """A client context that verifies nothing and trusts no CA."""
    context = client_context(roots=None)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connects(client, server, version=None):
    """Whether a handshake between both contexts succeeds."""
    try:
        BioPair(client, server, version)
    except ssl.SSLError:
        return False
    return True


def groups(context):
    """The curves that a client or server context accepts."""
    found = []
    for name in SHARED_GROUPS:
        if context.protocol == ssl.PROTOCOL_TLS_CLIENT:
            client, server = context, server_context()
            server.set_ecdh_curve(name)
        else:
            client, server = bare_client(), context
            client.set_ecdh_curve(name)
        if connects(client, server):
            found.append(name)
    return found


def servers_taken(client):
    """The server certificates whose key type a client accepts."""
    return [chain for chain in ("localhost.pem", "localhost-ec.pem")
            if connects(client, server_context(chain=chain))]


def clients_taken(server):
    """The client certificates whose key type a server accepts.  A client
    whose key type is not accepted sends no certificate."""
    found = []
    for chain in "localhost.pem", "localhost-ec.pem":
        client = client_context("TLSv1.2")
        client.load_cert_chain(cert(chain))
        with BioPair(client, server) as pair:
            if pair.server.getpeercert():
                found.append(chain)
    return found


def application_protocol(context):
    is_client = context.protocol == ssl.PROTOCOL_TLS_CLIENT
    peer = server_context() if is_client else bare_client()
    peer.set_alpn_protocols(["b", "a"])
    with BioPair(*(context, peer) if is_client else (peer, context)) as pair:
        return pair.client.selected_alpn_protocol()


def psk_of_client(context):
    """The identities that a client context sends; false if its handshake
    fails."""
    def callback(identity):
        asked.append(identity)
        return KEY

    asked = []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_psk_server_callback(callback)
    return connects(context, server, "TLSv1.3") and asked


def psk_of_server(context):
    """The hints that a server context sends; false if its handshake
    fails."""
    def callback(hint):
        hints.append(hint)
        return "client", KEY

    hints = []
    client = limit_version(bare_client(), "TLSv1.2")
    client.set_psk_client_callback(callback)
    client.set_ciphers("PSK")
    return connects(client, context) and hints


def certificates_shown(context):
    """The chains that a server sends to RSA and to ECDSA clients."""
    found = []
    for algorithms in "rsa_pss_rsae_sha256", "ecdsa_secp256r1_sha256":
        client = bare_client()
        client.set_server_sigalgs(algorithms)
        chain = None
        if connects(client, context):
            with BioPair(client, context) as pair:
                chain = pair.client.get_unverified_chain()
        found.append(chain)
    return found


def verifications(context):
    """How often one handshake calls the verify_callback."""
    del asked[:]
    connects(context, server_context())
    return len(asked)


def resumes_with(keys):
    """A function: whether a server context resumes a session whose ticket
    was encrypted with these keys."""
    def show(context):
        other = server_context("TLSv1.2")
        other.ticket_keys = keys
        client = client_context("TLSv1.2")
        with BioPair(client, other) as pair:
            session = pair.client.session
        with BioPair(client, context, session=session) as pair:
            return pair.client.session_reused
    return show


def ech_configurations(context):
    """For each ECH key, whether a server context decrypts with it."""
    server_has = []
    for pem in ECH_KEYS:
        client = bare_client()
        client.ech_config_list = ech_list_of(pem)
        server_has.append(connects(client, context))
    return server_has


def has_dh(context):
    """Whether a server context connects with DHE.  The client offers no
    groups of RFC 7919, which OpenSSL 4.0 has built in."""
    client = limit_version(bare_client(), "TLSv1.2")
    client.set_groups("P-256")
    client.set_ciphers("DHE-RSA-AES128-GCM-SHA256")
    return connects(client, context)


def trusts(context):
    """The counts of the trust store before a handshake, and whether the
    handshake succeeds.  A copy of the context is used, since a handshake
    may add certificates of a folder to the store."""
    context = context.copy()
    stats = context.cert_store_stats()
    return stats, connects(context, server_context())


def log(context):
    """The labels of the lines that a handshake adds to the key log."""
    path = context.keylog_filename
    if path is None:
        return None
    before = os.path.getsize(path)
    connects(context, server_context("TLSv1.3"))
    with open(path) as stream:
        stream.seek(before)
        return sorted(line.split(" ")[0] for line in stream)


def attribute(name):
    return lambda context: getattr(context, name)


def names_of_ciphers(context):
    return [each["name"] for each in context.get_ciphers()]


# The settings: the side of the context, a function that applies the setting,
# and a function that shows it

Setting = collections.namedtuple("Setting", "side apply show")


def client_value(name, value):
    return Setting("client", lambda context, _: setattr(
        context, name, value), attribute(name))


def server_value(name, value):
    return client_value(name, value)._replace(side="server")


def client_call(name, argument, show):
    return Setting("client", lambda context, _: getattr(
        context, name)(argument), show)


def server_call(name, argument, show):
    return client_call(name, argument, show)._replace(side="server")


def callback(*arguments):
    """A callback that does nothing."""


def count(*arguments):
    """A verify_callback that records its calls and changes no result."""
    asked.append(arguments)
    return arguments[-1]


def accept(connection, response):
    return True


asked = []


class OtherSocket(ssl.SSLSocket):
    pass


class OtherObject(ssl.SSLObject):
    pass


def take_system_file(context, folder):
    """Load tests/certs/root.pem as the trust store of the system."""
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = cert("root.pem")
    try:
        context.load_default_certs()
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


def take_system_places(context, folder):
    take_system_file(context, folder)
    context.set_default_verify_paths()


def load_two_chains(context, folder):
    context.load_cert_chain(cert("chain.pem"))
    context.load_cert_chain(cert("localhost-ec.pem"))


def take_psk(context, folder):
    limit_version(context, "TLSv1.2")
    context.set_ciphers("PSK")
    context.set_psk_server_callback(lambda identity: KEY, "the hint")


def load_pkcs12(context, folder):
    context.load_pkcs12(io.BytesIO(pkcs12.encrypted("aes")), PASSWORD)


def load_ech_keys(context, folder):
    context.load_ech_keys(io.BytesIO(ECH_KEYS[0].encode("ascii")))


def ask_for_ec(context, folder):
    context.load_verify_locations(cert("root.pem"))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_client_sigalgs("ecdsa_secp256r1_sha256")


def ask(context, folder):
    """As ask_for_ec(), but with all signature algorithms."""
    context.load_verify_locations(cert("root.pem"))
    context.verify_mode = ssl.CERT_OPTIONAL


SETTINGS = {
    "_host_flags": client_value("_host_flags", 0),
    "_msg_callback": client_value("_msg_callback", callback),
    "check_hostname": client_value("check_hostname", False),
    "client_sessions": client_value("client_sessions", 7),
    "hostname_checks_common_name": client_value(
        "hostname_checks_common_name", False),
    "keylog_filename": Setting("client", lambda context, folder: setattr(
        context, "keylog_filename", str(folder.join("keys"))), log),
    "load_cert_chain": Setting("server", load_two_chains,
                               certificates_shown),
    "load_default_certs": Setting("client", take_system_file, trusts),
    "load_dh_params": server_call("load_dh_params", cert("dh2048.pem"),
                                  has_dh),
    "load_pkcs12": Setting("server", load_pkcs12, certificates_shown),
    "load_verify_locations": client_call(
        "load_verify_locations", cert("root.pem"), trusts),
    "load_verify_locations (capath)": Setting(
        "client", lambda context, _: context.load_verify_locations(
            capath=cert("capath")), trusts),
    "load_verify_locations (cadata)": Setting(
        "client", lambda context, _: context.load_verify_locations(
            cadata=read_cert("root.pem")), trusts),
    "maximum_version": client_value("maximum_version",
                                    ssl.TLSVersion.TLSv1_2),
    "minimum_version": client_value("minimum_version",
                                    ssl.TLSVersion.TLSv1_3),
    "minimum_version (lower)": client_value("minimum_version",
                                            ssl.TLSVersion.TLSv1),
    "num_tickets": server_value("num_tickets", 5),
    "ocsp_callback": client_value("ocsp_callback", accept),
    "ocsp_staple": server_value("ocsp_staple", TRY_LATER),
    "options": client_value("options", ssl.OP_NO_TICKET),
    "post_handshake_auth": client_value("post_handshake_auth", True),
    "request_ocsp": client_value("request_ocsp", True),
    "set_alpn_protocols": client_call("set_alpn_protocols", ["a", "c"],
                                      application_protocol),
    "set_alpn_protocols (server)": server_call(
        "set_alpn_protocols", ["c", "a"], application_protocol),
    "set_ciphers": client_call(
        "set_ciphers", "AES256+ECDHE:AES128+ECDHE", names_of_ciphers),
    "set_ciphers (level)": client_call(
        "set_ciphers", "HIGH:@SECLEVEL=1", attribute("security_level")),
    "set_ciphersuites": client_call(
        "set_ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384",
        names_of_ciphers),
    "set_client_sigalgs": Setting("server", ask_for_ec, clients_taken),
    "set_default_verify_paths": Setting("client", take_system_places,
                                        trusts),
    "set_ecdh_curve": client_call("set_ecdh_curve", "secp384r1", groups),
    "set_groups": client_call("set_groups", "P-521:P-384", groups),
    "set_groups (server)": server_call("set_groups", "P-256", groups),
    "set_psk_client_callback": client_call(
        "set_psk_client_callback", lambda hint: ("the client", KEY),
        psk_of_client),
    "set_psk_server_callback": Setting("server", take_psk, psk_of_server),
    "set_server_sigalgs": Setting(
        "client", lambda context, _: context.set_server_sigalgs(
            "ecdsa_secp256r1_sha256"), servers_taken),
    "set_servername_callback": server_call(
        "set_servername_callback", callback, attribute("sni_callback")),
    "sni_callback": server_value("sni_callback", callback),
    "sslobject_class": client_value("sslobject_class", OtherObject),
    "sslsocket_class": client_value("sslsocket_class", OtherSocket),
    "ticket_keys": server_value("ticket_keys", [b"k" * 80])._replace(
        show=resumes_with([b"k" * 80])),
    "verify_callback": client_value("verify_callback", count)._replace(
        show=verifications),
    "verify_flags": client_value("verify_flags",
                                 ssl.VERIFY_X509_PARTIAL_CHAIN),
    "verify_mode": server_value("verify_mode", ssl.CERT_OPTIONAL),
}

if getattr(ssl, "HAS_ECH", False):
    SETTINGS.update({
        "ech_config_list": client_value("ech_config_list",
                                        ech_list_of(ECH_KEYS[0])),
        "load_ech_keys": Setting("server", load_ech_keys,
                                 ech_configurations)})

# functions that prepare a context so that the setting has a visible effect
BEFORE = {
    "set_client_sigalgs": ask,
    "set_ecdh_curve": lambda context, _: context.load_verify_locations(
        cert("root.pem")),
    "set_server_sigalgs": lambda context, _: context.load_verify_locations(
        cert("root.pem")),
    "set_psk_client_callback": lambda context, _: [
        setattr(context, "check_hostname", False),
        setattr(context, "verify_mode", ssl.CERT_NONE)],
}
for each in "set_groups", "set_alpn_protocols":
    BEFORE[each] = BEFORE["set_ecdh_curve"]

# methods and attributes that set nothing
OTHERS = {
    "cert_store_stats", "copy", "get_ca_certs", "get_ciphers", "get_groups",
    "protocol", "security_level", "session_from_bytes", "session_stats",
    "set_npn_protocols", "wrap_bio", "wrap_socket"}
if not getattr(ssl, "HAS_ECH", False):
    OTHERS |= {"ech_config_list", "load_ech_keys"}


def is_public(name):
    return not name.startswith("_") or name in ("_host_flags",
                                                "_msg_callback")


def test_every_setting_is_known():
    names = {name for name in dir(ssl.SSLContext) if is_public(name)}
    assert names == {name.split(" ")[0] for name in SETTINGS} | OTHERS


def plain(name, folder):
    """A context without the setting."""
    setting = SETTINGS[name]
    if setting.side == "client":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if name not in ("load_cert_chain", "load_pkcs12"):
            context.load_cert_chain(cert("localhost.pem"))
    BEFORE.get(name, callback)(context, folder)
    return context


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_setting_comes_over(tmpdir, name):
    setting = SETTINGS[name]
    context = plain(name, tmpdir)
    before = setting.show(context)
    setting.apply(context, tmpdir)
    expected = setting.show(context)
    assert expected != before
    again = context.copy()
    assert setting.show(again) == expected
    del context
    collect()
    assert setting.show(again) == setting.show(again.copy()) == expected


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_each_is_on_its_own(tmpdir, name):
    setting = SETTINGS[name]
    context = plain(name, tmpdir)
    before = setting.show(context)
    again = context.copy()
    setting.apply(context, tmpdir)
    assert setting.show(again) == before != setting.show(context)
    setting.apply(again, tmpdir)
    assert setting.show(again) == setting.show(context)
    again = plain(name, tmpdir)
    context = again.copy()
    setting.apply(context, tmpdir)
    assert setting.show(again) == before


@pytest.mark.parametrize("protocol", [
    ssl.PROTOCOL_TLS, ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER,
    ssl.PROTOCOL_TLSv1_2])
def test_protocol(protocol, recwarn):
    """The copy of a context with a deprecated protocol gives no warning."""
    context = ssl.SSLContext(protocol)
    recwarn.clear()
    again = context.copy()
    assert not recwarn.list
    assert again.protocol is context.protocol
    for name in "minimum_version", "maximum_version":
        assert getattr(again, name) == getattr(context, name)
    assert again.options == context.options


# Settings that depend on each other

def test_all_at_once(pair_type, version, tmpdir):
    """A client and a server with settings of real programs."""
    client, server = client_context(version), server_context(version)
    server.load_verify_locations(cert("root.pem"), cert("capath"))
    server.verify_mode = ssl.CERT_REQUIRED
    client.load_cert_chain(cert("client.pem"))
    names = []
    server.sni_callback = lambda sock, name, context: names.append(
        (name, context))
    for context in client, server:
        context.set_alpn_protocols(["h2"])
        context.keylog_filename = str(tmpdir.join("keys"))
    copies = client.copy(), server.copy()
    for ours in (client, server), copies, (client, copies[1]):
        with pair_type(*ours) as pair:
            assert pair.server.getpeercert() and pair.client.getpeercert()
            assert pair.client.selected_alpn_protocol() == "h2"
            assert pair.client.version() == version
            assert names.pop() == ("localhost", ours[1])


def test_chain_of_a_client_is_the_one_loaded_last():
    """OpenSSL uses the current certificate for TLS 1.2.  A copy has the
    same current certificate."""
    server = server_context("TLSv1.2")
    ask(server, None)
    found = []
    for chains in (["localhost.pem", "localhost-ec.pem"],
                   ["localhost-ec.pem", "localhost.pem"]):
        client = client_context()
        for chain in chains:
            client.load_cert_chain(cert(chain))
        for context in client, client.copy():
            with BioPair(context, server) as pair:
                found.append(pair.server.getpeercert(True))
    assert found[0] == found[1] != found[2] == found[3]


@pytest.mark.parametrize("level, name", [
    (0, "small-key.pem"), (2, "localhost.pem")])
def test_what_a_higher_level_refuses(level, name):
    """copy() keeps certificates and DH parameters that were loaded before
    the security level was raised."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("DEFAULT:@SECLEVEL=%d" % level)
    server.load_cert_chain(cert(name))
    server.load_dh_params(cert("dh2048.pem"))
    server.set_ciphers("DEFAULT:@SECLEVEL=3")
    again = server.copy()
    assert again.security_level == server.security_level == 3
    with pytest.raises(ssl.SSLError):
        again.load_cert_chain(cert(name))
    client = bare_client()
    client.set_ciphers("DEFAULT:@SECLEVEL=%d" % level)
    for context in server, again:
        context.set_ciphers("DEFAULT:@SECLEVEL=%d" % level)
        assert has_dh(context) and connects(client, context)


def test_level_of_a_list_that_was_refused():
    context = client_context()
    context.set_ciphers("HIGH:@SECLEVEL=1")
    with pytest.raises(ssl.SSLError):
        context.set_ciphers("none such")
    assert names_of_ciphers(context.copy()) == names_of_ciphers(context)
    assert context.copy().security_level == 1


@pytest.mark.parametrize("method, later, expected", [
    ("set_ecdh_curve", "set_groups", ["secp521r1"]),
    ("set_groups", "set_ecdh_curve", ["secp521r1"])])
def test_later_one_of_two_lists_of_groups(method, later, expected):
    context = client_context()
    getattr(context, method)("prime256v1")
    getattr(context, later)("secp521r1")
    assert groups(context.copy()) == groups(context) == expected


def test_list_that_was_refused():
    context = client_context()
    context.set_groups("P-384")
    with pytest.raises(ssl.SSLError):
        context.set_groups("none such")
    with pytest.raises(ValueError):
        context.set_ecdh_curve("none such")
    assert groups(context.copy()) == ["secp384r1"]


def test_flag_that_brings_another_one():
    """OpenSSL also sets POLICY_CHECK when a program sets EXPLICIT_POLICY;
    a copy keeps exactly the flags that are set."""
    context = client_context()
    context.verify_flags |= EXPLICIT_POLICY
    assert context.copy().verify_flags == context.verify_flags
    context.verify_flags &= ~POLICY_CHECK
    assert not context.verify_flags & POLICY_CHECK
    assert context.copy().verify_flags == context.verify_flags


def test_flags_that_were_taken_away():
    context = client_context()
    context.verify_flags = 0
    context.options = 0
    context._host_flags = 0
    again = context.copy()
    assert again.verify_flags == context.verify_flags
    assert again.options == context.options
    assert again._host_flags == 0


def test_psk_callback_that_was_taken_away():
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_psk_server_callback(lambda identity: KEY, "a hint")
    server.set_psk_server_callback(None)
    assert not psk_of_server(server.copy())
    take_psk(server, None)
    server.set_psk_server_callback(lambda identity: KEY)
    assert psk_of_server(server) == psk_of_server(server.copy()) == [None]


@pytest.mark.python2("only 2.7 has old-style classes")
@pytest.mark.parametrize("name", ["sni_callback", "_msg_callback"])
def test_callback_that_takes_itself_away(name):
    """A test whether an instance of an old-style class is callable runs code
    of its class, which can drop the last reference to the instance."""
    class Odd:
        def __getattr__(self, attribute):
            if attribute == "__call__":
                if is_set:
                    setattr(context, name, None)
                return callback
            raise AttributeError(attribute)

    context = _ssl._SSLContext(ssl.PROTOCOL_TLS_SERVER)
    is_set = []
    setattr(context, name, Odd())
    is_set.append(True)
    again = context._copy()
    assert getattr(again, name) is getattr(context, name) is not None
