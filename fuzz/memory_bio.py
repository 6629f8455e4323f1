"""Do the same steps to a MemoryBIO and to a list of bytes.

Input: steps.  Each is a byte that names the step, and the step's arguments.
"""

import array
import ssl

import common
from helpers import PY2, buffer_types

KINDS = buffer_types + [lambda data: memoryview(bytearray(data)),
                        lambda data: array.array("B", bytearray(data))]
WRONG_DATA = [None, 1, 1.5, [], u"\xe9", object()]
WRONG_SIZES = [None, "1", 1.5, b"", 2 ** 100, -2 ** 100, object()]
REPEATS = [1, 0, 2, 50, 5000]


class Model(object):
    """A MemoryBIO and its expected content."""

    def __init__(self):
        self.bio = ssl.MemoryBIO()
        self.content = b""
        self.ended = False

    def check(self):
        assert self.bio.pending == len(self.content)
        assert self.bio.eof is (self.ended and not self.content)

    def write(self, source):
        kind = source.pick(KINDS)
        data = source.take(source.byte()) * source.pick(REPEATS)
        written = kind(data)
        try:
            count = self.bio.write(written)
        except ssl.SSLError:
            assert self.ended
            return
        assert not self.ended and count == len(data)
        self.content += data
        if isinstance(written, bytearray):
            written.append(0)       # an exported buffer refuses to grow

    def read(self, source):
        size = source.number()
        data = self.bio.read(size)
        assert type(data) is bytes and data == self.content[:size]
        self.content = self.content[size:]

    def read_all(self, source):
        size = -source.byte()
        data = self.bio.read(size) if size else self.bio.read()
        assert data == self.content
        self.content = b""

    def read_huge(self, source):
        size = 2 ** (16 + source.byte() % 15)
        data = self.bio.read(size)
        assert data == self.content[:size]
        self.content = self.content[size:]

    def write_eof(self, source):
        self.bio.write_eof()
        self.ended = True

    def write_wrong(self, source):
        self.refused(self.bio.write, source.pick(WRONG_DATA))

    def write_strided(self, source):
        if not PY2:
            self.refused(self.bio.write, memoryview(b"abcd")[::2])

    def read_wrong(self, source):
        self.refused(self.bio.read, source.pick(WRONG_SIZES))

    def start_again(self, source):
        """Replace the MemoryBIO by a new one, whatever its content."""
        self.__init__()

    def refused(self, function, argument):
        """Check that the call raises, and that the content stays."""
        try:
            function(argument)
        except (TypeError, ValueError, OverflowError, BufferError,
                ssl.SSLError):
            return
        raise AssertionError("%r was taken" % (argument,))


STEPS = [Model.write, Model.read, Model.read_all, Model.read_huge,
         Model.write_eof, Model.write_wrong, Model.write_strided,
         Model.read_wrong, Model.start_again]
# the most that a BIO holds, so that an input takes little time
LIMIT = 1 << 22


def run(data):
    source = common.Source(data)
    model = Model()
    while source.left() and len(model.content) < LIMIT:
        source.pick(STEPS)(model, source)
        model.check()
    assert model.bio.read() == model.content


def seeds():
    """Each pair of steps, between bytes of different kinds."""
    for kind in range(len(KINDS)):
        write = bytes(bytearray([0, kind, 5])) + b"bytes"
        for step in range(len(STEPS)):
            for repeat in range(len(REPEATS)):
                often = bytes(bytearray([repeat]))
                yield (write + often + b"\1\0\3" +
                       bytes(bytearray([step, 0, 0])) + write + often)
