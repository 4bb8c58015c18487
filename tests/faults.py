"""What can go wrong with a run, done to it on purpose: ``python -m tests.faults`` prints the fault table.

Each fault is tried several times, at a place that changes from time to time. After it the run is gone on with, and its
files are compared with those of an unbroken run. Lost are paths that were finished before the fault and had to be
simulated again; none may be, but those of files that were damaged. With ``--real`` the engine itself runs, on
nordic_inference with one year; without, the engine of the tests.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from riskmodel import manifest as manifests
from riskmodel.range_store import RangeFolder
from tests.faults_run import LOG, PATHS, PER_RANGE

ROOT = Path(__file__).resolve().parent.parent
WAIT_S = 180.0
COMPILE_S = 1800.0
"""Longest wait for the first run of the engine itself, which may compile."""
N_RANGES = PATHS // PER_RANGE
WORKER_KILLS = 20


class Fault(Exception):
    """A fault after which something was not as it should be."""


def check(good, text):
    """Raise `Fault` unless `good`."""
    if not good:
        raise Fault(text)


class Child:
    """A run in a process of its own."""

    def __init__(self, scene, *words):
        command = [sys.executable, "-m", "tests.faults_run", str(scene.folder), *words]
        if scene.real:
            command.append("--real")
        environment = os.environ | {LOG: str(scene.log), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command, cwd=scene.place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.said = []

    def until(self, paths):
        """Wait until so many paths are done; False if the run ended before."""
        for line in self.process.stdout:
            self.said.append(line.strip())
            if line.strip().isdigit() and int(line) >= paths:
                return True
        return False

    def end(self, wait_s=WAIT_S):
        """Exit code, once it is there."""
        rest, errors = self.process.communicate(timeout=wait_s)
        self.said += rest.splitlines()
        self.errors = errors
        return self.process.returncode

    def kill(self, number=signal.SIGKILL):
        """Send a signal."""
        self.process.send_signal(number)


class Scene:
    """A folder for one try of a fault, with the log of all ranges simulated for it."""

    def __init__(self, place, reference, real, number):
        self.place, self.reference, self.real, self.number = place, reference, real, number
        self.folder, self.log = place / "run", place / "log"
        self.after = PER_RANGE * (1 + number % (N_RANGES - 3))  # paths done when the fault comes
        self.finished = set()

    def run(self, *words):
        """A run that has just begun."""
        return Child(self, *words)

    def look(self):
        """Remember what is finished now: it may not be simulated again."""
        ranges = RangeFolder(str(self.folder / "ranges")).finished()
        self.finished |= {path for first, end in ranges for path in range(first, end)}
        self.log.write_text("", encoding="ascii")

    def lost(self):
        """Number of finished paths simulated again since `look`."""
        again = set()
        for line in self.log.read_text(encoding="ascii").splitlines():
            first, n = map(int, line.split())
            again |= set(range(first, first + n))
        return len(self.finished & again)

    def resumed(self, *words):
        """Go on to the end; (lost paths, equal bytes)."""
        child = self.run("--resume", *words)
        code = child.end()
        check(code == 0, f"resume ended with {code}: {child.said[-1:]} {child.errors[-300:]}")
        return self.lost(), self.equal()

    def equal(self):
        """Are all files but the manifest the bytes of an unbroken run?"""
        return digests(self.folder) == self.reference


def digests(folder):
    """SHA-256 of every file but the manifest."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != manifests.NAME]
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _stopped(scene, number, code, *words):
    child = scene.run(*words)
    check(child.until(scene.after), "the run ended before the fault")
    child.kill(number)
    ended = child.end()
    check(ended == code, f"ended with {ended}: {child.said[-1:]} {child.errors[-300:]}")
    scene.look()
    return scene.resumed(*words)


def kill_run(scene):
    """SIGKILL of the run"""
    return _stopped(scene, signal.SIGKILL, -signal.SIGKILL)


