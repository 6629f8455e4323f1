"""What an SSLError may be due to, and what to change: SSLError.hint.

The extension imports this when a hint is asked for.  It goes by the names
that OpenSSL's errors have in all versions, by the numbers of X509_V_ERR_*,
and by the facts that the connection has left in the exception.
"""

from __future__ import absolute_import

import __ssl_backport as _ssl

__all__ = ["hint_of"]

OLDEST, NEWEST = 0x0301, 0x0304     # of TLS, as OpenSSL numbers versions
NAMES_SHOWN = 5
DAY = 24 * 60 * 60                  # seconds

ALLOW_OLD = ('context.minimum_version = ssl.TLSVersion.%s')
ALLOW_WEAK = 'context.set_ciphers("DEFAULT:@SECLEVEL=0")'
LOAD_CERTIFICATE = 'context.load_cert_chain("certificate.pem", "key.pem")'
LOAD_ROOT = 'context.load_verify_locations("ca.pem")'


def hint_of(error):
    """Return a sentence or two (str) that may help with an SSLError: what is
    wrong, and what to change.  None where nothing is known.
    """
    facts = Facts(vars(error).get("_facts") or ())
    code = getattr(error, "verify_code", None)
    if code is not None:
        return told(VERIFICATION.get(code), facts)
    if isinstance(error, _ssl.SSLEOFError):
        return told(hung_up, facts) if facts["in_handshake"] else None
    return told(REASONS.get(reason_of(error)), facts)


def told(entry, facts):
    """The text of a table's entry: a format of facts, or a function of them.

    None without an entry, and without facts where it needs some: what fails
    while a file is loaded has none.
    """
    if entry is None or not (facts or is_plain(entry)):
        return None
    return entry % facts if isinstance(entry, str) else entry(facts)


def is_plain(entry):
    return isinstance(entry, str) and "%(" not in entry


def reason_of(error):
    """The name of the reason; of an alert, which OpenSSL's versions call by
    different names, that after "ALERT_".
    """
    if error.library not in ("SSL", "X509"):
        return None
    return (error.reason or "").split("_", 1)[-1] if (
        "_ALERT_" in (error.reason or "")) else error.reason


# The facts

class Facts(dict):
    """What is known of the connection that failed; None for what is not."""

    def __missing__(self, name):
        word = getattr(self, "get_" + name, None)
        return word and word()

    def get_us(self):
        return {True: "server", False: "client"}.get(
            self["server_side"], "program")

    def get_peer(self):
        return {True: "client", False: "server"}.get(
            self["server_side"], "peer")

    def get_allowed(self):
        names = [protocol(version) for version in self["versions"] or ()]
        return " and ".join(filter(None, [", ".join(names[:-1])] + names[-1:]))

    def get_certificate(self):
        """The certificate at fault, as the subject of a sentence."""
        owner = "The %s's certificate" % self["peer"]
        name = self["culprit_name"]
        if self["depth"]:
            owner = "A CA certificate of the %s's chain" % self["peer"]
        return "%s (%s)" % (owner, name) if name else owner

    def get_culprit_name(self):
        return common_name((self["culprit"] or {}).get("subject", ()))

    def get_issuer_name(self):
        return common_name((self["culprit"] or {}).get("issuer", ())) or (
            "its issuer")

    def get_searched(self):
        """Where CA certificates were looked for."""
        if self["places"]:
            return "those from " + ", ".join(map(plain, self["places"]))
        return "those of this context"


def plain(text):
    """Text of anybody's as ASCII (str) that fits into a line."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return str(text.encode("unicode_escape").decode("ascii"))


def common_name(subject):
    """What a name as in getpeercert() shows of its owner: commonName, or
    organizationName; None without both.
    """
    fields = dict(pair for part in subject for pair in part)
    name = fields.get("commonName") or fields.get("organizationName")
    return name and '"%s"' % plain(name)


def protocol(version):
    """The name of a version, such as TLSv1.2."""
    if version < OLDEST:
        return "SSLv3"
    return "TLSv1" + (".%d" % (version - OLDEST) if version > OLDEST else "")


NO_CERTIFICATE = ("This server has no certificate: load one with %s."
                  % LOAD_CERTIFICATE)


# Versions

def older_than(facts):
    """What lets this side speak an older version than it does."""
    oldest = min(facts["versions"] or [NEWEST])
    if oldest >= NEWEST:
        return ALLOW_OLD % "TLSv1_2"
    return ALLOW_OLD % "TLSv1" + " and " + ALLOW_WEAK


NEWER = "context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED"


def refuse_version(facts):
    """The peer's version is none that this side allows."""
    if not facts["server_side"]:
        return ("The server speaks an older TLS version than this client "
                "allows (%s).  If the server cannot be updated, set %s."
                % (facts["allowed"], older_than(facts)))
    offered = facts["client_version"]
    if offered in facts["versions"] and not facts["has_certificate"]:
        return NO_CERTIFICATE
    if offered in facts["versions"]:
        return ("The client speaks %s at most, which the security level of "
                "this server forbids.  If the client cannot be updated, allow "
                "it with %s." % (protocol(offered), ALLOW_WEAK))
    if facts["versions"] and offered > max(facts["versions"]):
        return ("The client asks for a newer TLS version than this server "
                "allows (%s): set %s." % (facts["allowed"], NEWER))
    return ("The client speaks %s at most, and this server allows %s.  If the "
            "client cannot be updated, set %s."
            % (protocol(offered), facts["allowed"], older_than(facts)))


