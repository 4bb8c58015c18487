"""Fonts the reports carry: Noto Sans SC for Latin and Chinese, DejaVu Sans (from matplotlib) for other scripts.

Only carried fonts are used, so a page looks the same on every machine. A letter that none of them has is shown as a
box, and named in a message.
"""

from __future__ import annotations

import base64
import functools
import io
from pathlib import Path

__all__ = ["FAMILY", "FALLBACK", "embedded", "font_files", "shown", "without_glyph"]

FOLDER = Path(__file__).parent / "fonts"
REGULAR, BOLD = FOLDER / "NotoSansSC-Regular-subset.otf", FOLDER / "NotoSansSC-Bold-subset.otf"
FAMILY, FALLBACK = "Riskmodel Sans SC", "DejaVu Sans"
"""Noto Sans SC under a name of its own, so that an installed font of that name is never taken for it."""
BOX = "□"
CJK = (0x2E80, 0xFFEF)
"""Range of code points for which a page of text carries the font with it; browsers have the others."""


@functools.cache
def font_files() -> tuple[Path, ...]:
    """Font files, the first that has a letter shows it."""
    import matplotlib

    dejavu = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return (REGULAR, BOLD, dejavu / "DejaVuSans.ttf", dejavu / "DejaVuSans-Bold.ttf")


@functools.cache
def _covered() -> frozenset[int]:
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for file in font_files():
        with TTFont(file, lazy=True) as font:
            found |= font.getBestCmap().keys()
    return frozenset(found)


def without_glyph(text: str) -> str:
    """Letters of a text that no carried font has, each once, in order."""
    covered = _covered()
    missing = [
        letter for letter in text if letter.isprintable() and not letter.isspace() and ord(letter) not in covered
    ]
    return "".join(dict.fromkeys(missing))


def shown(text: str) -> str:
    """A text of the user as it can be shown: one line, no control letters, a box for letters no font has."""
    covered = _covered()
    letters = (letter if letter.isprintable() else " " for letter in text)
    known = "".join(letter if letter == " " or ord(letter) in covered else BOX for letter in letters)
    return " ".join(known.split())


def embedded(text: str) -> str:
    """Font with the letters of a text as base64 WOFF, the same bytes each time; empty where it has no Chinese."""
    wanted = {ord(letter) for letter in text}
    if not any(CJK[0] <= code <= CJK[1] for code in wanted):
        return ""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.layout_features = ["kern", "ccmp", "locl", "mark", "mkmk", "liga"]
    options.recalc_timestamp = False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(wanted))
    stream = io.BytesIO()
    with TTFont(REGULAR, recalcTimestamp=False) as font:
        cutter.subset(font)
        font.flavor = "woff"
        font.save(stream)
    return base64.b64encode(stream.getvalue()).decode("ascii")
