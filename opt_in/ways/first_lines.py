"""install() in the first lines of a program."""


def way_start(trial):
    trial.run([trial.example("first-lines/start.py")])
    return trial.told()


def way_optional(trial):
    trial.run([trial.python, trial.example("first-lines/optional.py")])
    return trial.told()


def trap_optional_without_the_backport(trial):
    python = trial.make_environment(trial.path("bare"))
    trial.run([python, trial.example("first-lines/optional.py")])
    return trial.told()


def fact_too_late(trial):
    script = trial.example("first-lines/too_late.py")
    for options in ("", "-m _ssl_backport --trace-import "):
        shown = trial.run("/srv/app/venv/bin/python %s/srv/app/too_late.py" %
                          options, status=1)
        trial.expect("ImportError: _ssl_backport.install() was called too late"
                     in shown and "urllib2.py:" in shown, shown)
    trial.expect(script + ":1: import urllib2" in shown, shown)
