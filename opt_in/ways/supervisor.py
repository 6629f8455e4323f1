"""Programs that Supervisor starts."""

PROGRAM = "supervisor"
COMMAND = "/srv/app/venv/bin/supervisord -c /srv/app/supervisord.conf"


# program.py ends at once, and Supervisor must not start it again.
ONCE = "startsecs = 0\nautorestart = false\n"


def prepare(trial, name):
    trial.example("supervisor/supervisord.conf")
    path = trial.example("supervisor/" + name, "conf.d/program.conf")
    with open(path, "a") as stream:
        stream.write(ONCE)
    return path


def way_launcher(trial):
    prepare(trial, "launcher.conf")
    trial.start(COMMAND)
    return trial.told()


def way_variable(trial):
    prepare(trial, "variable.conf")
    trial.example("sitecustomize/sitecustomize.py", "start/sitecustomize.py")
    trial.start(COMMAND)
    return trial.told()


def without_launcher(path):
    """Remove the launcher from a program's configuration file.  Return the old
    text of the file."""
    text = read(path)
    with open(path, "w") as stream:
        stream.write(text.replace("-m _ssl_backport ", ""))
    return text


def way_update(trial):
    path = prepare(trial, "launcher.conf")
    text = without_launcher(path)
    trial.start(COMMAND)
    trial.told()
    with open(path, "w") as stream:
        stream.write(text)
    trial.run("/srv/app/venv/bin/supervisorctl "
              "-c /srv/app/supervisord.conf update")
    return trial.told()


def trap_restart_after_a_change(trial):
    path = prepare(trial, "launcher.conf")
    text = without_launcher(path)
    trial.start(COMMAND)
    trial.told()
    with open(path, "w") as stream:
        stream.write(text)
    trial.run([trial.bin("supervisorctl"), "-c",
               trial.path("supervisord.conf"), "restart", "program"])
    return trial.told()


def trap_supervisor_by_the_launcher(trial):
    without_launcher(prepare(trial, "launcher.conf"))
    trial.start([trial.python, "-m", "_ssl_backport",
                 trial.bin("supervisord"), "-c",
                 trial.path("supervisord.conf")])
    return trial.told()


def fact_failure_is_in_the_log(trial):
    """After some tries, the state is FATAL and the log has the reason."""
    path = prepare(trial, "launcher.conf")
    with open(trial.path("__ssl_backport.py"), "w") as stream:
        stream.write("raise ImportError('it is broken')\n")
    with open(path, "a") as stream:
        stream.write("environment = PYTHONPATH=\"%s\"\nstartsecs = 1\n"
                     "stderr_logfile = %s\nstartretries = 1\n" % (
                         trial.folder, trial.path("errors.log")))
    trial.start(COMMAND)
    trial.wait(lambda: "FATAL" in read(trial.path("supervisord.log")),
               "the state is not FATAL")
    trial.expect("it is broken" in read(trial.path("errors.log")),
                 "the reason is not in the log")
    trial.expect("told.json" not in trial.files(), "the program has run")


def read(path):
    try:
        with open(path) as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
