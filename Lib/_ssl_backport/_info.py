"""python -m _ssl_backport --info: shows the parts of the backport in use."""

from __future__ import absolute_import

import os
import sys

import _ssl_backport


def show():
    """Print the information.

    Returns the exit status (int): 0 if install() works, else 1.
    """
    folder = os.path.dirname(os.path.abspath(_ssl_backport.__file__))
    lines = [
        ("_ssl_backport", "%s, %s" % (_ssl_backport.__version__, folder)),
        ("host Python", "%s, %s" % (sys.version.split()[0], sys.executable))]
    scope = ("already before this command" if _ssl_backport.is_installed()
             else "in this command; other programs have to opt in")
    try:
        _ssl_backport.install()
    except ImportError as error:
        lines.append(("installed", "no. %s" % error))
    else:
        lines.extend(of_installed(scope))
    for label, text in lines:
        print("%-14s %s" % (label, text.replace("\n", "\n" + " " * 15)))
    return 0 if _ssl_backport.is_installed() else 1


def of_installed(scope):
    import ssl
    from _ssl_backport import _trust
    versions = [text for text, available in (
        ("1.0", ssl.HAS_TLSv1), ("1.1", ssl.HAS_TLSv1_1),
        ("1.2", ssl.HAS_TLSv1_2), ("1.3", ssl.HAS_TLSv1_3)) if available]
    places = _trust.look()
    return [
        ("installed", "yes, %s\nimport ssl gives %s" % (
            scope, ssl.__file__)),
        ("OpenSSL", "%s, built with %s" % (
            ssl.OPENSSL_VERSION, release(ssl._OPENSSL_API_VERSION))),
        ("OpenSSL build", ssl._ssl._OPENSSL_BUILD),
        ("TLS versions", ", ".join(versions)),
        ("CA file", chosen("file", places)),
        ("CA directory", chosen("directory", places))] + [
        ("no CAs", text) for text in why_no_further(places)] + [
        of_https(ssl)]


def of_https(ssl):
    """Return the line (label, text) that tells whether HTTPSConnection, which
    urllib and others use, verifies by default.

    On Python 2.7 the variable PYTHONHTTPSVERIFY (PEP 493) can turn this off.
    """
    try:
        from http.client import HTTPSConnection
    except ImportError:
        from httplib import HTTPSConnection
    # this makes a context, but does not connect
    context = HTTPSConnection("localhost")._context
    verifies = context.verify_mode != ssl.CERT_NONE
    return (HTTPSConnection.__module__,
            "verifies certificates and host names" if verifies
            else "verifies nothing, because PYTHONHTTPSVERIFY is 0")


def release(version):
    """Return the version of an OpenSSL release (str) from its five numbers."""
    major, minor, fix, patch, _ = version
    if major < 3:
        return "%d.%d.%d%s" % (major, minor, fix,
                               chr(ord("a") - 1 + patch) if patch else "")
    return "%d.%d.%d" % (major, minor, patch)


def why_no_further(places):
    """Return the reason (list of one str) why no CA is trusted, if an
    environment variable is the cause; else an empty list."""
    from _ssl_backport import _trust
    variables = _trust.named_by_environment()
    if not variables or not all(place.problem for place in places):
        return []
    return ["no other place is searched, because the environment sets %s"
            % " and ".join(variables)]


def chosen(kind, places):
    """Return the place in use, and why earlier ones are not used (str)."""
    used, passed_over = "none", []
    for number, place in enumerate(
            place for place in places if place.kind == kind):
        text = "%s (%s)" % (place.path, place.origin)
        if place.problem is None:
            used = text
        elif number == 0 or os.path.exists(place.path):
            passed_over.append("%s %s" % (text, place.problem))
    if used == "none":
        return "none: " + "\n      ".join(passed_over)
    return "\n".join([used] + ["not used: " + text for text in passed_over])
