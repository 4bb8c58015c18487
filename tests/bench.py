"""Speed, memory and start-up of the engine: ``make bench``. Nothing here is a test; figures depend on the machine.

The baseline of the ratio is the same kernel walking one path at a time (one lane instead of 256), in the same run.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

import studies
from distributions.clock import HOURS_PER_YEAR
from riskmodel.engine import DEFAULT_LANES, default_threads, simulate_range
from riskmodel.study import Study

NS_PER_S = 1e9
KIB_PER_MIB = 1024.0
FIRST_PATH = (
    "import studies; from riskmodel.engine import simulate_range; "
    "simulate_range(studies.load('ten_thousand_gpus'), 1, 0, 1)"
)


def strategy_hours(study: Study, paths: int) -> float:
    """Hours of all strategies, years and paths."""
    return float(paths * study.header.years * HOURS_PER_YEAR * len(study.strategy_names))


def best_cpu_and_wall(study: Study, paths: int, threads: int, lanes: int, repeats: int) -> tuple[float, float]:
    """Least processor and wall time of a few runs [s], compiled before the clock starts."""
    simulate_range(study, 1, 0, 1, threads=threads, lanes=lanes)
    cpu, wall = [], []
    for repeat in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        simulate_range(study, 1, repeat * paths, paths, threads=threads, lanes=lanes)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return min(cpu), min(wall)


def storage_cost_ns(study: Study, paths: int, repeats: int) -> float:
    """Processor time that dispatch, ageing and cabinets add to an hour of a strategy [ns], on one thread.

    The study is walked once as it is and once without its storage, PV and all else alike; the runs take turns, so that
    a machine that slows down slows both.
    """
    storages = [name for name, strategy in study.strategies.items() if strategy.storage is not None]
    bare = {
        name: strategy.model_copy(update={"storage": None}) if name in storages else strategy
        for name, strategy in study.strategies.items()
    }
    without = study.model_copy(update={"strategies": bare})
    cpu: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(repeats):
        for owned, case in ((True, study), (False, without)):
            cpu[owned].append(best_cpu_and_wall(case, paths, 1, DEFAULT_LANES, 1)[0])
    hours = float(paths * study.header.years * HOURS_PER_YEAR * len(storages))
    return (min(cpu[True]) - min(cpu[False])) / hours * NS_PER_S


def start_up(cache: str | None) -> float:
    """Wall time from starting Python to the first finished path [s], with a given compile cache."""
    environment = dict(os.environ)
    environment.pop("NUMBA_CACHE_DIR", None)
    if cache is not None:
        environment["RISKMODEL_CACHE_DIR"] = cache
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", FIRST_PATH], check=True, env=environment)
    return time.perf_counter() - start


def peak_memory_mib(paths: int) -> float:
    """Peak resident memory of a whole command, tables and figures included [MiB]: the largest process so far.

    To be called before anything that compiles, which takes more.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "studies", "run", "ten_thousand_gpus", "--paths", str(paths), "--seed", "1"]
        subprocess.run([*command, "--quiet", "--out", f"{folder}/out"], check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / KIB_PER_MIB


def main() -> None:
    """Print the figures, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=DEFAULT_LANES * default_threads())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-cold", action="store_true", help="leave out the start with an empty compile cache")
    options = parser.parse_args()
    threads = default_threads()
    for name in studies.names():
        study = studies.load(name)
        hours = strategy_hours(study, options.paths)
        cpu, wall = best_cpu_and_wall(study, options.paths, threads, DEFAULT_LANES, options.repeats)
        print(f"{name}: {cpu / hours * NS_PER_S:.1f} ns per strategy-hour and core, {options.paths / wall:.0f} paths/s")
        one, _ = best_cpu_and_wall(study, 2, 1, 1, 1)
        ratio = one / strategy_hours(study, 2) / (cpu / hours)
        print(f"{name}: {ratio:.1f} times as fast as one path at a time with the same kernel")
        cost = storage_cost_ns(study, DEFAULT_LANES, options.repeats)
        print(f"{name}: {cost:.1f} ns for dispatch, ageing and cabinets, per hour of a strategy with storage")
    print(f"peak memory: {peak_memory_mib(1000):.0f} MiB for a run of 1,000 paths with tables and figures")
    print(f"start-up, warm: {min(start_up(None) for _ in range(3)):.1f} s from starting Python to the first path")
    if not options.no_cold:
        with tempfile.TemporaryDirectory() as cache:
            print(f"start-up, cold: {start_up(cache):.1f} s with an empty compile cache")


if __name__ == "__main__":
    main()
