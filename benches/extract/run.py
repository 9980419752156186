#!/usr/bin/env python3
"""Extracts against ClickHouse's own formats, of the same rows, in the same run.

    python benches/extract/run.py [--medvirk PROGRAM] [--rows N] [--read-back PYTHON]

Starts `medvirk up` on an empty folder, plants N forms of the register in its engine, pulls them in
each format, and lets the engine write the same columns by itself. Prints rows per second, and the
peak memory (VmHWM) of the serving process, of the registry's engine and of the client. Then kills a
client and the server with -9 in the middle of a pull, and goes on: the file must be the same. With
--read-back, that Python, which has `tests/python/requirements.txt`, reads all files back. Needs Linux
and nothing but Python; folders are made under TMPDIR.
"""

import argparse
import filecmp
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

ITEMS = ["sex", "age", "education", "employment", "housing", "substance", "injecting", "earlier-treatment", "alcohol-units"]
BATCH = 500_000
# The engine keeps a statement's sort in memory: about 2.5 KB a form.
MOST_AT_ONCE = 1_000_000


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


def engine_of(server):
    """Process id of the registry's engine."""
    for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"engine/registry" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise SystemExit("medvirk up has no engine for the registry")


def start(program, data):
    free = '"127.0.0.1:0"'
    keys = ["LISTEN__GRPC", "LISTEN__HTTP", "LISTEN__ADMIN", "ENGINE__INDICATORS", "ENGINE__REGISTRY"]
    environment = {**os.environ, **{f"MEDVIRK__{key}": free for key in keys}}
    # Old addresses must not be mistaken for new ones.
    (data / "addresses.json").unlink(missing_ok=True)
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
    arguments.add_argument("--read-back", metavar="PYTHON")
    given = arguments.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="medvirk-bench-"))
    bench = Bench(given, folder)
    try:
        bench.fill()
        bench.baseline()
        bench.pulls()
        bench.cut()
        if given.read_back:
            bench.read_back()
    finally:
        bench.server.kill()
        bench.server.wait()
        shutil.rmtree(folder)


class Bench:
    def __init__(self, given, folder):
        self.given, self.folder, self.data = given, folder, folder / "data"
        self.server = start(given.medvirk, self.data)
        self.engine = Engine(self.data)

    def fill(self):
        began = time.monotonic()
        for first in range(0, self.given.rows, BATCH):
            self.engine.plant(first, min(BATCH, self.given.rows - first))
        self.engine.run("writer", "OPTIMIZE TABLE registry_forms FINAL")
        print(f"{self.given.rows:,} forms planted in {time.monotonic() - began:.1f} s", flush=True)

    def timed(self, what, action):
        pids = self.server.pid, engine_of(self.server)
        for pid in pids:
            forget_peak(pid)
        began = time.monotonic()
        action()
        took = time.monotonic() - began
        peaks = "  ".join(f"{name} {peak(pid):6.0f} MB" for name, pid in zip(["server", "engine"], pids))
        print(f"{what:34} {self.given.rows / took:12,.0f} rows/s  {took:7.1f} s  peak of {peaks}", flush=True)

    def baseline(self):
        if self.given.rows > MOST_AT_ONCE:
            print(f"more than {MOST_AT_ONCE:,} forms: too many for one statement over the view, no baseline", flush=True)
            return
        columns = "hex(episode), hex(person), hex(submission_id), unit, day, version, " + ", ".join(
            f"value[indexOf(item, '{item}')] / 1000000 AS v{place}" for place, item in enumerate(ITEMS)
        )
        # The same rows; and for comparison what is not the same, every revision as it was received.
        for view, what in [("registry_form", ""), ("registry_form_received", ", received")]:
            sql = f"SELECT {columns}, ingested_at FROM {view} WHERE instrument = 'kvarus-basis'"
            for form in ["CSV", "Parquet"]:
                out = self.folder / f"by-engine.{form}"
                self.timed(f"ClickHouse FORMAT {form}{what}", lambda: self.engine.run("writer", f"{sql} FORMAT {form}", out))
                out.unlink(missing_ok=True)

    def pull(self, form, out):
        return [
            *[self.given.medvirk, "pull", "registry.basis", "--format", form, "--purpose", "benchmark"],
            *["--out", self.folder / out, "--data", self.data],
        ]

    def pulls(self):
        for form in ["openqreg", "mrs", "parquet"]:
            pull = self.pull(form, form)
            self.timed(f"medvirk pull {form}", lambda: subprocess.run(pull, check=True, stdout=subprocess.DEVNULL))
        client = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak of the client {client:.0f} MB", flush=True)

    def cut(self):
        """A client and the server are killed in the middle, one after the other."""
        pull = self.pull("openqreg", "cut")
        folder = self.folder / "cut/.pull-registry.basis-openqreg"
        chunks = self.given.rows // 50_000
        for wanted, killed in [(chunks // 3, "client"), (chunks * 2 // 3, "server")]:
            client = subprocess.Popen(pull, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while (whole := len(list(folder.glob("chunk-*")))) < wanted:
                if client.poll() is not None:
                    raise SystemExit("the pull ended before it could be killed; give more rows")
                time.sleep(0.005)
            if killed == "server":
                self.server.kill()
                self.server.wait()
            else:
                client.kill()
            ended = client.wait()
            print(f"kill -9 of the {killed} after {whole} of {chunks} chunks: the client ended with {ended}", flush=True)
            if killed == "server":
                self.server = start(self.given.medvirk, self.data)
        began = time.monotonic()
        subprocess.run(pull, check=True, stdout=subprocess.DEVNULL)
        print(f"the rest of it in {time.monotonic() - began:.1f} s", flush=True)
        [whole] = self.folder.glob("openqreg/*/*.csv")
        [cut] = self.folder.glob("cut/*/*.csv")
        same = filecmp.cmp(whole, cut, shallow=False)
        print(f"the same {cut.stat().st_size:,} bytes as undisturbed: {same}", flush=True)
        if not same:
            sys.exit(1)
        cut.unlink()

    def read_back(self):
        [openqreg] = self.folder.glob("openqreg/*/*.csv")
        [mrs] = self.folder.glob("mrs/*.csv")
        parquet = self.folder / "parquet/registry_basis.parquet"
        program = pathlib.Path(__file__).with_name("read_back.py")
        subprocess.run([self.given.read_back, program, openqreg, mrs, parquet], check=True)


if __name__ == "__main__":
    main()
