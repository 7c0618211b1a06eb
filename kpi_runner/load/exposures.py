"""``exposures:`` in YAML → Exposure: who uses what the project publishes, in dbt's keys."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Exposure, Ref, Scan, SourceRef
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.link import Names, link_scan
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Scalar

TYPES = ("dashboard", "notebook", "analysis", "ml", "application")
MATURITIES = ("high", "medium", "low")
_CALL = re.compile(
    r"\s*(ref|source|metric)\s*\(\s*(['\"])(?P<first>[^'\"]*)\2"
    r"(?:\s*,\s*(['\"])(?P<second>[^'\"]*)\4)?\s*\)\s*\Z"
)


def read_exposure(entry: Entry, *, project: str) -> Exposure | None:
    """Reads one entry of ``exposures:``; None where it has no name or is disabled."""
    name = entry.required_text("name")
    config, owner = entry.entry("config"), entry.entry("owner")
    tags = (*entry.texts("tags"), *(config.texts("tags") if config else ()))
    is_enabled = config.boolean("enabled", default=True) if config else True
    refs, sources, kpis = _read_reads(entry)
    exposure = Exposure(
        id=f"exposure.{project}.{name}",
        name=name,
        kind=entry.choice("type", TYPES),
        label=entry.text("label") or name,
        url=entry.text("url"),
        maturity=entry.choice("maturity", MATURITIES),
        owner={key: owner.text(key) for key in owner.fields.values} if owner else {},
        description=entry.text("description"),
        tags=tags,
        scan=Scan(refs=refs, sources=sources),
        kpis=kpis,
        path=entry.fields.span.path,
        span=entry.span("name"),
    )
    entry.ignore("meta")
    if config:
        config.ignore("meta")
        config.close()
    entry.close()
    return exposure if name and is_enabled else None


def index_exposures(
    found: Iterable[Exposure], diagnostics: list[Diagnostic]
) -> dict[NodeId, Exposure]:
    """Returns exposures by id; reports a name that repeats (K204)."""
    exposures: dict[NodeId, Exposure] = {}
    for exposure in found:
        first = exposures.setdefault(exposure.id, exposure)
        if first is not exposure:
            message = f"exposure '{exposure.name}' is declared twice"
            notes = (f"first at {first.span}",)
            diagnostics.append(Diagnostic("K204", message, exposure.span, "Rename one.", notes))
    return exposures


def link_exposure(
    exposure: Exposure, *, names: Names, kpis: Iterable[str], diagnostics: list[Diagnostic]
) -> tuple[NodeId, ...]:
    """Returns what an exposure reads; reports what does not exist (K201, K202, K506)."""
    what = f"exposure '{exposure.name}'"
    read = link_scan(exposure.scan, what, names=names, unknown="K201", diagnostics=diagnostics)
    known = frozenset(kpis)
    for name in exposure.kpis:
        if name not in known:
            message = f"{what} names unknown KPI '{name}'"
            diagnostics.append(
                Diagnostic("K506", message, exposure.span, did_you_mean(name, known))
            )
    found = [f"kpi.{names.project}.{name}" for name in exposure.kpis if name in known]
    return tuple(dict.fromkeys((*read, *found)))


def _read_reads(
    entry: Entry,
) -> tuple[tuple[Ref, ...], tuple[SourceRef, ...], tuple[str, ...]]:
    refs: list[Ref] = []
    sources: list[SourceRef] = []
    kpis: list[str] = []
    for scalar in entry.scalars("depends_on"):
        call = _CALL.match(scalar.text)
        if call is None or (call[1] == "source") != (call["second"] is not None):
            _report_call(entry, scalar)
        elif call[1] == "ref":
            refs.append(Ref(call["first"], span=scalar.span))
        elif call[1] == "source":
            sources.append(SourceRef(call["first"], call["second"], scalar.span))
        else:
            kpis.append(call["first"])
    return tuple(refs), tuple(sources), tuple(kpis)


def _report_call(entry: Entry, scalar: Scalar) -> None:
    entry.report(
        "K102",
        f"'depends_on' is '{scalar.text}', not a call",
        span=scalar.span,
        hint="Write ref('model'), source('source', 'table') or metric('kpi').",
    )
