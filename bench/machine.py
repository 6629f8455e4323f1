"""What the figures were made on, and whether it was busy."""

import os
import platform

# Of the cores; above it the figures are noisy.
BUSY = 0.5

NOISY = """\
Others use this machine (load average %.1f, %d cores): the figures will be
noisy."""


def cpu_model():
    """What Linux calls the CPU, which is not much on some machines."""
    with open("/proc/cpuinfo") as stream:
        for line in stream:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.machine()


def describe(openssl):
    """As it is now, for JSON, with the version of the C program's OpenSSL."""
    return {"cpu": cpu_model(), "cores": os.cpu_count(),
            "kernel": platform.release(), "openssl": openssl,
            "load": round(os.getloadavg()[0], 2)}


def warning(machine):
    """A line or two for one that is busy, or None."""
    if machine["load"] <= BUSY * machine["cores"]:
        return None
    return NOISY % (machine["load"], machine["cores"])
