"""What stands for the user's program, on Python 2.7: it tells which ssl its
process has, and what a TLS connection with it came to.

It imports `ssl` at once, as programs do that know nothing of the backport.
settings.json, beside it, names the server (url) and its CA file (ca, None for
those of the system).
"""

import json
import os
import ssl
import sys
import urllib2

TOLD = "told.json"


def folder():
    """Where settings.json is.  What PyInstaller made of this file is started
    there."""
    if hasattr(sys, "frozen"):
        return os.getcwd()
    return os.path.dirname(os.path.abspath(__file__))


def tell():
    """What Trial.check() in opt_in/trial.py wants to know."""
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
    """Write it to told.json, beside settings.json, which appears whole."""
    path = os.path.join(folder(), TOLD)
    with open(path + ".new", "w") as stream:
        json.dump(tell(), stream)
    os.rename(path + ".new", path)


def application(environ, start_response):
    """A WSGI application that answers with it."""
    body = json.dumps(tell()).encode()
    start_response("200 OK", [("Content-Type", "application/json"),
                              ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    main()
