"""The base classes and constants for the enumerations of `ssl`.

This module also contains all differences between Python versions that the
package depends on, except for those of sockets (see _sockets.py).
"""

from __future__ import absolute_import

import sys

import __ssl_backport

if sys.version_info[0] == 2:
    from copy_reg import _slotnames as slots_of
    from _ssl_backport._enum import Enum, IntEnum, IntFlag

    class wrap_bio_method(object):
        """A method that is hidden from urllib3's test for TLS in TLS.

        If a context has wrap_bio(), urllib3 assumes Python 3 and uses
        memoryview.cast() and socket.SocketIO, which 2.7 lacks. Without
        wrap_bio() it reports that TLS in TLS is not supported, as with 2.7's
        own ssl.
        """

        QUESTION = "_validate_ssl_context_for_tls_in_tls"

        def __init__(self, function):
            self.function = function
            self.__doc__ = function.__doc__

        def __get__(self, instance, owner):
            if sys._getframe(1).f_code.co_name == self.QUESTION:
                raise AttributeError("wrap_bio")
            return self.function.__get__(instance, owner)

    def keyword_only_after(count):
        """Return a decorator that changes nothing: 2.7 has no keyword-only
        arguments, and its own ssl accepts these arguments by position.
        """
        return lambda function: function

else:
    import types
    from copyreg import _slotnames as slots_of
    from enum import Enum, IntEnum, IntFlag

    def wrap_bio_method(function):
        """Return the function unchanged: urllib3 needs no change here."""
        return function

    # The arguments of types.CodeType() before Python 3.8, which has replace().
    CODE_FIELDS = ["argcount", "kwonlyargcount", "nlocals", "stacksize",
                   "flags", "code", "consts", "names", "varnames",
                   "filename", "name", "firstlineno", "lnotab", "freevars",
                   "cellvars"]

    def keyword_only_after(count):
        """Return a decorator that makes the arguments after the first `count`
        keyword-only. All arguments of the function must have defaults.

        The syntax for such arguments is not valid on 2.7, so the decorator
        changes the code object.
        """
        def change(function):
            code = function.__code__
            rest = code.co_varnames[count:code.co_argcount]
            numbers = {"co_argcount": count, "co_kwonlyargcount": len(rest)}
            if hasattr(code, "replace"):
                function.__code__ = code.replace(**numbers)
            else:
                function.__code__ = types.CodeType(*(
                    numbers.get("co_" + field, getattr(code, "co_" + field))
                    for field in CODE_FIELDS))
            function.__kwdefaults__ = dict(
                zip(rest, function.__defaults__[count:]))
            function.__defaults__ = function.__defaults__[:count]
            return function

        return change

__all__ = ["Enum", "IntEnum", "IntFlag", "constants",
           "CLIENTS_MAY_LACK_CONTEXTS", "CONSTRUCTORS_ARE_PUBLIC",
           "HEEDS_PYTHONHTTPSVERIFY", "MODULES_HAVE_CACHED",
           "PROTOCOL_BY_PURPOSE", "SCRIPT_PATH_IS_ABSOLUTE",
           "VERIFIES_STRICTLY", "WARNS_OF_OLD_TLS", "keyword_only_after",
           "slots_of", "wrap_bio_method"]

# Whether programs may call SSLSocket() with the arguments of wrap_socket().
CONSTRUCTORS_ARE_PUBLIC = sys.version_info < (3, 7)

# Whether modules have __cached__, the path of their compiled code.
MODULES_HAVE_CACHED = sys.version_info < (3, 15)

# Whether PYTHONHTTPSVERIFY (PEP 493, for 2.7 only) has an effect.
HEEDS_PYTHONHTTPSVERIFY = sys.version_info[0] == 2

# Whether this Python has httplib and urllib2, which may not support contexts.
CLIENTS_MAY_LACK_CONTEXTS = sys.version_info[0] == 2

# Whether ssl chooses PROTOCOL_TLS_CLIENT or PROTOCOL_TLS_SERVER by purpose
# when a program names no protocol, and warns about PROTOCOL_TLS and old
# versions.
PROTOCOL_BY_PURPOSE = WARNS_OF_OLD_TLS = sys.version_info >= (3, 10)

# Whether create_default_context() sets VERIFY_X509_STRICT, which the
# certificates of many private CAs do not pass.
VERIFIES_STRICTLY = sys.version_info >= (3, 13)

# Whether Python makes a script's relative path absolute in __file__ and in
# tracebacks.
SCRIPT_PATH_IS_ABSOLUTE = sys.version_info >= (3, 9)


def constants(prefix):
    """Return the extension's constants with a prefix: (name, value) pairs.

    The pairs are sorted by value, then by name: if several names have one
    value, an enumeration shows the first name.
    """
    pairs = [(name, value) for name, value in vars(__ssl_backport).items()
             if name.startswith(prefix)]
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))
