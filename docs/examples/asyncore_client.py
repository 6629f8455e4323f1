"""asyncore (Python 2.7 to 3.11): an HTTPS client.

    python asyncore_client.py HOST PORT
"""

import _ssl_backport
_ssl_backport.install()

import asyncore
import socket
import ssl
import sys


class Client(asyncore.dispatcher):
    """Sends one request and stores the answer."""

    def __init__(self, context, host, port):
        sock = socket.create_connection((host, port), timeout=30)
        sock.setblocking(False)
        asyncore.dispatcher.__init__(self, context.wrap_socket(
            sock, server_hostname=host, do_handshake_on_connect=False))
        self.step = self.handshake      # the next method to call
        self.waits_for = "write"
        self.unsent = ("GET / HTTP/1.0\r\nHost: %s\r\n\r\n"
                       % host).encode("ascii")
        self.answer = b""

    def handshake(self):
        self.socket.do_handshake()
        self.step = self.send_request

    def send_request(self):
        while self.unsent:
            sent = self.socket.send(self.unsent)
            if not sent:    # on 2.7: send() would block
                raise ssl.SSLWantWriteError
            self.unsent = self.unsent[sent:]
        self.step = self.receive_answer

    def receive_answer(self):
        data = self.socket.recv(8192)
        self.answer += data
        if not data:
            self.step = self.close

    def go_on(self):
        """Run steps until one has to wait.  select() does not report data that
        OpenSSL has already read."""
        try:
            while self.connected:
                self.step()
        except ssl.SSLWantReadError:
            self.waits_for = "read"
        except ssl.SSLWantWriteError:
            self.waits_for = "write"

    handle_read = handle_write = go_on

    def readable(self):
        return self.waits_for == "read"

    def writable(self):
        return self.waits_for == "write"

    def handle_error(self):
        raise   # asyncore would print the error and continue


client = Client(ssl.create_default_context(), sys.argv[1], int(sys.argv[2]))
asyncore.loop(timeout=30)
print(client.answer.decode("latin-1"))
