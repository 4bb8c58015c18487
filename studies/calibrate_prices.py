"""Report and figures of a fitted price process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distributions.clock import HOURS_PER_DAY, HOURS_PER_YEAR
from studies.calibrate_report import fact_table, figure, listing, page, paragraph, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from distributions.fit_price_history import PriceCalibration
    from distributions.price_sun import SunnyPrices

__all__ = ["draw_prices", "draw_sun", "parameter_rows", "price_page", "price_parts", "sun_parts"]

BLACK, VERMILION = "#000000", "#D55E00"
LAGS_H = np.arange(1, 15 * HOURS_PER_DAY, 3)
YEARS_DRAWN = 100


def price_page(result: PriceCalibration) -> str:
    """HTML page of a price calibration."""
    meta = result.record["meta"]
    return page(f"Price process of {meta['zone']}, {meta['window']}", price_parts(result))


def price_parts(result: PriceCalibration) -> list[str]:
    """Parts of the page: how it was read, warnings, facts, figures, parameters."""
    meta = result.record["meta"]
    years = len(result.simulated) // HOURS_PER_YEAR
    used, missing = meta["hours_used"], meta["hours_missing"]
    told = f"Fitted to {used:,} hours of {meta['window']} ({missing:,} missing), {meta['unit']}"
    parts = [
        paragraph(f"{told}. Source: {meta['source']}. Years held out of the fit and reported: {meta['held_out']}."),
        *(paragraph(f"Warning: {text}.", "warning") for text in result.warnings),
        fact_table(result.facts, years),
        figure(draw_prices(result), "Prices of the history and the simulation: quantiles, spread, correlation, day"),
        *sun_parts(result),
        "<h2>Change of regime</h2>",
        table(
            ("series", "likeliest date", "before", "after", "probability without a break"),
            [
                (found.what, found.at, f"{found.before:.1f}", f"{found.after:.1f}", f"{found.probability:.3g}")
                for found in result.breaks
            ],
            [found.alarm for found in result.breaks],
        ),
        "<h2>Parameters</h2>",
        table(("parameter", "value", "standard error"), parameter_rows(result.record)),
        "<h2>How the file was read</h2>",
        listing(result.notes),
    ]
    return parts


def sun_parts(result: PriceCalibration) -> list[str]:
    """Parts of the page on prices and sunshine together; empty where no sun was given."""
    if result.sunny is None:
        return []
    from distributions.price_sun import LIMIT, RULES, days_together

    history, simulated = result.sunny
    missed = [fact.rule.label for fact in result.facts if fact.name in RULES and not fact.passed]
    told = f"{days_together(history):,} days of the fitted window have both prices and sunshine (see the facts above)"
    verdict = f"Outside: {'; '.join(missed)}." if missed else "All facts of the sun are within their tolerance."
    return [
        "<h2>Prices and sunshine</h2>",
        paragraph(f"{told}. {verdict}"),
        paragraph(f"Limit of the model: {LIMIT}.", "warning" if missed else ""),
        figure(draw_sun(history, simulated), "Mean day of prices on bright and on dull days, history and simulation"),
    ]


def parameter_rows(record: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value and standard error of the plain numbers of a record, where the error is known."""
    known = record["uncertainty"]
    bend = {f"bend_{knot}": value for knot, value in enumerate(record["bend"])}
    values = {name: {**record, **bend}.get(name) for name in known["names"]}
    return [
        (name, "-" if values[name] is None else f"{values[name]:.4g}", f"{error:.2g}")
        for name, error in zip(known["names"], known["standard_error"], strict=True)
    ]


