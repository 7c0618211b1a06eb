"""Compiles the nodes of one project; each template is rendered once.

Holds the rendered texts of a command. What is known only after landing stands in them as
placeholders (`core.placeholders`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from kpi_runner.compile.data_test import (
    GENERIC_TESTS,
    compile_data_test,
    custom_macro,
    template_of,
    tested_rows,
)
from kpi_runner.compile.fit import method_of, refuse_unfit
from kpi_runner.compile.hooks import compile_node_hooks, compile_run_hooks
from kpi_runner.compile.microbatch import in_window
from kpi_runner.compile.model import (
    clean_select,
    end_of_first,
    ephemeral_ancestors,
    ephemeral_name,
    inline_parents,
)
from kpi_runner.core.batch import is_microbatch
from kpi_runner.core.compiled import Compiled, Hooks
from kpi_runner.core.config import Hook
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid, located
from kpi_runner.core.fit import FIT, fit_columns
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import DataTest, Model, Seed, Source
from kpi_runner.core.placeholders import AS_OF_DATE, AS_OF_END
from kpi_runner.core.project import Project
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.template.context import Context, Names, build_context, target_values
from kpi_runner.template.evaluate import evaluate
from kpi_runner.template.locate import locate
from kpi_runner.template.render import render
from kpi_runner.template.templates import SqlTemplates

if TYPE_CHECKING:
    from kpi_runner.compile.kpi_project import KpiCompiler

INCREMENT = "#increment"
"""Ends the key of the text of an incremental model that adds to its table."""


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
        self._columns: dict[str, tuple[str, ...] | None] = {}
        self._owners: dict[Relation, Model | Seed | Source] = {
            node.relation: node
            for nodes in (project.sources, project.seeds, project.models)
            for node in nodes.values()
        }

    @cached_property
    def kpis(self) -> KpiCompiler:
        """What compiles the project's KPIs."""
        from kpi_runner.compile.kpi_project import KpiCompiler

        return KpiCompiler(
            self.project,
            relation=self._ref,
            columns_of=self.columns_of,
            render=self._render_text,
        )

    def compile_model(self, node: NodeId) -> Compiled:
        """Returns the SELECT of a model; raises ProjectInvalid."""
        parents = self._ephemeral_parents(node)
        compiled = inline_parents(node, self._select(node), parents=parents)
        model = self.project.models[node]
        if model.config.materialized == FIT:
            refuse_unfit(model, self._output_columns(compiled.sql))
        if model.config.materialized != "incremental":
            return compiled
        key = f"{node}{INCREMENT}"
        increment = inline_parents(key, self._select(node, key), parents=parents)
        return replace(compiled, increment=replace(increment, node=node))

    def compile_test(self, node: NodeId) -> Compiled:
        """Returns the query of a data test; its rows are failures. Raises ProjectInvalid."""
        test = self.project.tests[node]
        if test.kind == "singular":
            text = clean_select(self._render(test).text, Span(test.path))
        elif custom_macro(test) in self.project.macros or test.kind not in GENERIC_TESTS:
            text = self._custom_test(test, self.relation_of(test.node))
        else:
            relation = self.relation_of(test.node)
            text = compile_data_test(test, relation, relate=self.relate)
        return inline_parents(node, text, parents=self._ephemeral_parents(node))

    def compile_hooks(self, node: Model | Seed) -> Hooks:
        """Returns what runs before and after a node; raises ProjectInvalid."""
        render_hook = partial(self._render_hook, build_context(self._names(node)))
        return compile_node_hooks(node, render=render_hook)

    def compile_run_hooks(self) -> Hooks:
        """Returns what runs before and after everything; raises ProjectInvalid."""
        config, context = self.project.config, build_context(self._names(None))
        schemas = sorted({model.relation.schema for model in self.project.models.values()})
        context = replace(context, values={**context.values, "schemas": schemas})
        render_hook = partial(self._render_hook, context)
        return compile_run_hooks(config.on_run_start, config.on_run_end, render=render_hook)

    def render_mapping(self, raw: str, path: str) -> str:
        """Renders the SELECT that maps a shop's data onto a raw table; raises K403 for two."""
        names = self._names(None)
        context = build_context(names)
        text = render(self._templates, raw, path=path, context=context)
        self._rendered[path] = RenderedText(raw, path, context, text)
        end = end_of_first(text)
        if end is not None:
            place = self.locate(path, LineIndex(text).position(end)) or Span(path)
            hint = "A mapping is one SELECT: take out the others."
            message = f"the mapping '{path}' holds more than one statement"
            raise ProjectInvalid(Diagnostic("K403", message, place, hint))
        return text

    def columns_of(self, model: str) -> tuple[str, ...] | None:
        """Returns the columns of a model or seed by name, or None where a star hides them."""
        if model not in self._columns:
            self._columns[model] = None  # a model that reads itself through a star ends here
            self._columns[model] = self._find_columns(model)
        return self._columns[model]

    def locate(self, node: NodeId, position: tuple[int, int]) -> Span | None:
        """Returns the place in a template of a line and column of its rendered text."""
        rendered = self._rendered.get(node)
        if rendered is None:
            return None
        return locate(
            self._templates,
            rendered.raw,
            path=rendered.path,
            context=rendered.context,
            expected=rendered.text,
            position=position,
        )

    def _ephemeral_parents(self, node: NodeId) -> list[tuple[NodeId, str, str]]:
        parents = ephemeral_ancestors(node, self.project.parents, is_ephemeral=self._is_ephemeral)
        return [(p, ephemeral_name(self.project.models[p]), self._select(p)) for p in parents]

    def _select(self, node: NodeId, key: str = "") -> str:
        model = self.project.models[node]
        return clean_select(self._render(model, key).text, Span(model.path))

    def _render(self, node: Model | DataTest, key: str = "") -> RenderedText:
        """Renders once; ``key`` ends in ``INCREMENT`` for the text that adds to a table."""
        key = key or node.id
        if key not in self._rendered:
            names = self._names(node if isinstance(node, Model) else None)
            if isinstance(node, Model) and is_microbatch(node.config):
                names = replace(names, ref=self._ref_in_window, source=self._source_in_window)
            names = replace(names, is_incremental=key.endswith(INCREMENT))
            context = build_context(names)
            text = render(self._templates, node.raw, path=node.path, context=context)
            self._rendered[key] = RenderedText(node.raw, node.path, context, text)
        return self._rendered[key]

    def _ref_in_window(self, name: str) -> str:
        node = self.project.find_model(name)
        event_time = node.config.extra.get("event_time") if node else None
        return in_window(self._ref(name), str(event_time or ""))

    def _source_in_window(self, source: str, table: str) -> str:
        text = self._source(source, table)
        node = self.project.sources[f"source.{self.project.config.name}.{source}.{table}"]
        return in_window(text, node.moment)

    def _render_text(self, raw: str, span: Span | None) -> str:
        path = span.path if span else "kpis.yml"
        context = build_context(self._names(None))
        return clean_select(render(self._templates, raw, path=path, context=context), Span(path))

    def _render_hook(self, context: Context, hook: Hook) -> str:
        """Renders a hook; a mistake is told where the hook stands, not by the lines of its text."""
        path = hook.span.path if hook.span else ""
        try:
            return render(self._templates, hook.sql, path=path, context=context)
        except ProjectInvalid as error:
            found = (replace(one, span=hook.span or one.span) for one in error.diagnostics)
            raise ProjectInvalid(*found) from error

    def _names(self, model: Model | Seed | None) -> Names:
        settings = model.config if model else None
        return Names(
            ref=self._ref,
            source=self._source,
            kpis=lambda area: self.kpis.mart_text(area),
            this=model.relation if model else None,
            target=target_values(self.project.target),
            variables=self.project.config.vars,
            environment=self._environment,
            config={**settings.extra, "materialized": settings.materialized} if settings else {},
            as_of_date=AS_OF_DATE,
            as_of_end=AS_OF_END,
        )

    def _ref(self, name: str) -> str:
        node = self.project.find_model(name)
        if node is None:
            known = [model.name for model in self.project.models.values()]
            known += [seed.name for seed in self.project.seeds.values()]
            hint = did_you_mean(name, known)
            raise ProjectInvalid(Diagnostic("K201", f"unknown model '{name}'", hint=hint))
        if isinstance(node, Model) and self._is_ephemeral(node.id):
            return ephemeral_name(node)
        return node.relation.sql

    def _source(self, source: str, table: str) -> str:
        node = self.project.sources.get(f"source.{self.project.config.name}.{source}.{table}")
        if node is None:
            name = f"{source}.{table}"
            known = (f"{one.source}.{one.name}" for one in self.project.sources.values())
            hint = did_you_mean(name, known)
            raise ProjectInvalid(Diagnostic("K202", f"unknown source '{name}'", hint=hint))
        return node.relation.sql

    def relate(self, kind: str, name: str) -> str:
        """Returns the SQL text of what a `ref` or `source` in YAML names; see ``Relate``."""
        if kind == "ref":
            return self._ref(name)
        source, _, table = name.partition(".")
        return self._source(source, table)

    def _is_ephemeral(self, node: NodeId) -> bool:
        model = self.project.models.get(node)
        return model is not None and model.config.materialized == "ephemeral"

    def relation_of(self, node: NodeId) -> str:
        """Returns the SQL text of what a test is about; an ephemeral model is a CTE."""
        project = self.project
        if self._is_ephemeral(node):
            return ephemeral_name(project.models[node])
        found: Model | Seed | Source = (
            project.models.get(node) or project.seeds.get(node) or project.sources[node]
        )
        return found.relation.sql

    def _argument(self, value: Any, test: DataTest, *, context: Context) -> Any:
        """The value of an argument, in which dbt's functions may stand without braces."""
        raw = template_of(value)
        if raw is None:
            return value
        with located(test.span or Span(test.path)):
            return evaluate(self._templates, raw, path=test.path, context=context)

    def _custom_test(self, test: DataTest, relation: str) -> str:
        context = build_context(self._names(None))
        arguments: dict[str, Any] = {
            name: self._argument(value, test, context=context)
            for name, value in test.arguments.items()
        }
        arguments["model"] = tested_rows(test, relation)
        if test.column:
            arguments["column_name"] = test.column
        listed = ", ".join(f"{key}=__arguments['{key}']" for key in arguments)
        raw = f"{{{{ {custom_macro(test)}({listed}) }}}}"
        context = Context({**context.values, "__arguments": arguments}, context.secrets)
        text = render(self._templates, raw, path=test.path, context=context)
        self._rendered[test.id] = RenderedText(raw, test.path, context, text)
        return clean_select(text, test.span or Span(test.path))

    def _find_columns(self, name: str) -> tuple[str, ...] | None:
        node = self.project.find_model(name)
        if node is None:
            return None
        if isinstance(node, Seed):
            return tuple(column.lower() for column in node.header)
        columns = self._output_columns(self.compile_model(node.id).sql)
        is_fit = node.config.materialized == FIT and columns is not None
        return fit_columns(method_of(node), columns or ()) if is_fit else columns

    def _output_columns(self, sql: str) -> tuple[str, ...] | None:
        from kpi_runner.sql.columns import output_columns

        return output_columns(sql, self._known_columns)

    def _known_columns(self, schema: str, name: str) -> tuple[str, ...] | None:
        owner = self._owners.get(Relation(schema, name))
        if isinstance(owner, Source):
            return tuple(column.name.lower() for column in owner.columns) or None
        return self.columns_of(owner.name) if owner else None
