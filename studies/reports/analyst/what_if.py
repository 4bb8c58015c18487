"""Sections of what-if: the inputs that move the result, and bad surprises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.currency import in_words, inside, outside
from studies.cli_sensitivity import scale_of
from studies.reports.analyst.blocks import Listing, Section, Table, Text, digits, named, number, titles
from studies.reports.wording import texts
from studies.reports.workbook.what_if_sheets import MOST_PATHS, read_stress, sensitivity_of

if TYPE_CHECKING:
    from studies.reports.analyst.draw import Draw
    from studies.reports.workbook.facts import Facts

__all__ = ["sensitivity", "stress"]

PERCENT, MILLION = 100.0, 1e-6


def sensitivity(facts: Facts, draw: Draw) -> Section:
    """Tornado of the inputs, from the lifetimes of the run."""
    key, heading = "sensitivity", "Which inputs move the result"
    found = sensitivity_of(facts)
    if isinstance(found, str):
        return Section(key, heading, [Text(f"Not told: {found}.")])
    from studies.figures.tornado import draw_tornado

    used = min(MOST_PATHS, facts.results.n_paths)
    record = {"strategy": facts.titles[found["strategy"]], "study": facts.results.manifest["study"], "paths": used,
              "seed": facts.results.seed}  # fmt: skip
    factor, unit = scale_of(found["sd"], found["unit"])
    inputs = sorted(found["inputs"], key=_reach, reverse=True)
    rows = tuple(_input_row(one, factor, facts.currency) for one in inputs)
    unit = in_words(unit, facts.currency)
    head = ("Input", "Unit", "10 % of lifetimes are below", "10 % are above", f"change at the low value, {unit}",
            f"at the high value, {unit}", "share of the variance, alone, %", "95 % band, %")  # fmt: skip
    note = f"All inputs that were drawn, the largest swing first; from {used:,} lifetimes, nothing is simulated anew"
    groups = tuple((g["group"], number(g["own"], PERCENT), number(g["total"], PERCENT)) for g in found["groups"])
    both = (
        Table(head, rows, note, 2),
        Table(("Group of inputs", "alone, %", "in all, %"), groups, "Shares of the variance by group"),
    )
    title = f"What moves the NPV less baseline of {facts.titles[found['strategy']]}"
    reading = _top(facts, found, inputs[0], factor, unit) if inputs else "No input was drawn."
    picture = draw("tornado", title, reading, lambda: draw_tornado(record, found), both)
    explained = f"{found['surrogate_r2_other_paths'] * PERCENT:.1f}"
    chance = "" if found["chance"] is None else f" By chance alone: {number(found['chance'], PERCENT)} %."
    text = (
        f"A fitted sum of the inputs explains {explained} % of the variance on lifetimes it has not seen.{chance} Near "
        "the low and the high value: the tenth of the lifetimes around it, what the other inputs do taken off. "
        "Where strategies have the same input, its values move together, as in every lifetime."
    )
    return Section(key, heading, [picture, Text(text, "small")])


def _reach(one: dict[str, Any]) -> float:
    ends = (one["change_at_p10"], one["change_at_p90"])
    return max((abs(end["value"]) for end in ends if end and end["value"] is not None), default=0.0)


def _input_row(one: dict[str, Any], factor: float, currency: str) -> tuple[str, ...]:
    low, high = (round(one[key] * PERCENT, 1) + 0.0 for key in ("first_order_low", "first_order_high"))  # no -0.0
    band = f"{low:.1f} to {high:.1f}"
    return (
        outside(one["input"], currency),
        in_words(str(one["unit"]), currency),
        digits(one["p10"]),
        digits(one["p90"]),
        number(one["change_at_p10"], factor),
        number(one["change_at_p90"], factor),
        number(one["first_order"], PERCENT),
        band,
    )


def _top(facts: Facts, found: dict[str, Any], one: dict[str, Any], factor: float, unit: str) -> str:
    share = number(one["first_order"], PERCENT)
    field = outside(one["input"], facts.currency)
    words = texts("en").get(f"field.{one['input']}")
    named_field = f"{words} ({field})" if words else field
    return (
        f"{named_field} swings the mean most: {number(one['change_at_p10'], factor)} {unit} "
        f"near its low value ({digits(one['p10'])}), {number(one['change_at_p90'], factor)} near its high value "
        f"({digits(one['p90'])}), against {number(found['mean'], factor)} over all lifetimes; alone it explains "
        f"{share} % of the variance."
    )


def stress(facts: Facts, draw: Draw, folder: Path | None) -> Section:
    """Named cases, where the command `stress` wrote them; else how to have them."""
    key, heading = "stress", "Bad surprises"
    record = read_stress(folder, facts)
    if record is None:
        how = "Not in this page: the cases are simulated apart from the run. To have them, type"
        commands = (
            "riskmodel stress RESULTS/study.resolved.toml --out FOLDER",
            "riskmodel report RESULTS --for analyst --stress FOLDER",
        )
        return Section(key, heading, [Text(how), Listing(commands, code=True)])
    if not facts.others or not record["cases"]:
        return Section(key, heading, [Text("There is no case, or no strategy beside the baseline.")])
    from studies.figures.stress import draw_stress

    found = _inside(record, facts.currency)
    found |= {"title": facts.results.manifest["study"]["title"], "strategies": facts.titles}
    cases = [("As the study says", found["base"]), *((case["title"], case["strategies"]) for case in found["cases"])]
    head = ("Case", *titles(facts, facts.others))
    note = f"million {facts.currency}; {record['paths']:,} lifetimes for each case, seed {record['seed']}"
    values = tuple(
        (title, *(number(each[name]["delta_npv_eur"]["value"], MILLION) for name in facts.others))
        for title, each in cases
    )
    changes = tuple(
        (title, *(number(each[name]["delta_npv_eur"]["change"], MILLION) for name in facts.others))
        for title, each in cases[1:]
    )
    best = tuple(
        (title, *(number(each[name]["best"]["value"], PERCENT) for name in facts.names)) for title, each in cases
    )
    tables = (
        Table(head, changes, f"Change of the NPV less baseline, {note}"),
        Table(head, values, f"NPV less baseline, {note}"),
        Table(("Case", *titles(facts, facts.names)), best, "Best of all, % of lifetimes"),
    )
    picture = draw("stress", "What bad surprises change", _worst(facts, found), lambda: draw_stress(found), tables)
    return Section(key, heading, [picture])


def _worst(facts: Facts, found: dict[str, Any]) -> str:
    case, focus = found["cases"][0], found["focus"]
    change = number(case["strategies"][focus]["delta_npv_eur"]["change"], MILLION)
    before = _leader(found["base"])
    turned = [one["title"] for one in found["cases"] if _leader(one["strategies"]) != before]
    text = (
        f"Worst for {named(facts.titles[focus])}: {case['title']}, {change} million {facts.currency} of NPV less "
        "baseline. "
    )
    if not turned:
        return f"{text}In every case {named(facts.titles[before])} stays the strategy that is best in most lifetimes."
    others = "; ".join(turned)
    return f"{text}Another strategy than {named(facts.titles[before])} is best in most lifetimes with: {others}."


def _leader(strategies: dict[str, Any]) -> str:
    """Strategy that is best in the largest share of the lifetimes."""
    return max(strategies, key=lambda name: float(strategies[name]["best"]["value"]["value"] or 0.0))


def _inside(record: Any, currency: str) -> Any:
    """The record with names of money as the program holds them."""
    if isinstance(record, dict):
        return {inside(str(key), currency): _inside(part, currency) for key, part in record.items()}
    if isinstance(record, list):
        return [_inside(part, currency) for part in record]
    return record
