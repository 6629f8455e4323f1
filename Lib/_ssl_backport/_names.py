"""What the enumerations of ssl are made of: their bases, and the constants
of the extension.  Also two facts about the Python we are on that have
nothing to do with sockets.
"""

from __future__ import absolute_import

import sys

import __ssl_backport

if sys.version_info[0] == 2:
    from _ssl_backport._enum import Enum, IntEnum, IntFlag
else:
    from enum import Enum, IntEnum, IntFlag

__all__ = ["Enum", "IntEnum", "IntFlag", "constants",
           "HEEDS_PYTHONHTTPSVERIFY", "SCRIPT_PATH_IS_ABSOLUTE"]

# PEP 493 is for 2.7 alone.
HEEDS_PYTHONHTTPSVERIFY = sys.version_info[0] == 2

# Whether Python shows a script that is named by a relative path with an
# absolute one, in __file__ and in tracebacks.
SCRIPT_PATH_IS_ABSOLUTE = sys.version_info >= (3, 9)


def constants(prefix):
    """Return the extension's constants of that prefix as (name, value) pairs.

    They come in the order of their values, then of their names: of several
    names for one value an enumeration shows the first.
    """
    names = [name for name in dir(__ssl_backport) if name.startswith(prefix)]
    pairs = [(name, getattr(__ssl_backport, name)) for name in names]
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))
