"""Whether a process stays as it is: the judge of soak.py and load.py.

Memory is what is resident.  The first half of the samples is left out: it
fills the caches, Python's and OpenSSL's.  Through the other half goes the line
of least squares, whose slope must be less than what leaks where each
operation forgets a block of the smallest size; or what it adds must be less
than what the allocator itself takes and gives back.
"""

import collections

# malloc() gives no block of less than 32.
BYTES_PER_OPERATION = 16
ALLOCATOR_BYTES = 256 * 1024

# done: how many operations there were; resident: bytes
Sample = collections.namedtuple("Sample", "done resident descriptors")


def later_half(samples):
    return samples[len(samples) // 2:]


def slope(samples):
    """Bytes for each operation, by the later half of the samples."""
    points = [(sample.done, sample.resident)
              for sample in later_half(samples)]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points))
    across = sum((x - mean_x) ** 2 for x, _ in points)
    along = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return along / across if across else 0.0


def growth(samples):
    """Bytes that the line adds in the later half."""
    half = later_half(samples)
    return slope(samples) * (half[-1].done - half[0].done)


def complaints(samples, allocator_bytes=ALLOCATOR_BYTES):
    """What is not flat, as texts."""
    found = []
    if (slope(samples) > BYTES_PER_OPERATION
            and growth(samples) > allocator_bytes):
        found.append("memory grows by %.1f bytes an operation"
                     % slope(samples))
    return found


def megabytes(size):
    return "%.1f MB" % (size / 1e6)
