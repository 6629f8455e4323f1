"""match_hostname(): compares a host name or IP address with a certificate.

Connections do not use this module: OpenSSL checks the name during the
handshake.
"""

from __future__ import absolute_import

import re

from __ssl_backport import SSLCertVerificationError as CertificateError
from _ssl_backport._deprecated import deprecated
from socket import AF_INET, AF_INET6, error, inet_pton

__all__ = ["_dnsname_match", "_inet_paton", "_ipaddress_match",
           "match_hostname"]

# Names that some programs read as an IP address and others as a DNS name,
# unless inet_pton() accepts them; verification.c has the same rule
AMBIGUOUS = re.compile(r"[0-9]+(?:\.[0-9]+){3}\Z|.*[\1- \x7f]", re.DOTALL)


def match_hostname(cert, hostname):
    """Check that a certificate is for a host, by the rules of RFC 6125.

    cert: dict in the form of SSLSocket.getpeercert().
    hostname: str, a DNS name (A-labels) or an IP address.
    Raises CertificateError if the certificate is not for this host, and
    ValueError if `cert` is empty.
    """
    deprecated("ssl.match_hostname() is deprecated")
    if not cert:
        raise ValueError("match_hostname() needs a certificate, and the peer "
                         "gives one only with CERT_OPTIONAL or CERT_REQUIRED")
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
        # a common name counts only without a subjectAltName
        names = [value for part in cert.get("subject", ())
                 for key, value in part if key == "commonName"]
        wildcards = 0 if host_ip else 1
        if any(_dnsname_match(name, hostname, wildcards) for name in names):
            return
    if not names:
        raise CertificateError("the certificate has neither a commonName nor "
                               "a subjectAltName of type DNS or IP Address")
    raise CertificateError("hostname %r doesn't match %s%s" % (
        hostname, "either of " if len(names) > 1 else "",
        ", ".join(map(repr, names))))


def _dnsname_match(dn, hostname, max_wildcards=1):
    """Return whether a certificate's DNS name matches a host name (bool).

    dn, hostname: str. A wildcard must be the whole leftmost label of `dn`, and
    matches one label. Raises CertificateError for any other wildcard.
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
    """Return whether an IP address of a certificate is the host's (bool).

    ipname: str; white space at its end is ignored, because OpenSSL 1.0 added a
    line end. host_ip: bytes, as from _inet_paton().
    """
    try:
        return _inet_paton(ipname.rstrip()) == host_ip
    except ValueError:
        return False


def _inet_paton(ipname):
    """Return the packed form (bytes, 4 or 16) of an IP address (str).

    Raises ValueError unless the address is four decimal numbers with dots, or
    an IPv6 address without a scope.
    """
    if "\0" not in ipname:  # 2.7 would raise TypeError
        for family in AF_INET, AF_INET6:
            try:
                return inet_pton(family, ipname)
            except error:
                continue
    raise ValueError("%r is not an IPv4 or IPv6 address" % (ipname,))
