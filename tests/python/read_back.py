#!/usr/bin/env python3
"""Reads back what `medvirk pull` has written, with other people's programs.

    python read_back.py FOLDER

Checks every manifest against its file, the rules of the registries' dialects on the bytes, that
pandas, DuckDB and pyarrow see the same contents in every format of a dataset, that the codebook
knows every column, and that an SPSS file made of it says the same. Prints one JSON object: dataset -> list of rows, as texts.
"""

import datetime
import decimal
import hashlib
import json
import pathlib
import re
import sys

import duckdb
import openpyxl
import pandas
import pyarrow.parquet

from sav import check_sav, check_sav_extremes

OPENQREG = ["mceid", "patient_id", "form_id", "centreid", "unit", "unit_title", "form_date", "form_status", "form_version"]
STAMPS = ["tsupdated", "first_time_closed", "tscreated"]
STANDARD = {*OPENQREG, *STAMPS, "updatedby", "first_time_closed_by", "createdby", "respondent", "session_number", "age_band"}
# Name with MRS: name with OpenQReg.
MRS = {
    "ForlopGUID": "mceid",
    "PasientGUID": "patient_id",
    "SkjemaGUID": "form_id",
    "AvdRESH": "centreid",
    "EnhetId": "unit",
    "db_unit_title": "unit_title",
    "SkjemaDato": "form_date",
    "SkjemaVersjon": "form_version",
    "Respondent": "respondent",
    "SamtaleNummer": "session_number",
    "Aldersgruppe": "age_band",
    "SistLagretDato": "tsupdated",
    "FerdigstiltDato": "first_time_closed",
    "OpprettetDato": "tscreated",
}
NOT_WITH_MRS = {"form_status", "updatedby", "first_time_closed_by", "createdby"}
CANONICAL = (
    "skjema_id skjemanamn kategori innleiing variabel_id variabeletikett forklaring variabeltype eining "
    "unik obligatorisk verdi verditekst manglande desimalar min maks min_rimeleg maks_rimeleg "
    "kommentar_rimeleg utrekningsformel logikk kommentar"
).split()
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def text(value):
    """A cell as one text, whatever program has read it; None where it is missing."""
    if value is None or (isinstance(value, float) and pandas.isna(value)) or value is pandas.NaT or value is pandas.NA:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return format(decimal.Decimal(repr(value)).normalize(), "f")
    return str(value)


def rows(table, columns):
    """Rows as texts, sorted."""
    found = [[text(value) for value in row] for row in table]
    return sorted(([dict(zip(columns, row)) for row in found]), key=lambda row: json.dumps(row, sort_keys=True))


def check_manifest(path):
    """The file is the one that its manifest describes."""
    manifest = json.loads(pathlib.Path(f"{path}.manifest.json").read_text())
    content = path.read_bytes()
    told = manifest["file"]
    assert told["name"] == path.name
    assert told["bytes"] == len(content)
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    for field in ["dataset", "who", "purpose", "taken_at", "catalogue", "time_zone", "period", "instruments"]:
        assert field in manifest, field
    assert manifest["time_zone"] == "Europe/Oslo"
    if manifest["dataset"].startswith(("registry.", "feedback.")):
        assert manifest["k_anonymity"]["smallest_group"] >= 1
        assert set(manifest["k_anonymity"]["groups"]) == {"of_1", "of_2_to_4", "of_5_or_more"}
        assert {"unit", "day"} <= set(manifest["k_anonymity"]["quasi_identifiers"])
        assert manifest["rows"] == told["rows"]
    return manifest


