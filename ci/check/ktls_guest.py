"""The init process of the kernel that ci/check/ktls.py boots.

    python3 ci/check/ktls_guest.py JOB

JOB is a JSON file from ktls.py.  The script mounts file systems, loads kernel
modules, starts the loopback interface, and proves that TCP sockets support
kTLS.  It then runs the job's commands, writes their results to the file that
the job names, and switches the kernel off.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import traceback

TCP_ULP = 31  # of <netinet/tcp.h>
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
LINUX_REBOOT_CMD_POWER_OFF = 0x4321fedc
SYS_finit_module = {"x86_64": 313}

libc = ctypes.CDLL(None, use_errno=True)


def call(function, *args):
    """Call a function of libc.  Raises OSError if it fails."""
    if function(*args) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def say(text):
    """Send a message to ktls.py, which reads the console."""
    print("ktls: " + text, flush=True)


def mount_all():
    for kind, path in (("proc", "/proc"), ("devtmpfs", "/dev"),
                       ("tmpfs", "/dev/shm")):
        if os.path.ismount(path):
            continue  # the kernel has mounted it
        os.makedirs(path, exist_ok=True)
        call(libc.mount, kind.encode(), path.encode(), kind.encode(), 0, None)
    os.symlink("/proc/self/fd", "/dev/fd")


def load(modules):
    for path in modules:
        with open(path, "rb") as stream:
            call(libc.syscall, SYS_finit_module[os.uname().machine],
                 stream.fileno(), b"", 0)


def start_loopback():
    with socket.socket() as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS,
                    struct.pack("16sH14x", b"lo", IFF_UP))


def probe():
    """Raise OSError if TCP sockets do not support kTLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
    say("Linux %s supports kTLS" % os.uname().release)


def statistics():
    """The kernel's counters: {"TlsTxSw": connections that the kernel
    encrypts, ...}."""
    with open("/proc/net/tls_stat") as stream:
        return {name: int(value) for name, value in map(str.split, stream)}


def run(command, folder, environ):
    """Run a command.  Returns its exit status, and how much each counter of
    statistics() has grown."""
    before = statistics()
    say("%s: tests started" % command["label"])
    with open(command["log"], "w") as stream:
        status = subprocess.call(command["command"], cwd=folder, env=environ,
                                 stdout=stream, stderr=subprocess.STDOUT)
    say("%s: tests ended" % command["label"])
    return {"status": status, "statistics": {
        name: value - before[name] for name, value in statistics().items()}}


def main():
    try:
        with open(sys.argv[1]) as stream:
            job = json.load(stream)
        mount_all()
        load(job["modules"])
        start_loopback()
        probe()
        results = [run(command, job["folder"], job["environ"])
                   for command in job["commands"]]
        with open(job["results"], "w") as stream:
            json.dump(results, stream)
    except Exception:
        traceback.print_exc()  # to the console, whose log ktls.py keeps
    finally:
        sys.stdout.flush()
        os.sync()
        call(libc.reboot, LINUX_REBOOT_CMD_POWER_OFF)


if __name__ == "__main__":
    main()
