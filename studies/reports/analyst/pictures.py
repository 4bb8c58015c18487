"""Figures as SVG inside the page: same bytes each time, no name twice in the page, a title and a description."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["inline_svg"]

DIGITS = 2
"""Decimals of a place in the picture [points]."""
ID = re.compile(r'\bid="([^"]+)"')
USE = re.compile(r'(?:xlink:href="|url\()#([^")]+)')
LONG = re.compile(r"-?\d+\.\d{3,}")
PATHS = re.compile(r'(?<= d=")[^"]*')


def inline_svg(figure: Figure, key: str, title: str, description: str) -> str:
    """A figure as one `svg` element for a page of HTML.

    Parameters
    ----------
    figure : Figure
    key : str
        Letters no other figure of the page has; names inside the picture begin with them.
    title, description : str
        Read aloud where the picture is not seen; any text.
    """
    from studies.figures.style import freeze

    freeze(figure)
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r">\s+<", "><", text)
    text = PATHS.sub(lambda found: LONG.sub(_short, found[0]).replace("\n", " ").strip(), text)
    used = set(USE.findall(text))
    text = ID.sub(lambda found: f'id="{key}-{found[1]}"' if found[1] in used else "", text)
    text = USE.sub(lambda found: found[0].replace(f"#{found[1]}", f"#{key}-{found[1]}"), text)
    box = re.search(r'viewBox="[^"]+"', text)
    inside = text[text.index(">") + 1 :]
    head = (
        f'<svg {box[0] if box else ""} role="img" aria-labelledby="{key}-title {key}-text" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1">'
    )
    words = f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-text">{escape(description)}</desc>'
    return head + words + inside.strip()


def _short(found: re.Match[str]) -> str:
    return f"{float(found[0]):.{DIGITS}f}".rstrip("0").rstrip(".")
