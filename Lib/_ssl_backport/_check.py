"""python -m _ssl_backport --check HOST: connects to a server and reports.

The check connects with a default context and reports the negotiated
parameters, the certificate chain, and the source of trust.  If this fails, the
check connects again without verification and without limits on versions and
ciphers, to show what the server supports and what to change.  The check sends
only handshakes and, for a STARTTLS protocol, the request for TLS.

Only the launcher imports this module, after install().
"""

from __future__ import absolute_import

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections import OrderedDict

from _ssl_backport import _starttls

USAGE = ("usage: python -m _ssl_backport --check HOST[:PORT] "
         "[--starttls PROTOCOL] [--json]")

# the exit status
VERIFIED, FAILED, NOT_REACHED = 0, 1, 2

TIMEOUT = 10  # seconds, for each connection
STOCK_TIMEOUT = 3 * TIMEOUT  # seconds, includes the start of a Python
# seconds after the handshake, for a session ticket or an alert
LISTEN = 0.5
PROTOCOLS_OF_WEB = ["h2", "http/1.1"]
HTTPS = 443
# Verify codes (X509_V_ERR_*) about trust: the issuer was not found, or the
# chain ends with a self-signed certificate that is not trusted.
NOT_TRUSTED = (2, 18, 19, 20, 21)

LABEL = 18  # the width of the first column
WIDTH = 79

CLOSED = "the server closed the connection after the handshake"

# A program for another process, which checks without the backport.
STOCK = ("import sys; sys.path[:] = %r; from _ssl_backport import _stock; "
         "_stock.main(%r, %r, %r, %r)")


class Unusable(Exception):
    """The command line is invalid, or the host name does not resolve."""


def main(arguments):
    """Run the check and print the report.

    arguments: list of str, the command line after --check.
    Returns the exit status (int).
    """
    # Python's own handler would not run while getaddrinfo() waits for a name
    # server.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        host, port, protocol, as_json = parse(arguments)
        addresses = resolve(host, port)
    except Unusable as error:
        sys.stderr.write("python -m _ssl_backport --check: %s\n" % error)
        return NOT_REACHED
    check = Check(host, port, protocol, addresses)
    if as_json:
        write(json.dumps(check.run(), indent=2))
    else:
        show(check.head())
        show(lines_of(check.run()))
    return check.status


# The command line

def parse(arguments):
    """Return (host, port, protocol or None, whether to print JSON).

    Raises Unusable for an invalid command line.
    """
    place, protocol, as_json = None, None, False
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--json":
            as_json = True
        elif argument == "--starttls":
            protocol = rest.pop(0) if rest else ""
            if protocol not in _starttls.PROTOCOLS:
                raise Unusable("--starttls needs one of %s, not %r" % (
                    ", ".join(sorted(_starttls.PROTOCOLS)), protocol))
        elif argument.startswith("-"):
            raise Unusable("unknown option %r; %s" % (argument, USAGE))
        elif place is not None:
            raise Unusable("--check accepts one host, and %r is a second one"
                           % argument)
        else:
            place = argument
    if not place:
        raise Unusable(USAGE)
    host, port = split(place)
    if port is None:
        port = _starttls.PROTOCOLS[protocol][0] if protocol else HTTPS
    return host, port, protocol, as_json


def split(place):
    """Return (host, port or None) of HOST, HOST:PORT, [IPv6]:PORT or IPv6.

    Raises Unusable for anything else.
    """
    if "/" in place:
        raise Unusable("give HOST or HOST:PORT, not a URL: %r" % place)
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise Unusable("%r is not a valid HOST:PORT" % place)
        colon, port = rest[:1], rest[1:]
    elif place.count(":") > 1:
        host, colon, port = place, "", ""
    else:
        host, colon, port = place.partition(":")
    if not host:
        raise Unusable("%r contains no host name" % place)
    if not colon:
        return host, None
    if not re.match(r"[0-9]{1,5}\Z", port) or not 0 < int(port) < 65536:
        raise Unusable("%r is not a port number from 1 to 65535" % port)
    return host, int(port)


