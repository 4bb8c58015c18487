"""What the board page says: which sentences the numbers support, and the quantities in them."""

from __future__ import annotations

from studies.reports.board_facts import BoardFacts, Driver, Option, is_clear
from studies.reports.quantities import Count, Currency, Days, Money, MoneyRange, Name, Odds, Rate, Word
from studies.reports.wording import Sentence, sentence

__all__ = [
    "case_of",
    "changes",
    "conditions",
    "next_step",
    "notes",
    "reading",
    "recommendation",
    "recommended",
    "title",
]

FEW_PATHS = 100
HALF = 0.5
BETTER = ("ahead", "ahead_on_average", "tie")
"""Cases in which an option is better than the baseline beyond the error."""
LEAST_MONTHS = 0.5
HASH_LETTERS = 12
DATE_LETTERS = 10


def case_of(facts: BoardFacts) -> str:
    """alone, unclear, baseline, tie, ahead_on_average or ahead: what the differences and their errors allow to say."""
    if len(facts.options) < 2:
        return "alone"
    if facts.best.is_baseline:
        return "unclear" if facts.equals else "baseline"
    if not is_clear(facts.best.more) or any(option.is_baseline for option in facts.equals):
        return "unclear"
    if facts.equals:
        return "tie"
    return "ahead" if facts.best.ahead.value >= HALF else "ahead_on_average"


def _name(option: Option) -> Name:
    return Name((option.title,))


def _equals(facts: BoardFacts) -> Name:
    return Name(tuple(option.title for option in facts.equals))


def _money(facts: BoardFacts, value: float, signed: bool = False) -> Money:
    return Money(value, facts.currency, signed)


def title(facts: BoardFacts) -> Sentence:
    """The answer in one sentence, with its odds."""
    case, about = case_of(facts), facts.subject
    years, base = Count(facts.years), _name(facts.baseline)
    if case == "alone":
        return sentence("title.alone", baseline=base, years=years)
    more, odds = _money(facts, about.more.value), Odds(about.ahead.value, facts.n_paths)
    if case == "unclear":
        return sentence("title.unclear", baseline=base, second=_name(about), more=more, years=years)
    if case == "baseline":
        return sentence("title.baseline", baseline=base, second=_name(about), more=more, years=years, odds=odds)
    if case == "tie":
        equals = _equals(facts)
        return sentence("title.tie", best=_name(about), equals=equals, more=more, baseline=base, years=years, odds=odds)
    return sentence(f"title.{case}", best=_name(about), more=more, baseline=base, years=years, odds=odds)


def notes(facts: BoardFacts) -> list[Sentence]:
    """What stands behind the answer: earlier power, and protection against outages."""
    if case_of(facts) == "alone":
        return []
    found = [note] if (note := _early(facts)) is not None else []
    about, base = facts.subject, facts.baseline
    if not facts.best.is_baseline and base.lost_days.value > 0.0:
        found.append(
            sentence(
                "protects",
                subject=_name(about),
                baseline=_name(base),
                days=Days(about.lost_days.value),
                base_days=Days(base.lost_days.value),
                bad=_money(facts, about.bad_year.value),
                base_bad=_money(facts, base.bad_year.value),
            )
        )
    return found


def _early(facts: BoardFacts) -> Sentence | None:
    early, about = facts.early, facts.subject
    if not is_clear(early.value) or abs(early.months) < LEAST_MONTHS:
        return None
    worth = _money(facts, early.value.value)
    months = Count(round(abs(early.months)))
    if not early.counted:
        told = sentence("early.not_counted", subject=_name(about), months=months, early=worth)
        return told if early.value.value > 0.0 else None
    if early.value.value < 0.0:
        return sentence("early.later", subject=_name(about), months=months, early=worth)
    if case_of(facts) not in BETTER:
        return sentence("early.within", subject=_name(about), months=months, early=worth)
    without, odds = _money(facts, about.more_without.value), Odds(early.ahead_without.value, facts.n_paths)
    if not is_clear(about.more_without):
        return sentence("early.even", early=worth, months=months)
    if about.more_without.value < 0.0:
        return sentence("early.decides", months=months, subject=_name(about), without=without, odds=odds)
    return sentence("early.part", early=worth, months=months, subject=_name(about), without=without, odds=odds)


def early_decides(facts: BoardFacts) -> bool:
    """Whether the best option is ahead only because its power comes earlier."""
    about = facts.subject
    counts = facts.early.counted and is_clear(facts.early.value)
    return counts and about.more.value > 0.0 and about.more_without.value < 0.0


def recommendation(facts: BoardFacts) -> Sentence:
    """What to do."""
    case, base = case_of(facts), _name(facts.baseline)
    if case == "alone":
        return sentence("recommend.alone", baseline=base)
    if case in ("baseline", "unclear"):
        return sentence("recommend.keep" if case == "baseline" else "recommend.unclear", baseline=base)
    best = _name(facts.best)
    if case == "tie":
        return sentence("recommend.tie", best=best, equals=_equals(facts))
    if case == "ahead_on_average":
        return sentence("recommend.average", best=best)
    return sentence("recommend.conditions", best=best)


