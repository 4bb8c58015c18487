"""Scalar laws for study inputs, and how a study file writes them.

A quantity is a plain number, or a table that names a law and its numbers::

    capex_eur_per_kw = 850
    capex_eur_per_kw = {law = "lognormal", p10 = 700, p90 = 1000, source = "three offers, 2025"}

P10 is the value with a 10 % chance of being below it, everywhere.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from distributions.law_kernels import LawCode, ppf_code
from distributions.laws_base import Law, LawError, number
from distributions.laws_closed import Constant, Exponential, Gpd, Lognormal, Normal, Triangular, Uniform, Weibull
from distributions.laws_mixture import LognormalMixture
from distributions.laws_other import Beta, Empirical, Gamma, Pert
from distributions.laws_scaled import Scaled

__all__ = [
    "Beta", "Constant", "Empirical", "Exponential", "Gamma", "Gpd", "Law", "LawCode", "LawError", "Lognormal",
    "LognormalMixture", "Normal", "Pert", "Scaled", "Triangular", "Uniform", "Weibull", "from_spec", "law_names",
    "ppf_code",
]  # fmt: skip

Maker = Callable[..., Law]

# For each law: the sets of keys a study may give, each with what makes the law from them. The longest set comes last,
# so that messages offer the simplest way first.
FORMS: dict[str, list[tuple[frozenset[str], frozenset[str], Maker]]] = {}


def _form(law: str, maker: Maker, required: str, optional: str = "") -> None:
    FORMS.setdefault(law, []).append((frozenset(required.split()), frozenset(optional.split()), maker))


_form("constant", Constant, "value")
_form("uniform", Uniform, "low high")
_form("normal", Normal.from_mean, "mean sd")
_form("normal", Normal.from_percentiles, "p10 p90")
_form("lognormal", Lognormal, "median sigma")
_form("lognormal", Lognormal.from_percentiles, "p10 p90", "p50")
_form("lognormal", Lognormal.from_mean, "mean sd")
_form("triangular", Triangular, "low mode high")
_form("pert", Pert, "low mode high")
_form("beta", Beta.from_mean, "mean sd", "low high")
_form("beta", Beta, "a b", "low high")
_form("gamma", lambda mean, sd, source="": Gamma(mean, sd, source=source), "mean sd")
_form("weibull", Weibull, "shape scale")
_form("exponential", lambda mean, source="": Exponential(mean, source=source), "mean")
_form("gpd", Gpd, "threshold scale shape")
_form("lognormal_mixture", LognormalMixture, "weight_low median_low median_high sigma", "largest")
_form("empirical", Empirical, "values", "weights")
_form(
    "scaled",
    lambda of, times=1.0, plus=0.0, source="": Scaled(from_spec(of), times, plus, source=source),
    "of",
    "times plus",
)


def law_names() -> list[str]:
    """Names a study may write after ``law =``."""
    return list(FORMS)


def from_spec(spec: float | Mapping[str, Any]) -> Law:
    """Law from a number or a table of a study file.

    Parameters
    ----------
    spec : float, int or mapping
        A plain number is a `Constant`. A mapping has ``law``, that law's numbers and, if wished, ``source`` (text).

    Returns
    -------
    Law

    Raises
    ------
    LawError
        With the key, the value and what to type instead.
    """
    if not isinstance(spec, Mapping):
        return Constant(number("constant", "value", spec))
    keys = dict(spec)
    source = keys.pop("source", "")
    if not isinstance(source, str):
        raise LawError(f"source = {source!r}: type a text")
    if "law" not in keys:
        raise LawError(f"no law named: add law = ... with one of {', '.join(FORMS)}")
    name = keys.pop("law")
    if not isinstance(name, str) or name not in FORMS:
        raise LawError(f"law = {name!r} is unknown: {_nearest(name, FORMS) or 'use one of ' + ', '.join(FORMS)}")
    law = _maker(name, set(keys))(**keys, source=source)
    _check_mean(law)
    return law


def _maker(name: str, keys: set[str]) -> Maker:
    """The form of the law that the given keys fit."""
    forms = FORMS[name]
    for required, optional, maker in forms:
        if required <= keys <= required | optional:
            return maker
    known = frozenset().union(*(required | optional for required, optional, _ in forms))
    for key in sorted(keys - known):
        raise LawError(f"{name}: key {key!r} is unknown: {_nearest(key, known) or _offer(name)}")
    raise LawError(f"{name}: got {', '.join(sorted(keys)) or 'no numbers'}: {_offer(name)}")


def _nearest(word: object, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(word), sorted(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def _offer(name: str) -> str:
    ways = []
    for required, optional, _ in FORMS[name]:
        extra = f" [and {', '.join(sorted(optional))}]" if optional else ""
        ways.append(", ".join(sorted(required)) + extra)
    return "give " + " or ".join(ways)


def _check_mean(law: Law) -> None:
    try:
        mean = law.mean()
    except OverflowError:
        mean = math.inf
    if not math.isfinite(mean):
        raise LawError(f"{law.name}: these numbers give no finite mean: {law.parameters()}")
