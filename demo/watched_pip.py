"""Run pip, and print the TLS versions of its connections at the end.

    python -m watched_pip PIP-ARGUMENT...
"""

import atexit
import runpy

try:
    import ssl
except ImportError:
    ssl = None  # a Python may be built without it

versions = set()


def watch(shake_hands):
    def watched(self, *arguments, **named):
        shake_hands(self, *arguments, **named)
        versions.add(self.version())
    return watched


def tell():
    print(", ".join(sorted(versions)) or "no TLS")


if __name__ == "__main__":
    atexit.register(tell)
    if ssl is not None:
        ssl.SSLSocket.do_handshake = watch(ssl.SSLSocket.do_handshake)
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
