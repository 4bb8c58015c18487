"""What a strategy may bring beyond power: counted only where the study gives it, with its source."""

from riskmodel.study.fields import Q, Section, choice, quantity

__all__ = ["Opportunity"]


class Opportunity(Section):
    """The [strategies.NAME.opportunity] table."""

    utilisation_gain: Q = quantity(
        "Added to the occupancy by steadier, cheaper power, up to all GPU-hours", "", 0.01, low=0.0, high=1.0,
        default=0.0, source="0: not counted",
    )  # fmt: skip
    earlier_release_eur_per_month: Q = quantity(
        "Value of a month that what is made here comes out earlier than with the baseline, beyond the GPU-hours",
        "EUR/month", 200_000, low=0.0, high=1e10, default=0.0, source="0: not counted",
    )  # fmt: skip
    source: str = choice(
        "Where these numbers come from; an opportunity without a source is not counted", "survey of ..."
    )
