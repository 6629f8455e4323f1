"""SSLContext.copy(): all that was set comes over, and then each is on its own.

SETTINGS has an entry for each attribute and each method that sets something;
a test fails when one is missing.
"""

import collections
import copy
import fcntl
import io
import os
import pickle
import re
import resource
import ssl
import weakref

import pytest

import pkcs12
from helpers import (PASSWORD, VERSIONS, BioPair, FileError, SocketPair, Task,
                     cert, client_context, collect, descriptors,
                     limit_version, meanwhile, read_cert, server_context)

pytestmark = pytest.mark.backport_only("has no copy()")

_ssl = ssl._ssl
KEY = b"k" * 16
TRY_LATER = b"0\3\n\1\3"  # an OCSP response
ECH_KEYS = [ssl.generate_ech_keys("localhost") for _ in range(2)] \
    if getattr(ssl, "HAS_ECH", False) else []
SHARED_GROUPS = ["prime256v1", "secp384r1", "secp521r1"]
POLICY_CHECK, EXPLICIT_POLICY = 0x80, 0x100


# How the settings show in handshakes

def bare_client():
    """Which verifies nothing, and trusts nobody."""
    context = client_context(roots=None)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connects(client, server, version=None):
    """Whether they have something in common."""
    try:
        BioPair(client, server, version)
    except ssl.SSLError:
        return False
    return True


def groups(context):
    """The curves that a client or server agrees to."""
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
    """Which certificates' keys a client takes."""
    return [chain for chain in ("localhost.pem", "localhost-ec.pem")
            if connects(client, server_context(chain=chain))]


def clients_taken(server):
    """Likewise a server, which finds a client without when it does not."""
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
    """What the server is told, if the client has a key."""
    def callback(identity):
        asked.append(identity)
        return KEY

    asked = []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_psk_server_callback(callback)
    return connects(context, server, "TLSv1.3") and asked


def psk_of_server(context):
    """What the client is told, if the server knows its key."""
    def callback(hint):
        hints.append(hint)
        return "client", KEY

    hints = []
    client = limit_version(bare_client(), "TLSv1.2")
    client.set_psk_client_callback(callback)
    client.set_ciphers("PSK")
    return connects(client, context) and hints


def certificates_shown(context):
    """The chains that a server has for RSA and for ECDSA."""
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


def ech_list_of(pem):
    """The ECHConfigList, in base64 as PEM has it."""
    block = re.search("-----BEGIN ECHCONFIG-----(.*)-----END", pem, re.DOTALL)
    return "".join(block.group(1).split()).encode("ascii")


def verifications(context):
    """How often the callback is asked in a handshake."""
    del asked[:]
    connects(context, server_context())
    return len(asked)


def resumes_with(keys):
    """A function: whether a server decrypts a ticket of one with the keys."""
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
    """How many keys a server has, seen by those who have their lists."""
    server_has = []
    for pem in ECH_KEYS:
        client = bare_client()
        client.ech_config_list = ech_list_of(pem)
        server_has.append(connects(client, context))
    return server_has


def has_dh(context):
    """Whether a server can do without curves, for a client that names no
    groups of Diffie-Hellman: OpenSSL 4.0 has those (RFC 7919)."""
    client = limit_version(bare_client(), "TLSv1.2")
    client.set_groups("P-256")
    client.set_ciphers("DHE-RSA-AES128-GCM-SHA256")
    return connects(client, context)


def trusts(context):
    """Whether what is trusted serves a handshake, and what is known of it
    before; looking may add to the store what a folder has."""
    context = context.copy()
    stats = context.cert_store_stats()
    return stats, connects(context, server_context())


def log(context):
    """What the key log has more after a handshake."""
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


# What can be set: on a context for which side, how, and how it shows

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
    """Of a kind that has nothing to say."""


def count(*arguments):
    """A verify_callback."""
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
    """As if the root were this system's."""
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
    """The same without the limit."""
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

# what a plain context has to start with, for the setting to show
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

# methods and attributes by which nothing is set
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
    """A context for which the setting is not made."""
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
    """Who copies is not told that the original is of a deprecated one."""
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
    """A client and a server as programs set them up."""
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
    """For TLS 1.2 OpenSSL has one that is current."""
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
    """It was loaded before the level was raised."""
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
    """OpenSSL sets the second one with the first."""
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


# Trust

def test_revocation_list(version):
    context = client_context()
    context.load_verify_locations(cert("crl.pem"))
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    again = context.copy()
    assert again.cert_store_stats() == context.cert_store_stats()
    for ours in context, again:
        with pytest.raises(ssl.SSLCertVerificationError):
            BioPair(ours, server_context(version, "revoked.pem"))
        BioPair(ours, server_context(version))


@pytest.mark.parametrize("files", [
    ["root.pem"], ["many-roots.pem", "root.pem"], ["crl.pem", "root.pem"],
    ["namesakes-with-ids.pem", "root.pem"]])
