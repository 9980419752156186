"""Checks `services/extract/sav/to_sav.py`: what it has written is read back by ReadStat."""

import datetime
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import pyarrow
import pyarrow.parquet
import pyreadstat

PROGRAM = pathlib.Path(__file__).parents[2] / "services/extract/sav/to_sav.py"


def converted(parquet, folder):
    """The SPSS file of a Parquet file, read, and what it says of its columns."""
    target = pathlib.Path(folder) / "made.sav"
    subprocess.run([sys.executable, PROGRAM, parquet, target], check=True, stdout=subprocess.DEVNULL)
    manifest = json.loads(pathlib.Path(f"{target}.manifest.json").read_text())
    assert manifest["format"] == "sav" and manifest["file"]["bytes"] == target.stat().st_size
    assert manifest["file"]["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    table, meta = pyreadstat.read_sav(target, user_missing=True)
    assert len(table) == manifest["file"]["rows"]
    # What counts as missing, when SPSS computes.
    computed, _ = pyreadstat.read_sav(target)
    return table, computed, meta


def plain(value):
    """A cell of a frame as Parquet has it: an empty text cannot be told from a missing one."""
    if value is None or value == "" or value != value:
        return None
    return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value


def check_sav(parquet, described, rows):
    """Columns, labels, missing values and every cell; times in `rows` are those of Norway."""
    with tempfile.TemporaryDirectory() as folder:
        table, computed, meta = converted(parquet, folder)
    assert meta.column_names == [column["name"] for column in described]
    for column in described:
        name, codes = column["name"], column.get("codes", [])
        assert meta.column_names_to_labels[name] == column["label"], name
        assert meta.variable_value_labels.get(name, {}) == {code["value"]: code["label"] for code in codes}, name
        missing = [code["value"] for code in codes if code["missing"]]
        assert [gap["lo"] for gap in meta.missing_ranges.get(name, [])] == missing, name
        expect = [row[name] for row in rows]
        if column["kind"] == "datetime":
            # SPSS shows seconds; what it keeps has the milliseconds.
            near = zip(table[name], expect, strict=True)
            assert all(abs(found.to_pydatetime() - wanted) < datetime.timedelta(milliseconds=1) for found, wanted in near), name
            continue
        assert [plain(value) for value in table[name]] == expect, name
        known = [None if value in missing else value for value in expect]
        assert [plain(value) for value in computed[name]] == known, name
        shown = meta.original_variable_types[name]
        if column["kind"] == "date":
            assert shown == "EDATE10"
        elif column["kind"] in ("integer", "decimal"):
            places = int(shown.rsplit(".", 1)[1])
            assert all(value is None or round(value, places) == value for value in expect), (name, shown)
            assert column["kind"] == "decimal" or places == 0


# Name, kind, type, values; then codes.
EXTREMES = [
    ("long", "text", pyarrow.string(), ["ø" * 700, None, "x"], []),
    ("nobody", "text", pyarrow.string(), [None, None, None], []),
    ("count", "integer", pyarrow.int64(), [2**40, None, -1], []),
    ("share", "decimal", pyarrow.float64(), [0.000001, -123456.5, None], []),
    ("none", "decimal", pyarrow.float64(), [None, None, None], []),
    ("choice", "integer", pyarrow.int64(), [0, 9, None], [(0, "Ikke valgt", True), (1, "Ja", False), (9, "Ukjent", True)]),
    ("known", "boolean", pyarrow.bool_(), [True, None, False], [(0, "Nei", False), (1, "Ja", False)]),
    ("day", "date", pyarrow.date32(), [datetime.date(1899, 12, 31), None, datetime.date(2024, 2, 29)], []),
]
# Around the hour that comes twice, and in which no time is: UTC, and in Norway.
TIMES = [("2024-10-27T00:30:00", "2024-10-27T02:30:00"), ("2024-10-27T01:30:00", "2024-10-27T02:30:00"), ("2024-03-31T01:00:00", "2024-03-31T03:00:00")]


def check_sav_extremes():
    """Long texts, small and negative numbers, columns without a value, days before 1970, changes of the clock."""
    described = [
        {"name": name, "kind": kind, "label": f"Etikett på {name}", "codes": [dict(zip(["value", "label", "missing"], code)) for code in codes]}
        for name, kind, _, _, codes in EXTREMES
    ]
    described.append({"name": "taken", "kind": "datetime", "label": "Tid"})
    arrays = [pyarrow.array(values, kind) for _, _, kind, values, _ in EXTREMES]
    times = [datetime.datetime.fromisoformat(utc) for utc, _ in TIMES]
    arrays.append(pyarrow.array(times, pyarrow.timestamp("ms", tz="UTC")))
    table = pyarrow.table(arrays, names=[column["name"] for column in described])
    table = table.replace_schema_metadata({"medvirk.columns": json.dumps(described)})
    rows = [{name: values[place] for name, _, _, values, _ in EXTREMES} for place in range(3)]
    for row, (_, norway) in zip(rows, TIMES):
        row["taken"] = datetime.datetime.fromisoformat(norway)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "extremes.parquet"
        pyarrow.parquet.write_table(table, path)
        file = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        manifest = {"dataset": "made up", "taken_at": "2024-01-01T00:00:00Z", "catalogue": "0" * 64, "file": file}
        beside = pathlib.Path(f"{path}.manifest.json")
        beside.write_text(json.dumps(manifest))
        check_sav(path, described, rows)
        # Another file than the one that was pulled is refused.
        file["sha256"] = "0" * 64
        beside.write_text(json.dumps(manifest))
        refused = subprocess.run([sys.executable, PROGRAM, path], capture_output=True, text=True)
        assert refused.returncode == 1 and "manifest" in refused.stderr, refused.stderr
        assert not path.with_suffix(".sav").exists()
