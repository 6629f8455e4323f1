"""The names of tls_ssl.py; clients offer X25519 as the only group."""

import tls_ssl
from tls_ssl import *  # noqa: F401,F403


def client_context(roots):
    context = tls_ssl.client_context(roots)
    context.set_groups("X25519")
    return context
