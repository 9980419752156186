#!/usr/bin/env python3
"""What the system must give for btheb.csv, computed from that file and the release rule alone.

Comes in: btheb.csv. Goes out: one JSON document with the rows of every close and the figures
shown of them. Nothing here is shared with the system: whole numbers and fractions up to the last
step, Python's standard library only.

The history that is sent: patient n is one person with one episode, which closes on
C = 2025-01-01 + (37 n mod 365) days in the unit named after the treatment. Five visits, 60 days
apart, end on C. Therapist t{n mod 4 + 1}; all forms of a patient come from the credential
tablet-{n mod 3 + 1}. Every month of 2024 and 2025 is closed after it.
"""

import csv
import json
import sys
from datetime import date, timedelta
from fractions import Fraction
from math import atan, cos, pi, sin, sqrt
from pathlib import Path

MEASURE = "bdi.outcome"
VISITS = ["bdi_pre", "bdi_2m", "bdi_4m", "bdi_6m", "bdi_8m"]
ABOVE = {"btheb": "clinic", "tau": "clinic", "clinic": "hf", "hf": None}
LEVEL = {"btheb": "unit", "tau": "unit", "clinic": "institution", "hf": "trust"}
VARIABLES = ["first", "change", "improved", "sessions"]
SPREAD = {"first", "change"}  # declared, and of 64 and 127 steps
MICRO = 10**6
K = 5  # persons in a row
R = 3  # persons left without any one source
SQUARES_FROM = 12  # persons in a row that gives its sum of squares
CLOSES = [(year, month) for year in (2024, 2025) for month in range(1, 13)]


# === Contributions ===


def contributions(path):
    """One per episode with a follow-up; an episode without one gives nothing."""
    with open(path, newline="", encoding="utf-8") as file:
        for record in csv.DictReader(file):
            n = int(record["person"])
            scores = [whole(record[visit]) for visit in VISITS if record[visit] != ""]
            assert record["bdi_pre"] != "", "every patient has an intake score"
            if len(scores) < 2:
                continue
            closed = date(2025, 1, 1) + timedelta(days=37 * n % 365)
            change = scores[-1] - scores[0]
            yield {
                "person": n,
                "unit": record["treatment"].lower(),
                "month": (closed.year, closed.month),
                "therapist": f"t{n % 4 + 1}",
                "credential": f"tablet-{n % 3 + 1}",
                "values": {
                    "first": clamp(scores[0], 0, 63),
                    "change": clamp(change, -63, 63),
                    "improved": 1 if change <= -9 else 0,
                    "sessions": len(scores),
                },
            }


def whole(text):
    value = Fraction(text)
    assert value.denominator == 1, "a BDI total is a whole number"
    return int(value)


def clamp(value, low, high):
    return max(low, min(high, value))


# === The release rule and the close ===


def releasable(group, organisation):
    """Who and how many; never the values."""
    if len({c["person"] for c in group}) < K:
        return False
    for source in ("therapist", "credential"):
        if fewest_left(group, source) < R:
            return False
    if LEVEL[organisation] != "unit" and fewest_left(group, "unit") < K:
        return False
    # A trust pools institutions too; there is only one, so nothing would be left.
    return LEVEL[organisation] != "trust"


def fewest_left(group, source):
    """Persons left after taking away the one source that leaves the fewest."""
    return min(
        len({c["person"] for c in group if c[source] != taken})
        for taken in {c[source] for c in group}
    )


def span(group, month):
    """The month if all of it waited with that month, else the tertial, else the year."""
    year = month[0]
    waited = {c["waits"] for c in group}
    if waited == {month}:
        return month, month
    first, last = tertial(month)
    if all(first <= each <= last for each in waited):
        return first, last
    return (year, 1), (year, 12)


def tertial(month):
    last = (month[1] + 3) // 4 * 4
    return (month[0], last - 3), (month[0], last)


def due(waiting, month):
    """What is looked at when this month closes."""
    first, last = month, month
    if month[1] == 12:
        first = (month[0], 1)
    elif month[1] % 4 == 0:
        first, last = tertial(month)
    return [c for c in waiting if first <= c["waits"] <= last]


def close(waiting, month, seen):
    """The rows of one close, in order; takes what is released out of `waiting`."""
    rows = []
    for unit in sorted(o for o in LEVEL if LEVEL[o] == "unit"):
        group = [c for c in due(waiting, month) if c["unit"] == unit]
        release(group, unit, month, (waiting, seen, rows))
    if month[1] == 12:
        # Joined over parts (there are none), then within the institution, then the trust.
        for organisation in ("clinic", "hf"):
            release(due(waiting, month), organisation, month, (waiting, seen, rows))
        waiting.clear()
    return rows


def release(group, organisation, month, state):
    waiting, seen, rows = state
    if not group or not releasable(group, organisation):
        return
    rows.append(row(group, organisation, month, seen))
    seen.update((month[0], c["person"], c["unit"]) for c in group)
    gone = {id(c) for c in group}
    waiting[:] = [c for c in waiting if id(c) not in gone]


def row(group, organisation, month, seen):
    first, last = span(group, month)
    persons = {c["person"] for c in group}
    assert len(persons) == len(group), "one episode a person"
    new = {c["person"] for c in group if (month[0], c["person"], c["unit"]) not in seen}
    variables = []
    for name in VARIABLES:
        values = [c["values"][name] for c in group]
        squares = None
        if name in SPREAD and len(persons) >= SQUARES_FROM:
            squares = str(sum(v * v for v in values) * MICRO * MICRO)
        variables.append({"variable": name, "sum": sum(values) * MICRO, "sum_sq": squares})
    return {
        "measure": MEASURE,
        "level": LEVEL[organisation],
        "organisation": organisation,
        "first_month": text(first),
        "last_month": text(last),
        "part": "",
        "closed": text(month),
        "persons": len(persons),
        "new_in_year": len(new),
        "single_therapist": False,
        "single_device": False,
        "variables": variables,
    }