def version_refused(facts):
    """The peer allows none of our versions."""
    start = ("The %(peer)s allows none of the TLS versions of this %(us)s "
             "(%(allowed)s)" % facts)
    if max(facts["versions"] or [NEWEST]) < NEWEST:
        return "%s.  It may want a newer one: set %s." % (start, NEWER)
    return ("%s and probably knows only older ones.  If it cannot be updated, "
            "set %s." % (start, older_than(facts)))


# Ciphers and keys

WEAK_KEY = (
    "A certificate has a key or a signature that is too weak for this "
    "context's security level.  Better get one with an RSA key of 2048 bits "
    "or more, signed with SHA-256; or allow it, before it is loaded, with "
    + ALLOW_WEAK + ".")

SHA1 = (
    "The two sides have no signature algorithm in common: one side may know "
    "only SHA-1, which this security level forbids.  If the %(peer)s cannot "
    "be updated, allow it with " + ALLOW_WEAK + ".")


def no_cipher(facts):
    if facts["server_side"] and not facts["has_certificate"]:
        return NO_CERTIFICATE
    return ("The %(peer)s and this %(us)s have no cipher suite in common that "
            "fits the server's certificate and the groups of both.  Allow "
            'more with context.set_ciphers("DEFAULT"), or with the suites '
            "that the %(peer)s has." % facts)


def no_signature(facts):
    if facts["server_side"] and not facts["has_certificate"]:
        return NO_CERTIFICATE
    return SHA1 % facts

SMALL_DH = (
    "The Diffie-Hellman parameters are too small for this context's security "
    "level.  Use elliptic curves instead, with "
    'context.set_ciphers("DEFAULT:!DHE"), or allow them with ' + ALLOW_WEAK
    + ".")

NO_GROUP = (
    "The %(peer)s and this %(us)s have no group for key exchange in common: "
    'allow one that both know, as context.set_groups("X25519:P-256").')


# Names and certificates that the peer wants

def is_address(host):
    return ":" in host or host.replace(".", "").isdigit()


def unknown_name(facts):
    host = facts["host"]
    if facts["server_side"]:
        return None
    if host is None:
        return ("The server wants to know which host is asked for: pass "
                "server_hostname to context.wrap_socket().")
    if is_address(host):
        return ("The server wants a host name, and the IP address %s is not "
                "sent as one: pass its name as server_hostname." % host)
    return ('The server knows no host "%s": check the name that is passed as '
            "server_hostname." % host)


def certificate_wanted(facts):
    if facts["server_side"]:
        return ("The client sent no certificate, which this context asks for "
                "(verify_mode is CERT_REQUIRED): let the client load one with "
                "load_cert_chain(), or set context.verify_mode = "
                "ssl.CERT_OPTIONAL.")
    return ("The server wants a client certificate: load one that it knows "
            "with %s." % LOAD_CERTIFICATE)


def handshake_failure(facts):
    if facts["server_side"] or facts["server_side"] is None:
        return ("The %(peer)s found nothing in common with this %(us)s: "
                "compare the TLS versions, cipher suites, groups and "
                "signature algorithms of both." % facts)
    if facts["was_asked"] and not facts["has_certificate"]:
        return certificate_wanted(facts)
    if facts["was_asked"]:
        return ("The server has probably refused the certificate of this "
                "client: load one that it knows with %s." % LOAD_CERTIFICATE)
    if facts["host"] is None:
        return ("The server may want to know which host is asked for: pass "
                "server_hostname to context.wrap_socket().  Or it knows none "
                "of this client's cipher suites.")
    return ("The server found no cipher suite, group or signature algorithm "
            "in common with this client.  If the server is old, allow more "
            'with context.set_ciphers("DEFAULT"), or with %s.' % ALLOW_WEAK)


ECH_REJECTED = (
    "The server could not decrypt the ClientHello (ECH): its keys have "
    "changed, or it has none.  Connect again with this error's "
    "ech_retry_configs as ech_config_list or, if they are None, without ECH.")


def ours_refused(because):
    """An alert that tells of our certificate."""
    return ("The %(peer)s refused the certificate of this %(us)s " + because)


