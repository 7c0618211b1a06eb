"""``versions:`` of a KPI: definitions that held before, and up to which day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from kpi_runner.core.kpi import Variant
from kpi_runner.load.reader import Entry
from kpi_runner.load.variants import FORMS, overlay, read_variant
from kpi_runner.load.yaml_file import Fields, Tree

ABOUT = ("version", "effective_to", "reason")
CHANGES = (
    *("from", "time", "where", "over", "additivity", "denominator_over", "requires"),
    *(key for form in FORMS for key in form if key != "model"),
)
"""What a definition may have said otherwise."""


def read_versions(entry: Entry, variant: Variant) -> tuple[Variant, ...]:
    """Takes ``versions:`` of an entry, each merged over what the entry says now; earliest first.

    Reports a day that is none (K102), one that stands twice (K110), and versions of a KPI whose
    numbers come from a model (K507).
    """
    found = [
        one for item in entry.items("versions") if (one := _read(item, entry, variant=variant))
    ]
    if found and variant.model:
        hint = "Let the model say which numbers hold up to which day."
        message = f"KPI '{variant.id}' has versions, and comes from a model"
        entry.report("K507", message, span=entry.span("versions"), hint=hint)
    days = [one.effective_to for one in found]
    for one in found:
        if days.count(one.effective_to) > 1:
            message = f"two versions of '{variant.id}' end on {one.effective_to}"
            entry.report("K110", message, span=one.span, hint="A version ends before the next.")
            break
    return tuple(sorted(found, key=lambda one: one.effective_to))


def _read(item: Tree, entry: Entry, *, variant: Variant) -> Variant | None:
    version = entry.as_entry(item, "versions", what=f"a version of {entry.what}")
    if version is None:
        return None
    name, day = version.required_text("version"), version.required_text("effective_to")
    reason = version.text("reason")
    version.ignore(*CHANGES)
    version.close()
    if day and not _is_day(day):
        message = f"'effective_to' of {version.what} is '{day}', not a date"
        version.report("K102", message, span=version.span("effective_to"), hint="Write 2025-12-31.")
        return None
    said = version.fields
    kept = [key for key in said.values if key in CHANGES]
    changes = Fields(
        {key: said.values[key] for key in kept}, {key: said.keys[key] for key in kept}, said.span
    )
    merged = Entry(overlay(entry.fields, changes), entry.what, diagnostics=entry.diagnostics)
    earlier = read_variant(merged, kpi=variant.kpi, name=variant.name, label=variant.label)
    return replace(
        earlier,
        assertions=(),
        effective_to=day,
        overrides={"version": name, "reason": reason},
        span=said.span,
    )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
