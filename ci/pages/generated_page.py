"""The command line of the scripts that write a page of docs/: without an
argument they write it, with --check they tell whether it is up to date.

Runs on Python 2.7 as well.
"""

import io
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def main(path, render, usage):
    """render() gives the text of the page, ASCII; usage is the script's."""
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
