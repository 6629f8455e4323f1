"""What the clients and servers of the load test say to each other.

A request is two numbers and some bytes: how many bytes follow, how many the
answer shall have, and the bytes.  The answer is these, over and over.
"""

import os
import struct
import sys

# helpers.py, without a package
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))

HEADER = struct.Struct("!II")

# A server refuses more, for both numbers.
MOST = 1 << 18

# A server drops who is silent for longer, in seconds.
PATIENCE = 90.0


class Refused(Exception):
    """A request that no server answers."""


def request(data, size):
    return HEADER.pack(len(data), size) + data


def parse(header):
    """(bytes that follow, bytes of the answer)"""
    length, size = HEADER.unpack(bytes(header))
    if not 0 < length <= MOST or size > MOST:
        raise Refused("%d and %d bytes" % (length, size))
    return length, size


def answer(data, size):
    return bytes((data * (size // len(data) + 1))[:size])
