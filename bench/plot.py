"""Draw the results of make bench, in an environment with matplotlib.

    python plot.py RESULTS.json RESULTS.png
"""

import json
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot, ticker  # noqa: E402

COLOURS = {
    "C": "black", "ours 2.7": "tab:red", "ours 3.13": "tab:orange",
    "stock 2.7": "tab:blue", "stock 3.6": "tab:cyan",
    "stock 3.13": "tab:green", "pyOpenSSL": "tab:purple"}

GROWTH = [
    ("links", "CPU for an echo, by connections", "connections", "us", 1e6),
    ("in", "CPU for a byte received, by message", "bytes", "ns", 1e9),
    ("out", "CPU for a byte sent, by message", "bytes", "ns", 1e9)]


def plain(value, _):
    """1000 as "1,000", 0.5 as "0.5"."""
    return "{:,g}".format(value)


def draw_ratios(axes, results):
    """Draw a line for each row, with a dot for each contestant.  The backport
    is at 1."""
    for name, colour in COLOURS.items():
        dots = [(found["ratio"], -place)
                for place, result in enumerate(results)
                for found in [result["ratios"].get(name)]
                if found and found["ratio"] is not None]
        if dots:
            axes.plot(*zip(*dots), "o", color=colour, label=name,
                      markersize=6, alpha=0.8)
    axes.axvline(1, color=COLOURS["ours 2.7"], label="ours 2.7")
    axes.set_yticks([-place for place in range(len(results))],
                    [result["title"] for result in results])
    axes.set_xscale("log")
    axes.set_xticks([0.5, 0.7, 1, 1.5, 2, 5, 10, 20, 50])
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(plain))
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.set_title("CPU time (or memory) for the same work; "
                   "the backport on 2.7 is 1")
    axes.set_xlabel("less than the backport  |  more than the backport")
    axes.legend(loc="lower right")


def draw_growth(axes, results, title, label, unit, factor):
    for name in COLOURS:
        points = [(amount, factor * result["figures"][name]["cpu"] / amount)
                  for result in results if name in result["figures"]
                  for amount in [result["connections"]
                                 if label == "connections"
                                 else result["size"]]]
        if points:
            axes.plot(*zip(*sorted(points)), "o-", color=COLOURS[name],
                      label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel(unit)
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(plain))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend()


def main(source, target):
    with open(source) as stream:
        results = list(json.load(stream).values())
    figure = pyplot.figure(figsize=(13, 12), layout="constrained")
    grid = figure.add_gridspec(2, 3, height_ratios=[2, 1])
    draw_ratios(figure.add_subplot(grid[0, :]), [
        result for result in results if result["group"] == "rows"])
    for place, (group, *words) in enumerate(GROWTH):
        draw_growth(figure.add_subplot(grid[1, place]), [
            result for result in results if result["group"] == group], *words)
    figure.savefig(target, dpi=90)


if __name__ == "__main__":
    main(*sys.argv[1:])
