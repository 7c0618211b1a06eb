"""Links KPIs: to the models they read, to the KPIs they are made of and to those they name.

Pure. Formulas are not parsed here: a word that is the name of a KPI is a reference to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.kpi import Kpi, KpiRef, Variant
from kpi_runner.core.names import NodeId, layer_of
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.link import Names

READABLE = {"from": ("fct", "dim"), "model": ("kpi",)}
"""The layers that each key may name; a name without a layer prefix is free."""

CALENDAR = "dim_dates"
"""The model that every KPI takes its periods from, where a project has one."""

CATALOG = "catalog"
"""The area of every KPI: ``kpis('catalog')`` lists what all of them mean."""

_WORD = re.compile(r"'(?:[^']|'')*'|([a-z_]\w*)(?:\.\w+)?")


def group_by_area(kpis: Mapping[str, Kpi], areas: tuple[str, ...]) -> dict[str, tuple[NodeId, ...]]:
    """Returns the ids of each area's KPIs, and of all under ``catalog``."""
    groups = {a: tuple(kpi.id for kpi in kpis.values() if kpi.area == a) for a in areas}
    return {**groups, CATALOG: tuple(kpi.id for kpi in kpis.values())}


def link_kpi(
    kpi: Kpi, kpis: Mapping[str, Kpi], *, names: Names, diagnostics: list[Diagnostic]
) -> tuple[NodeId, ...]:
    """Returns the models and KPIs that a KPI is computed from, each once.

    Reports unknown models (K201) and source tables (K202), models of a wrong layer (K207) and
    unknown KPIs (K506).
    """
    parents: list[NodeId] = []
    if CALENDAR in names.relations:
        parents.append(names.relations[CALENDAR])
    for variant in (one for current in kpi.variants for one in (current, *current.versions)):
        for key, model in (("from", variant.source_model), ("model", variant.model)):
            if model:
                parents += _link_model(
                    model, key, variant=variant, names=names, diagnostics=diagnostics
                )
        for part in (variant.numerator, variant.denominator):
            if isinstance(part, KpiRef) and _is_kpi(
                part.name, part.span, reader=kpi, kpis=kpis, diagnostics=diagnostics
            ):
                parents.append(kpis[part.name.partition(".")[0]].id)
        if variant.formula:
            words = (match[1] for match in _WORD.finditer(variant.formula.sql))
            parents += [kpis[word].id for word in words if word in kpis]
    _check_tables(kpi, names=names, diagnostics=diagnostics)
    for name, span in _named_kpis(kpi):
        _is_kpi(name, span, reader=kpi, kpis=kpis, diagnostics=diagnostics)
    return tuple(node for node in dict.fromkeys(parents) if node != kpi.id)


def _check_tables(kpi: Kpi, *, names: Names, diagnostics: list[Diagnostic]) -> None:
    """Reports tables under ``requires`` that no source declares (K202)."""
    wanted = dict.fromkeys(table for variant in kpi.variants for table in variant.requires)
    for table in wanted:
        if table not in names.sources:
            message = f"KPI '{kpi.name}' requires unknown source table '{table}'"
            hint = did_you_mean(table, names.sources)
            diagnostics.append(Diagnostic("K202", message, kpi.places.get("requires"), hint))


def _named_kpis(kpi: Kpi) -> Iterator[tuple[str, Span | None]]:
    """Yields what the documentation of a KPI names; a variant of a KPI counts as named."""
    for key, values in (
        ("explains", kpi.explains),
        ("guardrails", tuple(str(guardrail["kpi"]) for guardrail in kpi.guardrails)),
        ("replaced_by", (kpi.replaced_by,) if kpi.replaced_by else ()),
    ):
        for value in values:
            yield value, kpi.places.get(f"{key}.{value}") or kpi.places.get(key)


def _link_model(
    model: str, key: str, *, variant: Variant, names: Names, diagnostics: list[Diagnostic]
) -> tuple[NodeId, ...]:
    place = variant.places.get(key) or variant.span
    if model not in names.relations:
        candidates = [n for n in names.relations if layer_of(n) in (*READABLE[key], "")]
        message = f"KPI '{variant.kpi}' reads unknown model '{model}'"
        diagnostics.append(Diagnostic("K201", message, place, did_you_mean(model, candidates)))
        return ()
    layer = layer_of(model)
    if layer and layer not in READABLE[key]:
        allowed = " or ".join(f"{prefix}_" for prefix in READABLE[key])
        message = f"KPI '{variant.kpi}' reads '{model}', which is a {layer}_ model"
        hint = f"'{key}:' names {allowed} models."
        diagnostics.append(Diagnostic("K207", message, place, hint))
    return (names.relations[model],)


def _is_kpi(
    name: str,
    span: Span | None,
    *,
    reader: Kpi,
    kpis: Mapping[str, Kpi],
    diagnostics: list[Diagnostic],
) -> bool:
    """Says whether ``kpi`` or ``kpi.variant`` exists, and reports it if not (K506)."""
    base, _, variant = name.partition(".")
    known = kpis.get(base)
    variants = [v.id for v in known.variants] if known else []
    if known and (not variant or name in variants):
        return True
    candidates = variants if known else kpis
    message = f"KPI '{reader.name}' names unknown KPI '{name}'"
    diagnostics.append(Diagnostic("K506", message, span, did_you_mean(name, candidates)))
    return bool(known)


def collect_kpis(found: Iterable[Kpi], diagnostics: list[Diagnostic]) -> dict[str, Kpi]:
    """Returns KPIs by name; reports a name that two entries share (K204)."""
    kpis: dict[str, Kpi] = {}
    for kpi in found:
        first = kpis.setdefault(kpi.name, kpi)
        if first is not kpi:
            message = f"KPI '{kpi.name}' is defined twice"
            notes = (f"first at {first.span}",)
            diagnostics.append(Diagnostic("K204", message, kpi.span, "Rename one.", notes))
    return kpis
