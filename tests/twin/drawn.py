"""Fitted parameters of one path, drawn from the errors of their records: from the records' own words, in float64."""

import math
import zlib

import numpy as np
from scipy.special import ndtri

from distributions import parameters
from tests.twin.randoms import SCALAR, two_uniforms

LOGISTIC_SD = math.pi / math.sqrt(3)
POSITIVE = ("_sd", "jump_mean_up", "jump_mean_down", "surge_mean")
SHARES = ("_phi", "_weight", "_probability_per_day", "jump_share_up", "_decay", "_stay")
NEW_KEYS = ("profile_level", "hour_scale", "size_scale", "level", "year_sd")
FAMILIES = ("sag", "momentary", "sustained", "extreme", "curtailment")


def normal(kind, name, seed, path):
    """Standard normal of one named parameter of a path."""
    return float(ndtri(two_uniforms(zlib.crc32(f"{kind}.{name}".encode()), SCALAR, 0, path, seed)[0]))


def around(name, middle, error, z):
    """A share moves on the logit, a positive number on the logarithm, any other as it is."""
    if name.endswith(POSITIVE):
        return middle * math.exp(min(error / middle, LOGISTIC_SD) * z) if middle > 0 else middle
    if name.endswith(SHARES):
        if not 0 < middle < 1:
            return middle
        odds = math.log(middle / (1 - middle)) + min(error / (middle * (1 - middle)), LOGISTIC_SD) * z
        return 1 / (1 + math.exp(-odds))
    return middle + error * z


def record_of(study, kind, seed, path):
    """The site's record of `prices` or `irradiance` as this path has it; what a record lacks is 0."""
    record = dict(parameters.load(kind, study.record_names()[kind]))
    for name in NEW_KEYS:
        record.setdefault(name, 0.0)
    record.setdefault("bend_at", np.zeros(4))
    bend = np.array(record.get("bend", np.zeros(4)))
    stated = record.get("uncertainty")
    if stated and study.site.parameter_uncertainty:
        z = np.linalg.cholesky(stated["correlation"]) @ [normal(kind, name, seed, path) for name in stated["names"]]
        for name, error, score in zip(stated["names"], stated["standard_error"], z, strict=True):
            if name.startswith("bend_"):
                bend[int(name[5:])] = around(name, bend[int(name[5:])], error, score)
            elif error > 0:
                record[name] = around(name, record[name], error, score)
    bend[1], bend[2] = max(bend[1], -0.9), max(bend[2], -0.9)  # the transform keeps a slope of a tenth
    bend[0], bend[3] = max(bend[0], -0.9 - bend[1]), max(bend[3], -0.9 - bend[2])
    record["bend"] = bend
    return record


def outage_factors(study, seed, path):
    """(rate factor, duration factor) of each family; the site's own rate factor is not in it."""
    stated = parameters.load("outages", study.record_names()["outages"]).get("uncertainty", {})
    out = []
    for family in FAMILIES:
        errors = stated.get(family, {}) if study.site.parameter_uncertainty else {}
        rate, duration = (min(errors.get(f"{part}_log_se", 0.0), LOGISTIC_SD) for part in ("rate", "duration"))
        out.append(
            tuple(
                math.exp(error * normal("outages", f"{family}.{part}", seed, path)) if error else 1.0
                for part, error in (("rate", rate), ("duration", duration))
            )
        )
    return out
