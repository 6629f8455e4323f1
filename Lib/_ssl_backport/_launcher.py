"""The command line of `python -m _ssl_backport`: installs the backport and
runs a program.

The program has the same sys.argv, sys.path[0], __main__, exit status and
tracebacks as with plain `python`.
"""

from __future__ import absolute_import

import linecache
import os
import pkgutil
import runpy
import signal
import sys
import zipimport

import _ssl_backport

USAGE = """\
usage: python -m _ssl_backport SCRIPT [ARGUMENT ...]
       python -m _ssl_backport -m MODULE [ARGUMENT ...]
       python -m _ssl_backport -c CODE [ARGUMENT ...]
       python -m _ssl_backport --trace-import SCRIPT | -m ... | -c ...
       python -m _ssl_backport --check HOST[:PORT] [--starttls PROTOCOL]
                               [--json]
       python -m _ssl_backport --info | --help
"""

HELP = USAGE + """
Install _ssl_backport as the module `ssl`, then run a Python program.

  SCRIPT   run a file, or the __main__.py of a directory or zip file
  -m       run a module or package
  -c       run the program text CODE
  --trace-import
           run the program without the backport, and show the lines that
           import ssl first
  --check  connect to a server, verify it, and show the TLS version, the
           cipher, the certificates and, after a failure, a hint
           PROTOCOL: smtp, imap, pop3, ftp, xmpp, postgres, ldap, mysql
           --json prints the result as JSON
           exit status: 0 verified, 1 not verified, or refused after the
           verification (the server may require a client certificate), 2 not
           reached
  --info   show the OpenSSL, the TLS versions and the CA certificates in use
  --help   show this help
"""


def main():
    """Do what the command line says, and run its program if it names one."""
    arguments = sys.argv[1:]
    option = arguments[0] if arguments else "-"
    if option in ("--help", "--info"):
        # end without a traceback if the reader closes the pipe
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if option == "--help":
        sys.stdout.write(HELP)
        return
    if option == "--info":
        from _ssl_backport import _info
        sys.exit(_info.show())
    if option == "--check":
        install()
        from _ssl_backport import _check
        sys.exit(_check.main(arguments[1:]))
    begin = install
    if option == "--trace-import":
        from _ssl_backport import _trace
        begin = _trace.begin
        arguments = arguments[1:]
        option = arguments[0] if arguments else "-"
    if not option.startswith("-"):
        prepare, program = prepare_script, option
        sys.argv = arguments
    elif option in ("-m", "-c") and len(arguments) > 1:
        prepare = prepare_module if option == "-m" else prepare_code
        program = arguments[1]
        sys.argv = [option] + arguments[2:]
    else:
        sys.stderr.write(USAGE)
        sys.exit(2)
    begin()
    try:
        # no partial(): on PyPy it has a frame, which would be in tracebacks
        call = prepare(program, cleared_namespace())
        call[0](*call[1:])
    except SystemExit:
        raise
    except:  # also instances of 2.7's old-style classes
        begin_traceback_in_program()
        raise


def install():
    """Install the backport, or exit with the reason as the message."""
    try:
        _ssl_backport.install()
    except ImportError as error:
        sys.exit("python -m _ssl_backport: %s" % error)


def prepare_module(name, namespace):
    """Return the call, (function, arguments...), that runs a module."""
    return (runpy._run_module_as_main, name)


def prepare_code(source, namespace):
    """Return the call that runs source code (str)."""
    set_first_path("")
    if "__spec__" in namespace:
        from importlib.machinery import BuiltinImporter
        namespace["__loader__"] = BuiltinImporter
    code = compile(source, "<string>", "exec", 0, True)
    if (hasattr(linecache, "_register_code")
            or "_ssl_backport._trace" in sys.modules):
        # this Python shows lines of -c code in tracebacks, or --trace-import
        # shows them
        linecache.cache["<string>"] = (
            len(source), None, source.splitlines(True), "<string>")
    return (eval, code, namespace)


def prepare_script(path, namespace):
    """Return the call that runs a file, or the __main__.py of a directory or
    zip file.
    """
    from _ssl_backport._names import (
        MODULES_HAVE_CACHED, SCRIPT_PATH_IS_ABSOLUTE)
    if SCRIPT_PATH_IS_ABSOLUTE:
        path = os.path.abspath(path)
    if os.path.isdir(path) or is_zip(path):
        set_first_path(path, always=True)
        return (runpy._run_module_as_main, "__main__", False)
    set_first_path(os.path.dirname(os.path.realpath(path)))
    try:
        with open(path, "rb") as stream:
            compiled = pkgutil.read_code(stream)
    except EnvironmentError as error:
        sys.stderr.write("%s: can't open file %r: [Errno %d] %s\n" % (
            sys.executable, path, error.errno, error.strerror))
        sys.exit(2)
    namespace["__file__"] = path
    if "__spec__" in namespace:
        from importlib.machinery import SourceFileLoader
        if MODULES_HAVE_CACHED:
            namespace["__cached__"] = None
        namespace["__loader__"] = SourceFileLoader("__main__", path)
    if compiled:
        return (eval, compiled, namespace)
    return source_runner(path, namespace)


def source_runner(path, namespace):
    """Return the call that runs a file of source code."""
    # unlike compile(), 2.7's execfile() applies the rules for non-ASCII source
    run_file = getattr(sys.modules.get("__builtin__"), "execfile", None)
    if run_file is not None:
        return (run_file, path, namespace)
    with open(path, "rb") as stream:
        code = compile(stream.read(), path, "exec", 0, True)
    return (eval, code, namespace)


def is_zip(path):
    try:
        zipimport.zipimporter(path)
        return True
    except zipimport.ZipImportError:
        return False


def cleared_namespace():
    """Clear __main__ as a program finds it, and return its namespace (dict).
    """
    namespace = vars(sys.modules["__main__"])
    given = set(["__annotations__", "__builtins__", "__name__", "__spec__"])
    for name in set(namespace).difference(given):
        del namespace[name]
    namespace["__doc__"] = namespace["__package__"] = None
    if "__spec__" in namespace:
        namespace["__spec__"] = None
    return namespace


def set_first_path(entry, always=False):
    """Replace sys.path[0], which Python has set for `-m _ssl_backport`.

    With -P or -I Python has not set it: then insert the entry only if
    `always` is true.
    """
    if not (getattr(sys.flags, "safe_path", False)
            or getattr(sys.flags, "isolated", False)):
        sys.path[0] = entry
    elif always:
        sys.path.insert(0, entry)


def begin_traceback_in_program():
    """Make sys.excepthook print a traceback without the frames of this file.
    """
    traceback = sys.exc_info()[2]
    while traceback and traceback.tb_frame.f_globals is globals():
        traceback = traceback.tb_next
    show = sys.excepthook

    def excepthook(kind, value, _):
        if hasattr(value, "with_traceback"):
            value = value.with_traceback(traceback)
        sys.last_traceback = traceback
        show(kind, value, traceback)

    sys.excepthook = excepthook
