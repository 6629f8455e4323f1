"""Twisted and the backport in one process: Twisted uses pyOpenSSL for TLS, and
a blocking call in one of its threads uses ssl.

    python twisted_client.py URL CA.pem
"""

import _ssl_backport
_ssl_backport.install()

import ssl
import sys

from twisted.internet import defer, task, threads
from twisted.internet import ssl as twisted_ssl
from twisted.web.client import (
    Agent, BrowserLikePolicyForHTTPS, readBody)

try:
    from urllib2 import urlopen
except ImportError:     # Python 3
    from urllib.request import urlopen


@defer.inlineCallbacks
def main(reactor, url, ca):
    with open(ca) as stream:
        authority = twisted_ssl.Certificate.loadPEM(stream.read())
    agent = Agent(reactor, BrowserLikePolicyForHTTPS(authority))
    response = yield agent.request(b"GET", url.encode("ascii"))
    body = yield readBody(response)
    print("pyOpenSSL: %s" % body.decode("utf-8"))

    response = yield threads.deferToThread(
        urlopen, url, timeout=30,
        context=ssl.create_default_context(cafile=ca))
    print("ssl: %s" % response.read().decode("utf-8"))


task.react(main, sys.argv[1:])
