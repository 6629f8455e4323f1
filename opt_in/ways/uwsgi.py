"""uWSGI with install() in the application's file."""

import os
import signal

import trial as trials
import workers

PROGRAM = "uWSGI"

UWSGI = "/srv/app/venv/bin/uwsgi --ini /srv/app/"


def prepare(trial, *examples):
    for name in ("wsgi.py",) + examples:
        trial.example("uwsgi/" + name)


def start_as_shown(trial, *options):
    """Start uWSGI as the page shows, with more options.  Return its Popen
    object."""
    prepare(trial, "uwsgi.ini")
    return trial.start(
        trial.here(UWSGI + "uwsgi.ini").split() + list(options))


def way_master_and_threads(trial):
    prepare(trial, "uwsgi.ini")
    trial.start(UWSGI + "uwsgi.ini")
    return trial.get()


def way_lazy_apps(trial):
    start_as_shown(trial, "--lazy-apps")
    return trial.get()


def way_gevent(trial):
    prepare(trial, "uwsgi.ini")
    workers.edit(trial, "uwsgi.ini", "threads = 2",
                 "gevent = 100\ngevent-monkey-patch = true")
    trial.start(UWSGI + "uwsgi.ini")
    return trial.get()


def way_https_socket(trial):
    port = trials.free_port()
    certificate = os.path.join(trials.CERTS, "localhost.pem")
    start_as_shown(trial, "--https-socket", "127.0.0.1:%d,%s,%s" % (
        port, certificate, certificate))
    return workers.get_by_https(trial, port)


def fact_context_and_session_of_the_master(trial):
    workers.preload(trial)
    start_as_shown(trial)
    workers.expect_preloaded(trial, workers.told_by_workers(trial))


def way_reload(trial):
    """After HUP to the master process, uWSGI starts itself again."""
    workers.preload(trial)
    master = start_as_shown(trial)
    old = trial.get()["pid"]
    os.kill(master.pid, signal.SIGHUP)
    trial.wait(lambda: not workers.is_running(old), "a worker does not end")
    return trial.get()


def trap_application_without_it(trial):
    prepare(trial, "mounts.ini")
    trial.start(UWSGI + "mounts.ini")
    return trial.get("http://127.0.0.1:%d/old" % trial.port)


def way_application_of_several(trial):
    prepare(trial, "mounts.ini")
    trial.start(UWSGI + "mounts.ini")
    trial.get("http://127.0.0.1:%d/old" % trial.port)
    return trial.get("http://127.0.0.1:%d/new" % trial.port)


def way_several_in_single_interpreter(trial):
    prepare(trial, "mounts.ini")
    trial.start(trial.here(UWSGI + "mounts.ini").split()
                + ["--single-interpreter"])
    return trial.get("http://127.0.0.1:%d/old" % trial.port)


def trap_second_after_shared_import(trial):
    prepare(trial, "mounts.ini")
    trial.example("uwsgi/use_backport.py")
    trial.start(trial.here(UWSGI + "mounts.ini").split()
                + ["--shared-pyimport", "use_backport"])
    return trial.get("http://127.0.0.1:%d/old" % trial.port)


def way_early_monkey_patch(trial):
    prepare(trial, "early.ini", "use_backport.py")
    trial.start(UWSGI + "early.ini")
    return trial.get()


def fact_too_late(trial):
    prepare(trial, "uwsgi.ini")
    trial.example("uwsgi/too_late.py")
    told = trial.run(UWSGI + "uwsgi.ini --wsgi-file /srv/app/too_late.py", 22)
    trial.expect("was called too late" in told and "urllib2" in told, told)


def fact_too_late_after_other_imports(trial):
    prepare(trial, "uwsgi.ini")
    for option in "--pyimport", "--shared-pyimport":
        told = trial.run(trial.here(UWSGI + "uwsgi.ini").split()
                         + [option, "urllib2"], 22)
        trial.expect("was called too late" in told, told)


def fact_too_late_after_early_monkey_patch(trial):
    prepare(trial, "early.ini", "use_backport.py")
    workers.edit(trial, "early.ini", "shared-pyimport = use_backport\n", "")
    workers.edit(trial, "early.ini", "module = program", "module = wsgi")
    told = trial.run(trial.here(UWSGI + "early.ini").split(), 22)
    trial.expect("was called too late" in told and "gevent" in told, told)


def trap_failing_import_is_passed_over(trial):
    prepare(trial, "early.ini")
    with open(trial.path("use_backport.py"), "w") as stream:
        stream.write("raise ImportError('it is not here')\n")
    trial.start(trial.here(UWSGI + "early.ini").split())
    return trial.get()


def fact_no_start_without_backport(trial):
    """use_backport.py ends uWSGI if install() fails."""
    prepare(trial, "early.ini", "use_backport.py")
    with open(trial.path("_ssl_backport.py"), "w") as stream:
        stream.write("raise ImportError('it is not here')\n")
    told = trial.run(trial.here(UWSGI + "early.ini").split(), 1)
    trial.expect("use_backport: it is not here" in told, told)
