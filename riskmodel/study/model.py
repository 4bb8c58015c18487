"""The study: all inputs of one question, validated, with the origin of every value."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel, Field, PrivateAttr

from distributions.laws import Law
from riskmodel.study.cluster import Cluster
from riskmodel.study.fields import Section, field_extra
from riskmodel.study.finance import Finance
from riskmodel.study.header import Claims, Correlation, Header
from riskmodel.study.records import EVENTS_FIELD, RECORD_FIELDS, file_hash, found_file, is_file_name, named_records
from riskmodel.study.site import Site
from riskmodel.study.strategy import Strategy

if TYPE_CHECKING:
    from riskmodel.given_events import GivenEvents

__all__ = ["Leaf", "Origin", "Row", "Study", "study_json_schema"]


@dataclass(frozen=True)
class Origin:
    """Where a value came from: ``kind`` is file, default, --set or given; ``text`` is its source."""

    kind: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}" if self.text else self.kind


@dataclass(frozen=True)
class Row:
    """One line of a listing of the study."""

    field: str
    value_text: str
    unit: str
    origin: str


@dataclass(frozen=True)
class Leaf:
    """One value of the study: path, value and the ``field_extra`` of its field."""

    path: str
    value: Any
    extra: dict[str, Any]

    @property
    def stream_name(self) -> str:
        """Path without the strategy, so that strategies share draws."""
        return stream_name(self.path)


class Study(Section):
    """A validated study. Read one with ``load_study``; sections are attributes, ``Q`` fields hold laws."""

    header: Header = Field(alias="study")
    cluster: Cluster
    site: Site
    strategies: dict[str, Strategy] = Field(min_length=1)
    finance: Finance | None = None
    correlation: Correlation | None = None
    claims: Claims | None = None
    sources: dict[str, str] = Field(default_factory=dict)

    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)
    _specs: dict[str, Any] = PrivateAttr(default_factory=dict)
    _folder: Path = PrivateAttr(default_factory=Path)
    _given: "GivenEvents | None" = PrivateAttr(default=None)

    @property
    def strategy_names(self) -> list[str]:
        """Names of the strategies in the order of the file, which is their order in every result."""
        return list(self.strategies)

    def rated_load_kw(self) -> float:
        """Rated load at the meter [kW]: servers, network and storage, times the mean power usage effectiveness."""
        return rated_load_kw(self.cluster)

    def leaves(self) -> Iterator[Leaf]:
        """Every value of the study, in the order of the model; titles and names too, sources not."""
        yield from _leaves("study", self.header)
        yield from _leaves("cluster", self.cluster)
        yield from _leaves("site", self.site)
        for name, strategy in self.strategies.items():
            yield from _leaves(f"strategies.{name}", strategy)
        for key in ("finance", "correlation", "claims"):
            section = getattr(self, key)
            if section is not None:
                yield from _leaves(key, section)

    def law_fields(self) -> list[tuple[str, str, Law]]:
        """Quantities drawn once per path, constants too.

        Returns
        -------
        list of (field_path, stream_name, law)
            ``stream_name`` is the path without ``strategies.NAME.``, so strategies share draws.
        """
        return self._drawn("path")

    def event_law_fields(self) -> list[tuple[str, str, Law]]:
        """Quantities drawn for each event; ``law.code()`` works for all of them. See ``law_fields``."""
        return self._drawn("event")

    def _drawn(self, draw: str) -> list[tuple[str, str, Law]]:
        return [(leaf.path, leaf.stream_name, leaf.value) for leaf in self.leaves() if leaf.extra.get("draw") == draw]

    def warnings(self) -> list[str]:
        """What the reader of a result must know: inputs that could not be used as they stand."""
        found = self.correlation.warnings() if self.correlation is not None else []
        given = self.given_events()
        if given is not None:
            text = f"the events of {given.file} ({given.text()}) happen in every path; none are drawn"
            found.append(f"{EVENTS_FIELD}: {text}")
        return found

    def given_events(self) -> "GivenEvents | None":
        """Events of the file that the site names, read once; None where events are drawn.

        Raises
        ------
        StudyError
            With all problems of the file.
        """
        if self.site.given_events is None:
            return None
        if self._given is None:
            from riskmodel.given_events import read_given_events

            path = found_file(self.site.given_events, self._folder)
            self._given = read_given_events(path, self.header.years, self.site.utc_offset_h)
        return self._given

    def origin(self, path: str) -> Origin:
        """Origin of the value at a field path such as ``cluster.load_factor``."""
        return self._origins.get(path, Origin("given"))

    def record_names(self) -> dict[str, str]:
        """Name or path of the parameter record of each kind, as ``distributions.parameters.load`` takes it."""
        return {kind: record.name for kind, record in named_records(self.site, self._folder).items()}

    def record_path(self, leaf: Leaf) -> str:
        """Absolute path of the file that a value names; empty where it names none."""
        names_file = leaf.path == EVENTS_FIELD or (leaf.path in RECORD_FIELDS and is_file_name(leaf.value))
        return found_file(leaf.value, self._folder) if names_file else ""

    def canonical(self) -> list[tuple[str, Any]]:
        """Every field path with its plain value, laws as tables; what equality and ``input_hash`` compare.

        A parameter file or a file of events stands for its content, wherever it lies.
        """
        return [(leaf.path, self._content(leaf)) for leaf in self.leaves()]

    def _content(self, leaf: Leaf) -> Any:
        if leaf.path == EVENTS_FIELD and (given := self.given_events()) is not None:
            return f"sha256:{given.sha256}"
        path = self.record_path(leaf)
        return file_hash(path) if path else plain_value(leaf.value)

    def input_hash(self) -> str:
        """SHA-256 of the resolved values; comments, sources and the file's layout do not change it."""
        text = json.dumps(self.canonical(), separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Study) and self.canonical() == other.canonical()

    def __hash__(self) -> int:
        return hash(self.input_hash())

    def to_toml(self, files: Mapping[str, str] | None = None) -> str:
        """Resolved study as TOML: every field with its origin; it loads again to an equal study.

        `files` : field path -> name to write for the file that the field names, where it is copied beside the study.
        """
        from riskmodel.study.writing import to_toml

        return to_toml(self, files or {})

    def describe(self) -> list[Row]:
        """Rows (field, value, unit, origin) of every value, for a listing."""
        from riskmodel.study.writing import describe

        return describe(self)


