"""Proves what is in the file of a wheel, without installing it, in a second.

    python -m ci.check.wheel_file WHEEL FORBIDDEN_PATH...

The Python that runs this has the tools of ci/requirements/wheel-tools.txt.
The paths are those of the machine that built it: none may be in any file.
"""

import io
import os
import re
import sys
import zipfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from ci.build import targets

# Those that each of the tags allows.
LIBRARIES = re.compile(
    r"lib(c|dl|pthread|m|rt)\.so\.\d+$|ld-linux.*\.so\.\d+$")
INIT = {"2": "init__ssl_backport", "3": "PyInit___ssl_backport"}

# OpenSSL names its sources in its errors: this one is there with kTLS only.
KTLS = b"ktls_meth.c"

# A link or an image of the README that leads nowhere without its neighbours.
RELATIVE = re.compile(r"<[^:>]+>`_|\.\. image:: [^:\n]+$", re.MULTILINE)

LICENCES = ["LICENSE", "LICENSE.OpenSSL.txt"]


class Wheel(object):
    """A wheel's files, its extension module, and what is wrong with it."""

    def __init__(self, path):
        self.name = os.path.basename(path)
        self.target = targets.find(targets.arch_of(path))
        with zipfile.ZipFile(path) as archive:
            self.files = {name: archive.read(name)
                          for name in archive.namelist()}
        self.binary, = [data for name, data in self.files.items()
                        if re.match(r"__ssl_backport[^/]*\.so$", name)]
        self.elf = ELFFile(io.BytesIO(self.binary))
        self.problems = []

    @property
    def tags(self):
        """["manylinux1", ...]: what the name promises."""
        systems = self.name[:-len(".whl")].split("-")[-1]
        return [system.partition("_")[0] for system in systems.split(".")]

    def demand(self, condition, problem):
        if not condition:
            self.problems.append(problem)

    def information(self, pattern):
        """{name: data} of files in .dist-info."""
        return {name: data for name, data in self.files.items()
                if re.search(r"\.dist-info/" + pattern + "$", name)}


def check_tags(wheel):
    """One wheel for both widths of unicode and every old glibc on 2.7."""
    python, abi, _ = wheel.name[:-len(".whl")].split("-")[2:]
    wanted = wheel.target.tags if python == "cp27" else ["manylinux2014"]
    wheel.demand(set(wanted) <= set(wheel.tags),
                 "of its tags are only %s" % ", ".join(wheel.tags))
    wheel.demand(abi == "none" if python == "cp27" else abi.startswith(python),
                 "the ABI is %s" % abi)
    declared, = wheel.information("WHEEL").values()
    wheel.demand(set(re.findall(r"^Tag: (\S+)", declared.decode(), re.M))
                 == {"%s-%s-%s_%s" % (python, abi, tag, wheel.target.arch)
                     for tag in wheel.tags},
                 "WHEEL has other tags than the name")


def check_symbols(wheel):
    symbols = list(wheel.elf.get_section_by_name(".dynsym").iter_symbols())
    shown = {symbol.name for symbol in symbols
             if symbol["st_shndx"] != "SHN_UNDEF"}
    init = INIT[re.search(r"-cp(\d)", wheel.name).group(1)]
    wheel.demand(shown == {init}, "it exports %s" % ", ".join(shown))
    wide = [symbol.name for symbol in symbols
            if symbol.name.startswith("PyUnicodeUCS")]
    wheel.demand(not wide, "it needs %s" % ", ".join(wide))
    check_undefined(wheel, symbols)


def check_undefined(wheel, symbols):
    """The linker leaves without a version what it found in no library: that
    must be Python's, or weak."""
    versions = wheel.elf.get_section_by_name(".gnu.version")
    lost = [symbol.name for number, symbol in enumerate(symbols)
            if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name
            and symbol["st_info"]["bind"] == "STB_GLOBAL"
            and not symbol.name.startswith(("Py", "_Py"))
            and versions.get_symbol(number)["ndx"] in ("VER_NDX_LOCAL",
                                                       "VER_NDX_GLOBAL")]
    wheel.demand(not lost, "no library has %s" % ", ".join(lost))


def check_libraries(wheel):
    tags = [tag for section in wheel.elf.iter_sections()
            if isinstance(section, DynamicSection)
            for tag in section.iter_tags()]
    needed = [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"]
    foreign = [name for name in needed if not LIBRARIES.match(name)]
    wheel.demand(not foreign, "it needs %s" % ", ".join(foreign))
    wheel.demand(not [tag for tag in tags
                      if tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH")],
                 "it has a run path")


def check_glibc(wheel):
    versions = {auxiliary.name for section in wheel.elf.iter_sections()
                if isinstance(section, GNUVerNeedSection)
                for _, auxiliaries in section.iter_versions()
                for auxiliary in auxiliaries}
    wheel.demand(versions, "it needs no version of glibc")
    oldest = min(targets.GLIBC[tag] for tag in wheel.tags)
    for name in versions:
        numbers = tuple(int(number) for number in re.findall(r"\d+", name))
        wheel.demand(name.startswith("GLIBC_") and numbers <= oldest,
                     "it needs %s" % name)


def check_contents(wheel, forbidden):
    wheel.demand(KTLS in wheel.binary, "kTLS is not compiled in")
    for name, data in wheel.files.items():
        for path in forbidden:
            wheel.demand(path.encode() not in data,
                         "%s mentions %s" % (name, path))


def check_papers(wheel):
    for licence in LICENCES:
        found = wheel.information("(licenses/)?" + re.escape(licence))
        wheel.demand(found, "%s is missing" % licence)
    metadata, = wheel.information("METADATA").values()
    wheel.demand(not RELATIVE.search(metadata.decode("utf-8")),
                 "its description has links to files beside it")
    boms = wheel.information(r"sboms/[^/]+\.cdx\.json")
    wheel.demand(boms, "there is no SBOM")
    for name, data in boms.items():
        error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(
            data.decode("utf-8"))
        wheel.demand(error is None, "%s: %s" % (name, error))


def main():
    wheel = Wheel(sys.argv[1])
    check_tags(wheel)
    check_symbols(wheel)
    check_libraries(wheel)
    check_glibc(wheel)
    check_contents(wheel, sys.argv[2:])
    check_papers(wheel)
    return "\n".join("%s: %s" % (wheel.name, problem)
                     for problem in wheel.problems) or 0


if __name__ == "__main__":
    sys.exit(main())
