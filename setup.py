"""Build the extension `__ssl_backport` and install the package around it.

The build takes OpenSSL 1.1.1 or later from OPENSSL_DIR (a folder with
`include`, and `lib` or `lib64`).  Without OPENSSL_DIR it asks pkg-config.  If
pkg-config finds no OpenSSL, the compiler searches its default folders.
SSLB_WERROR=1 turns compiler warnings into errors.  SSLB_REPOSITORY is the
repository's address for the metadata: https://..., without a slash at the end.

The project has no pyproject.toml on purpose.  A pyproject.toml makes pip
download setuptools for each build, and Python 2.7's own ssl may be too old to
reach a package index.
"""

import glob
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile

import setuptools
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

WARNINGS = ["-Wall", "-Wextra"]

# A link in README.rst to a file of the repository, and an image.
LINK = re.compile(r"`([^`<]+) <([^:>]+)>`__?")
IMAGE = re.compile(r"^\.\. image:: ([^:\n]+)$", re.MULTILINE)

# The linker script that exports the module's init function alone.  It hides
# the symbols of a static OpenSSL from any other OpenSSL in the process.
EXPORTS = "Modules/exports.map"

# The packages that pkg-config is asked for, in order.  RHEL 7 has openssl11,
# and an openssl that is too old.  An old openssl comes last, so that the error
# message can show its version.
PACKAGES = ["openssl >= 1.1.1", "openssl11", "openssl"]

NO_OPENSSL = """\
%s

_ssl_backport needs the headers of OpenSSL 1.1.1 or later. To install them:

    Debian, Ubuntu:  apt-get install libssl-dev
    RHEL, Fedora:    dnf install openssl-devel
    RHEL 7:          yum install openssl11-devel    (from EPEL)

To use another OpenSSL, set OPENSSL_DIR to the folder that contains its
include and lib folders."""

NO_PYTHON = """\
The compiler did not find Python.h, a header of this Python (%d.%d).
To install it:

    Debian, Ubuntu:  apt-get install python%d.%d-dev
    RHEL, Fedora:    dnf install python%d-devel"""

NO_COMPILER = """\
The C compiler %r could not be started. To install a compiler:

    Debian, Ubuntu:  apt-get install gcc libc6-dev
    RHEL, Fedora:    dnf install gcc"""


def read(*path):
    folder = os.path.dirname(os.path.abspath(__file__))
    with io.open(os.path.join(folder, *path), encoding="utf-8") as stream:
        return stream.read()


def version():
    text = read("Lib", "_ssl_backport", "__init__.py")
    return re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE).group(1)


def address(kind, path):
    """The URL of a file of this version in the repository.  None without
    SSLB_REPOSITORY.

    kind: "blob" for a page that shows a file, "tree" for one that shows a
    folder, "raw" for the bytes of a file.
    """
    repository = os.environ.get("SSLB_REPOSITORY")
    return repository and "%s/%s/v%s/%s" % (repository, kind, version(), path)


def long_description():
    """README.rst for a package index, which has no other file of the project.

    Links and images lead to the repository.  Without SSLB_REPOSITORY only the
    titles of links remain.
    """
    def link(match):
        title, path = match.groups()
        url = address("blob", path)
        return "`%s <%s>`__" % (title, url) if url else title

    def image(match):
        url = address("raw", match.group(1))
        return ".. image:: " + url if url else ".. (an image)"

    return IMAGE.sub(image, LINK.sub(link, read("README.rst")))


def metadata():
    """The options of setup() that this version of setuptools supports.

    setuptools warns about options that it does not support.
    """
    release = [int(number)
               for number in re.findall(r"\d+", setuptools.__version__)[:2]]
    options = {}
    if release >= [24, 2]:
        options["python_requires"] = (
            ">=2.7, !=3.0.*, !=3.1.*, !=3.2.*, !=3.3.*, !=3.4.*, !=3.5.*")
    if release >= [38, 6]:
        options["long_description_content_type"] = "text/x-rst"
    if release >= [38, 3] and os.environ.get("SSLB_REPOSITORY"):
        options["project_urls"] = {
            "Source": os.environ["SSLB_REPOSITORY"],
            "Documentation": address("tree", "docs"),
            "Changes": address("blob", "CHANGES.rst"),
        }
    return options


def fail(message):
    """Print a message for the user, and end without a traceback."""
    sys.exit("\n" + message + "\n")


def run(command):
    """Run a command and drop its standard error.

    Returns (exit status, standard output).
    """
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE,
                               universal_newlines=True)
    output, _ = process.communicate()
    return process.returncode, output


def use_folder(extension, folder):
    """Build against the OpenSSL in a folder, shared or static."""
    include = os.path.join(folder, "include")
    if not os.path.exists(os.path.join(include, "openssl", "opensslv.h")):
        fail(NO_OPENSSL % (
            "OPENSSL_DIR is %s, but this folder does not contain "
            "include/openssl/opensslv.h." % folder))
    for name in ("lib64", "lib"):
        library = os.path.join(folder, name)
        if glob.glob(os.path.join(library, "libssl.*")):
            break
    else:
        fail(NO_OPENSSL % (
            "OPENSSL_DIR is %s, but neither its lib nor its lib64 contains "
            "libssl." % folder))

    extension.include_dirs.append(include)
    extension.library_dirs.append(library)
    extension.libraries += ["ssl", "crypto"]
    if os.path.exists(os.path.join(library, "libssl.so")):
        extension.runtime_library_dirs.append(os.path.abspath(library))
    else:
        extension.libraries += ["pthread", "dl"]


