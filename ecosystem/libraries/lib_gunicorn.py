"""gunicorn as a process of its own, with each kind of worker."""

import subprocess
import sys

import gunicorn
import requests

import peers

VERSION = gunicorn.__version__


def serve(worker):
    """Start a server with workers of that kind; returns its answer."""
    port = peers.free_port()
    child = subprocess.Popen(
        [sys.executable] + peers.LAUNCHER + [
            "-m", "gunicorn.app.wsgiapp", "--bind", "127.0.0.1:%d" % port,
            "--certfile", peers.SERVER, "--keyfile", peers.SERVER,
            "--worker-class", worker, "--log-level", "critical",
            "--pythonpath", peers.FOLDER, "application:hello"],
        stdout=sys.stderr)
    try:
        peers.await_port(port)
        return requests.get("https://localhost:%d/" % port, verify=peers.CA,
                            timeout=peers.TIMEOUT).text
    finally:
        child.terminate()
        child.wait()


def same_sync():
    return serve("sync")


def same_threads():
    return serve("gthread")


def same_gevent():
    return serve("gevent")
