"""load_secrets.py WAY KEY ENCRYPTED_KEY PKCS12 POINTS

Loads a key, or a key for which the password is wrong; prints the outcome, and
waits.  The program overwrites all copies of keys in Python's own objects.
"""

import ctypes
import io
import sys

import _ssl_backport
_ssl_backport.install()

import ssl  # noqa: E402

way, key, encrypted_key, pkcs12, points = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Source(object):
    """An object with read(), whose contents wipe() overwrites."""

    def __init__(self, path, as_text=False):
        self.as_text = as_text
        self.contents = bytearray(10000)
        with io.open(path, "rb", 0) as stream:
            count = stream.readinto(self.contents)
        assert count < len(self.contents)
        del self.contents[count:]
        self.text = None

    def read(self):
        if self.as_text:
            self.text = self.contents.decode("ascii")
            return self.text
        return self.contents

    def wipe(self):
        length = len(self.contents)
        ctypes.memset((ctypes.c_char * length).from_buffer(self.contents), 0,
                      length)
        if self.text is not None and sys.version_info[0] > 2:
            # the text of 2.7 contains no ASCII bytes
            ctypes.memset(id(self.text) + sys.getsizeof(self.text) - length
                          - 1, ord("#"), length)


def load(method, *sources, **options):
    """True, or False if the method raises SSLError."""
    try:
        method(*sources, **options)
        return True
    except ssl.SSLError:
        return False
    finally:
        for source in sources:
            if isinstance(source, Source):
                source.wipe()


password = u"".join(
    (u"\\u%s" % point).encode("ascii").decode("unicode-escape")
    for point in points.split(","))
WAYS = {
    "path": lambda: load(context.load_cert_chain, key),
    "object": lambda: load(context.load_cert_chain, Source(key)),
    "two-objects": lambda: load(
        context.load_cert_chain, Source(key), Source(key)),
    "text": lambda: load(context.load_cert_chain, Source(key, True)),
    "refused": lambda: load(
        context.load_cert_chain, Source(encrypted_key), Source(key, True)),
    "cafile": lambda: load(context.load_verify_locations, Source(key)),
    "password": lambda: load(
        context.load_cert_chain, key, encrypted_key, password=password),
    "password-callable": lambda: load(
        context.load_cert_chain, Source(key), Source(encrypted_key),
        password=lambda: password),
    "pkcs12": lambda: load(
        context.load_pkcs12, pkcs12, password=password),
    "pkcs12-callable": lambda: load(
        context.load_pkcs12, Source(pkcs12), password=lambda: password),
    "pkcs12-refused": lambda: load(
        context.load_pkcs12, key, password=lambda: password),
}
print("loaded" if WAYS[way]() else "refused")
sys.stdout.flush()
sys.stdin.read()
