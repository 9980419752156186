"""Yearly figures from the rows of a ledger, by the rules and not by the program.

Reads a JSON document on standard input: `rows` as the ledger has them, and `figures` as the report
shows them by year. Makes the figures again from the rows, the tree of organisations and the
indicators' own files, and says what differs. Needs Python 3.11 and nothing else.

The rules. A figure of an organisation and a year is made of the rows of its measure that lie in the
year and are about the organisation or any below it. A mean is the sum of its variable over the sum
of the rows' persons; a proportion is that in percent; a count is the sum alone; a ratio is one sum
over another; the sum of two means is the mean of both. Persons of one row are those it says. Of more
rows of a year, the first of each unit counts whole and every later one those who are new in the year;
where rows do not say who is new, all are added. A figure of fewer persons than its indicator's
minimum is not shown, and so is one without rows. The interval of a proportion is Wilson's at 95 %,
of as many as there are persons.
"""

import collections
import json
import math
import pathlib
import sys
import tomllib
from fractions import Fraction

CATALOGUE = pathlib.Path(__file__).parents[2] / "services/domain/catalogue"
MILLION = 1_000_000
Z = 1.959963984540054


def tree():
    """The organisation above each one."""
    with open(CATALOGUE / "organisations.toml", "rb") as file:
        said = tomllib.load(file)
    above = {}
    for region in said["regions"]:
        above[region["id"]] = said["nation"]["id"]
    for kind, parent in [("trusts", "region"), ("institutions", "trust"), ("units", "institution")]:
        for one in said[kind]:
            above[one["id"]] = one[parent]
    return above


def upwards(above, organisation):
    while organisation:
        yield organisation
        organisation = above.get(organisation)


def measures():
    for path in sorted((CATALOGUE / "measures").glob("*.toml")):
        with open(path, "rb") as file:
            yield tomllib.load(file)


def persons(rows):
    levels = ["unit", "institution", "trust"]
    rows = sorted(rows, key=lambda row: (row["closed"], levels.index(row["level"])))
    if len(rows) == 1:
        return rows[0]["persons"]
    if any(row["new"] is None for row in rows):
        return sum(row["persons"] for row in rows)
    begun, count = set(), 0
    for row in rows:
        first = row["level"] == "unit" and row["organisation"] not in begun
        begun.add(row["organisation"])
        count += row["persons"] if first else row["new"]
    return max([count, *(row["persons"] for row in rows)])


def value(indicator, rows):
    """None where it cannot be told from these rows alone."""

    def total(variable):
        return sum(Fraction(row["sums"][variable], MILLION) for row in rows)

    members = sum(row["persons"] for row in rows)
    kind = indicator["kind"]
    if kind == "effect-size":
        return None
    if "ratio" in indicator:
        over, under = indicator["ratio"]
        return total(over) / total(under) if total(under) else None
    if "sum_of" in indicator:
        return sum(total(one) for one in indicator["sum_of"]) / members
    one = total(indicator["variable"])
    if kind == "count":
        return one
    return one / members * (100 if kind == "proportion" else 1)


def wilson(share, n):
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return 100 * (middle - half), 100 * (middle + half)


def variables(indicator):
    for key in ("ratio", "sum_of", "standardised"):
        if key in indicator:
            return indicator[key]
    return [indicator["variable"]]


def expected(said):
    """Every figure that must be shown: its persons, and its value where it is told here."""
    above = tree()
    of_measure = collections.defaultdict(list)
    for row in said["rows"]:
        of_measure[row["measure"]].append(row)
    for measure in measures():
        parts = measure.get("parts")
        parts = [parts["then"], parts["otherwise"]] if parts else []
        groups = collections.defaultdict(list)
        for row in of_measure[measure["id"]]:
            assert row["first"][:4] == row["last"][:4], "a row lies in one year"
            for organisation in upwards(above, row["organisation"]):
                groups[organisation, row["first"][:4]].append(row)
        for indicator in measure["indicators"]:
            meant = [indicator["part"]] if "part" in indicator else ["", *parts]
            for (organisation, year), rows in groups.items():
                rows = [row for row in rows if set(variables(indicator)) <= set(row["sums"])]
                for part in meant:
                    chosen = [row for row in rows if part in ("", row["part"])]
                    if not chosen:
                        continue
                    n = persons(chosen)
                    if n >= indicator.get("min_denominator", 0):
                        key = (measure["id"], indicator["id"], organisation, part, year)
                        yield key, (indicator["kind"], n, value(indicator, chosen))


def close(one, other):
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def main():
    said = json.load(sys.stdin)
    shown = {}
    for figure in said["figures"]:
        key = tuple(figure[of] for of in ("measure", "indicator", "organisation"))
        key = (*key, figure.get("part") or "", figure["from"][:4])
        if figure["shown"]:
            shown[key] = figure
    wrong, values, intervals = [], 0, 0
    made = dict(expected(said))
    for key in sorted(made.keys() ^ shown.keys()):
        kind = made[key][0] if key in made else ""
        # Without a spread there is no effect size; whether there is one is not told here.
        if kind != "effect-size":
            wrong.append(f"{key}: {'not shown' if key in made else 'shown without rows'}")
    for key in made.keys() & shown.keys():
        kind, n, told = made[key]
        figure = shown[key]
        if figure["persons"] != n:
            wrong.append(f"{key}: {figure['persons']} persons, not {n}")
        if told is None:
            continue
        values += 1
        if not close(figure["value"], float(told)):
            wrong.append(f"{key}: the value is not {float(told)}")
        if kind == "proportion":
            intervals += 1
            ends = wilson(float(told) / 100, n)
            if not all(map(close, (figure["lower"], figure["upper"]), ends)):
                wrong.append(f"{key}: the interval is not {ends}")
    told = {"figures": len(shown), "values": values, "intervals": intervals, "wrong": wrong}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