def kill_run_with_workers(scene):
    """SIGKILL of the run with two workers"""
    import psutil

    child = scene.run("--cluster", "local:2")
    check(child.until(scene.after), "the run ended before the fault")
    workers = psutil.Process(child.process.pid).children(recursive=True)
    child.kill()
    child.process.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)
    check(not alive, f"{len(alive)} processes of the run live on")
    scene.look()
    return scene.resumed("--cluster", "local:2")


def interrupt_run(scene):
    """SIGINT of the run"""
    return _stopped(scene, signal.SIGINT, 130)


def interrupt_run_with_workers(scene):
    """SIGINT of the run with two workers"""
    return _stopped(scene, signal.SIGINT, 130, "--cluster", "local:2")


def kill_worker(scene):
    """SIGKILL of one of two workers"""
    import psutil

    child = scene.run("--cluster", "local:2")
    check(child.until(scene.after), "the run ended before the fault")
    workers = [one for one in psutil.Process(child.process.pid).children() if "spawn_main" in " ".join(one.cmdline())]
    check(len(workers) == 2, f"{len(workers)} workers")
    workers[scene.number % 2].kill()
    code = child.end()
    check(code == 0, f"ended with {code}: {child.said[-1:]} {child.errors[-300:]}")
    return 0, scene.equal()


@contextlib.contextmanager
def _cluster(place, n_workers=2):
    """A scheduler and workers as processes of their own: (address, scheduler, workers)."""
    file = place / "scheduler.json"
    file.unlink(missing_ok=True)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    options = {"cwd": place, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    begin = "from distributed.cli.dask_{0} import main; main()"
    words = [sys.executable, "-c"]
    scheduler = subprocess.Popen(
        [*words, begin.format("scheduler"), "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file",
         str(file)], **options,
    )  # fmt: skip
    started = [scheduler]
    try:
        until = time.monotonic() + WAIT_S
        while not file.exists() or not file.read_text():
            check(time.monotonic() < until, "no scheduler")
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        workers = [
            subprocess.Popen(
                [*words, begin.format("worker"), address, "--nthreads", "1", "--no-nanny", "--no-dashboard"], **options
            )
            for _ in range(n_workers)
        ]
        started += workers
        yield address, scheduler, workers
    finally:
        for process in started:
            process.kill()
            process.wait()


def kill_scheduler(scene):
    """SIGKILL of the scheduler"""
    with _cluster(scene.place) as (address, scheduler, _):
        child = scene.run("--cluster", address)
        check(child.until(scene.after), "the run ended before the fault")
        scheduler.kill()
        code = child.end()
        check(code == 1, f"ended with {code}: {child.said[-1:]} {child.errors[-300:]}")
        check("scheduler is gone" in child.said[-1], child.said[-1])
    scene.look()
    with _cluster(scene.place) as (address, _, _):
        return scene.resumed("--cluster", address)


def kill_remote_worker(scene):
    """SIGKILL of a worker of a scheduler"""
    with _cluster(scene.place) as (address, _, workers):
        child = scene.run("--cluster", address)
        check(child.until(scene.after), "the run ended before the fault")
        workers[0].kill()
        code = child.end()
        check(code == 0, f"ended with {code}: {child.said[-1:]} {child.errors[-300:]}")
    return 0, scene.equal()


@contextlib.contextmanager
def _small_disk(scene, kilobytes):
    """A file system of its own for the results."""
    scene.folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", scene.folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", scene.folder], check=True)


def may_mount():
    """Whether this user can make file systems, and folders that cannot be changed."""
    with tempfile.TemporaryDirectory() as place:
        first = (["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", place], ["chattr", "+i", place])
        then = (["umount", place], ["chattr", "-i", place])
        for words, undo in zip(first, then, strict=True):
            try:
                if subprocess.run(words, capture_output=True, check=False).returncode:
                    return False
            except OSError:
                return False
            subprocess.run(undo, check=True)
    return True


def full_disk(scene):
    """Full disk (small tmpfs)"""
    with _small_disk(scene, 600 + 100 * (scene.number % 10)):
        child = scene.run()
        code = child.end()
        check(code == 1, f"ended with {code}: {child.said[-1:]} {child.errors[-300:]}")
        check("No space left" in child.said[-1], child.said[-1])
        scene.look()
        check(scene.finished, "nothing was finished before the disk was full")
        subprocess.run(["mount", "-o", "remount,size=1g", scene.folder], check=True)
        return scene.resumed()


