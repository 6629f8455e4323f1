"""gunicorn.  A script with install() starts it."""

import os
import shutil
import signal

import trial as trials
import workers

PROGRAM = "gunicorn"

SERVE = "/srv/app/venv/bin/python /srv/app/serve.py "
LAUNCHER = "/srv/app/venv/bin/python -m _ssl_backport "
COMMAND = "/srv/app/venv/bin/gunicorn "
USUAL = "-c /srv/app/gunicorn.conf.py program:application"
START_SECOND = "kill -USR2 $(cat /srv/app/gunicorn.pid)"
STOP_FIRST = "kill -TERM $(cat /srv/app/gunicorn.pid)"


def prepare(trial, configuration="gunicorn.conf.py"):
    trial.example("gunicorn/serve.py")
    trial.example("gunicorn/" + configuration)


def way_sync_workers(trial):
    prepare(trial)
    trial.start(SERVE + USUAL)
    return trial.get()


def start_as_shown(trial, options):
    """Start gunicorn as the page shows, with more options.  Return the report
    of the application."""
    prepare(trial)
    trial.start(trial.here(SERVE + options + " " + USUAL).split())
    return trial.get()


def way_workers_with_threads(trial):
    return start_as_shown(trial, "-k gthread --threads 4")


def way_workers_with_gevent(trial):
    return start_as_shown(trial, "-k gevent")


def way_preloaded_workers_with_gevent(trial):
    return start_as_shown(trial, "-k gevent --preload")


def way_launcher(trial):
    prepare(trial)
    trial.start(LAUNCHER + COMMAND + USUAL)
    return trial.get()


def trap_own_command(trial):
    prepare(trial)
    trial.start(trial.here(COMMAND + USUAL).split())
    return trial.get()


def serve_https(trial, options=""):
    prepare(trial, "tls.conf.py")
    shutil.copy2(os.path.join(trials.CERTS, "localhost.pem"),
                 trial.path("server.pem"))
    trial.start(trial.here(
        SERVE + options + " -c /srv/app/tls.conf.py program:application"
    ).split())
    return workers.get_by_https(trial, trial.port)


def way_https_sync_workers(trial):
    return serve_https(trial)


def way_https_workers_with_threads(trial):
    return serve_https(trial, "-k gthread --threads 4")


def way_https_workers_with_gevent(trial):
    return serve_https(trial, "-k gevent")


def way_https_preloaded(trial):
    return serve_https(trial, "--preload")


def fact_context_and_session_of_the_master(trial):
    workers.preload(trial)
    start_as_shown(trial, "--preload")
    workers.expect_preloaded(trial, workers.told_by_workers(trial))


def upgrade(trial):
    """Replace the master process with a new one, as the page shows.  Return
    the report of the application."""
    old = workers.read_pid(trial, "gunicorn.pid")
    trial.run(START_SECOND)
    new = workers.read_pid(trial, "gunicorn.pid.2")
    trial.expect(workers.is_running(old) and workers.is_running(new),
                 "masters %d and %d do not both run" % (old, new))
    trial.run(STOP_FIRST)
    trial.wait(lambda: not workers.is_running(old),
               "the old master does not end")
    trial.expect(workers.is_running(new), "the new master does not run")
    return trial.get()


def way_upgrade(trial):
    way_sync_workers(trial)
    return upgrade(trial)


def trap_upgrade_with_launcher(trial):
    way_launcher(trial)
    return upgrade(trial)


def way_reload(trial):
    """After HUP, new workers import the application again."""
    workers.preload(trial)
    prepare(trial)
    trial.start(SERVE + USUAL)
    old = trial.get()["pid"]
    os.kill(workers.read_pid(trial, "gunicorn.pid"), signal.SIGHUP)
    trial.wait(lambda: not workers.is_running(old), "a worker does not end")
    return trial.get()


def fact_too_late_in_configuration(trial):
    trial.example("gunicorn/too_late.conf.py")
    told = trial.run(
        COMMAND + "-c /srv/app/too_late.conf.py program:application", 1)
    trial.expect("was called too late" in told
                 and "gunicorn.config" in told, told)


def fact_too_late_in_application(trial):
    prepare(trial)
    trial.example("gunicorn/too_late.py")
    told = trial.run(
        COMMAND + "-c /srv/app/gunicorn.conf.py --workers 1 "
        "too_late:application", 3)
    trial.expect("was called too late" in told
                 and "Worker failed to boot" in told, told)
