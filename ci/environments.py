"""Find Python interpreters and keep an environment for each in .build/.

An environment holds the pinned tools of ci/requirements-*.txt and this
project, built and installed.  It is made once; the project is installed again
when its sources or the settings of the build have changed.
"""

import collections
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, ".build")
LOGS = os.path.join(BUILD, "logs")

# What is copied to a folder of its own and built there.
SOURCES = ["setup.py", "MANIFEST.in", "README.rst", "CHANGES.rst", "LICENSE",
           "Modules", "Lib"]

# Settings from outside that change what is built.
BUILD_SETTINGS = ["OPENSSL_DIR", "PKG_CONFIG_PATH", "CC", "CFLAGS",
                  "CPPFLAGS", "LDFLAGS", "LDSHARED", "SSLB_WERROR"]

TAIL_LINES = 40

PROBE = ("import platform, sys; print('%s %s %s' % ("
         "platform.python_implementation(), platform.python_version(), "
         "sys.executable))")

NO_PYTHON27 = """\
Python 2.7 was not found: neither as PYTHON, nor as python2.7 on PATH, nor in
~/.pyenv/versions.  To get one:

    Debian 11, Ubuntu 22.04 and older:  apt-get install python2.7-dev
    RHEL 8 and older:                   dnf install python2-devel
    anywhere else, with pyenv:          pyenv install 2.7.18"""

NO_VENV = """\
%s cannot make environments, as its venv or ensurepip is missing.
To get them:

    Debian, Ubuntu:  apt-get install python%s-venv
    RHEL, Fedora:    part of Python itself; dnf reinstall python3"""

Interpreter = collections.namedtuple("Interpreter", "name version path")


class Failure(Exception):
    """A step that failed; the message is all that the user needs."""


class Progress(object):
    """One line for each step, with the seconds since the start."""

    def __init__(self):
        self.start = time.time()
        self.lock = threading.Lock()

    def say(self, subject, text):
        with self.lock:
            print("%4d s  %-12s %s" % (
                time.time() - self.start, subject, text), flush=True)


# Finding interpreters

def candidates(name):
    """Paths where an interpreter "2.7" or "3.11" may be, best first."""
    on_path = shutil.which("python" + name)
    if on_path:
        yield on_path
    versions = glob.glob(os.path.expanduser(
        "~/.pyenv/versions/%s*/bin/python%s" % (name, name)))
    for path in sorted(versions, key=numbers, reverse=True):
        yield path
    yield sys.executable


def numbers(text):
    """A sort key that puts 2.7.9 before 2.7.18."""
    return [int(number) for number in re.findall(r"\d+", text)]