def ask_pkg_config():
    """The flags of the first of PACKAGES that pkg-config finds, or None."""
    for package in PACKAGES:
        try:
            status, output = run(["pkg-config", "--cflags", "--libs", package])
        except OSError:
            return None
        if status == 0:
            return shlex.split(output)
    return None


def use_pkg_config(extension):
    """Build with the flags of pkg-config.  False if it finds no OpenSSL."""
    flags = ask_pkg_config()
    if flags is None:
        return False
    for flag in flags:
        if flag.startswith("-l"):
            extension.libraries.append(flag[2:])
        elif flag.startswith("-L"):
            extension.library_dirs.append(flag[2:])
        else:
            extension.extra_compile_args.append(flag)
    return True


def use_openssl(extension):
    folder = os.environ.get("OPENSSL_DIR")
    if folder:
        use_folder(extension, folder)
    elif not use_pkg_config(extension):
        extension.libraries += ["ssl", "crypto"]


class build(build_ext):
    """build_ext that finds OpenSSL, and tells the user about a missing header
    or compiler."""

    def build_extension(self, extension):
        use_openssl(extension)
        self.check_headers(extension)
        build_ext.build_extension(self, extension)

    def get_libraries(self, extension):
        # build_ext adds libpython.  The extension must not need it: the
        # interpreter provides its symbols, and may have no shared libpython.
        return extension.libraries

    def check_headers(self, extension):
        if not self.compiles(extension, "#include <Python.h>"):
            fail(NO_PYTHON % (sys.version_info[:2] * 3)[:5])
        if not self.compiles(extension, "#include <openssl/opensslv.h>"):
            fail(NO_OPENSSL % "The compiler did not find openssl/opensslv.h.")
        if not self.compiles(extension,
                             "#include <openssl/opensslv.h>\n"
                             "#ifdef LIBRESSL_VERSION_NUMBER\n"
                             "#error LibreSSL\n"
                             "#elif OPENSSL_VERSION_NUMBER < 0x10101000L\n"
                             "#error old\n"
                             "#endif"):
            fail(NO_OPENSSL % (
                "The compiler found the headers of %s, which is not "
                "supported." % self.openssl_text(extension)))

    def compiles(self, extension, text):
        """Whether the preprocessor, with the options of the build, accepts
        these lines."""
        return self.preprocess(extension, text)[0] == 0

    def openssl_text(self, extension):
        """The version in the headers, such as "OpenSSL 1.0.2k"."""
        _, output = self.preprocess(
            extension,
            "#include <openssl/opensslv.h>\n"
            "#ifdef LIBRESSL_VERSION_TEXT\n"
            "found LIBRESSL_VERSION_TEXT\n"
            "#else\n"
            "found OPENSSL_VERSION_TEXT\n"
            "#endif")
        return re.search(r'^found "(.*)"', output, re.MULTILINE).group(1)

    def preprocess(self, extension, text):
        """(exit status, output) of the compiler's preprocessor."""
        folders = extension.include_dirs + self.compiler.include_dirs
        command = (self.compiler.compiler_so + extension.extra_compile_args +
                   ["-I" + folder for folder in folders] + ["-E"])
        handle, path = tempfile.mkstemp(suffix=".c")
        try:
            with os.fdopen(handle, "w") as stream:
                stream.write(text + "\n")
            return run(command + [path])
        except OSError:
            fail(NO_COMPILER % command[0])
        finally:
            os.remove(path)


setup(
    name="ssl-backport",
    version=version(),
    description="The newest Python's ssl module, with TLS 1.3 and "
                "post-quantum key exchange, for Python 2.7 and 3.6 or later",
    long_description=long_description(),
    author="the _ssl_backport authors",
    license="MIT",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: C",
        "Programming Language :: Python :: 2",
        "Programming Language :: Python :: 2.7",
        "Programming Language :: Python :: 3",
    ] + [
        "Programming Language :: Python :: 3.%d" % minor
        for minor in range(6, 16)
    ] + [
        "Programming Language :: Python :: Implementation :: CPython",
        "Programming Language :: Python :: Implementation :: PyPy",
        "Topic :: Internet",
        "Topic :: Security :: Cryptography",
    ],
    keywords="ssl tls openssl https sni alpn memorybio tls1.3 post-quantum "
             "python2 python2.7 backport",
    package_dir={"": "Lib"},
    packages=["_ssl_backport"],
    ext_modules=[Extension(
        "__ssl_backport",
        sources=sorted(glob.glob("Modules/*.c")),
        depends=sorted(glob.glob("Modules/*.h")) + [EXPORTS],
        extra_link_args=["-Wl,--version-script=" + EXPORTS],
        extra_compile_args=["-std=gnu11", "-fvisibility=hidden"] + WARNINGS + (
            ["-Werror"] if os.environ.get("SSLB_WERROR") == "1" else []),
    )],
    cmdclass={"build_ext": build},
    zip_safe=False,
    **metadata()
)
