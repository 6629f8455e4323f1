"""The text of SSLError.hint: the likely cause of an error, and a remedy.

The extension imports this module when a program reads `hint`.  hint_of()
selects a text by the error's reason, by its verify code (X509_V_ERR_*), and by
facts that the connection has stored in the exception.  Only reasons that have
one name in all OpenSSL versions are used.
"""

from __future__ import absolute_import

import __ssl_backport as _ssl

__all__ = ["hint_of"]

# TLS versions, in OpenSSL's numbers
OLDEST, TLS_1_2, NEWEST = 0x0301, 0x0303, 0x0304
NAMES_SHOWN = 5                     # the most host names in a hint
DAY = 24 * 60 * 60                  # seconds

ALLOW_OLD = ('context.minimum_version = ssl.TLSVersion.%s')
ALLOW_MORE = 'context.set_ciphers("DEFAULT")'
ALLOW_WEAK = 'context.set_ciphers("DEFAULT:@SECLEVEL=0")'
LOAD_CERTIFICATE = 'context.load_cert_chain("certificate.pem", "key.pem")'
LOAD_ROOT = 'context.load_verify_locations("ca.pem")'


def hint_of(error):
    """Return the hint (str, one or two sentences) for an SSLError: the likely
    cause, and what to change.  Return None for an error without a hint.
    """
    facts = Facts(vars(error).get("_facts") or ())
    code = getattr(error, "verify_code", None)
    if code is not None:
        return told(VERIFICATION.get(code), facts)
    if isinstance(error, _ssl.SSLEOFError):
        return told(hung_up, facts) if facts["in_handshake"] else None
    return told(REASONS.get(reason_of(error)), facts)


def told(entry, facts):
    """Return the hint (str) that a table entry makes of the facts, or None.

    entry: a format string, a function that takes the facts, or None.
    An error without a connection has no facts, such as one from loading a
    file.  For it only a format string without fields gives a hint.
    """
    if entry is None or not (facts or is_plain(entry)):
        return None
    return entry % facts if isinstance(entry, str) else entry(facts)


def is_plain(entry):
    return isinstance(entry, str) and "%(" not in entry


def reason_of(error):
    """Return the name of an error's reason (str), or None.

    For an alert, this is "ALERT_" and the alert's name: the prefix before
    "ALERT_" differs between OpenSSL versions.
    """
    if error.library not in ("SSL", "X509"):
        return None
    return (error.reason or "").split("_", 1)[-1] if (
        "_ALERT_" in (error.reason or "")) else error.reason


# The facts

class Facts(dict):
    """The facts about a failed connection; an unknown fact is None."""

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
        """The certificate that caused the error, as a sentence's subject."""
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
        """The sources of the trusted CA certificates."""
        if self["places"]:
            return "loaded from " + ", ".join(map(plain, self["places"]))
        return "loaded into this context"


