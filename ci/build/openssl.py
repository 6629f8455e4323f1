"""Makes static OpenSSLs from the pinned sources of ci/build/openssl.json.

    python3 -m ci.build.openssl 3.5 4.0       # prints where each is
    python3 -m ci.build.openssl 3.0.20        # an earlier release of a line

They are kept outside the tree, in SSLB_CACHE or ~/.cache/ssl-backport, and
built again when the source, the options or the compiler change.  Each takes
some minutes.
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

# Where the parts of OpenSSL that are on no disk would be: the same for every
# builder.  Its settings and certificates are in /etc/ssl, if anywhere.
FOLDERS = ["--prefix=/usr", "--libdir=lib", "--openssldir=/etc/ssl"]
CFLAGS = ["-fPIC", "-fvisibility=hidden", "-O2", "-g0"]
JOBS = 2

# The profile's name in the folder of the source: with no folder, as OpenSSL
# keeps its compiler's options.
PROFILE = "openssl.profdata"

DOWNLOAD_SECONDS = 60

# Debian's source package holds upstream's file, under one of these names: the
# second is that of the archive of security updates.
DEBIAN_POOLS = ["pool/main/o/openssl/openssl_%s.orig.tar.gz",
                "pool/updates/main/o/openssl/openssl_%s.orig.tar.gz"]

WRONG_SHA256 = """\
%s is not the file that ci/build/openssl.json names: its sha256 is
    %s
and should be
    %s
It was not used."""

UNREACHABLE = """\
OpenSSL %s could not be fetched: neither from
    %s
(%s)
nor from a Debian archive that this machine's apt knows.  Put the file at
    %s
and start again; its sha256 is checked."""

Release = collections.namedtuple("Release", "version url sha256 options")
# target is what OpenSSL's Configure is told, options what more for it, profile
# the text of a profile (see ci/build/profiles.py) or None.
Compiler = collections.namedtuple(
    "Compiler", "name variables version target options profile")


def read_sources():
    with open(SOURCES) as stream:
        return json.load(stream)


def in_wheels():
    """The name, such as "3.5", of the release that the wheels hold."""
    return read_sources()["wheels"]


def releases():
    """{"3.5": Release}: the newest of each line, in the order of the file."""
    data = read_sources()
    return {line: make_release(data, line, release)
            for line, release in data["releases"].items()}


def earlier_releases():
    """{"3.0.20": Release}, built as the newest of its line is."""
    data = read_sources()
    return {release["version"]: make_release(data, line, release)
            for line, of_line in data["earlier"].items()
            for release in of_line}


def make_release(data, line, release):
    return Release(release["version"], release["url"], release["sha256"],
                   data["options"] + data["releases"][line]["options"])


def release(name):
    """The Release called "3.5", the newest of that line, or "3.0.20"."""
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
        raise Failure("The C compiler %r could not be run. To get one:\n\n"
                      "    Debian, Ubuntu:  apt-get install gcc libc6-dev "
                      "make perl\n"
                      "    RHEL, Fedora:    dnf install gcc make perl" % name)
    return Compiler("native", {"CC": name}, version.splitlines()[0],
                    "linux-" + platform.machine(), [], None)


@contextlib.contextmanager
def only_one(path):
    """Wait until no other process holds this lock file, then hold it."""
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
    """Remove the file and fail unless it is the one that is wanted."""
    found = sha256_of(path)
    if found != wanted:
        os.remove(path)
        raise Failure(WRONG_SHA256 % (path, found, wanted))


def fetch(wanted, progress):
    """The path of the source of a Release, fetched once."""
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
        progress.say("OpenSSL", "%s fetched from %s" % (wanted.version,
                                                        origin))
    check(path, wanted.sha256)
    return path


def download(url, path):
    """OSError (of which URLError is one) if that fails."""
    with urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS) as answer:
        with open(path, "wb") as stream:
            shutil.copyfileobj(answer, stream)


def download_from_debian(wanted, path):
    """Fetch the source with apt, which knows how to reach an archive from
    here; False where that cannot be done."""
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
    """The folder with include and lib of OpenSSL "3.5", built if it is not
    there."""
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
    progress.say("OpenSSL", "%s is being built, which takes minutes"
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
        # the date in the library is the release's, not today's
        date = int(os.path.getmtime(os.path.join(work, "Configure")))
        environments.run(["env", "SOURCE_DATE_EPOCH=%d" % date,
                          "make", "-s", "-j%d" % JOBS, "build_libs"],
                         log % "build", work)
        environments.run(["make", "-s", "install_dev", "DESTDIR=" + folder],
                         log % "install", work)
        # for the licence of what is linked in
        shutil.copy2(os.path.join(work, licence(wanted)),
                     os.path.join(folder, "LICENSE.OpenSSL.txt"))
    progress.say("OpenSSL", "%s built" % wanted.version)


def use_profile(compiler, work):
    """The options with which the compiler uses the profile, which is put
    beside the source."""
    if compiler.profile is None:
        return []
    with open(os.path.join(work, PROFILE), "wb") as stream:
        stream.write(profiles.indexed(profiles.parse(compiler.profile)))
    # the warning says of each function that it is another than the profile's,
    # or that the profile has none of the values that ci/build/profiles.py
    # leaves out
    return ["-fprofile-use=" + PROFILE, "-Wno-backend-plugin"]


def licence(wanted):
    return ("LICENSE" if wanted.version.startswith("1.1.1")
            else "LICENSE.txt")


def check_ktls(wanted, work):
    """Configure drops kTLS without a word if its probe fails."""
    if "enable-ktls" not in wanted.options:
        return
    output = subprocess.check_output(
        ["perl", "configdata.pm", "--options"], cwd=work,
        universal_newlines=True)
    enabled = output.split("Disabled features")[0]
    if not re.search(r"^\s*ktls$", enabled, re.MULTILINE):
        raise Failure("OpenSSL %s was configured without kTLS: the headers "
                      "of Linux 4.13 or later are missing."
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
