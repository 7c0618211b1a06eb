"""Links names to nodes: who reads whom, unknown names, circles.

Pure: it gets what was read and returns ids. Knows no files and no YAML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import DataTest, Model, Ref, Scan, Seed, SourceRef
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a name can stand for."""

    project: str
    relations: Mapping[str, NodeId]
    sources: Mapping[str, NodeId]
    disabled: Set[str]
    areas: Mapping[str, tuple[NodeId, ...]]


LONGEST_NAME = 200
"""Names become names of files, which have 255 bytes at most."""


def find_long_names(nodes: Iterable[Model | Seed | DataTest]) -> list[Diagnostic]:
    """Returns the findings (K105) on names that no file could have."""
    return [
        Diagnostic(
            "K105",
            f"the name '{node.name[:40]}…' has {len(node.name.encode())} bytes",
            node.span or Span(node.path),
            f"Names have at most {LONGEST_NAME}.",
        )
        for node in nodes
        if len(node.name.encode()) > LONGEST_NAME
    ]


def link_scan(
    scan: Scan, reader: str, *, names: Names, unknown: str, diagnostics: list[Diagnostic]
) -> tuple[NodeId, ...]:
    """Returns the nodes that a template reads, each once, in order.

    ``reader`` names the template in messages; ``unknown`` is the code of an unknown ref.
    """
    found = [
        _link_ref(ref, reader, names=names, unknown=unknown, diagnostics=diagnostics)
        for ref in scan.refs
    ]
    found += [
        _link_source(ref, reader, names=names, diagnostics=diagnostics) for ref in scan.sources
    ]
    parents = [node for node in found if node]
    for call in scan.kpis:
        if call.area in names.areas:
            parents += names.areas[call.area]
        else:
            hint = did_you_mean(call.area, names.areas) or f"Areas: {', '.join(names.areas)}."
            message = f"{reader} asks for the KPIs of the unknown area '{call.area}'"
            diagnostics.append(Diagnostic("K105", message, call.span, hint))
    return tuple(dict.fromkeys(parents))


def _link_ref(
    ref: Ref, reader: str, *, names: Names, unknown: str, diagnostics: list[Diagnostic]
) -> NodeId:
    is_ours = ref.package in ("", names.project)
    if is_ours and ref.name in names.relations:
        return names.relations[ref.name]
    if is_ours and ref.name in names.disabled:
        message = f"{reader} refers to disabled model '{ref.name}'"
        hint = "Enable it, or do not refer to it."
    elif not is_ours:
        message = f"{reader} refers to model '{ref.name}' of unknown package '{ref.package}'"
        hint = f"The project's own name is '{names.project}'."
    else:
        message = f"{reader} refers to unknown model '{ref.name}'"
        hint = did_you_mean(ref.name, names.relations)
        tables = [name for name in names.sources if name.endswith(f".{ref.name}")]
        if not hint and tables:
            source, _, table = tables[0].partition(".")
            hint = f"A raw table is read with source('{source}', '{table}')."
    diagnostics.append(Diagnostic(unknown, message, ref.span, hint))
    return ""


def _link_source(
    ref: SourceRef, reader: str, *, names: Names, diagnostics: list[Diagnostic]
) -> NodeId:
    name = f"{ref.source}.{ref.table}"
    if name in names.sources:
        return names.sources[name]
    hint = did_you_mean(name, names.sources) or "Declare the table under sources: in YAML."
    message = f"{reader} reads unknown source '{name}'"
    diagnostics.append(Diagnostic("K202", message, ref.span, hint))
    return ""


def link_test(
    test: DataTest, nodes: Mapping[NodeId, object], *, names: Names, diagnostics: list[Diagnostic]
) -> tuple[NodeId, ...]:
    """Returns what a test reads: the node it is about, and the refs of its arguments."""
    own = (test.node,) if test.node in nodes else ()
    code = "K201" if test.kind == "singular" else "K205"
    read = link_scan(
        test.scan, f"data test '{test.name}'", names=names, unknown=code, diagnostics=diagnostics
    )
    return tuple(dict.fromkeys((*own, *read)))


def find_cycles(
    parents: Mapping[NodeId, tuple[NodeId, ...]],
    spans: Mapping[NodeId, Span | None],
    *,
    places: Mapping[tuple[NodeId, NodeId], Span | None],
) -> tuple[Diagnostic, ...]:
    """Returns one finding per circle (K203; K508 where all its nodes are KPIs).

    ``spans`` holds the place of each node, ``places`` that of each single reference.
    """
    left = dict(parents)
    found = []
    while circle := _find_circle(left):
        found.append(_describe(circle, spans=spans, places=places))
        for node in circle:
            left.pop(node, None)
    return tuple(found)


def _find_circle(parents: Mapping[NodeId, tuple[NodeId, ...]]) -> list[NodeId]:
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        circle: list[NodeId] = error.args[1][:-1]
        start = circle.index(min(circle))
        return [*circle[start:], *circle[:start]]
    return []


def _describe(
    circle: list[NodeId],
    *,
    spans: Mapping[NodeId, Span | None],
    places: Mapping[tuple[NodeId, NodeId], Span | None],
) -> Diagnostic:
    # graphlib lists a node before the one that reads it; people follow the references.
    way = [circle[0], *circle[:0:-1], circle[0]]
    steps = [(step, places.get(step) or spans.get(step[0])) for step in pairwise(way)]
    code = "K508" if all(node.startswith("kpi.") for node in circle) else "K203"
    hint = "Take one of the references out."
    names = [node.rpartition(".")[2] for node in way]
    if len(circle) == 1:
        return Diagnostic(code, f"'{names[0]}' reads itself", steps[0][1], hint)
    notes = [f"'{name}' at {step[1]}" for name, step in zip(names[:-1], steps, strict=True)]
    message = f"these read each other in a circle: {' → '.join(names)}"
    return Diagnostic(code, message, steps[0][1], hint, tuple(notes))


ECHOES = frozenset({"K109", "K202", "K205", "K506"})
"""What follows from a YAML file that could not be read."""


def drop_echoes(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Returns the findings without unknown names that an unreadable YAML file may declare."""
    found = tuple(diagnostics)
    unreadable = [d for d in found if d.code in ("K101", "K107") and d.span]
    if not any(d.span and d.span.path.endswith((".yml", ".yaml")) for d in unreadable):
        return found
    return tuple(d for d in found if d.code not in ECHOES)


LENIENT = frozenset({"K103", "K109"})
"""What dbt lets pass: keys that it does not know, and descriptions of nothing."""


def soften(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Returns the findings of a dbt project: what dbt lets pass is a warning."""
    return tuple(
        replace(d, severity=Severity.WARN) if d.code in LENIENT else d for d in diagnostics
    )