def recommended(facts: BoardFacts) -> Option:
    """The option to keep or to choose; of equal ones the first."""
    return facts.best if case_of(facts) in BETTER else facts.baseline


def conditions(facts: BoardFacts) -> list[Sentence]:
    """What must be true for the recommendation to hold."""
    found = []
    about = facts.subject
    if case_of(facts) in BETTER:
        if facts.interruptible:
            found.append(sentence("must.connection"))
        if early_decides(facts):
            needed = -about.more_without.value / facts.early.value.value
            found.append(sentence("must.early", subject=_name(about), rate=Rate(needed)))
        if is_clear(facts.extra_outlay):
            key = "must.outlay" if facts.extra_outlay.value > 0.0 else "must.less_outlay"
            outlay = _money(facts, facts.extra_outlay.value)
            found.append(sentence(key, outlay=outlay, baseline=_name(facts.baseline)))
    found.append(sentence("must.judgement", judgements=Count(facts.judgements), inputs=Count(facts.inputs)))
    return found


def changes(facts: BoardFacts) -> list[Sentence]:
    """What would change our mind: the inputs that matter most, and whether the lead turns with any of them."""
    case, about = case_of(facts), facts.subject
    found: list[Sentence] = []
    if case != "alone":
        if facts.n_paths < FEW_PATHS:
            found.append(sentence("mind.few", n=Count(facts.n_paths)))
        elif not facts.drivers:
            found.append(sentence("mind.none"))
        found += [_driver(facts, driver) for driver in facts.drivers]
        ends = [end for driver in facts.drivers for end in (driver.lowest, driver.highest)]
        if ends and about.more.value > 0.0:
            turns = any(end.value < 0.0 for end in ends)
            key = "mind.turns" if turns else "mind.holds"
            found.append(sentence(key, subject=_name(about), baseline=_name(facts.baseline)))
    if facts.loses:
        found.append(_loses(facts))
    return found


def _driver(facts: BoardFacts, driver: Driver) -> Sentence:
    field = Word(f"field.{driver.field}", driver.field)
    low, high = (_money(facts, end.value, signed=True) for end in (driver.lowest, driver.highest))
    if case_of(facts) in BETTER:
        return sentence("mind.driver", field=field, low=low, high=high)
    return sentence("mind.driver_of", field=field, subject=_name(facts.subject), low=low, high=high)


def _loses(facts: BoardFacts) -> Sentence:
    base = facts.baseline
    base_odds = Odds(facts.loses[base.name].value, facts.n_paths)
    if facts.best.is_baseline:
        return sentence("mind.cluster_baseline", baseline=_name(base), base_odds=base_odds)
    odds = Odds(facts.loses[facts.best.name].value, facts.n_paths)
    return sentence("mind.cluster", best=_name(facts.best), odds=odds, baseline=_name(base), base_odds=base_odds)


def next_step(facts: BoardFacts) -> Sentence:
    """The next decision."""
    case = case_of(facts)
    if case in ("alone", "baseline", "unclear"):
        return sentence("next.keep")
    best = _name(facts.best)
    if case == "tie":
        return sentence("next.tie", best=best, equals=_equals(facts))
    return sentence("next.grid" if facts.interruptible or early_decides(facts) else "next.offers", best=best)


def reading(facts: BoardFacts) -> list[Sentence]:
    """How to read the page, and what it was made from."""
    found = [
        sentence("read.lifetimes", n=Count(facts.n_paths), years=Count(facts.years)),
        sentence(
            "read.money",
            currency=Currency(facts.currency),
            price_year=Name((str(facts.price_year),)),
            rate=Rate(facts.discount_rate),
            tax=Word("read.tax_after" if facts.taxed else "read.tax_before"),
            debt=Word("read.debt" if facts.indebted else "read.debt_none"),
        ),
    ]
    if case_of(facts) != "alone":
        found.append(sentence("read.rounding", error=_money(facts, facts.subject.more.standard_error)))
    if facts.n_paths < FEW_PATHS:
        found.append(sentence("read.few", n=Count(facts.n_paths)))
    found += [sentence("read.warning", text=Name((warning,))) for warning in facts.warnings]
    found.append(
        sentence(
            "read.run",
            study=Name((facts.title,)),
            seed=Name((str(facts.seed),)),
            hash=Name((facts.input_hash[:HASH_LETTERS],)),
            date=Name((facts.ended[:DATE_LETTERS],)),
        )
    )
    return found


def money_range(facts: BoardFacts, option: Option) -> MoneyRange:
    """Where 8 of 10 lifetimes lie."""
    return MoneyRange(option.low.value, option.high.value, facts.currency)
