"""How Sphinx makes the manual: make docs."""

import os
import posixpath
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

with open(os.path.join(ROOT, "Lib", "_ssl_backport", "__init__.py")) as stream:
    release = version = re.search(
        r'^__version__ = "(.+)"$', stream.read(), re.MULTILINE).group(1)

project = "_ssl_backport"
root_doc = "index"
html_theme = "furo"
html_title = "_ssl_backport " + release
html_show_sourcelink = False
html_show_copyright = False
nitpicky = True


def link_pages(app, doctree):
    """Let a link to other.rst, as the sources have it for those who read them
    as they are, lead to the page that is made of it."""
    for node in doctree.findall():
        target = node.get("refuri", "") if hasattr(node, "get") else ""
        page, dot, anchor = target.partition(".rst")
        if dot and posixpath.basename(page) == page:
            node["refuri"] = "%s.html%s" % (page, anchor)


def setup(app):
    app.connect("doctree-read", link_pages)