def resolve(host, port):
    """Return the list of getaddrinfo(). Raises Unusable if it fails."""
    try:
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unusable("the host name %s does not resolve: %s"
                       % (host, reason))


# The connections

class NotReached(Exception):
    """The server was not reached; the text contains the reason."""


class Check(object):
    """A check of one server; run() returns the report."""

    def __init__(self, host, port, protocol, addresses):
        self.host = host
        self.port = port
        self.protocol = protocol
        self.addresses = addresses
        self.address = None
        self.was_asked = False  # for a client certificate
        self.status = NOT_REACHED

    def head(self):
        """Return the first line of the text, as a list of one pair."""
        place = "[%s]" % self.host if ":" in self.host else self.host
        via = ", STARTTLS of %s" % self.protocol if self.protocol else ""
        return [("server", "%s:%d%s" % (place, self.port, via))]

    def run(self):
        """Connect, and return the report (OrderedDict, fit for JSON)."""
        import ssl
        report = OrderedDict([
            ("host", self.host), ("port", self.port),
            ("starttls", self.protocol), ("address", None),
            ("verified", False), ("failure", None),
            ("client_certificate_requested", False)])
        context = ssl.create_default_context()
        try:
            tls = self.connect(context)
        except NotReached as error:
            report["failure"] = failure(str(error))
            return report
        except (EnvironmentError, ValueError, _starttls.Refused) as error:
            self.status = FAILED
            report["failure"] = failure_of(ssl, error)
            report.update(self.look_again(ssl, error))
        else:
            self.status = VERIFIED
            report["verified"] = True
            try:
                report.update(agreed(tls))
                # these are Certificate objects; the public method gives bytes
                chain = tls._sslobj.get_verified_chain()
                report["chain"] = chain_of(chain)
                report["trust"] = find_trust(chain[-1])
                refusal = self.listen(ssl, tls)
                session = tls.session
            finally:
                tls.close()
            if refusal is None:
                report.update(self.connect_again(context, session))
            else:
                self.status = FAILED
                report["failure"] = failure_of(ssl, refusal)
        report["address"] = self.address
        report["client_certificate_requested"] = self.was_asked
        report["stock"] = self.ask_stock()
        return report

    def connect(self, context, session=None):
        """Connect, and return the SSLSocket after the handshake.

        Raises NotReached, _starttls.Refused, or an error of the handshake.
        """
        sock = self.open()
        context._msg_callback = self.notice
        try:
            if self.protocol is not None:
                _starttls.ask(sock, self.host, self.protocol, TIMEOUT)
            return context.wrap_socket(sock, server_hostname=self.host,
                                       session=session)
        except BaseException:
            sock.close()
            raise

    def notice(self, connection, direction, version, content_type, kind,
               data):
        """The message callback: notice a request for a certificate."""
        if (direction, getattr(kind, "name", None)) == (
                "read", "CERTIFICATE_REQUEST"):
            self.was_asked = True

    def listen(self, ssl, tls):
        """Read up to LISTEN seconds after the handshake.

        In TLS 1.3 the server sends its session ticket then, and may refuse a
        client that sent no certificate.  Returns this error, or None.
        """
        tls.settimeout(0)
        deadline = time.time() + LISTEN
        try:
            while self.was_asked or not (tls.session
                                         and tls.session.has_ticket):
                left = deadline - time.time()
                if left <= 0 or not select.select([tls], [], [], left)[0]:
                    return None
                try:
                    if tls.recv(1) == b"" and self.was_asked:
                        return EOFError(CLOSED)
                    return None  # tickets would come earlier
                except ssl.SSLWantReadError:
                    continue
        except EnvironmentError as error:
            if self.was_asked or is_alert(error):
                return error
            # else the connection ended, but the session is still valid

    def open(self):
        """Return a socket, connected to the first address that accepts.

        Raises NotReached if no address does.
        """
        reasons = []
        for family, kind, number, _, address in self.addresses:
            sock = None
            try:
                sock = socket.socket(family, kind, number)
                sock.settimeout(TIMEOUT)
                sock.connect(address)
            except EnvironmentError as error:
                if sock is not None:
                    sock.close()
                reasons.append("%s: %s" % (
                    address[0], error.strerror or error))
            else:
                self.address = address[0]
                return sock
        raise NotReached("; ".join(reasons))

    def connect_again(self, context, session):
        """Connect a second time; return the report's ALPN and resumption."""
        if self.protocol is None:
            context.set_alpn_protocols(PROTOCOLS_OF_WEB)
        try:
            tls = self.connect(context, session)
        except (EnvironmentError, ValueError, NotReached,
                _starttls.Refused) as error:
            return {"second_connection": as_text(str(error))}
        try:
            return {"alpn": tls.selected_alpn_protocol(),
                    "resumption": tls.session_reused}
        finally:
            tls.close()

    def look_again(self, ssl, error):
        """After an error of a default context: connect without verification,
        and return what to add to the report."""
        if isinstance(error, ssl.SSLCertVerificationError):
            found, context = {}, ssl.create_default_context()
        elif (isinstance(error, EnvironmentError)
              and not isinstance(error, socket.timeout)):
            found, context = {"without_limits": None}, without_limits(ssl)
        else:
            return {}
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            tls = self.connect(context)
        except (EnvironmentError, ValueError, NotReached,
                _starttls.Refused):
            return found
        try:
            found.update(agreed(tls))
            found["chain"] = chain_of(
                tls._sslobj.get_unverified_chain() or ())
            if "without_limits" in found:
                found["without_limits"] = True
        finally:
            tls.close()
        return found

    def ask_stock(self):
        """Return the result with this Python's own ssl (dict), or None."""
        folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        code = STOCK % (sys.path + [folder], self.host, self.port,
                        self.protocol, TIMEOUT)
        # with -S no sitecustomize or .pth file installs the backport
        child = subprocess.Popen([sys.executable, "-S", "-c", code],
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        clock = threading.Timer(STOCK_TIMEOUT, child.kill)
        clock.start()
        output, _ = child.communicate()
        clock.cancel()
        try:
            return json.loads(output.decode("ascii"))
        except ValueError:
            return None


def without_limits(ssl):
    """Return a context that allows all versions and ciphers of this OpenSSL.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= ssl.OP_LEGACY_SERVER_CONNECT
    return context


def failure(reason, hint=None, verify_code=None):
    return OrderedDict([("reason", as_text(reason)), ("hint", hint),
                        ("verify_code", verify_code)])


def failure_of(ssl, error):
    """Return the report's entry for an error: reason, hint, verify code."""
    reason = getattr(error, "verify_message", None) or str(error)
    if isinstance(error, socket.timeout):
        reason = "the server did not answer within %d seconds" % TIMEOUT
    return failure(reason, getattr(error, "hint", None),
                   getattr(error, "verify_code", None))


def agreed(tls):
    """Return the report's entries for the negotiated parameters."""
    name, _, bits = tls.cipher()
    try:
        group = tls.group()
    except NotImplementedError:
        group = None
    return OrderedDict([
        ("version", tls.version()), ("cipher", name), ("bits", bits),
        ("group", group),
        ("post_quantum", None if group is None else "MLKEM" in group)])


def is_alert(error):
    return "_ALERT_" in (getattr(error, "reason", None) or "")


# Certificates

def as_text(value):
    """Return text for JSON; on 2.7 the value may be bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def chain_of(chain):
    return [certificate_of(certificate.get_info()) for certificate in chain]


def certificate_of(info):
    """Return a certificate's entry of the report, from its dict."""
    return OrderedDict([
        ("subject", as_text(name_of(info["subject"]))),
        ("issuer", as_text(name_of(info["issuer"]))),
        ("names", [as_text(name_of(name) if kind == "DirName" else name)
                   for kind, name in info.get("subjectAltName", ())]),
        ("not_before", date_of(info["notBefore"])),
        ("not_after", date_of(info["notAfter"])),
        ("validity", validity_of(info))])


def validity_of(info):
    """Return "valid", "expired" or "not yet valid"; None for odd dates."""
    from _ssl_backport._certificates import cert_time_to_seconds
    try:
        if cert_time_to_seconds(info["notAfter"]) < time.time():
            return "expired"
        if cert_time_to_seconds(info["notBefore"]) > time.time():
            return "not yet valid"
        return "valid"
    except ValueError:
        return None


def name_of(distinguished):
    """Return the common name, or else the organizational unit, organization
    or all parts, of a distinguished name."""
    parts = dict(pair for group in distinguished for pair in group)
    for kind in ("commonName", "organizationalUnitName", "organizationName"):
        if kind in parts:
            return parts[kind]
    return ", ".join("%s=%s" % pair for pair in sorted(parts.items()))


def date_of(text):
    """Return the day (UTC) of a certificate's time, such as "2026-11-29"."""
    from _ssl_backport._certificates import cert_time_to_seconds
    try:
        seconds = cert_time_to_seconds(text)
        return time.strftime("%Y-%m-%d", time.gmtime(seconds))
    except ValueError:  # not a time, or before 1900 on 2.7
        return as_text(text)


def find_trust(anchor):
    """Return the path of the CA file or directory that contains a trusted
    certificate, or None."""
    import ssl
    from _ssl_backport import _trust
    pem = ssl.DER_cert_to_PEM_cert(
        anchor.public_bytes(ssl._ssl.ENCODING_DER))
    wanted = "".join(pem.split("\n")[1:-2])
    for place in _trust.look():
        if place.problem is None and any(
                wanted in packed(path) for path in files_of(place)):
            return place.path
    return None


def files_of(place):
    """Return the paths (list of str) of a place's certificate files."""
    from _ssl_backport import _trust
    if place.kind == "file":
        return [place.path]
    found = []
    for folder in place.path.split(os.pathsep):
        try:
            names = os.listdir(folder)
        except EnvironmentError:
            continue  # OpenSSL also finds nothing there
        found += [os.path.join(folder, name) for name in sorted(names)
                  if _trust.HASHED.match(name)]
    return found


def packed(path):
    """Return the text of a file without white space; "" if unreadable."""
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except EnvironmentError:
        return ""
    return "".join(data.decode("latin-1").split())


# Text

def show(lines):
    """Print (label, text) pairs in two columns.

    Only blanks separate lines, so that a reader can copy a path.
    """
    shown = []
    for label, text in lines:
        head = label.ljust(LABEL)
        for line in textwrap.wrap(printable(text), WIDTH - LABEL,
                                  break_long_words=False,
                                  break_on_hyphens=False) or [""]:
            shown.append((head + line).rstrip())
            head = " " * LABEL
    write("\n".join(shown))


def write(text):
    """Print text.

    If the reader has closed the pipe, SIGPIPE ends this process, as it ends
    most commands.  Connections must not have this effect.
    """
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    print(text)
    sys.stdout.flush()
    signal.signal(signal.SIGPIPE, before)


def printable(text):
    """Return text from a server (str) without control characters."""
    text = as_text(text)
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    text = u"".join(
        letter if letter.isalnum() or letter == u" " or u" " < letter < u"\x7f"
        else letter.encode("unicode_escape").decode("ascii")
        for letter in text)
    data = text.encode(encoding, "backslashreplace")
    return data if str is bytes else data.decode(encoding)


def lines_of(report):
    """Return the (label, text) pairs of a report."""
    lines = []
    if report["address"]:
        lines.append(("address", report["address"]))
    lines.append(("verified", verdict(report)))
    trouble = report["failure"]
    if trouble and report["verified"]:
        lines.append(("connection", "refused: %s" % trouble["reason"]))
    if trouble and trouble["hint"]:
        lines.append(("hint", trouble["hint"]))
    lines += [("next", text) for text in advice(report)]
    if "version" in report:
        lines += lines_of_agreed(report)
    if report["client_certificate_requested"]:
        lines.append(("client", "the server asks for a client certificate" + (
            "" if trouble else ", and may refuse requests without one")))
    for number, certificate in enumerate(report.get("chain", ())):
        lines += lines_of_certificate(number, certificate)
    if report["verified"]:
        lines.append(("trusted by", report["trust"] or "an unknown place"))
    if report.get("stock"):
        lines.append(("this Python's ssl", stock_text(report["stock"])))
    return lines


def verdict(report):
    if report["verified"]:
        return "yes: the chain, its dates, and the name of the host"
    if report["address"] is None:
        return "no, the server was not reached: %s" % (
            report["failure"]["reason"])
    return "no: %s" % report["failure"]["reason"]


CLOCK = ("check the clock of this computer: if the clock is right, the server "
         "needs another certificate")
NAME = ("use a name of certificate 0 below as the host name or, if this host "
        "name is right, get the server a certificate for this name")
FAULT = ("get the server a certificate without this fault.  If this is "
         "impossible, accept the certificate as the hint says, for this "
         "server only")
REPLACE = ("the server needs another certificate: no client that verifies "
           "certificates accepts this one")

# What to do after a verify code (X509_V_ERR_*) that is not about trust.
NEXT = {9: CLOCK, 10: CLOCK, 23: REPLACE, 24: REPLACE, 26: REPLACE,
        28: REPLACE, 32: REPLACE, 62: NAME, 64: NAME, 66: FAULT, 67: FAULT,
        68: FAULT, 79: REPLACE}
NEXT.update((code, FAULT) for code in range(80, 94))  # of RFC 5280


def advice(report):
    """Return what to try next (list of str), one text or none."""
    if report["failure"] is None:
        return []
    if report["address"] is None:
        return ["check the port, and check whether a firewall or a proxy "
                "blocks the connection"]
    code = report["failure"]["verify_code"]
    if report.get("without_limits"):
        return ["without limits on versions and ciphers the server uses "
                "%(version)s with %(cipher)s, as shown below: update the "
                "server or, for this server only, allow this version and "
                "cipher with minimum_version and set_ciphers()" % report]
    if report["client_certificate_requested"] and code is None:
        return ["ask the operator of the server for a client certificate: "
                "--check sends none"]
    if "without_limits" in report:
        return ["check whether the port is for TLS: the handshake fails even "
                "without limits on versions and ciphers.  If the protocol "
                "begins without TLS, use --starttls"]
    if code in NOT_TRUSTED:
        return ["compare the server's chain, which is not verified, with the "
                "CA certificates in the file and the directory that "
                "python -m _ssl_backport --info shows"]
    if code is not None:
        return [NEXT.get(code, "the server's chain is invalid: the server "
                         "needs another one")]
    return ["check the port and --starttls"]


def lines_of_agreed(report):
    lines = [("TLS version", report["version"]),
             ("cipher", "%(cipher)s, %(bits)d bits" % report)]
    if report["group"] is not None:
        lines.append(("group", "%s, %s" % (
            report["group"], "post-quantum" if report["post_quantum"]
            else "not post-quantum")))
    if report["verified"] and not report["failure"]:
        lines += lines_of_second(report)
    return lines


def lines_of_second(report):
    if "second_connection" in report:
        return [("resumption", "unknown, because a second connection failed: "
                 "%s" % report["second_connection"])]
    lines = [("resumption", "yes" if report["resumption"] else "no")]
    if report["starttls"] is None:
        lines.insert(0, ("ALPN", "%s (offered: %s)" % (
            report["alpn"] or "none", ", ".join(PROTOCOLS_OF_WEB))))
    return lines


def lines_of_certificate(number, certificate):
    text = "%(subject)s, by %(issuer)s" % certificate
    lines = [("certificate %d" % number, text),
             ("", "%(not_before)s to %(not_after)s" % certificate)]
    if certificate["validity"] in ("expired", "not yet valid"):
        lines[-1] = ("", "%s, %s" % (lines[-1][1], certificate["validity"]))
    if certificate["names"] and number == 0:
        lines.append(("", "for " + ", ".join(certificate["names"])))
    return lines


def stock_text(stock):
    if stock["verified"]:
        return "verified, %(version)s, %(openssl)s" % stock
    if stock["openssl"] is None:
        return "none"
    return "failed: %(reason)s (%(openssl)s)" % stock
