"""What stands beside KPIs in their files: ``goals:``, ``actions:`` and ``calendar:``.

Knows their keys and the shape of each value; whether the KPIs that they name exist is checked
once all files are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.span import Span
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Fields, Scalar, Tree

WEEK_STARTS = ("monday", "sunday")
MONTHS = range(1, 13)
TARGET_KINDS = ("relative", "absolute", "range")
PACINGS = ("linear", "seasonal", "none")
SEVERITIES = ("info", "warn", "error")
GOAL_KEYS = (
    *("label", "variant", "owner", "description", "where", "filter", "dimension", "segment"),
    *("baseline", "baseline_value", "target", "target_value", "target_change"),
)
ACTION_KEYS = (
    *("label", "variant", "owner", "dimension", "segment", "when", "condition", "evidence"),
    *("diagnosis", "look_at"),
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A KPI that a goal or action names, as ``kpi`` or ``kpi.variant``."""

    kpi: str
    reader: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Governance:
    """What one file says beside its KPIs. ``calendar``: its settings, empty where it says none."""

    mentions: tuple[Mention, ...] = ()
    calendar: Mapping[str, Any] = field(default_factory=dict)
    calendar_span: Span | None = None


def read_governance(tree: Tree | None, path: str, *, diagnostics: list[Diagnostic]) -> Governance:
    """Reads what stands beside the KPIs of a file."""
    if not isinstance(tree, Fields):
        return Governance()
    top = Entry(tree, f"'{path}'", diagnostics=diagnostics)
    mentions: list[Mention] = []
    for key, (noun, read) in _SECTIONS.items():
        for entry in top.entries(key, noun):
            mentions += read(entry)
            entry.close()
    calendar = top.entry("calendar", "'calendar'")
    settings = _read_calendar(calendar) if calendar else {}
    return Governance(tuple(mentions), settings, calendar.fields.span if calendar else None)


def _read_goal(entry: Entry) -> list[Mention]:
    mentions = _named_kpi(entry)
    days = {key: _day(entry, key) for key in ("period_start", "deadline")}
    for key in ("baseline_start", "baseline_end"):
        _day(entry, key)
    if not entry.has("deadline"):
        hint = "A goal holds up to a day."
        entry.report("K104", f"{entry.what} has no 'deadline'", span=entry.fields.span, hint=hint)
    start, deadline = days["period_start"], days["deadline"]
    if start and deadline and deadline <= start:
        message = f"the deadline of {entry.what} is not after its period_start {start}"
        entry.report("K110", message, span=entry.span("deadline"))
    entry.choice("target_kind", TARGET_KINDS)
    entry.choice("pacing", PACINGS)
    for item in entry.items("guardrails"):
        if isinstance(item, Scalar):
            mentions.append(Mention(item.text.partition(":")[0], entry.what, item.span))
        elif guardrail := entry.as_entry(item, "guardrails", what=f"a guardrail of {entry.what}"):
            mentions += _named_kpi(guardrail)
            guardrail.ignore("name", "margin", "min_effect")
            guardrail.close()
    entry.ignore(*GOAL_KEYS)
    return mentions


def _read_action(entry: Entry) -> list[Mention]:
    mentions = _named_kpi(entry)
    entry.required_text("action")
    entry.choice("severity", SEVERITIES)
    entry.ignore(*ACTION_KEYS)
    return mentions


_SECTIONS: Mapping[str, tuple[str, Callable[[Entry], list[Mention]]]] = MappingProxyType(
    {"goals": ("goal", _read_goal), "actions": ("action", _read_action)}
)


def _named_kpi(entry: Entry) -> list[Mention]:
    if not entry.what.startswith("a guardrail"):
        entry.required_text("name")
    name = entry.required_text("kpi")
    variant = entry.text("variant") if entry.has("variant") else ""
    full = f"{name}.{variant}" if variant else name
    return [Mention(full, entry.what, entry.span("kpi"))] if name else []


def _day(entry: Entry, key: str) -> date | None:
    text = entry.text(key)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"'{key}' of {entry.what} is '{text}', not a date"
        entry.report("K102", message, span=entry.span(key), hint="Write 2026-03-31.")
        return None


def _read_calendar(entry: Entry) -> Mapping[str, Any]:
    settings: dict[str, Any] = {}
    if entry.has("week_start"):
        settings["week_start"] = entry.choice("week_start", WEEK_STARTS)
    if entry.has("fiscal_year_start_month"):
        month = entry.integer("fiscal_year_start_month")
        if month not in MONTHS:
            message = f"'fiscal_year_start_month' is {month}, which is no month"
            place = entry.span("fiscal_year_start_month")
            entry.report("K105", message, span=place, hint="It takes 1 to 12.")
        settings["fiscal_year_start_month"] = month
    entry.close()
    return settings
