"""Draw the CPU times that users notice, in an environment with matplotlib.

    python plot_users.py RESULTS.json TARGET.png
"""

import json
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

ROWS = [
    "import", "context-first", "context-later", "ca-file-first",
    "requests-get", "full", "resumed", "sendall", "recv_into", "echo"]
NAMES = [
    ("wheel 2.7", "backport, wheel", "tab:red"),
    ("ours 2.7", "backport", "tab:orange"),
    ("stock 2.7", "2.7's ssl", "tab:blue"),
    ("stock 3.13", "3.13's ssl", "tab:green"),
    ("pyOpenSSL", "pyOpenSSL 21", "tab:purple")]
UNITS = [(1e-3, "ms"), (1e-6, "us")]


def draw(axes, result):
    """Draw a bar for each contestant, the first one on top."""
    figures = result["figures"]
    there = [(label, colour, figures[name]["cpu"])
             for name, label, colour in NAMES if name in figures][::-1]
    most = max(seconds for _, _, seconds in there)
    size, unit = next((size, unit) for size, unit in UNITS
                      if most >= size or unit == "us")
    bars = axes.barh([label for label, _, _ in there],
                     [seconds / size for _, _, seconds in there],
                     color=[colour for _, colour, _ in there])
    axes.bar_label(bars, fmt="%.3g", padding=3)
    axes.set_xlim(0, 1.2 * most / size)
    axes.set_title("%s (%s)" % (result["title"], unit), fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)


def main(source, target):
    with open(source) as stream:
        results = json.load(stream)
    there = [results[name] for name in ROWS if name in results]
    figure, grid = pyplot.subplots(-(-len(there) // 2), 2, figsize=(11, 10),
                                   layout="constrained")
    for axes in grid.flat[len(there):]:
        axes.set_visible(False)
    for axes, result in zip(grid.flat, there):
        draw(axes, result)
    figure.suptitle("CPU time; less is better")
    figure.savefig(target, dpi=90)


if __name__ == "__main__":
    main(*sys.argv[1:])
