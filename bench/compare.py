"""Find the rows that are slower than in the committed results."""

import json
import os
import subprocess

RESULTS = "bench/results/results.json"

NOTHING = """\
Nothing is slower than in the committed results by more than the noise of
both."""

SLOWER = """\
These are slower than in the committed results, by more than the noise of both
runs.  A figure says how many times as fast the first one is as the second:
"""


def committed(folder):
    """{row's name: result} of the last commit; {} if it has no results."""
    try:
        text = subprocess.check_output(
            ["git", "show", "HEAD:" + RESULTS], cwd=folder,
            stderr=subprocess.DEVNULL, universal_newlines=True)
    except (OSError, subprocess.CalledProcessError):
        # a source distribution has no git
        path = os.path.join(folder, RESULTS)
        if not os.path.exists(path):
            return {}
        with open(path) as stream:
            text = stream.read()
    return json.loads(text)


def pairs(result):
    """{the pair compared: {"ratio": ..., "spread": ...}} of a row."""
    found = {"than " + name: ratio
             for name, ratio in result["ratios"].items()}
    if "wheel" in result:
        found["wheel than pyOpenSSL"] = result["wheel"]
    return {who: ratio for who, ratio in found.items()
            if ratio["ratio"] is not None}


def is_less(ratio, other):
    """Whether `ratio` is less than `other` by more than both spreads."""
    return (ratio["ratio"] * (1 + ratio["spread"])
            < other["ratio"] * (1 - other["spread"]))


def slower(before, after):
    """[(title, pair compared, ratio before, ratio after)] of two runs."""
    lines = []
    for name, result in after.items():
        old = pairs(before[name]) if name in before else {}
        for who, ratio in pairs(result).items():
            if who in old and is_less(ratio, old[who]):
                lines.append((result["title"], who, old[who]["ratio"],
                              ratio["ratio"]))
    return lines


def show(folder, results):
    """Print the rows that are slower than in a folder's last commit."""
    said = text(committed(folder), results)
    if said:
        print("\n" + said)


def text(before, after):
    """The comparison of two runs as text; "" if they have no row in common."""
    if not set(before) & set(after):
        return ""
    lines = slower(before, after)
    if not lines:
        return NOTHING
    return "\n".join([SLOWER, "    %-30s %-22s %6s %6s" % (
        "", "", "before", "now")] + [
            "    %-30s %-22s %6.2f %6.2f" % line for line in lines])
