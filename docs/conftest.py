"""Lets pytest run the Python examples in README.rst and in the pages here.

Sybil makes one test from each code-block and names it after the page and the
line.  The blocks of a page run in order and share one namespace.  The current
folder is a temporary folder with the files that the pages name.  `address` is
the address of a TLS server with the certificate of server.pem.  This server
returns all data that it receives.
"""

import os
import shutil
import sys
import tempfile
import threading

from sybil import Sybil

try:
    from sybil.parsers.rest import PythonCodeBlockParser, SkipParser
    skip = SkipParser()
except ImportError:  # Python 2.7
    from sybil.parsers.codeblock import (
        CodeBlockParser as PythonCodeBlockParser)
    from sybil.parsers.skip import skip

DOCS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(DOCS)
sys.path.insert(0, os.path.join(ROOT, "tests"))

import pkcs12  # noqa: E402
from helpers import (  # noqa: E402
    SETTINGS, TIMEOUT, read_cert, server_context, socketserver)

# The examples must not depend on this machine's settings for TLS clients.
for _name in SETTINGS:
    os.environ.pop(_name, None)

FILES = {"ca.pem": "root.pem", "server.pem": "localhost.pem",
         "client.pem": "client.pem"}


class Namespace(dict):
    """The namespace of a page.  Sybil deletes __builtins__ after each example,
    but threads that the example has started still need __builtins__."""

    def __delitem__(self, name):
        if name != "__builtins__":
            dict.__delitem__(self, name)


class Parser(PythonCodeBlockParser):
    """Finds the examples of a page, and sets the page's Namespace."""

    def __call__(self, document):
        document.namespace = Namespace(document.namespace)
        return PythonCodeBlockParser.__call__(self, document)


class Echo(socketserver.BaseRequestHandler):
    """Returns all data over TLS until the client closes the connection."""

    def handle(self):
        try:
            self.request.settimeout(TIMEOUT)
            connection = self.server.context.wrap_socket(
                self.request, server_side=True)
            for data in iter(lambda: connection.recv(16384), b""):
                connection.sendall(data)
            connection.unwrap()
        except EnvironmentError:
            pass  # the client refused the certificate or disconnected


class EchoServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    request_queue_size = 50

    def __init__(self):
        socketserver.TCPServer.__init__(self, ("127.0.0.1", 0), Echo)
        self.context = server_context()
        self.thread = threading.Thread(target=self.serve_forever, args=[0.05])
        self.thread.daemon = True
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Surroundings(object):
    """The folder, files and server for the examples of a page."""

    def begin(self, namespace):
        self.back = os.getcwd()
        self.folder = tempfile.mkdtemp()
        os.chdir(self.folder)
        for name, source in FILES.items():
            with open(name, "w") as stream:
                stream.write(read_cert(source))
        with open("server.p12", "wb") as stream:
            stream.write(pkcs12.encrypted("aes"))
        self.server = EchoServer()
        namespace["address"] = self.server.server_address

    def end(self, namespace):
        self.server.stop()
        os.chdir(self.back)
        shutil.rmtree(self.folder)


def examples(**pages):
    """Return the pytest_collect_file for some pages."""
    surroundings = Surroundings()
    return Sybil([Parser(), skip], path=ROOT, setup=surroundings.begin,
                 teardown=surroundings.end, **pages).pytest()


class Readme(object):
    """Collects README.rst.  This is a plugin because pytest uses a
    conftest.py only for files in its own folder."""

    pytest_collect_file = staticmethod(examples(filenames=["README.rst"]))


pytest_collect_file = examples(pattern="*.rst")


def pytest_configure(config):
    config.pluginmanager.register(Readme())
