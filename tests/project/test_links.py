"""The links in the texts at the root of the project must lead to files that
exist.  Sphinx checks the links in docs only.
"""

import io
import os
import re

import pytest

from helpers import PROJECT

TEXTS = [name for name in ("CHANGES.rst", "CONTRIBUTING.rst", "README.rst")
         if os.path.exists(os.path.join(PROJECT, name))]
# `text <path>`_, or the path of an image
LINK = re.compile(r"<([^<>]+)>`_|^\.\. image:: (\S+)", re.MULTILINE)

pytestmark = [
    pytest.mark.backport_only("the texts are about the backport"),
    pytest.mark.skipif("README.rst" not in TEXTS,
                       reason="the tests are not in a source tree")]


def links(name):
    """The paths that a text links to, relative to the root."""
    with io.open(os.path.join(PROJECT, name), encoding="utf-8") as stream:
        found = [link or image for link, image in LINK.findall(stream.read())]
    return [path.partition("#")[0] for path in found if "://" not in path]


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_to_files(name):
    assert [path for path in links(name)
            if not os.path.exists(os.path.join(PROJECT, path))] == []


def test_links_are_found():
    assert "docs/building.rst" in links("README.rst")


def test_read_the_docs_installs_a_file_that_exists():
    path = os.path.join(PROJECT, ".readthedocs.yaml")
    with io.open(path, encoding="ascii") as stream:
        named = re.findall("(?:configuration|requirements): (.+)",
                           stream.read())
    assert len(named) == 2
    assert all(os.path.exists(os.path.join(PROJECT, name)) for name in named)
