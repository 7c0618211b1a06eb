"""Publishes what holds: the relations of the published schemas, and how they were checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from kpi_runner.adapters.statements import literal
from kpi_runner.core.event import Published
from kpi_runner.core.names import Relation
from kpi_runner.core.placeholders import Facts
from kpi_runner.core.result import CheckResult, Status
from kpi_runner.ops.bookkeeping import Bookkeeping, published_nodes
from kpi_runner.run.clock import now_exactly
from kpi_runner.run.publish import previous_relations, publish
from kpi_runner.run.state import PublishedState

if TYPE_CHECKING:
    from kpi_runner.adapters.protocol import Adapter
    from kpi_runner.ops.workspace import Workspace

ASSERTION_RESULTS = Relation("kpi", "assertion_results")
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
    facts: Facts,
    books: Bookkeeping,
    checks: Sequence[CheckResult],
    is_forced: bool,
) -> Published:
    """Makes the work state public, in one rename; raises MachineFailed where it cannot."""
    catalog = adapter.relations()
    nodes = published_nodes(workspace)
    relations = {relation: relation for relation in nodes if relation in catalog}
    path = workspace.places.published.resolve()
    info = PublishedState(
        build_id=str(uuid4()),
        path=str(path),
        published_at=now_exactly(),
        as_of=facts.as_of,
        is_forced=is_forced,
        relations=books.to_publish(),
    )
    details = {
        "time_zone": facts.time_zone,
        "currency": _currency(workspace, adapter),
        "missing_sources": " ".join(sorted(facts.missing)),
    }
    results = {ASSERTION_RESULTS: _assertion_query(checks)} if workspace.project.kpis else {}
    if not workspace.is_partial:
        return publish(
            adapter, path=path, relations=relations, tables=results, info=info, details=details
        )
    with previous_relations(adapter, path) as previous:
        kept = {name: query for name, query in previous.items() if name not in relations}
        if ASSERTION_RESULTS in kept:
            results = {ASSERTION_RESULTS: _with_others(checks, kept[ASSERTION_RESULTS])}
        tables = {**kept, **results}
        return publish(
            adapter, path=path, relations=relations, tables=tables, info=info, details=details
        )


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
