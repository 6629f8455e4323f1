# The httplib and urllib2 of 2.7.8 and older, imitated in old/: with the
# backport they verify, accept contexts and obey PYTHONHTTPSVERIFY.
import contextlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "old"))
sys.path.append(os.path.join(HERE, os.pardir, os.pardir))

import _ssl_backport

_ssl_backport.install()
import httplib
import ssl
import urllib
import urllib2
import xmlrpclib
from helpers import (
    TIMEOUT, Task, cert, client_context, descriptors, listening, read_all,
    server_context)

assert "old" in httplib.__file__ and "old" in urllib2.__file__
XML = xmlrpclib.dumps((7,), methodresponse=True)


@contextlib.contextmanager
def server(chain="localhost.pem", client_cas=None):
    """Run a server that answers one request; yields "host:port"."""
    context = server_context(chain=chain)
    if client_cas:
        context.load_verify_locations(cert(client_cas))
        context.verify_mode = ssl.CERT_REQUIRED

    def serve():
        sock = listener.accept()[0]
        sock.settimeout(TIMEOUT)
        with contextlib.closing(sock):
            try:
                tls = context.wrap_socket(sock, server_side=True)
                with contextlib.closing(tls):
                    request = tls.recv(4096)
                    tls.sendall("HTTP/1.0 200 OK\r\nContent-Type: text/xml"
                                "\r\nContent-Length: %d\r\n\r\n%s"
                                % (len(XML), XML))
                    read_all(tls)
                    return request
            except (ssl.SSLError, EnvironmentError):
                return ""  # the client refused the server, or the reverse

    with listening() as listener:
        task = Task(serve)
        yield "localhost:%d" % listener.getsockname()[1]
        seen.append(task.result())


def refused(function, *arguments, **keywords):
    try:
        function(*arguments, **keywords)
    except EnvironmentError as error:
        if isinstance(error, urllib2.URLError):
            error = error.reason
        elif error.args[0] == "socket error":  # urllib wraps the error
            error = error.args[1]
        assert isinstance(error, ssl.SSLCertVerificationError), repr(error)
        return error
    raise AssertionError("not refused")


def get(connection):
    connection.request("GET", "/")
    body = connection.getresponse().read()
    connection.close()
    return body


seen = []
clients = {
    "httplib": lambda host: get(
        httplib.HTTPSConnection(host, timeout=TIMEOUT)),
    "httplib 1.5": lambda host: httplib.HTTPS(host)._conn.connect(),
    "urllib2": lambda host: urllib2.urlopen(
        "https://%s/" % host, timeout=TIMEOUT).close(),
    "urllib": lambda host: urllib.urlopen("https://%s/" % host).close(),
    "xmlrpclib": lambda host: xmlrpclib.ServerProxy(
        "https://%s/" % host).method(),
}

os.environ.pop("SSL_CERT_DIR", None)
os.environ["SSL_CERT_FILE"] = cert("root.pem")
os.environ["no_proxy"] = "localhost"

if "trusts" in sys.argv:  # PYTHONHTTPSVERIFY is 0
    for name, client in sorted(clients.items()):
        with server("self-signed.pem") as host:
            client(host)
    sys.exit()

# by default clients verify the CA and the host name
for name, client in sorted(clients.items()):
    with server() as host:
        client(host)
    with server("unknown.pem") as host:
        refused(client, host)
    assert seen.pop() == "", name
    with server("host-other.pem") as host:
        assert refused(client, host).verify_code == 62
    assert seen.pop() == "", name

# as in 2.7.9, clients accept contexts, CA files and client certificates
trusting = ssl._create_unverified_context()
with server("unknown.pem") as host:
    assert get(httplib.HTTPSConnection(host, context=trusting)) == XML
with server("unknown.pem") as host:
    urllib2.urlopen("https://%s/" % host, context=trusting).close()
with server("unknown.pem") as host:
    opener = urllib2.build_opener(urllib2.HTTPSHandler(context=trusting))
    opener.open("https://%s/" % host).close()
with server("unknown.pem") as host:
    urllib2.urlopen("https://%s/" % host,
                    cafile=cert("unknown-root.pem")).close()
with server() as host:
    refused(urllib2.urlopen, "https://%s/" % host,
            cafile=cert("unknown-root.pem"))
with server(client_cas="root.pem") as host:
    assert get(httplib.HTTPSConnection(
        host, cert_file=cert("client.pem"))) == XML
try:
    urllib2.urlopen("https://localhost/", cadefault=True, context=trusting)
except ValueError:
    pass
else:
    sys.exit("urlopen() accepted both a context and cadefault")

# a refused connection is closed, and nothing is sent in clear text
open_before = descriptors()
connection = httplib.HTTPSConnection("localhost")
with server("unknown.pem") as host:
    connection.port = int(host.split(":")[1])
    refused(connection.request, "GET", "/secret")
    assert connection.sock is None
connection.close()
assert descriptors() == open_before

# subclasses verify, and so does the class after reload()
class Subclass(httplib.HTTPSConnection):
    pass


with server() as host:
    assert get(Subclass(host)) == XML
kept = httplib.HTTPSConnection
assert reload(httplib) is httplib
assert httplib.HTTPSConnection is not kept
with server("unknown.pem") as host:
    refused(clients["httplib"], host)
