#!/usr/bin/env python3
"""Scores forms by the published rules of the instruments, to compare with.

Reads one form per line as JSON and writes one answer per line. Written from the rules, not from
the catalogue or the program: it knows neither. Numbers are whole millionths on both sides, and
everything between is exact.

    form    {"instrument", "respondent", "age", "coding", "total", "items": {code: value or reason},
             "earlier": [{scale: [value, open]}]}, the oldest first; `total` and `earlier` may be null
    answer  {"scores": {scale: [value, basis, cut-off, z]}, "open": [scale], "next": [scale]}
"""

import csv
import json
import pathlib
import sys
from fractions import Fraction

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "instruments"
MILLION = 1_000_000


def rounded(value):
    """Whole millionths, half away from zero."""
    scaled = abs(value) * MILLION
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return whole if value >= 0 else -whole


def number(text):
    return Fraction(text)


class Scale:
    def __init__(
        self, items, method, least=None, sentinel=None, trigger=None, norm=None, blank=None
    ):
        self.items = items
        self.method = method
        self.least = len(items) if least is None else least
        # What "not relevant" counts as, where it counts.
        self.sentinel = sentinel
        # What "left blank" counts as, where it counts.
        self.blank = blank
        self.trigger = trigger
        self.norm = norm


class Instrument:
    def __init__(self, scales, reverse=(), low=0, high=0, cutoffs=None, total=None, age=None):
        self.scales = scales
        self.reverse = set(reverse)
        self.low, self.high = low, high
        self.cutoffs = cutoffs or {}
        self.total = total
        self.age = age


def fit(codes, cutoffs, age):
    """Four marks, total 0-40. With one missing there is no total."""
    total = Scale(codes.split(), "sum")
    return Instrument({"total": total}, low=0, high=10, cutoffs=cutoffs, total="total", age=age)


def everybody(value):
    people = ["self", "caretaker", "other", "group-member"]
    return {(who, age): value for who in people for age in ["child", "adolescent", "adult"]}


