"""Eventlet: install() comes first, monkey-patching second.

    python eventlet_client.py URL
"""

import _ssl_backport
_ssl_backport.install()

import eventlet
eventlet.monkey_patch()

import ssl
import sys

try:
    from urllib2 import urlopen
except ImportError:     # Python 3
    from urllib.request import urlopen

context = ssl.create_default_context()
pool = eventlet.GreenPool()
for response in pool.imap(
        lambda url: urlopen(url, timeout=30, context=context),
        [sys.argv[1]] * 3):
    print(response.read().decode("utf-8"))
