"""Reference values for the control charts and funnels of `services/report`, by published packages.

Writes `reference.json` and `places.json` in `services/report/src/statistics/tests`. It is not run
by the tests: it needs

    pip install abspc==1.1.0 clinical-qikit==0.5.0 controlchartspy==0.1.3 pyqicharts==2.0.0 \
        scipy==1.17.1
    python tests/python/limits.py

`places.json` needs no package: `python tests/python/limits.py places` writes it alone, with whole
numbers and fractions. What comes from which package is said in the file. Crossings (the quantile of the binomial) are by
SciPy, since each package rounds the rule of Anhøj in its own way.
"""

import json
import math
import pathlib
import sys
import warnings
from fractions import Fraction

ONLY_PLACES = sys.argv[1:] == ["places"]
if not ONLY_PLACES:
    import numpy as np
    import pandas as pd
    from scipy import stats

    warnings.filterwarnings("ignore")

    import abspc.spc as abspc
    import controlchartspy
    from pyqicharts import datasets
    from qikit.spc import limits as qikit

FOLDER = pathlib.Path(__file__).parents[2] / "services/report/src/statistics/tests"

# Annual flow of the Nile at Aswan 1871–1900 (R's data set `Nile`; Cobb 1978).
NILE = [1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960,
        1180, 799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840]
# Frozen orange juice cans, 30 samples of 50 (Montgomery, table 7.1; R package qcc, `orangejuice`).
JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9,
         12, 7, 13, 9, 6]
# Purchase orders with errors, samples of varying size (Montgomery, table 7.4).
ORDERS = [12, 8, 6, 9, 10, 12, 11, 16, 10, 6, 20, 15, 9, 8, 6, 8, 10, 7, 5, 8, 5, 8, 10, 6, 9]
ORDERS_N = [100, 80, 80, 100, 110, 110, 100, 100, 90, 90, 110, 120, 120, 120, 110, 80, 80, 80, 90,
            100, 100, 100, 100, 90, 90]
# Twenty values of R's rnorm after set.seed(123), and limits of them that NHSRplotthedots publishes in
# its tests: mean, lower and upper limit, with moving ranges screened; then with 10 as the fifteenth.
NORMAL = [-0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774, 1.71506499, 0.46091621,
          -1.26506123, -0.68685285, -0.44566197, 1.22408180, 0.35981383, 0.40077145, 0.11068272,
          -0.55584113, 1.78691314, 0.49785048, -1.96661716, 0.70135590, -0.47279141]
NHS = {
    "normal": {"values": NORMAL, "centre": 0.1416238, "lower": -3.01138, "upper": 3.294627},
    "outlier": {"values": NORMAL[:14] + [10] + NORMAL[15:], "centre": 0.6694159,
                "lower": -2.383666, "upper": 3.722497},
}

# Shares of all that funnels are about; the tails of their two pairs of lines; and the largest n.
SHARES = ["1/1000", "1/40", "1/20", "7/25", "1/3", "1/2", "9/10", "193/200", "39/40", "999/1000"]
TAILS = [Fraction(1, 1000), Fraction(1, 40)]
LARGEST = 200


def xmr(values):
    """XmR limits and the NHS rules, by abspc; a second package must give the same limits."""
    frame = abspc._calc_xmr(pd.DataFrame({"value": [float(v) for v in values]}), "value")
    keys = [f"{place:03}" for place in range(len(values))]
    other = controlchartspy.spc(
        pd.DataFrame({"key": keys, "value": values}), "key", "value",
        spc_settings={"chart_type": "i"}, return_objs="limits",
    )
    other = pd.DataFrame(other.limits).iloc[0]
    assert abs(other["ul99"] - frame["ucl"][0]) < 1e-9 and abs(other["ll99"] - frame["lcl"][0]) < 1e-9
    v, mean, ucl, lcl, uwl, lwl = (
        frame[name].to_numpy(float) for name in ["value", "mean", "ucl", "lcl", "uwl", "lwl"]
    )
    points = lambda flags: [int(place) for place in np.flatnonzero(flags)]
    return {
        "values": [float(v) for v in values],
        "centre": float(mean[0]), "lower": float(lcl[0]), "upper": float(ucl[0]),
        "outside": points(abspc._rule1_astronomical(v, ucl, lcl)),
        "shift": points(abspc._rule2_shift(v, mean, run_length=7)),
        "trend": points(abspc._rule3_trend(v, run_length=7)),
        "near-limit": points(abspc._rule4_two_in_three(v, mean, ucl, lcl, uwl, lwl)),
        "runs": runs(v, float(mean[0])),
    }


def runs(values, centre):
    """Runs as qicharts2 has them: round(log2(n) + 3) and qbinom(0.05, n - 1, 0.5), by SciPy."""
    signs = [sign for sign in np.sign(values - centre) if sign]
    lengths = [1]
    for one, next_one in zip(signs, signs[1:]):
        if one == next_one:
            lengths[-1] += 1
        else:
            lengths.append(1)
    n = len(signs)
    if n < 10:
        return None
    return {
        "useful": n, "longest": max(lengths), "longest_allowed": round(math.log2(n) + 3),
        "crossings": len(lengths) - 1,
        "crossings_needed": int(stats.binom.ppf(0.05, n - 1, 0.5)),
    }


def p_chart(hits, n):
    """Limits of a p-chart, by clinical-qikit, kept within 0 and 1."""
    n = np.array(n, float)
    y = np.array(hits) / n
    everything = np.ones(len(n), bool)
    centre = qikit._cl_weighted(y, n)
    upper, lower = qikit._p_limits(centre, y, n, everything)
    return {
        "shares": list(y), "n": [int(one) for one in n], "centre": float(centre),
        "lower": list(np.clip(lower, 0, 1)), "upper": list(np.clip(upper, 0, 1)),
    }


