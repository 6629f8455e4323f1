"""Each harness of fuzz/ must accept all inputs of its folder in tests/corpus.
The corpus holds inputs that fuzzing has found."""

import importlib
import os
import sys

import pytest

from helpers import PROJECT, TESTS

CORPUS = os.path.join(TESTS, "corpus")
sys.path.insert(0, os.path.join(PROJECT, "fuzz"))

pytestmark = pytest.mark.backport_only("the harnesses test the backport")


def inputs(name):
    """The paths of the inputs of a harness."""
    folder = os.path.join(CORPUS, name)
    return [os.path.join(folder, file) for file in sorted(os.listdir(folder))]


@pytest.mark.parametrize("name", sorted(os.listdir(CORPUS)))
def test_corpus(name):
    harness = importlib.import_module(name)
    run = importlib.import_module("common").run
    paths = inputs(name)
    assert paths
    for path in paths:
        with open(path, "rb") as stream:
            data = stream.read()
        try:
            run(harness, data)
        except Exception:
            print("the input is %s" % path)
            raise
