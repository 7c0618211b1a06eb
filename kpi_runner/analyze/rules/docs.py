"""What a project says about itself: descriptions, grains, YAML files, KPI entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType

from kpi_runner.analyze.rules.naming import read_columns
from kpi_runner.analyze.subject import Finding, Subject, top_of
from kpi_runner.core.kpi import Expression, Variant
from kpi_runner.core.names import layer_of
from kpi_runner.core.span import Span
from kpi_runner.load.yaml_file import Fields, Items

_MARTS = ("dim", "fct", "kpi")
_UNITS_WITH_ASSERTION = ("rate", "count")
_NODE = ("name", "description", "config", "grain", "columns", "data_tests", "tests")
ORDERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "models": _NODE,
        "seeds": _NODE,
        "sources": ("name", "description", "tables"),
        "tables": ("name", "description", "grain", "config", "columns"),
        "columns": (
            *("name", "data_type", "unit", "optional", "default", "description"),
            *("data_tests", "tests"),
        ),
        "kpis": (
            *("name", "label", "area", "kind", "pillar", "owner", "description", "purpose"),
            *("sources", "unit", "direction", "level", "default", "hidden", "model", "from"),
            *("time", "where", "incomplete_where", "measure", "numerator", "denominator"),
            *("formula", "over", "denominator_over", "additivity", "dimensions", "grains"),
            *("drivers", "min_sample"),
            *("maturity_days", "requires", "explains", "guardrails", "not_for", "benchmark"),
            *("replaced_by", "assertions", "variants", "versions"),
        ),
    }
)
"""Kind of entry → its keys in the order in which they stand; others stand anywhere."""


def descriptions(subject: Subject) -> Iterator[Finding]:
    """Every model has a description: one sentence that says what one row is."""
    for model in subject.models:
        if not model.description:
            hint = "Say in its YAML what one row is."
            yield Finding(top_of(model), f"'{model.name}' has no description", hint)


def grains(subject: Subject) -> Iterator[Finding]:
    """Every model has a `grain:`, the columns that tell its rows apart. It is tested, and the KPI
    compiler relies on it."""
    for model in subject.models:
        if not model.grain:
            hint = "Name in its YAML the columns that tell its rows apart."
            yield Finding(top_of(model), f"'{model.name}' has no grain", hint)


def mart_columns(subject: Subject) -> Iterator[Finding]:
    """Every column of a mart has a description: marts are what people read."""
    for model in subject.models:
        if layer_of(model.name) not in _MARTS:
            continue
        described = {column.name for column in model.columns if column.description}
        places = {column.name: column.span or top_of(model) for column in model.columns}
        places |= {column.name: column.span for column in read_columns(subject, model)}
        for name, span in places.items():
            if name not in described:
                message = f"the column '{name}' of '{model.name}' has no description"
                yield Finding(span, message, "Say in its YAML what it holds.")


def key_order(subject: Subject) -> Iterator[Finding]:
    """Keys of YAML stand in one order, the same in every file: what a thing is called and is comes
    before how it is made and tested."""
    for tree in subject.trees.values():
        if isinstance(tree, Fields):
            yield from _ordered(tree)


def _ordered(fields: Fields) -> Iterator[Finding]:
    for key in ORDERS:
        entries = fields.values.get(key)
        for entry in entries.items if isinstance(entries, Items) else ():
            if isinstance(entry, Fields):
                yield from _entry(entry, ORDERS[key])
                yield from _ordered(entry)


def _entry(entry: Fields, order: tuple[str, ...]) -> Iterator[Finding]:
    for before, key in pairwise(key for key in entry.values if key in order):
        if order.index(key) < order.index(before):
            message = f"'{key}' stands below '{before}'"
            yield Finding(entry.keys[key], message, f"Put it above '{before}'.")


def own_yaml(subject: Subject) -> Iterator[Finding]:
    """Every model has a YAML file of its own beside it, of the same name: the folder then shows
    what is not documented, and two people rarely edit one file."""
    for model in subject.models:
        beside = f"{model.path.rpartition('.')[0]}.yml"
        if beside not in subject.texts:
            name = beside.rpartition("/")[2]
            message = f"'{model.name}' has no YAML beside it"
            yield Finding(top_of(model), message, f"Describe it in '{name}' in the same folder.")


def kpi_entries(subject: Subject) -> Iterator[Finding]:
    """Every published KPI has an owner, a description, and an assertion: one of its own, or the
    one that follows from its unit (a rate, a count). Where raw tables are declared, it also says
    which of them it ``requires``, or it would show 0 where one is missing; a KPI that is made of
    other KPIs alone goes by theirs."""
    for kpi in subject.kpis:
        has_assertion = any(variant.assertions for variant in kpi.variants)
        wanted = {
            "owner": bool(kpi.owner),
            "description": bool(kpi.description),
            "assertion": has_assertion or kpi.unit in _UNITS_WITH_ASSERTION,
            "'requires'": not subject.project.sources or all(map(_knows_its_tables, kpi.variants)),
        }
        for what, is_there in wanted.items() if not kpi.is_hidden else ():
            if not is_there:
                message = f"the KPI '{kpi.name}' has no {what}"
                yield Finding(kpi.span or Span(kpi.path), message, "Add it to its entry.")


def _knows_its_tables(variant: Variant) -> bool:
    values = (variant.measure, variant.numerator, variant.denominator)
    reads = bool(variant.model) or any(isinstance(value, Expression) for value in values)
    return bool(variant.requires) or not reads