def full_disk_with_workers(scene):
    """Full disk with two workers (small tmpfs)"""
    with _small_disk(scene, 600 + 100 * (scene.number % 10)):
        child = scene.run("--cluster", "local:2")
        code = child.end()
        check(code == 1, f"ended with {code}: {child.said[-1:]} {child.errors[-300:]}")
        check("No space left" in child.said[-1], child.said[-1])
        scene.look()
        subprocess.run(["mount", "-o", "remount,size=1g", scene.folder], check=True)
        return scene.resumed("--cluster", "local:2")


def read_only_from_the_start(scene):
    """Read-only output folder"""
    with _small_disk(scene, 100_000):
        subprocess.run(["mount", "-o", "remount,ro", scene.folder], check=True)
        child = scene.run()
        code = child.end()
        check(code == 2 and "cannot write here" in child.said[-1], f"{code}: {child.said[-1:]}")
        check(not os.listdir(scene.folder), "something was written")
        subprocess.run(["mount", "-o", "remount,rw", scene.folder], check=True)
        child = scene.run()
        check(child.end() == 0, str(child.said[-1:]))
        return 0, scene.equal()


def read_only_on_the_way(scene):
    """Output folder no longer writable on the way"""
    child = scene.run()
    check(child.until(scene.after), "the run ended before the fault")
    places = [scene.folder, scene.folder / "ranges"]
    subprocess.run(["chattr", "+i", *places], check=True)
    try:
        code = child.end()
    finally:
        subprocess.run(["chattr", "-i", *places], check=True)
    check(code == 1 and "not permitted" in child.said[-1], f"{code}: {child.said[-1:]} {child.errors[-300:]}")
    scene.look()
    return scene.resumed()


def _damaged(scene, damage):
    """Stop, damage one file, go on: the paths of its range alone are simulated again."""
    child = scene.run()
    check(child.until(PATHS - PER_RANGE), "the run ended before the fault")
    child.kill()
    child.end()
    scene.look()
    ranges = sorted((scene.folder / "ranges").glob("0*"))
    chosen = ranges[scene.number % len(ranges)]
    files = sorted(chosen.iterdir())
    damage(files[scene.number % len(files)], scene.number)
    lost, equal = scene.resumed()
    check(lost == PER_RANGE, f"{lost} paths were simulated again instead of the {PER_RANGE} of the damaged range")
    return 0, equal