# Plain text

def no_tls(facts):
    if facts["server_side"]:
        return ("The client did not speak TLS: it may have sent plain text "
                "(as http:// does) to this port.")
    return ("The server did not answer with TLS: the port may be one for "
            "plain text (as http://), for TLS after a command (STARTTLS), or "
            "a proxy's.  Check the port.")


def hung_up(facts):
    if facts["server_side"]:
        return ("The client closed the connection in the middle of the "
                "handshake: it may not trust the certificate of this server, "
                "or was a check whether the port is open.")
    return ("The server closed the connection in the middle of the handshake: "
            "the port may not be one for TLS, or a proxy or firewall is in "
            "between.  Check host and port.")


# Certificates that were refused

def too_early(facts):
    certificate = facts["culprit"] or {}
    text = "%(certificate)s is not valid yet" % facts
    if "notBefore" in certificate and facts["time"]:
        text += ": it is valid from %s, and this computer's clock says %s" % (
            certificate["notBefore"], moment(facts["time"]))
    return text + ".  If that time is wrong, set the clock."


def too_late(facts):
    certificate = facts["culprit"] or {}
    text = "%(certificate)s has expired" % facts
    if "notAfter" in certificate and facts["time"]:
        text += (": it was valid until %s, and this computer's clock says "
                 "%s" % (certificate["notAfter"], moment(facts["time"])))
    return text + ".  Renew it or, if that time is wrong, set the clock."


def moment(seconds):
    """A time in the form that certificates' times have in getpeercert()."""
    import time
    now = time.gmtime(seconds)
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return "%s %2d %s GMT" % (months[now.tm_mon - 1], now.tm_mday,
                              time.strftime("%H:%M:%S %Y", now))


def trusts_none(facts):
    """For a context without any CA certificate; None for others."""
    if facts["has_trust"] is False:
        return ("This context trusts no CA certificate: call "
                "context.load_default_certs() or %s." % LOAD_ROOT)


def unknown_issuer(facts):
    advice = "If you trust it, add it with %s."
    if facts["sent"] == 1:
        advice = ("If it is an intermediate one, let the " + facts["peer"]
                  + " send it; if you trust it, add it with %s.")
    return trusts_none(facts) or (
        "%s is signed by %s, which is not among the trusted CA certificates, "
        "%s.  %s" % (facts["certificate"], facts["issuer_name"],
                     facts["searched"], advice % LOAD_ROOT))


def incomplete_chain(facts):
    return ("%s is trusted, but its own issuer, %s, is not.  Add that one "
            "with %s, or set context.verify_flags |= "
            "ssl.VERIFY_X509_PARTIAL_CHAIN."
            % (facts["certificate"], facts["issuer_name"], LOAD_ROOT))


def self_signed(facts):
    return ("The %s's certificate (%s) is self-signed, and not among the "
            "trusted certificates, %s.  If it is the right one, add it with "
            "%s."
            % (facts["peer"], facts["culprit_name"] or "without a name",
               facts["searched"], LOAD_ROOT))


def unknown_root(facts):
    return trusts_none(facts) or (
        "The %s's chain ends in the root %s, which is not among the trusted "
        "CA certificates, %s.  If it is that of your own CA or proxy, add it "
        "with %s." % (facts["peer"], facts["culprit_name"] or "certificate",
                      facts["searched"], LOAD_ROOT))


def other_name(facts):
    names = ["%s" % plain(name) for kind, name in
             (facts["leaf"] or {}).get("subjectAltName", ())
             if kind in ("DNS", "IP Address")]
    rest = len(names) - NAMES_SHOWN
    shown = ", ".join(names[:NAMES_SHOWN]) or "no host at all"
    if rest > 0:
        shown += " and %d more" % rest
    return ('The server\'s certificate is not for "%s", but for %s: connect '
            "to one of these, or get a certificate for that name."
            % (facts["host"], shown))


def wrong_purpose(facts):
    return ("%s is not made for a TLS %s: its key usage, extended key usage "
            "or basic constraints do not allow it.  Get one that is."
            % (facts["certificate"], facts["peer"]))


DISTRUSTED = (
    "%(certificate)s has a key that nobody may trust, as it is known to have "
    "been misused or published: the %(peer)s needs another certificate.")

REVOKED = (
    "%(certificate)s was revoked by its issuer: the %(peer)s needs another "
    "one.")

NO_CRL = (
    "verify_flags ask whether the %(peer)s's certificate was revoked, and no "
    "revocation list of %(issuer_name)s is loaded, or it is out of date: load "
    'a new one with context.load_verify_locations("crl.pem"), or clear '
    "VERIFY_CRL_CHECK_LEAF and VERIFY_CRL_CHECK_CHAIN.")

