"""make check-upstream: lists newer versions of all that the project pins.

    python3 -m ci.check.upstream

It takes some minutes, most of them for the questions to the package index.  It
compares

- the pinned OpenSSLs with the newest release of each line in Debian,
- the public names of the newest Python's ssl with tests/surface,
- the pins in ci/requirements/*.txt with the package index.

The newest Python is in the Debian folder of ci/shared/newest.py, which needs
root and debootstrap.  Exit status 1 means that a pinned OpenSSL is older than
the newest release of its line, 2 that no Debian archive could be read.
docs/building.rst says what to do about each line of the tables.
"""

import collections
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

from ci.build import openssl
from ci.shared import debian, debian_index, environments, newest
from ci.shared.environments import Failure, numbers

SURFACES = os.path.join(environments.ROOT, "tests", "surface")
LISTING = os.path.join(environments.CI, "check", "surface.py")
NOTHING = "nothing"

# The oldest Python that each file of ci/requirements is for.  Files that are
# not listed pin the last versions for an old Python, which never change.
REQUIREMENTS = {
    "2.7": "2.7", "3.6": "3.6", "3.7": "3.7", "3.10": "3.10",
    "certificates": "3.13", "cibuildwheel-3.9": "3.13", "coexistence": "2.7",
    "docs": "3.11", "ecosystem": "2.7", "fuzz": "3.11", "opt-in": "2.7",
    "plot": "3.9", "twine": "3.10", "wheel-tools": "3.10"}
PYTHONS = ["2.7"] + ["3.%d" % minor for minor in range(6, 100)]
CALLS_AT_ONCE = 4

Row = collections.namedtuple("Row", "subject ours newest what")
Pin = collections.namedtuple("Pin", "name version python file")


# OpenSSL

def version_key(version):
    """A sort key for versions: 1.1.1k < 1.1.1w, 3.5.9 < 3.5.10."""
    return [(int(number or 0), letters)
            for number, letters in re.findall(r"(\d+)|([a-z]+)", version)]


def is_of_line(version, line):
    """Whether a version is a release of a line, such as "3.6".  False for a
    pre-release, such as 3.6.0~beta1."""
    return re.match(re.escape(line) + r"(\.\d+|[a-z]+)?$",
                    version) is not None


def newest_of_line(sources, line):
    """The Source of the newest release of a line, or None."""
    return max((source for source in sources
                if is_of_line(source.version, line)),
               key=lambda source: version_key(source.version), default=None)


def lines_not_pinned(sources, lines):
    """The lines, such as ["4.1"], that are newer than all pinned lines and
    have a release."""
    found = {".".join(source.version.split(".")[:2]) for source in sources}
    return sorted((line for line in found if newest_of_line(sources, line)
                   and all(numbers(line) > numbers(known)
                           for known in lines)), key=numbers)


def release_of(source, pinned):
    """The Release that replaces a pinned one."""
    return openssl.Release(
        source.version, pinned.url.replace(pinned.version, source.version),
        source.sha256, pinned.options)


def try_to_fetch(release, progress):
    """Whether the source of a Release can be downloaded.  The download stays
    in the cache."""
    try:
        openssl.fetch(release, progress)
    except Failure:
        return False
    return True


def openssl_rows(sources, can_be_fetched):
    """Compare the pinned OpenSSLs with Debian's.

    can_be_fetched: a function that tells whether the source of a Release can
    be downloaded.
    Returns the rows of the table, and whether a pinned release is older than
    the newest of its line.
    """
    releases = openssl.releases()
    rows = []
    is_old = False
    for line, pinned in releases.items():
        source = newest_of_line(sources, line)
        what = NOTHING
        if (source is not None and version_key(source.version)
                > version_key(pinned.version)):
            is_old = True
            what = ("pin it; sha256 " + source.sha256
                    if can_be_fetched(release_of(source, pinned)) else
                    "wait: its source cannot be downloaded yet")
        rows.append(Row(line, pinned.version, source.version if source
                        else "not listed", what))
    for line in lines_not_pinned(sources, releases):
        rows.append(Row(line, "-", newest_of_line(sources, line).version,
                        "a new line: add it"))
    return rows, is_old


