"""Functions for the ways whose programs fork workers.  Needs Python 3."""

import concurrent.futures
import os
import shutil
import signal
import ssl

import trial as trials

PRELOADED = os.path.join(trials.ROOT, "opt_in", "preloaded.py")
AT_ONCE = 8


def preload(trial):
    """Use preloaded.py as the user's program."""
    os.rename(trial.path("program.py"), trial.path("plain.py"))
    shutil.copy2(PRELOADED, trial.path("program.py"))


def edit(trial, name, old, new):
    """Replace a text in a file of the trial's folder."""
    path = trial.path(name)
    with open(path) as stream:
        text = stream.read()
    trial.expect(old in text, "%s has no %r" % (name, old))
    with open(path, "w") as stream:
        stream.write(text.replace(old, new))


def get_by_https(trial, port):
    """Return the application's report over HTTPS, after the verification of
    the server's certificate."""
    context = ssl.create_default_context(
        cafile=os.path.join(trials.CERTS, "root.pem"))
    return trial.get("https://localhost:%d/" % port, context)


def told_by_workers(trial, get=None, count=2):
    """Return the reports of count workers: {process id: dict}.

    Several threads call get at the same time, so that one worker is busy while
    another worker answers.
    """
    told = {}

    def ask():
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for call in [pool.submit(get or trial.get)
                         for _ in range(AT_ONCE)]:
                told[call.result()["pid"]] = call.result()
        return len(told) >= count

    trial.wait(ask, "fewer than %d workers answered" % count)
    return told


def expect_preloaded(trial, told):
    """Expect that all workers use the context and the session of the process
    that imported the program, and that none of them is this process."""
    for pid, answer in told.items():
        trial.expect(trials.is_backport(answer) and answer["resumed"]
                     and answer["importer"] not in told,
                     "worker %d reported %s" % (pid, answer))


def read_pid(trial, name):
    """Wait for a file with a process id.  Return this id."""
    path = trial.path(name)

    def is_written():
        return os.path.exists(path) and os.path.getsize(path) > 0

    trial.wait(is_written, "the file %s is missing" % name)
    with open(path) as stream:
        return int(stream.read())


def signal_and_wait(trial, pid, number=signal.SIGTERM):
    """Send a signal to a process, and wait until the process has ended."""
    os.kill(pid, number)
    trial.wait(lambda: not is_running(pid), "process %d does not end" % pid)


def is_running(pid):
    """Return whether a process with this id exists and is not a zombie."""
    try:
        with open("/proc/%d/stat" % pid) as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
