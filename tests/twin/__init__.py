"""The slow twin: the whole path in plain Python and NumPy, one path at a time, nothing compiled.

It is the specification of the engine: written to be read, from the study and the parameter records, with its own random
numbers, polynomials and laws. ``Float32`` does the kernels' arithmetic in the kernels' order, so every hour must have
the same bits; ``Float64`` uses exact functions on the same uniforms and shows what single precision costs.

    from tests.twin import Float32, walk_path
    result = walk_path(study, seed=1, path=0, arithmetic=Float32())
"""

from tests.twin.arithmetic import Float32, Float64
from tests.twin.path import PathResult, walk_path

__all__ = ["Float32", "Float64", "PathResult", "walk_path"]