# Python

def known_surface():
    """The newest Python with a file in tests/surface, and the file's data:
    ("3.15", {...})."""
    path = max(glob.glob(os.path.join(SURFACES, "*.json")),
               key=lambda path: numbers(os.path.basename(path)))
    with open(path) as stream:
        return os.path.basename(path)[:-len(".json")], json.load(stream)


def without_defaults(signature):
    """A signature without its default values: "a, b=" of "a, b=None"."""
    return ", ".join("".join(part.partition("=")[:2])
                     for part in signature.split(", ") if part)


def changes(known, found):
    """The differences between a file of tests/surface and the result of
    ci/check/surface.py, as lines of text."""
    lines = []
    for module in ("ssl", "_ssl"):
        names = set(found["names"][module])
        lines += ["%s.%s is new" % (module, name) for name in
                  sorted(names - set(known["names"][module]))]
        lines += ["%s.%s is gone" % (module, name) for name in
                  sorted(set(known["names"][module]) - names)]
        values = found["values"][module]
        lines += ["%s.%s is %d, not %d" % (module, name, values[name], value)
                  for name, value in sorted(known["values"][module].items())
                  if values.get(name, value) != value]
    for name, members in sorted(found["members"].items()):
        told = known["classes"].get(name, {"members": []})["members"]
        lines += ["%s.%s is new" % (name, member) for member in members
                  if member not in told]
    signatures = dict(known["signatures"], **known.get("builtins", {}))
    for path, signature in sorted(signatures.items()):
        told, own = without_defaults(signature), found["parameters"].get(path)
        if own is not None and own != told:
            lines.append("%s takes (%s), not (%s)" % (path, own, told))
    return lines


def look_at_newest(progress):
    """Run ci/check/surface.py with the newest Python in the Debian folder.
    Returns its result."""
    debian.check_root()
    output = subprocess.check_output(newest.the_tree(progress).command(
        ["python" + newest.PYTHONS[-1], LISTING], "/",
        [(environments.ROOT, environments.ROOT)]),
        env=environments.clean_environ())
    return json.loads(output.decode())


def python_rows(sources, found):
    """Compare the newest Python of Debian with ours.

    found: the result of look_at_newest(), or None.
    """
    pythons = [source for source in sources
               if source.package.startswith("python3.")]
    source = max(pythons, key=lambda source: version_key(source.version))
    ours = newest.PYTHONS[-1]
    line = ".".join(source.version.split(".")[:2])
    tree = found["python"] if found else "?"
    what = NOTHING
    if numbers(line) > numbers(ours):
        what = "a new line: add %s to ci/shared/newest.py" % line
    elif found and version_key(source.version) > version_key(tree):
        what = "remove debian-sid-* from the cache, and run this again"
    return [Row("python" + line, tree, source.version, what)]


def surface_rows(found):
    name, known = known_surface()
    if found is None:
        return [Row("surface", name, "?", "run this again as root, with "
                    "debootstrap")]
    if not found["python"].startswith(name + "."):
        return [Row("surface", name, found["python"],
                    "add a file to tests/surface")]
    lines = changes(known, found)
    return ([Row("surface", name, found["python"],
                 NOTHING if not lines else "add to the package and to "
                 "tests/surface/%s.json:" % name)]
            + [Row("", "", "", line) for line in lines])


# Packages

def fits(marker, python):
    """Whether a marker, such as 'python_version < "3.8"', holds for a Python,
    such as "3.7".  An empty marker holds."""
    compare = {"<": lambda a, b: a < b, ">=": lambda a, b: a >= b,
               "==": lambda a, b: a == b}
    return all(compare[sign](numbers(python), numbers(version))
               for sign, version in re.findall(
                   r"python_version (<|>=|==) \"([\d.]+)\"", marker))


