"""gevent: install() comes first, monkey-patching second.

    python gevent_client.py URL
"""

import _ssl_backport
_ssl_backport.install()

import gevent.monkey
gevent.monkey.patch_all()

import ssl
import sys

import gevent

try:
    from urllib2 import urlopen
except ImportError:     # Python 3
    from urllib.request import urlopen

context = ssl.create_default_context()
jobs = [gevent.spawn(urlopen, sys.argv[1], timeout=30, context=context)
        for _ in range(3)]
gevent.joinall(jobs, raise_error=True)
for job in jobs:
    print(job.value.read().decode("utf-8"))
