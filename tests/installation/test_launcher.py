"""python -m _ssl_backport must run a program as plain `python` does, except
for its ssl.  Most tests run a program both ways and compare.
"""

import os
import re
import signal
import ssl
import subprocess
import sys
import zipfile

import pytest

import helpers

LAUNCHER = ["-m", "_ssl_backport"]

# Each program prints a part of its environment, or fails.
PROGRAMS = {
    "arguments": "import sys; print(sys.argv, sys.path[0])",
    "main": """
        'The docstring.'
        import sys
        spec = globals().get('__spec__')
        print(__name__, __doc__, __package__, getattr(spec, 'name', None))
        print(sorted(globals()), sys.modules['__main__'].__dict__ is globals())
        print(type(__builtins__), globals().get('__file__'))""",
    "traceback": """
        def divide():
            return 1 / 0
        divide()""",
    "chained traceback": """
        try:
            1 / 0
        except ZeroDivisionError:
            {}['key']""",
    "own excepthook": """
        import sys, traceback
        def show(kind, value, trace):
            print(kind.__name__, value, traceback.extract_tb(trace))
        sys.excepthook = show
        1 / 0""",
    "import error": "import no_such_module",
    "syntax error": "x = 1\nif x print(x)",
    "exit": "import sys; sys.exit()",
    "exit status": "import sys; sys.exit(3)",
    "exit message": "import sys; sys.exit('for this reason')",
    "exit in a hurry": "import os; os._exit(5)",
    "exit handlers": """
        import atexit, sys
        atexit.register(sys.stdout.write, 'the handler ran')
        raise SystemExit(4)""",
    "thread at exit": """
        import sys, threading
        go = threading.Event()
        def run():
            go.wait()
            sys.stdout.write('the thread ran')
        threading.Thread(target=run).start()
        go.set()""",
    "pickle": """
        import pickle
        class Thing(object):
            pass
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(Thing(), protocol))
            print(type(again) is Thing)""",
    "processes": """
        import multiprocessing
        def double(number):
            return 2 * number
        if __name__ == '__main__':
            pool = multiprocessing.Pool(2)
            print(pool.map(double, [1, 2, 3]))
            pool.close()
            pool.join()""",
    "keyboard interrupt": "raise KeyboardInterrupt",
    # the parent process may ignore SIGINT, and this program would inherit that
    "SIGINT": """
        import os, signal, time
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)""",
    "empty": "",
}
# Since 3.14, multiprocessing's workers are not forks, and cannot import the
# code of -c.
CODE = set(PROGRAMS) - {"pickle"} - (
    {"processes"} if sys.version_info >= (3, 14) else set())


@pytest.fixture(autouse=True)
def gil_is_on(monkeypatch):
    """Keep a free-threaded Python from warning that it enables the GIL."""
    monkeypatch.setenv("PYTHON_GIL", "1")


def dedent(text):
    """A program of PROGRAMS without its indentation."""
    return text.replace("\n        ", "\n").lstrip("\n")


