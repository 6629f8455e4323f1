"""How Sphinx makes the manual: make docs."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

with open(os.path.join(ROOT, "Lib", "_ssl_backport", "__init__.py")) as stream:
    release = version = re.search(
        r'^__version__ = "(.+)"$', stream.read(), re.MULTILINE).group(1)

project = "_ssl_backport"
root_doc = "index"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_title = "_ssl_backport " + release
html_show_sourcelink = False
html_show_copyright = False
nitpicky = True
# it underlines no names, which would look like links
pygments_dark_style = "github-dark"
# so that a browser's search finds the text of an error
smartquotes = False
