"""Fixtures of the tests of leaks."""

import contextlib

import pytest


@pytest.fixture(scope="module")
def world():
    """The World of leaks.py, which cannot be imported where no leak can be
    measured."""
    import leaks
    with contextlib.closing(leaks.World()) as made:
        yield made
