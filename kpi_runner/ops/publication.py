"""Publishes what holds: the relations of the published schemas, and how they were checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING
from uuid import uuid4

from kpi_runner.adapters.statements import literal
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.event import Published
from kpi_runner.core.names import ASSERTION_RESULTS, BUILD_TABLE, Relation
from kpi_runner.core.placeholders import Facts
from kpi_runner.core.result import CheckResult, Report, Status
from kpi_runner.ops.bookkeeping import Bookkeeping, published_nodes
from kpi_runner.ops.dbt_publication import held_relations, model_queries, publish_to_profile
from kpi_runner.ops.fingerprints import short_name
from kpi_runner.run.clock import now_exactly
from kpi_runner.run.feeds import print_days
from kpi_runner.run.kept import kept_path
from kpi_runner.run.publish import build_query, previous_relations, publish
from kpi_runner.run.state import PublishedState

if TYPE_CHECKING:
    from kpi_runner.adapters.protocol import Adapter
    from kpi_runner.ops.workspace import CompiledNodes, Workspace

_RESULT_COLUMNS = {
    "kpi": "varchar",
    "variant": "varchar",
    "assertion": "varchar",
    "severity": "varchar",
    "status": "varchar",
    "observed": "varchar",
    "expected": "varchar",
    "failing_rows": "bigint",
}
_NO_RESULT = ", ".join(f"null as {name}" for name in _RESULT_COLUMNS)


def publish_state(
    workspace: Workspace,
    adapter: Adapter,
    *,
    compiled: CompiledNodes,
    facts: Facts,
    books: Bookkeeping,
    report: Report,
) -> Published:
    """Makes the work state public, in one rename; raises MachineFailed where it cannot.

    What failed in this run stays as it was, which only a dbt project allows.
    """
    failed = {step.node for step in report.steps if step.status != Status.SUCCESS}
    nodes = {r: node for r, node in published_nodes(workspace).items() if node not in failed}
    relations = {relation: relation for relation in adapter.relations() if relation in nodes}
    path = workspace.places.published.resolve()
    info = PublishedState(
        build_id=str(uuid4()),
        path=str(path),
        published_at=now_exactly(),
        as_of=facts.as_of,
        is_forced=bool(report.exit_code) and not failed,
        relations=books.to_publish(failed),
    )
    details = _details(info, facts, currency=_currency(workspace, adapter), checks=report.checks)
    results = {ASSERTION_RESULTS: _assertion_query(report.checks)} if workspace.project.kpis else {}
    build = {BUILD_TABLE: build_query(info, details)}
    if workspace.project.config.is_dbt:
        tables = {**results, **build} if results else {}
        queries = model_queries(compiled, facts)
        held = held_relations(compiled, books, wanted=info.relations)
        return publish_to_profile(
            adapter, nodes, queries=queries, tables=tables, held=held, info=info
        )
    nothing: AbstractContextManager[Mapping[Relation, str]] = nullcontext({})
    with previous_relations(adapter, path) if workspace.is_partial else nothing as previous:
        gone = books.gone()
        kept = {r: query for r, query in previous.items() if str(r) not in gone}
        if ASSERTION_RESULTS in kept:
            results = {ASSERTION_RESULTS: _with_others(report.checks, kept[ASSERTION_RESULTS])}
        kept = {name: query for name, query in kept.items() if name not in relations}
        return publish(
            adapter,
            path=path,
            relations=relations,
            tables={**kept, **results, **build},
            info=info,
            kept=kept_path(workspace.places.kept, info.build_id),
        )


def _details(
    info: PublishedState, facts: Facts, *, currency: str, checks: Sequence[CheckResult]
) -> Mapping[str, str]:
    return {
        "fingerprints": json.dumps(dict(info.relations)),
        "time_zone": facts.time_zone,
        "currency": currency,
        "missing_sources": " ".join(sorted(facts.missing)),
        "failed_checks": "\n".join(_failed(checks)),
        "days_not_loaded": print_days(facts.gaps),
        "first_days_loaded": print_days(facts.starts),
    }


def _failed(checks: Sequence[CheckResult]) -> tuple[str, ...]:
    """The names of the checks in spite of which a state is published."""
    return tuple(
        " ".join(filter(None, (check.kpi, check.variant, check.name)))
        for check in checks
        if check.status in (Status.FAIL, Status.ERROR)
    )


def refuse_stale(books: Bookkeeping) -> None:
    """Raises UsageError (K604) where the work state is not what the project's files say now."""
    stale = books.stale_nodes()
    if stale:
        notes = tuple(f"{short_name(node)}: {reason}" for node, reason in [*stale.items()][:5])
        more = (f"and {len(stale) - 5} more",) if len(stale) > 5 else ()
        hint = "`kpi build` builds, checks and publishes; `kpi run`, `seed` and `snapshot` build."
        text = "the work state is not what the project says now"
        raise UsageError(Diagnostic("K604", text, hint=hint, notes=(*notes, *more)))


def _with_others(checks: Sequence[CheckResult], previous: str) -> str:
    """The results of this build, and those of the KPIs that it did not check."""
    checked = sorted({check.kpi for check in checks if check.kpi})
    listed = ", ".join(literal(name) for name in checked) or "''"
    return f"{previous} where kpi not in ({listed})\nunion all\n{_assertion_query(checks)}"


def _currency(workspace: Workspace, adapter: Adapter) -> str:
    for source in workspace.project.sources.values():
        if (source.source, source.name) == ("shop", "shop"):
            rows = adapter.query(f"select currency from {source.relation.sql} limit 1").rows
            return str(rows[0][0]) if rows else ""
    return ""


def _assertion_query(checks: Sequence[CheckResult]) -> str:
    rows = [_result_row(check) for check in checks if check.kpi]
    names = ", ".join(
        f"cast({name} as {data_type}) as {name}" for name, data_type in _RESULT_COLUMNS.items()
    )
    listed = ", ".join(_RESULT_COLUMNS)
    if not rows:
        return f"select {names}\nfrom (select {_NO_RESULT})\nwhere false"
    values = ",\n".join(f"({', '.join(map(literal, row.values()))})" for row in rows)
    return f"select {names}\nfrom (values\n{values}\n) as results ({listed})"


def _result_row(check: CheckResult) -> Mapping[str, object]:
    is_bad = check.status not in (Status.PASS, Status.SKIPPED)
    return {
        "kpi": check.kpi,
        "variant": check.variant,
        "assertion": check.name,
        "severity": str(check.severity),
        "status": str(check.status),
        "observed": check.observed if is_bad else "",
        "expected": check.expected,
        "failing_rows": check.failing_rows,
    }
