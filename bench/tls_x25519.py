"""As tls_ssl.py, but that clients know X25519 alone for the key exchange."""

import tls_ssl
from tls_ssl import *  # noqa: F401,F403


def client_context(roots):
    context = tls_ssl.client_context(roots)
    context.set_groups("X25519")
    return context
