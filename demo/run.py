"""make demo: what a Python does with its own ssl and with the backport.

Each row of the table is a small program, run twice by one interpreter: as it
is, and under `python -m _ssl_backport`.  Both columns show what was seen.
"""

import collections
import os
import shutil
import ssl
import subprocess
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from ci.shared import environments  # noqa: E402
from ci.shared.environments import BUILD, Failure  # noqa: E402

LAUNCHER = ["-m", "_ssl_backport"]
PACKAGE = "six==1.17.0"
WIDTHS = 20, 27, 28


def cert(name):
    return os.path.join(environments.ROOT, "tests", "certs", name + ".pem")


class Demo(object):
    """The rows of the table, for the interpreter of an environment."""

    def __init__(self, python):
        self.python = python
        self.rows = []
        self.failed = []

    def call(self, python, *arguments):
        """(exit status, output, errors) of a program."""
        environ = environments.clean_environ()
        environ["PYTHONPATH"] = HERE  # for -m watched_pip
        process = subprocess.Popen(
            [python] + list(arguments), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environ, cwd=BUILD,
            universal_newlines=True)
        output, errors = process.communicate()
        return process.returncode, output, errors

    def run(self, python, *arguments):
        """The last line that a program prints, or that of its error."""
        status, output, errors = self.call(python, *arguments)
        if status < 0:
            return "died of signal %d" % -status
        return last_line(output if status == 0 else errors)

    def row(self, name, expected, *arguments):
        """Run a program both ways; with the backport its outcome has to
        start as expected."""
        stock = self.run(self.python, *arguments)
        backport = self.run(self.python, *(LAUNCHER + list(arguments)))
        self.rows.append((name, stock, backport))
        if not backport.startswith(expected):
            self.failed.append(name)

    def download(self, python, *launcher):
        """How pip fetches a package from the index that it is set up for:
        the versions of TLS, and the file or the error."""
        folder = os.path.join(BUILD, "demo-download")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        status, output, errors = self.call(
            python, *(list(launcher) + [
                "-m", "watched_pip", "download", "--quiet", "--no-deps",
                "--no-cache-dir", "--retries", "0", "--timeout", "30",
                "--dest", folder, PACKAGE]))
        return Download(
            last_line(output), [name.split("-py")[0]
                                for name in os.listdir(folder)],
            [] if status == 0 else [last_line(errors)])

    def download_row(self, name):
        """The row with pip.  It is left out where no Python here reaches an
        index over TLS, the one that makes our environments included."""
        stock = self.download(self.python)
        backport = self.download(self.python, *LAUNCHER)
        tools = environments.tools_python()
        reached = stock.has_tls() or backport.has_tls()
        if not reached and os.path.exists(tools):
            reached = self.download(tools).has_tls()
        if not reached:
            nothing = "skipped: no package index within reach"
            self.rows.append((name, nothing, nothing))
            return
        # what pip fails of with the Python's own ssl too is none of ours
        if not backport.has_tls() or (stock.files and not backport.files):
            self.failed.append(name)
        self.rows.append((name, stock.text(), backport.text()))


class Download(collections.namedtuple("Download", "tls files errors")):
    """What watched_pip said of TLS, what it fetched, why it failed."""

    def has_tls(self):
        return self.tls.startswith("TLSv1.")

    def text(self):
        return ", ".join([self.tls] + self.files + self.errors)


def last_line(text):
    return (text.strip().splitlines() or ["nothing"])[-1]


def serve(python):
    """Start the server on a ssl that is not ours, if that has TLS 1.3; the
    process and its ports."""
    command = [sys.executable]
    if not ssl.HAS_TLSv1_3:
        command = [python] + LAUNCHER
    certificates = [cert(name) for name in ("localhost", "host-other",
                                            "unknown")]
    with open(os.path.join(environments.LOGS, "demo-server.log"), "w") as log:
        server = subprocess.Popen(
            command + [os.path.join(HERE, "server.py")] + certificates,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            env=environments.clean_environ(), universal_newlines=True)
    return server, server.stdout.readline().split()


def find_interpreter():
    """Python 2.7, or the one that PYTHON names, or the one we run on."""
    interpreter = environments.chosen() or environments.find("2.7")
    if interpreter is None:
        interpreter = environments.probe(sys.executable)
        print("%s\n\nThe demo goes on with %s.\n" % (
            environments.NO_PYTHON27, interpreter.title))
    return interpreter


def show(interpreter, rows):
    """Print the table, long cells on several lines."""
    heading = (interpreter.title, "its own ssl",
               "_ssl_backport")
    print()
    for row in [heading, tuple("-" * width for width in WIDTHS)] + rows:
        cells = [textwrap.wrap(text, width) or [""]
                 for text, width in zip(row, WIDTHS)]
        for number in range(max(len(cell) for cell in cells)):
            line = [cell[number] if number < len(cell) else ""
                    for cell in cells]
            print("  ".join("%-*s" % (width, text) for text, width
                            in zip(line, WIDTHS)).rstrip())
    sys.stdout.flush()


def measure(demo, fetcher, progress):
    """Fill the table; fetcher is what this Python calls its urllib2."""
    script = {name: os.path.join(HERE, name + ".py")
              for name in ("fetch", "memory", "resume")}
    demo.row("OpenSSL", "OpenSSL", "-c",
             "import ssl; print(ssl.OPENSSL_VERSION)")

    progress.say("Demo", "a local server that speaks TLS 1.3 only")
    server, ports = serve(demo.python)
    good, other_name, unknown_ca = (
        "https://localhost:%s/" % port for port in ports)
    refused = "refused: [SSL: CERTIFICATE_VERIFY_FAILED]"
    demo.row(fetcher + " over TLS 1.3", "200, TLSv1.3",
             script["fetch"], good, cert("root"))
    demo.row("wrong host name", refused,
             script["fetch"], other_name, cert("root"))
    demo.row("unknown CA", refused,
             script["fetch"], unknown_ca, cert("root"))
    demo.row("MemoryBIO handshake", "TLSv1.3, hello",
             script["memory"], cert("localhost"), cert("root"))
    demo.row("resumed session", "TLSv1.3, resumed",
             script["resume"], ports[0], cert("root"))
    server.communicate()

    progress.say("Demo", "pip download, from the index pip is set up for")
    demo.download_row("pip download")


def main():
    progress = environments.Progress()
    try:
        interpreter = find_interpreter()
        progress.say("Python " + interpreter.name, interpreter.path)
        demo = Demo(environments.prepare(interpreter, progress))
    except Failure as failure:
        return "\n%s" % failure
    measure(demo, "urllib2" if interpreter.name == "2.7" else "urllib",
            progress)
    show(interpreter, demo.rows)
    if demo.failed:
        return "\nNot as it should be: %s" % ", ".join(demo.failed)
    print("\nEverything is as it should be.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
