"""Writes `docs/kpis.md`: what each KPI is, how it is computed, what it is not for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kpi_runner.compile.definition import Definitions, dated_definitions
from kpi_runner.core.kpi import Kpi, Variant
from kpi_runner.core.project import Project

UNSAID = "**not said**"
"""Stands where an entry should say something: the test of the page refuses it."""

INTRODUCTION = """\
# The KPIs

All KPIs of the shop, made from `kpis.yml`; a test keeps this page current. How an entry is
written: [kpis_yml.md](kpis_yml.md). Which choices they rest on:
[models/DECISIONS.md](../models/DECISIONS.md).

A *hard* KPI is money, customers, orders or a promise kept; a *soft* one explains a hard one.
*Asked for by* names the documents that ask for a KPI, by number: 000 hard and soft KPIs, 001 the
KPIs of e-commerce, 002 setting the right KPIs, 003 goals of shopping malls, 004 customer
experience. A value of fewer trials than the *least sample* is shown and raises no alarm; it is
provisional until it is *mature*. Benchmarks are of grade A (a census or official figure) or B (a
vendor's published study).
"""
AREAS = {
    "sales": "Sales",
    "marketing": "Marketing",
    "care": "Customer care",
    "experience": "Customer experience",
}
DIRECTIONS = {"up": "higher is better", "down": "lower is better", "context": "depends"}


def kpis_page(project: Project) -> str:
    """Returns the page."""
    kpis = [kpi for kpi in project.kpis.values() if not kpi.is_hidden]
    variants = {v.id: v for kpi in project.kpis.values() for v in kpi.variants}
    hidden = frozenset(kpi.name for kpi in project.kpis.values() if kpi.is_hidden)
    known = Definitions(variants, hidden)
    parts = [INTRODUCTION]
    for area, title in AREAS.items():
        members = sorted((kpi for kpi in kpis if kpi.area == area), key=lambda kpi: kpi.name)
        if members:
            parts += [f"## {title}", _overview(members)]
            parts += [part for kpi in members for part in _details(kpi, known)]
    return "\n\n".join(part.strip("\n") for part in parts)


def _overview(kpis: Iterable[Kpi]) -> str:
    rows = [
        (
            f"[{variant.id}](#{kpi.name})",
            variant.description or kpi.description,
            variant.unit,
            DIRECTIONS.get(variant.direction, ""),
            kpi.kind,
            kpi.owner,
            _sources(kpi, variant),
        )
        for kpi in kpis
        for variant in kpi.variants
    ]
    return _table(("KPI", "what it is", "unit", "direction", "kind", "owner", "asked for by"), rows)


def _details(kpi: Kpi, known: Definitions) -> Iterator[str]:
    yield f'### <a id="{kpi.name}"></a>{kpi.label} · `{kpi.name}`'
    yield f"{kpi.description or UNSAID} {kpi.purpose or UNSAID}"
    first = kpi.variants[0]
    yield _table(
        ("", ""),
        [
            ("kind, pillar, owner", f"{kpi.kind}, {kpi.pillar or UNSAID}, {kpi.owner or UNSAID}"),
            ("asked for by", _sources(kpi, first)),
            ("explains", _listed(kpi.explains, none=_explains_nothing(kpi))),
            ("guardrails", _listed((str(g["kpi"]) for g in kpi.guardrails), none="none")),
            ("benchmark", _benchmark(kpi.benchmark)),
            ("not for", kpi.not_for or UNSAID),
            *((("identity", f"`{kpi.drivers}`"),) if kpi.drivers else ()),
            *((("replaced by", f"`{kpi.replaced_by}`"),) if kpi.replaced_by else ()),
        ],
        is_headless=True,
    )
    yield _table(
        ("variant", "unit", "direction", "grains", "dimensions", "least sample", "mature after"),
        [
            (
                f"`{variant.id}`",
                variant.unit,
                DIRECTIONS.get(variant.direction, ""),
                ", ".join(variant.grains),
                ", ".join(variant.dimensions) or "total only",
                str(variant.min_sample or "any"),
                f"{variant.maturity_days} days" if variant.maturity_days else "at once",
            )
            for variant in kpi.variants
        ],
    )
    for variant in kpi.variants:
        yield _definition(kpi, variant, known)


def _definition(kpi: Kpi, variant: Variant, known: Definitions) -> str:
    words = variant.description or kpi.description or UNSAID
    said = {
        key: variant.overrides[key] for key in ("purpose", "not_for") if variant.overrides.get(key)
    }
    more = [f"{'Not for' if key == 'not_for' else 'Purpose'}: {text}" for key, text in said.items()]
    if "benchmark" in variant.overrides:
        more.append(f"Benchmark: {_benchmark(variant.overrides['benchmark'])}.")
    needs = f"Needs {_listed(variant.requires, none='what its parts need')}."
    text = " ".join((words, *more, needs))
    return f"`{variant.id}`: {text}\n\n```sql\n{dated_definitions(variant, known)}\n```"


def _sources(kpi: Kpi, variant: Variant) -> str:
    return ", ".join(variant.overrides.get("sources", kpi.sources)) or "none of them"


def _explains_nothing(kpi: Kpi) -> str:
    return UNSAID if kpi.kind == "soft" else "nothing: it is a result"


def _benchmark(benchmark: Mapping[str, Any] | None) -> str:
    if not benchmark:
        return "none that is good enough"
    figures = [f"{key} {value}" for key, value in benchmark.items() if key.startswith("p")]
    about = [
        str(benchmark[key]) for key in ("year", "source", "caveat", "note") if key in benchmark
    ]
    grade = f"grade {benchmark['grade']}" if "grade" in benchmark else UNSAID
    return ", ".join((*figures, grade, *about))


def _listed(names: Iterable[str], *, none: str) -> str:
    return ", ".join(f"`{name}`" for name in names) or none


def _table(
    header: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, is_headless: bool = False
) -> str:
    """A table; one without a header has the first column in its place."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    top = cells.pop(0) if is_headless else [_cell(cell) for cell in header]
    lines = [top, ["---"] * len(header), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|") or UNSAID
