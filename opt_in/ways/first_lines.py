"""install() in the first lines of a program."""


def way_start(trial):
    trial.example("first-lines/start.py")
    trial.run("/srv/app/start.py")
    return trial.told()


def fact_too_late(trial):
    trial.example("first-lines/too_late.py")
    trial.run("/srv/app/venv/bin/python /srv/app/too_late.py", status=1)
