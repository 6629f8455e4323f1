"""Shows a page:  fetch.py URL"""

from __future__ import print_function

import sys

try:
    from urllib2 import urlopen
except ImportError:     # Python 3
    from urllib.request import urlopen

print(urlopen(sys.argv[1], timeout=30).read().decode("utf-8"))
