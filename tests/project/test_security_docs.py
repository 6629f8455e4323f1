"""docs/security.rst and security.json must list all known bugs, with a test
for each, or the reason why there is no test.
"""

import os
import subprocess
import sys

import pytest

from helpers import PROJECT, TESTS

if not os.path.exists(os.path.join(PROJECT, "ci")):
    pytest.skip("the tests are not in a source tree",
                allow_module_level=True)

sys.path.insert(0, PROJECT)
from ci.pages import security  # noqa: E402
sys.path.remove(PROJECT)

ALL_TESTS = security.find_tests()


def known_bugs():
    """The bugs in known_bugs.txt, as [(group, [id])]."""
    with open(os.path.join(TESTS, "known_bugs.txt")) as stream:
        lines = [line.split() for line in stream
                 if not line.startswith("#")]
    return [(line[0], line[1:]) for line in lines]


def entries():
    return [(group, entry)
            for group, found in security.load().items()
            for entry in found]


def test_page_is_up_to_date():
    subprocess.check_call([
        sys.executable, "-m", "ci.pages.security", "--check"], cwd=PROJECT)


def test_all_known_bugs_are_told():
    assert [(group, entry["ids"]) for group, entry in entries()] == (
        known_bugs())


@pytest.mark.parametrize("entry", [
    pytest.param(entry, id=entry["ids"][0]) for _, entry in entries()])
def test_known_bug_has_a_test_or_a_reason(entry):
    assert entry["trouble"]
    if "reason" in entry:
        assert entry["reason"] and "here" not in entry
    else:
        assert entry["here"]
        assert security.tests_of(entry, ALL_TESTS)
