"""How many control charts of the simulated clinics signal, beside how many do so by chance.

The clinics of `medvirk up --demo` change nothing over time, so every signal is a false one. Asks a
running report for every monthly chart, finds the signals again by the rules and not by the program,
and says what differs. Then draws the same charts by chance: the same periods with a figure, the same
gaps, and the same persons in each; shares from the binomial distribution, means from the normal one
with the standard error of so many persons, totals from the Poisson one. The share of charts with a
signal is to lie in the 99.9 % interval of what is drawn. Needs Python 3.11 and nothing else, and takes
some minutes:

    medvirk up --demo --data DIR
    python tests/python/signals.py http://127.0.0.1:8080 DIR/tokens.json

With a third argument it also writes the charts that have no persons in common to that file:
`services/report/src/statistics/tests/clinics.json` is that of January 2024 to October 2026, and a test
of the report measures the program's own rules by it.

It looks at all charts, and at one of each measure and unit, which have no persons in common. Charts
are drawn independently of each other. Those of all charts are not: indicators of a measure, and
organisations above a unit, count the same persons again, so that the interval is too narrow for them.
"""

import bisect
import functools
import itertools
import json
import math
import random
import sys
import urllib.parse
import urllib.request

SEED = 20261130
DRAWS = 500
# Two-sided quantile of the normal distribution that leaves 0.1 %.
Z = 3.2905267314919
EQUAL_WITHIN = 1e-9
IN_A_ROW = 7


def asked(address, token, path, **words):
    url = f"{address}{path}?{urllib.parse.urlencode(words)}"
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def side(value, line, tolerance):
    return (value > line + tolerance) - (value < line - tolerance)


def limits(values, persons):
    """Centre, and three sigma of each period: of a p-chart where persons are given, else of XmR."""
    shown = [value for value in values if value is not None]
    if persons:
        known = [(value, n) for value, n in zip(values, persons) if value is not None]
        centre = sum(value * n for value, n in known) / sum(n for _, n in known)
        spread = max(centre * (100 - centre), 0)
        return centre, [None if value is None else 3 * math.sqrt(spread / n) for value, n in zip(values, persons)]
    ranges = [abs(b - a) for a, b in zip(values, values[1:]) if a is not None and b is not None]
    mean = sum(ranges) / len(ranges)
    kept = [one for one in ranges if one <= 3.267 * mean]
    reach = 2.66 * sum(kept) / len(kept)
    return sum(shown) / len(shown), [reach] * len(values)


def signals(values, persons):
    """The rules of NHS: (rule, first point) of each signal."""
    centre, sigma3 = limits(values, persons)
    tolerance = EQUAL_WITHIN * max(abs(value) for value in values if value is not None)
    found = set()
    run = rise = 0
    before = None
    for place, value in enumerate(values):
        if value is None:
            run = rise = 0
            before = None
            continue
        if abs(value - centre) > sigma3[place] + tolerance:
            found.add(("outside", place))
        way = side(value, centre, tolerance)
        run = (run + (way > 0) - (way < 0)) if way and run * way >= 0 else way
        if abs(run) >= IN_A_ROW:
            found.add(("shift", place - abs(run) + 1))
        step = 0 if before is None else side(value, before, tolerance)
        rise = (rise + step) if step and rise * step >= 0 else step
        if abs(rise) + 1 >= IN_A_ROW:
            found.add(("trend", place - abs(rise)))
        before = value
        three = range(place - 2, place + 1)
        if place >= 2 and all(values[each] is not None for each in three):
            for high in (1, -1):
                far = [high * (values[each] - centre) for each in three]
                near = [sigma3[each] * 2 / 3 + tolerance < one <= sigma3[each] + tolerance for one, each in zip(far, three)]
                if all(one > tolerance for one in far) and sum(near) >= 2:
                    found.add(("near-limit", high))
    return found


def of_program(series):
    """The same of what the program says."""
    return {
        (signal["rule"], (1 if signal["high"] else -1) if signal["rule"] == "near-limit" else signal["points"][0])
        for signal in series["process"]["signals"]
    }


