"""What a call comes to, in terms that all versions of Python have."""

import re
import socket
import ssl
import sys
import warnings

PY2 = sys.version_info[0] == 2
SETTING = re.compile(r"([\w.]+) \|?= ")
compiled = {}


def execute(code, names):
    """The value of an expression; of a setting, what is there afterwards."""
    setting = SETTING.match(code)
    if setting or code.startswith("del "):
        evaluate(code, "exec", names)
        return evaluate(setting.group(1), "eval", names) if setting else None
    return evaluate(code, "eval", names)


def evaluate(code, mode, names):
    if code not in compiled:
        # the future is not inherited: 'text' is the host's own str
        compiled[code] = compile(code, code, mode, 0, True)
    return eval(compiled[code], names)


def outcome(call, options=""):
    """What a call returns or raises, and of what it warns."""
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
    """A value in terms that all versions of Python have."""
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
    """The class of an exception, and its attributes but for what is text."""
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
        # in 2.7 and 3.6, and so in the backport, the library is in it too
        found["errno"] &= 0x7fffff
    return [kind, found]


def attributes(error):
    """All that is in an exception, text too."""
    return [getattr(error, name, "missing") for name in (
        "args", "errno", "strerror", "filename", "library", "reason",
        "verify_code", "verify_message")]


def as_number(value):
    """Without the names of constants, which not all versions show alike."""
    return int(value) if isinstance(value, integers) else value


if PY2:
    integers, text = (int, long), unicode  # noqa: F821
else:
    integers, text = (int,), str
