"""Memory of a run is flat in the number of paths."""

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
import numpy as np
from riskmodel import convergence
from riskmodel.run import run_to_folder
from tests.fake_engine import fake_simulate_range, small_study

study = small_study(years=15)
convergence.always_different = lambda study: None  # the same lives again and again
one = fake_simulate_range(study, 7, 0, 500)

def engine(study, seed, first, n, **how):
    path = one.events["path"]
    events = {name: column[path < n] for name, column in {**one.events, "path": path + first}.items()}
    scalars = {name: column[:n] for name, column in one.scalars.items()}
    return type(one)(first, one.annual[:n], scalars, events, one.strategy_names)

run_to_folder(study, sys.argv[1], int(sys.argv[2]), 7, simulate_range=engine, paths_per_range=500)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(float(peak.split()[1]) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_four_times_the_paths_take_no_more_memory(tmp_path):
    peak_mb = []
    for paths in (10_000, 40_000):
        command = [sys.executable, "-c", CODE, str(tmp_path / str(paths)), str(paths)]
        peak_mb.append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    assert peak_mb[0] < 1500
    assert peak_mb[1] < 1.10 * peak_mb[0]