def test_bundles(files, version):
    """One that is looked through when needed, and those that are not."""
    context = client_context(roots=None)
    for name in files:
        context.load_verify_locations(cert(name))
    again = context.copy()
    assert again.cert_store_stats() == context.cert_store_stats()
    # OpenSSL 4.0 keeps them in no order
    assert sorted(again.get_ca_certs(True)) == sorted(
        context.get_ca_certs(True))
    stats = context.cert_store_stats()
    again.load_verify_locations(cert("unknown-root.pem"))
    assert again.cert_store_stats()["x509"] == stats["x509"] + 1
    assert context.cert_store_stats() == stats
    third = again.copy()
    del context, again
    collect()
    BioPair(third, server_context(version))
    BioPair(third, server_context(version, "unknown.pem"))


@pytest.mark.parametrize("step", [1, -1], ids=["first", "last"])
def test_order_of_namesakes(step):
    """OpenSSL takes the first one of a name."""
    names = sorted(os.listdir(cert("capath-namesakes")))[::step]
    context = client_context(roots=None)
    context.load_verify_locations(cadata=u"".join(
        read_cert(os.path.join("capath-namesakes", name)) for name in names))
    server = server_context(chain="namesake.pem")
    for ours in context.copy(), context, context.copy().copy():
        assert connects(ours, server) == (step == 1)