def funnel(hits, n, family):
    """Exact funnel limits and the dispersion, by clinical-qikit.

    It interpolates downwards at both lines, as Spiegelhalter's appendix does, so that its upper line
    lies a whole count below the mirror image of its lower one. Upper lines are therefore the lower
    ones of the opposite share; of counts, which have no opposite, its own and one count more.
    """
    n = np.array(n, float)
    y = np.array(hits) / n
    everything = np.ones(len(n), bool)
    centre = sum(hits) / n.sum()
    if family == "binomial":
        limits = lambda of, y: of(sum(y * n) / n.sum(), y, n, everything)
        pairs = [qikit._p_funnel_limits_95, qikit._p_funnel_limits]
        lower = [limits(of, y)[1] for of in pairs]
        upper = [np.minimum(1 - np.maximum(limits(of, 1 - y)[1], 0), 1) for of in pairs]
    else:
        pairs = [qikit._poisson_funnel_limits_95, qikit._poisson_funnel_limits]
        both = [of(centre, y, n, everything) for of in pairs]
        lower, upper = [one[1] for one in both], [one[0] + 1 / n for one in both]
    phi, tau2 = qikit.funnel_dispersion(centre, y, n, everything, family)
    return {
        "values": list(y), "n": [int(one) for one in n], "centre": float(centre),
        "lower_95": list(np.maximum(lower[0], 0)), "upper_95": list(upper[0]),
        "lower_998": list(np.maximum(lower[1], 0)), "upper_998": list(upper[1]),
        "phi": phi, "overdispersed": bool(phi > 1 and tau2 > 0),
    }


def places(share):
    """By n from 1: the largest counts below the 99.8 % and 95 % lines, the smallest above them.

    A count lies below a line if so many or fewer are less probable than the line's tail, and above
    it if so many or more are. Where no count does, it is -1 or n + 1. Whole numbers alone: with a
    share of a/b, the probability of k is C(n, k) a^k (b - a)^(n - k) / b^n.
    """
    share = Fraction(share)
    a, b = share.numerator, share.denominator
    found = []
    for n in range(1, LARGEST + 1):
        weights = [math.comb(n, k) * a**k * (b - a) ** (n - k) for k in range(n + 1)]
        line = [tail * b**n for tail in TAILS]
        below, above, reached = [-1, -1], [n + 1, n + 1], 0
        for count, weight in enumerate(weights):
            reached += weight
            below = [count if reached < most else old for most, old in zip(line, below)]
        reached = 0
        for count in range(n, -1, -1):
            reached += weights[count]
            above = [count if reached < most else old for most, old in zip(line, above)]
        found.append([*below, above[1], above[0]])
    return found


def write_places():
    """One line for each share, so that the file stays small."""
    chance = sum(math.comb(40, k) * 193**k * 7 ** (40 - k) for k in [40])
    told = {"all of 40 at 96.5 %": float(Fraction(chance, 200**40))}
    told |= {share: places(share) for share in SHARES}
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in told.items()]
    (FOLDER / "places.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def quantiles():
    """Quantiles of t at the tails of funnels, by SciPy."""
    return [
        {"p": p, "freedom": freedom, "quantile": float(stats.t.ppf(p, freedom))}
        for p in (0.001, 0.025, 0.975, 0.999)
        for freedom in (3, 11, 60, 999, 20_000)
    ]


if __name__ == "__main__":
    write_places()
    if ONLY_PLACES:
        sys.exit()
    sample = datasets.sample_healthcare_qi_data()
    spread = [3, 9, 2, 11, 4, 30, 1, 16, 5, 22, 8, 6]
    told = {
        "sources": {
            "nile": "annual flow of the Nile 1871-1900 (R, data set Nile)",
            "waits": "wait_time of sample_healthcare_qi_data (pyqicharts 2.0.0)",
            "juice": "frozen orange juice cans (Montgomery, table 7.1; qcc, orangejuice)",
            "orders": "purchase orders (Montgomery, table 7.4)",
            "falls": "falls and sample_size of sample_healthcare_qi_data (pyqicharts 2.0.0)",
            "spread": "made up, more spread out than chance",
            "xmr, NHS rules": "abspc 1.1.0, limits also controlchartspy 0.1.3",
            "xmr_nhs": "tests of NHSRplotthedots, set.seed(123); rnorm(20)",
            "p-chart, funnel, dispersion": "clinical-qikit 0.5.0",
            "runs, quantiles": "scipy 1.17.1",
        },
        "xmr": {
            "nile": xmr(NILE), "waits": xmr(list(sample["wait_time"])), "juice": xmr(JUICE),
        },
        "xmr_nhs": NHS,
        "p": {
            "juice": p_chart(JUICE, [50] * len(JUICE)), "orders": p_chart(ORDERS, ORDERS_N),
            "falls": p_chart(list(sample["falls"]), list(sample["sample_size"])),
        },
        "binomial": {
            "juice": funnel(JUICE, [50] * len(JUICE), "binomial"),
            "orders": funnel(ORDERS, ORDERS_N, "binomial"),
            "spread": funnel(spread, [40] * len(spread), "binomial"),
        },
        "poisson": {
            "orders": funnel(ORDERS, ORDERS_N, "poisson"),
            "falls": funnel(list(sample["falls"]), list(sample["sample_size"]), "poisson"),
            "spread": funnel(spread, [40] * len(spread), "poisson"),
        },
        "quantiles": quantiles(),
    }
    (FOLDER / "reference.json").write_text(json.dumps(told, indent=1) + "\n")
