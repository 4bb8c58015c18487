"""One layer of a cover in plain Python: event by event, in order of time, nothing clever."""

import math


def pay(layer, rows, n_years):
    """Yearly payments and reinstatement charges.

    Parameters
    ----------
    layer : Layer, without a trigger
    rows : list of (year, event, cause, loss, hours, begin), in order of year and begin
    n_years : int
    """
    payments, charges = [], []
    for year in range(n_years):
        occurrences = []
        window_end, last_event = -math.inf, None
        for _, event, cause, loss, hours, begin in (row for row in rows if row[0] == year):
            loss *= _share(layer, cause, hours)
            if loss <= 0.0:
                continue
            if layer.hours_clause_h is None:
                if event != last_event:
                    occurrences.append(0.0)
                last_event = event
            elif begin > window_end:
                occurrences.append(0.0)
                window_end = begin + layer.hours_clause_h
            occurrences[-1] += loss
        left, skipped, used, paid = layer.yearly_limit, layer.aggregate_deductible, 0.0, 0.0
        for loss in occurrences:
            taken = min(max(loss - layer.deductible - layer.attachment, 0.0), layer.limit)
            borne = min(taken, skipped)
            skipped -= borne
            given = min(taken - borne, left)
            left -= given
            used += given
            paid += layer.participation * given
        charge, rest = 0.0, used
        for rate in layer.reinstatement_charge:
            part = min(rest, layer.limit)
            rest -= part
            charge += rate * part / layer.limit
        payments.append(paid)
        charges.append(charge)
    return payments, charges


def _share(layer, cause, hours):
    if cause in ("equipment", "fire"):
        return 1.0
    if hours == 0.0:
        return 1.0 if layer.waiting_period_h == 0.0 else 0.0
    if layer.waiting == "qualifying":
        begin = 0.0 if hours > layer.waiting_period_h else hours
    else:
        begin = layer.waiting_period_h
    extra = layer.waiting_period_h if layer.indemnity_from == "waiting" else 0.0
    return max(min(hours, layer.indemnity_period_h + extra) - begin, 0.0) / hours
