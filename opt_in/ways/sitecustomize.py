"""sitecustomize.py and .pth files, for unchanged programs."""

import os

FILE = "sitecustomize/sitecustomize.py"
PTH = "sitecustomize/ssl-backport.pth"
INSTALLED = ('/srv/app/venv/bin/python -c "import _ssl_backport; '
             'print(_ssl_backport.is_installed())"')
COPY = "cp sitecustomize.py /srv/app/venv/lib/python2.7/site-packages/"


def prepare(trial):
    """Make an environment with sitecustomize.py in its site-packages."""
    trial.use_own_environment()
    trial.example(FILE)
    trial.run(COPY)


def run(trial, *options, **variables):
    trial.run([trial.python] + list(options) + ["program.py"], **variables)
    return trial.told()


def way_site_packages(trial):
    prepare(trial)
    trial.expect(trial.run(INSTALLED) == "True\n", "install() did not run")
    shown = trial.run('/srv/app/venv/bin/python -c "import sitecustomize; '
                      'print(sitecustomize.__file__)"')
    trial.expect(shown.startswith(trial.path("venv")), shown)
    return run(trial)


def way_site_packages_with_E(trial):
    prepare(trial)
    return run(trial, "-E", "-s")


def way_folder_in_PYTHONPATH(trial):
    trial.example(FILE, "start/sitecustomize.py")
    trial.run("PYTHONPATH=/srv/app/start "
              "/srv/app/venv/bin/python /srv/app/program.py")
    return trial.told()


def trap_folder_in_PYTHONPATH_with_E(trial):
    trial.example(FILE, "start/sitecustomize.py")
    return run(trial, "-E", PYTHONPATH=trial.path("start"))


def trap_another_comes_first(trial):
    prepare(trial)
    os.mkdir(trial.path("first"))
    open(trial.path("first", "sitecustomize.py"), "w").close()
    return run(trial, PYTHONPATH=trial.path("first"))


def fact_lines_at_the_end_of_another(trial):
    """The lines work at the end of another file, such as Debian's."""
    path = trial.example(FILE, "first/sitecustomize.py")
    with open(path) as stream:
        lines = stream.read()
    with open(path, "w") as stream:
        stream.write("import sys\nsys.stdout.write('first\\n')\n\n" + lines)
    shown = trial.run([trial.python, "-c", "import ssl; print(ssl.__file__)"],
                      PYTHONPATH=trial.path("first"))
    trial.expect(shown.startswith("first\n") and "_ssl_backport" in shown,
                 shown)


def fact_without_site(trial):
    prepare(trial)
    shown = trial.run([trial.python, "-S", "-c",
                       "import sys; print('_ssl_backport' in sys.modules)"])
    trial.expect(shown == "False\n", shown)


def fact_none_is_there(trial):
    shown = trial.run('/srv/app/venv/bin/python -c "import sitecustomize; '
                      'print(sitecustomize.__file__)"', status=1)
    trial.expect("ImportError" in shown, shown)


def break_backport(trial):
    with open(trial.path("__ssl_backport.py"), "w") as stream:
        stream.write("raise ImportError('it is broken')\n")


def fact_failure_is_told(trial):
    prepare(trial)
    break_backport(trial)
    shown = trial.run([trial.python, "-c", "print('it runs')"],
                      PYTHONPATH=trial.folder)
    trial.expect("sitecustomize: " in shown and "it is broken" in shown
                 and "it runs" in shown, shown)


def fact_failure_without_except_is_silent(trial):
    break_backport(trial)
    with open(trial.path("sitecustomize.py"), "w") as stream:
        stream.write("import _ssl_backport\n_ssl_backport.install()\n")
    shown = trial.run([trial.python, "-c", "print('it runs')"],
                      PYTHONPATH=trial.folder)
    trial.expect(shown == "it runs\n", shown)


def fact_exit_keeps_python_from_starting(trial):
    break_backport(trial)
    path = trial.example(FILE)
    with open(path) as stream:
        text = stream.read()
    exits = text.replace('sys.stderr.write("sitecustomize: %s\\n" % error)',
                         'sys.exit("sitecustomize: %s" % error)')
    trial.expect(exits != text, "the example has no sys.stderr.write()")
    with open(path, "w") as stream:
        stream.write(exits)
    shown = trial.run([trial.python, "-c", "print('it runs')"], status=1,
                      PYTHONPATH=trial.folder)
    trial.expect("it runs" not in shown and "it is broken" in shown, shown)


def way_pth(trial):
    trial.use_own_environment()
    trial.example(PTH, "venv/lib/python2.7/site-packages/ssl-backport.pth")
    return run(trial)


def trap_pth_after_one_that_imports_ssl(trial):
    trial.use_own_environment()
    trial.example(PTH, "venv/lib/python2.7/site-packages/ssl-backport.pth")
    earlier = trial.path("venv", "lib", "python2.7", "site-packages",
                         "earlier.pth")
    with open(earlier, "w") as stream:
        stream.write("import ssl\n")
    return run(trial)


def trap_pth_in_PYTHONPATH(trial):
    trial.example(PTH)
    return run(trial, PYTHONPATH=trial.folder)


def fact_compiled_file_stays_in_use(trial):
    prepare(trial)
    run(trial)
    trial.run("rm /srv/app/venv/lib/python2.7/site-packages/sitecustomize.py")
    trial.expect(trial.run(INSTALLED) == "True\n", "Python ignores the .pyc")
    trial.run(
        "rm -f /srv/app/venv/lib/python2.7/site-packages/sitecustomize.pyc")
    trial.expect(trial.run(INSTALLED) == "False\n", "install() still runs")
