"""The fixture of the tests of leaks."""

import contextlib

import pytest


@pytest.fixture(scope="module")
def world():
    """The World of leaks.py.

    The fixture imports leaks.py, as this import skips the test if the system
    cannot measure leaks.
    """
    import leaks
    with contextlib.closing(leaks.World()) as made:
        yield made