def draw_prices(result: PriceCalibration) -> Figure:
    """Four panels: duration curve, daily spread, autocorrelation, mean day."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(10.0, 7.5), layout="constrained")
    axes = drawing.subplots(2, 2)
    unit = result.record["meta"]["unit"]
    history = result.history.to_numpy(dtype=np.float64)
    pairs = [("history", history, BLACK, "-"), ("simulated", result.simulated, VERMILION, "--")]
    if result.held_out is not None:
        pairs.append(("held out", result.held_out.to_numpy(dtype=np.float64), "#0072B2", ":"))
    for name, values, colour, line in pairs:
        look = {"label": name, "color": colour, "linestyle": line}
        days = values.reshape(-1, HOURS_PER_DAY)
        whole = days[np.isfinite(days).all(axis=1)]
        _quantiles(axes[0, 0], values[np.isfinite(values)], look)
        _quantiles(axes[0, 1], whole.max(axis=1) - whole.min(axis=1), look)
        axes[1, 1].plot(np.arange(HOURS_PER_DAY), whole.mean(axis=0) / whole.mean(), **look)
        axes[1, 0].plot(LAGS_H / HOURS_PER_DAY, _correlogram(values[: YEARS_DRAWN * HOURS_PER_YEAR]), **look)
    _label(axes[0, 0], "Prices in order", "share of hours below", unit)
    _label(axes[0, 1], "Daily spread in order", "share of days below", unit)
    _label(axes[1, 0], "Autocorrelation", "lag [days]", "correlation")
    axes[1, 0].set_xticks(range(0, 15, 2))
    _label(axes[1, 1], "Mean day", "hour", "share of the mean")
    _hours(axes[1, 1])
    for ax in axes[0]:
        _money(ax, max(10.0, 0.2 * float(np.nanmean(history))))
    axes[0, 0].legend(frameon=False)
    return drawing


def draw_sun(history: SunnyPrices, simulated: SunnyPrices) -> Figure:
    """Two panels: mean day of the bright and of the dull third of days, history and simulation."""
    from matplotlib.figure import Figure

    from distributions.price_sun import mean_days

    drawing = Figure(figsize=(10.0, 3.6), layout="constrained")
    axes = drawing.subplots(1, 2, sharey=True)
    for name, days, colour, line in (("history", history, BLACK, "-"), ("simulated", simulated, VERMILION, "--")):
        for ax, shape in zip(axes, mean_days(days), strict=True):
            ax.plot(np.arange(HOURS_PER_DAY), shape, color=colour, linestyle=line, label=name)
    _label(axes[0], "Bright third of days", "hour", "share of the 31 days' mean price")
    _label(axes[1], "Dull third of days", "hour", "")
    for ax in axes:
        _hours(ax)
    axes[0].legend(frameon=False)
    return drawing


def _quantiles(ax: Axes, values: np.ndarray, look: dict[str, Any]) -> None:
    share = np.linspace(0.002, 0.998, 250)
    ax.plot(share, np.quantile(values, share), **look)


def _correlogram(values: np.ndarray) -> np.ndarray:
    centred = values - np.nanmean(values)
    variance = np.nanmean(centred**2)
    return np.array([np.nanmean(centred[lag:] * centred[:-lag]) for lag in LAGS_H]) / variance


def _money(ax: Axes, linear: float) -> None:
    """Axis of money, linear up to ``linear`` and logarithmic beyond, with plain numbers."""
    ax.set_yscale("symlog", linthresh=linear)
    low, high = ax.get_ylim()
    steps = np.array([1.0, 2.0, 5.0])[None, :] * 10.0 ** np.arange(0, 6)[:, None]
    # below the linear part's end the steps would stand on top of each other
    steps = steps[steps >= 0.5 * linear]
    places = [place for place in (*-steps[::-1], 0.0, *steps) if low <= place <= high]
    ax.set_yticks(places, [f"{place:,.0f}" for place in places])
    ax.set_yticks([], minor=True)


def _hours(ax: Axes) -> None:
    ax.set_xticks(range(0, HOURS_PER_DAY + 1, 6))


def _label(ax: Axes, title: str, x: str, y: str) -> None:
    ax.set_title(title, loc="left", fontsize=11)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)
