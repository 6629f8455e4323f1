"""Describe the machine of a measurement, and tell whether it is busy."""

import os
import platform

# Figures are noisy if the load average exceeds this share of the cores.
BUSY = 0.5

NOISY = """\
Other processes use this machine (load average %.1f, %d cores), so the figures
will be noisy."""


def cpu_model():
    """Linux' name of the CPU; its architecture if Linux has no name."""
    with open("/proc/cpuinfo") as stream:
        for line in stream:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.machine()


def describe(openssl):
    """The machine's present state, for JSON.

    openssl is the version that the C program is linked with.
    """
    return {"cpu": cpu_model(), "cores": os.cpu_count(),
            "kernel": platform.release(), "openssl": openssl,
            "load": round(os.getloadavg()[0], 2)}


def warning(machine):
    """A warning about a busy machine, or None."""
    if machine["load"] <= BUSY * machine["cores"]:
        return None
    return NOISY % (machine["load"], machine["cores"])
