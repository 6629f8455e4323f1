"""python -m _ssl_backport with an unchanged program."""


def way_script(trial):
    trial.run("/srv/app/venv/bin/python -m _ssl_backport /srv/app/program.py")
    return trial.told()


def way_module(trial):
    trial.run("/srv/app/venv/bin/python -m _ssl_backport -m program")
    return trial.told()


def way_option(trial):
    trial.run(
        "/srv/app/venv/bin/python -u -m _ssl_backport /srv/app/program.py")
    return trial.told()


def way_shell_script(trial):
    trial.run([trial.example("launcher/program")])
    return trial.told()


def way_multiprocessing(trial):
    trial.run([trial.python, "-m", "_ssl_backport", "-c",
               "import multiprocessing, program; "
               "multiprocessing.Process(target=program.main).start()"])
    return trial.told()


def trap_subprocess(trial):
    trial.run([trial.python, "-m", "_ssl_backport", "-c",
               "import subprocess, sys; "
               "subprocess.check_call([sys.executable, 'program.py'])"])
    return trial.told()


def trap_plain_python(trial):
    trial.run([trial.python, "program.py"])
    return trial.told()


def fact_code(trial):
    shown = trial.run('/srv/app/venv/bin/python -m _ssl_backport '
                      '-c "import ssl; print(ssl)"')
    trial.expect("_ssl_backport" in shown, shown)


def fact_commands(trial):
    for command in ("/srv/app/venv/bin/pip", "-m pip"):
        shown = trial.run("/srv/app/venv/bin/python -m _ssl_backport %s "
                          "--version" % command)
        trial.expect(shown.startswith("pip "), shown)


def fact_does_not_start_with_the_old_ssl(trial):
    with open(trial.path("__ssl_backport.py"), "w") as stream:
        stream.write("raise ImportError('cannot be loaded')")
    trial.run([trial.python, "-m", "_ssl_backport", "program.py"], status=1,
              PYTHONPATH=trial.folder)
    trial.expect("told.json" not in trial.files(), "the program has run")
