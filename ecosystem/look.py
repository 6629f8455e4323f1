"""Use the TLS of one library, and print the outcomes as JSON.

    python look.py LIBRARY
    python -m _ssl_backport look.py LIBRARY

LIBRARY is a file of libraries/.  Its functions that begin with "same_" must
have the same outcome with every ssl.  Those that begin with "beyond_" do
something that 2.7's own ssl cannot do.  Each returns a value that JSON can
represent.  KNOWN, if a file has it, gives the reason for each difference that
is not the backport's fault.
"""

from __future__ import print_function

import importlib
import json
import os
import sys
import traceback

FOLDER = os.path.dirname(os.path.abspath(__file__))


def look(module):
    """The outcome of each function, by its name."""
    found = {}
    for name, function in sorted(vars(module).items()):
        if name.startswith(("same_", "beyond_")):
            try:
                found[name] = {"value": function()}
            except Exception as error:
                found[name] = {"error": type(error).__name__}
                traceback.print_exc()
    return found


def main():
    sys.path[:0] = [os.path.join(FOLDER, "libraries"), FOLDER]
    module = importlib.import_module(sys.argv[1])
    import ssl
    found = {"version": module.VERSION, "openssl": ssl.OPENSSL_VERSION,
             "known": getattr(module, "KNOWN", {}), "outcomes": look(module)}
    # output of the library may precede this line
    print("\n" + json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # some libraries leave threads running


if __name__ == "__main__":
    main()
