"""Training jobs and inference of the cluster in the twin: what runs, what stops, what is missing."""

from dataclasses import dataclass

from riskmodel.study.cluster import Cluster
from tests.twin.randoms import quantile


@dataclass(frozen=True)
class Jobs:
    """`sizes` : training jobs as shares of all GPUs, falling; `racks` of each.

    `tripped` : share of the racks that a sag would trip in this event; a site dark for longer than `cold_after_h`
    starts cold.
    """

    sizes: tuple = (1.0,)
    racks: tuple = (1.0,)
    shed_first: str = "evenly"
    tripped: float = 1.0
    cold_after_h: float = 1e9
    ramp_kw_per_h: float = 0.0

    @property
    def training(self):
        """Share of the GPUs in training."""
        return sum(self.sizes)

    def fit(self, room):
        """Share of the GPUs in jobs that fit into `room`, the largest first."""
        total = 0.0
        for size in self.sizes:
            if size <= room * (1 + 1e-12):
                room, total = room - size, total + size
        return total

    def running(self, share):
        """Training and inference that run with power for a share of the GPUs."""
        inference = 1 - self.training
        if share >= 1:
            return self.training, inference
        if self.shed_first == "evenly":
            return self.training * share, inference * share
        if self.shed_first == "inference":
            kept = self.fit(share)
            return kept, max(min(inference, share - kept), 0.0)
        kept = min(inference, share)
        return self.fit(max(share - kept, 0.0)), kept

    def hit(self, k, tripped, u):
        """Does job k lose a rack? The uniform is the same for all jobs."""
        return tripped >= 1 or u > (1 - tripped) ** self.racks[k]

    def stopped_by(self, tripped, u):
        """Share of the GPUs whose job stops when a share of the racks trips."""
        return sum(size for k, size in enumerate(self.sizes) if self.hit(k, tripped, u))


def job_gpus(c: Cluster):
    """GPUs of the training jobs, falling."""
    inference = c.inference_share if c.inference_share is not None else float(c.duty == "inference")
    one = round(c.gpus * (1 - inference))
    return tuple(sorted(c.training_jobs or ([one] if one else []), reverse=True))


def jobs_of(c: Cluster, u):
    """`Jobs` of a cluster in one event."""
    gpus = job_gpus(c)
    return Jobs(
        tuple(n / c.gpus for n in gpus), tuple(max(n / c.gpus_per_rack, 1.0) for n in gpus), c.shed_first,
        min(max(quantile(c.sag_trip_share, u.sag), 0.0), 1.0), c.cold_start_after_h, c.return_ramp_mw_per_min * 60_000,
    )  # fmt: skip


def restart_h(c: Cluster, u):
    """Restart after an abrupt and an orderly stop, and what a cold start adds [h]."""

    def drawn(*laws):
        return sum(max(quantile(law, u.restart), 0.0) for law in laws)

    cold = drawn(c.cold_start_extra_h)
    if c.restart is None:
        return drawn(c.restart_abrupt_h), drawn(c.restart_orderly_h), cold
    parts = c.restart.detection_min, c.restart.scheduling_min, c.restart.reload_min, c.restart.warm_up_min
    return drawn(*parts) / 60, drawn(*parts[1:]) / 60, cold
