"""``python -m tests.fuzz``: many inputs for each reader, and the table of how they ended.

Each reader runs in processes of its own, ten thousand inputs each, so that a crash of the interpreter is one input's.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.fuzz.harness import MOST_MEMORY, limit_memory, peak_memory, tried
from tests.fuzz.readers import QUICK, READERS

BATCH = 10_000
LOST = "the interpreter died"
NOW = "now"
"""The input that is being read: what is left where the interpreter died."""


def batch(name: str, seed: int, first: int, end: int, until: float, report: Path, kept: Path) -> None:
    """Read inputs first to end; after each, `report` says how far it came."""
    reader = READERS[name]
    seeds = reader.seeds()
    limit_memory()
    found: dict[str, Any] = {"done": 0, "refused": 0, "slowest_s": 0.0, "peak": 0, "crashes": {}}
    with tempfile.TemporaryDirectory(dir=QUICK) as folder:
        place = Path(folder) / f"input{reader.suffix}"
        for k in range(first, end):
            if time.time() > until:
                break
            content = reader.make(seeds, seed, k)
            place.write_bytes(content)
            report.with_name(NOW).write_bytes(content)
            with contextlib.redirect_stdout(io.StringIO()):
                outcome = tried(reader, place)
            found["done"] += 1
            found["refused"] += outcome.refused
            found["slowest_s"] = max(found["slowest_s"], outcome.seconds)
            if outcome.crash:
                where = outcome.crash.rpartition("(")[2]
                if where not in found["crashes"]:
                    found["crashes"][where] = f"{k}: {outcome.crash}"
                    (kept / f"{name.replace(' ', '_')}_{k}{reader.suffix}").write_bytes(content)
    found["peak"] = peak_memory()
    report.write_text(json.dumps(found), encoding="utf-8")


def fuzz(name: str, inputs: int, seed: int, first: int, seconds: float, kept: Path) -> dict[str, Any]:
    """All inputs of one reader."""
    total: dict[str, Any] = {"done": 0, "refused": 0, "slowest_s": 0.0, "peak": 0, "crashes": {}}
    until = time.time() + seconds
    for start in range(first, first + inputs, BATCH):
        found = _batch_apart(name, seed, start, min(start + BATCH, first + inputs), until, kept)
        for key in ("done", "refused"):
            total[key] += found[key]
        for key in ("slowest_s", "peak"):
            total[key] = max(total[key], found[key])
        for key, text in found["crashes"].items():
            total["crashes"].setdefault(key, text)
        if time.time() > until:
            break
    return total


def _batch_apart(name: str, seed: int, first: int, end: int, until: float, kept: Path) -> dict[str, Any]:
    """What a batch found in a process of its own; where that died, the input that it died of is kept."""
    with tempfile.TemporaryDirectory(dir=QUICK) as folder:
        report = Path(folder) / "report.json"
        arguments = ["--batch", name, str(seed), str(first), str(end), str(until), str(report), str(kept)]
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz", *arguments], check=False, capture_output=True, text=True
        )
        if report.exists():
            found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
            return found
        place = kept / f"{name.replace(' ', '_')}_{first}_died{READERS[name].suffix}"
        if report.with_name(NOW).exists():
            shutil.move(report.with_name(NOW), place)
        crash = {LOST: f"{place}: {done.stderr[-300:]}"}
        return {"done": 0, "refused": 0, "slowest_s": 0.0, "peak": 0, "crashes": crash}


def main() -> int:
    """Print the table; 1 where an input crashed, hung, or took too much memory."""
    if sys.argv[1:2] == ["--batch"]:
        name, seed, first, end, until, report, kept = sys.argv[2:]
        batch(name, int(seed), int(first), int(end), float(until), Path(report), Path(kept))
        return 0
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="for each reader (100000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first input (0)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="most for each reader, by the clock")
    parser.add_argument("--reader", action="append", choices=list(READERS), help="may be repeated; default: all")
    parser.add_argument("--kept", type=Path, default=Path("out/fuzz"), help="where inputs that crash are kept")
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    print(f"{'reader':<20}{'inputs':>9}{'refused':>9}{'crashes':>9}{'slowest, s':>12}{'memory, MB':>12}", flush=True)
    bad = False
    for name in options.reader or READERS:
        found = fuzz(name, options.inputs, options.seed, options.first, options.seconds, options.kept)
        row = f"{name:<20}{found['done']:>9,}{found['refused']:>9,}{len(found['crashes']):>9}"
        print(f"{row}{found['slowest_s']:>12.2f}{found['peak'] / 1e6:>12,.0f}", flush=True)
        for text in found["crashes"].values():
            print(f"    {text}", flush=True)
        bad |= bool(found["crashes"]) or found["peak"] > MOST_MEMORY
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
