"""What columns are called: one name for one quantity, and a name that says what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kpi_runner.analyze.subject import Finding, Subject, top_of
from kpi_runner.core.names import layer_of
from kpi_runner.core.node import Model
from kpi_runner.core.span import Span
from kpi_runner.sql.outline import Group, Node, leaves, word_of
from kpi_runner.sql.tokens import Token

_BARE = ("id", "name", "type", "date", "value")
_PLAIN = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
_UNITS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "money": ("amount",),
        "count": ("count", "quantity", "rank"),
        "rate": ("rate",),
        "seconds": ("seconds",),
        "minutes": ("minutes",),
        "days": ("days",),
        "months": ("months",),
    }
)
"""Unit → words of which a column's name has one."""

_TYPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"boolean": ("is", "has", "was"), "date": ("date",), "timestamp": ("at", "hour")}
)


@dataclass(frozen=True, slots=True)
class Named:
    """A column of a model or seed, as far as its text or YAML tells."""

    owner: str
    name: str
    span: Span
    data_type: str = ""
    unit: str = ""


def read_columns(subject: Subject, model: Model) -> tuple[Named, ...]:
    """Returns the columns that the text of a model lists in its result."""
    found = []
    for item in (
        item for query in subject.queries(model) if query.name == "final" for item in query.items
    ):
        last = item[-1]
        if isinstance(last, Token) and "{" not in last.text and not last.text.endswith("*"):
            span = subject.span(model.path, last.start, end=last.end)
            name = last.text.rpartition(".")[2]
            found.append(Named(model.name, name, span, _type_of(item)))
    return tuple(found)


def _type_of(item: Sequence[Node]) -> str:
    """Returns the type of an item where its text says it."""
    value = item[:-2] if len(item) > 2 and word_of(item[-2]) == "as" else item
    words = [word_of(node) for node in value]
    if words in (["true"], ["false"]) or words[-2:] == ["is", "null"]:
        return "boolean"
    if words[-3:] == ["is", "not", "null"]:
        return "boolean"
    if len(value) == 2 and words[0] == "cast" and isinstance(value[1], Group):
        inner = value[1].items
        cuts = [index for index, node in enumerate(inner) if word_of(node) == "as"]
        return (
            "".join(token.text.lower() for token in leaves(inner[cuts[-1] + 1 :])) if cuts else ""
        )
    return ""


def column_names(subject: Subject) -> Iterator[Finding]:
    """A column's name is lower case and says what it holds: never `id`, `name`, `type`, `date` or
    `value` alone; `is_`, `has_` or `was_` for a boolean, `_date` and `_at` for a day and a moment,
    and the word of its unit (`_amount`, `_count`, `_quantity`, `_days`). The KPI tables, whose
    columns are fixed, are left out."""
    for model in subject.models:
        if layer_of(model.name) == "kpi":
            continue
        listed = read_columns(subject, model)
        names = {column.name for column in listed}
        declared = [column for column in _declared(model) if column.name not in names]
        for column in (*listed, *declared):
            yield from _shape(column)
        for column in (*listed, *_declared(model)):
            yield from _words(column, _TYPES.get(column.data_type, ()))
            yield from _words(column, _UNITS.get(column.unit, ()))


def _shape(column: Named) -> Iterator[Finding]:
    if column.name in _BARE:
        message = f"the name '{column.name}' does not say of what"
        yield Finding(column.span, message, f"Say it: '<entity>_{column.name}'.")
    elif not _PLAIN.match(column.name):
        message = f"the name '{column.name}' is not words in lower case joined by '_'"
        yield Finding(column.span, message, "Name it so.")


def _words(column: Named, wanted: tuple[str, ...]) -> Iterator[Finding]:
    if wanted and not set(wanted) & set(column.name.lower().split("_")):
        words = " or ".join(f"'{word}'" for word in wanted)
        kind = column.unit or column.data_type
        message = f"the name '{column.name}' does not tell its {kind}"
        yield Finding(column.span, message, f"Use the word {words} in it.")


def column_types(subject: Subject) -> Iterator[Finding]:
    """Columns of one name have one type and one unit in all models and seeds, as far as YAML and
    casts tell: another quantity has another name."""
    types: dict[str, Named] = {}
    units: dict[str, Named] = {}
    for column in _all_columns(subject):
        for known, kind, said in (
            (types, "type", column.data_type),
            (units, "unit", column.unit),
        ):
            first = known.setdefault(column.name, column) if said else column
            other = first.data_type if kind == "type" else first.unit
            if said != other:
                message = (
                    f"'{column.name}' has the {kind} '{said}', but '{other}' in '{first.owner}'"
                )
                yield Finding(column.span, message, "Give it that one, or another name.")


def _all_columns(subject: Subject) -> Iterator[Named]:
    for seed in subject.project.seeds.values():
        for column in seed.columns:
            span = column.span or Span(seed.path)
            yield Named(seed.name, column.name, span, column.data_type, column.unit)
    for model in subject.models:
        yield from _declared(model)
        yield from read_columns(subject, model)


def _declared(model: Model) -> tuple[Named, ...]:
    return tuple(
        Named(model.name, one.name, one.span or top_of(model), one.data_type, one.unit)
        for one in model.columns
    )
