"""Decides for soak.py and load.py whether the memory of a process is flat.

The memory is the resident memory.  The first half of the samples does not
count, since Python and OpenSSL then fill their caches.  A least-squares line
fits the second half.  The memory is flat if the slope of this line is less
than the smallest leak (one block of the smallest size in each operation), or
if its growth is less than the normal variation of the allocator.
"""

import collections

# A block of malloc() has at least 32 bytes, so a leak in each operation is
# well above this.
BYTES_PER_OPERATION = 16
ALLOCATOR_BYTES = 256 * 1024

# done: the number of operations so far.  resident: bytes.  descriptors: the
# number of open file descriptors.
Sample = collections.namedtuple("Sample", "done resident descriptors")


def later_half(samples):
    return samples[len(samples) // 2:]


def slope(samples):
    """The growth in bytes for each operation, in the second half of the
    samples."""
    points = [(sample.done, sample.resident)
              for sample in later_half(samples)]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points))
    across = sum((x - mean_x) ** 2 for x, _ in points)
    along = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return along / across if across else 0.0


def growth(samples):
    """The growth of the line in bytes, over the second half of the samples."""
    half = later_half(samples)
    return slope(samples) * (half[-1].done - half[0].done)


def complaints(samples, allocator_bytes=ALLOCATOR_BYTES):
    """A list with a text if the memory is not flat, or an empty list."""
    found = []
    if (slope(samples) > BYTES_PER_OPERATION
            and growth(samples) > allocator_bytes):
        found.append("memory grows by %.1f bytes per operation"
                     % slope(samples))
    return found


def megabytes(size):
    return "%.1f MB" % (size / 1e6)
