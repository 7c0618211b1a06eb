"""Reads what YAML says about models and seeds: one file per model or one per folder.

Knows dbt's keys of ``models:`` and ``seeds:`` and ours (``grain``, ``unit``). Does not know
whether the model exists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from kpi_runner.core.constraint import Constraint
from kpi_runner.core.node import Column, DataTest, Macro
from kpi_runner.core.span import Span
from kpi_runner.load.contracts import read_constraints
from kpi_runner.load.defaults import ConfigLayer
from kpi_runner.load.reader import Entry
from kpi_runner.load.tests import Subject, read_grain, read_tests

NODE_KEYS = [
    "docs",
    "meta",
    "access",
    "group",
    "latest_version",
    "versions",
    "deprecation_date",
    "primary_key",
    "time_spine",
    "quote_columns",
    "agg_time_dimension",
]
COLUMN_KEYS = [
    "meta",
    "quote",
    "tags",
    "policy_tags",
    "granularity",
    "dimension",
    "entity",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProperties:
    """One entry of ``models:``, ``seeds:`` or ``snapshots:``.

    ``relation``: what a snapshot reads, as written, and where.
    """

    name: str
    resource: str
    span: Span
    description: str = ""
    config: ConfigLayer
    grain: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    relation: str = ""
    relation_span: Span | None = None


def read_properties(
    entry: Entry,
    resource: str,
    *,
    project: str,
    macros: Mapping[str, Macro],
    test_config: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[NodeProperties | None, tuple[DataTest, ...]]:
    """Reads one entry of ``models:`` or ``seeds:`` (``resource`` is 'model' or 'seed').

    Returns what it says of the node, and the tests that stand in it.
    """
    name = entry.required_text("name")
    if not name:
        return None, ()
    subject = Subject(
        node=f"{resource}.{project}.{name}",
        name=name,
        project=project,
        macros=macros,
        defaults=test_config,
    )
    columns, column_tests = read_columns(entry, subject, read_column=read_model_column)
    grain, grain_tests = read_grain(entry, subject)
    config = entry.entry("config")
    properties = NodeProperties(
        name=name,
        resource=resource,
        span=entry.span("name"),
        description=entry.text("description"),
        config=ConfigLayer(entry.plain("config") or {} if config else {}, entry.span("config")),
        grain=grain,
        columns=columns,
        constraints=read_constraints(entry),
    )
    tests = (*grain_tests, *column_tests, *read_tests(entry, subject))
    if resource == "snapshot":
        relation, place = entry.text("relation"), entry.span("relation")
        properties = replace(properties, relation=relation, relation_span=place)
    entry.ignore(*NODE_KEYS)
    entry.close()
    return properties, tests


def read_columns(
    entry: Entry, subject: Subject, *, read_column: Callable[[Entry], Column]
) -> tuple[tuple[Column, ...], tuple[DataTest, ...]]:
    """Takes ``columns:``; returns the columns and the tests that stand below them.

    ``read_column`` takes the keys of one column but its tests.
    """
    columns: dict[str, Column] = {}
    tests: list[DataTest] = []
    for item in entry.entries("columns", "column"):
        name = item.required_text("name")
        if not name:
            continue
        if name in columns:
            item.report(
                "K204", f"{entry.what} describes column '{name}' twice", span=item.span("name")
            )
        columns[name] = read_column(item)
        if item.has("data_tests") or item.has("tests"):
            tests += read_tests(item, replace(subject, column=name))
        item.ignore("config", *COLUMN_KEYS)
        item.close()
    return tuple(columns.values()), tuple(tests)


def read_model_column(item: Entry) -> Column:
    """Takes the keys of a column of a model or seed."""
    return Column(
        name=item.text("name"),
        data_type=item.text("data_type").lower(),
        description=item.text("description"),
        unit=item.text("unit"),
        constraints=read_constraints(item),
        places=item.places("data_type"),
        span=item.span("name"),
    )
