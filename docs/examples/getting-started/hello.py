"""Connects to a server and shows the TLS version:  hello.py HOST [PORT]"""

from __future__ import print_function

import _ssl_backport
_ssl_backport.install()

import socket
import ssl
import sys


def main(host, port="443"):
    context = ssl.create_default_context()
    sock = socket.create_connection((host, int(port)), timeout=30)
    connection = context.wrap_socket(sock, server_hostname=host)
    print(connection.version(), "with", ssl.OPENSSL_VERSION)
    print("verified:", connection.getpeercert()["subjectAltName"])
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
