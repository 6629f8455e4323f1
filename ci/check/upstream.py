"""make check-upstream: tells what has moved since the last time, and what to
do.

    python3 -m ci.check.upstream

It compares the pinned OpenSSLs with the newest that Debian lists of each line,
the surface of the newest Python's ssl with tests/surface, and the pins in
ci/requirements/*.txt with pip's index.  To look at the newest Python it needs
root and debootstrap, for the tree of ci/shared/newest.py.  Exit status 1: a
pinned OpenSSL is older than the newest of its line; 2: Debian cannot be asked.
docs/building.rst says what to do with each kind of news.
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

# The oldest Python that each of ci/requirements/*.txt is for.  The others pin
# what is the last of its kind, and stay as they are.
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
    """A sort key that puts 1.1.1w behind 1.1.1k, and 3.5.9 before 3.5.10."""
    return [(int(number or 0), letters)
            for number, letters in re.findall(r"(\d+)|([a-z]+)", version)]


def is_of_line(version, line):
    """Whether a release, not one before it (3.6.0~beta1), is of "3.6"."""
    return re.match(re.escape(line) + r"(\.\d+|[a-z]+)?$",
                    version) is not None


def newest_of_line(sources, line):
    """The Source, or None."""
    return max((source for source in sources
                if is_of_line(source.version, line)),
               key=lambda source: version_key(source.version), default=None)


def lines_not_pinned(sources, lines):
    """Those that are newer than all that are pinned, such as ["4.1"]."""
    found = {".".join(source.version.split(".")[:2]) for source in sources}
    return sorted((line for line in found if newest_of_line(sources, line)
                   and all(numbers(line) > numbers(known)
                           for known in lines)), key=numbers)


def release_of(source, pinned):
    """The Release to pin in the place of another."""
    return openssl.Release(
        source.version, pinned.url.replace(pinned.version, source.version),
        source.sha256, pinned.options)


def try_to_fetch(release, progress):
    """Whether its source can be had now; it is kept for the build then."""
    try:
        openssl.fetch(release, progress)
    except Failure:
        return False
    return True


def openssl_rows(sources, can_be_fetched):
    """The table, and whether a pinned release is older than the newest.
    can_be_fetched is called with each Release that is newer."""
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
                    "wait: its source cannot be fetched yet")
        rows.append(Row(line, pinned.version, source.version if source
                        else "not listed", what))
    for line in lines_not_pinned(sources, releases):
        rows.append(Row(line, "-", newest_of_line(sources, line).version,
                        "a new line: add it"))
    return rows, is_old


# Python

def known_surface():
    """("3.15", what its file says)."""
    path = max(glob.glob(os.path.join(SURFACES, "*.json")),
               key=lambda path: numbers(os.path.basename(path)))
    with open(path) as stream:
        return os.path.basename(path)[:-len(".json")], json.load(stream)


def without_defaults(signature):
    """"a, b=" of "a, b=None"."""
    return ", ".join("".join(part.partition("=")[:2])
                     for part in signature.split(", ") if part)


def changes(known, found):
    """What surface.py has found that the file does not say, as lines."""
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
    """What ci/check/surface.py finds in the tree."""
    debian.check_root()
    output = subprocess.check_output(newest.the_tree(progress).command(
        ["python" + newest.PYTHONS[-1], LISTING], "/",
        [(environments.ROOT, environments.ROOT)]),
        env=environments.clean_environ())
    return json.loads(output.decode())


def python_rows(sources, found):
    """What Debian lists, with what is known here; found may be None."""
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
        what = "make the tree of ci/shared/newest.py anew, and ask again"
    return [Row("python" + line, tree, source.version, what)]


def surface_rows(found):
    name, known = known_surface()
    if found is None:
        return [Row("surface", name, "?", "ask again as root, with "
                    "debootstrap")]
    if not found["python"].startswith(name + "."):
        return [Row("surface", name, found["python"],
                    "a file for it in tests/surface")]
    lines = changes(known, found)
    return ([Row("surface", name, found["python"],
                 NOTHING if not lines else "add to the package and to "
                 "tests/surface/%s.json:" % name)]
            + [Row("", "", "", line) for line in lines])


# Packages

def fits(marker, python):
    """Whether "python_version < '3.8' and ..." holds for "3.7"."""
    compare = {"<": lambda a, b: a < b, ">=": lambda a, b: a >= b,
               "==": lambda a, b: a == b}
    return all(compare[sign](numbers(python), numbers(version))
               for sign, version in re.findall(
                   r"python_version (<|>=|==) \"([\d.]+)\"", marker))


def read_pins(text, oldest, file):
    """[Pin] of a requirements file, each with the oldest Python it is for."""
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
    """What pip prints, "" if it fails."""
    process = subprocess.run(
        [environments.tools_python(), "-m", "pip"] + list(arguments),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        universal_newlines=True, env=environments.clean_environ())
    return process.stdout if process.returncode == 0 else ""


def listed_version(name, python):
    """The newest version that the index has for a Python, or None."""
    match = re.match(r"\S+ \((\S+)\)",
                     pip("index", "versions", name, "--python-version",
                         python))
    return match.group(1) if match else None


def fetched_version(name, python):
    """The same by what packages say: an index may not tell which Python they
    are for.  None where there is no wheel."""
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
    """Those that are not the newest, and a line for all."""
    environments.make_tools(progress)
    found = pins()
    with concurrent.futures.ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        versions = list(pool.map(newest_version, found))
    rows = []
    for pin, version in zip(found, versions):
        if version is None:
            rows.append(Row(pin.name, pin.version, "?", "pip tells nothing"))
        elif version_key(version) > version_key(pin.version):
            rows.append(Row(pin.name, pin.version, version, "%s, for %s"
                            % (pin.file, pin.python)))
    rows.append(Row("%d pins" % len(found), "", "", "%d are the newest"
                    % (len(found) - len(rows))))
    return rows


# All of it

def show(title, rows):
    """A table; its columns are those of all others."""
    print("\n%-20s %-17s %-17s %s" % (title, "here", "newest", "to do"))
    for row in rows:
        print(("%-20s %-17s %-17s %s" % row).rstrip())


def main():
    progress = environments.Progress()
    try:
        found = look_at_newest(progress)
    except (Failure, OSError, subprocess.CalledProcessError) as failure:
        print("The newest Python was not looked at: %s" % failure)
        found = None
    try:
        progress.say("Debian", "its indices are being read")
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
    progress.say("Packages", "pip is being asked for the newest")
    packages = package_rows(progress)
    if sources is not None:
        show("OpenSSL", rows)
        show("Python", python_rows(sources, found) + surface_rows(found))
    show("Packages", packages)
    return status


if __name__ == "__main__":
    sys.exit(main())
