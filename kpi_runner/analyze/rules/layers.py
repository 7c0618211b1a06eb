"""Who may read whom. Told from references alone: no SQL is rendered, no database asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kpi_runner.analyze.subject import Finding, Subject, top_of
from kpi_runner.core.names import layer_of
from kpi_runner.core.node import Model, Ref, Seed
from kpi_runner.sql.outline import Group, leaves, word_of
from kpi_runner.sql.queries import Relation
from kpi_runner.sql.tokens import Kind, Token

READS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "snap": (),
        "stg": ("snap",),
        "int": ("stg", "snap", "int", "seed"),
        "dim": ("stg", "int", "dim", "seed"),
        "fct": ("stg", "int", "dim", "fct", "seed"),
        "kpi": ("fct", "dim", "kpi"),
    }
)
"""Layer → what its models may read, beside sources."""

_SOURCE_LAYERS = ("snap", "stg")


def layers(subject: Subject) -> Iterator[Finding]:
    """A model reads only what is below it: `stg_` a source or a snapshot; `int_` staging, `int_`
    and seeds; `dim_` those and `dim_`; `fct_` those and a `fct_` of finer grain; `kpi_` reads
    `fct_`, `dim_` and `kpi_`. So each rule of the business stands in one place."""
    for model in subject.models:
        layer = layer_of(model.name)
        for ref in model.scan.refs if layer in READS else ():
            parent = subject.project.find_model(ref.name)
            if parent:
                yield from _read(model, parent, ref=ref)
        for source in model.scan.sources if layer in READS and layer not in _SOURCE_LAYERS else ():
            message = f"'{model.name}' reads the source '{source.source}.{source.table}' itself"
            yield Finding(source.span or top_of(model), message, "Read its staging model.")


def _read(model: Model, parent: Model | Seed, *, ref: Ref) -> Iterator[Finding]:
    layer = layer_of(model.name)
    other = "seed" if isinstance(parent, Seed) else layer_of(parent.name)
    span = ref.span or top_of(model)
    if other and other not in READS[layer]:
        names = ["a source", *(f"{name}_" for name in READS[layer])]
        words = ", ".join(names if layer in _SOURCE_LAYERS else names[1:]).replace("seed_", "seeds")
        message = f"'{model.name}' must not read '{parent.name}'"
        yield Finding(span, message, f"What a {layer}_ model may read: {words}.")
    is_coarse = bool(parent.grain) and set(parent.grain) <= set(model.grain)
    if layer == other == "fct" and is_coarse:
        hint = "Read what it is made of: a fact reads another one only at a finer grain."
        yield Finding(span, f"'{parent.name}' has no finer grain than '{model.name}'", hint)


def one_source(subject: Subject) -> Iterator[Finding]:
    """A staging model or snapshot reads exactly one source, or one snapshot, and neither joins nor
    aggregates: it renames and types what landed, and nothing else."""
    for model in subject.models:
        if layer_of(model.name) not in _SOURCE_LAYERS:
            continue
        count = len({(source.source, source.table) for source in model.scan.sources})
        count += sum(layer_of(ref.name) == "snap" for ref in model.scan.refs)
        if count != 1:
            message = f"'{model.name}' reads {count} sources"
            yield Finding(top_of(model), message, "Stage one source in it.")
        for piece in (piece for query in subject.queries(model) for piece in query.clauses):
            words = [word_of(node) for node in piece.body[:3]]
            if "join" in words or words[:2] == ["group", "by"]:
                does = "joins" if "join" in words else "aggregates"
                first = next(leaves(piece.body))
                span = subject.span(model.path, first.start, end=first.end)
                hint = "Do it in an intermediate model."
                yield Finding(span, f"the staging model '{model.name}' {does}", hint)


def hard_coded(subject: Subject) -> Iterator[Finding]:
    """What a model reads is named by `ref()` or `source()`. A relation that is written out is not
    seen by the graph, and belongs to one target only."""
    for path, sheet in subject.sheets.items():
        names = {query.name.lower() for query in sheet.queries}
        for relation in (one for query in sheet.queries for one in query.relations):
            name = _written(relation)
            if name and name.text.lower() not in names:
                span = subject.span(path, name.start, end=name.end)
                hint = "Name it with {{ ref('…') }} or {{ source('…', '…') }}."
                yield Finding(span, f"'{name.text}' is read past ref and source", hint)


def _written(relation: Relation) -> Token | None:
    """Returns the name of a relation that is neither a template's nor a function's."""
    first, *further = relation.nodes
    is_call = bool(further) and isinstance(further[0], Group)
    if not isinstance(first, Token) or is_call or "{" in first.text:
        return None
    return first if first.kind in (Kind.WORD, Kind.NAME, Kind.STRING) else None