def text(month):
    return f"{month[0]}-{month[1]:02}"


# === Figures ===


def figures(rows):
    """Of each row, then of each organisation and year."""
    for each in rows:
        yield from shown([each], rows, "row", (each["first_month"], each["last_month"]))
    for organisation in sorted({each["organisation"] for each in rows}):
        for year in ("2024", "2025"):
            summed = [
                each
                for each in rows
                if each["organisation"] == organisation and each["first_month"][:4] == year
            ]
            if summed:
                yield from shown(summed, rows, "year", (f"{year}-01", f"{year}-12"))


def shown(summed, rows, period, months):
    """Every indicator of these rows, which are all of one organisation and year."""
    organisation = summed[0]["organisation"]
    persons = sum(each["persons"] for each in summed)
    distinct = sum(each["new_in_year"] for each in summed)
    mean = {name: total(summed, name) / persons for name in VARIABLES}
    about = {
        "measure": MEASURE,
        "organisation": organisation,
        "level": LEVEL[organisation],
        "period": period,
        "from": months[0],
        "to": months[1],
        "persons": distinct,
    }

    def figure(indicator, value, interval=(None, None), spread_of=None):
        lower, upper = interval
        return about | {
            "indicator": indicator,
            "value": float(value),
            "lower": lower,
            "upper": upper,
            "spread_of": spread_of,
        }

    for name in ("first", "change"):
        source, variance, freedom = spread(rows, summed, name)
        interval = (None, None)
        if source is not None:
            half = t_quantile(freedom) * sqrt(variance / distinct)
            interval = (float(mean[name]) - half, float(mean[name]) + half)
        yield figure(f"mean-{name}", mean[name], interval, source)
    # Computed from the two means; nothing is known of how they go together, so no interval.
    yield figure("mean-last", mean["first"] + mean["change"])
    share = mean["improved"]
    yield figure("share-improved", 100 * share, wilson(share, distinct))
    yield figure("sessions-per-episode", mean["sessions"])


def total(rows, name):
    return sum(Fraction(variable(each, name)["sum"], MICRO) for each in rows)


def variable(each, name):
    return next(v for v in each["variables"] if v["variable"] == name)


def spread(rows, summed, name):
    """Variance of the summed rows if they have it, else of the organisation's rows of the year
    that have it, else of its parent's, and so on up: (organisation, variance, degrees)."""
    year = summed[0]["first_month"][:4]
    organisation = summed[0]["organisation"]
    candidates = [(organisation, summed)]
    if any(variable(each, name)["sum_sq"] is None for each in summed):
        candidates = []
        while organisation is not None:
            of_year = [
                each
                for each in rows
                if each["organisation"] == organisation
                and each["first_month"][:4] == year
                and variable(each, name)["sum_sq"] is not None
            ]
            candidates.append((organisation, of_year))
            organisation = ABOVE[organisation]
    for organisation, group in candidates:
        if group:
            n = sum(each["persons"] for each in group)
            squares = sum(
                Fraction(int(variable(each, name)["sum_sq"]), MICRO * MICRO) for each in group
            )
            return organisation, (squares - total(group, name) ** 2 / n) / (n - 1), n - 1
    return None, None, None


# === Statistics ===

Z = 1.959963984540054  # the normal quantile at 0.975


def wilson(share, n):
    """The 95 % interval of a share, in percent."""
    p, z2 = float(share), Z * Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, 100 * (centre - half)), min(100.0, 100 * (centre + half))


def t_quantile(freedom):
    """Student's t at 0.975: the distribution (regularised incomplete beta, which for whole
    degrees of freedom is a finite sum) inverted by bisection down to neighbouring floats."""
    low, high = 0.0, 1000.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if within(middle, freedom) < 0.95:
            low = middle
        else:
            high = middle


def within(t, freedom):
    """The probability that |T| ≤ t: Abramowitz and Stegun 26.7.3 and 26.7.4."""
    angle = atan(t / sqrt(freedom))
    c = cos(angle)
    if freedom % 2 == 1:
        term, series = c, 0.0
        for i in range(3, freedom + 1, 2):
            series += term
            term *= c * c * (i - 1) / i
        return 2 / pi * (angle + sin(angle) * series)
    term, series = 1.0, 0.0
    for i in range(2, freedom + 1, 2):
        series += term
        term *= c * c * (i - 1) / i
    return sin(angle) * series


def check():
    """Published values."""
    known = {1: 12.706204736174694, 2: 4.302652729749462, 4: 2.7764451051977934,
             11: 2.200985160082949, 30: 2.0422724563012378, 96: 1.9849843115224443}
    for freedom, quantile in known.items():
        assert abs(t_quantile(freedom) - quantile) < 1e-10, (freedom, t_quantile(freedom))
    low, high = wilson(Fraction(81, 263), 263)
    # Newcombe 1998, table I: 81 of 263.
    assert (round(low, 2), round(high, 2)) == (25.53, 36.62), (low, high)


def main():
    if "--check" in sys.argv[1:]:
        check()
        return
    everybody = list(contributions(Path(__file__).with_name("btheb.csv")))
    waiting, seen, rows = [], set(), []
    for month in CLOSES:
        waiting += [c | {"waits": month} for c in everybody if c["month"] == month]
        rows += close(waiting, month, seen)
    left_out = len(everybody) - sum(each["persons"] for each in rows)
    assert (len(everybody), left_out) == (97, 0), (len(everybody), left_out)
    document = {"rows": rows, "figures": list(figures(rows)), "left_out": left_out}
    json.dump(document, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
