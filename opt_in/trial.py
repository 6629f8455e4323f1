"""The class Trial, with which the files in opt_in/ways run their checks.

Needs Python 3.  Each check runs in a separate folder, which replaces /srv/app
of the pages.  An environment with the backport and the programs replaces
/srv/app/venv, and a free port replaces 8000.  A Trial refuses files and
commands that the page does not show.
"""

import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.request

from ci.shared.processes import find, free_port, stop_all

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = os.path.join(ROOT, "docs", "opt-in")
EXAMPLES = os.path.join(PAGES, "examples")
CERTS = os.path.join(ROOT, "tests", "certs")
PROGRAM = os.path.join(ROOT, "opt_in", "program.py")

APP = "/srv/app"
VENV = APP + "/venv"
PORT = "8000"

SECONDS = 120  # the timeout of one command, and of one wait for an answer

MISSING = """\
These programs were not found: %s.  To install them:

    Debian, Ubuntu:  apt-get install --no-install-recommends %s"""


class TrialError(Exception):
    """The result of a check differs from the page."""


def missing(packages):
    """Return the message that names the missing programs of {path or program:
    package}, or None if all exist."""
    absent = sorted(name for name in packages if find(name) is None)
    if not absent:
        return None
    return MISSING % (", ".join(absent),
                      " ".join(sorted({packages[name] for name in absent})))


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the TLS version of the connection."""

    def do_GET(self):
        body = self.connection.version().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Print nothing."""


