"""The `ssl` module of newer Pythons, for Python 2.7 and for 3.6 and later.

A program calls install() before any module imports `ssl`, or the user starts
the program with `python -m _ssl_backport`.  An import of this package alone
changes nothing.
"""

import sys

__all__ = ["install", "is_installed"]
__version__ = "0.1.0"


def install(client_sessions=None):
    """Make `import ssl` and `import _ssl` give the backport from now on.

    client_sessions: the most sessions (int, at most 10000) that all new
    client contexts of the process keep together, to resume them
    automatically: see SSLContext.client_sessions.  0 turns this off, None
    changes nothing.
    Raises ImportError, and changes nothing, if a module has already imported
    the standard `ssl` or `_ssl`, or if Python cannot load the extension
    module.  A second call only sets client_sessions, if given.
    Raises TypeError, ValueError or OverflowError for an invalid
    client_sessions; the backport is then installed.
    """
    from . import _install  # this import installs the backport
    if client_sessions is not None:
        _install.finder.extension._share_client_sessions(client_sessions)


def is_installed():
    """Return whether `import ssl` gives the backport (bool)."""
    installer = sys.modules.get("_ssl_backport._install")
    # another thread may be importing that module now
    is_in_place = getattr(installer, "is_in_place", None)
    return is_in_place is not None and is_in_place()
