"""What the files of opt_in/ways do their work with.  Needs Python 3.

A way is tried in a folder of its own, which stands for /srv/app of the pages.
Its environment, with the backport and the programs, stands for /srv/app/venv,
and a free port for 8000.  The files and commands are those that the page
shows: a Trial refuses others.
"""

import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = os.path.join(ROOT, "docs", "opt-in")
EXAMPLES = os.path.join(PAGES, "examples")
CERTS = os.path.join(ROOT, "tests", "certs")
PROGRAM = os.path.join(ROOT, "opt_in", "program.py")

APP = "/srv/app"
VENV = APP + "/venv"
PORT = "8000"

SECONDS = 120  # for one command, and until an answer is there
STOP_SECONDS = 10

MISSING = """\
These programs were not found: %s.  To get them:

    Debian, Ubuntu:  apt-get install --no-install-recommends %s"""


class TrialError(Exception):
    """Something came out otherwise than the page says."""


def missing(packages):
    """The message about those of {path or program: package} that are not
    there, or None."""
    absent = sorted(name for name in packages if find(name) is None)
    if not absent:
        return None
    return MISSING % (", ".join(absent),
                      " ".join(sorted({packages[name] for name in absent})))


def find(name):
    """The path of a program, or None."""
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin:/sbin"
    return shutil.which(name, path=path)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the version of TLS."""

    def do_GET(self):
        body = self.connection.version().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Print nothing."""


class Server(http.server.ThreadingHTTPServer):
    """The HTTPS server on loopback that the programs connect to."""

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
    """One way, as it is tried.

    name is that of its page, python the path of a Python 2.7 that has the
    backport and the programs of ci/requirements/opt-in.txt, wheel the file of
    the backport's wheel, make_environment(folder) makes another environment,
    without either, and returns the path of its Python.
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
        """A path in the trial's folder."""
        return os.path.join(self.folder, *parts)

    def use_own_environment(self):
        """Make an environment in the folder, with the backport alone, and let
        it stand for /srv/app/venv from here on; python is its Python."""
        self.python = self.make_environment(self.path("venv"))
        self.run([self.python, "-m", "pip", "install", "--no-index",
                  "--no-deps", self.wheel])

    def bin(self, name):
        """The path of a program in the environment."""
        return os.path.join(os.path.dirname(self.python), name)

    def files(self):
        """The names of the files in the trial's folder."""
        return os.listdir(self.folder)

    # What the page shows

    def expect_on_page(self, name, text):
        """Raise TrialError if a page does not have a line that is the text,
        once its continued lines are one."""
        with open(os.path.join(PAGES, name + ".rst")) as stream:
            page = re.sub(r" *\\\n *", " ", stream.read())
        self.expect(re.search("^ *%s$" % re.escape(text), page, re.MULTILINE),
                    "docs/opt-in/%s.rst does not have %r" % (name, text))

    def here(self, text):
        """What a page says, with this trial's folder, environment and port in
        place of /srv/app, /srv/app/venv and 8000."""
        environment = os.path.dirname(os.path.dirname(self.python))
        for theirs, ours in ((VENV, environment), (APP, self.folder),
                             (PORT, str(self.port))):
            text = text.replace(theirs, ours)
        return text

    def example(self, name, target=None):
        """Put a file of docs/opt-in/examples into the folder, or where target
        says; its path.  The page that its folder is named after has to show
        it by literalinclude."""
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
        """Run a command in the folder; what it writes (str).

        command: list of str, or str for the shell that the page has after
        "$ ".  The environment has these variables too.  Raises TrialError for
        another exit status.
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
        """Start a command (as in run()) that goes on until the trial's end;
        the Popen."""
        child = subprocess.Popen(stdout=self.log, stderr=self.log,
                                 start_new_session=True,
                                 **self.process(command, variables))
        self.children.append(child)
        return child

    def process(self, command, variables):
        """What run() and start() have in common for subprocess."""
        is_shown = isinstance(command, str)
        if is_shown:
            self.expect_on_page(self.name, "$ " + command)
            command = self.here(command)
        return {"args": command, "shell": is_shown, "cwd": self.folder,
                "env": dict(self.environ, **variables),
                "stdin": subprocess.DEVNULL}

    def stop(self):
        """End what start() has started."""
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        del self.children[:]

    # What the program tells

    def told(self):
        """What program.py's main() told (dict), in which process ever."""
        path = self.path("told.json")
        self.wait(lambda: os.path.exists(path), "the program told nothing")
        with open(path) as stream:
            told = json.load(stream)
        os.remove(path)
        return told

    def get(self, url=None, context=None):
        """What program.py's application() answers (dict), at port or url; an
        https: url needs a context (ssl.SSLContext)."""
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
        self.wait(answer, "nobody answered")
        return answers[0]

    def wait(self, is_there, problem):
        """Call is_there() until it is true.  Raises TrialError after SECONDS,
        or when a started command has ended with an error."""
        deadline = time.monotonic() + SECONDS
        while not is_there():
            for child in self.children:
                self.expect(not child.poll(), "%s: exit status %s" % (
                    child.args, child.returncode))
            self.expect(time.monotonic() < deadline, problem)
            time.sleep(0.05)

    def expect(self, is_so, problem):
        """Raise TrialError if it is not so."""
        if not is_so:
            raise TrialError(problem)


def is_backport(told):
    """Whether the program's ssl was the backport.  Raises TrialError if it
    was neither this nor the Python's own, or did not reach the server."""
    signs = {told["installed"], told["has_memory_bio"],
             "_ssl_backport" in told["ssl"]}
    if len(signs) != 1 or not told["answer"].startswith("TLSv1."):
        raise TrialError("the program told %s" % told)
    return signs.pop()


def free_port():
    with contextlib.closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
