"""The launcher's --trace-import: the lines that led to the first import of
`ssl`, from the program's own line on.  They are shown at once, and an
install() that comes too late names them.
"""

from __future__ import absolute_import, print_function

import linecache
import sys

NAMES = ("ssl", "_ssl")
# The modules that run the program are no part of it.
RUNNERS = ("runpy", "_ssl_backport._launcher")

HEAD = "_ssl_backport: these lines import %s for the first time:"

# The lines (list of str), once there was an import.
lines = []


class Watcher(object):
    """In sys.meta_path: sees imports, and leaves them to the others."""

    def find_module(self, name, path=None):  # Python 2.7
        if name in NAMES and not lines:
            lines.extend(lines_of(sys._getframe(1)))
            print("\n  ".join([HEAD % name] + lines), file=sys.stderr)

    def find_spec(self, name, path=None, target=None):
        self.find_module(name)


def begin():
    """Look for the first import from now on."""
    sys.meta_path.insert(0, Watcher())


def lines_of(frame):
    """The lines in execution, the program's own first."""
    found = []
    while frame and frame.f_globals.get("__name__") not in RUNNERS:
        path, number = frame.f_code.co_filename, frame.f_lineno
        if not path.startswith("<frozen") and path != __file__:
            source = linecache.getline(path, number).strip()
            found.insert(0, "%s:%d: %s" % (path, number, source))
        frame = frame.f_back
    return found
