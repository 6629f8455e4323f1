"""make check-rooms: no circle among the rooms of Modules/.  Prints the layers.

    python3 -m ci.check.rooms [FOLDER_OF_OBJECT_FILES...]

A room is NAME.c with NAME.h.  A room uses another room by including its
header.  This script proves:

- No chain of includes leads back to the room that it began in.
- A .c file includes its own header first.  A header includes pycompat.h first,
  so each header can be compiled alone, and Python.h precedes other headers.
- A file, or its own header, includes the header of each name that it uses, and
  no header of which it uses no name.
- docs/architecture.rst and its figure show each room.

With folders of object files, such as make test leaves in
.build/python2.7/project/build/temp.*/Modules, it also proves that no object
file uses a symbol of a room whose header its source does not include.  It
takes less than a second.
"""

import collections
import glob
import os
import re
import subprocess
import sys

from ci.shared.environments import ROOT

MODULES = os.path.join(ROOT, "Modules")

# The files in docs/ that show all rooms.
PAGES = ["architecture.rst", "rooms.svg"]

# Headers whose names are mostly those of Python and OpenSSL.
COMPAT = ["pycompat", "opensslcompat"]

INCLUDE = re.compile(r'^#include "(\w+)\.h"$', re.MULTILINE)
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.DOTALL)

STRUCT = re.compile(r"\bstruct \w+")

# Declarations of a header, after comments and strings are removed.
DECLARED = [re.compile(pattern, re.MULTILINE) for pattern in (
    r"^(?!#)(?:\w.*?[\s*]|)(sslb_\w+)\(",       # a function
    r"^typedef .*?\b(sslb_\w+);", r"^\} (sslb_\w+);",
    r"^extern \w+ (sslb_\w+)",
    r"^#define (SSLB_\w+)(?!\w)(?!$)",          # not the guard of a header
)]
ENUM = re.compile(r"\benum (?:\w+ )?\{(.*?)\}", re.DOTALL)


class Source(object):
    """A file of Modules/."""

    def __init__(self, path):
        self.name = os.path.basename(path)
        self.room = os.path.splitext(self.name)[0]
        with open(path) as stream:
            text = stream.read()
        self.includes = INCLUDE.findall(text)
        self.code = COMMENT_OR_TEXT.sub(" ", text)
        # A file may point to a struct without including its definition.
        self.words = set(re.findall(r"\w+", STRUCT.sub(" ", self.code)))

    def declared(self):
        """The names that a header declares, without those of others."""
        names = {name for pattern in DECLARED
                 for name in pattern.findall(self.code)}
        for members in ENUM.findall(self.code):
            names.update(re.findall(r"\b[A-Z]\w+", members))
        return names


def sources(suffix):
    """The files with that suffix, by room."""
    found = [Source(path)
             for path in sorted(glob.glob(os.path.join(MODULES, suffix)))]
    return {source.room: source for source in found}


def named_by(source, headers):
    """The rooms whose headers a file or its own header includes."""
    own = headers.get(source.room)
    return set(source.includes) | set(own.includes if own else [])


def faults_of_order(files, headers):
    for source in files.values():
        first = source.room if source.room in headers else "pycompat"
        if source.includes[0] != first:
            yield "%s does not include %s.h first" % (source.name, first)
    for source in headers.values():
        if source.includes and source.includes[0] != "pycompat":
            yield "%s does not include pycompat.h first" % source.name


def faults_of_names(files, headers):
    declared = {room: header.declared() for room, header in headers.items()}
    for source in list(files.values()) + list(headers.values()):
        named = named_by(source, headers)
        for room in sorted(set(headers) - {source.room}):
            used = sorted(declared[room] & source.words)
            if used and room not in named:
                yield "%s uses %s and does not include %s.h" % (
                    source.name, used[0], room)
            if (not used and declared[room] and room not in COMPAT
                    and room in source.includes):
                yield "%s includes %s.h and uses no name of it" % (
                    source.name, room)


def faults_of_pages(rooms):
    for page in PAGES:
        with open(os.path.join(ROOT, "docs", page)) as stream:
            words = set(re.findall(r"\w+", stream.read()))
        for room in sorted(rooms - words):
            yield "docs/%s does not show %s" % (page, room)


def symbols(folder):
    """(defined, undefined): the names of each object file, by room."""
    defined = collections.defaultdict(set)
    undefined = collections.defaultdict(set)
    output = subprocess.check_output(
        ["nm", "-A", "-P"] + glob.glob(os.path.join(folder, "*.o")),
        universal_newlines=True)
    for line in output.splitlines():
        path, name, kind = line.split()[:3]
        room = os.path.basename(path).split(".")[0]
        if kind == "U":
            undefined[room].add(name)
        elif kind.isupper():
            defined[room].add(name)
    return defined, undefined


def faults_of_objects(folder, arrows):
    defined, undefined = symbols(folder)
    owners = {name: room for room, names in defined.items() for name in names}
    for room, names in sorted(undefined.items()):
        for name in sorted(names):
            owner = owners.get(name, room)
            if owner != room and owner not in arrows.get(room, ()):
                yield "%s.o uses %s of %s.o, whose header %s.c does not " \
                    "include" % (room, name, owner, room)


def circle(arrows):
    """The rooms of a circle, in order, or None."""
    done = set()

    def walk(room, path):
        if room in path:
            return path[path.index(room):] + [room]
        if room in done:
            return None
        done.add(room)
        found = [walk(other, path + [room]) for other in sorted(arrows[room])]
        return next((way for way in found if way), None)

    found = [walk(room, []) for room in sorted(arrows)]
    return next((way for way in found if way), None)


def layers(arrows):
    """Lists of rooms, lowest first: each room is above the rooms it uses."""
    heights = {}

    def height(room):
        if room not in heights:
            heights[room] = max([height(other) + 1
                                 for other in arrows[room]] or [0])
        return heights[room]

    for room in arrows:
        height(room)
    return [sorted(room for room in arrows if heights[room] == level)
            for level in range(max(heights.values()) + 1)]


def main(folders):
    files, headers = sources("*.c"), sources("*.h")
    arrows = {
        room: named_by(files.get(room) or headers[room], headers) - {room}
        for room in set(files) | set(headers)}
    faults = list(faults_of_order(files, headers))
    faults += faults_of_names(files, headers)
    faults += faults_of_pages(set(arrows))
    for folder in folders:
        faults += faults_of_objects(folder, arrows)
    way = circle(arrows)
    if way:
        faults.append("a circle: " + " -> ".join(way))
    else:
        for level, rooms in reversed(list(enumerate(layers(arrows)))):
            print("%2d  %s" % (level, ", ".join(rooms)))
    for fault in faults:
        print(fault)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
