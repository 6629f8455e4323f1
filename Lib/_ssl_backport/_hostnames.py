"""Host names and IP addresses against a certificate, as dict: match_hostname.

Connections do not use this: OpenSSL checks the name during the handshake.
"""

from __future__ import absolute_import

import re

from __ssl_backport import SSLCertVerificationError as CertificateError
from _ssl_backport._deprecated import deprecated
from socket import AF_INET, AF_INET6, error, inet_pton

__all__ = ["_dnsname_match", "_inet_paton", "_ipaddress_match",
           "match_hostname"]

# What one program reads as an IP address and another as a DNS name, unless
# inet_pton() takes it; verification.c has the same rule
AMBIGUOUS = re.compile(r"[0-9]+(?:\.[0-9]+){3}\Z|.*[\1- \x7f]", re.DOTALL)


def match_hostname(cert, hostname):
    """Check that a certificate is for a host, by the rules of RFC 6125.

    cert: dict, as SSLSocket.getpeercert() returns it.
    hostname: str, a DNS name (A-labels) or an IP address.
    Raises CertificateError if it is for other hosts only, or for none, and
    ValueError if the certificate is empty.
    """
    deprecated("ssl.match_hostname() is deprecated")
    if not cert:
        raise ValueError("match_hostname() needs a certificate; there is "
                         "none without CERT_OPTIONAL or CERT_REQUIRED")
    try:
        host_ip = _inet_paton(hostname)
    except ValueError:
        host_ip = None
        if AMBIGUOUS.match(hostname):
            raise CertificateError("%r is neither a DNS name nor an IP "
                                   "address" % (hostname,))
    names = []
    for kind, value in cert.get("subjectAltName", ()):
        if kind == "DNS":
            matches = host_ip is None and _dnsname_match(value, hostname)
        elif kind == "IP Address":
            matches = host_ip is not None and _ipaddress_match(value, host_ip)
        else:
            continue
        if matches:
            return
        names.append(value)
    if not names:
        # the common name counts only where there is no other name
        names = [value for part in cert.get("subject", ())
                 for key, value in part if key == "commonName"]
        wildcards = 0 if host_ip else 1
        if any(_dnsname_match(name, hostname, wildcards) for name in names):
            return
    if not names:
        raise CertificateError("the certificate has no commonName and no "
                               "subjectAltName of a fitting kind")
    raise CertificateError("hostname %r doesn't match %s%s" % (
        hostname, "either of " if len(names) > 1 else "",
        ", ".join(map(repr, names))))


def _dnsname_match(dn, hostname, max_wildcards=1):
    """Return whether a certificate's DNS name is for a host (both str).

    A wildcard is the whole leftmost label of `dn` and stands for one label
    of the host name; any other kind raises CertificateError.
    """
    if not dn:
        return False
    first, _, parent = dn.partition(".")
    wildcards = dn.count("*")
    if not wildcards:
        return dn.lower() == hostname.lower()
    if wildcards > max_wildcards:
        problem = "too many wildcards"
    elif "*" not in first:
        problem = "wildcard can only be present in the leftmost label"
    elif first != "*":
        problem = "partial wildcards in leftmost label are not supported"
    elif not parent:
        problem = ("sole wildcard without additional labels are not "
                   "supported")
    else:
        first, _, host_parent = hostname.partition(".")
        return bool(first) and parent.lower() == host_parent.lower()
    raise CertificateError("%s: certificate DNS name %r" % (problem, dn))


def _ipaddress_match(ipname, host_ip):
    """Return whether a certificate's IP address (str) is the host's (bytes).

    A line end after it, which OpenSSL 1.0 left there, does not count.
    """
    try:
        return _inet_paton(ipname.rstrip()) == host_ip
    except ValueError:
        return False


def _inet_paton(ipname):
    """Return the packed form (4 or 16 bytes) of an IP address (str).

    Raises ValueError for all but four decimal numbers with dots between
    them, and an IPv6 address without a scope.
    """
    if "\0" not in ipname:  # for which 2.7 has a TypeError
        for family in AF_INET, AF_INET6:
            try:
                return inet_pton(family, ipname)
            except error:
                continue
    raise ValueError("not an IPv4 or IPv6 address: %r" % (ipname,))
