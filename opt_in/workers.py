"""What the ways have in common whose programs fork workers.  Needs Python 3.
"""

import concurrent.futures
import os
import shutil
import signal
import ssl

import trial as trials

PRELOADED = os.path.join(trials.ROOT, "opt_in", "preloaded.py")
AT_ONCE = 8


def preload(trial):
    """Let preloaded.py stand for the user's program."""
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
    """What the application answers over TLS, by a server whose certificate is
    verified."""
    context = ssl.create_default_context(
        cafile=os.path.join(trials.CERTS, "root.pem"))
    return trial.get("https://localhost:%d/" % port, context)


def told_by_workers(trial, get=None, count=2):
    """What so many workers told: {process id: dict}.

    get is called by several threads at once, so that one worker is busy while
    the next is asked.
    """
    told = {}

    def ask():
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for call in [pool.submit(get or trial.get)
                         for _ in range(AT_ONCE)]:
                told[call.result()["pid"]] = call.result()
        return len(told) >= count

    trial.wait(ask, "less than %d workers answered" % count)
    return told


def expect_preloaded(trial, told):
    """Expect that workers use the context and the session of the process that
    imported the program, and that this is none of them."""
    for pid, answer in told.items():
        trial.expect(trials.is_backport(answer) and answer["resumed"]
                     and answer["importer"] not in told,
                     "worker %d told %s" % (pid, answer))


def read_pid(trial, name):
    """The process id in a file, once it is there."""
    path = trial.path(name)

    def is_written():
        return os.path.exists(path) and os.path.getsize(path) > 0

    trial.wait(is_written, "there is no " + name)
    with open(path) as stream:
        return int(stream.read())


def signal_and_wait(trial, pid, number=signal.SIGTERM):
    """Send a signal to a process, and wait until it has ended."""
    os.kill(pid, number)
    trial.wait(lambda: not is_running(pid), "process %d goes on" % pid)


def is_running(pid):
    """Whether there is a process of that id that is no zombie."""
    try:
        with open("/proc/%d/stat" % pid) as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
