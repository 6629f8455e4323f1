"""A substitute for the user's program, on Python 2.7.  It reports which ssl
module its process uses, and the result of a TLS connection with this module.

It imports `ssl` like a program that was written without the backport.  The
file settings.json in the same folder contains the server's address (url) and
the path of its CA file (ca; None means the CA certificates of the system).
"""

import json
import os
import ssl
import sys
import urllib2

TOLD = "told.json"


def folder():
    """Return the folder of settings.json.  A program that PyInstaller made
    from this file runs in this folder."""
    if hasattr(sys, "frozen"):
        return os.getcwd()
    return os.path.dirname(os.path.abspath(__file__))


def tell():
    """Return the report (dict) that is_backport() in opt_in/trial.py
    checks."""
    with open(os.path.join(folder(), "settings.json")) as stream:
        settings = json.load(stream)
    backport = sys.modules.get("_ssl_backport")
    answer = urllib2.urlopen(
        settings["url"], timeout=20,
        context=ssl.create_default_context(cafile=settings["ca"])).read()
    return {"ssl": ssl.__file__, "openssl": ssl.OPENSSL_VERSION,
            "installed": bool(backport and backport.is_installed()),
            "has_memory_bio": hasattr(ssl, "MemoryBIO"),
            "python": sys.version.split()[0], "answer": answer}


def main():
    """Write the report to told.json in the folder of settings.json, in one
    step."""
    path = os.path.join(folder(), TOLD)
    with open(path + ".new", "w") as stream:
        json.dump(tell(), stream)
    os.rename(path + ".new", path)


def application(environ, start_response):
    """A WSGI application that answers with the report."""
    body = json.dumps(tell()).encode()
    start_response("200 OK", [("Content-Type", "application/json"),
                              ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    main()
