"""Where this system keeps its CA certificates.

An OpenSSL that came in a wheel was built elsewhere and does not know.  Each
place is judged by what is in it, not by its name alone.
"""

from __future__ import absolute_import

import os
import re
import time
from collections import namedtuple

import __ssl_backport as _ssl

__all__ = ["DefaultVerifyPaths", "get_default_verify_paths",
           "load_default_certs"]

DefaultVerifyPaths = namedtuple(
    "DefaultVerifyPaths",
    "cafile capath openssl_cafile_env openssl_cafile openssl_capath_env "
    "openssl_capath")
DefaultVerifyPaths.__module__ = "ssl"

# A place that was looked at: its path, "file" or "directory", where it is
# known from, and why it is not used (None if it is).
Place = namedtuple("Place", "path kind origin problem")

# The same places as in Go's crypto/x509 and the openssl-probe crate.
FILES = [
    ("/etc/ssl/certs/ca-certificates.crt", "Debian, Ubuntu, Alpine, Arch"),
    ("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "RHEL, Fedora"),
    ("/etc/pki/tls/certs/ca-bundle.crt", "RHEL, Fedora"),
    ("/etc/ssl/ca-bundle.pem", "SUSE"),
    ("/var/lib/ca-certificates/ca-bundle.pem", "SUSE"),
    ("/etc/pki/tls/cert.pem", "RHEL, Fedora"),
    ("/etc/pki/tls/cacert.pem", "OpenELEC"),
    ("/etc/ssl/cert.pem", "Alpine, FreeBSD, OpenBSD, macOS"),
    ("/etc/ca-certificates/extracted/tls-ca-bundle.pem", "Arch"),
    ("/etc/ssl/certs/ca-bundle.crt", "NixOS"),
    ("/usr/local/etc/ssl/cert.pem", "FreeBSD"),
    ("/usr/local/share/certs/ca-root-nss.crt", "FreeBSD, DragonFly"),
    ("/etc/openssl/certs/ca-certificates.crt", "NetBSD"),
    ("/etc/certs/ca-certificates.crt", "Solaris"),
    ("/etc/ssl/cacert.pem", "OmniOS"),
    ("/opt/etc/ssl/certs/ca-certificates.crt", "Entware"),
    ("/data/data/com.termux/files/usr/etc/tls/cert.pem", "Termux"),
]
DIRECTORIES = [
    ("/etc/ssl/certs", "Debian, SUSE, FreeBSD"),
    ("/etc/pki/tls/certs", "RHEL, Fedora"),
    ("/etc/openssl/certs", "NetBSD"),
    ("/etc/certs/CA", "Solaris"),
    ("/system/etc/security/cacerts", "Android"),
]

# What tells a directory from what it was before, and whether it holds
# certificates.
looked_at = {}

# A directory changed less than this long ago (seconds) may change again
# without its time stamps showing it: it is looked at again.
TOO_FRESH = 2

# How OpenSSL finds a certificate in a directory: by the hash of its subject.
HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+$")


def get_default_verify_paths():
    """Return where CA certificates are looked for by default.

    A DefaultVerifyPaths of str: cafile and capath are the file and the
    directory in use, or None where there is none; the others are what the
    OpenSSL library has built in, and the environment variables (most often
    SSL_CERT_FILE and SSL_CERT_DIR) that come before it.
    """
    used = {place.kind: place.path for place in look()
            if place.problem is None}
    return DefaultVerifyPaths(used.get("file"), used.get("directory"),
                              *_ssl.get_default_verify_paths())


def load_default_certs(context):
    """Make the context trust the CA certificates of this system.

    They are those that get_default_verify_paths() tells of. A place that is
    missing or holds no certificate is not an error.
    """
    search(context)


def look():
    """Return the list of Places that load_default_certs() goes through."""
    return search(_ssl._SSLContext(_ssl.PROTOCOL_TLS))


def search(context):
    """Make the context trust the first place that holds certificates.

    What the environment names, or else what OpenSSL has built in, may be a
    file and a directory. Only where there is neither, the list goes on, and
    not if the environment names one: who named a place wants no other to be
    trusted because of a mistake in it. Returns the list of Places.
    """
    (file_variable, file_default,
     dir_variable, dir_default) = _ssl.get_default_verify_paths()
    places = [
        load(context, "file", *named(file_variable, file_default)),
        load(context, "directory", *named(dir_variable, dir_default))]
    if named_by_environment():
        return places
    candidates = known_places()
    while all(place.problem for place in places):
        candidate = next(candidates, None)
        if candidate is None:
            break
        places.append(load(context, *candidate))
    return places


def named_by_environment():
    """Return the environment variables (list of str) that name a place."""
    return [variable for variable in _ssl.get_default_verify_paths()[::2]
            if os.environ.get(variable)]


def named(variable, default):
    """Return (path, origin), from the environment or OpenSSL itself."""
    path = os.environ.get(variable)
    return (path, "set by " + variable) if path else (
        default, "OpenSSL's default")


def known_places():
    """Yield (kind, path, origin) of what is not OpenSSL's, best first."""
    for path, origin in FILES:
        yield "file", path, "as on " + origin
    for path, origin in DIRECTORIES:
        yield "directory", path, "as on " + origin
    try:
        import certifi
    except ImportError:
        return
    yield "file", certifi.where(), "certifi"


def load(context, kind, path, origin):
    """Make the context trust what is at a path. Returns its Place."""
    cafile, capath = (path, None) if kind == "file" else (None, path)
    try:
        if kind == "directory" and not holds_certificates(path):
            return Place(path, kind, origin, "holds no certificates")
        # not the method of a subclass, which may have its own idea
        _ssl._SSLContext.load_verify_locations(context, cafile, capath)
    except _ssl.SSLError:
        return Place(path, kind, origin, "holds no certificates")
    except EnvironmentError as error:
        missing = not os.path.exists(path)
        return Place(path, kind, origin, "is not there" if missing else
                     "cannot be read: %s" % error.strerror)
    return Place(path, kind, origin, None)


def holds_certificates(path):
    """Whether OpenSSL would find certificates there: in one directory, or
    in several with colons between them, of which some may be missing."""
    folders = path.split(os.pathsep)
    problems = []
    for folder in folders:
        try:
            if folder_holds(folder):
                return True
        except EnvironmentError as error:
            problems.append(error)
    if len(problems) == len(folders):
        raise problems[0]
    return False


def folder_holds(folder):
    # every new context asks, and there are hundreds of files
    status = os.stat(folder)
    # an image of a system may have one time for all that is in it
    state = (status.st_dev, status.st_ino, status.st_mtime, status.st_ctime)
    known, holds = looked_at.get(folder, (None, False))
    if known != state:
        holds = any(HASHED.match(name) for name in os.listdir(folder))
        if time.time() - status.st_ctime >= TOO_FRESH:
            looked_at[folder] = state, holds
    return holds
