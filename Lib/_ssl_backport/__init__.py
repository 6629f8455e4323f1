"""`import ssl` as Python 3.6 has it, for Python 2.7 and every later one.

A program calls install() before anything imports `ssl`, or is started with
`python -m _ssl_backport`.  Importing this package changes nothing.
"""

import sys

__all__ = ["install", "is_installed"]
__version__ = "0.1.0"


def install(client_sessions=None):
    """Make `import ssl` and `import _ssl` give the backport from here on.

    client_sessions: how many sessions (int, 10000 at most) are kept for all
    contexts of clients together that are made from now on, so that programs
    that know nothing of sessions resume them: see SSLContext.client_sessions.
    0 ends that, None leaves it as it is.
    Raises ImportError, and changes nothing, when the standard `ssl` or
    `_ssl` is already imported, or when the extension module cannot be
    loaded.  A second call does nothing but set client_sessions, if given.
    For a wrong client_sessions raises TypeError, ValueError or
    OverflowError, with the backport in place.
    """
    from . import _install  # its import does it
    if client_sessions is not None:
        _install.finder.extension._share_client_sessions(client_sessions)


def is_installed():
    """Return whether `import ssl` gives the backport (bool)."""
    installer = sys.modules.get("_ssl_backport._install")
    # which another thread may be just importing
    is_in_place = getattr(installer, "is_in_place", None)
    return is_in_place is not None and is_in_place()
