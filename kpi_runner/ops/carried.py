"""Which checks need not run again: what passed over the very rows that it would read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kpi_runner.core.names import NodeId, Relation
from kpi_runner.core.node import Model, Seed, Source
from kpi_runner.core.result import CheckResult, Status
from kpi_runner.ops.bookkeeping import Bookkeeping
from kpi_runner.ops.fingerprints import digest
from kpi_runner.ops.workspace import Workspace
from kpi_runner.run.checks import Check
from kpi_runner.run.clock import now
from kpi_runner.run.state import PassedCheck
from kpi_runner.sql.fingerprint import find_relations, normalise
from kpi_runner.sql.stability import find_unstable


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """A check, the name that it is remembered by, its query without layout, and the hash of all
    that it says of itself."""

    check: Check
    name: str
    text: str
    definition: str


def plan_carrying(checks: Iterable[Check]) -> tuple[PlannedCheck, ...]:
    """Returns the checks with what tells whether they are what they were."""
    planned = []
    seen = Counter[str]()
    for check in checks:
        text = normalise(check.sql)
        bare = replace(check, sql=text, rows="", condition="", screen="", span=None, hint="")
        definition = digest(repr(bare))
        name = "/".join(filter(None, (check.node, check.variant, check.name)))
        seen[name] += 1
        name = f"{name}/{seen[name]}" if seen[name] > 1 else name
        planned.append(PlannedCheck(check, name, text, definition))
    return tuple(planned)


def fingerprint_checks(planned: Iterable[PlannedCheck]) -> str:
    """Returns one hash of all checks, whatever they read."""
    return digest(*(one.definition for one in planned))


def fingerprints_of_reading(
    planned: Sequence[PlannedCheck], books: Bookkeeping
) -> Mapping[str, str]:
    """Returns name → hash of a check with all that it reads; none where that cannot be told."""
    owners = _owners(books.workspace)
    found: dict[str, str] = {}
    for one in planned:
        read = sorted({owners[name] for name in _relations_of(one) if name in owners})
        is_known = all(books.data.get(node) for node in read)
        if read and is_known and not find_unstable(one.text, owners):
            inputs = (f"{node} {books.data[node]}" for node in read)
            found[one.name] = digest(one.definition, books.engine, *inputs)
    return found


def carry(one: PlannedCheck, passed: PassedCheck | None, *, fingerprint: str) -> CheckResult | None:
    """Returns the result of a check that passed over the same rows before, else None."""
    if passed is None or not fingerprint or passed.fingerprint != fingerprint:
        return None
    check = one.check
    return CheckResult(
        node=check.node,
        name=check.name,
        severity=check.severity,
        status=Status.PASS,
        kpi=check.kpi,
        variant=check.variant,
        failing_rows=passed.failing_rows,
        observed=passed.observed,
        expected=check.expected,
        is_carried=True,
    )


def passed_checks(
    results: Mapping[str, CheckResult], fingerprints: Mapping[str, str]
) -> tuple[PassedCheck, ...]:
    """Returns what to remember of the checks that were run."""
    return tuple(
        PassedCheck(
            name=name,
            fingerprint=fingerprints[name],
            failing_rows=result.failing_rows,
            observed=result.observed,
            checked_at=now(),
        )
        for name, result in results.items()
        if result.status == Status.PASS and name in fingerprints
    )


def _relations_of(one: PlannedCheck) -> frozenset[Relation]:
    return frozenset(Relation(schema, name) for schema, name in find_relations(one.text))


def _owners(workspace: Workspace) -> dict[Relation, NodeId]:
    project = workspace.project
    nodes: tuple[Source | Seed | Model, ...] = (
        *project.sources.values(),
        *project.seeds.values(),
        *project.models.values(),
    )
    return {node.relation: node.id for node in nodes}
