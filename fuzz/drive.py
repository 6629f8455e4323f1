"""Runs one harness under atheris, with the backport installed.

    python fuzz/drive.py HARNESS [libFuzzer's options, corpora, inputs ...]

The extension and OpenSSL must be built for that: see ci/test/fuzz.py.
"""

import functools
import importlib
import shlex
import sys
import warnings

import _ssl_backport

_ssl_backport.install()
warnings.simplefilter("ignore", DeprecationWarning)

import atheris  # noqa: E402

with atheris.instrument_imports(include=["_ssl_backport", "ssl"]):
    import ssl  # noqa: F401, E402

from common import run  # noqa: E402


def main():
    script, name = sys.argv[:2]
    # how libFuzzer starts itself again, by the shell, where it merges
    again = " ".join(map(shlex.quote, [sys.executable, script, name]))
    harness = importlib.import_module(name)
    atheris.Setup([again] + sys.argv[2:], functools.partial(run, harness))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