@functools.cache
def binomial(n, share):
    """Cumulative probabilities of 0 to n."""
    weights = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    return list(itertools.accumulate(weights))


@functools.cache
def poisson(mean):
    """Cumulative probabilities, as far as there is anything."""
    most = int(mean + 12 * math.sqrt(mean) + 20)
    weights = [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(most)]
    return list(itertools.accumulate(weights))


def count(cumulative, generator):
    return min(bisect.bisect(cumulative, generator.random()), len(cumulative) - 1)


def drawn(chart, generator):
    """A chart of the same shape by chance."""
    values = []
    for value, n in zip(chart["values"], chart["persons"]):
        if value is None:
            values.append(None)
        elif chart["kind"] == "proportion":
            share = min(max(chart["centre"] / 100, 0), 1)
            values.append(100 * count(binomial(n, share), generator) / n)
        elif chart["kind"] == "count":
            values.append(count(poisson(chart["centre"]), generator))
        else:
            values.append(generator.gauss(0, 1 / math.sqrt(n)))
    return bool(signals(values, chart["persons"] if chart["kind"] == "proportion" else None))


def charts(address, token):
    """Every monthly chart; those that count persons of their own are marked."""
    organisations = asked(address, token, "/v1/organisations")["organisations"]
    levels = {each["organisation"]: each["level"] for each in organisations}
    found, known, differ = [], set(), []
    for indicator in asked(address, token, "/v1/indicators"):
        for organisation, level in levels.items():
            words = {"measure": indicator["measure"], "indicator": indicator["indicator"], "organisation": organisation}
            series = asked(address, token, "/v1/series", period="month", **words)
            if not series["process"]:
                continue
            shown = [point["figure"] if point["status"] == "shown" else None for point in series["points"]]
            chart = {
                "kind": indicator["kind"], "centre": series["process"]["centre"],
                "values": [figure and figure["value"] for figure in shown],
                "persons": [figure and figure["persons"] for figure in shown],
                "signals": bool(series["process"]["signals"]),
                "measure": indicator["measure"],
                "alone": level == "unit" and (indicator["measure"], organisation) not in known,
            }
            known.add((indicator["measure"], organisation))
            persons = chart["persons"] if chart["kind"] == "proportion" else None
            if signals(chart["values"], persons) != of_program(series):
                differ.append(words)
            found.append(chart)
    return found, differ


def told(name, some):
    """One line; true if the share lies in the interval."""
    generator = random.Random(SEED)
    shares = [sum(drawn(chart, generator) for chart in some) / len(some) for _ in range(DRAWS)]
    mean = sum(shares) / DRAWS
    spread = math.sqrt(sum((share - mean) ** 2 for share in shares) / (DRAWS - 1))
    lower, upper = max(mean - Z * spread, 0), min(mean + Z * spread, 1)
    share = sum(chart["signals"] for chart in some) / len(some)
    print(f"{name}: {len(some)} charts, {share:.1%} signal; by chance {mean:.1%} [{lower:.1%}, {upper:.1%}]")
    return lower <= share <= upper


def write(some, path):
    """A chart a line: kind, values and persons, with null in gaps."""
    short = lambda value: value if value is None else round(value, 6)
    lines = [
        json.dumps({
            "kind": chart["kind"], "values": [short(value) for value in chart["values"]],
            "persons": chart["persons"],
        }, separators=(",", ":"))
        for chart in some
    ]
    with open(path, "w") as file:
        file.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    with open(sys.argv[2]) as file:
        found, differ = charts(sys.argv[1], json.load(file)["dashboard"])
    print(f"{len(found)} charts, {sum(chart['signals'] for chart in found)} signal; the rules find others in {len(differ)}")
    for words in differ[:10]:
        print("  ", words)
    alone = [chart for chart in found if chart["alone"]]
    if len(sys.argv) > 3:
        write(alone, sys.argv[3])
    holds = [told("all", found), told("one of each measure and unit", alone)]
    for measure in sorted({chart["measure"] for chart in found}):
        told(f"  {measure}", [chart for chart in found if chart["measure"] == measure])
    sys.exit(0 if all(holds) and not differ else 1)
