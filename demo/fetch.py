"""Fetch a page over HTTPS, with verification, by the standard library.

    python demo/fetch.py URL CAFILE
"""

import ssl
import sys

try:
    from urllib2 import URLError, urlopen
except ImportError:
    from urllib.error import URLError
    from urllib.request import urlopen


def main(url, cafile):
    context = ssl.create_default_context(cafile=cafile)
    try:
        page = urlopen(url, context=context, timeout=30)
    except URLError as error:
        return "refused: %s" % error.reason
    except ValueError as error:  # 2.7's own ssl.CertificateError
        return "refused: %s" % error
    return "%d, %s" % (page.getcode(), page.read().decode("ascii"))


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
