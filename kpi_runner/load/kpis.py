"""kpis.yml and kpis/*.yml → Kpi, with every variant merged over its entry.

Knows the keys of the contract and the shape of each value. Parses no SQL, and does not know
which models or KPIs exist.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.kpi import Kpi, Variant
from kpi_runner.load.reader import Entry
from kpi_runner.load.variants import VARIANT_KEYS, check_total_over, overlay, read_variant
from kpi_runner.load.versions import read_versions
from kpi_runner.load.yaml_file import Fields, Scalar, Tree

AREAS = ("sales", "marketing", "care", "experience")
KINDS = ("hard", "soft")
PILLARS = ("acquisition", "retention", "both")
LEVELS = ("gold", "silver")
TOP_LEVEL = ("goals", "actions", "calendar", "version")

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_VARIANT_NAME = re.compile(r"[a-z0-9_]+\Z")
_ENTRY_KEYS = (
    *("pillar", "purpose", "sources", "explains", "guardrails", "benchmark", "not_for", "level"),
    *("replaced_by", "drivers", "hidden"),
)


def read_kpis(
    tree: Tree | None, path: str, *, project: str, diagnostics: list[Diagnostic]
) -> tuple[Kpi, ...]:
    """Reads one file of KPIs."""
    if tree is None:
        return ()
    if not isinstance(tree, Fields):
        message = f"'{path}' is not a mapping"
        diagnostics.append(Diagnostic("K102", message, tree.span, "Start with 'kpis:'."))
        return ()
    top = Entry(tree, f"'{path}'", diagnostics=diagnostics)
    found = [_read_kpi(entry, path, project=project) for entry in top.entries("kpis", "KPI")]
    top.ignore(*TOP_LEVEL)
    top.close()
    return tuple(kpi for kpi in found if kpi)


def _read_kpi(entry: Entry, path: str, *, project: str) -> Kpi | None:
    name = entry.required_text("name")
    if not name or not _is_name(entry, name):
        return None
    for key in ("area", "kind", *(() if entry.has("default") else ("unit", "direction"))):
        entry.required_text(key)
    kpi = Kpi(
        id=f"kpi.{project}.{name}",
        name=name,
        label=_label(entry, name),
        area=entry.choice("area", AREAS),
        kind=entry.choice("kind", KINDS),
        pillar=entry.choice("pillar", PILLARS),
        owner=entry.text("owner"),
        description=entry.text("description"),
        purpose=entry.text("purpose"),
        sources=entry.texts("sources"),
        explains=entry.texts("explains"),
        guardrails=_read_guardrails(entry),
        benchmark=_read_benchmark(entry),
        not_for=entry.text("not_for"),
        level=entry.choice("level", LEVELS),
        replaced_by=entry.text("replaced_by"),
        drivers=entry.text("drivers"),
        is_hidden=entry.boolean("hidden"),
        variants=_read_variants(entry, name),
        path=path,
        places=entry.places(),
        span=entry.span("name"),
    )
    entry.ignore(*VARIANT_KEYS)
    entry.close()
    return kpi


def _is_name(entry: Entry, name: str) -> bool:
    if _NAME.match(name):
        return True
    hint = "Lower-case letters, digits and '_', starting with a letter."
    message = f"'{name}' cannot be the name of a KPI"
    entry.report("K102", message, span=entry.span("name"), hint=hint)
    return False


def _label(entry: Entry, name: str) -> str:
    return entry.text("label") or name.replace("_", " ").capitalize()


def _read_variants(entry: Entry, name: str) -> tuple[Variant, ...]:
    has_default = not entry.choice("default", ("none",))
    below = entry.entry("variants")
    changes = below.fields.values.items() if below else ()
    variants = [_read_variant(key, tree, parent=entry, kpi=name) for key, tree in changes]
    if has_default:
        default = read_variant(entry, kpi=name, name="", label=_label(entry, name))
        default = replace(default, versions=read_versions(entry, default))
        variants = [default, *variants]
    elif not variants:
        hint = "Add 'variants:', or leave 'default: none' out."
        message = f"{entry.what} has neither a default nor variants"
        entry.report("K507", message, span=entry.span("default"), hint=hint)
    found = tuple(variant for variant in variants if variant)
    check_total_over(entry, {name for variant in found for name in variant.dimensions})
    return found


def _read_variant(key: str, tree: Tree, *, parent: Entry, kpi: str) -> Variant | None:
    changes = parent.as_entry(tree, key, what=f"variant '{key}' of {parent.what}")
    if changes is None:
        return None
    if not _VARIANT_NAME.match(key):
        message = f"'{key}' cannot be the name of a variant"
        hint = "Lower-case letters, digits and '_'."
        changes.report("K102", message, span=changes.fields.span, hint=hint)
    changes.ignore(*VARIANT_KEYS, *_ENTRY_KEYS, "versions")
    changes.close()
    # Named as the parent, so that a mistake in an inherited key is one finding, not many.
    fields = overlay(parent.fields, changes.fields)
    merged = Entry(fields, parent.what, diagnostics=parent.diagnostics)
    if parent.has("default"):
        for needed in ("unit", "direction"):
            merged.required_text(needed)
    variant = read_variant(merged, kpi=kpi, name=key, label=_label(merged, kpi))
    check_total_over(changes, variant.dimensions)
    variant = replace(variant, versions=read_versions(merged, variant))
    overrides = {k: changes.plain(k) for k in _ENTRY_KEYS if changes.has(k)}
    return replace(variant, overrides=overrides)


def _read_guardrails(entry: Entry) -> tuple[Mapping[str, Any], ...]:
    """Takes guardrails, each a name or ``{kpi, margin, min_effect}``."""
    found: list[Mapping[str, Any]] = []
    for item in entry.items("guardrails"):
        if isinstance(item, Scalar):
            found.append({"kpi": item.text})
            continue
        guardrail = entry.as_entry(item, "guardrails", what=f"a guardrail of {entry.what}")
        if guardrail:
            values = {"kpi": guardrail.required_text("kpi")}
            optional = {key: guardrail.plain(key) for key in ("margin", "min_effect")}
            guardrail.close()
            found.append(values | {k: v for k, v in optional.items() if v is not None})
    return tuple(found)


def _read_benchmark(entry: Entry) -> Mapping[str, Any]:
    plain = entry.plain("benchmark") if entry.entry("benchmark") else None
    return plain or {}
