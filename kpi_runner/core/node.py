"""The nodes of a project: models, seeds, source tables, macros, data tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kpi_runner.core.constraint import Constraint
from kpi_runner.core.diagnostic import Severity
from kpi_runner.core.freshness import Freshness
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.span import Span
from kpi_runner.core.unit_test import Fixture, Overrides


@dataclass(frozen=True, slots=True)
class Ref:
    """A call ``ref('name')`` or ``ref('package', 'name')``."""

    name: str
    package: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A call ``source('source', 'table')``."""

    source: str
    table: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class KpisRef:
    """A call ``kpis('area')``: the mart depends on each KPI of that area."""

    area: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a template says without being rendered.

    ``is_decided`` is False where a tier could not tell (a computed name, a condition); the
    next tier then has to look. ``config`` holds the literal arguments of ``config()``.
    """

    refs: tuple[Ref, ...] = ()
    sources: tuple[SourceRef, ...] = ()
    kpis: tuple[KpisRef, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    config_span: Span | None = None
    is_decided: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a model, seed or source table.

    ``data_type`` is DuckDB's spelling, lower case, or empty. ``is_required`` (sources): the
    raw file must have the column; other columns land as NULL, or as ``default`` (SQL text).
    ``places``: where ``data_type`` and ``default`` stand.
    """

    name: str
    data_type: str = ""
    description: str = ""
    unit: str = ""
    is_nullable: bool = True
    is_required: bool = False
    default: str = ""
    constraints: tuple[Constraint, ...] = ()
    places: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """Configuration of a node after folder defaults, YAML and ``config()`` were merged.

    ``schema`` and ``alias`` are empty where no place says one; the node's relation is what counts.
    """

    materialized: str = "view"
    schema: str = ""
    alias: str = ""
    enabled: bool = True
    tags: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A SQL template that builds one relation."""

    id: NodeId
    name: str
    path: str
    raw: str
    scan: Scan
    config: NodeConfig
    relation: Relation
    fqn: tuple[str, ...] = ()
    grain: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    description: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A small CSV owned by the shop; ``columns`` carries declared types."""

    id: NodeId
    name: str
    path: str
    config: NodeConfig
    relation: Relation
    header: tuple[str, ...] = ()
    fqn: tuple[str, ...] = ()
    grain: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    description: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A raw table as it lands. ``key``: columns that identify a row, or empty.

    ``is_daily_feed``: every day of ``moment`` has rows, so a day without any is not loaded.
    ``may_repeat``: identical rows are rows of their own.
    ``freshness``: how old its latest row may be, where that is declared.
    """

    id: NodeId
    source: str
    name: str
    relation: Relation
    key: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    moment: str = ""
    is_daily_feed: bool = False
    may_repeat: bool = False
    freshness: Freshness | None = None
    tags: tuple[str, ...] = ()
    description: str = ""
    path: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro:
    """One ``{% macro %}``. ``raw`` is the text of the whole file, ``line`` where it starts."""

    name: str
    path: str
    raw: str
    line: int = 1
    parameters: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTest:
    """A query whose rows are failures.

    ``kind`` is the name of a generic test, or ``singular`` (then ``raw`` is a template).
    ``arguments`` holds the test's own arguments, as read from YAML; ``scan`` the refs in them
    or in the template. ``fail_calc``, ``warn_if`` and ``error_if`` are dbt's: the number that is
    compared, and the comparisons (empty: rows are counted, and one is too many).
    """

    id: NodeId
    name: str
    kind: str
    node: NodeId = ""
    column: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.ERROR
    where: str = ""
    limit: int = 0
    fail_calc: str = ""
    warn_if: str = ""
    error_if: str = ""
    store_failures: bool = False
    tags: tuple[str, ...] = ()
    description: str = ""
    path: str = ""
    raw: str = ""
    scan: Scan = field(default_factory=Scan)
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A use of what the project publishes, such as a dashboard. Builds nothing.

    ``kind`` is dbt's type; ``kpis`` names the KPIs it shows, ``scan`` what else it reads.
    """

    id: NodeId
    name: str
    kind: str = ""
    label: str = ""
    url: str = ""
    maturity: str = ""
    owner: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    tags: tuple[str, ...] = ()
    scan: Scan = field(default_factory=Scan)
    kpis: tuple[str, ...] = ()
    path: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Rows that one input of the model holds.

    ``reference`` is None for ``this``, the table of an incremental model as it was. Without a
    ``fixture`` it is a seed with its own rows. ``node``: the input, once it is linked.
    """

    reference: Ref | SourceRef | None
    fixture: Fixture | None
    node: NodeId = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTest:
    """Rows that a model is given, and the rows that are expected of it.

    ``node`` is the model, ``model`` its name, ``scan`` what is given, as references.
    """

    id: NodeId
    name: str
    node: NodeId
    model: str
    given: tuple[Given, ...] = ()
    expect: Fixture
    overrides: Overrides = field(default_factory=Overrides)
    tags: tuple[str, ...] = ()
    description: str = ""
    path: str = ""
    model_span: Span | None = None
    span: Span | None = None

    @property
    def kind(self) -> str:
        """``unit``, beside the kinds of data tests."""
        return "unit"

    @property
    def scan(self) -> Scan:
        """The references of what is given."""
        inputs = [given.reference for given in self.given]
        return Scan(
            refs=tuple(one for one in inputs if isinstance(one, Ref)),
            sources=tuple(one for one in inputs if isinstance(one, SourceRef)),
        )


Node = Model | Seed | Source | DataTest | Exposure | UnitTest
