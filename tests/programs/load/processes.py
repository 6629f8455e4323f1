"""Processes of the load tests: their output, descriptors and memory."""

import json
import os
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Process(object):
    """A script of this folder, and the JSON values that it prints.

    launcher is the start of the command, e.g. ["python2.7", "-m",
    "_ssl_backport"]; options are those of subprocess.Popen.
    """

    def __init__(self, launcher, script, *arguments, **options):
        self.child = subprocess.Popen(
            launcher + [os.path.join(HERE, script)] +
            [str(argument) for argument in arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        self.pid = self.child.pid
        self.printed = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.daemon = True
        self.reader.start()

    def _read(self):
        for line in iter(self.child.stdout.readline, b""):
            with self.changed:
                self.printed.append(json.loads(line.decode("ascii")))
                self.changed.notify_all()

    def wait_for(self, number, seconds):
        """The printed value of this number; None after the time is up."""
        end = time.time() + seconds
        with self.changed:
            while len(self.printed) <= number and self.reader.is_alive():
                left = end - time.time()
                if left <= 0:
                    break
                self.changed.wait(min(left, 1.0))
            return self.printed[number] if len(self.printed) > number else None

    def ask(self, seconds):
        """The value that the script prints when it gets an empty line."""
        number = len(self.printed)
        self.child.stdin.write(b"\n")
        self.child.stdin.flush()
        return self.wait_for(number, seconds)

    def is_running(self):
        return self.child.poll() is None

    def stop(self):
        """Ask the script to end."""
        self.child.stdin.close()

    def result(self, seconds):
        """The last printed value; AssertionError if it fails or hangs."""
        self.reader.join(seconds)
        assert not self.reader.is_alive(), "the script does not end"
        assert self.child.wait() == 0, "exit status %d" % self.child.wait()
        return self.printed[-1]

    def kill(self):
        if self.is_running():
            self.child.kill()
        self.child.wait()
        self.reader.join()
        self.child.stdout.close()


def descriptors(pid):
    """The number of open descriptors of a process; pid may be "self"."""
    return len(os.listdir("/proc/%s/fd" % pid))


def descriptors_left(pid, expected, seconds):
    """The number of open descriptors, as soon as it is not above the expected
    number, or when the time is up."""
    end = time.time() + seconds
    while descriptors(pid) > expected and time.time() < end:
        time.sleep(0.1)
    return descriptors(pid)


def resident(pid):
    """The memory of a process, in bytes; pid may be "self"."""
    with open("/proc/%s/statm" % pid) as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
