"""Where the servers are, for the libraries' files."""

import json
import os

CERTS = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "tests", "certs")
CA = os.path.join(CERTS, "root.pem")
OTHER_CA = os.path.join(CERTS, "unknown-root.pem")
CLIENT = os.path.join(CERTS, "client.pem")
SERVER = os.path.join(CERTS, "localhost.pem")
PORTS = json.loads(os.environ["SSLB_ECOSYSTEM_PORTS"])
TIMEOUT = 20  # seconds
BIG = 16 * 65536  # bytes of /big


def url(server, path="hello"):
    """The address of a file on one of nginx's servers."""
    return "https://localhost:%d/%s" % (PORTS[server], path)


def is_refused(function, *errors):
    """Whether a call raises one of the errors; others pass."""
    try:
        function()
    except errors:
        return True
    return False
