"""Virtual environments that virtualenv makes."""

import os
import shutil

PROGRAM = "virtualenv"
MAKE = "virtualenv --python python2.7 /srv/app/venv"
INSTALL = "/srv/app/venv/bin/pip install ssl_backport-*-cp27-*.whl"
LAUNCHER = "/srv/app/venv/bin/python -m _ssl_backport /srv/app/program.py"
PLAIN = "/srv/app/venv/bin/python /srv/app/program.py"
COPY = "cp ssl-backport.pth /srv/app/venv/lib/python2.7/site-packages/"


def prepare(trial):
    """Make the environment with the commands of the page."""
    interpreter = trial.run([trial.python, "-c", "import sysconfig; "
                             "print(sysconfig.get_config_var('BINDIR'))"])
    path = os.pathsep.join([trial.bin(""), interpreter.strip(),
                            os.environ["PATH"]])
    trial.python = trial.path("venv", "bin", "python")
    trial.run(MAKE, PATH=path)
    shutil.copy(trial.wheel, trial.folder)
    trial.run(INSTALL, PIP_NO_INDEX="1")


def way_launcher(trial):
    prepare(trial)
    trial.run(LAUNCHER)
    return trial.told()


def way_pth(trial):
    prepare(trial)
    trial.example("virtualenv/ssl-backport.pth")
    trial.run(COPY)
    trial.run(PLAIN)
    return trial.told()


def trap_installed_alone(trial):
    prepare(trial)
    trial.run(PLAIN)
    return trial.told()


def fact_others_do_not_have_it(trial):
    prepare(trial)
    another = trial.make_environment(trial.path("another"))
    shown = trial.run([another, "-c", "import _ssl_backport"], status=1)
    trial.expect("No module named _ssl_backport" in shown, shown)


def fact_removed(trial):
    prepare(trial)
    trial.example("virtualenv/ssl-backport.pth")
    trial.run(COPY)
    trial.run(
        "rm /srv/app/venv/lib/python2.7/site-packages/ssl-backport.pth")
    trial.run("/srv/app/venv/bin/pip uninstall --yes ssl-backport")
    shown = trial.run([trial.python, "-c", "import ssl; print(ssl.__file__)"])
    trial.expect("_ssl_backport" not in shown and "Traceback" not in shown,
                 shown)
    trial.run(COPY)
    shown = trial.run([trial.python, "-c", "import ssl; print(ssl.__file__)"])
    trial.expect("Traceback" in shown, shown)
