"""Makes and unpacks the source distribution."""

import glob
import os
import shutil

from ci.shared import environments


def make(python, folder):
    """Make a source distribution in a folder, and return its path.

    python: the path of a Python with setuptools.
    """
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    environments.run(
        [python, "setup.py", "egg_info", "--egg-base", folder,
         "sdist", "--dist-dir", folder], "sdist.log")
    path, = glob.glob(os.path.join(folder, "*.tar.gz"))
    return path


def unpack(path, folder):
    """Unpack a source distribution into a new folder.  Returns the folder
    that contains setup.py."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(path, folder)
    unpacked, = glob.glob(os.path.join(folder, "*"))
    return unpacked
