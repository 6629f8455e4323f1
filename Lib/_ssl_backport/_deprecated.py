"""DeprecationWarning, on the hosts whose own ssl warns of the same."""

from __future__ import absolute_import

from _ssl_backport import _names


def deprecated(message, level=3):
    """Warn of what somebody has called.

    level: how many calls above this one that was; 3 is the caller of the
    function that warns.
    """
    if _names.WARNS_OF_OLD_TLS:
        import warnings
        warnings.warn(message, DeprecationWarning, level)
