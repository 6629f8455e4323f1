"""A substitute for a program that uses TLS during its import.

During the import it makes a context, connects to the server and, with the
backport, stores a session.  If a server forks its workers after the import,
each worker has this context and this session.  This file replaces program.py,
whose name is then plain.py.
"""

import json
import os
import socket
import ssl
import urlparse

import plain


def ask(session=None):
    """Connect to the server.  Return the connection's session, and whether the
    connection resumed the given session (bool).  Both are None without the
    backport."""
    given = {} if session is None else {"session": session}
    connection = CONTEXT.wrap_socket(
        socket.create_connection((URL.hostname, URL.port), 20),
        server_hostname=URL.hostname, **given)
    try:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        connection.recv(1024)
        return (getattr(connection, "session", None),
                getattr(connection, "session_reused", None))
    finally:
        connection.close()


def tell():
    return dict(plain.tell(), pid=os.getpid(), importer=IMPORTER,
                resumed=ask(SESSION)[1])


def application(environ, start_response):
    body = json.dumps(tell()).encode()
    start_response("200 OK", [("Content-Type", "application/json"),
                              ("Content-Length", str(len(body)))])
    return [body]


IMPORTER = os.getpid()
with open(os.path.join(plain.folder(), "settings.json")) as stream:
    SETTINGS = json.load(stream)
URL = urlparse.urlparse(SETTINGS["url"])
CONTEXT = ssl.create_default_context(cafile=SETTINGS["ca"])
SESSION, _ = ask()