def probe(path):
    """The Interpreter at a path, or None: a shim of pyenv, say, may be
    there and not run."""
    try:
        output = subprocess.check_output(
            [path, "-c", PROBE], stderr=subprocess.DEVNULL,
            env=clean_environ(), universal_newlines=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    implementation, version, executable = output.strip().split(" ", 2)
    if implementation != "CPython":
        return None
    return Interpreter(".".join(version.split(".")[:2]), version,
                       os.path.realpath(executable))


def chosen():
    """The Interpreter that the user names in PYTHON, or None."""
    path = os.environ.get("PYTHON")
    if not path:
        return None
    interpreter = probe(shutil.which(path) or path)
    if interpreter is None or not is_supported(interpreter):
        raise Failure("PYTHON is %s, which is not a CPython 2.7 or 3.6 or "
                      "later that runs." % path)
    return interpreter


def is_supported(interpreter):
    return (interpreter.name == "2.7"
            or numbers(interpreter.version) >= [3, 6])


def find(name):
    """The Interpreter called "2.7" or "3.11", or None."""
    interpreter = chosen()
    if interpreter is not None and interpreter.name == name:
        return interpreter
    for path in candidates(name):
        interpreter = probe(path)
        if interpreter is not None and interpreter.name == name:
            return interpreter
    return None


# Running commands

def clean_environ():
    """The environment for all children: nothing that leads an interpreter
    away from its own libraries, and no questions asked by pip."""
    environ = {name: value for name, value in os.environ.items()
               if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    environ.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1",
                   PIP_NO_PYTHON_VERSION_WARNING="1")
    return environ


def run(command, log, folder=ROOT):
    """Run a command with its output in a file of .build/logs; on failure
    show the last lines of it."""
    os.makedirs(LOGS, exist_ok=True)
    path = os.path.join(LOGS, log)
    with open(path, "w") as stream:
        status = subprocess.call(command, stdout=stream, env=clean_environ(),
                                 stderr=subprocess.STDOUT, cwd=folder)
    if status != 0:
        raise Failure("%s\nfailed with exit status %d. The end of %s:\n\n%s"
                      % (" ".join(command), status,
                         os.path.relpath(path, ROOT), tail(path)))


def tail(path):
    """The last lines of a file, moved in a little."""
    with open(path, errors="replace") as stream:
        lines = stream.read().strip("\n").splitlines()[-TAIL_LINES:]
    return "\n".join("    " + line for line in lines)


# Stamps: what a finished step was made of

def digest(*parts):
    """A hash of texts and of the contents of files and folders."""
    result = hashlib.sha256()
    for part in parts:
        result.update(repr(part).encode())
    return result.hexdigest()


def contents(path):
    """[(path, bytes)] of a file, or of all sources in a folder."""
    if os.path.isdir(path):
        names = sorted(os.listdir(path))
        return [item for name in names if not is_built(name)
                for item in contents(os.path.join(path, name))]
    with open(path, "rb") as stream:
        return [(path, stream.read())]


def is_built(name):
    return (name.endswith((".so", ".pyc", ".egg-info"))
            or name == "__pycache__")


def is_done(stamp, wanted):
    if not os.path.exists(stamp):
        return False
    with open(stamp) as stream:
        return stream.read() == wanted


def set_done(stamp, wanted):
    with open(stamp, "w") as stream:
        stream.write(wanted)


# Making environments

def requirements(name):
    """The requirements file for an interpreter called "2.7" or "3.11": the
    newest that is not newer than it."""
    paths = glob.glob(os.path.join(ROOT, "ci", "requirements-[0-9]*.txt"))
    return max((path for path in paths
                if numbers(os.path.basename(path)) <= numbers(name)),
               key=lambda path: numbers(os.path.basename(path)))


def pinned_pip(path):
    """The line of a requirements file that pins pip."""
    with open(path) as stream:
        return re.search(r"^pip==\S+", stream.read(), re.MULTILINE).group(0)


def make_venv(interpreter, folder, log):
    try:
        subprocess.check_output(
            [interpreter.path, "-c", "import venv, ensurepip"],
            stderr=subprocess.DEVNULL)
    except subprocess.CalledProcessError:
        raise Failure(NO_VENV % (interpreter.path, interpreter.name))
    run([interpreter.path, "-m", "venv", "--clear", folder], log)


def make_virtualenv(interpreter, folder, progress):
    """An environment for 2.7, by the last virtualenv that makes them."""
    make_tools(progress)
    run([tools_python(), "-m", "virtualenv", "--clear", "--no-download",
         "--python", interpreter.path, folder],
        "environment-%s.log" % interpreter.name)


def make_tools(progress, name="tools"):
    """An environment of the Python that runs this, with what is in
    ci/requirements-NAME.txt; its interpreter is tools_python(name)."""
    this = probe(sys.executable)
    folder = os.path.join(BUILD, name)
    path = os.path.join(ROOT, "ci", "requirements-%s.txt" % name)
    stamp = os.path.join(folder, "made-of")
    wanted = digest(this, contents(path))
    if is_done(stamp, wanted):
        return
    log = "%s.log" % name
    make_venv(this, folder, log)
    run([tools_python(name), "-m", "pip", "install", "-r", path], log)
    set_done(stamp, wanted)
    progress.say("Tools", "those of ci/%s installed" % os.path.basename(path))


def tools_python(name="tools"):
    return python_of(os.path.join(BUILD, name))


def python_of(folder):
    return os.path.join(folder, "bin", "python")


def make_environment(interpreter, folder, progress):
    """An environment with the pinned tools, unless it is there."""
    path = requirements(interpreter.name)
    stamp = os.path.join(folder, "tools-made-of")
    wanted = digest(interpreter, contents(path))
    if is_done(stamp, wanted):
        return
    log = "environment-%s.log" % interpreter.name
    if interpreter.name == "2.7":
        make_virtualenv(interpreter, folder, progress)
    else:
        make_venv(interpreter, folder, log)
    pip = [python_of(folder), "-m", "pip", "install"]
    run(pip + [pinned_pip(path)], log)
    run(pip + ["-r", path], log)
    set_done(stamp, wanted)
    progress.say("Python " + interpreter.name, "environment made")


def install_project(interpreter, folder, progress):
    """Build the project in a copy of its sources and install it, unless
    that was done with the same sources."""
    sources = [os.path.join(ROOT, name) for name in SOURCES]
    settings = [os.environ.get(name) for name in BUILD_SETTINGS]
    stamp = os.path.join(folder, "project-made-of")
    wanted = digest(settings, *[contents(path) for path in sources])
    if is_done(stamp, wanted):
        progress.say("Python " + interpreter.name, "built before, unchanged")
        return
    copy = os.path.join(folder, "project")
    shutil.rmtree(copy, ignore_errors=True)
    os.makedirs(copy)
    for path in sources:
        target = os.path.join(copy, os.path.basename(path))
        if os.path.isdir(path):
            shutil.copytree(path, target, ignore=lambda _, names: [
                name for name in names if is_built(name)])
        else:
            shutil.copy2(path, target)
    log = "build-%s.log" % interpreter.name
    run([python_of(folder), "setup.py", "-q", "bdist_wheel"], log, copy)
    wheel, = glob.glob(os.path.join(copy, "dist", "*.whl"))
    run([python_of(folder), "-m", "pip", "install", "--no-index", "--no-deps",
         "--force-reinstall", wheel], "install-%s.log" % interpreter.name)
    set_done(stamp, wanted)
    progress.say("Python " + interpreter.name, "built and installed")


def prepare(interpreter, progress):
    """Make what is missing; the path of the environment's interpreter."""
    folder = os.path.join(BUILD, "python" + interpreter.name)
    make_environment(interpreter, folder, progress)
    install_project(interpreter, folder, progress)
    return python_of(folder)
