"""What a board page may say: numbers of a finished run, and which differences are larger than their error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from distributions.clock import HOURS_PER_DAY
from distributions.estimate import Estimate, difference, mean, probability
from studies.reports.source import AGAIN, ReportError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.results import Results

__all__ = ["BoardFacts", "Driver", "Early", "Option", "board_facts", "is_clear"]

CLEAR_ERRORS = 2.0
"""Standard errors beyond which a difference is said to be one (two-sided, 1 false alarm in 22)."""
DRIVER_ERRORS = 4.0
"""The same for the inputs that matter most, of which some thirty are tried."""
FIFTH = 0.2
LEAST_FOR_FIFTHS = 100
DRIVERS = 3
INPUT_TABLES = ("cluster.", "site.", "connection.", "ups.", "gensets.", "storage.", "pv.")
"""Drawn inputs a reader can look up; parameters fitted to history are not among them."""


@dataclass(frozen=True)
class Option:
    """One strategy as a board sees it. Money is in the study's currency, present value.

    Attributes
    ----------
    more : Estimate, mean NPV less the baseline's; low, high : Estimate, its 10 % and 90 % quantiles
    more_without, low_without, high_without : the same with power as early as the baseline's
    ahead : Estimate, share of lifetimes with a higher NPV than the baseline
    lost_days : Estimate, days of the whole cluster lost a year; bad_year : Estimate, downtime cost reached 1 year in 20
    """

    name: str
    title: str
    is_baseline: bool
    more: Estimate
    low: Estimate
    high: Estimate
    more_without: Estimate
    low_without: Estimate
    high_without: Estimate
    ahead: Estimate
    lost_days: Estimate
    bad_year: Estimate

    @property
    def verdict(self) -> str:
        """baseline, ahead, behind or even (within its error)."""
        if self.is_baseline:
            return "baseline"
        if not is_clear(self.more):
            return "even"
        return "ahead" if self.more.value > 0.0 else "behind"


@dataclass(frozen=True)
class Early:
    """What the best option owes to having power at another time than the baseline."""

    value: Estimate
    counted: bool
    months: float
    ahead_without: Estimate


@dataclass(frozen=True)
class Driver:
    """A drawn input: mean of the best option's difference in the fifth of lifetimes where it is lowest, and highest."""

    field: str
    lowest: Estimate
    highest: Estimate


@dataclass(frozen=True)
class BoardFacts:
    """All numbers of a board page."""

    title: str
    currency: str
    n_paths: int
    years: int
    seed: int
    input_hash: str
    ended: str
    discount_rate: float
    price_year: int
    taxed: bool
    indebted: bool
    training: bool
    options: tuple[Option, ...]
    best: Option
    equals: tuple[Option, ...]
    """Options whose difference from the best is within its error."""
    early: Early
    extra_outlay: Estimate
    interruptible: bool
    loses: dict[str, Estimate]
    """Share of lifetimes in which the cluster as a whole loses money, by strategy; empty where it has no cost."""
    drivers: tuple[Driver, ...]
    judgements: int
    inputs: int
    warnings: tuple[str, ...] = ()
    """What a reader must know of the inputs, in the words of the run."""

    @property
    def baseline(self) -> Option:
        """The yardstick."""
        return next(option for option in self.options if option.is_baseline)

    @property
    def subject(self) -> Option:
        """The option the page is about: the best, or where that is the baseline the next best."""
        return _subject(self.options, self.best)


def is_clear(estimate: Estimate) -> bool:
    """Whether a difference from 0 is larger than the error of the simulation."""
    return math.isfinite(estimate.standard_error) and abs(estimate.value) > CLEAR_ERRORS * estimate.standard_error


def board_facts(results: Results) -> BoardFacts:
    """Read the numbers of a board page from finished results."""
    study = results.study
    npv = results.column("npv_eur")
    delta = results.column("delta_npv_eur")
    without = results.column("delta_npv_without_early_power_eur")
    options = tuple(_option(results, k, delta, without) for k in range(len(results.strategy_names)))
    means = [float(mean(npv[:, k]).value) for k in range(npv.shape[1])]
    place = max(range(len(means)), key=lambda k: means[k])
    best = options[place]
    equals = tuple(
        option for k, option in enumerate(options) if k != place and not is_clear(difference(npv[:, place], npv[:, k]))
    )
    subject = _subject(options, best)
    strategy, base = study.strategies[subject.name], study.strategies[results.baseline]
    header = study.header
    origins = [row.origin for row in study.describe()]
    return BoardFacts(
        title=str(results.manifest["study"]["title"]),
        currency=str(results.manifest["study"]["currency"]),
        n_paths=results.n_paths,
        years=results.n_years,
        seed=results.seed,
        input_hash=str(results.manifest["input_hash"]),
        ended=str(results.manifest["ended"]),
        discount_rate=_rate(header.discount_rate_real),
        price_year=header.price_year,
        taxed=study.finance is not None and study.finance.tax is not None,
        indebted=study.finance is not None and study.finance.debt is not None,
        training=study.cluster.duty == "training",
        options=options,
        best=best,
        equals=equals,
        early=_early(results, subject, delta, without),
        extra_outlay=_extra_outlay(results, subject.name),
        interruptible=strategy.connection.interruptible and not base.connection.interruptible,
        loses=_loses(results) if study.cluster.capex_eur_per_gpu.mean() > 0.0 else {},
        drivers=_drivers(results, subject.name, delta),
        judgements=sum("judgement" in origin for origin in origins),
        inputs=len(origins),
        warnings=tuple(map(str, results.manifest.get("warnings", ()))),
    )


