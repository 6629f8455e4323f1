"""What fuzzing found worth keeping: each input of tests/corpus, once, through
the harness of fuzz/ that it is for."""

import importlib
import os
import sys

import pytest

from helpers import PROJECT, TESTS

CORPUS = os.path.join(TESTS, "corpus")
sys.path.insert(0, os.path.join(PROJECT, "fuzz"))

pytestmark = pytest.mark.backport_only("it is what is fuzzed")


def inputs(name):
    """The paths of a harness' inputs."""
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