def check_openqreg(content, columns):
    """UTF-8 without a mark, ';', decimal comma, ISO dates, 1 and 0, no needless separator."""
    assert not content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8").splitlines()
    assert lines[0].split(";") == columns
    assert columns[: len(OPENQREG)] == OPENQREG
    for line in lines[1:]:
        row = dict(zip(columns, line.split(";"), strict=True))
        assert GUID.fullmatch(row["mceid"]) and GUID.fullmatch(row["patient_id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["form_date"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row["tsupdated"])
        assert row["form_status"] == "1" and row["createdby"] == ""
        assert row.get("earlier_treatment", "") in ("", "0", "1")
        for name in columns:
            if name.endswith("_reason") or name.startswith("basis_"):
                assert re.fullmatch(r"[a-z-]*", row[name]) and not row[name].startswith("-"), name
            elif name not in STANDARD:
                assert re.fullmatch(r"(-?\d+(,\d+)?)?", row[name]), name


def check_mrs(content, columns):
    """UTF-8 with a mark, ';' also at the end of a line, Norwegian dates, False and True."""
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").splitlines()
    assert all(line.endswith(";") for line in lines)
    assert lines[0].split(";") == [*columns, ""]
    for line in lines[1:]:
        row = dict(zip(columns, line.split(";")))
        assert re.fullmatch(r"\d\d\.\d\d\.\d{4}", row["SkjemaDato"])
        assert re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", row["SistLagretDato"])
        assert row.get("earlier_treatment", "") in ("", "False", "True")
        assert GUID.fullmatch(row["PasientGUID"])


def read_text(path, dialect, kinds):
    """A text, by pandas, with its columns as Parquet says that they are."""
    names = MRS if dialect == "mrs" else {}
    table = pandas.read_csv(path, sep=";", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if dialect == "mrs":
        table = table.drop(columns=[name for name in table.columns if name.startswith("Unnamed")])
    table = table.rename(columns=names)
    norwegian = dialect == "mrs"
    out = []
    for row in table.to_dict("records"):
        read = {}
        for name, cell in row.items():
            kind = kinds[name]
            if cell == "":
                read[name] = None
            elif kind in ("integer", "decimal"):
                read[name] = float(cell.replace(",", "."))
            elif kind == "boolean":
                read[name] = cell in ("1", "True")
            elif kind == "date":
                read[name] = datetime.datetime.strptime(cell, "%d.%m.%Y" if norwegian else "%Y-%m-%d").date()
            elif kind == "datetime":
                read[name] = datetime.datetime.strptime(cell, "%d.%m.%Y %H:%M:%S" if norwegian else "%Y-%m-%d %H:%M:%S")
            else:
                read[name] = cell
        out.append(read)
    return table.columns.tolist(), out


def local(value):
    """A time of Parquet, which is UTC, as texts have it."""
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return aware.astimezone(__import__("zoneinfo").ZoneInfo("Europe/Oslo")).replace(tzinfo=None)
    return value


def read_parquet(path):
    """A Parquet file, by pyarrow, and what its metadata says of columns; DuckDB must see the same."""
    table = pyarrow.parquet.read_table(path)
    described = json.loads(table.schema.metadata[b"medvirk.columns"])
    columns = [column["name"] for column in described]
    assert table.column_names == columns
    by_arrow = [[local(row[name]) for name in columns] for row in table.to_pylist()]
    session = duckdb.connect()
    session.execute("SET TimeZone = 'UTC'")
    by_duck = session.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    by_duck = [[local(value) for value in row] for row in by_duck]
    assert rows(by_arrow, columns) == rows(by_duck, columns)
    by_pandas = pandas.read_parquet(path)
    assert len(by_pandas) == len(by_arrow)
    return described, rows(by_arrow, columns)


def read_register(folder):
    """A form of the register, in its three formats."""
    [parquet] = folder.glob("parquet/*.parquet")
    [openqreg] = folder.glob("openqreg/*/*.csv")
    [mrs] = folder.glob("mrs/*.csv")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", openqreg.parent.name)
    assert re.fullmatch(r"DataDump_Prod_[\w-]+_\d{4}-\d\d-\d\d_\d{4}\.csv", mrs.name), mrs.name
    described, expected = read_parquet(parquet)
    kinds = {column["name"]: column["kind"] for column in described}
    for path, dialect, check in [(openqreg, "openqreg", check_openqreg), (mrs, "mrs", check_mrs)]:
        manifest = check_manifest(path)
        assert manifest["file"]["rows"] == len(expected)
        columns, table = read_text(path, dialect, kinds)
        found = rows([list(row.values()) for row in table], columns)
        wanted = [{name: row[name] for name in columns} for row in expected]
        wanted.sort(key=lambda row: json.dumps(row, sort_keys=True))
        found = sorted(({name: row[name] for name in columns} for row in found), key=lambda row: json.dumps(row, sort_keys=True))
        assert found == wanted, dialect
        header = path.read_bytes().decode("utf-8-sig").splitlines()[0].rstrip(";").split(";")
        check(path.read_bytes(), header)
    check_manifest(parquet)
    check_sav(parquet, described, [{name: local(row[name]) for name in row} for row in pyarrow.parquet.read_table(parquet).to_pylist()])
    # DuckDB reads the text as well, without help.
    session = duckdb.connect()
    sql = "SELECT count(*), count(DISTINCT patient_id) FROM read_csv(?, delim=';', header=true, all_varchar=true)"
    counted = session.execute(sql, [str(openqreg)]).fetchone()
    assert counted == (len(expected), len({row["patient_id"] for row in expected}))
    return described, expected


def read_codebook(folder):
    """The canonical codebook, and the workbook that says the same."""
    [path] = folder.glob("csv/*.csv")
    check_manifest(path)
    book = pandas.read_csv(path, sep=";", dtype=str, keep_default_na=False)
    assert book.columns.tolist() == CANONICAL
    allowed = {"numerisk", "kategorisk", "boolsk", "dato", "dato_kl", "kl", "utrekna", "tekst", "fritekst"}
    assert set(book.variabeltype) <= allowed
    assert set(book.unik) <= {"ja", "nei"} and set(book.manglande) <= {"ja", "nei", ""}
    assert (book.verdi[book.variabeltype == "kategorisk"] != "").all()
    [workbook] = folder.glob("xlsx/*.xlsx")
    check_manifest(workbook)
    sheets = openpyxl.load_workbook(workbook)
    about = sheets["Om"]
    assert isinstance(about["B1"].value, datetime.datetime) and about["B1"].number_format == "dd.mm.yyyy"
    assert all(isinstance(row[2], (int, float)) for row in about.iter_rows(min_row=5, values_only=True))
    for form, variables in book.groupby("skjema_id", sort=False):
        sheet = sheets[form[:31]]
        of_mrs = {name: there for there, name in MRS.items()}
        known = [of_mrs.get(name, name) for name in dict.fromkeys(variables.variabel_id)]
        known = [name for name in known if name not in NOT_WITH_MRS]
        lines = list(sheet.iter_rows(values_only=True))
        assert lines[0] == ("Visningsnavn", "Variabelnavn", "Felttype", "Mulige verdier", "Gyldighet", "Hjelpetekst")
        assert [line[1] for line in lines[1:]] == known
        for line in lines[1:]:
            codes = variables[(variables.variabel_id == MRS.get(line[1], line[1])) & (variables.verdi != "")]
            told = "\n".join(f"{value} = {label}" for value, label in zip(codes.verdi, codes.verditekst))
            assert (line[3] or "") == told, line[1]
        # Every code has a line of its own, 15 points high as any row is; a program that does not measure rows would print one over another.
        for place, line in enumerate(lines[1:], 2):
            assert (sheet.row_dimensions[place].height or 15) >= 15 * len((line[3] or "").splitlines()), line[1]
    return book


def check_labels(described, book, form):
    """Columns of Parquet and variables of the codebook are the same, with the same labels."""
    variables = book[book.skjema_id == form]
    assert [column["name"] for column in described] == list(dict.fromkeys(variables.variabel_id))
    for column in described:
        lines = variables[(variables.variabel_id == column["name"]) & (variables.verdi != "")]
        if lines.empty:
            continue
        labels = {text(code["value"]): code["label"] for code in column["codes"]}
        assert labels == dict(zip(lines.verdi, lines.verditekst)), column["name"]


def read_indicators(folder):
    """The rows of closes, in two formats."""
    [path] = folder.glob("csv/*.csv")
    [parquet] = folder.glob("parquet/*.parquet")
    check_manifest(path)
    check_manifest(parquet)
    described, expected = read_parquet(parquet)
    kinds = {column["name"]: column["kind"] for column in described}
    table = pandas.read_csv(path, dtype=str, keep_default_na=False)
    assert table.columns.tolist() == [column["name"] for column in described]
    number = lambda name, cell: float(cell) if kinds[name] in ("integer", "decimal") else cell
    cells = [[None if cell == "" else number(name, cell) for name, cell in row.items()] for row in table.to_dict("records")]
    assert rows(cells, table.columns) == expected
    return expected


def read_skde(folder):
    """The publication file."""
    [path] = folder.glob("csv/*.csv")
    manifest = check_manifest(path)
    table = pandas.read_csv(path, dtype=str)
    assert set(table.columns) == {"context", "year", "orgnr", "ind_id", "var", "denominator"}
    assert not table.isna().any().any()
    assert set(table.context) <= {"caregiver"} and table.orgnr.str.fullmatch(r"\d{9}").all()
    assert table.denominator.str.fullmatch(r"[1-9]\d*").all()
    assert table["var"].str.fullmatch(r"-?\d+(\.\d{1,3})?").all()
    assert not table.duplicated(["context", "year", "orgnr", "ind_id"]).any()
    return rows(table.itertuples(index=False), table.columns), manifest.get("left_out", [])


def main():
    folder = pathlib.Path(sys.argv[1])
    check_sav_extremes()
    book = read_codebook(folder / "codebook")
    answer = {"codebook": len(book)}
    for dataset, form in [
        ("registry.basis", "kvarus_basis"),
        ("registry.measurement-point", "kvarus_point"),
        ("registry.lar-status", "lar_status"),
        ("feedback.norse-2", "feedback_norse_2"),
    ]:
        described, answer[dataset] = read_register(folder / dataset)
        check_labels(described, book, form)
    answer["indicators"] = read_indicators(folder / "indicators")
    answer["skde"], answer["left_out"] = read_skde(folder / "skde")
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
