"""How much room on the disk a run will need, told when the first range is there and not when the disk is full."""

from __future__ import annotations

import shutil
from pathlib import Path

from riskmodel import event_files
from riskmodel.range_store import RangeFolder, RangeStore, range_name

__all__ = ["room_needed", "room_warning"]

REST_SHARE = 0.15
"""Of the bytes of a range, those of its tables but the events: .13 to .16 in the shipped studies (measured)."""
GB = 1e9


def room_needed(bytes_per_path: float, paths_left: int, paths: int) -> float:
    """Bytes a run still writes before it lets go of anything: ranges, and the tables beside them.

    Parameters
    ----------
    bytes_per_path : float
        Of a finished range.
    paths_left, paths : int
        Paths without a range yet, and of the whole run.
    """
    twice = min(paths, event_files.PATHS_PER_PART)  # of larger tables of events, one part at a time
    return bytes_per_path * (paths_left + REST_SHARE * paths + (1.0 - REST_SHARE) * twice)


def room_warning(kept: RangeStore, folder: Path, done: tuple[int, int], paths_left: int, paths: int) -> str:
    """What to say if the disk of a results folder has too little room; empty if it has enough, or ranges are elsewhere.

    Parameters
    ----------
    kept : RangeStore
    folder : Path, of the results
    done : (first, end), paths of a range just finished
    paths_left, paths : int, as in `room_needed`
    """
    if not isinstance(kept, RangeFolder) or not Path(kept.place).is_relative_to(folder.absolute()):
        return ""
    place = Path(kept.place) / range_name(*done)
    try:
        size = sum(file.stat().st_size for file in place.iterdir())
        free = shutil.disk_usage(folder).free
    except OSError:
        return ""
    needed = room_needed(size / (done[1] - done[0]), paths_left, paths)
    if needed <= free:
        return ""
    return (
        f"{folder}: about {needed / GB:,.2g} GB more will be written, and {free / GB:,.2g} GB are free there. "
        "When the disk is full the run stops and keeps what is finished; --resume goes on."
    )
