"""Sentences from the catalogues of the two languages, filled with quantities; the same quantities in both."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from distributions.toml_reading import parse_toml
from studies.reports.quantities import Quantity

__all__ = ["LANGUAGES", "Sentence", "sentence", "texts"]

LANGUAGES = ("en", "zh")
FOLDER = Path(__file__).parent / "texts"


@functools.cache
def texts(lang: str) -> dict[str, str]:
    """Catalogue of a language: key -> text with names in braces."""
    return parse_toml((FOLDER / f"{lang}.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Sentence:
    """A text of the catalogue and the quantities in it."""

    key: str
    slots: tuple[tuple[str, Quantity], ...] = ()

    def say(self, lang: str) -> str:
        """The sentence in a language."""
        catalogue = texts(lang)
        return catalogue[self.key].format(**{name: slot.say(lang, catalogue) for name, slot in self.slots})


def sentence(key: str, **slots: Quantity) -> Sentence:
    """Sentence of a key with its quantities by name."""
    return Sentence(key, tuple(slots.items()))
