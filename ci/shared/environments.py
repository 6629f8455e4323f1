"""Find Python interpreters and keep an environment for each in .build/.

An environment holds the pinned tools of ci/requirements/*.txt and this
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

CI = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(CI)
BUILD = os.path.join(ROOT, ".build")
LOGS = os.path.join(BUILD, "logs")

# What is copied to a folder of its own and built there.
SOURCES = ["setup.py", "MANIFEST.in", "README.rst", "CHANGES.rst", "LICENSE",
           "Modules", "Lib"]

NO_DATE = """\
The date of the commit is not known, as this is no clone.  Set
SOURCE_DATE_EPOCH (seconds since 1970) for the date of the files in a wheel."""

# Settings from outside that change what is built.
BUILD_SETTINGS = ["OPENSSL_DIR", "PKG_CONFIG_PATH", "CC", "CFLAGS",
                  "CPPFLAGS", "LDFLAGS", "LDSHARED", "SSLB_WERROR"]

# How pip reaches an index; all its other settings from outside are dropped.
PIP_SETTINGS = ["PIP_CACHE_DIR", "PIP_CERT", "PIP_CLIENT_CERT",
                "PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT",
                "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL",
                "PIP_KEYRING_PROVIDER", "PIP_NO_CACHE_DIR", "PIP_NO_INDEX",
                "PIP_PROXY", "PIP_RETRIES", "PIP_TIMEOUT", "PIP_TRUSTED_HOST"]

# These overrule a configuration file: what is installed is pinned already,
# and any constraints file makes `pip download` of pip 20.3.4 fail.
PIP_OVERRULED = {"PIP_CONSTRAINT": os.devnull, "PIP_NO_BINARY": ":none:",
                 "PIP_ONLY_BINARY": ":none:", "PIP_REQUIRE_HASHES": "0",
                 "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                 "PIP_NO_INPUT": "1", "PIP_NO_PYTHON_VERSION_WARNING": "1"}

TAIL_LINES = 40

PROBE = """\
import platform, sys
own = getattr(sys, "pypy_version_info", None)
print(platform.python_implementation())
print(platform.python_version())
print(own and "%d.%d.%d" % own[:3] or "")
print(sys.executable)
"""

# The last argument is the name of a module.
IMPORT = "import sys; __import__(sys.argv[1])"

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

NO_ZLIB = """\
%s at
%s
was built without zlib, and no package can be installed without it.  Build it
again where the headers of zlib are:

    Debian, Ubuntu:  apt-get install zlib1g-dev
    RHEL, Fedora:    dnf install zlib-devel"""

# pytest looks for fields in what the first function gives, a plain tuple
# there; the second refuses annotations, which hypothesis makes.
TAUTHON_START = """\
import collections, inspect
plain = inspect.getfullargspec
Arguments = collections.namedtuple(
    "Arguments", "args varargs varkw defaults kwonlyargs kwonlydefaults "
    "annotations")
