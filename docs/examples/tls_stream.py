"""TLS without a socket, over any object with sendall() and recv()."""

import ssl


class Stream(object):
    """A TLS client.  The carrier is a socket, a TLS connection, a pipe with
    these two methods, or another Stream.  The carrier's recv() must wait for
    data."""

    def __init__(self, carrier, context, host):
        self.carrier = carrier
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing,
                                    server_hostname=host)
        self._run(self.tls.do_handshake)

    def _run(self, operation, *args):
        """Call a method of tls until it needs no more data."""
        while True:
            try:
                result = operation(*args)
            except ssl.SSLWantReadError:
                self._flush()
                data = self.carrier.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self):
        data = self.outgoing.read()
        if data:
            self.carrier.sendall(data)

    def sendall(self, data):
        while data:
            data = data[self._run(self.tls.write, data):]

    def recv(self, size):
        """Return at most size bytes, or b"" after the end."""
        return self._run(self.tls.read, size)

    def close(self):
        """Send the closing message of TLS.  The carrier stays open."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass    # the peer has not sent its closing message yet
        self._flush()
