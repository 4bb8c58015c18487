"""The restart of a cluster from its parts, instead of two laws for the whole."""

from riskmodel.study.fields import Q, Section, quantity

__all__ = ["Restart"]


class Restart(Section):
    """Parts of a restart, drawn per event; an orderly stop needs no detection. All are long or short together."""

    detection_min: Q = quantity(
        "Power back to the loss of the jobs found out, after an abrupt stop", "min", 10, low=0.0, high=60_000.0,
        per_event=True,
    )  # fmt: skip
    scheduling_min: Q = quantity(
        "Servers checked and jobs placed on them", "min", 60, low=0.0, high=60_000.0, per_event=True
    )
    reload_min: Q = quantity(
        "Checkpoint or model read into the GPUs", "min", 10, low=0.0, high=60_000.0, per_event=True
    )
    warm_up_min: Q = quantity("First step to full speed", "min", 5, low=0.0, high=60_000.0, per_event=True)
