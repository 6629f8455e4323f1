"""Who is measured: the floor, and Pythons with their ways to TLS.

Everything is made in .build/bench: the C programs, with the system's
compiler and OpenSSL; an environment for each Python with the backport; one
with pyOpenSSL.  The stock `ssl` is that of the interpreters as they are.
"""

import collections
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from ci.build import openssl  # noqa: E402
from ci.shared import environments  # noqa: E402
from ci.shared.environments import Failure  # noqa: E402

FOLDER = os.path.join(environments.BUILD, "bench")
OF_TESTS = os.path.join(environments.ROOT, "tests", "certs")
WORKER = os.path.join(HERE, "worker.py")
PYOPENSSL = os.path.join(HERE, "requirements-pyopenssl.txt")
REQUESTS = os.path.join(HERE, "requirements-requests.txt")

# What workers are given, side by side: certificates, and requests with what
# it needs.
CERTS = os.path.join(FOLDER, "certs")
PACKAGES = os.path.join(FOLDER, "packages")

SERVER = os.path.join(OF_TESTS, "localhost-ec.pem")

NO_COMPILER = """\
The C programs need a compiler and the headers of OpenSSL.  To get them:

    Debian, Ubuntu:  apt-get install gcc libc6-dev libssl-dev
    RHEL, Fedora:    dnf install gcc openssl-devel"""

# command: what starts a worker, without the work, the size and the number of
# connections.
Contestant = collections.namedtuple("Contestant", "name command")

# "wheel" is the backport with the OpenSSL of the wheels; "wheel-x25519" does
# without the group for the key exchange that it prefers.
NAMES = ["C", "ours 2.7", "ours 3.13", "stock 2.7", "stock 3.6",
         "stock 3.13", "pyOpenSSL", "wheel 2.7", "wheel-x25519 2.7"]
QUICK = ["C", "ours 2.7", "stock 2.7", "stock 3.13"]


def compile_program(name, progress):
    """The path of a C program of this folder."""
    sources = [os.path.join(HERE, source) for source in (name + ".c",
                                                         "wire.c")]
    target = os.path.join(FOLDER, name)
    header = os.path.join(HERE, "wire.h")
    command = [os.environ.get("CC", "cc"), "-std=gnu11", "-O2", "-Wall",
               "-Wextra", "-o", target] + sources + [
                   "-lssl", "-lcrypto", "-lpthread"]
    wanted = environments.digest(command, *map(environments.contents,
                                               sources + [header]))
    if environments.is_done(target + ".made-of", wanted):
        return target
    try:
        environments.run(command, "bench-%s.log" % name)
    except FileNotFoundError:
        raise Failure(NO_COMPILER)
    except Failure as failure:
        raise Failure("%s\n\n%s" % (NO_COMPILER, failure))
    environments.set_done(target + ".made-of", wanted)
    progress.say(name, "compiled")
    return target


def pyopenssl_python(interpreter, progress):
    """The path of an interpreter that has pyOpenSSL."""
    folder = os.path.join(FOLDER, "pyopenssl")
    stamp = os.path.join(folder, "made-of")
    wanted = environments.digest(interpreter,
                                 environments.contents(PYOPENSSL))
    python = environments.python_of(folder)
    if not environments.is_done(stamp, wanted):
        environments.make_virtualenv(interpreter, folder, progress)
        environments.run([python, "-m", "pip", "install", "--only-binary",
                          "cryptography,cffi", "-r", PYOPENSSL],
                         "bench-pyopenssl.log")
        environments.set_done(stamp, wanted)
        progress.say("pyOpenSSL", "installed")
    return python


def install_packages(progress):
    """requests, for every environment of 2.7."""
    interpreter = environments.find("2.7")
    stamp = os.path.join(PACKAGES, "made-of")
    wanted = environments.digest(environments.contents(REQUESTS))
    if interpreter is None:
        raise Failure(environments.NO_PYTHON27)
    if not environments.is_done(stamp, wanted):
        shutil.rmtree(PACKAGES, ignore_errors=True)
        environments.run([our_python(interpreter, progress), "-m", "pip",
                          "install", "--target", PACKAGES, "--no-deps", "-r",
                          REQUESTS], "bench-requests.log")
        environments.set_done(stamp, wanted)
        progress.say("requests", "installed")


def make_certs(progress, with_certifi):
    """The folder of certificates for workers."""
    shutil.rmtree(CERTS, ignore_errors=True)
    os.makedirs(CERTS)
    root = os.path.join(OF_TESTS, "root.pem")
    shutil.copy(root, CERTS)
    shutil.copy(SERVER, CERTS)
    if with_certifi:
        install_packages(progress)
        certifi = os.path.join(PACKAGES, "certifi", "cacert.pem")
        shutil.copy(certifi, os.path.join(CERTS, "certifi.pem"))
        with open(os.path.join(CERTS, "certifi-and-root.pem"), "wb") as target:
            for path in (certifi, root):
                with open(path, "rb") as source:
                    shutil.copyfileobj(source, target)


def our_python(interpreter, progress, prefix="python"):
    """The path of an interpreter that has the backport of this tree."""
    folder = os.path.join(FOLDER, prefix + interpreter.name)
    environments.make_environment(interpreter, folder, progress)
    environments.install_project(interpreter, folder, progress)
    return environments.python_of(folder)


def wheel_python(interpreter, progress):
    """The same with the OpenSSL that the wheels have."""
    os.environ["OPENSSL_DIR"] = openssl.build(
        openssl.in_wheels(), openssl.native(), progress)
    try:
        return our_python(interpreter, progress, "wheel")
    finally:
        del os.environ["OPENSSL_DIR"]


def make(name, port, progress):
    """The Contestant of that name, or None where there is no such Python."""
    if name == "C":
        return Contestant(name, [compile_program("floor", progress), port,
                                 CERTS])
    kind, _, version = name.partition(" ")
    interpreter = environments.find(version or "2.7")
    if interpreter is None:
        progress.say(name, "left out, as there is no Python %s" % version)
        return None
    # the stock ssl in the same environment, where there is one
    python = {"wheel": wheel_python, "wheel-x25519": wheel_python,
              "pyOpenSSL": pyopenssl_python}.get(kind, our_python)
    library = {"wheel-x25519": "tls_x25519",
               "pyOpenSSL": "tls_pyopenssl"}.get(kind, "tls_ssl")
    launcher = [] if kind in ("stock", "pyOpenSSL") else ["-m",
                                                          "_ssl_backport"]
    return Contestant(name, [python(interpreter, progress)] + launcher + [
        WORKER, library, port, CERTS])