def test_second_bundle_of_the_copy_alone():
    """The first one has to be in the copy's store as a whole."""
    context = client_context(roots="many-roots.pem")
    again = context.copy()
    again.load_verify_locations(cert("root.pem"))
    context.load_verify_locations(cert("unknown-root.pem"))
    BioPair(again, server_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        BioPair(context, server_context())
    assert again.cert_store_stats() == context.cert_store_stats()


def test_folder_that_was_used():
    """What it had is in the store by then."""
    context = client_context(roots=None)
    context.load_verify_locations(capath=cert("capath"))
    BioPair(context, server_context())
    assert context.cert_store_stats()["x509"] == 1
    again = context.copy()
    assert again.cert_store_stats() == context.cert_store_stats()
    BioPair(again, server_context())


def test_folders(tmpdir):
    """All of them, and also one that gets its files later."""
    context = client_context(roots=None)
    for folder in str(tmpdir), cert("capath-namesakes"), str(tmpdir):
        context.load_verify_locations(capath=folder)
    again = context.copy()
    with pytest.raises(ssl.SSLCertVerificationError):
        BioPair(again.copy(), server_context())
    for name in os.listdir(cert("capath")):
        os.symlink(cert("root.pem"), str(tmpdir.join(name)))
    for ours in context, again:
        BioPair(ours, server_context())
        BioPair(ours, server_context(chain="namesake.pem"))


# Sessions and statistics

def resumable(context, server):
    with BioPair(context, server) as pair:
        pair.server.write(b"x")
        pair.flush()
        pair.client.read(1)
        return pair.client.session


def test_session_stays_with_its_context(version):
    client, server = client_context(version), server_context(version)
    session = resumable(client, server)
    with pytest.raises(ValueError):
        BioPair(client.copy(), server, session=session)
    with BioPair(client, server, session=session) as pair:
        assert pair.client.session_reused
    with BioPair(client, server.copy(), session=session) as pair:
        assert not pair.client.session_reused


def test_copy_makes_sessions_of_its_own(version):
    client = client_context(version).copy()
    server = server_context(version).copy()
    with BioPair(client, server, session=resumable(client, server)) as pair:
        assert pair.client.session_reused


def test_statistics_start_at_zero():
    client, server = client_context(), server_context()
    resumable(client, server)
    for context in client, server:
        assert any(context.session_stats().values())
        assert not any(context.copy().session_stats().values())


# The key log

def test_two_write_to_one_log(tmpdir):
    path = str(tmpdir.join("keys"))
    context = client_context("TLSv1.3")
    context.keylog_filename = path
    again = context.copy()
    assert again.keylog_filename == path
    lines = log(context)
    assert lines and log(again) == lines
    context.keylog_filename = None
    assert context.keylog_filename is None and log(again) == lines


def test_log_that_was_renamed(tmpdir):
    """The copy writes to the same file, not to one of the same name."""
    context = client_context("TLSv1.3")
    context.keylog_filename = str(tmpdir.join("keys"))
    tmpdir.join("keys").rename(tmpdir.join("old"))
    again = context.copy()
    before = tmpdir.join("old").size()
    BioPair(again, server_context())
    assert not tmpdir.join("keys").exists()
    assert tmpdir.join("old").size() > before


def test_descriptor_of_the_log(tmpdir):
    context = client_context()
    context.keylog_filename = str(tmpdir.join("keys"))
    before = descriptors()
    again = context.copy()
    new, = descriptors() - before
    assert fcntl.fcntl(new, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    del again
    collect()
    assert descriptors() == before


def test_no_descriptor_for_the_log(tmpdir):
    context = client_context("TLSv1.3")
    context.keylog_filename = str(tmpdir.join("keys"))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(FileError) as caught:
            context.copy()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert caught.value.filename == context.keylog_filename
    assert log(context) == log(context.copy())


# Classes

class Slotted(ssl.SSLContext):
    __slots__ = ("level", "unset", "__private")

    def __new__(cls, protocol, level):
        self = super(Slotted, cls).__new__(cls, protocol)
        self.level = level
        return self

    def __init__(self, protocol, level):
        self.__private = [level]
        self.added = {"level": level}

    def private(self):
        return self.__private


def test_subclass():
    """Neither __new__ nor __init__ is called; attributes are the same
    objects, as with copy.copy()."""
    context = Slotted(ssl.PROTOCOL_TLS_CLIENT, 5)
    context.load_verify_locations(cert("root.pem"))
    again = context.copy()
    assert type(again) is Slotted and again.level == 5
    assert again.private() is context.private()
    assert again.added is context.added
    assert not hasattr(again, "unset")
    again.more = True
    assert not hasattr(context, "more")
    BioPair(again, server_context())


def test_class_that_was_set():
    """As eventlet does it."""
    class Green(ssl.SSLContext):
        __slots__ = ()

    context = client_context()
    context.__class__ = Green
    assert type(context.copy()) is Green


def test_copy_module():
    context = client_context()
    context.name = "x"
    again = copy.copy(context)
    assert again is not context and again.name == "x"
    assert again.cert_store_stats() == context.cert_store_stats()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_no_other_copies(duplicate):
    with pytest.raises(TypeError):
        duplicate(client_context())


def test_no_arguments():
    with pytest.raises(TypeError):
        client_context().copy(1)


def test_classes_of_connections():
    context = client_context()
    context.sslobject_class = OtherObject
    with BioPair(context.copy()) as pair:
        assert type(pair.client) is OtherObject


def test_message_callback(pair_type, version):
    """It is called with what Python's own constants say, once."""
    def record(connection, direction, *others):
        seen.append((connection, direction))

    seen = []
    context = client_context(version)
    context._msg_callback = record
    again = context.copy()
    context._msg_callback = None
    with pair_type(again) as pair:
        assert (pair.client, "write") in seen
    assert again._msg_callback is record
    del seen[:]
    pair_type(context).close()
    assert not seen


# Lives

def test_original_may_go():
    context = client_context()
    reference = weakref.ref(context)
    again = context.copy()
    del context
    collect()
    assert reference() is None
    BioPair(again, server_context())


def holder(context):
    return lambda *arguments: context


@pytest.mark.cpython("finds no cycles through objects of extensions")
@pytest.mark.parametrize("name", ["sni_callback", "_msg_callback", "other"])
def test_cycle(name):
    context = server_context().copy()
    setattr(context, name, holder(context))
    again = context.copy()
    assert getattr(again, name) is getattr(context, name)
    references = weakref.ref(context), weakref.ref(again)
    del context, again
    collect()
    assert [reference() for reference in references] == [None, None]


def test_copy_in_a_callback(pair_type, version):
    """Of the context whose handshake calls it."""
    def switch(connection, name, context):
        connection.context = made[0] = context.copy()

    made = [None]
    server = server_context(version)
    server.sni_callback = switch
    with pair_type(client_context(version), server) as pair:
        assert pair.server.context is made[0] is not server


# Threads

@pytest.mark.parametrize("version", VERSIONS)
def test_copies_beside_handshakes(version):
    client, server = client_context(version), server_context(version)
    with meanwhile(lambda: SocketPair(client.copy(), server.copy()).close()):
        for _ in range(20):
            with SocketPair(client, server) as pair:
                pair.client.sendall(b"x")
                assert pair.server.recv(1) == b"x"


def test_copies_beside_loads():
    """A copy has all of a bundle or nothing of it."""
    def load():
        context = contexts[0] = client_context()
        context.load_verify_locations(cert("many-roots.pem"))

    contexts = [client_context()]
    with meanwhile(load):
        found = {contexts[0].copy().cert_store_stats()["x509"]
                 for _ in range(200)}
    assert found <= {0, 1, 151}


def test_copies_beside_settings():
    """None is half set."""
    context = client_context()

    def change():
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = True
        context.set_groups("P-256")
        context.set_alpn_protocols(["h2"])
        context.load_verify_locations(cert("root.pem"))

    with meanwhile(change):
        for _ in range(200):
            again = context.copy()
            assert (again.verify_mode == ssl.CERT_REQUIRED
                    or not again.check_hostname)


def test_copies_of_copies_in_threads():
    context = client_context()
    context.set_groups("P-256")

    def chain():
        again = context
        for _ in range(50):
            again = again.copy()
        return again

    tasks = [Task(chain) for _ in range(4)]
    for task in tasks:
        BioPair(task.result(), server_context())


def test_key_log_that_threads_set_meanwhile(tmpdir):
    """Its name and its descriptor belong together."""
    context, path = client_context(), str(tmpdir.join("keys"))

    def change():
        context.keylog_filename = None
        context.keylog_filename = path

    with meanwhile(change), meanwhile(change):
        for _ in range(300):
            assert context.copy().keylog_filename in (None, path)
