"""Compiles unit tests: the SELECT of a model as it is with what the test overrides.

Relations keep their names, since a unit test has a database of its own. Knows templates; does
not know which columns anything has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from kpi_runner.compile.model import (
    clean_select,
    ephemeral_ancestors,
    ephemeral_name,
    inline_parents,
)
from kpi_runner.core.batch import strategy_of
from kpi_runner.core.compiled import Compiled
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import Given, Model, Seed, Source, UnitTest
from kpi_runner.core.placeholders import AS_OF_DATE, AS_OF_END, Facts, fill_placeholders
from kpi_runner.core.project import Project
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.template.context import Context, Names, build_context, target_values
from kpi_runner.template.locate import locate
from kpi_runner.template.render import render
from kpi_runner.template.templates import SqlTemplates

LAST_DAY = "2099-12-31"
"""``as_of_date()`` of a unit test that does not override it: late enough to leave no row out."""

IS_INCREMENTAL = "is_incremental"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledUnitTest:
    """A unit test, ready to run.

    Args:
        test: as declared.
        model: what it is about.
        compiled: the SELECT of the model.
        first: that of its first build, for a test of an incremental model that adds to its table.
        inputs: what is given, each with the relation that holds it.
    """

    test: UnitTest
    model: Model
    compiled: Compiled
    first: Compiled | None
    inputs: tuple[tuple[Given, Relation], ...]


class UnitTestCompiler:
    """Renders models for unit tests, and finds places in their templates again.

    Args:
        project: a project without mistakes.
        environment: the values of ``env_var()``.
    """

    def __init__(self, project: Project, environment: Mapping[str, str]) -> None:
        self._project = project
        self._environment = environment
        self._templates = SqlTemplates(project.macros)
        self._rendered: dict[tuple[NodeId, NodeId], tuple[Context, str]] = {}

    def compile(self, test: UnitTest) -> CompiledUnitTest:
        """Returns a unit test ready to run; raises ProjectInvalid."""
        project = self._project
        model = project.models[test.node]
        given = {one.node for one in test.given}

        def is_inlined(node: NodeId) -> bool:
            return node not in given and _is_ephemeral(project, node)

        facts = _facts_of(test)
        parents = ephemeral_ancestors(test.node, project.parents, is_ephemeral=is_inlined)

        def select(*, adds: bool) -> Compiled:
            texts = [
                (node, ephemeral_name(project.models[node]), self._select(node, test, adds=adds))
                for node in parents
            ]
            found = inline_parents(
                test.node, self._select(test.node, test, adds=adds), parents=texts
            )
            return replace(found, sql=fill_placeholders(found.sql, facts))

        is_incremental = model.config.materialized == "incremental"
        adds = is_incremental and test.overrides.macros.get(IS_INCREMENTAL) is True
        if adds and strategy_of(model.config.extra) == "microbatch":
            raise ProjectInvalid(_no_window(test))
        first = select(adds=False) if adds else None
        return CompiledUnitTest(
            test=test,
            model=model,
            compiled=select(adds=adds),
            first=first,
            inputs=tuple((one, self._relation(one, model)) for one in test.given),
        )

    def locate(self, test: UnitTest, node: NodeId, *, position: tuple[int, int]) -> Span | None:
        """Returns the place in a template of a line and column of what it was rendered to."""
        model = self._project.models[node]
        context, text = self._rendered[test.id, node]
        return locate(
            self._templates,
            model.raw,
            path=model.path,
            context=context,
            expected=text,
            position=position,
        )

    def _select(self, node: NodeId, test: UnitTest, *, adds: bool) -> str:
        model = self._project.models[node]
        context = self._context(model, test, adds=adds)
        text = render(self._templates, model.raw, path=model.path, context=context)
        self._rendered[test.id, node] = context, text
        return clean_select(text, Span(model.path))

    def _context(self, model: Model, test: UnitTest, *, adds: bool) -> Context:
        overrides, config = test.overrides, self._project.config
        ref = self._ref({one.node for one in test.given})
        names = Names(
            ref=ref,
            source=self._source,
            kpis=partial(self._mart_text, ref),
            this=model.relation,
            target=target_values(self._project.target),
            variables={**config.vars, **overrides.vars},
            environment={**self._environment, **overrides.env_vars},
            config={**model.config.extra, "materialized": model.config.materialized},
            as_of_date=AS_OF_DATE,
            as_of_end=AS_OF_END,
            is_incremental=adds,
        )
        context = build_context(names)
        values = dict(context.values)
        for written, value in overrides.macros.items():
            name = written.rpartition(".")[2]
            if name not in values and name not in self._project.macros:
                raise ProjectInvalid(
                    _unknown_macro(test, written, known={*values, *self._project.macros})
                )
            if name != IS_INCREMENTAL and not _is_day(name, value):
                values[name] = _constant(value)
        return replace(context, values=values)

    def _ref(self, given: set[NodeId]) -> Callable[[str], str]:
        def ref(name: str) -> str:
            node = self._project.find_model(name)
            if node is None:
                raise ProjectInvalid(Diagnostic("K201", f"unknown model '{name}'"))
            if node.id not in given and _is_ephemeral(self._project, node.id):
                return ephemeral_name(self._project.models[node.id])
            return _relation_of(node).sql

        return ref

    def _mart_text(self, ref: Callable[[str], str], area: str) -> str:
        """The SQL of a mart of KPIs, which needs neither columns nor the texts of assertions."""
        from kpi_runner.compile.kpi_project import KpiCompiler

        compiler = KpiCompiler(
            self._project, relation=ref, columns_of=lambda _: None, render=lambda text, _: text
        )
        return compiler.mart_text(area)

    def _source(self, source: str, table: str) -> str:
        node = self._project.sources.get(f"source.{self._project.config.name}.{source}.{table}")
        if node is None:
            raise ProjectInvalid(Diagnostic("K202", f"unknown source '{source}.{table}'"))
        return node.relation.sql

    def _relation(self, given: Given, model: Model) -> Relation:
        project, node = self._project, given.node
        if given.reference is None:
            return model.relation
        return _relation_of(
            project.models.get(node) or project.seeds.get(node) or project.sources[node]
        )


def _relation_of(node: Model | Seed | Source) -> Relation:
    """Where the rows of an input lie; an ephemeral model has no relation of its own."""
    if isinstance(node, Model) and node.config.materialized == "ephemeral":
        return Relation(node.relation.schema, ephemeral_name(node))
    return node.relation


def _is_ephemeral(project: Project, node: NodeId) -> bool:
    model = project.models.get(node)
    return model is not None and model.config.materialized == "ephemeral"


def _facts_of(test: UnitTest) -> Facts:
    """The clock of a test: nothing is missing, and days are those of UTC."""
    said = test.overrides.macros.get("as_of_date")
    day = date.fromisoformat(str(said) if _is_day("as_of_date", said) else LAST_DAY)
    end = day + timedelta(days=1)
    return Facts(as_of=day.isoformat(), as_of_end=f"{end.isoformat()} 00:00:00")


def _is_day(name: str, value: Any) -> bool:
    """True where ``as_of_date`` is overridden by a day, which moves ``as_of_end`` as well."""
    if name != "as_of_date" or not isinstance(value, str):
        return False
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False


def _constant(value: Any) -> Callable[..., Any]:
    return lambda *arguments, **named: value


def _no_window(test: UnitTest) -> Diagnostic:
    return Diagnostic(
        "K110",
        f"unit test '{test.name}' makes a microbatch model incremental",
        test.overrides.places.get(IS_INCREMENTAL, test.span),
        "Leave is_incremental out: its SQL is the same for every batch.",
    )


def _unknown_macro(test: UnitTest, name: str, *, known: set[str]) -> Diagnostic:
    return Diagnostic(
        "K302",
        f"unit test '{test.name}' overrides the unknown macro '{name}'",
        test.overrides.places.get(name, test.span),
        did_you_mean(name, known) or "It may override macros and functions such as as_of_date.",
    )
