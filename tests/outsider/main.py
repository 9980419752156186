#!/usr/bin/env python3
"""Tries everything that a stranger would, and says what fell.

    python main.py --data DATA [--only AREA]

Needs the packages of ../python/requirements.txt and a running `medvirk up` on DATA. Prints a table of
attempts by promise and area; what fell is named line by line, and the exit code is 1.
"""

import argparse
import collections
import datetime
import pathlib
import sys

import codes
import engine
import fhir
import frames
import paths
import questions
import roles
import tokens
from target import Target, services


def everything(target, only):
    found = services()
    parts = [tokens.attempts(target), roles.attempts(found), paths.attempts(), questions.attempts(), frames.attempts(),
             fhir.attempts(), engine.attempts(), codes.attempts()]
    return [attempt for part in parts for attempt in part if only in attempt.area]


def tried(target, attempt):
    """An attempt that ends in an error of ours is no proof that the system held."""
    try:
        return attempt.run(target)
    except Exception as error:  # Whatever it is, it is said with the attempt that met it.
        return f"could not be tried: {type(error).__name__}: {error}"


def main():
    arguments = argparse.ArgumentParser(description="Try what a stranger would, at every listener.")
    arguments.add_argument("--data", type=pathlib.Path, required=True, help="the data folder of a running `medvirk up`")
    arguments.add_argument("--only", default="", help="only areas whose name holds this text")
    given = arguments.parse_args()
    target = Target(given.data)
    target.month = datetime.date.today().strftime("%Y-%m")
    counts, fallen = collections.Counter(), []
    attempts = everything(target, given.only)
    for number, attempt in enumerate(attempts, 1):
        if sys.stderr.isatty():
            print(f"\r{number}/{len(attempts)} {attempt.area:<24}", end="", file=sys.stderr)
        fell = tried(target, attempt)
        counts[(attempt.promise, attempt.area)] += 1
        if fell:
            fallen.append((attempt, fell))
    fell = target.alive()
    for (promise, area), count in sorted(counts.items()):
        lost = sum((a.promise, a.area) == (promise, area) for a, _ in fallen)
        print(f"promise {promise:>2}  {area:<24} {count:>3} tried, {lost} fell")
    print(f"{len(attempts)} attempts, {len(fallen)} fell")
    for attempt, what in fallen:
        print(f"FELL  {attempt.area}, {attempt.name}: {what}")
    if fell:
        print(f"FELL  at the end: {fell}")
    sys.exit(bool(fallen or fell))


if __name__ == "__main__":
    main()
