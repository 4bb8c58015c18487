"""One run for ``tests.faults``, in a process that can be killed: says how far it is, and logs what it simulates.

``python -m tests.faults_run FOLDER [--resume] [--cluster local:2] ...``; exit codes as those of ``riskmodel run``.
"""

import argparse
import functools
import os
import signal
import sys
import time

from riskmodel import manifest as manifests
from riskmodel.run import Interrupted, RunError, RunFailed, run_to_folder
from tests.fake_engine import fake_simulate_range, small_study

PATHS, SEED, PER_RANGE = 72, 7, 6
LOG = "RISKMODEL_FAULTS_LOG"
SECONDS_A_PATH = 0.01


def slow_engine(study, seed, first, n, **how):
    """The engine of the tests at the speed of a real one; one line in the log for each range."""
    time.sleep(SECONDS_A_PATH * n)
    result = fake_simulate_range(study, seed, first, n, **how)
    _note(first, n, how)
    return result


def real_engine(study, seed, first, n, **how):
    """The engine itself; one line in the log for each range."""
    from riskmodel.engine import simulate_range

    result = simulate_range(study, seed, first, n, **how)
    _note(first, n, how)
    return result


def _note(first, n, how):
    if LOG in os.environ and not how.get("again"):
        with open(os.environ[LOG], "a", encoding="ascii") as log:
            log.write(f"{first} {n}\n")


@functools.cache
def study_of(real):
    """The study of the tests, or a shipped one of one year."""
    if not real:
        return small_study()
    import studies

    return studies.load("nordic_inference", ["study.years=1"])


def main():
    """Run, and end with the exit code of the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--cluster")
    parser.add_argument("--ranges")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--clock", type=float, default=0.0)
    asked = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if asked.clock:
        shift_clock(asked.clock)
    try:
        run_to_folder(
            study_of(asked.real),
            asked.folder,
            None if asked.resume else PATHS,
            None if asked.resume else SEED,
            simulate_range=real_engine if asked.real else slow_engine,
            paths_per_range=PER_RANGE,
            threads=1,
            resume=asked.resume,
            cluster=asked.cluster,
            ranges=asked.ranges,
            progress=lambda done, total: print(done, flush=True),
            announce=lambda text: print(text, flush=True),
        )
    except Interrupted as stop:
        print(stop, flush=True)
        return 130
    except RunFailed as error:
        print(error, flush=True)
        return 1
    except RunError as error:
        print(error, flush=True)
        return 2
    return 0


def shift_clock(seconds):
    """Set the clock of this process forward or back."""
    real = time.time
    time.time = lambda: real() + seconds
    now = manifests.now
    manifests.now = lambda: "1999-12-31T23:59:59+00:00" if seconds < 0 else now()


if __name__ == "__main__":
    sys.exit(main())
