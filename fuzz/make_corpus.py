"""Writes the inputs that a harness starts from into tests/corpus.

    python -m _ssl_backport fuzz/make_corpus.py HARNESS ...

A file is named by the hash of its bytes.  Keys and random numbers differ with
each run: the committed corpus is what fuzzing made of one.
"""

import hashlib
import importlib
import os
import sys

import common

CORPUS = os.path.join(common.ROOT, "tests", "corpus")


def write(name, folder):
    """The seeds of a harness; how many are new."""
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