def plain(text):
    """Return untrusted text as one line of printable ASCII (str)."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return str(text.encode("unicode_escape").decode("ascii"))


def common_name(subject):
    """Return the quoted commonName, or else the organizationName, of a
    distinguished name in the form of getpeercert(); None without both.
    """
    fields = dict(pair for part in subject for pair in part)
    name = fields.get("commonName") or fields.get("organizationName")
    return name and '"%s"' % plain(name)


def protocol(version):
    """Return the name of a TLS version (int), such as "TLSv1.2"."""
    if version < OLDEST:
        return "SSLv3"
    return "TLSv1" + (".%d" % (version - OLDEST) if version > OLDEST else "")


NO_CERTIFICATE = ("This server has no certificate: load one with %s."
                  % LOAD_CERTIFICATE)


# Versions

def older_than(facts):
    """Return the settings (str) that allow this side an older version."""
    oldest = min(facts["versions"] or [NEWEST])
    if oldest >= NEWEST:
        return ALLOW_OLD % "TLSv1_2"
    return ALLOW_OLD % "TLSv1" + " and " + ALLOW_WEAK


NEWER = "context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED"


def refuse_version(facts):
    """Return the hint for a peer whose TLS version this side refuses."""
    if not facts["server_side"]:
        return ("The server uses an older TLS version than this client "
                "allows (%s).  If the server cannot be updated, set %s."
                % (facts["allowed"], older_than(facts)))
    offered = facts["client_version"]
    if offered in facts["versions"] and not facts["has_certificate"]:
        return NO_CERTIFICATE
    if offered in facts["versions"]:
        return ("The client supports %s at most, which the security level of "
                "this server forbids.  If the client cannot be updated, allow "
                "this version with %s." % (protocol(offered), ALLOW_WEAK))
    if facts["versions"] and offered > max(facts["versions"]):
        return ("The client requires a newer TLS version than this server "
                "allows (%s): set %s." % (facts["allowed"], NEWER))
    return ("The client supports %s at most, and this server allows only %s.  "
            "If the client cannot be updated, set %s."
            % (protocol(offered), facts["allowed"], older_than(facts)))


def no_version(facts):
    if facts["versions"]:
        return ("The security level of this context forbids its TLS versions "
                "(%s): allow them with %s." % (facts["allowed"], ALLOW_WEAK))
    return ("This context allows no TLS version: check its minimum_version, "
            "maximum_version and OP_NO_TLS* options.")


def version_refused(facts):
    """Return the hint for a peer that refuses all versions of this side."""
    start = ("The %(peer)s allows none of the TLS versions of this %(us)s "
             "(%(allowed)s)" % facts)
    if max(facts["versions"] or [NEWEST]) < NEWEST:
        return ("%s.  The %s may require a newer version: set %s."
                % (start, facts["peer"], NEWER))
    return ("%s and probably supports only older versions.  If the %s cannot "
            "be updated, set %s." % (start, facts["peer"], older_than(facts)))


# Ciphers and keys

WEAK_KEY = (
    "A certificate has a key or a signature that is too weak for this "
    "context's security level.  Use a certificate with an RSA key of at least "
    "2048 bits and a SHA-256 signature, or, before you load this certificate, "
    "call " + ALLOW_WEAK + ".")

SHA1 = (
    "The two sides have no signature algorithm in common: one side may "
    "support only SHA-1, which this security level forbids.  If the %(peer)s "
    "cannot be updated, allow SHA-1 with " + ALLOW_WEAK + ".")


def no_cipher(facts):
    if facts["server_side"] and not facts["has_certificate"]:
        return NO_CERTIFICATE
    return ("The %(peer)s and this %(us)s have no cipher suite in common that "
            "works with the server's certificate and the groups of both.  "
            'Allow more suites with context.set_ciphers("DEFAULT"), or name '
            "suites of the %(peer)s there." % facts)


def no_cipher_of_ours(facts):
    # TLS 1.0 and 1.1 also need SHA-1 signatures
    is_old = max(facts["versions"] or [NEWEST]) < TLS_1_2
    return ("This context allows no cipher suite for its TLS versions (%s): "
            "allow more with %s." % (facts["allowed"],
                                     ALLOW_WEAK if is_old else ALLOW_MORE))


def no_signature(facts):
    if facts["server_side"] and not facts["has_certificate"]:
        return NO_CERTIFICATE
    return SHA1 % facts

SMALL_DH = (
    "The Diffie-Hellman parameters are too small for this context's security "
    "level.  Use elliptic curves instead, with "
    'context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20"), or allow 1024 bits '
    'with context.set_ciphers("DEFAULT:@SECLEVEL=1").')

NO_GROUP = (
    "The %(peer)s and this %(us)s have no group for the key exchange in "
    "common: allow a group that both support, for example with "
    'context.set_groups("X25519:P-256").')


# Names and certificates that the peer requires

def is_address(host):
    return ":" in host or host.replace(".", "").isdigit()


def unknown_name(facts):
    host = facts["host"]
    if facts["server_side"]:
        return None
    if host is None:
        return ("The server requires a host name (SNI), and the client sent "
                "none: pass server_hostname to context.wrap_socket().")
    if is_address(host):
        return ("The server requires a host name (SNI), and clients do not "
                "send the IP address %s as one: pass the server's name as "
                "server_hostname." % host)
    return ('The server has no host named "%s": check the name that the '
            "program passes as server_hostname." % host)


def certificate_wanted(facts):
    if facts["server_side"]:
        return ("The client sent no certificate, but this context requires "
                "one (verify_mode is CERT_REQUIRED): load a certificate in "
                "the client with load_cert_chain(), or set "
                "context.verify_mode = ssl.CERT_OPTIONAL.")
    return ("The server requires a client certificate: load one that the "
            "server trusts with %s." % LOAD_CERTIFICATE)


def handshake_failure(facts):
    if facts["server_side"] or facts["server_side"] is None:
        return ("The %(peer)s and this %(us)s have no settings in common: "
                "compare the TLS versions, cipher suites, groups and "
                "signature algorithms of both." % facts)
    if facts["was_asked"] and not facts["has_certificate"]:
        return certificate_wanted(facts)
    if facts["was_asked"]:
        return ("The server has probably refused the certificate of this "
                "client: load one that the server trusts with %s."
                % LOAD_CERTIFICATE)
    if facts["host"] is None:
        return ("The server may require a host name (SNI): pass "
                "server_hostname to context.wrap_socket().  Otherwise the "
                "server supports none of this client's cipher suites.")
    return ("The server has no cipher suite, group or signature algorithm in "
            "common with this client.  If the server is old, allow more "
            'with context.set_ciphers("DEFAULT") or %s.' % ALLOW_WEAK)


ECH_REJECTED = (
    "The server could not decrypt the ClientHello (ECH): the server's keys "
    "have changed, or the server has none.  Connect again with this error's "
    "ech_retry_configs as ech_config_list or, if it is None, without ECH.")


def ours_refused(because):
    """Return the format of a hint for an alert about this side's
    certificate."""
    return ("The %(peer)s refused the certificate of this %(us)s " + because)


# Plain text

def no_tls(facts):
    if facts["server_side"]:
        return ("The client did not use TLS: it may have sent plain text, "
                "such as http://, to this port.")
    return ("The server did not answer with TLS: the port may be for plain "
            "text, such as http://, for TLS after a command (STARTTLS), or "
            "for a proxy.  Check the port.")


def hung_up(facts):
    if facts["server_side"]:
        return ("The client closed the connection during the handshake: it "
                "may not trust the certificate of this server, or it only "
                "checked whether the port is open.")
    return ("The server closed the connection during the handshake: the port "
            "may not be for TLS, or a proxy or firewall may have closed the "
            "connection.  Check host and port.")


# Certificates that were refused

def too_early(facts):
    certificate = facts["culprit"] or {}
    text = "%(certificate)s is not valid yet" % facts
    if "notBefore" in certificate and facts["time"]:
        text += ": it is valid from %s, and this computer's clock says %s" % (
            certificate["notBefore"], moment(facts["time"]))
    return text + ".  If this time is wrong, set the clock."


def too_late(facts):
    certificate = facts["culprit"] or {}
    text = "%(certificate)s has expired" % facts
    if "notAfter" in certificate and facts["time"]:
        text += (": it was valid until %s, and this computer's clock says "
                 "%s" % (certificate["notAfter"], moment(facts["time"])))
    return text + (".  Renew the certificate or, if this time is wrong, set "
                   "the clock.")


def moment(seconds):
    """Return a time (seconds) as text in the form of getpeercert()."""
    import time
    now = time.gmtime(seconds)
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return "%s %2d %s GMT" % (months[now.tm_mon - 1], now.tm_mday,
                              time.strftime("%H:%M:%S %Y", now))


def trusts_none(facts):
    """Return the hint for a context that trusts no CA certificate; None for
    other contexts."""
    if facts["has_trust"] is False:
        return ("This context trusts no CA certificate: call "
                "context.load_default_certs() or %s." % LOAD_ROOT)


def unknown_issuer(facts):
    advice = "If you trust this CA, add its certificate with %s."
    if facts["sent"] == 1:
        advice = ("If this CA is an intermediate one, configure the "
                  + facts["peer"] + " to send its certificate; if you trust "
                  "the CA, add its certificate with %s.")
    return trusts_none(facts) or (
        "%s is signed by %s, which is not among the trusted CA certificates "
        "%s.  %s" % (facts["certificate"], facts["issuer_name"],
                     facts["searched"], advice % LOAD_ROOT))


def incomplete_chain(facts):
    return ("%s is trusted, but its own issuer, %s, is not.  Add the issuer's "
            "certificate with %s, or set context.verify_flags |= "
            "ssl.VERIFY_X509_PARTIAL_CHAIN."
            % (facts["certificate"], facts["issuer_name"], LOAD_ROOT))


def self_signed(facts):
    return ("The %s's certificate (%s) is self-signed, and not among the "
            "trusted certificates %s.  If you trust this certificate, save it "
            'as %s.pem and call context.load_verify_locations("%s.pem").'
            % (facts["peer"], facts["culprit_name"] or "without a name",
               facts["searched"], facts["peer"], facts["peer"]))


def unknown_root(facts):
    return trusts_none(facts) or (
        "The %s's chain ends with the root %s, which is not among the trusted "
        "CA certificates %s.  If this root belongs to your own CA or proxy, "
        "add it with %s." % (
            facts["peer"], facts["culprit_name"] or "certificate",
            facts["searched"], LOAD_ROOT))


def other_name(facts):
    names = ["%s" % plain(name) for kind, name in
             (facts["leaf"] or {}).get("subjectAltName", ())
             if kind in ("DNS", "IP Address")]
    rest = len(names) - NAMES_SHOWN
    shown = ", ".join(names[:NAMES_SHOWN]) or "no host"
    if rest > 0:
        shown += " and %d more" % rest
    return ('The server\'s certificate is not for "%s", but for %s: use a '
            "host name of the certificate, or a certificate for this host."
            % (facts["host"], shown))


def wrong_purpose(facts):
    return ("%s was not issued for a TLS %s: its key usage, extended key "
            "usage or basic constraints forbid this use.  The %s needs "
            "another certificate."
            % (facts["certificate"], facts["peer"], facts["peer"]))


DISTRUSTED = (
    "%(certificate)s has a key that cannot be trusted, because others know "
    "the private key: the %(peer)s needs another certificate.")

REFUSED_BY_CALLBACK = (
    "%(certificate)s was refused by this program: the verify_callback of the "
    "context returned False for it.")

REVOKED = (
    "%(certificate)s is revoked: the %(peer)s needs another certificate.")

NO_CRL = (
    "verify_flags requires a revocation check, but this context has no "
    "current revocation list (CRL) of %(issuer_name)s: load one with "
    'context.load_verify_locations("crl.pem"), or clear '
    "VERIFY_CRL_CHECK_LEAF and VERIFY_CRL_CHECK_CHAIN.")

NOT_STRICT = (
    "%(certificate)s breaks a rule of RFC 5280 that OpenSSL checks only with "
    "VERIFY_X509_STRICT.  Replace the certificate, or set "
    "context.verify_flags &= ~ssl.VERIFY_X509_STRICT.")

WEAK = (
    "%(certificate)s has a key or a signature (for example with SHA-1) that "
    "is too weak for security level %(security_level)s.  Replace the "
    "certificate, or allow it with " + ALLOW_WEAK + ".")

# The keys are X509_V_ERR_* numbers, which are the same in all OpenSSL
# versions, except that 24 is 79 since OpenSSL 3.0.
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
    50: REFUSED_BY_CALLBACK,
    32: wrong_purpose,
    62: other_name,
    64: other_name,
    66: WEAK,
    67: WEAK,
    68: WEAK,
    79: wrong_purpose,
}
VERIFICATION.update((code, NOT_STRICT) for code in range(80, 94))

OTHER_KEY = (
    "The private key does not belong to the certificate: the first "
    "certificate in the file must be the one for this key.")

# The keys are the names in OpenSSL's headers that SSLError.reason gives.
REASONS = {
    "ALERT_BAD_CERTIFICATE": ours_refused(
        "as bad: the certificate may have no trusted issuer, or be for "
        "another host."),
    "ALERT_CERTIFICATE_EXPIRED": ours_refused(
        "as expired: renew the certificate or, if it has not expired, set the "
        "clock of the %(peer)s."),
    "ALERT_CERTIFICATE_REQUIRED": certificate_wanted,
    "ALERT_CERTIFICATE_REVOKED": ours_refused(
        "as revoked: use another certificate."),
    "ALERT_CERTIFICATE_UNKNOWN": ours_refused(
        "and gave no reason: the %(peer)s may not trust the issuer."),
    "ALERT_HANDSHAKE_FAILURE": handshake_failure,
    "ALERT_INSUFFICIENT_SECURITY": no_cipher,
    "ALERT_NO_APPLICATION_PROTOCOL": (
        "The %(peer)s supports none of the application protocols (ALPN) of "
        "this %(us)s: see context.set_alpn_protocols()."),
    "ALERT_PROTOCOL_VERSION": version_refused,
    "ALERT_UNKNOWN_CA": ours_refused(
        "because the issuer is unknown there: make the %(peer)s trust the CA, "
        "or add the intermediate certificates after the first one in the file "
        "for context.load_cert_chain()."),
    "ALERT_UNSUPPORTED_CERTIFICATE": ours_refused(
        "because its type or purpose is not supported: check the extended key "
        "usage of the certificate."),
    "CA_KEY_TOO_SMALL": WEAK_KEY,
    "CA_MD_TOO_WEAK": WEAK_KEY,
    "DH_KEY_TOO_SMALL": SMALL_DH,
    "ECH_REQUIRED": ECH_REJECTED,
    "EE_KEY_TOO_SMALL": WEAK_KEY,
    "HTTPS_PROXY_REQUEST": (
        "The client uses this server as an HTTP proxy: check the client's "
        "proxy settings."),
    "HTTP_REQUEST": (
        "The client sent plain HTTP to this TLS port: use https:// in the "
        "client."),
    "INVALID_STATUS_RESPONSE": (
        "This program refused the server's OCSP response: the ocsp_callback "
        "of the context returned False for it.  The response may be missing, "
        "out of date, or about a revoked certificate."),
    "KEY_TYPE_MISMATCH": OTHER_KEY,
    "KEY_VALUES_MISMATCH": OTHER_KEY,
    "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED": SHA1,
    "NO_CIPHERS_AVAILABLE": no_cipher_of_ours,
    "NO_PROTOCOLS_AVAILABLE": no_version,
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
        "The server is old and lacks secure renegotiation (RFC 5746).  If the "
        "server cannot be updated, set context.options |= "
        "ssl.OP_LEGACY_SERVER_CONNECT."),
    "UNSUPPORTED_PROTOCOL": refuse_version,
    "WRONG_SIGNATURE_TYPE": SHA1,
    "WRONG_VERSION_NUMBER": no_tls,
}
