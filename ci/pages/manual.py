"""make docs: makes of the pages of docs/ a manual for a browser.

    python3 -m ci.pages.manual
    python3 -m ci.pages.manual --links

Sphinx makes .build/manual/index.html, and checks the links between the pages.
A warning is an error.  It takes about ten seconds, once its tools are there.

--links asks the network for each address that the pages lead to, and fails if
one is not there; .github/workflows/links.yml does this each week.
"""

import argparse
import os
import shutil
import sys

from ci.shared import environments
from ci.shared.environments import Failure

PAGES = os.path.join(environments.BUILD, "manual")


def build(builder, folder):
    """Run one of Sphinx's builders."""
    shutil.rmtree(folder, ignore_errors=True)
    environments.run(
        [environments.tools_python("docs"), "-m", "sphinx", "-q", "-W",
         "--keep-going", "-d", PAGES + "-parsed", "-b", builder,
         os.path.join(environments.ROOT, "docs"), folder],
        "docs-%s.log" % builder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--links", action="store_true",
                        help="ask for each address that the pages lead to")
    options = parser.parse_args()
    progress = environments.Progress()
    try:
        environments.make_tools(progress, "docs")
        if options.links:
            build("linkcheck", PAGES + "-links")
            progress.say("Manual", "all addresses answer")
            return 0
        build("html", PAGES)
    except Failure as failure:
        return "\n%s" % failure
    progress.say("Manual", os.path.relpath(
        os.path.join(PAGES, "index.html"), environments.ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
