"""Reading of time-of-use tariffs: prices by month, day type and hour, critical peaks, demand charge."""

import math
import re
from difflib import get_close_matches

import numpy as np

from distributions.clock import HOURS_PER_DAY, MONTHS_PER_YEAR

DAY_TYPES = ("working", "weekend")
"""Day types in the order of every array over them: Monday to Friday, Saturday and Sunday."""

BASES = ("maximum_demand", "contracted_capacity")
"""What a demand charge is counted on: the highest power of each month, or a power fixed by contract."""

TRUST = ("read", "quoted", "memory", "judgement")
"""How well a record's numbers are known: read in the source, quoted by others, from memory, or judged."""

SPAN = re.compile(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?")
CALENDAR_KEYS = ("months", "days", "hours", "period")
CRITICAL_KEYS = ("months", "hours", "calls_per_year", "adder_per_mwh", "multiplier", "regime_multiplier")
MONTHS_HELP = 'type months such as [7, 8], "6-8", "11-2, 7" or "all"'
HOURS_HELP = 'type whole hours of local standard time such as "8-11, 17-22", "22-6" or "all"; 8-11 ends at 11:00'


def read_tariff(reader, regimes):
    """Record of a tariff from its file; problems go to the reader.

    Parameters
    ----------
    reader : Reader
    regimes : tuple of str
        Weather regimes in order.

    Returns
    -------
    dict
        ``price_per_mwh`` (12, 2, 24) by month, day type and hour; ``critical``, a list of dicts with ``months`` (bool,
        12), ``add_per_mwh`` (12, 24), ``calls_per_year`` and ``regime_multiplier`` (n_regimes,); ``demand_charge``;
        ``level``; ``periods``; ``currency``; ``utc_offset_h``.
    """
    _check_meta(reader)
    record = {
        "currency": _currency(reader),
        "utc_offset_h": reader.number("utc_offset_h", low=-12.0, high=14.0),
        "periods": _periods(reader),
    }
    record["price_per_mwh"] = _prices(reader, record["periods"])
    record["critical"] = _critical_peaks(reader, record["price_per_mwh"], regimes)
    record["demand_charge"] = _demand_charge(reader.child("demand_charge"))
    level = reader.child("level")
    record["level"] = {
        "yearly_log_sd": level.number("yearly_log_sd", low=0.0, high=1.0),
        "half_life_years": level.number("half_life_years", above=0.0, high=100.0),
    }
    return record


def _near(word, words):
    near = get_close_matches(str(word), [str(w) for w in words], n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _check_meta(reader):
    meta = reader.table("meta") if reader.has("meta") else None
    if meta is None:
        return  # told where records of all kinds are read
    for key in ("source", "window"):
        if not isinstance(meta.get(key), str) or not meta[key].strip():
            reader.problem(f"meta.{key}", "missing: type where the prices come from, and for which time they hold")
    if meta.get("trust") not in TRUST:
        hint = _near(meta.get("trust"), TRUST)
        reader.problem("meta.trust", f"{meta.get('trust')!r}: type one of {', '.join(TRUST)}{hint}")


def _currency(reader):
    currency = reader.text("currency")
    if currency is not None and not re.fullmatch("[A-Z]{3}", currency):
        reader.problem("currency", f"{currency!r}: type three capital letters such as EUR or CNY")
    return currency


def _periods(reader):
    table = reader.table("periods")
    if table is not None and not table:
        reader.problem("periods", "is empty: type a name and a price per MWh a period, e.g. peak = 102.0")
    prices = {}
    for name, price in (table or {}).items():
        if isinstance(price, bool) or not isinstance(price, (int, float)) or not math.isfinite(price):
            reader.problem(f"periods.{name}", f"{price!r}: must be a price per MWh, e.g. 102.0")
        elif not -1000.0 <= price <= 10000.0:
            reader.problem(f"periods.{name}", f"{price}: must lie in [-1000, 10000] per MWh")
        prices[name] = price
    return prices


def _tables(reader, key):
    """Entries of an array of tables, [] where one of them is something else."""
    entries = reader.array_of_tables(key)
    return entries if entries is not None else []


def _prices(reader, periods):
    """Price of every month, day type and hour, or None where the calendar is wrong."""
    entries = _tables(reader, "calendar")
    covered = np.full((MONTHS_PER_YEAR, len(DAY_TYPES), HOURS_PER_DAY), -1)
    price = np.zeros(covered.shape)
    twice: dict[tuple, list] = {}
    used, sound = set(), bool(entries)
    for k, entry in enumerate(entries):
        place = f"calendar[{k + 1}]"
        months, types, hours = _when(reader, place, entry, CALENDAR_KEYS)
        name = entry.get("period")
        used.add(name)
        if name not in periods:
            reader.problem(f"{place}.period", f"{name!r}: no such period in [periods]{_near(name, periods)}")
        if months is None or types is None or hours is None or name not in periods:
            sound = False
            continue
        for m in months:
            for t in types:
                for h in hours:
                    if covered[m, t, h] >= 0:
                        twice.setdefault((covered[m, t, h], k), []).append((m, t, h))
                    covered[m, t, h] = k
                    price[m, t, h] = periods[name] if isinstance(periods[name], (int, float)) else 0.0
    for name in periods:
        if entries and name not in used:
            reader.problem(f"periods.{name}", "is used by no [[calendar]] entry")
    if not sound:
        return None
    for (first, second), cells in twice.items():
        reader.problem("calendar", f"entries {first + 1} and {second + 1} both hold {_cells(cells)}: keep one")
    missing = [tuple(int(i) for i in cell) for cell in np.argwhere(covered < 0)]
    if missing:
        reader.problem("calendar", f"no entry holds {_cells(missing)}: add a [[calendar]] entry")
    price.flags.writeable = False
    return price


def _cells(cells):
    """Words for the first stretch of (month, day type, hour) cells and how many there are in all."""
    month, kind, hour = cells[0]
    hours = {h for m, t, h in cells if (m, t) == (month, kind)}
    end = hour + 1
    while end in hours:
        end += 1
    text = f"hours {hour}-{end} of {DAY_TYPES[kind]} days in month {month + 1}"
    more = len(cells) - (end - hour)
    return text + (f" (and {more} more hours of the calendar)" if more else "")


def _when(reader, place, entry, keys):
    """Months, day types and hours of an entry as lists, None where wrong."""
    for key in sorted(set(entry) - set(keys)):
        reader.problem(f"{place}.{key}", f"unknown key{_near(key, keys)}")
    months = _months(entry.get("months"))
    if months is None:
        reader.problem(f"{place}.months", f"{entry.get('months')!r}: {MONTHS_HELP}")
    hours = _hours(entry.get("hours"))
    if hours is None:
        reader.problem(f"{place}.hours", f"{entry.get('hours')!r}: {HOURS_HELP}")
    types = None
    if "days" in keys:
        days = entry.get("days")
        types = [0, 1] if days == "all" else [DAY_TYPES.index(days)] if days in DAY_TYPES else None
        if types is None:
            reader.problem(f"{place}.days", f"{days!r}: type working, weekend or all{_near(days, (*DAY_TYPES, 'all'))}")
    return months, types, hours


def _months(value):
    """Months 0 to 11 of a list of numbers from 1 to 12 or of text; None where it is neither."""
    if isinstance(value, list):
        good = value and all(isinstance(m, int) and not isinstance(m, bool) and 1 <= m <= 12 for m in value)
        return [m - 1 for m in value] if good and len(set(value)) == len(value) else None
    spans = _spans(value, 1, MONTHS_PER_YEAR)
    if spans is None:
        return None
    months = []
    for first, last in spans:
        months += [(first - 1 + i) % MONTHS_PER_YEAR for i in range((last - first) % MONTHS_PER_YEAR + 1)]
    return months if len(set(months)) == len(months) else None


def _hours(value):
    """Hours 0 to 23 of text such as "8-11, 22-6", whose ends are not held; None where it is wrong."""
    spans = _spans(value, 0, HOURS_PER_DAY)
    if spans is None:
        return None
    hours = []
    for first, last in spans:
        count = (last - first) % HOURS_PER_DAY or (HOURS_PER_DAY if last != first else 0)
        if count == 0 or first == HOURS_PER_DAY:
            return None
        hours += [(first + i) % HOURS_PER_DAY for i in range(count)]
    return hours if len(set(hours)) == len(hours) else None


def _spans(value, low, high):
    """Pairs of numbers in text such as "6-8, 12"; "all" is from `low` to `high`."""
    if value == "all":
        return [(low, high)]
    if not isinstance(value, str):
        return None
    spans = []
    for part in value.split(","):
        found = SPAN.fullmatch(part.strip())
        if not found:
            return None
        first = int(found[1])
        last = int(found[2]) if found[2] else first
        if not (low <= first <= high and low <= last <= high):
            return None
        spans.append((first, last))
    return spans


def _critical_peaks(reader, price, regimes):
    peaks: list[dict] = []
    taken: dict[int, int] = {}
    for k, entry in enumerate(_tables(reader, "critical") if reader.has("critical") else []):
        place = f"critical[{k + 1}]"
        months, _, hours = _when(reader, place, entry, CRITICAL_KEYS)
        calls = _number(reader, place, entry, "calls_per_year", 0.0, 366.0)
        weights = _weights(reader, place, entry, regimes)
        added = _added(reader, place, entry)
        for m in months or []:
            if m in taken:
                reader.problem(f"{place}.months", f"month {m + 1} is in critical[{taken[m] + 1}] too: keep one")
            taken[m] = k
        if None in (months, hours, calls, added) or weights is None or price is None:
            continue
        add = np.zeros((MONTHS_PER_YEAR, HOURS_PER_DAY))
        held = np.ix_(months, hours)
        adder, multiplier = added
        add[held] = adder if multiplier is None else (multiplier - 1.0) * price[:, 0, :][held]
        inside = np.zeros(MONTHS_PER_YEAR, bool)
        inside[months] = True
        peaks.append({"months": inside, "add_per_mwh": add, "calls_per_year": calls, "regime_multiplier": weights})
    return peaks


def _added(reader, place, entry):
    """(adder, None) or (None, multiplier), or None with a problem."""
    if ("adder_per_mwh" in entry) == ("multiplier" in entry):
        reader.problem(place, "type either adder_per_mwh = 60.0 or multiplier = 1.2, not both")
        return None
    if "adder_per_mwh" in entry:
        adder = _number(reader, place, entry, "adder_per_mwh", -1000.0, 100000.0)
        return None if adder is None else (adder, None)
    multiplier = _number(reader, place, entry, "multiplier", 0.0, 100.0)
    return None if multiplier is None else (None, multiplier)


def _weights(reader, place, entry, regimes):
    table = entry.get("regime_multiplier")
    if not isinstance(table, dict) or set(table) != set(regimes):
        text = ", ".join(f"{name} = 1.0" for name in regimes)
        reader.problem(f"{place}.regime_multiplier", f"{table!r}: type {{ {text} }}, a number for each regime")
        return None
    inner = f"{place}.regime_multiplier"
    weights = [_number(reader, inner, table, name, 0.0, 1000.0) for name in regimes]
    if None in weights:
        return None
    if sum(weights) == 0.0:
        reader.problem(inner, "all are 0: one must be above 0")
        return None
    return np.array(weights)


def _number(reader, place, entry, key, low, high):
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        reader.problem(f"{place}.{key}", f"{value!r}: must be a number in [{low:g}, {high:g}]")
        return None
    return float(value)


def _demand_charge(reader):
    applies = reader.text("applies")
    if applies is not None and applies not in BASES:
        reader.problem("applies", f"{applies!r}: type one of {', '.join(BASES)}{_near(applies, BASES)}")
    return {
        "applies": applies,
        "maximum_demand_per_kw_month": reader.number("maximum_demand_per_kw_month", low=0.0, high=1000.0),
        "contracted_capacity_per_kw_month": reader.number("contracted_capacity_per_kw_month", low=0.0, high=1000.0),
        "excess_allowance": reader.number("excess_allowance", low=1.0, high=10.0),
        "excess_factor": reader.number("excess_factor", low=1.0, high=100.0),
    }
