"""Tornado's HTTP client with a context that the program makes.

    python tornado_client.py URL
"""

import _ssl_backport
_ssl_backport.install()

import ssl
import sys

import tornado.gen
import tornado.httpclient
import tornado.ioloop


@tornado.gen.coroutine
def fetch(url):
    response = yield tornado.httpclient.AsyncHTTPClient().fetch(
        url, ssl_options=ssl.create_default_context())
    raise tornado.gen.Return(response.body.decode("utf-8"))


print(tornado.ioloop.IOLoop.current().run_sync(
    lambda: fetch(sys.argv[1]), timeout=30))
