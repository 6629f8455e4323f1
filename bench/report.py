"""Report medians, ratios and goals, as text and as JSON.

bench/results/results.json keeps the last whole measurement of each row.  All
figures of one row come from one run.
"""

import json
import os
import statistics
import time

import measure
import rows

WHEEL = "wheel 2.7"
RESULTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results")
JSON = os.path.join(RESULTS, "results.json")
ORIGINS = os.path.join(RESULTS, "origins.json")


def judge(row, race):
    """The result of a row, ready for JSON."""
    figures = race.figures
    result = {
        "title": row.title, "unit": row.unit, "measure": row.measure,
        "group": row.group, "base": row.base,
        "size": row.size, "connections": row.connections,
        "date": time.strftime("%Y-%m-%d"),
        "figures": {name: summary(rounds)
                    for name, rounds in figures.items()},
        "failed": race.failed,
        "ratios": {name: ratio(measure.ratios(row, figures, name))
                   for name in figures if name != row.base},
    }
    result["goals"] = [
        goal("C", "C", row.c, row, figures),
        goal("stock", row.best or best_stock(result), row.stock, row, figures,
             row.allowance),
        goal("pyOpenSSL", "pyOpenSSL", row.pyopenssl, row, figures)]
    if row.wheel and {WHEEL, "pyOpenSSL"} <= set(figures):
        result["wheel"] = ratio(measure.ratios(row, figures, "pyOpenSSL",
                                               WHEEL))
    result["goals"].append({
        "kind": "wheel", "against": "pyOpenSSL", "least": row.wheel_goal,
        "measured": "wheel" in result,
        "reached": result["wheel"]["ratio"] if "wheel" in result else None})
    return result


def summary(rounds):
    """The medians of a contestant's rounds, and the quartiles of its CPU
    seconds."""
    cpu = [figure.cpu for figure in rounds]
    quartiles = (statistics.quantiles(cpu, n=4, method="inclusive")
                 if len(cpu) > 1 else cpu * 3)
    return {
        "cpu": quartiles[1], "cpu_quartiles": [quartiles[0], quartiles[2]],
        "wall": statistics.median(figure.wall for figure in rounds),
        "bytes": statistics.median(figure.bytes for figure in rounds),
        "rounds": len(rounds)}


def ratio(values):
    """The median and its spread; {"ratio": None} if the spread is too
    great."""
    spread = measure.spread(values)
    return {"ratio": (None if spread > measure.NOISY
                      else statistics.median(values)),
            "spread": spread}


def best_stock(result):
    """The name of the fastest (or smallest) stock `ssl`."""
    stock = [name for name in result["figures"] if name.startswith("stock")]
    return min(stock, default=None, key=lambda name: (
        result["figures"][name][result["measure"]]))


def goal(kind, name, least, row, figures, allowance=0):
    """The goal of a comparison, and the ratio that was measured."""
    measured = name in figures
    return {"kind": kind, "against": name, "least": least,
            "measured": measured,
            "reached": ratio(measure.ratios(
                row, figures, name,
                allowance=allowance))["ratio"] if measured else None}


# As text

def amount(value, measured):
    """Seconds or bytes as text, in a unit of readable size."""
    if measured == "bytes":
        return "%.1f KiB" % (value / 1024)
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if value * factor >= 1 or unit == "us":
            return "%.3g %s" % (value * factor, unit)


def compared(found):
    if found is None:
        return ""
    if found["ratio"] is None:
        return "noisy"
    return "%.2f +-%2.0f %%" % (found["ratio"], 100 * found["spread"])


def show(result):
    """Print the figures of each contestant, and its ratio to the base."""
    measured = result["measure"]
    print("\n%-34s %10s %10s   %s" % (
        "%s, for %s" % (result["title"], result["unit"]),
        "CPU" if measured == "cpu" else "memory",
        "wall" if measured == "cpu" else "",
        "%s is better by" % result["base"].replace("ours 2.7", "ours")))
    for name, figure in result["figures"].items():
        print(("    %-30s %10s %10s   %s" % (
            name, amount(figure[measured], measured),
            amount(figure["wall"], "cpu") if measured == "cpu" else "",
            compared(result["ratios"].get(name)))).rstrip())
    for name, why in result["failed"].items():
        print("    %-30s %s" % (name, why))
    if "wheel" in result:
        print("    the wheel against pyOpenSSL: %s"
              % compared(result["wheel"]))


def cell(goal):
    """The cell of a goal in the last table."""
    if not goal["measured"]:
        return "-"
    if goal["reached"] is None:
        return "noisy"
    text = "%.2f" % goal["reached"]
    if goal["least"] is None:
        return text
    return "%s %s %.2f" % (text, "< " if is_missed(goal) else ">=",
                           goal["least"])


def is_missed(goal):
    return (None not in (goal["reached"], goal["least"])
            and goal["reached"] < goal["least"])


def show_goals(results):
    """Print the last table: each ratio and its goal."""
    results = [result for result in results if result["group"] == "rows"]
    if not results:
        return
    print("\nReached on 2.7, and at least to be reached; 1.20 is a fifth "
          "more in the same\nCPU time, or a fifth less memory\n")
    print(("%-26s" + 4 * " %-13s") % (
        "", "against C", "stock", "pyOpenSSL", "wheel, pyOpenSSL"))
    missed = 0
    for result in results:
        cells = [cell(goal) for goal in result["goals"]]
        print((("%-26s" + 4 * " %-13s") % (
            result["title"], *cells)).rstrip())
        missed += sum(map(is_missed, result["goals"]))
    print("\n%s" % (
        "Everything that was to be reached and could be told is."
        if not missed else "%d of the goals %s missed." % (
            missed, "is" if missed == 1 else "are")))


# As JSON

def load(path=JSON):
    """{row's name: result} of the last measurements."""
    if not os.path.exists(path):
        return {}
    with open(path) as stream:
        return json.load(stream)


def save(results):
    """Keep these results; they replace older results of the same rows."""
    os.makedirs(RESULTS, exist_ok=True)
    found = dict(load(), **results)
    kept = {row.name: found[row.name] for row in rows.ROWS
            if row.name in found}
    with open(JSON, "w") as stream:
        json.dump(kept, stream, indent=1)
        stream.write("\n")
