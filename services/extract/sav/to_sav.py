#!/usr/bin/env python3
"""Makes an SPSS file of a Parquet file that `medvirk pull` has written.

    python -m pip install -r services/extract/sav/requirements.txt
    python services/extract/sav/to_sav.py registry_basis.parquet [OUT.sav]

Comes in: the Parquet file, and the manifest beside it. Goes out: a .sav file and its own manifest.
The invariants: a file that is not the one of its manifest is refused; the .sav has its name only when
all of it is there; nothing is lost or made up: labels are those of the codebook, codes that stand for
no answer are user-missing values, an empty cell is system-missing (an empty text), days are days, and
times are those of Norway, since SPSS has no time zones.
"""

import argparse
import decimal
import hashlib
import json
import pathlib
import sys

import pandas
import pyarrow
import pyarrow.parquet
import pyreadstat

ZONE = "Europe/Oslo"
# What SPSS can keep, in bytes.
LONGEST_LABEL = 255
LONGEST_VALUE_LABEL = 120
# How many single values may be user-missing.
MOST_MISSING = 3


class Refused(Exception):
    """Why there is no file."""


def checksum(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_of(path):
    """What the file is; it must be the one that was pulled."""
    try:
        manifest = json.loads(pathlib.Path(f"{path}.manifest.json").read_text())
    except FileNotFoundError:
        raise Refused(f"{path} has no manifest beside it")
    if manifest["file"]["sha256"] != checksum(path):
        raise Refused(f"{path} is not the file that its manifest describes")
    return manifest


def short(text, most):
    """As much of a text as fits, in whole letters."""
    return text.encode()[:most].decode(errors="ignore")


def decimals(column):
    """As many as the values have."""
    places = (-decimal.Decimal(repr(float(value))).normalize().as_tuple().exponent for value in column.dropna().unique())
    return max([0, *places])


def as_sav(described, column):
    """A column as SPSS has it, and its format."""
    kind = described["kind"]
    if kind == "text":
        column = column.fillna("").astype(object)
        longest = max([1, *(len(text.encode()) for text in column.unique())])
        return column, f"A{longest}"
    if kind == "date":
        return column.astype(object).where(column.notna(), None), "EDATE10"
    if kind == "datetime":
        return column.dt.tz_convert(ZONE).dt.tz_localize(None), "DATETIME20"
    column = column.astype("float64")
    places = decimals(column) if kind == "decimal" else 0
    width = max([8, *(len(f"{value:.{places}f}") for value in column.dropna().agg(["min", "max"]).dropna())])
    return column, f"F{width}.{places}"


def missing(described):
    """Codes that stand for no answer."""
    codes = [code["value"] for code in described.get("codes", []) if code["missing"]]
    if len(codes) > MOST_MISSING:
        raise Refused(f"{described['name']} has more codes for missing values than SPSS can keep")
    return codes


def convert(source, target):
    """Makes the file, and gives its manifest."""
    manifest = manifest_of(source)
    table = pyarrow.parquet.read_table(source)
    described = json.loads(table.schema.metadata[b"medvirk.columns"])
    columns, formats, labels, measures, gaps = {}, {}, {}, {}, {}
    for column in described:
        name = column["name"]
        # One after the other, since both programs would have the whole table otherwise.
        read = table.column(name).to_pandas(date_as_object=True)
        columns[name], formats[name] = as_sav(column, read)
        codes = column.get("codes", [])
        if codes:
            labels[name] = {code["value"]: short(code["label"], LONGEST_VALUE_LABEL) for code in codes}
        if missing(column):
            gaps[name] = missing(column)
        is_scale = column["kind"] in ("integer", "decimal", "date", "datetime") and not codes
        measures[name] = "scale" if is_scale else "nominal"
    draft = target.with_name(f".{target.name}.draft")
    pyreadstat.write_sav(
        pandas.DataFrame(columns),
        draft,
        file_label=short(f"{manifest['dataset']} {manifest['taken_at']}", 64),
        note=[f"catalogue {manifest['catalogue']}", f"times are those of {ZONE}"],
        column_labels={column["name"]: short(column["label"], LONGEST_LABEL) for column in described},
        variable_value_labels=labels,
        missing_ranges=gaps,
        variable_measure=measures,
        variable_format=formats,
        row_compress=True,
    )
    draft.replace(target)
    manifest["converted_from"] = manifest["file"]
    manifest["format"] = "sav"
    manifest["file"] = {
        "name": target.name,
        "rows": table.num_rows,
        "bytes": target.stat().st_size,
        "sha256": checksum(target),
    }
    return manifest


def main():
    arguments = argparse.ArgumentParser(description="Makes an SPSS file of what `medvirk pull` has written as Parquet.")
    arguments.add_argument("source", type=pathlib.Path)
    arguments.add_argument("target", type=pathlib.Path, nargs="?")
    given = arguments.parse_args()
    target = given.target or given.source.with_suffix(".sav")
    try:
        manifest = convert(given.source, target)
    except Refused as why:
        sys.exit(str(why))
    pathlib.Path(f"{target}.manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False))
    print(f"{target} ({manifest['file']['rows']} rows)")


if __name__ == "__main__":
    main()
