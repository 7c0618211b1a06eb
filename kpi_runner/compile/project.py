"""Compiles the nodes of one project; each template is rendered once.

Holds the rendered texts of a command. What is known only after landing stands in them as
placeholders (`core.placeholders`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpi_runner.compile.assertion import (
    AssertionContext,
    CompiledAssertion,
    compile_assertion,
    derive_assertions,
)
from kpi_runner.compile.data_test import GENERIC_TESTS, compile_data_test
from kpi_runner.compile.definition import CATALOG_COLUMNS, catalog_row
from kpi_runner.compile.kpi import MART_GRAINS, KpiContext, compile_catalog, compile_values
from kpi_runner.compile.kpi_columns import check_columns
from kpi_runner.compile.kpi_groups import Shape
from kpi_runner.compile.kpi_parts import Breakdown
from kpi_runner.compile.model import (
    clean_select,
    ephemeral_ancestors,
    ephemeral_name,
    inline_parents,
)
from kpi_runner.core.compiled import Compiled
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.kpi import Kpi, Variant
from kpi_runner.core.names import NodeId, Relation, quote_text
from kpi_runner.core.node import DataTest, Model, Seed, Source
from kpi_runner.core.placeholders import AS_OF_DATE, AS_OF_END
from kpi_runner.core.project import Project
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.sql.columns import output_columns
from kpi_runner.template.context import Context, Names, build_context
from kpi_runner.template.environment import SqlTemplates
from kpi_runner.template.locate import locate
from kpi_runner.template.render import render

CATALOG_AREA = "catalog"


@dataclass(frozen=True, slots=True)
class RenderedText:
    """A template's text after rendering, with what it takes to find a place in it again."""

    raw: str
    path: str
    context: Context
    text: str


