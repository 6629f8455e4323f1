"""Reads from Debian's archives which versions of a source package they have.

apt reads the archives that are configured on this machine, and SUITES of each,
whether the machine itself uses these suites or not.  It keeps its files in a
temporary folder, and does not change the apt of the machine.
"""

import collections
import os
import re
import shutil
import subprocess
import tempfile

from ci.shared.environments import Failure

# Code names, since aliases such as "stable" may be out of date.
SUITES = ["sid", "experimental", "trixie", "bookworm", "trixie-security",
          "bookworm-security"]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

APT_HELPER = "/usr/lib/apt/apt-helper"

NOT_REACHED = """\
No Debian archive could be read.  Either this machine has no apt, or none of
the archives in its configuration has a suite such as %s.""" % SUITES[0]

# sha256: the digest of the upstream release's file, or None.
Source = collections.namedtuple("Source", "package version suite sha256")


def upstream_version(version):
    """The upstream part of a Debian version: "3.5.7" of
    "1:3.5.7+dfsg-1~deb13u2"."""
    version = version.partition(":")[2] or version
    return version.rpartition("-")[0].partition("+")[0] or version


def read_sources(text, package, suite):
    """The list of Sources in an index.

    package: a regular expression that matches the whole name of a package.
    """
    found = []
    for name, stanza in re.findall(
            r"^Package: (%s)\n(.*?)(?:\n\n|\Z)" % package, text,
            re.MULTILINE | re.DOTALL):
        version = re.search(r"^Version: (\S+)", stanza, re.MULTILINE)
        sha256 = re.search(r"^ ([0-9a-f]{64}) \d+ \S+\.orig\.tar\.\w+$",
                           stanza, re.MULTILINE)
        if version:
            found.append(Source(name, upstream_version(version.group(1)),
                                suite, sha256 and sha256.group(1)))
    return found


def archives():
    """The addresses of the archives in this machine's apt configuration."""
    if not shutil.which("apt-get"):
        return []
    output = subprocess.check_output(
        ["apt-get", "--print-uris", "update"], stderr=subprocess.DEVNULL,
        universal_newlines=True)
    return sorted(set(re.findall(r"^'(\S+?/)dists/", output, re.MULTILINE)))


def options(folder):
    """The options with which apt reads and writes only files in a folder."""
    state = {"Dir::Etc::SourceList": "sources.list",
             "Dir::Etc::SourceParts": "no-parts", "Dir::State": "state",
             "Dir::Cache": "cache"}
    result = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    for name, path in state.items():
        result += ["-o", "%s=%s" % (name, os.path.join(folder, path))]
    return result


def source_list(archives):
    signed = "[signed-by=%s] " % KEYRING if os.path.exists(KEYRING) else ""
    return "".join("deb-src %s%s %s main\n" % (signed, archive, suite)
                   for archive in archives for suite in SUITES)


def update(folder, archives):
    """Fetch the indices.  This ignores apt's exit status, since no archive
    has all suites."""
    for name in ("no-parts", "state/lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(folder, name))
    with open(os.path.join(folder, "sources.list"), "w") as stream:
        stream.write(source_list(archives))
    subprocess.call(["apt-get", "-q", "update"] + options(folder),
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def indices(folder):
    """Generate (suite, text) of each index that update() has fetched."""
    targets = subprocess.check_output(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(FILENAME)",
         "Created-By: Sources"] + options(folder), universal_newlines=True)
    for line in targets.splitlines():
        suite, _, path = line.partition(" ")
        if os.path.exists(path):
            yield suite, subprocess.check_output(
                [APT_HELPER, "cat-file", path]).decode()


def sources(package):
    """The list of Sources in all suites.

    package: a regular expression that matches the whole name of a package.
    Raises Failure if apt can read no archive.
    """
    known = archives()
    if not known or not shutil.which("apt-get"):
        raise Failure(NOT_REACHED)
    with tempfile.TemporaryDirectory() as folder:
        update(folder, known)
        found = [source for suite, text in indices(folder)
                 for source in read_sources(text, package, suite)]
    if not found:
        raise Failure(NOT_REACHED)
    return found
