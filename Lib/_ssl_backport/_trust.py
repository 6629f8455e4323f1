"""Finds the CA certificates of this system.

The OpenSSL in a wheel was built on another system and does not know their
place.  This module searches known places and uses the first one that contains
certificates.
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

# A place that was searched: its path, "file" or "directory", the source of the
# path, and the reason why the place is not used (None if it is used).
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

# {directory: (its state, whether it contains certificates)}
looked_at = {}

# A directory that changed less than this many seconds ago may change again
# with the same time stamps, so its result is not kept.
TOO_FRESH = 2

# The file names by which OpenSSL finds a certificate in a directory: the hash
# of its subject, and a number.
HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+$")


def get_default_verify_paths():
    """Return the default places of CA certificates (DefaultVerifyPaths).

    cafile, capath: the file and the directory in use (str), or None.
    openssl_cafile, openssl_capath: the default paths of OpenSSL (str).
    openssl_cafile_env, openssl_capath_env: the environment variables (str)
    that override these, most often SSL_CERT_FILE and SSL_CERT_DIR.
    """
    used = {place.kind: place.path for place in look()
            if place.problem is None}
    return DefaultVerifyPaths(used.get("file"), used.get("directory"),
                              *_ssl.get_default_verify_paths())


def load_default_certs(context):
    """Make the context trust the CA certificates of this system.

    get_default_verify_paths() returns their place. A place that is missing or
    contains no certificate is not an error.
    """
    search(context)


def look():
    """Return the Places (list) that load_default_certs() searches."""
    return search(_ssl._SSLContext(_ssl.PROTOCOL_TLS))


def search(context):
    """Make the context trust the first place that contains certificates.

    The first places are a file and a directory: those that the environment
    names, or OpenSSL's defaults. If neither contains certificates, the search
    goes on with the known places, but only if the environment names no place:
    a mistake in a variable must not add trust in other CAs. Returns the list
    of Places that were searched.
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
    """Return (path, origin) from an environment variable, or the default."""
    path = os.environ.get(variable)
    return (path, "set by " + variable) if path else (
        default, "OpenSSL's default")


def known_places():
    """Yield (kind, path, origin) of the places of other systems and certifi,
    in order of preference."""
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
    """Make the context trust the certificates at a path; return its Place."""
    cafile, capath = (path, None) if kind == "file" else (None, path)
    try:
        if kind == "directory" and not holds_certificates(path):
            return Place(path, kind, origin, "contains no certificates")
        # do not call the method of a subclass, which may do something else
        _ssl._SSLContext.load_verify_locations(context, cafile, capath)
    except _ssl.SSLError:
        return Place(path, kind, origin, "contains no certificates")
    except EnvironmentError as error:
        missing = not os.path.exists(path)
        return Place(path, kind, origin, "does not exist" if missing else
                     "cannot be read: %s" % error.strerror)
    return Place(path, kind, origin, None)


def holds_certificates(path):
    """Return whether OpenSSL would find certificates in a directory (bool).

    path: one directory, or several with colons between them.
    Raises OSError if none of the directories can be read.
    """
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
    """Return whether a directory contains certificates (bool)."""
    # the result is kept: every new context needs it, for hundreds of files
    status = os.stat(folder)
    # time stamps alone do not suffice: a system image may use one time for all
    state = (status.st_dev, status.st_ino, status.st_mtime, status.st_ctime)
    known, holds = looked_at.get(folder, (None, False))
    if known != state:
        holds = any(HASHED.match(name) for name in os.listdir(folder))
        if time.time() - status.st_ctime >= TOO_FRESH:
            looked_at[folder] = state, holds
    return holds
