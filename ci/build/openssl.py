"""Makes static OpenSSLs from the pinned sources of ci/build/openssl.json.

    python3 -m ci.build.openssl 3.5 4.0       # prints the folder of each
    python3 -m ci.build.openssl 3.0.20        # an earlier release of a line

Each build takes some minutes.  It goes to SSLB_CACHE or ~/.cache/ssl-backport.
Later runs use the same build, unless the source, the options or the compiler
have changed.
"""

import collections
import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from ci.build import profiles
from ci.shared import debian_index, environments
from ci.shared.environments import Failure

SOURCES = os.path.join(environments.CI, "build", "openssl.json")

# The libraries contain these paths, so they are the same on each machine.
# OpenSSL reads its configuration and default certificates from /etc/ssl.
FOLDERS = ["--prefix=/usr", "--libdir=lib", "--openssldir=/etc/ssl"]
CFLAGS = ["-fPIC", "-fvisibility=hidden", "-O2", "-g0"]
JOBS = 2

# The profile's path, relative to OpenSSL's source.  The libraries contain the
# compiler's options, so the path must be the same on each machine.
PROFILE = "openssl.profdata"

DOWNLOAD_SECONDS = 60

# The paths of upstream's file in Debian's archive, and in Debian's archive of
# security updates.
DEBIAN_POOLS = ["pool/main/o/openssl/openssl_%s.orig.tar.gz",
                "pool/updates/main/o/openssl/openssl_%s.orig.tar.gz"]

WRONG_SHA256 = """\
%s has been removed: it is not the file that ci/build/openssl.json pins.  Its
sha256 is
    %s
and should be
    %s"""

UNREACHABLE = """\
OpenSSL %s could not be downloaded, neither from
    %s
(%s)
nor from a Debian archive in this machine's apt configuration.  Put the file at
    %s
and start again.  This script then checks its sha256."""

Release = collections.namedtuple("Release", "version url sha256 options")
# target, options: arguments of OpenSSL's Configure.  variables: its variables,
# such as CC.  profile: the text of a profile (see ci/build/profiles.py), or
# None.
Compiler = collections.namedtuple(
    "Compiler", "name variables version target options profile")


def read_sources():
    with open(SOURCES) as stream:
        return json.load(stream)


def in_wheels():
    """The line, such as "3.5", of the OpenSSL in the wheels."""
    return read_sources()["wheels"]


def releases():
    """{"3.5": Release}: the pinned release of each line, in the order of the
    file."""
    data = read_sources()
    return {line: make_release(data, line, release)
            for line, release in data["releases"].items()}


def earlier_releases():
    """{"3.0.20": Release}: the earlier releases, with the options of their
    line."""
    data = read_sources()
    return {release["version"]: make_release(data, line, release)
            for line, of_line in data["earlier"].items()
            for release in of_line}


def make_release(data, line, release):
    return Release(release["version"], release["url"], release["sha256"],
                   data["options"] + data["releases"][line]["options"])


def release(name):
    """The Release for the name of a line, such as "3.5", or for the version
    of an earlier release, such as "3.0.20"."""
    known = dict(releases(), **earlier_releases())
    try:
        return known[name]
    except KeyError:
        raise Failure("OpenSSL %s is not in ci/build/openssl.json, which has "
                      "%s." % (name, ", ".join(known)))


def native():
    """The Compiler of this machine."""
    name = os.environ.get("CC", "cc")
    try:
        version = subprocess.check_output([name, "--version"],
                                          universal_newlines=True)
    except (OSError, subprocess.CalledProcessError):
        raise Failure("The C compiler %r could not be started. To install "
                      "one:\n\n"
                      "    Debian, Ubuntu:  apt-get install gcc libc6-dev "
                      "make perl\n"
                      "    RHEL, Fedora:    dnf install gcc make perl" % name)
    return Compiler("native", {"CC": name}, version.splitlines()[0],
                    "linux-" + platform.machine(), [], None)


@contextlib.contextmanager
def only_one(path):
    """Hold the lock of a file.  Waits for other processes that hold it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


# Fetching the source

def sha256_of(path):
    result = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            result.update(block)
    return result.hexdigest()


def check(path, wanted):
    """Remove the file and raise Failure, unless its sha256 is as wanted."""
    found = sha256_of(path)
    if found != wanted:
        os.remove(path)
        raise Failure(WRONG_SHA256 % (path, found, wanted))


def fetch(wanted, progress):
    """The path of a Release's source, which is downloaded if missing."""
    path = os.path.join(environments.cache(), "sources",
                        "openssl-%s.tar.gz" % wanted.version)
    if not os.path.exists(path):
        part = path + ".part"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            download(wanted.url, part)
            origin = "upstream"
        except OSError as error:
            if not download_from_debian(wanted, part):
                raise Failure(UNREACHABLE % (wanted.version, wanted.url,
                                             error, path))
            origin = "Debian's source package"
        check(part, wanted.sha256)
        os.rename(part, path)
        progress.say("OpenSSL", "%s downloaded from %s" % (wanted.version,
                                                           origin))
    check(path, wanted.sha256)
    return path


