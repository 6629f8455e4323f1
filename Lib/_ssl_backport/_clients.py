"""Adds contexts and verification to the httplib and urllib2 of CPython 2.7.8
and older, when a program imports them. They then work as in 2.7.9.

A module that already supports contexts stays unchanged. The test looks at the
module, not at the version: the 2.7.5 of RHEL 7 supports contexts.
"""

from __future__ import absolute_import

import sys
from socket import _GLOBAL_DEFAULT_TIMEOUT


class Finder(object):
    """Finds the two modules through the other finders, and wraps the loader.
    """

    looking = False

    def find_module(self, name, path=None):
        if name not in COMPLETIONS or self.looking:
            return None
        from pkgutil import find_loader
        self.looking = True  # the import lock keeps other threads out
        try:
            loader = find_loader(name)
        finally:
            self.looking = False
        return loader and Loader(loader)


class Loader(object):
    """Loads a module with another loader, then completes the module."""

    def __init__(self, loader):
        self.loader = loader

    def load_module(self, name):
        module = self.loader.load_module(name)
        COMPLETIONS[name](module)
        return module

    def __getattr__(self, name):  # such as get_code(), for `python -m`
        return getattr(self.loader, name)


def install():
    """Complete both modules if a program imports them from now on."""
    sys.meta_path.insert(0, Finder())


def knows_context(function):
    """Return whether a Python function has an argument `context`."""
    code = function.__code__
    return "context" in code.co_varnames[:code.co_argcount]


def complete_httplib(httplib):
    """Give HTTPSConnection a `context`, which verifies by default.

    The existing class is changed, so that its subclasses change too.
    """
    https = httplib.HTTPSConnection
    initialise = https.__init__
    if knows_context(initialise):
        return

    def __init__(self, host, port=None, key_file=None, cert_file=None,
                 strict=None, timeout=_GLOBAL_DEFAULT_TIMEOUT,
                 source_address=None, context=None):
        initialise(self, host, port, key_file, cert_file, strict, timeout,
                   source_address)
        if context is None:
            context = httplib.ssl._create_default_https_context()
        if key_file or cert_file:
            context.load_cert_chain(cert_file, key_file)
        self._context = context

    def connect(self):
        """Connect, through a proxy if one is set, and do the handshake."""
        httplib.HTTPConnection.connect(self)
        # after a failed handshake, no request may use the plain socket
        plain, self.sock = self.sock, None
        try:
            self.sock = self._context.wrap_socket(
                plain, server_hostname=self._tunnel_host or self.host)
        except BaseException:
            plain.close()
            raise

    https.__init__ = __init__
    https.connect = connect


def complete_urllib2(urllib2):
    """Give HTTPSHandler and urlopen() a `context`, and urlopen() `cafile`,
    `capath` and `cadefault`.
    """
    https = urllib2.HTTPSHandler
    urlopen = urllib2.urlopen
    if knows_context(urlopen):
        return

    def __init__(self, debuglevel=0, context=None):
        urllib2.AbstractHTTPHandler.__init__(self, debuglevel)
        self._context = context

    def https_open(self, request):
        def connection(host, timeout):
            return urllib2.httplib.HTTPSConnection(
                host, timeout=timeout, context=self._context)
        return self.do_open(connection, request)

    def urlopen_with_context(url, data=None, timeout=_GLOBAL_DEFAULT_TIMEOUT,
                             cafile=None, capath=None, cadefault=False,
                             context=None):
        """Open a URL (str or Request).

        timeout: seconds. cafile, capath: str, a file and a directory of
        trusted CA certificates. cadefault: bool, trust the system's CA
        certificates. context: SSLContext or None.
        Raises ValueError for a context together with one of these three, and
        urllib2.URLError if the connection fails.
        """
        if cafile or capath or cadefault:
            if context is not None:
                raise ValueError("urlopen() accepts either a context, or "
                                 "cafile, capath and cadefault")
            from ssl import create_default_context
            context = create_default_context(cafile=cafile, capath=capath)
        if context is None:
            return urlopen(url, data, timeout)
        opener = urllib2.build_opener(https(context=context))
        return opener.open(url, data, timeout)

    https.__init__ = __init__
    https.https_open = https_open
    urlopen_with_context.__name__ = "urlopen"
    urllib2.urlopen = urlopen_with_context


COMPLETIONS = {"httplib": complete_httplib, "urllib2": complete_urllib2}
