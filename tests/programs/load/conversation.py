"""The protocol between the clients and servers of the load test.

A request is two numbers and data: the length of the data, the length of the
answer, and the data.  The answer repeats the data.
"""

import os
import struct
import sys

# for helpers.py, which is in no package
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, os.pardir))

HEADER = struct.Struct("!II")

# The largest value of both numbers that a server accepts.
MOST = 1 << 18

# A server drops a client that is silent for longer, in seconds.
PATIENCE = 90.0


class Refused(Exception):
    """A request that a server refuses."""


def request(data, size):
    return HEADER.pack(len(data), size) + data


def parse(header):
    """(length of the data, length of the answer)"""
    length, size = HEADER.unpack(bytes(header))
    if not 0 < length <= MOST or size > MOST:
        raise Refused("%d and %d bytes" % (length, size))
    return length, size


def answer(data, size):
    return bytes((data * (size // len(data) + 1))[:size])