def read_pins(text, oldest, file):
    """The Pins of a requirements file, each with its oldest Python.

    oldest: the oldest Python of the file.  file: its name.
    """
    found = []
    for line in text.splitlines():
        match = re.match(r"([\w.-]+)==([\w.]+)(.*)$", line)
        if match:
            name, version, marker = match.groups()
            python = next(python for python in PYTHONS
                          if numbers(python) >= numbers(oldest)
                          and fits(marker, python))
            found.append(Pin(name, version, python, file))
    return found


def pins():
    found = []
    for name, oldest in REQUIREMENTS.items():
        path = environments.pins(name)
        with open(path) as stream:
            found += read_pins(stream.read(), oldest, os.path.basename(path))
    return found


def pip(*arguments):
    """The output of pip, or "" if pip fails."""
    process = subprocess.run(
        [environments.tools_python(), "-m", "pip"] + list(arguments),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        universal_newlines=True, env=environments.clean_environ())
    return process.stdout if process.returncode == 0 else ""


def listed_version(name, python):
    """The newest version of a package for a Python in pip's index, or None."""
    match = re.match(r"\S+ \((\S+)\)",
                     pip("index", "versions", name, "--python-version",
                         python))
    return match.group(1) if match else None


def fetched_version(name, python):
    """The newest version of a package whose wheel supports a Python, or None
    without a wheel.

    This downloads the wheel: some indexes do not tell which Pythons a version
    supports.
    """
    with tempfile.TemporaryDirectory() as folder:
        pip("download", "--no-deps", "--only-binary", ":all:",
            "--python-version", python, "--dest", folder, name)
        for wheel in os.listdir(folder):
            return wheel.split("-")[1]
    return None


def newest_version(pin):
    version = listed_version(pin.name, pin.python)
    if version and version_key(version) > version_key(pin.version):
        return fetched_version(pin.name, pin.python) or version
    return version


def package_rows(progress):
    """A row for each pin that is not the newest, and a row for the total."""
    environments.make_tools(progress)
    found = pins()
    with concurrent.futures.ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        versions = list(pool.map(newest_version, found))
    rows = []
    for pin, version in zip(found, versions):
        if version is None:
            rows.append(Row(pin.name, pin.version, "?", "pip finds nothing"))
        elif version_key(version) > version_key(pin.version):
            rows.append(Row(pin.name, pin.version, version, "%s, for %s"
                            % (pin.file, pin.python)))
    rows.append(Row("%d pins" % len(found), "", "", "%d are the newest"
                    % (len(found) - len(rows))))
    return rows


# The whole run

def show(title, rows):
    """Print a table.  All tables have the same columns."""
    print("\n%-20s %-17s %-17s %s" % (title, "here", "newest", "to do"))
    for row in rows:
        print(("%-20s %-17s %-17s %s" % row).rstrip())


def main():
    progress = environments.Progress()
    try:
        found = look_at_newest(progress)
    except (Failure, OSError, subprocess.CalledProcessError) as failure:
        print("The newest Python could not be compared: %s" % failure)
        found = None
    try:
        progress.say("Debian", "reading the indices of the archives")
        sources = debian_index.sources(r"openssl|python3\.\d+")
    except Failure as failure:
        print("\n%s" % failure)
        sources = None
    status = 2
    if sources is not None:
        rows, is_old = openssl_rows(
            [source for source in sources if source.package == "openssl"],
            lambda release: try_to_fetch(release, progress))
        status = int(is_old)
    progress.say("Packages", "asking pip for the newest versions")
    packages = package_rows(progress)
    if sources is not None:
        show("OpenSSL", rows)
        show("Python", python_rows(sources, found) + surface_rows(found))
    show("Packages", packages)
    return status


if __name__ == "__main__":
    sys.exit(main())