class Server(http.server.ThreadingHTTPServer):
    """The HTTPS server on loopback to which the programs connect."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(os.path.join(CERTS, "localhost.pem"))
        self.url = "https://localhost:%d/" % self.server_port
        self.ca = os.path.join(CERTS, "root.pem")

    def finish_request(self, request, address):
        request.settimeout(SECONDS)
        with self.context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, address)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc_info):
        self.shutdown()
        self.server_close()


class Trial:
    """One run of one check.

    name: the name of the page.
    python: the path of a Python 2.7 with the backport and the distributions in
        ci/requirements/opt-in.txt.
    wheel: the path of the backport's wheel.
    make_environment(folder): makes an environment without the backport and
        without these distributions, and returns the path of its Python.
    environ: the environment variables of all commands.
    server: the Server to which the program connects.
    log: the file for the output of the commands.
    """

    def __init__(self, name, python, wheel, make_environment, environ,
                 server, log):
        self.name = name
        self.python = python
        self.wheel = wheel
        self.make_environment = make_environment
        self.environ = environ
        self.log = log
        self.children = []
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="opt-in-")
        os.chmod(self.folder, 0o755)
        shutil.copy2(PROGRAM, self.folder)
        with open(self.path("settings.json"), "w") as stream:
            json.dump({"url": server.url, "ca": server.ca}, stream)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *parts):
        """Return a path in the trial's folder."""
        return os.path.join(self.folder, *parts)

    def use_own_environment(self):
        """Make an environment in the folder, and install only the backport.
        From now on it replaces /srv/app/venv, and self.python is its
        Python."""
        self.python = self.make_environment(self.path("venv"))
        self.run([self.python, "-m", "pip", "install", "--no-index",
                  "--no-deps", self.wheel])

    def bin(self, name):
        """Return the path of a program in the environment."""
        return os.path.join(os.path.dirname(self.python), name)

    def files(self):
        """Return the names of the files in the trial's folder."""
        return os.listdir(self.folder)

    # Texts of the page

    def expect_on_page(self, name, text):
        """Raise TrialError unless the text is a line of the page, after lines
        that end with a backslash were joined with the next line."""
        with open(os.path.join(PAGES, name + ".rst")) as stream:
            page = re.sub(r" *\\\n *", " ", stream.read())
        self.expect(re.search("^ *%s$" % re.escape(text), page, re.MULTILINE),
                    "docs/opt-in/%s.rst does not have %r" % (name, text))

    def here(self, text):
        """Return the text of a page with this trial's folder, environment and
        port in place of /srv/app, /srv/app/venv and 8000."""
        environment = os.path.dirname(os.path.dirname(self.python))
        for theirs, ours in ((VENV, environment), (APP, self.folder),
                             (PORT, str(self.port))):
            text = text.replace(theirs, ours)
        return text

    def example(self, name, target=None):
        """Copy a file of docs/opt-in/examples into the trial's folder, or to
        the path target in this folder.  Return the path of the copy.  Raises
        TrialError unless the page with the name of the example's folder
        includes the file with literalinclude."""
        self.expect_on_page(os.path.dirname(name),
                            ".. literalinclude:: examples/" + name)
        target = self.path(target or os.path.basename(name))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        source = os.path.join(EXAMPLES, name)
        with open(source) as stream:
            text = self.here(stream.read())
        with open(target, "w") as stream:
            stream.write(text)
        shutil.copymode(source, target)
        return target

    # Commands

    def run(self, command, status=0, **variables):
        """Run a command in the folder.  Return its output (str).

        command: a list of str, or a str for the shell, which the page must
            show after "$ ".
        status: the expected exit status.  Raises TrialError for another one.
        variables: more environment variables.
        """
        done = subprocess.run(
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
            universal_newlines=True, **self.process(command, variables))
        self.log.write("%s\n%s" % (command, done.stdout))
        self.log.flush()
        self.expect(done.returncode == status, "%s: exit status %d" % (
            command, done.returncode))
        return done.stdout

    def start(self, command, **variables):
        """Start a command (as in run()) that runs until the end of the trial.
        Return its Popen object."""
        child = subprocess.Popen(stdout=self.log, stderr=self.log,
                                 start_new_session=True,
                                 **self.process(command, variables))
        self.children.append(child)
        return child

    def process(self, command, variables):
        """Return the arguments for subprocess that run() and start() share."""
        is_shown = isinstance(command, str)
        if is_shown:
            self.expect_on_page(self.name, "$ " + command)
            command = self.here(command)
        return {"args": command, "shell": is_shown, "cwd": self.folder,
                "env": dict(self.environ, **variables),
                "stdin": subprocess.DEVNULL}

    def stop(self):
        """End all processes that start() started."""
        stop_all(self.children)
        del self.children[:]

    # Reports of the program

    def told(self):
        """Wait for the report (dict) that main() in program.py writes, in any
        process.  Return and remove the report."""
        path = self.path("told.json")
        self.wait(lambda: os.path.exists(path), "the program wrote no report")
        with open(path) as stream:
            told = json.load(stream)
        os.remove(path)
        return told

    def get(self, url=None, context=None):
        """Return the report (dict) with which application() in program.py
        answers at url, or at self.port.  An https: url needs a context
        (ssl.SSLContext)."""
        def answer():
            try:
                with urllib.request.urlopen(
                        url or "http://127.0.0.1:%d/" % self.port,
                        timeout=SECONDS, context=context) as response:
                    answers.append(json.load(response))
            except (ConnectionError, urllib.error.URLError) as error:
                if isinstance(error, urllib.error.HTTPError):
                    raise
            return answers
        answers = []
        self.wait(answer, "no server answered")
        return answers[0]

    def wait(self, is_there, problem):
        """Call is_there() until it returns a true value.  Raises TrialError
        after SECONDS, or if a command of start() ends with an error."""
        deadline = time.monotonic() + SECONDS
        while not is_there():
            for child in self.children:
                self.expect(not child.poll(), "%s: exit status %s" % (
                    child.args, child.returncode))
            self.expect(time.monotonic() < deadline, problem)
            time.sleep(0.05)

    def expect(self, is_so, problem):
        """Raise TrialError with this problem if is_so is false."""
        if not is_so:
            raise TrialError(problem)


def is_backport(told):
    """Return whether the program used the backport, according to its report.

    Raises TrialError if parts of the report contradict each other, or if the
    program did not reach the server.
    """
    signs = {told["installed"], told["has_memory_bio"],
             "_ssl_backport" in told["ssl"]}
    if len(signs) != 1 or not told["answer"].startswith("TLSv1."):
        raise TrialError("the program reported %s" % told)
    return signs.pop()
