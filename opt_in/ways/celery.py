"""celery with Redis over TLS.  A script with install() starts the worker."""

import json
import os
import shutil
import signal

import trial as trials
import workers

PROGRAM = "celery"
PACKAGES = {"redis-server": "redis-server"}

REDIS_PORT = "6379"
OPTIONS = " -A tasks -l info"
WORKER = "/srv/app/venv/bin/python /srv/app/worker.py worker" + OPTIONS
LAUNCHER = ("/srv/app/venv/bin/python -m _ssl_backport "
            "/srv/app/venv/bin/celery worker" + OPTIONS)
ASK = "/srv/app/venv/bin/python /srv/app/ask.py"


def prepare(trial):
    """Start Redis, and copy the files of the page into the folder."""
    port = str(trials.free_port())
    certificate = os.path.join(trials.CERTS, "localhost.pem")
    ca = os.path.join(trials.CERTS, "root.pem")
    trial.start([
        trials.find("redis-server"), "--port", "0", "--tls-port", port,
        "--bind", "127.0.0.1", "--tls-cert-file", certificate,
        "--tls-key-file", certificate, "--tls-ca-cert-file", ca,
        "--tls-auth-clients", "no", "--save", "", "--dir", trial.folder])
    shutil.copy2(ca, trial.path("ca.pem"))
    for name in "worker.py", "ask.py", "tasks.py":
        trial.example("celery/" + name)
    workers.edit(trial, "tasks.py", REDIS_PORT, port)


def ask(trial):
    """Return the report of the task."""
    return json.loads(trial.run(ASK).splitlines()[-1])


def start_and_ask(trial, options):
    """Start a worker as the page shows, with more options.  Return the report
    of the task."""
    prepare(trial)
    trial.start(trial.here(WORKER + " " + options).split())
    return ask(trial)


def way_prefork(trial):
    prepare(trial)
    trial.start(WORKER)
    return ask(trial)


def way_gevent(trial):
    return start_and_ask(trial, "-P gevent -c 20")


def way_threads(trial):
    return start_and_ask(trial, "-P threads")


def way_launcher(trial):
    prepare(trial)
    trial.start(LAUNCHER)
    return ask(trial)


def trap_own_command(trial):
    prepare(trial)
    trial.start(trial.here("/srv/app/venv/bin/celery worker" + OPTIONS)
                .split())
    return ask(trial)


def fact_context_and_session_of_the_parent(trial):
    workers.preload(trial)
    start_and_ask(trial, "-c 2")
    workers.expect_preloaded(
        trial, workers.told_by_workers(trial, lambda: ask(trial)))


def way_next_worker(trial):
    """A new worker process replaces a process that has run a task."""
    workers.preload(trial)
    old = start_and_ask(trial, "-c 1 --max-tasks-per-child 1")
    told = ask(trial)
    trial.expect(told["pid"] != old["pid"], "the same process ran both tasks")
    return told


def restart(trial, told):
    """Send HUP to the parent process.  Return the report of the next task.

    told: an earlier report.  The parent process imported preloaded.py.
    """
    os.kill(told["importer"], signal.SIGHUP)
    trial.wait(lambda: not workers.is_running(told["pid"]),
               "a worker process does not end")
    return ask(trial)


def way_restart(trial):
    workers.preload(trial)
    return restart(trial, way_prefork(trial))


def trap_restart_with_launcher(trial):
    workers.preload(trial)
    return restart(trial, way_launcher(trial))


def fact_detached_without_it(trial):
    """--detach starts a command without worker.py."""
    prepare(trial)
    trial.run(trial.here(
        WORKER + " --detach --pidfile /srv/app/worker.pid "
        "--logfile /srv/app/worker.log").split())
    pid = workers.read_pid(trial, "worker.pid")
    with open("/proc/%d/cmdline" % pid) as stream:
        command = stream.read().split("\0")
    workers.signal_and_wait(trial, pid)
    trial.expect(command[1:4] == ["-m", "celery", "worker"], str(command))


def fact_too_late(trial):
    prepare(trial)
    trial.example("celery/too_late.py")
    told = trial.run("/srv/app/venv/bin/celery worker -A too_late", 1)
    trial.expect("was called too late" in told and "amqp" in told, told)
