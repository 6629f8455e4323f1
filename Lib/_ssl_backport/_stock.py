"""Connects to a server with this Python's own `ssl`, for `--check`.

`--check` runs this module in a separate process, without the backport.
"""

from __future__ import absolute_import

import json
import socket
import sys

from _ssl_backport import _starttls


def main(host, port, protocol, timeout):
    """Print the outcome as JSON: "openssl" (str, or null without an `ssl`),
    "verified" (bool), "version" (the TLS version), "reason" (of a failure).
    """
    json.dump(outcome(host, port, protocol, timeout), sys.stdout)


def outcome(host, port, protocol, timeout):
    found = {"openssl": None, "verified": False, "version": None,
             "reason": None}
    try:
        import ssl
    except ImportError:
        found["reason"] = "this Python has no ssl"
        return found
    found["openssl"] = ssl.OPENSSL_VERSION
    if not hasattr(ssl, "create_default_context"):
        found["reason"] = ("this Python's ssl has no default context, and "
                           "verifies nothing by default")
        return found
    try:
        sock = socket.create_connection((host, port), timeout)
        try:
            if protocol is not None:
                _starttls.ask(sock, host, protocol, timeout)
            tls = ssl.create_default_context().wrap_socket(
                sock, server_hostname=host)
            found.update(verified=True, version=tls.version())
            sock = tls
        finally:
            sock.close()
    except (EnvironmentError, ValueError, _starttls.Refused) as error:
        found["reason"] = str(error)
    return found