def run(arguments, cwd):
    """Run Python; returns (exit status, standard output, standard error)."""
    child = subprocess.Popen(
        [sys.executable] + arguments, cwd=str(cwd), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = child.communicate()
    status = child.returncode
    if sys.version_info < (2, 7, 4) and status == 255:
        status = 1  # there, a program of -m ends with 255 instead of 1
    return status, output, errors


def same(arguments, cwd, options=()):
    """Check that a program runs the same with and without the launcher.

    The options are Python's own.  Returns as run() does.
    """
    options = list(options)
    plain = run(options + arguments, cwd)
    assert run(options + LAUNCHER + arguments, cwd) == plain
    return plain


# The environment of a program

@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_script(name, tmpdir):
    if helpers.PYPY and name == "main":
        pytest.skip("PyPy defines __cached__ in scripts")
    tmpdir.join("program.py").write(dedent(PROGRAMS[name]))
    same(["program.py", "-x", "--help", "a b"], tmpdir)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_module(name, tmpdir):
    tmpdir.join("program.py").write(dedent(PROGRAMS[name]))
    same(["-m", "program", "-c", "a b"], tmpdir)


@pytest.mark.cpython("names the file of -c differently: <module>")
@pytest.mark.parametrize("name", sorted(CODE))
def test_code(name, tmpdir):
    same(["-c", dedent(PROGRAMS[name]), "-m", "a b"], tmpdir)


def test_script_elsewhere(tmpdir):
    folder = tmpdir.mkdir("folder")
    folder.join("program.py").write("import sys, friend; print(sys.path[0])")
    folder.join("friend.py").write("print(__name__)")
    status, output, _ = same([str(folder.join("program.py"))], tmpdir)
    assert status == 0
    tmpdir.join("link.py").mksymlinkto(folder.join("program.py"))
    assert same(["link.py"], tmpdir)[1] == output


def test_script_in_another_encoding(tmpdir):
    declared = u"# -*- coding: latin-1 -*-\nprint(len(u'\xe9'))\n"
    tmpdir.join("program.py").write_binary(declared.encode("latin-1"))
    assert same(["program.py"], tmpdir)[0] == 0
    tmpdir.join("program.py").write_binary(u"x = '\xe9'\n".encode("utf-8"))
    same(["program.py"], tmpdir)


def test_script_with_future_statements_of_its_own(tmpdir):
    tmpdir.join("program.py").write(
        "from __future__ import division\nprint(1 / 2)")
    same(["program.py"], tmpdir)
    tmpdir.join("program.py").write("print(1 / 2)")
    same(["program.py"], tmpdir)


def test_compiled_script(tmpdir):
    tmpdir.join("program.py").write("print(__file__, __name__)")
    import py_compile
    py_compile.compile(str(tmpdir.join("program.py")),
                       str(tmpdir.join("program.pyc")), doraise=True)
    assert same(["program.pyc"], tmpdir)[0] == 0


def test_directory_and_zip_file(tmpdir):
    folder = tmpdir.mkdir("folder")
    text = "import sys\nprint(sys.argv, sys.path[0], __name__)\n1 / 0\n"
    folder.join("__main__.py").write(text)
    same(["folder", "a"], tmpdir)
    with zipfile.ZipFile(str(tmpdir.join("program.zip")), "w") as archive:
        archive.writestr("__main__.py", text)
    same(["program.zip", "a"], tmpdir)
    tmpdir.mkdir("hollow")
    same(["hollow"], tmpdir)


def test_package(tmpdir):
    package = tmpdir.mkdir("package")
    package.join("__init__.py").write("print(__name__)")
    package.join("__main__.py").write(
        "import package\nprint(__package__, package.__name__)\n1 / 0")
    same(["-m", "package", "a"], tmpdir)


@pytest.mark.parametrize("arguments", [
    ["missing.py"], ["-m", "no_such_module"], ["-m", "os.no_such_module"]])
def test_missing_program(arguments, tmpdir):
    if helpers.PYPY and arguments == ["missing.py"]:
        pytest.skip("PyPy has another message for a missing script")
    assert same(arguments, tmpdir)[0] != 0


@pytest.mark.python3("2.7 has no option -I")
def test_isolated_mode_leaves_the_path_alone(tmpdir):
    where = "import _ssl_backport; print(_ssl_backport.__file__)"
    if run(["-I", "-c", where], tmpdir) != run(["-c", where], tmpdir):
        pytest.skip("the backport is in PYTHONPATH, which -I ignores")
    tmpdir.join("program.py").write("import sys; print(sys.path)")
    # -X, as -I ignores PYTHON_GIL
    gil = ["-X", "gil=1"] if hasattr(sys, "_is_gil_enabled") else []
    same(["program.py"], tmpdir, ["-I"] + gil)


# The ssl of a program

@pytest.mark.parametrize("how", ["script", "-m", "-c"])
def test_program_gets_the_backport(how, tmpdir):
    text = ("import ssl, _ssl, sys\n"
            "sys.stdout.write(_ssl.__name__ + ' ' + ssl.__name__)")
    tmpdir.join("program.py").write(text)
    arguments = {"script": ["program.py"], "-m": ["-m", "program"],
                 "-c": ["-c", text]}[how]
    status, output, errors = run(LAUNCHER + arguments, tmpdir)
    assert (status, output, errors) == (0, b"__ssl_backport ssl", b"")


@pytest.mark.parametrize("module", ["unittest", "pytest"])
def test_test_runners(module, tmpdir):
    tmpdir.join("test_it.py").write(
        "import ssl, unittest\n"
        "class Test(unittest.TestCase):\n"
        "    def test(self):\n"
        "        self.assertEqual(ssl._ssl.__name__, '__ssl_backport')\n")
    status, output, errors = run(LAUNCHER + ["-m", module, "test_it"
                                 + ("" if module == "unittest" else ".py")],
                                 tmpdir)
    assert status == 0, output + errors


def test_children_of_multiprocessing_have_it(tmpdir):
    tmpdir.join("program.py").write(dedent("""
        import multiprocessing, ssl
        def which(_):
            return ssl._ssl.__name__
        if __name__ == '__main__':
            if hasattr(multiprocessing, 'get_context'):
                multiprocessing = multiprocessing.get_context('fork')
            pool = multiprocessing.Pool(1)
            assert pool.map(which, [0]) == ['__ssl_backport']
            pool.close()
            pool.join()"""))
    status, output, errors = run(LAUNCHER + ["program.py"], tmpdir)
    assert status == 0, output + errors


# The launcher's own messages

def test_help(tmpdir):
    status, output, errors = run(LAUNCHER + ["--help"], tmpdir)
    assert status == 0
    assert output.startswith(b"usage: python -m _ssl_backport")
    assert errors == b""


@pytest.mark.parametrize("arguments", [[], ["-m"], ["-c"], ["-z"], ["--inf"],
                                       ["-"]])
def test_wrong_usage(arguments, tmpdir):
    status, output, errors = run(LAUNCHER + arguments, tmpdir)
    assert status == 2
    assert output == b""
    assert errors.startswith(b"usage: python -m _ssl_backport")


def info(**environment):
    """The output of --info, as {label: text}."""
    child = subprocess.Popen(
        [sys.executable] + LAUNCHER + ["--info"], stdout=subprocess.PIPE,
        env=dict(os.environ, **environment))
    text = child.communicate()[0].decode("utf-8")
    assert child.returncode == 0
    return dict(line.split(None, 1) if line[:1] == "_" else
                (line[:15].strip(), line[15:]) for line in text.splitlines())


def test_info():
    certs = os.path.join(helpers.CERTS, "root.pem")
    shown = info(SSL_CERT_FILE=certs, SSL_CERT_DIR="/nowhere")
    assert shown["OpenSSL"].startswith(ssl.OPENSSL_VERSION + ", built with ")
    assert shown["OpenSSL build"] == ssl._ssl._OPENSSL_BUILD
    assert "1.3" in shown["TLS versions"].split(", ")
    assert shown["CA file"] == certs + " (set by SSL_CERT_FILE)"
    assert shown["CA directory"].startswith("none: /nowhere")
    assert sys.executable in shown["host Python"]
    assert shown["installed"].startswith("yes, in this command")


def with_sitecustomize(tmpdir, text):
    """An environment in which Python starts with this sitecustomize."""
    tmpdir.join("sitecustomize.py").write(text)
    paths = [str(tmpdir), os.environ.get("PYTHONPATH", "")]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths)))


