"""One input through one reader: it ends in a result or a refusal, within the time and the memory allowed."""

from __future__ import annotations

import contextlib
import resource
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.readers import Reader

__all__ = ["MOST_MEMORY", "MOST_SECONDS", "Outcome", "forget_peak", "limit_memory", "peak_memory", "tried"]

MOST_SECONDS = 5.0
"""Of processor time: a busy machine makes no input slow."""
MOST_MEMORY = 1_000_000_000
"""Resident, the program included."""
HANGS = 60.0
"""Seconds by the clock after which a wait counts as for ever."""


class Outcome(NamedTuple):
    """How an input ended: `crash` is empty, or what was raised and where; processor time [s]."""

    crash: str
    refused: bool
    seconds: float


class _Hang(BaseException):
    pass


def _hang(number: int, frame: object) -> None:
    raise _Hang


def limit_memory() -> None:
    """Room for the program and 4 GB of addresses: a claim of more fails at once instead of filling the machine."""
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 4_000_000_000, hard))


def forget_peak() -> int:
    """Resident size [bytes], from which on the peak counts anew; the peak so far where a system cannot forget it."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return peak_memory()
    return _status("VmRSS")


def _status(name: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.partition(f"{name}:")[2].split()[0]) * 1024


def peak_memory() -> int:
    """Largest resident size of this process since `forget_peak`, or so far [bytes]."""
    with contextlib.suppress(OSError):
        return _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def tried(reader: Reader, place: Path) -> Outcome:
    """Read one file."""
    crash, refused = "", False
    old = signal.signal(signal.SIGALRM, _hang)
    old_cpu = signal.signal(signal.SIGPROF, _hang)
    begin = time.process_time()
    signal.setitimer(signal.ITIMER_REAL, HANGS)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(place)
    except reader.refusals() as error:
        refused = True
        if not str(error).strip():
            crash = "refused without a word"
    except _Hang:
        crash = f"took more than {MOST_SECONDS:g} s"
    except Exception as error:  # whatever a reader lets through is what is looked for
        crash = f"{type(error).__name__}: {str(error)[:100]} ({_where(error)})"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGALRM, old)
        signal.signal(signal.SIGPROF, old_cpu)
    return Outcome(crash, refused, time.process_time() - begin)


def _where(error: BaseException) -> str:
    """Innermost place in our own files."""
    place, trace = "?", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if any(f"/{package}/" in file for package in ("distributions", "riskmodel", "studies")) and "site-" not in file:
            place = f"{Path(file).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
