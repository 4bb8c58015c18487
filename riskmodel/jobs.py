"""Which jobs run when there is not power or hardware for all: inference is divisible, a training job runs whole."""

from distributions._jit import njit

EVENLY, INFERENCE_FIRST, TRAINING_FIRST = range(3)
"""Who is shed first; evenly: all GPUs alike, as if every job could shrink."""


@njit
def packed(job_gpus, share, scale):
    """GPUs of the training jobs that fit, the largest first, as a share.

    Parameters
    ----------
    job_gpus : (j,) float64, falling
    share : float, of all GPUs that may run
    scale : float, all GPUs

    Returns
    -------
    float
        Never falls as `share` rises: where a job first fits, it alone is as much as all that fitted before.
    """
    room, total = share * scale, 0.0
    for k in range(job_gpus.shape[0]):
        if job_gpus[k] <= room * (1.0 + 1e-12):
            room -= job_gpus[k]
            total += job_gpus[k]
    return total / scale


@njit
def running_shares(cluster, share):
    """Training and inference that run, as shares of all GPUs, when power for `share` of them is there."""
    training = cluster.training_share[0]
    inference = 1.0 - training
    share = min(share, 1.0)
    if share >= 1.0:
        return training, inference
    if cluster.shed_first[0] == EVENLY:
        return training * share, inference * share
    if cluster.shed_first[0] == INFERENCE_FIRST:
        kept = packed(cluster.job_gpus, share, cluster.gpus[0])
        return kept, max(min(inference, share - kept), 0.0)
    kept = min(inference, share)
    return packed(cluster.job_gpus, max(share - kept, 0.0), cluster.gpus[0]), kept


@njit
def job_stops(cluster, k, tripped, u):
    """Does job k lose one of its racks, if each rack trips with chance `tripped`?

    One uniform for all jobs: where a small job is hit, so is every larger one. Exact for each job, and for the mean.
    """
    return u > (1.0 - tripped) ** cluster.job_racks[k]


@njit
def stopped_training(cluster, tripped, u):
    """Training GPUs whose job stops, as a share of all GPUs."""
    total = 0.0
    for k in range(cluster.job_gpus.shape[0]):
        if job_stops(cluster, k, tripped, u):
            total += cluster.job_gpus[k]
    return total / cluster.gpus[0]
