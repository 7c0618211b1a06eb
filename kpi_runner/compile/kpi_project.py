"""Compiles the KPIs of a project: marts, assertions, queries, and what is wrong with them.

Knows no template: the relation of a model, its columns and rendered text come in as functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kpi_runner.compile.assertion import CompiledAssertion, compile_assertion
from kpi_runner.compile.assertion_subject import AssertionContext
from kpi_runner.compile.definition import CATALOG_COLUMNS, Definitions, catalog_row
from kpi_runner.compile.derived import derive_assertions
from kpi_runner.compile.kpi import KpiContext, compile_catalog, compile_values
from kpi_runner.compile.kpi_breakdown import break_down
from kpi_runner.compile.kpi_columns import ColumnsOf, check_columns
from kpi_runner.compile.kpi_shape import MART_GRAINS, Shape
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.kpi import MOST_DAYS, Kpi, Variant
from kpi_runner.core.names import quote_text
from kpi_runner.core.project import Project
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean

CATALOG_AREA = "catalog"


class KpiCompiler:
    """Compiles on demand, and remembers marts.

    Args:
        project: a project without mistakes of loading.
        relation: name of a model → its relation as SQL.
        columns_of: name of a model → its columns, or None where they cannot be told.
        render: renders the text of a `sql:` in an assertion.
    """

    def __init__(
        self,
        project: Project,
        *,
        relation: Callable[[str], str],
        columns_of: ColumnsOf,
        render: Callable[[str, Span | None], str],
    ) -> None:
        variants = (v for kpi in project.kpis.values() for v in kpi.variants)
        self.variants = {variant.id: variant for variant in variants}
        self._project = project
        self._relation = relation
        self._columns_of = columns_of
        self._render = render
        self._marts: dict[str, str] = {}

    @property
    def definitions(self) -> Definitions:
        """Every definition, as the catalogue needs them."""
        hidden = (kpi.name for kpi in self._project.kpis.values() if kpi.is_hidden)
        return Definitions(self.variants, frozenset(hidden))

    def check(self, chosen: Sequence[Variant] = ()) -> tuple[Diagnostic, ...]:
        """Returns what is wrong with the chosen KPIs and what they are made of, or with all,
        before anything runs."""
        chosen = chosen or tuple(self.variants.values())
        breakdown = break_down(chosen, self.variants)
        columns = check_columns(breakdown, chosen, columns_of=self._columns_of)
        return (*breakdown.diagnostics, *columns)

    def check_assertions(self) -> tuple[Diagnostic, ...]:
        """Returns what is wrong with the assertions of all KPIs."""
        found: list[Diagnostic] = []
        for kpi in self._project.kpis.values():
            try:
                self.compile_assertions(kpi)
            except ProjectInvalid as error:
                found.extend(error.diagnostics)
        return tuple(found)

    def mart_text(self, area: str) -> str:
        """Returns the SQL that ``kpis(area)`` stands for; raises ProjectInvalid."""
        if area not in self._marts:
            self._marts[area] = self._compile_mart(area)
        return self._marts[area]

    def compile_query(self, chosen: Iterable[Variant], shape: Shape) -> str:
        """Returns the query of the chosen variants in a shape; raises ProjectInvalid."""
        return compile_values(chosen, shape, context=self._context())

    def compile_assertions(self, kpi: Kpi) -> tuple[CompiledAssertion, ...]:
        """Returns the derived and declared assertions of a KPI; raises ProjectInvalid."""
        if kpi.is_hidden:
            _refuse_unpublished(kpi)
            return ()
        context = AssertionContext(
            mart=self._mart_of,
            variants=self.variants,
            render=self._render,
            locate_file=lambda path: str(Path(self._project.config.root, path)),
            hidden=frozenset(one.name for one in self._project.kpis.values() if one.is_hidden),
        )
        return tuple(
            compile_assertion(variant, assertion, context=context)
            for variant in kpi.variants
            for assertion in (*derive_assertions(variant, self.variants), *variant.assertions)
        )

    def _mart_of(self, kpi: str) -> str:
        entry = self._project.find_kpi(kpi)
        area = entry.area if entry else ""
        for model in self._project.models.values():
            if any(call.area == area for call in model.scan.kpis):
                return model.relation.sql
        message = f"no model publishes the KPIs of area '{area}'"
        hint = f"Add a model that holds {{{{ kpis({quote_text(area)}) }}}}."
        raise ProjectInvalid(Diagnostic("K507", message, entry.span if entry else None, hint))

    def _compile_mart(self, area: str) -> str:
        kpis = [kpi for kpi in self._project.kpis.values() if not kpi.is_hidden]
        if area == CATALOG_AREA:
            rows = [
                catalog_row(kpi, variant, known=self.definitions)
                for kpi in kpis
                for variant in kpi.variants
            ]
            return compile_catalog(rows, CATALOG_COLUMNS)
        chosen = [v for kpi in kpis if kpi.area == area for v in kpi.variants]
        if not chosen:
            areas = {kpi.area for kpi in kpis}
            hint = did_you_mean(area, areas) or f"Known: {', '.join(sorted(areas))}."
            raise ProjectInvalid(Diagnostic("K507", f"no KPI has the area '{area}'", hint=hint))
        return self.compile_query(chosen, Shape(grains=MART_GRAINS))

    def _context(self) -> KpiContext:
        return KpiContext(
            variants=self.variants,
            relation=self._relation,
            has_dates=self._project.find_model("dim_dates") is not None,
            maturity_days=_maturity(self._project.config.vars.get("maturity_days")),
            calendar=self._project.config.vars.get("calendar", {}),
            feeds=frozenset(
                f"{source.source}.{source.name}"
                for source in self._project.sources.values()
                if source.is_daily_feed
            ),
        )


def _maturity(written: object) -> int | None:
    """The variable ``maturity_days``; raises ProjectInvalid (K105)."""
    text = str(written)
    if written is None:
        return None
    if text.isdecimal() and len(text) < 9 and int(text) <= MOST_DAYS:
        return int(text)
    message = f"the variable 'maturity_days' is '{text[:40]}', not 0 to {MOST_DAYS}"
    raise ProjectInvalid(Diagnostic("K105", message))


def _refuse_unpublished(kpi: Kpi) -> None:
    """Refuses assertions on a KPI whose values stand nowhere (K510)."""
    for assertion in (one for variant in kpi.variants for one in variant.assertions):
        hint = "Take it out, or say it of the KPIs that are made of it."
        message = f"assertion '{assertion.kind}' is about the hidden KPI '{kpi.name}'"
        raise ProjectInvalid(Diagnostic("K510", message, assertion.span, hint))
