"""Issues DeprecationWarning, on the Pythons whose own ssl also does."""

from __future__ import absolute_import

from _ssl_backport import _names


def deprecated(message, level=3):
    """Warn about a deprecated function or value.

    message: str. level: which frame the warning names, as the stacklevel of
    warnings.warn(); 3 is the caller of the function that calls deprecated().
    """
    if _names.WARNS_OF_OLD_TLS:
        import warnings
        warnings.warn(message, DeprecationWarning, level)
