"""Numbers in words, two figures of rounding, in English and Chinese: the same number is said in both.

A quantity knows its number and nothing of language; `say` puts it into a tongue. Chinese counts money in ten thousands
(wan) and hundred millions (yi), English in millions and billions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from distributions.clock import HOURS_PER_DAY

__all__ = [
    "Count",
    "Currency",
    "Days",
    "Money",
    "MoneyRange",
    "Name",
    "Odds",
    "Quantity",
    "Rate",
    "Word",
    "two_figures",
]


TENTHS = (0.05, 0.95)
"""Shares between which tenths are said; beyond, hundredths."""
HUNDREDTH = 0.005
MINUS = "\u2212"
UNITS = {"en": ((1e9, "billion"), (1e6, "million")), "zh": ((1e8, "亿"), (1e4, "万"))}
"""Multiples in which money is counted, largest first; smaller amounts in units of the currency."""
CURRENCIES = {
    "EUR": {"en": "euros", "zh": "欧元"},
    "USD": {"en": "US dollars", "zh": "美元"},
    "CNY": {"en": "yuan", "zh": "元"},
    "SEK": {"en": "Swedish kronor", "zh": "瑞典克朗"},
    "NOK": {"en": "Norwegian kroner", "zh": "挪威克朗"},
    "GBP": {"en": "pounds", "zh": "英镑"},
}
Texts = Mapping[str, str]


def two_figures(value: float) -> float:
    """A number rounded to two significant figures.

    >>> two_figures(119_996_561.2), two_figures(0.8741), two_figures(-996.0)
    (120000000.0, 0.87, -1000.0)
    """
    if value == 0.0 or not math.isfinite(value):
        return value + 0.0
    return round(value, 1 - math.floor(math.log10(abs(value))))


def plain(value: float) -> str:
    """A number already rounded to two figures, with no more decimals than it needs."""
    if value == 0.0:
        return "0"
    decimals = max(0, 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def currency_words(code: str, lang: str) -> str:
    """Name of a currency in words; its code where no name is known."""
    return CURRENCIES.get(code, {}).get(lang, code)


@dataclass(frozen=True)
class Money:
    """An amount of money. `signed` writes the sign, else the size alone is said (the sentence has the direction)."""

    value: float
    currency: str
    signed: bool = False

    def parts(self, lang: str) -> tuple[str, str]:
        """(number, multiple) such as ("120", "million"), the multiple empty for small amounts."""
        size = two_figures(abs(self.value))
        sign = "" if not self.signed or size == 0.0 else ("+" if self.value > 0.0 else MINUS)
        for unit, word in UNITS[lang]:
            if size >= unit:
                return sign + plain(two_figures(size / unit)), word
        return sign + (plain(size) if size < 1.0 else f"{size:,.0f}"), ""

    def say(self, lang: str, texts: Texts) -> str:
        """The amount in words."""
        number, word = self.parts(lang)
        money = currency_words(self.currency, lang)
        if lang == "zh":
            return f"{number}{word}{money}"
        return " ".join(part for part in (number, word, money) if part)


@dataclass(frozen=True)
class MoneyRange:
    """From one amount to another, signs written where one is below zero."""

    low: float
    high: float
    currency: str

    def say(self, lang: str, texts: Texts) -> str:
        """The range in words; the multiple is said once where both ends have the same."""
        signed = self.low < 0.0 or self.high < 0.0
        low, high = (Money(end, self.currency, signed).parts(lang) for end in (self.low, self.high))
        money = currency_words(self.currency, lang)
        if lang == "zh":
            return f"{low[0]}{low[1]}至{high[0]}{high[1]}{money}"
        first = low[0] if low[1] == high[1] or low[0] == "0" else " ".join(part for part in low if part)
        return " ".join(part for part in (first, "to", high[0], high[1], money) if part)


@dataclass(frozen=True)
class Odds:
    """How many of the simulated lifetimes, as a natural frequency."""

    share: float
    n: int

    def form(self) -> tuple[str, float, int]:
        """(key of the text, count, out of how many): tenths, hundredths near the ends, all or none only when exact."""
        if self.share in (0.0, 1.0):
            return ("none" if self.share == 0.0 else "all"), self.share * self.n, self.n
        if TENTHS[0] <= self.share <= TENTHS[1]:
            tenths = min(9, max(1, round(self.share * 10)))
            return "about", tenths, 10
        if self.share < HUNDREDTH:
            return "fewer", 1, 100
        if self.share > 1.0 - HUNDREDTH:
            return "more", 99, 100
        return "about", min(99, max(1, round(self.share * 100))), 100

    def say(self, lang: str, texts: Texts) -> str:
        """The frequency in words."""
        key, count, of = self.form()
        return texts[f"odds.{key}"].format(k=f"{count:,.0f}", n=f"{of:,}")


@dataclass(frozen=True)
class Days:
    """A length of time given in days; below a day also in hours or minutes."""

    value: float

    def say(self, lang: str, texts: Texts) -> str:
        """The length in words."""
        days = two_figures(self.value)
        text = texts["days"].format(k=plain(days))
        hours = self.value * HOURS_PER_DAY
        if days == 0.0 or days >= 1.0:
            return text
        key, size = ("hours", hours) if hours >= 1.0 else ("minutes", hours * 60.0)
        return texts["days.with"].format(days=text, part=texts[key].format(k=plain(two_figures(size))))


@dataclass(frozen=True)
class Count:
    """A whole number, said in full."""

    value: int

    def say(self, lang: str, texts: Texts) -> str:
        """The number with a comma at thousands."""
        return f"{self.value:,}"


@dataclass(frozen=True)
class Rate:
    """A share in per cent, two figures."""

    value: float

    def say(self, lang: str, texts: Texts) -> str:
        """The share as a percentage."""
        number = plain(two_figures(self.value * 100.0))
        return f"{number}%" if lang == "zh" else f"{number} %"


@dataclass(frozen=True)
class Name:
    """A text of the study's author, or several joined; never changed, only put in."""

    texts: tuple[str, ...]

    def say(self, lang: str, texts: Texts) -> str:
        """The name or names."""
        mark = "、" if lang == "zh" else ", "
        last = texts["and"]
        if len(self.texts) < 2:
            return "".join(self.texts)
        return mark.join(self.texts[:-1]) + last + self.texts[-1]


@dataclass(frozen=True)
class Word:
    """A word of the catalogue, such as the name of an input; where the catalogue has none, the fallback."""

    key: str
    fallback: str = ""

    def say(self, lang: str, texts: Texts) -> str:
        """The word."""
        return texts.get(self.key, self.fallback or self.key)


@dataclass(frozen=True)
class Currency:
    """A currency by its code."""

    code: str

    def say(self, lang: str, texts: Texts) -> str:
        """Its name."""
        return currency_words(self.code, lang)


Quantity = Currency | Money | MoneyRange | Odds | Days | Count | Rate | Name | Word
