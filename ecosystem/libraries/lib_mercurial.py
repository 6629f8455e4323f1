"""Mercurial: `hg serve` with a certificate, and `hg clone` over HTTPS."""

import os
import subprocess
import sys

import mercurial.__version__

import peers

VERSION = mercurial.__version__.version
HG = [sys.executable] + peers.LAUNCHER + [
    os.path.join(os.path.dirname(sys.executable), "hg")]


def run(*arguments):
    """Run a command of hg; returns its exit status."""
    environment = dict(os.environ, HGRCPATH=os.devnull, HGUSER="nobody")
    return subprocess.call(HG + list(arguments), stdout=sys.stderr,
                           env=environment)


def clone(ca):
    with peers.folder() as path:
        source, target = os.path.join(path, "a"), os.path.join(path, "b")
        run("init", source)
        with open(os.path.join(source, "file"), "w") as stream:
            stream.write("hello")
        run("--cwd", source, "commit", "--addremove", "--message", "first")
        port = peers.free_port()
        child = subprocess.Popen(
            HG + ["--cwd", source, "serve", "--port", str(port), "--address",
                  "127.0.0.1", "--certificate", peers.SERVER],
            stdout=sys.stderr, env=dict(os.environ, HGRCPATH=os.devnull))
        try:
            peers.await_port(port)
            status = run("--config", "web.cacerts=" + ca, "clone",
                         "https://localhost:%d/" % port, target)
            return [status == 0,
                    os.path.exists(os.path.join(target, "file"))]
        finally:
            child.terminate()
            child.wait()


def same_clone():
    return clone(peers.CA)


def same_unknown_issuer_is_refused():
    return clone(peers.OTHER_CA)
