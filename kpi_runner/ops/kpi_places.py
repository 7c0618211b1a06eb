"""Finds the expression in kpis.yml that the database refuses in a mart.

A mart holds the SQL of all KPIs of its areas; which of them is to blame shows when each
expression is asked alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.core.errors import SqlFailed
from kpi_runner.core.kpi import Expression, Variant
from kpi_runner.core.names import NodeId, quote_text
from kpi_runner.core.placeholders import AS_OF_DATE, Facts, fill_placeholders
from kpi_runner.core.span import Span
from kpi_runner.ops.sql_places import Scene
from kpi_runner.ops.workspace import Workspace
from kpi_runner.sql.clues import find_clue, refine_offset

_PERIOD = re.compile(r"\bperiod_(?:start|end)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Question:
    """One expression of a KPI as a query of its own: what stands before it, and behind it."""

    expression: Expression
    before: str
    behind: str


def find_expression(scene: Scene, node: NodeId) -> Span | None:
    """Returns the place in kpis.yml of what the database refuses of a mart's KPIs, or None."""
    project, variants = scene.workspace.project, scene.workspace.compiler.kpis.variants
    model = project.models.get(node)
    areas = {call.area for call in model.scan.kpis} if model else set()
    kpis = {kpi.name for kpi in project.kpis.values() if kpi.area in areas}
    if not kpis:
        return None
    # Its own first, then those of other areas that they are made of.
    asked = sorted(variants.values(), key=lambda variant: variant.kpi not in kpis)
    questions = (one for variant in asked for one in _questions(scene.workspace, variant))
    session = scene.adapter.session()
    try:
        places = (_ask(session, question, facts=scene.facts) for question in questions)
        return next(filter(None, places), None)
    finally:
        session.close()


def _questions(workspace: Workspace, variant: Variant) -> Iterator[_Question]:
    """The rows of a KPI model; else the date column, the condition and the aggregates."""
    model = workspace.project.find_model(variant.model or variant.source_model)
    if model is None:
        return
    if variant.model:
        named = Expression("value", variant.places.get("model") or variant.span)
        behind = f" as double) from {model.relation.sql} where variant = {quote_text(variant.name)}"
        yield _Question(named, "select cast(", behind)
        return
    parts = (variant.measure, variant.numerator, variant.denominator)
    expressions = [part for part in parts if isinstance(part, Expression)]
    columns = "*"
    if any(_PERIOD.search(expression.sql) for expression in expressions):
        columns = "*, date '2000-01-01' as period_start, date '2000-01-01' as period_end"
    relation = f"from (select {columns} from {model.relation.sql})"
    time = Expression(variant.time, variant.places.get("time") or variant.span)
    yield _Question(time, f"select 1 {relation} where ", f" <= {AS_OF_DATE}")
    where = ""
    if variant.where:
        yield _Question(variant.where, f"select 1 {relation} where ", "")
        where = f" where {variant.where.sql}"
    for expression in expressions:
        yield _Question(expression, "select cast(", f" as double) {relation}{where}")


def _ask(session: Adapter, question: _Question, *, facts: Facts) -> Span | None:
    expression = question.expression
    text = fill_placeholders(expression.sql, facts)
    try:
        session.query(f"{question.before}{text}{fill_placeholders(question.behind, facts)}")
    except SqlFailed as error:
        offset = find_clue(text, error.message)
        if error.position is not None:
            sent = f"{question.before}{text}".encode()[: error.position].decode(errors="ignore")
            found = len(sent) - len(question.before)
            offset = refine_offset(text, found, error=error) if 0 <= found < len(text) else offset
        word = re.compile(r"\w+|.").match(text, offset or 0)
        return expression.place(offset or 0, word.end() if word else len(text))
    return None
