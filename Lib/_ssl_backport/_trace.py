"""The launcher's --trace-import: shows the lines that lead to the first import
of `ssl`, beginning with the program's own line.

This module prints the lines at the time of the import.  The error of a late
install() contains them too.  Without such an import, this module says so when
the program ends.
"""

from __future__ import absolute_import, print_function

import atexit
import linecache
import sys

import _ssl_backport

NAMES = ("ssl", "_ssl")
# The modules that run the program; their lines are not shown.
RUNNERS = ("runpy", "_ssl_backport._launcher")

HEAD = "_ssl_backport: these lines lead to the first import of %s:"

INSTALLED = ("_ssl_backport: the backport is installed before the program "
             "starts (by sitecustomize or a .pth file): no import of ssl is "
             "too early.")
IN_TIME = "_ssl_backport: nothing imported ssl before install()."
NEITHER = "_ssl_backport: the program did not import ssl."

# The lines (list of str); empty before the first import.
lines = []


class Watcher(object):
    """An entry of sys.meta_path that records imports and finds nothing."""

    def find_module(self, name, path=None):  # Python 2.7
        if name in NAMES and not lines:
            lines.extend(lines_of(sys._getframe(1)))
            print("\n  ".join([HEAD % name] + lines), file=sys.stderr)

    def find_spec(self, name, path=None, target=None):
        self.find_module(name)


def begin():
    """Record the first import from now on."""
    if _ssl_backport.is_installed():
        print(INSTALLED, file=sys.stderr)
        return
    sys.meta_path.insert(0, Watcher())
    atexit.register(end)


def end():
    """Print the result of a program without an early import."""
    if not lines:
        print(IN_TIME if _ssl_backport.is_installed() else NEITHER,
              file=sys.stderr)


def lines_of(frame):
    """Return the lines (list of str) that are running, outermost first."""
    found = []
    while frame and frame.f_globals.get("__name__") not in RUNNERS:
        path, number = frame.f_code.co_filename, frame.f_lineno
        if not path.startswith("<frozen") and path != __file__:
            source = linecache.getline(path, number).strip()
            found.insert(0, "%s:%d: %s" % (path, number, source))
        frame = frame.f_back
    return found