def download(url, path):
    """Download a file.  Raises OSError, such as URLError, if that fails."""
    with urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS) as answer:
        with open(path, "wb") as stream:
            shutil.copyfileobj(answer, stream)


def download_from_debian(wanted, path):
    """Download the source with apt, whose configuration names archives that
    this machine reaches.  False if no archive has the source."""
    if not os.path.exists(debian_index.APT_HELPER):
        return False
    for archive, pool in itertools.product(debian_index.archives(),
                                           DEBIAN_POOLS):
        command = [debian_index.APT_HELPER, "download-file",
                   archive + pool % wanted.version, path]
        if subprocess.call(command, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL) == 0:
            return True
    return False


# Building

def build(name, compiler, progress):
    """Build an OpenSSL, unless that was done.

    name: as in release().
    Returns the folder that contains include and lib.
    """
    wanted = release(name)
    label = "openssl-%s-%s" % (wanted.version, compiler.name)
    folder = os.path.join(environments.cache(), label)
    stamp = os.path.join(folder, "made-of")
    made_of = environments.digest(wanted, compiler, FOLDERS, CFLAGS)
    with only_one(os.path.join(environments.cache(), "locks", label)):
        if not environments.is_done(stamp, made_of):
            shutil.rmtree(folder, ignore_errors=True)
            compile_into(folder, wanted, compiler, progress)
            environments.set_done(stamp, made_of)
    return os.path.join(folder, "usr")


def compile_into(folder, wanted, compiler, progress):
    source = fetch(wanted, progress)
    progress.say("OpenSSL", "building %s, which takes minutes"
                 % wanted.version)
    log = os.path.basename(folder) + "-%s.log"
    with tempfile.TemporaryDirectory(dir=environments.cache()) as work:
        shutil.unpack_archive(source, work)
        work = os.path.join(work, "openssl-" + wanted.version)
        variables = ["%s=%s" % item for item in compiler.variables.items()]
        environments.run(
            ["perl", "Configure", compiler.target] + variables + FOLDERS +
            wanted.options + compiler.options + CFLAGS +
            use_profile(compiler, work),
            log % "configure", work)
        check_ktls(wanted, work)
        # the library contains the date of the release, not of the build
        date = int(os.path.getmtime(os.path.join(work, "Configure")))
        environments.run(["env", "SOURCE_DATE_EPOCH=%d" % date,
                          "make", "-s", "-j%d" % JOBS, "build_libs"],
                         log % "build", work)
        environments.run(["make", "-s", "install_dev", "DESTDIR=" + folder],
                         log % "install", work)
        # a wheel must contain the licence of the OpenSSL in it
        shutil.copy2(os.path.join(work, licence(wanted)),
                     os.path.join(folder, "LICENSE.OpenSSL.txt"))
    progress.say("OpenSSL", "%s built" % wanted.version)


def use_profile(compiler, work):
    """Write the profile beside the source, and return the options with which
    the compiler uses it."""
    if compiler.profile is None:
        return []
    with open(os.path.join(work, PROFILE), "wb") as stream:
        stream.write(profiles.indexed(profiles.parse(compiler.profile)))
    # the warnings name functions that differ from those of the profile, and
    # functions without the values that ci/build/profiles.py leaves out
    return ["-fprofile-use=" + PROFILE, "-Wno-backend-plugin"]


def licence(wanted):
    return ("LICENSE" if wanted.version.startswith("1.1.1")
            else "LICENSE.txt")


def check_ktls(wanted, work):
    """Raise Failure if OpenSSL's Configure has disabled kTLS.

    It does so silently if the kernel's headers are missing.
    """
    if "enable-ktls" not in wanted.options:
        return
    output = subprocess.check_output(
        ["perl", "configdata.pm", "--options"], cwd=work,
        universal_newlines=True)
    enabled = output.split("Disabled features")[0]
    if not re.search(r"^\s*ktls$", enabled, re.MULTILINE):
        raise Failure("OpenSSL %s cannot be built with kTLS: the headers of "
                      "Linux 4.13 or later are missing."
                      % wanted.version)


def main():
    progress = environments.Progress()
    try:
        compiler = native()
        for name in sys.argv[1:] or releases():
            prefix = build(name, compiler, progress)
            progress.say("OpenSSL", "%s is in %s" % (name, prefix))
    except Failure as failure:
        return "\n%s" % failure
    return 0


if __name__ == "__main__":
    sys.exit(main())