inspect.getfullargspec = lambda function: Arguments(*plain(function))
inspect.getargspec = lambda function: inspect.ArgSpec(*plain(function)[:4])
"""

# name is "2.7" for everything that is a Python 2.7, title what it calls
# itself, such as "PyPy 2.7.18 (7.3.3)".
Interpreter = collections.namedtuple("Interpreter", "name title version path")


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
    implementation, version, own_version, path = output.splitlines()
    return Interpreter(kind(implementation, version),
                       title(implementation, version, own_version),
                       version, os.path.realpath(path))


def kind(implementation, version):
    """"2.7" or "3.11", whose requirements serve an interpreter; None for one
    that the backport does not support."""
    name = ".".join(version.split(".")[:2])
    if implementation == "Tauthon":  # a 2.8, with all that 2.7 has
        return "2.7"
    if implementation == "CPython" and numbers(name) >= [3, 6]:
        return name
    return "2.7" if name == "2.7" and implementation in (
        "CPython", "PyPy") else None


def title(implementation, version, own_version):
    """What an interpreter is called in tables."""
    if implementation == "CPython":
        implementation = "Python"
    return "%s %s%s" % (implementation, version.rstrip("+"),
                        own_version and " (%s)" % own_version)


def chosen():
    """The Interpreter that the user names in PYTHON, or None."""
    path = os.environ.get("PYTHON")
    if not path:
        return None
    interpreter = probe(shutil.which(path) or path)
    if interpreter is None or interpreter.name is None:
        raise Failure("PYTHON is %s, which is no CPython 2.7 or 3.6 or later, "
                      "no PyPy 2.7 and no Tauthon that runs." % path)
    return interpreter


def has(interpreter, module):
    """Whether an interpreter has a module of the standard library."""
    return subprocess.call(
        [interpreter.path, "-c", IMPORT, module], env=clean_environ(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


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
    away from its own libraries, or pip away from what is pinned; a proxy is
    for others than this machine."""
    environ = {name: value for name, value in os.environ.items()
               if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
               and (not name.startswith("PIP_") or name in PIP_SETTINGS)}
    environ.update(PIP_OVERRULED)
    # pip 18 fails on file: URLs where this is set: only where it has a use
    if any(name.lower().endswith("_proxy") for name in environ):
        for name in ("no_proxy", "NO_PROXY"):
            environ[name] = ",".join(
                filter(None, [environ.get(name), "localhost", "127.0.0.1"]))
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


def cache():
    """Where that is kept which outlives .build: SSLB_CACHE, or a folder of
    the user's."""
    return os.path.abspath(os.environ.get("SSLB_CACHE")
                           or os.path.expanduser("~/.cache/ssl-backport"))


