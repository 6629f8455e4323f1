"""Write the seeds of harnesses into tests/corpus.

    python -m _ssl_backport fuzz/make_corpus.py HARNESS ...

The name of a file is the hash of its bytes.  Seeds have other keys and random
numbers in each run.  The committed corpus was grown from one run by fuzzing.
"""

import hashlib
import importlib
import os
import sys

import common

CORPUS = os.path.join(common.ROOT, "tests", "corpus")


def write(name, folder):
    """Write the seeds of a harness; returns how many are new."""
    count = 0
    if not os.path.isdir(folder):
        os.makedirs(folder)
    for data in importlib.import_module(name).seeds():
        path = os.path.join(folder, hashlib.sha1(data).hexdigest())
        count += not os.path.exists(path)
        with open(path, "wb") as stream:
            stream.write(data)
    return count


def main():
    for name in sys.argv[1:]:
        count = write(name, os.path.join(CORPUS, name))
        print("%-18s %4d new" % (name, count))


if __name__ == "__main__":
    main()
