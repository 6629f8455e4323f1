"""Makes ci/build/openssl.proftext, the profile that wheels are built with.

    python3 -m ci.build.make_profile

OpenSSL is built such that it counts what runs, and ci/build/handshakes.py is
run with it.  Needs what LLVM has for that, of the version that zig is built
from: on Debian the packages llvm-22 and libclang-rt-22-dev.
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

# A function is left out if no part of it ran for each handshake of a kind.
LEAST = 60

NO_LLVM = """\
%s is missing.  To get it:

    Debian:  apt-get install llvm-%s libclang-rt-%s-dev"""


def llvm():
    """The number of the LLVM that zig is built from, as text."""
    output = subprocess.check_output(["zig-cc", "--version"],
                                     universal_newlines=True)
    return output.split("clang version ")[1].split(".")[0]


def find_llvm(version):
    """(llvm-profdata, the library that counts)"""
    paths = ("/usr/bin/llvm-profdata-" + version,
             RUNTIME % (version, version, targets.this()))
    for path in paths:
        if not os.path.exists(path):
            raise Failure(NO_LLVM % (path, version, version))
    return paths


def set_up(interpreter, progress):
    """(llvm-profdata, a Python whose backport counts)"""
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
    """The Functions that ran often."""
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