def date():
    """When the sources were committed, in seconds, as text; it is
    SOURCE_DATE_EPOCH where that is set."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return os.environ["SOURCE_DATE_EPOCH"]
    try:
        return subprocess.check_output(
            ["git", "log", "-1", "--pretty=%ct"], cwd=ROOT,
            stderr=subprocess.DEVNULL, universal_newlines=True).strip()
    except (OSError, subprocess.CalledProcessError):
        raise Failure(NO_DATE)


def commit():
    """The commit of the sources, as git or, where there is no clone,
    SSLB_COMMIT tells it."""
    return os.environ.get("SSLB_COMMIT") or subprocess.check_output(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT,
        universal_newlines=True).strip()


def is_done(stamp, wanted):
    if not os.path.exists(stamp):
        return False
    with open(stamp) as stream:
        return stream.read() == wanted


def set_done(stamp, wanted):
    with open(stamp, "w") as stream:
        stream.write(wanted)


# Making environments

def pins(name):
    """The path of ci/requirements/NAME.txt."""
    return os.path.join(CI, "requirements", name + ".txt")


def requirements(name):
    """The requirements file for an interpreter called "2.7" or "3.11": the
    newest that is not newer than it."""
    paths = glob.glob(pins("[0-9]*"))
    return max((path for path in paths
                if numbers(os.path.basename(path)) <= numbers(name)),
               key=lambda path: numbers(os.path.basename(path)))


def pinned_tools(path):
    """The lines of a requirements file that pin what installs packages."""
    with open(path) as stream:
        return re.findall(r"^(?:pip|setuptools|wheel)==\S+", stream.read(),
                          re.MULTILINE)


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
    if not has(interpreter, "zlib"):
        raise Failure(NO_ZLIB % (interpreter.title, interpreter.path))
    if interpreter.title.startswith("Tauthon"):
        make_prefix(interpreter, folder)
        return
    run([tools_python(), "-m", "virtualenv", "--clear", "--no-download",
         "--python", interpreter.path, folder],
        "environment-%s.log" % interpreter.name)


def make_prefix(interpreter, folder):
    """An environment for Tauthon, which virtualenv does not know: a copy of
    the interpreter, which looks for its library from there, and links."""
    shutil.rmtree(folder, ignore_errors=True)
    code = ("import sys, sysconfig; print(sys.prefix); "
            "print(sysconfig.get_path('stdlib')); "
            "print(sysconfig.get_path('include'))")
    prefix, library, headers = subprocess.check_output(
        [interpreter.path, "-c", code], env=clean_environ(),
        universal_newlines=True).splitlines()
    own_library, own_headers = (
        os.path.join(folder, os.path.relpath(path, prefix))
        for path in (library, headers))
    for path in (os.path.dirname(python_of(folder)),
                 os.path.dirname(own_headers),
                 os.path.join(own_library, "site-packages")):
        os.makedirs(path)
    shutil.copy2(interpreter.path, python_of(folder))
    os.symlink(headers, own_headers)
    for name in os.listdir(library):
        if name != "site-packages":
            os.symlink(os.path.join(library, name),
                       os.path.join(own_library, name))
    with open(os.path.join(own_library, "site-packages",
                           "sitecustomize.py"), "w") as stream:
        stream.write(TAUTHON_START)


def make_packages(progress):
    """The folder with the packages of ci/requirements/2.7.txt, which need
    not be fetched by a Python 2.7: it may have no ssl, or an old one."""
    make_tools(progress)
    folder = os.path.join(BUILD, "packages2.7")
    path = requirements("2.7")
    stamp = os.path.join(folder, "made-of")
    wanted = digest(contents(path))
    if not is_done(stamp, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        run([tools_python(), "-m", "pip", "download", "--no-deps",
             "--no-build-isolation", "--python-version", "2.7", "--dest",
             folder, "-r", path], "packages2.7.log")
        set_done(stamp, wanted)
    return folder


def make_tools(progress, name="tools"):
    """An environment of the Python that runs this, with what is in
    ci/requirements/NAME.txt; its interpreter is tools_python(name)."""
    this = probe(sys.executable)
    folder = os.path.join(BUILD, name)
    path = pins(name)
    stamp = os.path.join(folder, "made-of")
    wanted = digest(this, contents(path))
    if is_done(stamp, wanted):
        return
    log = "%s.log" % name
    make_venv(this, folder, log)
    run([tools_python(name), "-m", "pip", "install", "-r", path], log)
    set_done(stamp, wanted)
    progress.say("Tools", "those of %s installed"
                 % os.path.relpath(path, ROOT))


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
        packages = make_packages(progress)
        wheel, = glob.glob(os.path.join(packages, "pip-*.whl"))
        pip = [python_of(folder), os.path.join(wheel, "pip"), "install",
               "--no-index", "--find-links", packages]
    else:
        make_venv(interpreter, folder, log)
        pip = [python_of(folder), "-m", "pip", "install"]
    run(pip + pinned_tools(path), log)
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


def environment_of(interpreter):
    """The folder of an interpreter's environment.  One that PYTHON names has
    its own, so that those named in turn are not made again each time."""
    label = interpreter.name
    if interpreter == chosen():
        label += "-" + digest(interpreter)[:8]
    return os.path.join(BUILD, "python" + label)


def prepare(interpreter, progress, kind=None):
    """Make what is missing; the path of the environment's interpreter.  A
    kind, such as "asan", has an environment of its own: it is built with
    other settings."""
    folder = (os.path.join(BUILD, "%s-python%s" % (kind, interpreter.name))
              if kind else environment_of(interpreter))
    make_environment(interpreter, folder, progress)
    install_project(interpreter, folder, progress)
    return python_of(folder)


def prepare_with(interpreter, name, progress):
    """Make an environment, .build/NAME, with the packages of
    ci/requirements/NAME.txt and the project; returns its Python's path."""
    folder = os.path.join(BUILD, name)
    make_environment(interpreter, folder, progress)
    path = pins(name)
    stamp = os.path.join(folder, "packages-made-of")
    wanted = digest(contents(path))
    if not is_done(stamp, wanted):
        run([python_of(folder), "-m", "pip", "install", "-r", path],
            "%s.log" % name)
        set_done(stamp, wanted)
        progress.say("Python " + interpreter.name,
                     "the packages of %s installed" % os.path.relpath(
                         path, ROOT))
    install_project(interpreter, folder, progress)
    return python_of(folder)