NOT_STRICT = (
    "%(certificate)s breaks a rule of RFC 5280 that is checked only with "
    "VERIFY_X509_STRICT.  Get a better one, or set context.verify_flags &= "
    "~ssl.VERIFY_X509_STRICT.")

WEAK = (
    "%(certificate)s has a key or a signature (as with SHA-1) that is too "
    "weak for security level %(security_level)s.  Get a better one, or allow "
    "it with " + ALLOW_WEAK + ".")

# By X509_V_ERR_*, whose numbers stay; 24 has become 79 in OpenSSL 3.0.
VERIFICATION = {
    2: incomplete_chain,
    3: NO_CRL,
    9: too_early,
    10: too_late,
    12: NO_CRL,
    18: self_signed,
    19: unknown_root,
    20: unknown_issuer,
    21: unknown_issuer,
    23: REVOKED,
    24: wrong_purpose,
    26: wrong_purpose,
    28: DISTRUSTED,
    32: wrong_purpose,
    62: other_name,
    64: other_name,
    66: WEAK,
    67: WEAK,
    68: WEAK,
    79: wrong_purpose,
}
VERIFICATION.update((code, NOT_STRICT) for code in range(80, 94))

# By the name in OpenSSL's headers, which SSLError.reason is.
REASONS = {
    "ALERT_BAD_CERTIFICATE": ours_refused(
        "as a bad one: it may have no trusted issuer, or be for another "
        "host."),
    "ALERT_CERTIFICATE_EXPIRED": ours_refused(
        "as expired: renew it or, if it is not, set the clock of the "
        "%(peer)s."),
    "ALERT_CERTIFICATE_REQUIRED": certificate_wanted,
    "ALERT_CERTIFICATE_REVOKED": ours_refused("as revoked: get another one."),
    "ALERT_CERTIFICATE_UNKNOWN": ours_refused(
        "for a reason that it does not tell: it may not trust the issuer."),
    "ALERT_HANDSHAKE_FAILURE": handshake_failure,
    "ALERT_INSUFFICIENT_SECURITY": no_cipher,
    "ALERT_NO_APPLICATION_PROTOCOL": (
        "The %(peer)s knows none of the application protocols (ALPN) that "
        "this %(us)s offers: see context.set_alpn_protocols()."),
    "ALERT_PROTOCOL_VERSION": version_refused,
    "ALERT_UNKNOWN_CA": ours_refused(
        "because it does not know the issuer: let the %(peer)s trust that CA, "
        "or have the intermediate certificates behind the first one in the "
        "file for context.load_cert_chain()."),
    "ALERT_UNSUPPORTED_CERTIFICATE": ours_refused(
        "as one of a kind or for a purpose that it does not support: see its "
        "extended key usage."),
    "CA_KEY_TOO_SMALL": WEAK_KEY,
    "CA_MD_TOO_WEAK": WEAK_KEY,
    "DH_KEY_TOO_SMALL": SMALL_DH,
    "ECH_REQUIRED": ECH_REJECTED,
    "EE_KEY_TOO_SMALL": WEAK_KEY,
    "HTTPS_PROXY_REQUEST": (
        "The client takes this server for an HTTP proxy: check the client's "
        "settings for proxies."),
    "HTTP_REQUEST": (
        "The client sent plain HTTP to this port for TLS: let it use "
        "https://."),
    "KEY_VALUES_MISMATCH": (
        "The private key does not belong to the certificate: the first "
        "certificate of the file has to be the one that was made for this "
        "key."),
    "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED": SHA1,
    "NO_CIPHERS_AVAILABLE": (
        "This context allows no cipher suite that fits its TLS versions "
        '(%(allowed)s): allow more with context.set_ciphers("DEFAULT").'),
    "NO_PROTOCOLS_AVAILABLE": (
        "This context allows no TLS version at all: its minimum_version, "
        "maximum_version and OP_NO_TLS* options leave none."),
    "NO_SHARED_CIPHER": no_cipher,
    "NO_SHARED_GROUPS": NO_GROUP,
    "NO_SHARED_SIGNATURE_ALGORITHMS": no_signature,
    "NO_SUITABLE_GROUPS": NO_GROUP,
    "NO_SUITABLE_KEY_SHARE": NO_GROUP,
    "NO_SUITABLE_SIGNATURE_ALGORITHM": no_signature,
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": certificate_wanted,
    "TLSV1_UNRECOGNIZED_NAME": unknown_name,
    "UNKNOWN_PROTOCOL": no_tls,
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": (
        "The server is old and lacks secure renegotiation (RFC 5746).  If it "
        "cannot be updated, set context.options |= "
        "ssl.OP_LEGACY_SERVER_CONNECT."),
    "UNSUPPORTED_PROTOCOL": refuse_version,
    "WRONG_SIGNATURE_TYPE": SHA1,
    "WRONG_VERSION_NUMBER": no_tls,
}
