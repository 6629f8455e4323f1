"""Requests TLS on a connection that starts without TLS, for each protocol.

PROTOCOLS has a function for each protocol.  The function takes a Conversation
and the host name, and returns when the server waits for a ClientHello.  It
raises Refused if the server does not offer TLS.  Line-based replies are read
one byte at a time, because the bytes after a reply belong to TLS.
"""

from __future__ import absolute_import

import struct
import time

# The most (bytes) that a server may send before TLS.
LONGEST = 64 * 1024

LDAP_START_TLS = b"1.3.6.1.4.1.1466.20037"  # RFC 4511, 4.14.1
XMPP_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"  # RFC 6120, 5.4
POSTGRES_TLS = struct.pack("!II", 8, 80877103)
MYSQL_TLS = 0x0800  # CLIENT_SSL
MYSQL_CLIENT = MYSQL_TLS | 0x0200 | 0x8000  # protocol and passwords of 4.1


class Refused(Exception):
    """The server does not offer TLS; the text contains the server's answer.
    """


class Conversation(object):
    """A connected socket before TLS, with limits on time and size."""

    def __init__(self, sock, seconds):
        self.sock = sock
        self.deadline = time.time() + seconds
        self.left = LONGEST

    def recv(self, size):
        seconds = self.deadline - time.time()
        if seconds <= 0 or self.left <= 0:
            raise Refused("the server's answer does not end")
        self.sock.settimeout(seconds)
        data = self.sock.recv(size)
        self.left -= len(data)
        return data

    def sendall(self, data):
        self.sock.sendall(data)


def ask(sock, host, protocol, seconds):
    """Request TLS; return when the server waits for a ClientHello.

    seconds: the limit for the whole exchange.
    Raises Refused, or an error of the socket.
    """
    PROTOCOLS[protocol][1](Conversation(sock, seconds), host)
    sock.settimeout(seconds)


def read(sock, size):
    """Return exactly `size` bytes. Raises Refused at the end of the data."""
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise Refused("the server closed the connection")
        data += piece
    return data


def read_until(sock, *ends):
    """Return the data (bytes) up to the first of the `ends`, including it."""
    data = b""
    while not data.endswith(ends):
        data += read(sock, 1)
    return data


def shown(data):
    """Return data from a server as printable text (str)."""
    return repr(data.strip()).lstrip("b")


def expect(reply, good):
    """Raise Refused with the reply unless `good` is true."""
    if not good:
        raise Refused("the server answered %s" % shown(reply))


def read_reply(sock):
    """Return the last line (bytes) of an SMTP or FTP answer; the other lines
    have a hyphen after the code."""
    while True:
        line = read_until(sock, b"\n")
        if line[3:4] != b"-" and line[:3].isdigit():
            return line


def smtp(sock, host):
    reply = read_reply(sock)
    expect(reply, reply.startswith(b"220"))
    sock.sendall(b"EHLO localhost\r\n")
    reply = read_reply(sock)
    expect(reply, reply.startswith(b"250"))
    sock.sendall(b"STARTTLS\r\n")
    reply = read_reply(sock)
    expect(reply, reply.startswith(b"220"))


def ftp(sock, host):
    reply = read_reply(sock)
    expect(reply, reply.startswith(b"220"))
    sock.sendall(b"AUTH TLS\r\n")
    reply = read_reply(sock)
    expect(reply, reply.startswith(b"234"))


def imap(sock, host):
    reply = read_until(sock, b"\n")
    expect(reply, reply.startswith(b"* OK"))
    sock.sendall(b"a STARTTLS\r\n")
    reply = read_until(sock, b"\n")
    while reply.startswith(b"*"):  # an untagged response
        reply = read_until(sock, b"\n")
    expect(reply, reply.upper().startswith(b"A OK"))


def pop3(sock, host):
    reply = read_until(sock, b"\n")
    expect(reply, reply.startswith(b"+OK"))
    sock.sendall(b"STLS\r\n")
    reply = read_until(sock, b"\n")
    expect(reply, reply.startswith(b"+OK"))


def xmpp(sock, host):
    sock.sendall(b"<stream:stream xmlns='jabber:client' xmlns:stream="
                 b"'http://etherx.jabber.org/streams' version='1.0' to='"
                 + host.encode("utf-8") + b"'>")
    reply = read_until(sock, b"</stream:features>", b"</stream:stream>")
    expect(reply, XMPP_TLS in reply)
    sock.sendall(b"<starttls xmlns='" + XMPP_TLS + b"'/>")
    reply = read_until(sock, b">")
    expect(reply, reply.strip().startswith(b"<proceed"))


def postgres(sock, host):
    sock.sendall(POSTGRES_TLS)
    reply = read(sock, 1)
    expect(reply, reply == b"S")


def element(content, tag):
    """Return the DER encoding (bytes) of less than 128 bytes of content."""
    return struct.pack("BB", tag, len(content)) + content


def ldap(sock, host):
    request = element(element(LDAP_START_TLS, 0x80), 0x77)
    sock.sendall(element(element(b"\x01", 0x02) + request, 0x30))
    tag, length = struct.unpack("BB", read(sock, 2))
    if length > 0x80:
        length = int("".join("%02x" % byte for byte in bytearray(
            read(sock, length - 0x80))), 16)
    reply = read(sock, min(length, LONGEST))
    # the message number (3 bytes), then the answer with result code 0
    body = reply[3:]
    start = 2 if body[1:2] < b"\x80" else 2 + ord(body[1:2]) - 0x80
    expect(reply, body[:1] == b"\x78"
           and body[start:start + 3] == b"\x0a\x01\x00")


def mysql(sock, host):
    # the server sends a greeting first, with a flag for TLS
    length, = struct.unpack("<I", read(sock, 3) + b"\0")
    read(sock, 1)  # the packet number
    greeting = read(sock, min(length, LONGEST))
    end = greeting.find(b"\0")
    # after the version: thread number, random bytes, filler
    flags = greeting[end + 14:end + 16]
    expect(greeting, greeting[:1] == b"\x0a" and len(flags) == 2
           and struct.unpack("<H", flags)[0] & MYSQL_TLS)
    utf8 = 33
    request = struct.pack("<IIB23x", MYSQL_CLIENT, 1 << 24, utf8)
    sock.sendall(struct.pack("<I", len(request))[:3] + b"\x01" + request)


# {name of the protocol: (default port, function that requests TLS)}
PROTOCOLS = {
    "smtp": (25, smtp), "imap": (143, imap), "pop3": (110, pop3),
    "ftp": (21, ftp), "xmpp": (5222, xmpp), "postgres": (5432, postgres),
    "ldap": (389, ldap), "mysql": (3306, mysql),
}
