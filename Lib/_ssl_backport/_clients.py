"""HTTPS clients that know no contexts and verify nothing: the httplib and
urllib2 of CPython 2.7.8 and older. They get what those of 2.7.9 have, as soon
as they are imported.

A module that knows contexts is left alone. That is asked of the module, not
of the version: RHEL 7 has a 2.7.5 that does.
"""

from __future__ import absolute_import

import sys
from socket import _GLOBAL_DEFAULT_TIMEOUT


class Finder(object):
    """Lets the others in sys.meta_path and sys.path find a client."""

    looking = False

    def find_module(self, name, path=None):
        if name not in COMPLETIONS or self.looking:
            return None
        from pkgutil import find_loader
        self.looking = True  # no other thread imports meanwhile
        try:
            loader = find_loader(name)
        finally:
            self.looking = False
        return loader and Loader(loader)


class Loader(object):
    """Does what another loader does, and completes the module."""

    def __init__(self, loader):
        self.loader = loader

    def load_module(self, name):
        module = self.loader.load_module(name)
        COMPLETIONS[name](module)
        return module

    def __getattr__(self, name):  # get_code() for `python -m`, and the like
        return getattr(self.loader, name)


def install():
    """Complete the clients that are imported from now on."""
    sys.meta_path.insert(0, Finder())


def knows_context(function):
    """Whether it is a Python function that takes a `context`."""
    code = function.__code__
    return "context" in code.co_varnames[:code.co_argcount]


def complete_httplib(httplib):
    """HTTPSConnection: takes a context, by default one that verifies.

    It changes the class that is there, for the sake of its subclasses.
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
        """Connect, by way of a proxy if there is one, and do the handshake.
        """
        httplib.HTTPConnection.connect(self)
        # without TLS the next request must not find it
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
    """HTTPSHandler and urlopen(): take a context, and the latter what to
    make one of.
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

        cafile, capath: CA certificates to trust; cadefault: those of the
        system. Raises ValueError if a context is given as well.
        """
        if cafile or capath or cadefault:
            if context is not None:
                raise ValueError("urlopen() takes a context, or else cafile, "
                                 "capath and cadefault")
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
