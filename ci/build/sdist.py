"""The source distribution: made and unpacked."""

import glob
import os
import shutil

from ci.shared import environments


def make(python, folder):
    """The path of a new source distribution."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    environments.run(
        [python, "setup.py", "egg_info", "--egg-base", folder,
         "sdist", "--dist-dir", folder], "sdist.log")
    path, = glob.glob(os.path.join(folder, "*.tar.gz"))
    return path


def unpack(path, folder):
    """Unpack a source distribution anew; the folder that it is."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.unpack_archive(path, folder)
    unpacked, = glob.glob(os.path.join(folder, "*"))
    return unpacked
