"""The fixture of the tests of leaks."""

import contextlib

import pytest


@pytest.fixture(scope="module")
def world():
    """The World of leaks.py.

    The import is here, as it skips the test where leaks cannot be measured.
    """
    import leaks
    with contextlib.closing(leaks.World()) as made:
        yield made