def kem():
    """An index 0-100 is the mean of (x - 1) * 25 over what was answered, from half on."""
    scales = {}
    for name, codes in {
        "treatment": "information involvement trust respect help",
        "milieu": "safety activities surroundings community",
        "outcome": "coping change future",
    }.items():
        items = [f"{name}-{code}" for code in codes.split()]
        scales[name] = Scale(items, "index", least=(len(items) + 1) // 2)
    return Instrument(scales, low=1, high=5)


def kem_short():
    """The same of seven items."""
    scales = {}
    for name, codes in {
        "treatment": "involvement trust help",
        "milieu": "safety community",
        "outcome": "coping change",
    }.items():
        items = [f"{name}-{code}" for code in codes.split()]
        scales[name] = Scale(items, "index", least=(len(items) + 1) // 2)
    return Instrument(scales, low=1, high=5)


def kvarus_point():
    """Each item by itself; what was left blank is not chosen, 0."""
    codes = "status plan crisis-plan benefit".split()
    return Instrument({code: Scale([code], "sum", blank=0) for code in codes})


def lar():
    return Instrument(
        {
            "substances": Scale("opioids sedatives cannabis stimulants".split(), "sum"),
            "satisfaction": Scale("treatment-satisfaction life-satisfaction".split(), "mean"),
        }
    )


def expected():
    """Each value by itself, as it was sent."""
    codes = "target-session lower-session target-service expected".split()
    return Instrument({code: Scale([code], "sum") for code in codes}, low=0, high=40)


def table(name):
    with open(DATA / name, newline="") as file:
        return list(csv.DictReader(file))


NAMES_2 = {
    "cog": ("cognition", "142 143 144 145 146 147"),
    "control": ("control", "26 20 68 130"),
    "eating": ("eating", "46 104 57 18 63"),
    "genFunc": ("functioning", "27 140 141"),
    "hopeless": ("hopelessness", "15 61 115 24 88"),
    "internal": ("internal-avoidance", "10 34 78 122 123"),
    "irritable": ("irritability", "37 114 65"),
    "ready": ("readiness", "133 134 135"),
    "recovEnv": ("environment", "80 136 138 139 137"),
    "sad": ("sadness", "42 102 100"),
    "selfCrit": ("self-criticism", "67 38 126 124 129 127 128 101"),
    "avoidSit": ("situational-avoidance", "119 17 118"),
    "avoidSoc": ("social-avoidance", "64 120 121"),
    "socialSafety": ("social-safety", "43 131 40 132 62 50"),
    "somAnx": ("bodily-anxiety", "51 103 75 3 53"),
    "subRecov": ("substance-recovery", "109 154 108 155"),
    "subUse": ("substance-use", "59 4 107 35"),
    "suicide": ("suicide", "19 105 77 106"),
    "trauma": ("trauma", "111 110 113 112"),
    "worry": ("worry", "39 116 117"),
}
REVERSE_2 = (
    "27 140 15 10 133 134 135 80 136 138 139 67 43 131 40 132 62 50 109 154 108 155 84"
).split()


def codes(text):
    return ["q" + code for code in text.split()]


def norse_2():
    triggers = {row["simple_scale"]: row for row in table("norse_nf21_trigger_logic.csv")}
    norms = {row["scale"]: row for row in table("norse_nf2_norms_mh_outpatient.csv")}
    scales = {}
    for key, (name, items) in NAMES_2.items():
        row = triggers[key]
        limits = (row["trigger_item"].lower(), row["trigger_val"], row["closing_threshold"])
        # Norms are kept to a millionth.
        norm = [Fraction(rounded(number(norms[key][of])), MILLION) for of in ("mean", "sd")]
        scales[name] = Scale(codes(items), "mean", 1, sentinel=1, trigger=limits, norm=norm)
    single = {"physical-health": "84", "sleep": "149", "sexuality": "150", "impulsivity": "151"}
    for name, code in single.items():
        scales[name] = Scale(codes(code), "mean", 1, sentinel=1)
    # Alliance: both sentinels are missing, and nothing is reversed.
    scales["alliance"] = Scale(codes("11 12 13 14"), "mean", 1)
    return Instrument(scales, reverse=["q" + code for code in REVERSE_2], low=1, high=7)


NAMES_3 = {
    "Sad Affect": "sadness",
    "Physical Anxiety": "bodily-anxiety",
    "Restrictive Eating": "eating",
    "Suicidal thoughts": "suicide",
    "Substance Use": "substance-use",
    "Intrusive Memories": "memories",
    "Anger": "anger",
    "Hopelessness": "hopelessness",
    "Worry": "worry",
    "Self-Compassion": "self-compassion",
    "Social Avoidance": "social-avoidance",
    "Internal Avoidance": "internal-avoidance",
    "Self-Contempt": "self-contempt",
    "Pain": "pain",
    "Social Support": "social-support",
    "General Functioning": "functioning",
    "Cognitive Problems": "cognition",
    "Impulsivity": "impulsivity",
    "Readiness for Change": "readiness",
    "Sexuality": "sexuality",
    "Self-harm": "self-harm",
    "Sleep": "sleep",
    "Physical health": "physical-health",
    "Medication": "medication",
    "Finances": "finances",
    "Health": "health",
    "Safety": "safety",
    "Community": "community",
    "Quality of Life": "quality-of-life",
    "Alliance (Goal)": "alliance",
    "Alliance (Bond)": "alliance",
    "Alliance (Task)": "alliance",
}
# Never reversed, whatever the item list says; both sentinels are missing.
AS_THEY_ARE = {"quality-of-life", "alliance"}


def norse_3():
    older = {row["trigger_item"][1:]: row for row in table("norse_nf21_trigger_logic.csv")[::-1]}
    # One trigger is shared there; the scale of its own items is meant.
    older["59"] = next(
        row for row in table("norse_nf21_trigger_logic.csv") if row["simple_scale"] == "subUse"
    )
    scales, reverse = {}, []
    for row in table("norse_nf31_items_no_wording.csv"):
        name = NAMES_3.get(row["scale"])
        if name is None:
            continue
        sentinel = None if name in AS_THEY_ARE else 1
        scale = scales.setdefault(name, Scale([], "mean", 1, sentinel=sentinel))
        scale.items.append("q" + row["code"])
        if row["reverse"] == "1" and name not in AS_THEY_ARE:
            reverse.append("q" + row["code"])
        if row["trigger"] == "1":
            # No thresholds are published: those of the same trigger in 2.1, else careful ones.
            known = older.get(row["code"].split(".")[0])
            limits = ("1.5", "1.5")
            if known:
                limits = (known["trigger_val"], known["closing_threshold"])
            scale.trigger = ("q" + row["code"], *limits)
    return Instrument(scales, reverse=reverse, low=1, high=7)


YOUTH = {
    ("self", "adult"): 25,
    ("self", "adolescent"): 28,
    ("caretaker", "adolescent"): 28,
}
ORS = "individual interpersonal social overall"
SRS = "relationship goals approach overall"
INSTRUMENTS = {
    "fit-ors": fit(ORS, YOUTH, "adult"),
    "fit-cors": fit(
        "me family school everything",
        {("self", "child"): 32, ("caretaker", "child"): 28},
        "child",
    ),
    "fit-srs": fit(SRS, everybody(36), "adult"),
    "fit-csrs": fit("listening importance activity overall", everybody(36), "child"),
    "fit-expected": expected(),
    "fit-gsrs": fit(SRS, everybody(36), "adult"),
    "kem": kem(),
    "kem-short": kem_short(),
    "kvarus-basis": Instrument({}),
    "kvarus-point": kvarus_point(),
    "lar-status": lar(),
    "bdi-total": Instrument({"total": Scale([], "sum")}, total="total"),
    "norse-2": norse_2(),
    "norse-3": norse_3(),
}


def answer(instrument, scale, code, items, coding):
    """The value of an item in the direction of the scale; None where there is none."""
    sent = items.get(code)
    # First of all what is no answer, so that it is never reversed.
    if sent in (-98 * MILLION, "not-applicable"):
        return None if scale.sentinel is None else Fraction(scale.sentinel)
    if sent == "not-answered" and scale.blank is not None:
        return Fraction(scale.blank)
    if sent is None or sent == -99 * MILLION or isinstance(sent, str):
        return None
    value = Fraction(sent, MILLION)
    if code in instrument.reverse and coding == "agreement":
        return instrument.low + instrument.high - value
    return value


def basis(scale, answered, items):
    if scale.items and answered == len(scale.items):
        return "full"
    trigger = scale.trigger and scale.trigger[0]
    others = [code for code in scale.items if code != trigger]
    closed = bool(scale.items) and all(items.get(code) == "by-design" for code in others)
    if answered:
        return "trigger-only" if closed else "partial"
    return "closed" if closed and trigger not in scale.items else "missing"


def score(instrument, scale, form):
    items, coding = form["items"], form["coding"]
    values = [answer(instrument, scale, code, items, coding) for code in scale.items]
    values = [value for value in values if value is not None]
    rests_on = basis(scale, len(values), items)
    if not values or len(values) < scale.least:
        return None, rests_on
    if scale.method == "index":
        values = [(value - instrument.low) * 100 / (instrument.high - instrument.low) for value in values]
    total = sum(values)
    return (total if scale.method == "sum" else total / len(values)), rests_on


def opened(instrument, scale, form):
    code, above, _ = scale.trigger
    value = answer(instrument, scale, code, form["items"], form["coding"])
    return value is not None and value > number(above)


def stays_open(name, scale, history):
    """Open the last time, and the mean of the last three is not below the threshold."""
    if not history or not history[-1][name][1]:
        return False
    known = [before[name][0] for before in history if before[name][0] is not None]
    last = known[-3:]
    if len(last) < 3:
        return True
    return Fraction(sum(last), 3 * MILLION) >= number(scale.trigger[2])


def judge(form):
    instrument = INSTRUMENTS[form["instrument"]]
    age = form["age"] or instrument.age
    limit = instrument.cutoffs.get((form["respondent"], age))
    limit = None if limit is None else limit * MILLION
    scores, now = {}, {}
    for name, scale in instrument.scales.items():
        if form["total"] is not None:
            alone = name == instrument.total
            value, rests_on = form["total"] if alone else None, "total" if alone else "missing"
        else:
            value, rests_on = score(instrument, scale, form)
            value = None if value is None else rounded(value)
        z = None
        if value is not None and scale.norm:
            mean, spread = scale.norm
            z = rounded((Fraction(value, MILLION) - mean) / spread)
        scores[name] = [value, rests_on, limit, z]
        now[name] = [value, rests_on in ("full", "partial")]
    adaptive = {name: scale for name, scale in instrument.scales.items() if scale.trigger}
    history = form["earlier"] or []
    for name, scale in adaptive.items():
        now[name][1] = now[name][1] or opened(instrument, scale, form)
    return {
        "scores": scores,
        "open": [
            name
            for name, scale in adaptive.items()
            if opened(instrument, scale, form) or stays_open(name, scale, history)
        ],
        "next": [
            name for name, scale in adaptive.items() if stays_open(name, scale, history + [now])
        ],
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(judge(json.loads(line))))
