"""Studies: typed, validated inputs read from TOML.

``load_study(path, overrides)`` gives a frozen ``Study`` or raises ``StudyError`` with everything that is wrong.
"""

from riskmodel.study.cluster import Cluster
from riskmodel.study.finance import Finance
from riskmodel.study.header import Claims, Correlation, Header
from riskmodel.study.model import Leaf, Origin, Row, Study, study_json_schema
from riskmodel.study.problems import Problem, StudyError
from riskmodel.study.reading import load_study, parse_study, study_from_tables
from riskmodel.study.site import Site
from riskmodel.study.strategy import Connection, Gensets, Pv, Storage, Strategy, Ups

__all__ = [
    "Claims",
    "Cluster",
    "Connection",
    "Correlation",
    "Finance",
    "Gensets",
    "Header",
    "Leaf",
    "Origin",
    "Problem",
    "Pv",
    "Row",
    "Site",
    "Storage",
    "Strategy",
    "Study",
    "StudyError",
    "Ups",
    "load_study",
    "parse_study",
    "study_from_tables",
    "study_json_schema",
]