def truncated(scene):
    """Truncated file of a range"""
    return _damaged(scene, lambda file, n: os.truncate(file, file.stat().st_size * (n % 7) // 8))


def flipped(scene):
    """One bit flipped in a file of a range"""

    def flip(file, n):
        content = bytearray(file.read_bytes())
        place = (n + 1) * 7919 % (8 * len(content))
        content[place // 8] ^= 1 << place % 8
        file.write_bytes(content)

    return _damaged(scene, flip)


def removed(scene):
    """Removed file of a range"""
    return _damaged(scene, lambda file, n: file.unlink())


def flipped_while_running(scene):
    """One bit flipped before the tables are merged"""
    child = scene.run()
    check(child.until(scene.after), "the run ended before the fault")
    file = sorted((scene.folder / "ranges").glob("0*/*.parquet"))[scene.number % 4]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    check(child.end() == 0, f"{child.said[-1:]} {child.errors[-300:]}")
    check("A damaged range is simulated again." in child.said, str(child.said))
    return 0, scene.equal()


def clock_back(scene):
    """Clock set back 20 years (in the program)"""
    child = scene.run()
    check(child.until(scene.after), "the run ended before the fault")
    child.kill()
    child.end()
    scene.look()
    return scene.resumed("--clock", str(-20 * 365.25 * 86400))


def clock_forward(scene):
    """Clock set forward 20 years (in the program)"""
    child = scene.run()
    check(child.until(scene.after), "the run ended before the fault")
    child.kill()
    child.end()
    scene.look()
    return scene.resumed("--clock", str(20 * 365.25 * 86400))


def two_runs(scene):
    """Two runs on one folder"""
    child = scene.run()
    check(child.until(scene.after), "the run ended before the fault")
    child.kill(signal.SIGSTOP)  # so that it does not end before the other looks
    try:
        other = scene.run("--resume" if scene.number % 2 else "--cluster=local:1")
        code = other.end()
    finally:
        child.kill(signal.SIGCONT)
    owner = f"process {child.process.pid} on"
    check(
        code == 2 and owner in other.said[-1], f"the second ended with {code}: {other.said[-1:]} {other.errors[-300:]}"
    )
    check(child.end() == 0, f"{child.said[-1:]} {child.errors[-300:]}")
    return 0, scene.equal()


def older_version(scene):
    """Folder of an older version"""
    child = scene.run()
    check(child.until(scene.after), "the run ended before the fault")
    child.kill()
    child.end()
    scene.look()
    file = scene.folder / manifests.NAME
    text = file.read_text(encoding="utf-8")
    file.write_text(json.dumps(json.loads(text) | {"format": 1}), encoding="utf-8")
    child = scene.run("--resume")
    code = child.end()
    check(code == 2 and "format 1" in child.said[-1], f"ended with {code}: {child.said[-1:]}")
    file.write_text(text, encoding="utf-8")
    return scene.resumed()


NEEDS_MOUNT = (full_disk, full_disk_with_workers, read_only_from_the_start, read_only_on_the_way)
FAULTS = (
    kill_run, kill_run_with_workers, kill_worker, kill_remote_worker, kill_scheduler, interrupt_run,
    interrupt_run_with_workers, *NEEDS_MOUNT, truncated, flipped, removed, flipped_while_running, clock_back,
    clock_forward, two_runs, older_version,
)  # fmt: skip


def reference(place, real):
    """Hashes of the files of an unbroken run."""
    scene = Scene(place, {}, real, 0)
    place.mkdir(parents=True, exist_ok=True)
    child = scene.run()
    check(child.end(COMPILE_S if real else WAIT_S) == 0, f"{child.said[-1:]} {child.errors[-2000:]}")
    return digests(scene.folder)


def tried(fault, place, expected, real, number):
    """(lost paths, equal bytes) of one try of a fault, in a folder that is removed if all went well."""
    place.mkdir(parents=True)
    found = fault(Scene(place, expected, real, number))
    shutil.rmtree(place)
    return found


def main():
    """Try all faults, print the table; exit code 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="tries of each fault")
    parser.add_argument("--worker-kills", type=int, default=WORKER_KILLS, help="tries of the kill of a worker")
    parser.add_argument("--only", nargs="*", default=(), help="names of faults")
    parser.add_argument("--real", action="store_true", help="the engine itself")
    asked = parser.parse_args()
    bad = False
    with tempfile.TemporaryDirectory(prefix="riskmodel-faults-") as top:
        expected = reference(Path(top) / "reference", asked.real)
        print(f"{'fault':<46}{'tries':>6}{'lost paths':>12}{'bytes equal':>13}{'longest':>10}", flush=True)
        for fault in FAULTS:
            if asked.only and fault.__name__ not in asked.only:
                continue
            if fault in NEEDS_MOUNT and not may_mount():
                print(f"{fault.__doc__:<46}{'not tried: this user may not do that':>41}", flush=True)
                continue
            times = asked.worker_kills if fault is kill_worker else asked.times
            lost, equal, longest = 0, 0, 0.0
            for number in range(times):
                begun = time.monotonic()
                try:
                    found = tried(fault, Path(top) / fault.__name__ / str(number), expected, asked.real, number)
                    lost, equal = lost + found[0], equal + found[1]
                except Fault as problem:
                    print(f"  {fault.__name__} {number}: {problem}", flush=True)
                longest = max(longest, time.monotonic() - begun)
            bad = bad or lost > 0 or equal < times
            print(f"{fault.__doc__:<46}{times:>6}{lost:>12}{f'{equal} of {times}':>13}{longest:>8.1f} s", flush=True)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
