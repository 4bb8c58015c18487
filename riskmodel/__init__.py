"""What a power strategy makes of what happens: energy, downtime, money and risk, path by path.

Examples
--------
>>> import riskmodel, studies
>>> study = riskmodel.load_study(studies.path("nordic_inference"), ["study.years=2"])
>>> results = riskmodel.simulate(study, paths=4, seed=7)
>>> print(results)  # doctest: +ELLIPSIS
Nordic inference site: grid expansion or string storage with PV: 4 paths of 2 years, seed 7
...
>>> summary = results.summary()
>>> list(summary.columns)
['strategy', 'metric', 'value', 'standard_error', 'unit']
>>> bool((summary["metric"] == "npv_eur:mean").sum() == 2)
True
>>> [name for name in results.years.columns if name.startswith("energy")]
['energy_purchase_eur', 'energy_fees_eur', 'energy_export_eur', 'energy_tax_eur']
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
