"""python -m _ssl_backport, with a program that stays as it is."""


def way_script(trial):
    trial.run("/srv/app/venv/bin/python -m _ssl_backport /srv/app/program.py")
    return trial.told()


def way_module(trial):
    trial.run("/srv/app/venv/bin/python -m _ssl_backport -m program")
    return trial.told()


def trap_plain_python(trial):
    trial.run("/srv/app/venv/bin/python /srv/app/program.py")
    return trial.told()