class ProjectCompiler:
    """Renders and compiles on demand, and remembers.

    Args:
        project: a project without mistakes.
        environment: the values of ``env_var()``.
    """

    def __init__(self, project: Project, environment: Mapping[str, str]) -> None:
        self.project = project
        self._environment = environment
        self._templates = SqlTemplates(project.macros)
        self._rendered: dict[NodeId, RenderedText] = {}
        self._marts: dict[str, str] = {}
        self._columns: dict[str, tuple[str, ...] | None] = {}
        self._adding: set[str] = set()
        self.variants: Mapping[str, Variant] = {
            variant.id: variant for kpi in project.kpis.values() for variant in kpi.variants
        }

    def compile_model(self, node: NodeId) -> Compiled:
        """Returns the SELECT of a model; raises ProjectInvalid."""
        parents = ephemeral_ancestors(node, self.project.parents, self._is_ephemeral)
        ctes = [(p, ephemeral_name(self.project.models[p]), self._select(p)) for p in parents]
        return inline_parents(node, self._select(node), ctes)

    def compile_test(self, node: NodeId) -> Compiled:
        """Returns the query of a data test; its rows are failures. Raises ProjectInvalid."""
        test = self.project.tests[node]
        if test.kind == "singular":
            rendered = self._render(node, test.raw, test.path, None)
            text = clean_select(rendered.text, Span(test.path))
            parents = ephemeral_ancestors(node, self.project.parents, self._is_ephemeral)
            ctes = [(p, ephemeral_name(self.project.models[p]), self._select(p)) for p in parents]
            return inline_parents(node, text, ctes)
        relation = self._relation_of(test.node).sql
        if test.kind in GENERIC_TESTS:
            return Compiled(node, compile_data_test(test, relation, self._relate))
        return Compiled(node, self._custom_test(test, relation))

    def compile_assertions(self, kpi: Kpi) -> tuple[CompiledAssertion, ...]:
        """Returns the derived and declared assertions of a KPI; raises ProjectInvalid."""
        if kpi.is_hidden:
            return ()
        context = AssertionContext(
            mart=self._mart_of, variants=self.variants, render=self._render_text,
            locate_file=lambda path: str(Path(self.project.config.root, path)),
        )  # fmt: skip
        found = []
        for variant in kpi.variants:
            for assertion in (*derive_assertions(variant, adds_up=self._adds_up(variant)),
                              *variant.assertions):  # fmt: skip
                found.append(compile_assertion(variant, assertion, context))
        return tuple(found)

    def compile_query(self, chosen: Iterable[Variant], shape: Shape, published: bool) -> str:
        """Returns the query of `kpi query`; ``published`` is always read by schema and name."""
        del published
        sql, _ = compile_values(tuple(chosen), shape, self._kpi_context())
        return sql

    def check_kpis(self) -> tuple[Diagnostic, ...]:
        """Returns what is wrong with the KPIs of all areas, before anything runs."""
        found: list[Diagnostic] = []
        breakdown, variants = Breakdown(self.variants), tuple(self.variants.values())
        for variant in variants:
            try:
                breakdown.define(variant)
            except ProjectInvalid as error:
                found.extend(error.diagnostics)
        found.extend(check_columns(breakdown, variants, self.columns_of))
        return tuple(dict.fromkeys(found))

    def mart_text(self, area: str) -> str:
        """Returns the SQL that ``kpis(area)`` stands for; raises ProjectInvalid."""
        if area not in self._marts:
            self._marts[area] = self._compile_mart(area)
        return self._marts[area]

    def render_mapping(self, raw: str, path: str) -> str:
        """Renders the SELECT that maps a shop's data onto a raw table."""
        names = self._names(None)
        return render(self._templates, raw, path=path, context=build_context(names))

    def columns_of(self, model: str) -> tuple[str, ...] | None:
        """Returns the columns of a model or seed by name, or None where a star hides them."""
        if model not in self._columns:
            self._columns[model] = None  # a model that reads itself through a star ends here
            self._columns[model] = self._find_columns(model)
        return self._columns[model]

    def locate(self, node: NodeId, line: int, column: int) -> Span | None:
        """Returns the place in a template of a line of its rendered text."""
        rendered = self._rendered.get(node)
        if rendered is None:
            return None
        return locate(
            self._templates, rendered.raw, path=rendered.path, context=rendered.context,
            line=line, column=column, expected=rendered.text,
        )  # fmt: skip

    def _select(self, node: NodeId) -> str:
        model = self.project.models[node]
        rendered = self._render(node, model.raw, model.path, model)
        return clean_select(rendered.text, Span(model.path))

    def _render(self, node: NodeId, raw: str, path: str, model: Model | None) -> RenderedText:
        if node not in self._rendered:
            context = build_context(self._names(model))
            text = render(self._templates, raw, path=path, context=context)
            self._rendered[node] = RenderedText(raw, path, context, text)
        return self._rendered[node]

    def _render_text(self, raw: str, span: Span | None) -> str:
        path = span.path if span else "kpis.yml"
        context = build_context(self._names(None))
        return clean_select(render(self._templates, raw, path=path, context=context), Span(path))

    def _names(self, model: Model | None) -> Names:
        target, config = self.project.target, self.project.config
        settings = model.config if model else None
        return Names(
            ref=self._ref,
            source=self._source,
            kpis=self.mart_text,
            this=model.relation if model else None,
            target={"name": target.name, "type": target.kind, "threads": target.threads,
                    "schema": model.relation.schema if model else ""},
            variables=config.vars,
            environment=self._environment,
            config={**settings.extra, "materialized": settings.materialized} if settings else {},
            as_of_date=AS_OF_DATE,
            as_of_end=AS_OF_END,
        )  # fmt: skip

    def _ref(self, name: str) -> str:
        node = self.project.find_model(name)
        if node is None:
            raise ProjectInvalid(self._unknown("K201", "model", name))
        is_ephemeral = isinstance(node, Model) and self._is_ephemeral(node.id)
        return ephemeral_name(node) if is_ephemeral else node.relation.sql  # type: ignore[arg-type]

    def _source(self, source: str, table: str) -> str:
        node = self.project.sources.get(f"source.{self.project.config.name}.{source}.{table}")
        if node is None:
            raise ProjectInvalid(self._unknown("K202", "source", f"{source}.{table}"))
        return node.relation.sql

    def _unknown(self, code: str, kind: str, name: str) -> Diagnostic:
        names = [model.name for model in self.project.models.values()]
        names += [seed.name for seed in self.project.seeds.values()]
        if kind == "source":
            names = [f"{s.source}.{s.name}" for s in self.project.sources.values()]
        return Diagnostic(code, f"unknown {kind} '{name}'", hint=did_you_mean(name, names))

    def _relate(self, kind: str, name: str) -> str:
        if kind == "ref":
            return self._ref(name)
        source, _, table = name.partition(".")
        return self._source(source, table)

    def _is_ephemeral(self, node: NodeId) -> bool:
        model = self.project.models.get(node)
        return model is not None and model.config.materialized == "ephemeral"

    def _relation_of(self, node: NodeId) -> Relation:
        project = self.project
        found: Model | Seed | Source = (
            project.models.get(node) or project.seeds.get(node) or project.sources[node]
        )
        return found.relation

    def _custom_test(self, test: DataTest, relation: str) -> str:
        arguments: dict[str, Any] = {"model": relation, **test.arguments}
        if test.column:
            arguments["column_name"] = test.column
        listed = ", ".join(f"{key}=__arguments['{key}']" for key in arguments)
        raw = f"{{{{ test_{test.kind}({listed}) }}}}"
        context = build_context(self._names(None))
        values = {**context.values, "__arguments": arguments}
        text = render(
            self._templates, raw, path=test.path, context=Context(values, context.secrets)
        )
        return clean_select(text, test.span or Span(test.path))

    def _mart_of(self, kpi: str) -> str:
        entry = self.project.find_kpi(kpi)
        area = entry.area if entry else ""
        for model in self.project.models.values():
            if any(call.area == area for call in model.scan.kpis):
                return model.relation.sql
        raise ProjectInvalid(
            Diagnostic(
                "K507",
                f"no model publishes the KPIs of area '{area}'",
                entry.span if entry else None,
                hint=f"Add a model that holds {{{{ kpis({quote_text(area)}) }}}}.",
            )
        )

    def _compile_mart(self, area: str) -> str:
        kpis = [kpi for kpi in self.project.kpis.values() if not kpi.is_hidden]
        if area == CATALOG_AREA:
            rows = [catalog_row(kpi, variant) for kpi in kpis for variant in kpi.variants]
            return compile_catalog(rows, CATALOG_COLUMNS)
        chosen = [v for kpi in kpis if kpi.area == area for v in kpi.variants]
        if not chosen:
            areas = {kpi.area for kpi in kpis}
            hint = did_you_mean(area, areas) or f"Known: {', '.join(sorted(areas))}."
            raise ProjectInvalid(Diagnostic("K507", f"no KPI has the area '{area}'", hint=hint))
        return compile_values(chosen, Shape(grains=MART_GRAINS), self._kpi_context())[0]

    def _kpi_context(self) -> KpiContext:
        maturity = self.project.config.vars.get("maturity_days")
        return KpiContext(
            variants=self.variants,
            relation=self._ref,
            has_dates=self.project.find_model("dim_dates") is not None,
            maturity_days=int(maturity) if maturity is not None else None,
        )

    def _adds_up(self, variant: Variant) -> bool:
        if variant.over or variant.model or variant.additivity not in (None, "additive"):
            return False
        definition = Breakdown(self.variants).define(variant)
        keys = definition.whole.groups
        is_linear = not definition.denominator and _is_linear(variant, self.variants)
        return is_linear and all(key.kind == "additive" for key in keys)

    def _find_columns(self, name: str) -> tuple[str, ...] | None:
        node = self.project.find_model(name)
        if node is None:
            return None
        if isinstance(node, Seed):
            return tuple(column.lower() for column in node.header)
        by_relation: dict[tuple[str, str], Callable[[], tuple[str, ...] | None]] = {}
        for model in (*self.project.models.values(), *self.project.seeds.values()):
            key = (model.relation.schema, model.relation.name)
            by_relation[key] = lambda found=model.name: self.columns_of(found)  # type: ignore[misc]
        for source in self.project.sources.values():
            names = tuple(column.name.lower() for column in source.columns)
            by_relation[source.relation.schema, source.relation.name] = (
                lambda found=names: found or None  # type: ignore[misc]
            )
        unknown = lambda: None  # noqa: E731
        return output_columns(
            self.compile_model(node.id).sql,
            lambda schema, table: by_relation.get((schema, table), unknown)(),
        )


def _is_linear(variant: Variant, variants: Mapping[str, Variant]) -> bool:
    """True for a sum or count, and for sums and differences of such."""
    if variant.formula:
        from kpi_runner.sql.expression import read_formula

        parsed = read_formula(variant.formula.sql)
        is_sum = not parsed.denominator and not set(parsed.numerator) & set("*/")
        return is_sum and all(_is_linear(variants[name], variants) for name in parsed.names)
    return variant.measure is not None
