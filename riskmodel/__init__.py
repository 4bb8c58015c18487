"""What a power strategy makes of what happens: energy, downtime, money and risk, path by path.

>>> import riskmodel
>>> study = riskmodel.load_study("study.toml")
>>> results = riskmodel.simulate(study, paths=2000, seed=7)
>>> results.summary()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from riskmodel._guard import check_packages

if TYPE_CHECKING:
    from riskmodel.results import Results, load_results
    from riskmodel.run import run_to_folder, simulate
    from riskmodel.study import Study, load_study

__all__ = ["Results", "Study", "load_results", "load_study", "run_to_folder", "simulate"]

check_packages()

_HOMES = {
    "Results": "riskmodel.results",
    "Study": "riskmodel.study",
    "load_results": "riskmodel.results",
    "load_study": "riskmodel.study",
    "run_to_folder": "riskmodel.run",
    "simulate": "riskmodel.run",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import riskmodel` itself loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return sorted({*globals(), *__all__})
