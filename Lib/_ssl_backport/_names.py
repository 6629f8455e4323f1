"""What the enumerations of ssl are made of: their bases, and the constants
of the extension.  Also what we need to know of the Python we are on that has
nothing to do with sockets.
"""

from __future__ import absolute_import

import sys

import __ssl_backport

if sys.version_info[0] == 2:
    from copy_reg import _slotnames as slots_of
    from _ssl_backport._enum import Enum, IntEnum, IntFlag

    class wrap_bio_method(object):
        """A method that urllib3 does not find when it asks for it.

        Its TLS in TLS takes a context that has wrap_bio() for one of Python
        3, and goes on with what 2.7 lacks beside that: a memoryview's cast()
        and socket.SocketIO. Where it finds none, it says that TLS in TLS
        cannot be had, as it does with 2.7's own ssl.
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
        """Return a decorator that changes nothing: 2.7 knows no arguments
        that come by name only, and its own ssl takes these by position.
        """
        return lambda function: function

else:
    import types
    from copyreg import _slotnames as slots_of
    from enum import Enum, IntEnum, IntFlag

    def wrap_bio_method(function):
        """Return the function: urllib3 has here what it needs."""
        return function

    # What types.CodeType() takes before Python 3.8, which can replace().
    CODE_FIELDS = ["argcount", "kwonlyargcount", "nlocals", "stacksize",
                   "flags", "code", "consts", "names", "varnames",
                   "filename", "name", "firstlineno", "lnotab", "freevars",
                   "cellvars"]

    def keyword_only_after(count):
        """Return a decorator for functions whose arguments all have default
        values: those after the first `count` come by name only. A syntax of
        Python 3 alone says this, so that the code object has to be changed.
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

# Whether programs may call SSLSocket() with what wrap_socket() takes.
CONSTRUCTORS_ARE_PUBLIC = sys.version_info < (3, 7)

# Whether modules tell in __cached__ where their compiled code is kept.
MODULES_HAVE_CACHED = sys.version_info < (3, 15)

# PEP 493 is for 2.7 alone.
HEEDS_PYTHONHTTPSVERIFY = sys.version_info[0] == 2

# Whether there are an httplib and a urllib2, which may know no contexts.
CLIENTS_MAY_LACK_CONTEXTS = sys.version_info[0] == 2

# Whether ssl makes contexts for one side only where no protocol is named,
# and warns of the protocols for both sides and of old versions of TLS.
PROTOCOL_BY_PURPOSE = WARNS_OF_OLD_TLS = sys.version_info >= (3, 10)

# Whether create_default_context() holds certificates to the letter of RFC
# 5280: those of many private CAs fail that.
VERIFIES_STRICTLY = sys.version_info >= (3, 13)

# Whether Python shows a script that is named by a relative path with an
# absolute one, in __file__ and in tracebacks.
SCRIPT_PATH_IS_ABSOLUTE = sys.version_info >= (3, 9)


def constants(prefix):
    """Return the extension's constants of that prefix as (name, value) pairs.

    They come in the order of their values, then of their names: of several
    names for one value an enumeration shows the first.
    """
    pairs = [(name, value) for name, value in vars(__ssl_backport).items()
             if name.startswith(prefix)]
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))
