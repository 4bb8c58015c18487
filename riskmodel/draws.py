"""The uncertain scalars of a study, drawn once for each path."""

import math
import zlib
from typing import TYPE_CHECKING

import numpy as np

from distributions._jit import njit
from distributions.streams import Process, two_uniforms
from riskmodel.lives import AS_IT_IS, TAIL_STREAM, Redraw

if TYPE_CHECKING:
    from riskmodel.study import Correlation, Study

SCALAR_WORD = int(Process.SCALAR) << 16


@njit
def _uniforms(out, draw, first_path, seed):
    for i in range(out.shape[0]):
        out[i], _ = two_uniforms(draw, SCALAR_WORD, first_path + i, seed)


def stream_number(name: str) -> int:
    """Draw number of a named scalar: CRC-32 of its name, so adding a field never shifts another field's draws."""
    return zlib.crc32(name.encode())


def scalar_uniforms(name: str, first_path: int, n_paths: int, seed: int) -> np.ndarray:
    """Uniforms of one named scalar, (n_paths,) float64 in (0, 1). Draws: SCALAR, draw = CRC-32 of the name."""
    out = np.empty(n_paths)
    _uniforms(out, stream_number(name), first_path, seed)
    return out


def draw_scalars(
    study: "Study", seed: int, first_path: int, n_paths: int, redraw: Redraw = AS_IT_IS
) -> dict[str, np.ndarray]:
    """Values of every scalar input of a study for a range of paths.

    Parameters
    ----------
    study : Study
    seed : int
    first_path, n_paths : int
    redraw : Redraw
        Streams to take from another life of each path, before the study's correlation ties them.

    Returns
    -------
    dict of field path -> (n_paths,) float64
        Strategies share the draws of equal fields: `strategies.a.storage.capex_eur_per_kwh` and
        `strategies.b.storage.capex_eur_per_kwh` sit at the same quantile of their laws.
    """
    fields = study.law_fields()
    names = sorted({stream for _, stream, _ in fields})
    uniforms = {name: scalar_uniforms(name, redraw.path_of(name, first_path), n_paths, seed) for name in names}
    correlation = study.correlation
    if correlation is not None and len(correlation.names) > 1:
        together = np.column_stack([uniforms[n] for n in correlation.names])
        mixed = _tied(together, correlation, seed, redraw.path_of(TAIL_STREAM, first_path))
        uniforms.update({n: np.ascontiguousarray(mixed[:, k]) for k, n in enumerate(correlation.names)})
    return {path: np.asarray(law.ppf(uniforms[stream]), dtype=np.float64) for path, stream, law in fields}


def _tied(together: np.ndarray, correlation: "Correlation", seed: int, first_path: int) -> np.ndarray:
    """Uniforms under the study's copula, (n_paths, k). An impossible matrix is repaired; `Study.warnings` says so."""
    matrix = correlation.repair().matrix
    if correlation.copula == "gaussian":
        from distributions.dependence import correlated_uniforms

        return correlated_uniforms(together, matrix)
    from distributions.t_copula import t_correlated_uniforms

    mixing = scalar_uniforms(TAIL_STREAM, first_path, len(together), seed)
    return t_correlated_uniforms(together, mixing, matrix, correlation.degrees_of_freedom or math.nan)
