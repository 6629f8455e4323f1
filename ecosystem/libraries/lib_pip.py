"""pip: a download from an index over HTTPS."""

import os
import shutil
import subprocess
import sys
import tempfile

import pip

import peers

VERSION = pip.__version__


def download(server, ca):
    """Whether `pip download` gets the package, with this ssl."""
    folder = tempfile.mkdtemp()
    launcher = ["-m", "_ssl_backport"] if "_ssl_backport" in sys.modules \
        else []
    try:
        status = subprocess.call(
            [sys.executable] + launcher + [
                "-m", "pip", "download", "--no-deps", "--isolated", "--cert",
                ca, "--retries", "0", "--index-url",
                peers.url(server, "simple/"), "--dest", folder, "nothing"],
            stdout=sys.stderr)
        return [status == 0, os.listdir(folder)]
    finally:
        shutil.rmtree(folder)


def same_download():
    return download("https", peers.CA)


def same_unknown_issuer_is_refused():
    return download("https", peers.OTHER_CA)
