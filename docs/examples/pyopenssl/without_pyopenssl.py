"""requests without pyOpenSSL:  without_pyopenssl.py URL CAFILE"""

from __future__ import print_function

import _ssl_backport
_ssl_backport.install()

import sys

import requests
from urllib3.contrib import pyopenssl

pyopenssl.extract_from_urllib3()


def main(url, cafile):
    response = requests.get(url, verify=cafile, stream=True)
    print(type(response.raw._connection.sock).__name__)
    print(response.text)


if __name__ == "__main__":
    main(*sys.argv[1:])
