"""The urllib2 of this Python, which accepts no context, as in 2.7.8."""

import os as _os
import socket as _socket

execfile(_os.path.join(_os.path.dirname(_socket.__file__), "urllib2.py"))
_opener = None


class HTTPSHandler(AbstractHTTPHandler):

    https_request = AbstractHTTPHandler.do_request_

    def https_open(self, request):
        return self.do_open(httplib.HTTPSConnection, request)


def urlopen(url, data=None, timeout=socket._GLOBAL_DEFAULT_TIMEOUT):
    global _opener
    if _opener is None:
        _opener = build_opener(HTTPSHandler)
    return _opener.open(url, data, timeout)
