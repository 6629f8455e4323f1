"""make check-ktls: proves that TLS in the kernel works, on one that has it.

    python3 -m ci.check.ktls [--openssl "3.0 3.5"] [PYTEST ARGUMENT...]

Many kernels have no TLS, so it brings one: Debian's user-mode-linux, a Linux
that runs as a process.  Its package is fetched by apt, which checks it, and
unpacked in SSLB_CACHE or ~/.cache/ssl-backport; nothing is installed and
nothing needs root.  Its root is this machine's file system, its console a
file of .build/logs, and ci/check/ktls_guest.py what it runs.
"""

import argparse
import collections
import glob
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

from ci.build import openssl
from ci.shared import environments
from ci.shared.environments import Failure
from ci.test import openssl as test_openssl
from ci.test import run_tests

OPENSSLS = "3.0 3.5"

# The tests of kTLS, and what holds whoever encrypts, ...
TESTS = ["tests/%s.py" % name for name in (
    "transport/test_ktls", "transport/test_read_write",
    "transport/test_unfinished_write", "transport/test_timeouts",
    "transport/test_eof", "transport/test_socket_methods",
    "threads/test_threads", "threads/test_signals",
    "handshake/test_starttls", "handshake/test_handshake",
    "handshake/test_session", "handshake/test_post_handshake")]
# ... except that records are cut and joined as the kernel likes, that Linux
# 6.1 says of bytes after shutdown() that they were sent, and that there is
# no room for 3 GiB.
TESTS += ["--deselect=tests/transport/test_%s" % name for name in (
    "read_write.py::test_several_records_in_one_read",
    "read_write.py::test_records_are_cut_at_16_kib",
    "read_write.py::test_bpo_42854_recv_into_more_than_2_gib",
    "socket_methods.py::test_shutdown_both")]

PACKAGE = "user-mode-linux"
MODULES = ["tls", "ipv6", "gcm", "ghash-generic", "ctr", "ccm",
           "chacha20poly1305", "chacha_generic", "poly1305_generic"]
KERNEL_OPTIONS = ["mem=1G", "root=/dev/root", "rootfstype=hostfs",
                  "rootflags=/", "rw", "con=null", "con0=null,fd:1", "quiet"]
LIMIT_SECONDS = 900  # far more than the tests take

NO_KERNEL = """\
A Linux with TLS that runs as a process was not found: it comes from the
package %s, for Debian and Ubuntu on x86_64, which apt could not fetch.

    where it is known:  apt-get update, and start again
    anywhere else:      unpack it (dpkg-deb -x) in %s"""

Kernel = collections.namedtuple("Kernel", "path modules")
Run = collections.namedtuple("Run", "openssl interpreter result sent received")


# The kernel

def kernel(progress):
    """The Kernel, fetched if it is not there."""
    folder = os.path.join(environments.cache(), PACKAGE)
    with openssl.only_one(os.path.join(environments.cache(), "locks",
                                       PACKAGE)):
        if not os.path.exists(folder):
            fetch(folder)
            progress.say("Kernel", "%s fetched" % PACKAGE)
    listing, = glob.glob(os.path.join(folder, "usr", "lib", "uml", "modules",
                                      "*", "modules.dep"))
    return Kernel(os.path.join(folder, "usr", "bin", "linux.uml"),
                  in_order(listing))


def fetch(folder):
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise Failure(NO_KERNEL % (PACKAGE, folder))
    with tempfile.TemporaryDirectory(dir=environments.cache()) as work:
        try:
            environments.run(["apt-get", "download", PACKAGE],
                             "ktls-download.log", work)
        except Failure as failure:
            raise Failure("%s\n\n%s" % (failure,
                                        NO_KERNEL % (PACKAGE, folder)))
        package, = glob.glob(os.path.join(work, "*.deb"))
        unpacked = os.path.join(work, "unpacked")
        environments.run(["dpkg-deb", "-x", package, unpacked],
                         "ktls-unpack.log", work)
        os.rename(unpacked, folder)


def in_order(listing):
    """The paths of MODULES and of what they need, which comes first."""
    with open(listing) as stream:
        needs = {name: others.split() for name, others in
                 (line.split(":") for line in stream)}
    paths = {os.path.basename(name)[:-len(".ko")]: name for name in needs}
    ordered = []
    for name in MODULES:
        path = paths[name]
        # the listing has the deepest need last
        ordered += [other for other in reversed([path] + needs[path])
                    if other not in ordered]
    return [os.path.join(os.path.dirname(listing), name) for name in ordered]


# What runs in it

