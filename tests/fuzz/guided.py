"""``python -m tests.fuzz.guided READER [SECONDS]``: inputs guided by the code they reach, where atheris is installed.

Not part of the pinned packages, since it has wheels for few platforms: ``pip install atheris``. It begins with the
reader's own files and the hard ones; a crash is printed with its input, and ends the run.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path

from tests.fuzz.hard import contents
from tests.fuzz.readers import READERS

LONGEST = 20_000
"""Bytes of an input: longer ones are slow to guide."""


def main() -> int:
    """Fuzz one reader; the exit code is that of the fuzzer."""
    try:
        import atheris
    except ImportError:
        print("atheris is not installed here: pip install atheris (Linux), or make fuzz without guidance")
        return 0
    os.environ["NUMBA_DISABLE_JIT"] = "1"  # code that counts where it goes cannot be compiled
    name, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60"
    reader = READERS[name]
    folder = Path(tempfile.mkdtemp(prefix="fuzz_guided_"))
    place = folder / f"input{reader.suffix}"
    (folder / "corpus").mkdir()

    def one(data: bytes) -> None:
        place.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reader.read(place)
        except reader.refusals() as error:
            if not str(error).strip():
                raise RuntimeError("refused without a word") from error

    packages = ["distributions", "riskmodel", "studies", "tomllib", "zipfile", "csv"]
    with atheris.instrument_imports(include=packages, enable_loader_override=False):
        for number, content in enumerate([*reader.seeds(), *contents(reader.suffix).values()]):
            one(content)
            if len(content) <= LONGEST:
                (folder / "corpus" / str(number)).write_bytes(content)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        "-timeout=20",
        "-rss_limit_mb=1000",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(folder / "corpus")], one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
