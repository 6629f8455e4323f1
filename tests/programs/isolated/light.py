# install() imports no module that it does not need.
import sys
import _ssl_backport

before = set(sys.modules)
_ssl_backport.install()
new = set(sys.modules) - before
heavy = set(["argparse", "base64", "calendar", "encodings.idna", "inspect",
             "ipaddress", "stringprep", "subprocess", "tempfile", "textwrap",
             "unicodedata"])
assert not new & heavy, new & heavy
