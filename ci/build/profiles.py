"""How often each part of OpenSSL runs: what the compiler of the wheels reads.

ci/build/openssl.proftext is such a profile, as text that llvm-profdata writes.
The compiler takes only the binary form, which no package of the wheels' tools
can write; indexed() makes it, in the version of the format that all of LLVM
since 3.9 reads (llvm/ProfileData/InstrProf.h).
"""

import collections
import hashlib
import itertools
import os
import re
import struct

from ci.shared import environments

TEXT = os.path.join(environments.CI, "build", "openssl.proftext")

# The first line of a profile of LLVM's own code, not of the source's
INTERMEDIATE = ":ir"

MAGIC = b"\xfflprofi\x81"
VERSION = 5 | 1 << 56       # the bit says INTERMEDIATE
MD5 = 0                     # the only hash of names that there is
HEADER_BYTES = 5 * 8
NO_VALUES = struct.pack("<II", 8, 0)

# Which counts make up so many parts of a million of all: what is hot.
CUTOFFS = [10000, 100000, 200000, 300000, 400000, 500000, 600000, 700000,
           800000, 900000, 950000, 990000, 999000, 999900, 999990, 999999]

# A function's name, what the compiler tells its versions apart by, and how
# often each of its blocks ran.
Function = collections.namedtuple("Function", "name hash counts")


def text():
    """The profile that wheels are built with."""
    with open(TEXT) as stream:
        return stream.read()


def parse(text):
    """The Functions of a profile as text."""
    kind, _, body = re.sub("(?m)^#.*\n", "", text).partition("\n")
    if kind != INTERMEDIATE:
        raise ValueError("not a profile of LLVM's intermediate code")
    return [parse_function(record.split("\n"))
            for record in re.split("\n\n+", body.strip("\n"))]


def parse_function(lines):
    # after the counts come values, such as the targets of calls
    size = int(lines[2])
    return Function(lines[0], int(lines[1]),
                    [int(line) for line in lines[3:3 + size]])


def write(functions):
    """The text of a profile."""
    return INTERMEDIATE + "\n" + "\n".join(
        "%s\n%d\n%d\n%s\n" % (function.name, function.hash,
                              len(function.counts),
                              "\n".join(map(str, function.counts)))
        for function in functions)


def words(*numbers):
    return struct.pack("<%dQ" % len(numbers), *numbers)


def summary(functions):
    """What says which counts are large."""
    blocks = sorted((count for function in functions
                     for count in function.counts), reverse=True)
    total = sum(blocks)
    sums = list(itertools.accumulate(blocks))
    result = words(
        6, len(CUTOFFS), len(functions), len(blocks),
        max(function.counts[0] for function in functions), blocks[0],
        max(max(function.counts[1:], default=0) for function in functions),
        total)
    for cutoff in CUTOFFS:
        needed = total * cutoff // 1000000
        number = next(i for i, part in enumerate(sums) if part >= needed)
        least = blocks[number]
        result += words(cutoff, least, sum(count >= least
                                           for count in blocks))
    return result


def name_hash(name):
    return struct.unpack("<Q", hashlib.md5(name).digest()[:8])[0]


def entry(name, functions):
    """What the table has for the functions of one name."""
    data = b"".join(
        words(function.hash, len(function.counts), *function.counts)
        + NO_VALUES for function in functions)
    return words(name_hash(name), len(name), len(data)) + name + data


def table(functions, start):
    """(the chains of a hash table that begin at an offset, the offset of the
    table behind them, the table)"""
    named = collections.defaultdict(list)
    for function in functions:
        named[function.name.encode()].append(function)
    size = 1 << len(named).bit_length()
    buckets = collections.defaultdict(list)
    for name in sorted(named):
        buckets[name_hash(name) % size].append(name)
    chains = b""
    offsets = [0] * size
    for number, names in sorted(buckets.items()):
        offsets[number] = start + len(chains)
        chains += struct.pack("<H", len(names)) + b"".join(
            entry(name, named[name]) for name in names)
    chains += bytes(-(start + len(chains)) % 8)
    return (chains, start + len(chains), words(size, len(named), *offsets))


def indexed(functions):
    """The binary form of a profile."""
    about = summary(functions)
    chains, offset, index = table(functions, HEADER_BYTES + len(about))
    return (MAGIC + words(VERSION, 0, MD5, offset) + about + chains
            + index)