INSTALL = "import _ssl_backport; _ssl_backport.install()"


def test_info_where_sitecustomize_installs(tmpdir):
    shown = info(**with_sitecustomize(tmpdir, INSTALL))
    assert shown["installed"].startswith("yes, already before")


@pytest.mark.parametrize("option", ["--info", "--help"])
def test_reader_that_has_left(option):
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.Popen(
        [sys.executable, "-u"] + LAUNCHER + [option], stdout=writing,
        stderr=subprocess.PIPE)
    os.close(writing)
    errors = child.communicate()[1]
    assert (child.returncode, errors) == (-signal.SIGPIPE, b"")


def test_info_tells_of_variables_that_are_wrong():
    shown = info(SSL_CERT_FILE="/nowhere.pem", SSL_CERT_DIR="/nowhere")
    assert shown["CA file"] == (
        "none: /nowhere.pem (set by SSL_CERT_FILE) does not exist")
    assert shown["no CAs"] == (
        "no other place is searched, because the environment sets "
        "SSL_CERT_FILE and SSL_CERT_DIR")


@pytest.mark.parametrize("value", ["0", "1"])
def test_info_tells_whether_https_verifies(value):
    """--info must report PYTHONHTTPSVERIFY=0 on Python 2.7 only (PEP 493)."""
    switched_off = helpers.PY2 and value == "0"
    module = "httplib" if helpers.PY2 else "http.client"
    assert info(PYTHONHTTPSVERIFY=value)[module] == (
        "verifies nothing, because PYTHONHTTPSVERIFY is 0" if switched_off
        else "verifies certificates and host names")


