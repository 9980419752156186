#!/usr/bin/env python3
"""Reads back what the benchmark has pulled: the same rows by pandas, by DuckDB and by the dialects' rules.

    python benches/extract/read_back.py OPENQREG.csv MRS.csv FILE.parquet

Needs what `tests/python/requirements.txt` names. Memory is bounded by blocks of rows, whatever the size.
"""

import json
import pathlib
import resource
import sys
import time

import duckdb
import pandas
import pyarrow.parquet

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tests/python"))
from read_back import MRS, check_mrs, check_openqreg  # noqa: E402

LINES = 100_000
ZONE = "Europe/Oslo"


def by_the_rules(path, check, mark=b""):
    """Every line, block by block, each under the header."""
    count = 0
    with open(path, "rb") as file:
        header = file.readline()
        columns = header.decode("utf-8-sig").rstrip("\n").rstrip(";").split(";")
        while block := [line for _, line in zip(range(LINES), file)]:
            check(mark + header.removeprefix(mark) + b"".join(block), columns)
            count += len(block)
    return count


def as_kind(cells, kind, norwegian):
    """A column of a text as what it stands for."""
    if kind in ("integer", "decimal"):
        return pandas.to_numeric(cells.str.replace(",", ".").replace("", None)).astype("float64")
    if kind == "boolean":
        return cells.map({"": None, "0": 0.0, "1": 1.0, "False": 0.0, "True": 1.0}).astype("float64")
    if kind in ("date", "datetime"):
        day = "%d.%m.%Y" if norwegian else "%Y-%m-%d"
        return pandas.to_datetime(cells.replace("", None), format=day + (" %H:%M:%S" if kind == "datetime" else ""))
    return cells


def as_text_has_it(column, kind):
    """A column of Parquet as a text can say it: times of Norway, to the second."""
    if kind in ("integer", "decimal", "boolean"):
        return column.astype("float64")
    if kind == "datetime":
        return column.dt.tz_convert(ZONE).dt.tz_localize(None).dt.floor("s")
    if kind == "date":
        return pandas.to_datetime(column)
    return column.fillna("")


def by_pandas(path, parquet, kinds, names):
    """Text and Parquet side by side: their rows have one order."""
    norwegian = bool(names)
    texts = pandas.read_csv(path, sep=";", dtype=str, keep_default_na=False, encoding="utf-8-sig", chunksize=LINES)
    groups = pyarrow.parquet.ParquetFile(parquet).iter_batches(LINES)
    count = 0
    for text, group in zip(texts, groups, strict=True):
        text = text.rename(columns=names)
        group = group.to_pandas()
        assert len(text) == len(group)
        for name in text.columns.intersection(list(kinds)):
            found = as_kind(text[name].reset_index(drop=True), kinds[name], norwegian)
            expect = as_text_has_it(group[name], kinds[name])
            pandas.testing.assert_series_equal(found, expect, check_dtype=False, check_names=False)
        count += len(text)
    return count


def by_duckdb(openqreg, parquet, kinds):
    """How many rows, and a sum over the hashes of all, from either file."""
    session = duckdb.connect()
    session.execute("SET TimeZone = 'Europe/Oslo'; SET memory_limit = '2GB'")
    parsed, plain = [], []
    for name, kind in kinds.items():
        cell = f"nullif({name}, '')"
        if kind in ("integer", "decimal"):
            parsed.append(f"CAST(replace({cell}, ',', '.') AS DOUBLE)")
            plain.append(f"CAST({name} AS DOUBLE)")
        elif kind == "boolean":
            parsed.append(f"{cell} = '1'")
            plain.append(name)
        elif kind == "date":
            parsed.append(f"CAST({cell} AS DATE)")
            plain.append(name)
        elif kind == "datetime":
            parsed.append(f"CAST({cell} AS TIMESTAMP)")
            plain.append(f"date_trunc('second', CAST({name} AS TIMESTAMP))")
        else:
            parsed.append(cell)
            plain.append(name)
    summed = "SELECT count(*), sum(CAST(hash({}) AS HUGEINT)) FROM {}"
    text = "read_csv(?, delim=';', header=true, all_varchar=true, nullstr='')"
    one = session.execute(summed.format(", ".join(parsed), text), [openqreg]).fetchone()
    other = session.execute(summed.format(", ".join(plain), "read_parquet(?)"), [parquet]).fetchone()
    assert one == other, (one, other)
    return one[0]


def main():
    openqreg, mrs, parquet = sys.argv[1:]
    described = json.loads(pyarrow.parquet.read_schema(parquet).metadata[b"medvirk.columns"])
    kinds = {column["name"]: column["kind"] for column in described}
    steps = [
        ("rules of OpenQReg, every line", lambda: by_the_rules(openqreg, check_openqreg)),
        ("rules of MRS, every line", lambda: by_the_rules(mrs, check_mrs, b"\xef\xbb\xbf")),
        ("pandas, OpenQReg and Parquet", lambda: by_pandas(openqreg, parquet, kinds, {})),
        ("pandas, MRS and Parquet", lambda: by_pandas(mrs, parquet, kinds, MRS)),
        ("DuckDB, OpenQReg and Parquet", lambda: by_duckdb(openqreg, parquet, kinds)),
    ]
    counts = set()
    for what, step in steps:
        began = time.monotonic()
        counts.add(step())
        print(f"{what:34} {max(counts):12,} rows the same  {time.monotonic() - began:6.1f} s", flush=True)
    assert len(counts) == 1, counts
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
