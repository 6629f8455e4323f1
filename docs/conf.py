"""The configuration of Sphinx for the manual (make docs)."""

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
# This style does not underline names, which would look like links.
pygments_dark_style = "github-dark"
# A browser's search finds error texts only with plain quotation marks.
smartquotes = False