def boot(kernel, commands, log, progress):
    """Run commands in the kernel; [{"status": ..., "statistics": ...}] as
    ktls_guest.py tells them."""
    with tempfile.TemporaryDirectory() as work:
        job, init, results = (os.path.join(work, name)
                              for name in ("job", "init", "results"))
        with open(job, "w") as stream:
            json.dump({"modules": kernel.modules, "commands": commands,
                       "folder": environments.ROOT, "results": results,
                       "environ": guest_environ()}, stream)
        guest = os.path.join(environments.CI, "check", "ktls_guest.py")
        with open(init, "w") as stream:
            stream.write("#!/bin/sh\nexec %s %s %s\n" % tuple(map(
                shlex.quote, (environments.probe(sys.executable).path, guest,
                              job))))
        os.chmod(init, 0o755)
        status = follow([kernel.path, "init=" + init] + KERNEL_OPTIONS, log,
                        progress)
        if not os.path.exists(results):
            raise Failure("The kernel ended (%d) before the tests did. The "
                          "end of %s:\n\n%s" % (
                              status, os.path.relpath(log, environments.ROOT),
                              environments.tail(log)))
        with open(results) as stream:
            return json.load(stream)


def guest_environ():
    environ = environments.clean_environ()
    environ.update(PYTHONDONTWRITEBYTECODE="1", TMPDIR="/dev/shm",
                   SSLB_KTLS="1")
    return environ


def follow(command, log, progress):
    """Run the kernel with its console in a file, and tell what the guest
    says; the exit status.  No part of it outlives this."""
    with open(log, "w") as stream:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, errors="replace",
            start_new_session=True)
        guard = threading.Timer(LIMIT_SECONDS, os.killpg,
                                [process.pid, signal.SIGKILL])
        guard.start()
        try:
            for line in process.stdout:
                stream.write(line)
                stream.flush()
                if line.startswith("ktls: "):
                    progress.say("Kernel", line[len("ktls: "):].rstrip())
            return process.wait()
        finally:
            guard.cancel()
            kill(process)


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # as it should be
    process.wait()


def test_release(name, interpreters, kernel, arguments, progress):
    """The Runs of all interpreters with one release of OpenSSL."""
    os.environ["OPENSSL_DIR"] = openssl.build(name, openssl.native(),
                                              progress)
    commands, files = [], []
    for interpreter in interpreters:
        path = os.path.join(environments.LOGS, "ktls-" +
                            test_openssl.label(interpreter, name))
        python = test_openssl.prepare(interpreter, name, progress)
        files.append((path + ".xml", path + ".log"))
        commands.append({
            "label": "Python %s, OpenSSL %s" % (interpreter.name, name),
            "log": path + ".log",
            "command": run_tests.pytest_command(python, arguments,
                                                path + ".xml")})
    outcomes = boot(kernel, commands, os.path.join(
        environments.LOGS, "ktls-console-%s.log" % name), progress)
    return [Run(openssl.release(name).version, interpreter,
                run_tests.read_report(report, outcome["status"], log),
                outcome["statistics"]["TlsTxSw"],
                outcome["statistics"]["TlsRxSw"])
            for interpreter, (report, log), outcome in zip(
                interpreters, files, outcomes)]


def is_proof(run):
    """Whether all went well and the kernel truly did its part."""
    return bool(run.result.passed and not run.result.note and run.sent
                and run.received)


def report(runs):
    """Print what went wrong and the table; the exit status."""
    for run in runs:
        if run.result.note:
            print("\nOpenSSL %s, %s: %s" % (
                run.openssl, run.interpreter.title, run.result.note))
    print("\n%-10s %-10s %-28s" % ("", "", "connections, by the kernel")
          + "tests")
    print("%-10s %-10s %-13s %-14s %6s %6s %7s" % (
        "OpenSSL", "Python", "encrypted", "decrypted", "passed", "failed",
        "skipped"))
    for run in runs:
        print("%-10s %-10s %-13d %-14d %6d %6d %7d%s" % (
            run.openssl, run.interpreter.version, run.sent, run.received,
            run.result.passed, run.result.failed, run.result.skipped,
            "" if is_proof(run) else "   no proof"))
    return 0 if all(map(is_proof, runs)) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--openssl", metavar="RELEASES", default=OPENSSLS,
                        help="of ci/build/openssl.json (default: %s)"
                        % OPENSSLS)
    options, arguments = parser.parse_known_args()
    # whatever ends this script ends the kernel with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    progress = environments.Progress()
    try:
        interpreters = [interpreter for interpreter in map(
            environments.find, test_openssl.PYTHONS) if interpreter]
        if not interpreters:
            raise Failure(environments.NO_PYTHON27)
        linux = kernel(progress)
        runs = [run for name in options.openssl.split()
                for run in test_release(name, interpreters, linux,
                                        arguments or TESTS, progress)]
    except Failure as failure:
        return "\n%s" % failure
    return report(runs)


if __name__ == "__main__":
    sys.exit(main())
