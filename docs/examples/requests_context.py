"""requests with a context that the program makes.

    python requests_context.py URL [CLIENT_CERTIFICATE.pem]
"""

import _ssl_backport
_ssl_backport.install()

import ssl
import sys

import requests
import requests.adapters


class ContextAdapter(requests.adapters.HTTPAdapter):
    """Uses one context for the connections of a session."""

    def __init__(self, context, **options):
        self.context = context
        super(ContextAdapter, self).__init__(**options)

    def init_poolmanager(self, *args, **options):
        super(ContextAdapter, self).init_poolmanager(
            *args, ssl_context=self.context, **options)

    def proxy_manager_for(self, *args, **options):
        return super(ContextAdapter, self).proxy_manager_for(
            *args, ssl_context=self.context, **options)


context = ssl.create_default_context()
if sys.argv[2:]:
    context.load_cert_chain(sys.argv[2])
with requests.Session() as session:
    session.mount("https://", ContextAdapter(context))
    print(session.get(sys.argv[1], timeout=30).text)
