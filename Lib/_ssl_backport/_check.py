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

VERIFIED, NOT_VERIFIED, NOT_REACHED = 0, 1, 2

TIMEOUT = 10  # seconds, for each connection
STOCK_TIMEOUT = 3 * TIMEOUT  # seconds, includes the start of a Python
TICKET_WAIT = 0.5  # seconds, for a session ticket
PROTOCOLS_OF_WEB = ["h2", "http/1.1"]
HTTPS = 443
# Verify codes (X509_V_ERR_*) about trust: the issuer was not found, or the
# chain ends with a self-signed certificate that is not trusted.
NOT_TRUSTED = (2, 18, 19, 20, 21)

LABEL = 18  # the width of the first column
WIDTH = 79

# A program for another process, which checks without the backport.
STOCK = ("import sys; sys.path.append(%r); from _ssl_backport import _stock; "
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
        print(json.dumps(check.run(), indent=2))
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
            ("verified", False), ("failure", None)])
        context = ssl.create_default_context()
        try:
            tls = self.connect(context)
        except NotReached as error:
            report["failure"] = failure(str(error))
            return report
        except (EnvironmentError, ValueError, _starttls.Refused) as error:
            self.status = NOT_VERIFIED
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
                session = take_session(ssl, tls)
            finally:
                tls.close()
            report.update(self.connect_again(context, session))
        report["address"] = self.address
        report["stock"] = self.ask_stock()
        return report

    def connect(self, context, session=None):
        """Connect, and return the SSLSocket after the handshake.

        Raises NotReached, _starttls.Refused, or an error of the handshake.
        """
        sock = self.open()
        try:
            if self.protocol is not None:
                _starttls.ask(sock, self.host, self.protocol, TIMEOUT)
            return context.wrap_socket(sock, server_hostname=self.host,
                                       session=session)
        except BaseException:
            sock.close()
            raise

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
        code = STOCK % (folder, self.host, self.port, self.protocol, TIMEOUT)
        child = subprocess.Popen([sys.executable, "-c", code],
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


def take_session(ssl, tls):
    """Return the session, or None.

    Waits up to TICKET_WAIT for the ticket, which TLS 1.3 sends after the
    handshake.
    """
    tls.settimeout(0)
    deadline = time.time() + TICKET_WAIT
    try:
        while not (tls.session and tls.session.has_ticket):
            left = deadline - time.time()
            if left <= 0 or not select.select([tls], [], [], left)[0]:
                break
            try:
                tls.recv(1)
                break  # data, or the end: tickets would come earlier
            except ssl.SSLWantReadError:
                continue
    except EnvironmentError:
        pass  # the connection ended, but the session is still valid
    return tls.session


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
        ("not_after", date_of(info["notAfter"]))])


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
    """Print (label, text) pairs in two columns."""
    for label, text in lines:
        head = label.ljust(LABEL)
        for line in textwrap.wrap(printable(text), WIDTH - LABEL) or [""]:
            print((head + line).rstrip())
            head = " " * LABEL
    sys.stdout.flush()


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
    if trouble and trouble["hint"]:
        lines.append(("hint", trouble["hint"]))
    lines += [("next", text) for text in advice(report)]
    if "version" in report:
        lines += lines_of_agreed(report)
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


def advice(report):
    """Return what to try next (list of str), one text or none."""
    if report["verified"]:
        return []
    if report["address"] is None:
        return ["check the port, and check whether a firewall or a proxy "
                "blocks the connection"]
    if report.get("without_limits"):
        return ["without limits on versions and ciphers the server uses "
                "%(version)s with %(cipher)s, as shown below: update the "
                "server or, for this server only, allow this version and "
                "cipher with minimum_version and set_ciphers()" % report]
    if "without_limits" in report:
        return ["check whether the port is for TLS: the handshake fails even "
                "without limits on versions and ciphers.  If the protocol "
                "begins without TLS, use --starttls"]
    code = report["failure"]["verify_code"]
    if code is not None and code not in NOT_TRUSTED:
        return ["the server's certificate must be replaced: no client that "
                "verifies certificates accepts it for this host"]
    if "chain" in report:
        return ["compare the chain below, which is not verified, with the CA "
                "certificates in the file and the directory that "
                "python -m _ssl_backport --info shows"]
    return ["check the port and --starttls"]


def lines_of_agreed(report):
    lines = [("TLS version", report["version"]),
             ("cipher", "%(cipher)s, %(bits)d bits" % report)]
    if report["group"] is not None:
        lines.append(("group", "%s, %s" % (
            report["group"], "post-quantum" if report["post_quantum"]
            else "not post-quantum")))
    if report["verified"]:
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
    if certificate["names"] and number == 0:
        lines.append(("", "for " + ", ".join(certificate["names"])))
    return lines


def stock_text(stock):
    if stock["verified"]:
        return "verified, %(version)s, %(openssl)s" % stock
    if stock["openssl"] is None:
        return "none"
    return "failed: %(reason)s (%(openssl)s)" % stock