def _subject(options: tuple[Option, ...], best: Option) -> Option:
    """The option whose conditions are told: the best, or where that is the baseline the next best."""
    others = [option for option in options if not option.is_baseline]
    if not best.is_baseline or not others:
        return best
    return max(others, key=lambda option: option.more.value)


def _rate(value: object) -> float:
    return float(value.mean()) if hasattr(value, "mean") else float(value)  # type: ignore[arg-type]


def _option(results: Results, k: int, delta: NDArray[np.float64], without: NDArray[np.float64]) -> Option:
    name = results.strategy_names[k]

    def found(metric: str) -> Estimate:
        estimate = results.estimate(name, metric)
        if estimate is None:
            raise ReportError(f"{results.folder / 'summary.csv'}: has no {metric} of {name}; {AGAIN}")
        return estimate

    own, bare = "delta_npv_eur", "delta_npv_without_early_power_eur"
    days = 1.0 / (HOURS_PER_DAY * results.study.cluster.gpus)
    return Option(
        name,
        results.titles[name],
        name == results.baseline,
        more=found(f"{own}:mean"),
        low=found(f"{own}:p10"),
        high=found(f"{own}:p90"),
        more_without=found(f"{bare}:mean"),
        low_without=found(f"{bare}:p10"),
        high_without=found(f"{bare}:p90"),
        ahead=probability(delta[:, k] > 0.0),
        lost_days=found("gpu_hours_lost_per_year:mean").scaled(days, "days/year"),
        bad_year=found("downtime_loss_eur_1_in_20_year"),
    )


def _early(results: Results, option: Option, delta: NDArray[np.float64], without: NDArray[np.float64]) -> Early:
    k, base = results.strategy_names.index(option.name), results.strategy_names.index(results.baseline)
    value = results.estimate(option.name, "early_power_value_eur:mean")
    return Early(
        value if value is not None else Estimate(0.0, 0.0, results.n_paths),
        counted=bool(np.any(delta[:, k] != without[:, k])),
        months=_months(results, base) - _months(results, k),
        ahead_without=probability(without[:, k] > 0.0),
    )


def _months(results: Results, k: int) -> float:
    """Mean time to power of a strategy [months], as drawn; a constant one is not among the columns."""
    import pyarrow.parquet as pq

    column = "scalar:connection.time_to_power_months"
    if column in pq.read_schema(results.folder / "paths.parquet").names:
        return float(np.mean(results.column(column)[:, k]))
    strategy = results.study.strategies[results.strategy_names[k]]
    return float(strategy.connection.time_to_power_months.mean())


def _extra_outlay(results: Results, name: str) -> Estimate:
    """Cash out at the decision beyond the baseline's."""
    own, base = (results.year_sums(["net_cash_eur"], strategy)[:, 0] for strategy in (name, results.baseline))
    return difference(base, own)


def _loses(results: Results) -> dict[str, Estimate]:
    found = {name: results.estimate(name, "prob_npv_negative") for name in results.strategy_names}
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def _drivers(results: Results, name: str, delta: NDArray[np.float64]) -> tuple[Driver, ...]:
    """Inputs whose lowest and highest fifth of the lifetimes differ most in the option's difference."""
    import pyarrow.parquet as pq

    from riskmodel.study.money_names import path_inside

    if results.n_paths < LEAST_FOR_FIFTHS or name == results.baseline:
        return ()
    k = results.strategy_names.index(name)
    columns = pq.read_schema(results.folder / "paths.parquet").names
    found: list[tuple[float, Driver]] = []
    for column in columns:
        field = column.removeprefix("scalar:")
        if field == column or not field.startswith(INPUT_TABLES):
            continue
        drawn = results.column(column)[:, k].astype(np.float64)
        if not np.isfinite(drawn).all() or np.ptp(drawn) == 0.0:
            continue
        driver = _fifths(path_inside(field, results.currency), drawn, delta[:, k])
        gap = driver.highest.value - driver.lowest.value
        error = math.hypot(driver.highest.standard_error, driver.lowest.standard_error)
        if abs(gap) > DRIVER_ERRORS * error:
            found.append((abs(gap), driver))
    found.sort(key=lambda pair: -pair[0])
    return tuple(driver for _, driver in found[:DRIVERS])


def _fifths(field: str, drawn: NDArray[np.float64], values: NDArray[np.float64]) -> Driver:
    order = np.argsort(drawn, kind="stable")
    count = round(FIFTH * drawn.size)
    return Driver(field, mean(values[order[:count]]), mean(values[order[-count:]]))
