"""pip as it is, and at its end the TLS versions that it spoke.

    python -m watched_pip PIP-ARGUMENT...
"""

import atexit
import runpy
import ssl

versions = set()
shake_hands = ssl.SSLSocket.do_handshake


def watched(self, *arguments, **named):
    shake_hands(self, *arguments, **named)
    versions.add(self.version())


def tell():
    print(", ".join(sorted(versions)) or "no TLS")


if __name__ == "__main__":
    ssl.SSLSocket.do_handshake = watched
    atexit.register(tell)
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
