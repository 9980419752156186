#!/usr/bin/env python3
"""Extracts against ClickHouse's own formats, of the same rows, in the same run.

    python benches/extract/run.py [--medvirk PROGRAM] [--rows N]

Starts `medvirk up` on an empty folder, plants N forms of the register in its engine, pulls them in
each format, and lets the engine write the same columns by itself. Prints rows per second, and the
peak memory (VmHWM) of the serving process and of the client. Needs Linux and nothing but Python.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import time
import urllib.request

ITEMS = ["sex", "age", "education", "employment", "housing", "substance", "injecting", "earlier-treatment", "alcohol-units"]
BATCH = 500_000


class Engine:
    """The registry's engine, by its HTTP interface."""

    def __init__(self, data):
        self.address = json.loads((data / "addresses.json").read_text())["registry"]
        users = json.loads((data / "secrets/engine-registry.json").read_text())
        self.users = {user["access"]: (user["name"], user["password"]) for user in users}

    def run(self, access, sql, out=None):
        name, password = self.users[access]
        request = urllib.request.Request(f"http://{self.address}/?database=medvirk", data=sql.encode())
        request.add_header("X-ClickHouse-User", name)
        request.add_header("X-ClickHouse-Key", password)
        with urllib.request.urlopen(request) as answer:
            if out is None:
                return answer.read()
            with open(out, "wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)

    def plant(self, first, count):
        values = ", ".join(f"1000000 * (1 + (number + {place}) % 2)" for place in range(len(ITEMS)))
        items = ", ".join(f"'{item}'" for item in ITEMS)
        self.run(
            "writer",
            f"""INSERT INTO registry_forms SELECT number % 2, number, toFixedString(leftPad(toString(number), 16, '0'), 16),
            'epj', unhex(repeat('00', 32)), now64(3),
            toFixedString(substring(SHA256(toString(number % 4000000)), 1, 16), 16),
            toFixedString(substring(SHA256(concat('e', toString(number))), 1, 16), 16),
            'fjord-poliklinikk', toDate32('2020-01-01') + number % 2000, 0, 'kvarus-basis', 1, 'other',
            [{items}], [{values}], arrayWithConstant({len(ITEMS)}, ''), NULL, [], [],
            18446744073709551615 - number FROM numbers({first}, {count})""",
        )


def peak(pid):
    """In MB, since it was last forgotten."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def start(program, data):
    free = '"127.0.0.1:0"'
    keys = ["LISTEN__GRPC", "LISTEN__HTTP", "LISTEN__ADMIN", "ENGINE__INDICATORS", "ENGINE__REGISTRY"]
    environment = {**os.environ, **{f"MEDVIRK__{key}": free for key in keys}}
    server = subprocess.Popen([program, "up", "--data", data], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            admin = json.loads((data / "addresses.json").read_text())["admin"]
            urllib.request.urlopen(f"http://{admin}/readyz")
            return server
        except (OSError, ValueError):
            time.sleep(0.05)
    raise SystemExit("medvirk up is not ready")


def main():
    arguments = argparse.ArgumentParser(description="Extracts against ClickHouse's own formats.")
    arguments.add_argument("--medvirk", default="target/debug/medvirk")
    arguments.add_argument("--rows", type=int, default=5_000_000)
    given = arguments.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="medvirk-bench-"))
    server = start(given.medvirk, folder / "data")
    try:
        measure(given, folder, server)
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def measure(given, folder, server):
    data = folder / "data"
    engine = Engine(data)
    for first in range(0, given.rows, BATCH):
        engine.plant(first, min(BATCH, given.rows - first))
    engine.run("writer", "OPTIMIZE TABLE registry_forms FINAL")

    def timed(what, action):
        forget_peak(server.pid)
        began = time.monotonic()
        action()
        took = time.monotonic() - began
        print(f"{what:34} {given.rows / took:12,.0f} rows/s  {took:7.1f} s  server peak {peak(server.pid):6.0f} MB", flush=True)

    columns = "hex(episode), hex(person), hex(submission_id), unit, day, version, " + ", ".join(
        f"value[indexOf(item, '{item}')] / 1000000 AS v{place}" for place, item in enumerate(ITEMS)
    )
    sql = f"SELECT {columns}, ingested_at FROM registry_form WHERE instrument = 'kvarus-basis'"
    timed("ClickHouse FORMAT CSV", lambda: engine.run("writer", sql + " FORMAT CSV", folder / "by-engine.csv"))
    timed("ClickHouse FORMAT Parquet", lambda: engine.run("writer", sql + " FORMAT Parquet", folder / "by-engine.parquet"))
    for form in ["openqreg", "mrs", "parquet"]:
        pull = [given.medvirk, "pull", "registry.basis", "--format", form, "--purpose", "benchmark"]
        pull += ["--out", folder / form, "--data", data]
        timed(f"medvirk pull {form}", lambda: subprocess.run(pull, check=True, stdout=subprocess.DEVNULL))
    client = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"client peak {client:.0f} MB")


if __name__ == "__main__":
    main()