@pytest.mark.with_stock
def test_install_that_fails(tmpdir):
    environ = with_sitecustomize(tmpdir, "import ssl")
    for arguments in ["-c", "print('ran')"], ["--info"]:
        child = subprocess.Popen(
            [sys.executable] + LAUNCHER + arguments, env=environ,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = child.communicate()[0].decode("utf-8")
        assert child.returncode == 1
        assert "sitecustomize" in text and "Traceback" not in text, text
        assert "ran" not in text.split()


# A program that imports ssl through a package, and then calls install().
LATE = {
    "late.py": """
        import sys
        import package
        import _ssl_backport
        try:
            _ssl_backport.install()
        except ImportError as error:
            sys.stdout.write(str(error))""",
    "package/__init__.py": "from package import inner",
    "package/inner.py": """
        'A mention of import ssl is no import.'
        def load():
            import json, ssl
            return ssl
        secure = load()""",
}


@pytest.fixture
def late(tmpdir):
    """The folder of a program that calls install() after it has imported
    ssl."""
    for name, text in LATE.items():
        tmpdir.join(name).write(dedent(text), ensure=True)
    return tmpdir


@pytest.mark.with_stock
def test_late_install_names_the_line(late):
    status, output, _ = run(["late.py"], late)
    assert status == 0
    inner = os.path.join("package", "inner.py")
    assert re.search(r"package\.inner, .*%s:3$" % re.escape(inner),
                     output.decode(), re.MULTILINE)
    assert "--trace-import" in output.decode()


@pytest.mark.with_stock
@pytest.mark.parametrize("program", [
    ["late.py"], ["-m", "late"], ["-c", "import late"]])
def test_trace_import(late, program):
    """--trace-import must print the lines from the program's own import to
    the import of ssl, in this order."""
    status, output, errors = run(
        LAUNCHER + ["--trace-import"] + program, late)
    assert status == 0
    way = ["import package", "from package import inner", "secure = load()",
           "import json, ssl"]
    if program[0] == "-c":
        assert "  <string>:1: import late\n" in errors.decode()
    for text in (output.decode(), errors.decode()):
        found = [line.partition(": ")[2] for line in text.splitlines()
                 if line.endswith(tuple(way)) and line.startswith("  ")]
        assert found == way


def test_trace_import_without_a_program(tmpdir):
    assert run(LAUNCHER + ["--trace-import"], tmpdir)[0] == 2


@pytest.mark.parametrize("program, said", [
    (INSTALL + "; import ssl", b"nothing imported ssl before install()"),
    ("import sys", b"did not import ssl")])
def test_trace_import_without_an_early_import(program, said, tmpdir):
    """--trace-import must say that there is nothing to show."""
    status, output, errors = run(
        LAUNCHER + ["--trace-import", "-c", program], tmpdir)
    assert (status, output) == (0, b"")
    assert said in errors and errors.count(b"\n") == 1


def test_trace_import_where_sitecustomize_installs(tmpdir):
    environ = with_sitecustomize(tmpdir, INSTALL)
    child = subprocess.Popen(
        [sys.executable] + LAUNCHER + ["--trace-import", "-c", "import ssl"],
        env=environ, stderr=subprocess.PIPE)
    errors = child.communicate()[1]
    assert child.returncode == 0
    assert b"before the program starts" in errors
    assert errors.count(b"\n") == 1
