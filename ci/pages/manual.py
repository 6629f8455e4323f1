"""make docs: makes of the pages of docs/ a manual for a browser.

    python3 -m ci.pages.manual

Sphinx makes .build/manual/index.html.  A warning is an error.  It takes about
ten seconds, once its tools are there.
"""

import os
import shutil
import sys

from ci.shared import environments
from ci.shared.environments import Failure

PAGES = os.path.join(environments.BUILD, "manual")


def main():
    progress = environments.Progress()
    try:
        environments.make_tools(progress, "docs")
        shutil.rmtree(PAGES, ignore_errors=True)
        environments.run(
            [environments.tools_python("docs"), "-m", "sphinx", "-q", "-W",
             "--keep-going", "-d", PAGES + "-parsed", "-b", "html",
             os.path.join(environments.ROOT, "docs"), PAGES], "docs.log")
    except Failure as failure:
        return "\n%s" % failure
    progress.say("Manual", os.path.relpath(
        os.path.join(PAGES, "index.html"), environments.ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
