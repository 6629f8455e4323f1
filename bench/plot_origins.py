"""Draw the results of make bench-origins, in an environment with matplotlib.

    python plot_origins.py ORIGINS.json ORIGINS.png
"""

import json
import math
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

COLOURS = {
    "libcrypto": "tab:blue", "libssl": "tab:cyan", "C library": "tab:gray",
    "kernel": "tab:olive", "sleep and wake": "tab:brown",
    "pyOpenSSL": "tab:purple", "extension": "tab:red",
    "Python": "tab:orange", "program": "black"}
COLUMNS = 2


def draw_row(axes, result):
    """Draw a bar for each contestant, split by the origins of its time."""
    names = list(result["origins"])
    starts = [0] * len(names)
    for part, colour in COLOURS.items():
        widths = [1e6 * result["origins"][name].get(part, 0)
                  for name in names]
        axes.barh(names, widths, left=starts, color=colour, label=part)
        starts = [start + width for start, width in zip(starts, widths)]
    if result["bound"] is not None:
        axes.axvline(1e6 * result["bound"], color="black", linestyle=":",
                     label="C and our Python")
    axes.invert_yaxis()
    axes.set_title("%s: CPU for %s, us" % (result["title"], result["unit"]),
                   fontsize=10)
    axes.grid(axis="x", alpha=0.3)


def main(source, target):
    with open(source) as stream:
        results = list(json.load(stream).values())
    lines = math.ceil(len(results) / COLUMNS)
    figure, axes = pyplot.subplots(
        lines, COLUMNS, squeeze=False, figsize=(13, 1 + 2.2 * lines),
        layout="constrained")
    for place, result in zip(axes.flat, results):
        draw_row(place, result)
    for place in axes.flat[len(results):]:
        place.axis("off")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center",
                  ncols=(len(labels) + 1) // 2)
    figure.savefig(target, dpi=90)


if __name__ == "__main__":
    main(*sys.argv[1:])
