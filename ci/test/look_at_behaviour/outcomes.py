"""Makes calls, and describes their outcomes equally on all Pythons."""

import re
import socket
import ssl
import sys
import warnings

PY2 = sys.version_info[0] == 2
SETTING = re.compile(r"([\w.]+) \|?= ")
compiled = {}


def execute(code, names):
    """Evaluate an expression and return its value.  For an assignment return
    the new value of its target."""
    setting = SETTING.match(code)
    if setting or code.startswith("del "):
        evaluate(code, "exec", names)
        return evaluate(setting.group(1), "eval", names) if setting else None
    return evaluate(code, "eval", names)


def evaluate(code, mode, names):
    if code not in compiled:
        # dont_inherit: 'text' is this Python's own str, without the
        # __future__ imports of this file
        compiled[code] = compile(code, code, mode, 0, True)
    return eval(compiled[code], names)


def outcome(call, options=""):
    """Call a function.  Returns its result or exception, and the categories
    of its warnings.

    options: "type" for the type of the result only.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
            found = ["returned", type(result).__name__ if options == "type"
                     else show(result)]
        except Exception as error:
            found = ["raised"] + show_error(error)
        return found + [sorted(set(
            each.category.__name__ for each in caught
            if each.category.__name__ != "ResourceWarning"))]


def show(value):
    """A description of a value that is equal on all Pythons."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, integers):
        return ["int" if kind == "long" else kind, str(int(value))]
    if isinstance(value, (bytes, bytearray)):
        return [kind, bytes(value).decode("latin-1")]
    if isinstance(value, text):
        return [kind, value]
    if isinstance(value, dict):
        return [kind, sorted([show(key), show(value[key])] for key in value)]
    if isinstance(value, (list, tuple)):
        return [kind] + [show(each) for each in value]
    if isinstance(value, BaseException):
        return show_error(value)
    return [kind]


def show_error(error):
    """The class of an exception, and its attributes without messages."""
    if isinstance(error, socket.timeout):
        kind = "timeout"
    elif isinstance(error, ssl.SSLError):
        kind = type(error).__name__
    elif isinstance(error, EnvironmentError):
        kind = "OSError"
    else:
        kind = type(error).__name__
    found = {name: getattr(error, name) for name in (
        "errno", "library", "reason", "verify_code")
        if isinstance(error, EnvironmentError)
        and isinstance(getattr(error, name, None), integers + (str,))}
    if isinstance(error, ssl.SSLError) and "errno" in found:
        # the errno of 2.7, 3.6 and the backport also contains the library
        found["errno"] &= 0x7fffff
    return [kind, found]


def attributes(error):
    """All attributes of an exception, also messages."""
    return [getattr(error, name, "missing") for name in (
        "args", "errno", "strerror", "filename", "library", "reason",
        "verify_code", "verify_message")]


def as_number(value):
    """The number of a constant, since its repr() depends on the Python."""
    return int(value) if isinstance(value, integers) else value


if PY2:
    integers, text = (int, long), unicode  # noqa: F821
else:
    integers, text = (int,), str
