"""The httplib of this Python, with the HTTPSConnection of 2.7.8 and older: it
accepts no context, and calls ssl.wrap_socket().
"""

import os as _os
import socket as _socket

execfile(_os.path.join(_os.path.dirname(_socket.__file__), "httplib.py"))


class HTTPSConnection(HTTPConnection):

    default_port = 443

    def __init__(self, host, port=None, key_file=None, cert_file=None,
                 strict=None, timeout=_socket._GLOBAL_DEFAULT_TIMEOUT,
                 source_address=None):
        HTTPConnection.__init__(self, host, port, strict, timeout,
                                source_address)
        self.key_file = key_file
        self.cert_file = cert_file

    def connect(self):
        HTTPConnection.connect(self)
        self.sock = ssl.wrap_socket(self.sock, self.key_file, self.cert_file)


class HTTPS(HTTP):

    _connection_class = HTTPSConnection

    # a newer urllib also passes a context
    def __init__(self, host="", port=None, key_file=None, cert_file=None,
                 strict=None, context=None):
        self._setup(self._connection_class(host, port or None, key_file,
                                           cert_file, strict))
