"""Makes ci/build/openssl.proftext, the profile for the build of the wheels.

    python3 -m ci.build.make_profile

It takes some minutes, most of them for a build of OpenSSL that counts how
often each part of its code runs.  ci/build/handshakes.py then runs with this
OpenSSL.  The script needs llvm-profdata and LLVM's profiling library, in the
version of LLVM that zig contains: on Debian the packages llvm-22 and
libclang-rt-22-dev.
"""

import os
import subprocess
import sys

from ci.build import openssl, profiles, targets, wheels
from ci.shared import environments
from ci.shared.environments import Failure

FOLDER = os.path.join(environments.BUILD, "profile")
HANDSHAKES = os.path.join(environments.CI, "build", "handshakes.py")
CERTS = os.path.join(environments.ROOT, "tests", "certs")

COUNT = ["-fprofile-generate", "-fprofile-update=atomic"]
RUNTIME = "/usr/lib/llvm-%s/lib/clang/%s/lib/linux/libclang_rt.profile-%s.a"

# The profile omits a function if each of its blocks ran less often than this.
# handshakes.py makes as many new handshakes with each chain and version.
LEAST = 60

NO_LLVM = """\
%s is missing.  To install it:

    Debian:  apt-get install llvm-%s libclang-rt-%s-dev"""


def llvm():
    """The major version of the LLVM that zig contains, as text."""
    output = subprocess.check_output(["zig-cc", "--version"],
                                     universal_newlines=True)
    return output.split("clang version ")[1].split(".")[0]


def find_llvm(version):
    """The paths of (llvm-profdata, LLVM's profiling library)."""
    paths = ("/usr/bin/llvm-profdata-" + version,
             RUNTIME % (version, version, targets.this()))
    for path in paths:
        if not os.path.exists(path):
            raise Failure(NO_LLVM % (path, version, version))
    return paths


def set_up(interpreter, progress):
    """Make an environment whose backport is linked with a counting OpenSSL.

    Returns the paths of (llvm-profdata, the environment's Python).
    """
    wheels.make_tools(progress)
    compiler = wheels.zig(targets.find(targets.this()))
    profdata, runtime = find_llvm(llvm())
    prefix = openssl.build(openssl.in_wheels(), compiler._replace(
        name="zig-profile", options=compiler.options + COUNT, profile=None),
        progress)
    os.environ.update(
        OPENSSL_DIR=prefix, CC="zig-cc", CPPFLAGS=wheels.HEADERS,
        LDSHARED="zig-cc -shared -Wl,-u,__llvm_profile_runtime " + runtime)
    folder = os.path.join(FOLDER, "python" + interpreter.name)
    environments.make_environment(interpreter, folder, progress)
    environments.install_project(interpreter, folder, progress)
    return profdata, environments.python_of(folder)


def count(profdata, python):
    """Run ci/build/handshakes.py.  Returns the Functions that ran often."""
    raw = os.path.join(FOLDER, "counts.profraw")
    text = os.path.join(FOLDER, "counts.proftext")
    environments.run(
        ["env", "LLVM_PROFILE_FILE=" + raw, python, "-m", "_ssl_backport",
         HANDSHAKES, CERTS], "profile-run.log")
    environments.run([profdata, "merge", "--text", "-o", text, raw],
                     "profile-merge.log")
    with open(text) as stream:
        functions = profiles.parse(stream.read())
    return sorted(function for function in functions
                  if max(function.counts) >= LEAST)


def main():
    progress = environments.Progress()
    try:
        interpreter = environments.find("2.7")
        if interpreter is None:
            raise Failure(environments.NO_PYTHON27)
        functions = count(*set_up(interpreter, progress))
    except Failure as failure:
        return "\n%s" % failure
    with open(profiles.TEXT, "w") as stream:
        stream.write(profiles.write(functions))
    progress.say("Profile", "%d functions" % len(functions))
    return 0


if __name__ == "__main__":
    sys.exit(main())
