"""Programs in C with embedded interpreters."""

import os

PACKAGES = {"cc": "gcc"}
COMPILE = "cc host.c -o host $(python2.7-config --cflags --ldflags)"
RUN = "PYTHONPATH=/srv/app:/srv/app/venv/lib/python2.7/site-packages ./host"


def compile_host(trial):
    folder = trial.run([
        trial.python, "-c", "import sysconfig; "
        "print(sysconfig.get_config_var('BINDIR'))"]).strip()
    trial.run(COMPILE, PATH=os.pathsep.join([folder, os.environ["PATH"]]))


def way_host(trial):
    trial.example("embedding/host.c")
    compile_host(trial)
    trial.run(RUN)
    return trial.told()


def way_sitecustomize(trial):
    """A C program without install() uses the backport with sitecustomize."""
    with open(trial.path("host.c"), "w") as stream:
        stream.write("""#include <Python.h>

int
main(void)
{
    int failed;

    Py_Initialize();
    failed = PyRun_SimpleString("import program; program.main()") < 0;
    Py_Finalize();
    return failed;
}
""")
    compile_host(trial)
    trial.example("sitecustomize/sitecustomize.py")
    trial.run(RUN)
    return trial.told()


def way_interpreters(trial):
    trial.example("embedding/interpreters.c", "host.c")
    compile_host(trial)
    trial.run(RUN)
    return trial.told()


def fact_old_ssl_is_refused(trial):
    trial.example("embedding/host.c")
    compile_host(trial)
    with open(trial.path("__ssl_backport.py"), "w") as stream:
        stream.write("raise ImportError('it is broken')\n")
    shown = trial.run(RUN, status=1)
    trial.expect("it is broken" in shown, shown)
    trial.expect("told.json" not in trial.files(), "the program has run")
