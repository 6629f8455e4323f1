"""Where this system keeps its CA certificates."""

from __future__ import absolute_import

import os
from collections import namedtuple

import __ssl_backport

__all__ = ["DefaultVerifyPaths", "get_default_verify_paths",
           "load_default_certs"]

DefaultVerifyPaths = namedtuple(
    "DefaultVerifyPaths",
    "cafile capath openssl_cafile_env openssl_cafile openssl_capath_env "
    "openssl_capath")
DefaultVerifyPaths.__module__ = "ssl"


def get_default_verify_paths():
    """Return where CA certificates are looked for by default.

    A DefaultVerifyPaths of str: cafile and capath are the file and the
    directory in use, or None where there is none; the others are what the
    OpenSSL library has built in, and the environment variables (most often
    SSL_CERT_FILE and SSL_CERT_DIR) that come before it.
    """
    built_in = __ssl_backport.get_default_verify_paths()
    file_variable, file_default, dir_variable, dir_default = built_in
    cafile = os.environ.get(file_variable, file_default)
    capath = os.environ.get(dir_variable, dir_default)
    return DefaultVerifyPaths(cafile if os.path.isfile(cafile) else None,
                              capath if os.path.isdir(capath) else None,
                              *built_in)


def load_default_certs(context):
    """Make the context trust the CA certificates of this system.

    OpenSSL looks in the places that get_default_verify_paths() tells of. A
    place that is missing or holds no certificate is not an error.
    """
    context.set_default_verify_paths()