def stream_name(path: str) -> str:
    """Field path without ``strategies.NAME.``."""
    return path.split(".", 2)[2] if path.startswith("strategies.") else path


def rated_load_kw(cluster: Cluster) -> float:
    """Rated load at the meter [kW] of a cluster."""
    servers_kw = cluster.gpus / cluster.gpus_per_server * cluster.server_power_kw
    return servers_kw * (1.0 + cluster.network_storage_share) * float(cluster.power_usage_effectiveness.mean())


def plain_value(value: Any) -> Any:
    """Value as TOML and JSON can hold it: a law becomes its table or, when constant, its number."""
    if isinstance(value, Law):
        spec = {key: part for key, part in value.spec().items() if key != "source"}
        return plain_value(spec["value"] if spec["law"] == "constant" else spec)
    if isinstance(value, dict):
        return {str(key): plain_value(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(part) for part in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _leaves(prefix: str, section: Section) -> Iterator[Leaf]:
    cls = type(section)
    for key in cls.model_fields:
        value = getattr(section, key)
        if isinstance(value, Section):
            yield from _leaves(f"{prefix}.{key}", value)
        elif value is not None:
            yield Leaf(f"{prefix}.{key}", value, field_extra(cls, key))


def section_of(annotation: Any) -> type[BaseModel] | None:
    """Section class in a field's annotation (``Ups | None`` gives ``Ups``), or None."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    if get_origin(annotation) in (Union, UnionType):
        found = [section_of(part) for part in get_args(annotation)]
        return next((part for part in found if part is not None), None)
    return None


def keys_of(model: type[BaseModel]) -> dict[str, str]:
    """Keys of a table as typed in the file, mapped to attribute names."""
    return {info.alias or name: name for name, info in model.model_fields.items()}


def model_at(path: tuple[str, ...]) -> type[BaseModel] | None:
    """Section class of a table path such as ``("strategies", "NAME", "pv")``; ``()`` is the study; None if none."""
    model: type[BaseModel] | None = Study
    position = 0
    while position < len(path) and model is not None:
        if model is Study and path[position] == "strategies" and len(path) > position + 1:
            model, position = Strategy, position + 2
            continue
        name = keys_of(model).get(path[position])
        model = section_of(model.model_fields[name].annotation) if name else None
        position += 1
    return model


def study_json_schema() -> dict[str, Any]:
    """JSON schema of a study file, with unit, range, example and default of every field."""
    return Study.model_json_schema(by_alias=True)
