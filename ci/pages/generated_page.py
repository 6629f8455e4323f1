"""The command line of scripts that make a page of docs/.

Without an argument a script writes the page.  With --check it fails if the
page is out of date.  These scripts also run on Python 2.7.
"""

import io
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def main(path, render, usage):
    """Run a script.

    path: the path of the page.
    render: a function that returns the page's text, which is ASCII.
    usage: the docstring of the script.
    """
    if sys.argv[1:] == ["--check"]:
        with io.open(path, encoding="ascii") as stream:
            if stream.read() != render():
                script, _ = os.path.splitext(os.path.basename(sys.argv[0]))
                sys.exit("docs/%s is out of date: run python3 -m ci.pages.%s"
                         % (os.path.basename(path), script))
    elif sys.argv[1:]:
        sys.exit(usage)
    else:
        text = render()
        with io.open(path, "w", encoding="ascii") as stream:
            stream.write(text)
