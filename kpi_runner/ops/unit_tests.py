"""Runs the unit tests of a command, in a database in memory: no relation has to exist.

A test that passed is not run again in a build while nothing that it knows of has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from kpi_runner import __version__
from kpi_runner.adapters import open_adapter
from kpi_runner.adapters.statements import create_as
from kpi_runner.compile.unit_test import LAST_DAY, CompiledUnitTest, UnitTestCompiler
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import ProjectInvalid, SqlFailed
from kpi_runner.core.event import Emit
from kpi_runner.core.fit import FIT
from kpi_runner.core.names import NodeId, Relation, quote_name
from kpi_runner.core.node import Column, Source, UnitTest
from kpi_runner.core.placeholders import Facts, fill_placeholders
from kpi_runner.core.plan import Batch, Statement
from kpi_runner.core.result import CheckResult, Status
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.graph.dag import ancestors
from kpi_runner.load.config import read_environment
from kpi_runner.load.project_files import is_repeatable
from kpi_runner.ops.blame import first_line
from kpi_runner.ops.fingerprints import digest
from kpi_runner.ops.reading import refuse_errors
from kpi_runner.ops.workspace import Workspace, is_ephemeral
from kpi_runner.plan.batches import snapshot_batch
from kpi_runner.plan.planner import fit_batch, seed_query
from kpi_runner.run.clock import now
from kpi_runner.run.state import PassedCheck
from kpi_runner.run.unit_tests import EXPECTED, EmptyRelation, run_unit_tests
from kpi_runner.sql.clues import named

_MOMENT = "timestamp '2000-01-01'"
MEMORY = Path(":memory:")
# Tests have a few rows: a database of its own for each of two runs gains more than threads within.
_DATABASES = 2


@dataclass(frozen=True, slots=True)
class UnitTesting:
    """The results of unit tests, and what is to be remembered of those that were run."""

    results: tuple[CheckResult, ...] = ()
    passed: tuple[PassedCheck, ...] = ()


def selected_unit_tests(workspace: Workspace) -> tuple[UnitTest, ...]:
    """Returns the unit tests that a command is about, in graph order."""
    tests = workspace.project.unit_tests
    return tuple(
        tests[node] for node in workspace.order if node in workspace.selected & tests.keys()
    )


def check_units(
    workspace: Workspace, *, passed: Mapping[str, PassedCheck], emit: Emit
) -> UnitTesting:
    """Runs the selected unit tests; raises ProjectInvalid.

    Args:
        workspace: the project.
        passed: what passed before, by name; it is not run again while nothing changed.
        emit: takes events.
    """
    tests = selected_unit_tests(workspace)
    fingerprints = {test.id: _fingerprint(workspace, test) for test in tests}
    kept = {
        test.id: _carried(test)
        for test in tests
        if fingerprints[test.id]
        and test.id in passed
        and passed[test.id].fingerprint == fingerprints[test.id]
    }
    due = [test for test in tests if test.id not in kept]
    found = {result.node: result for result in _run(workspace, due, emit=emit)}
    return UnitTesting(
        results=tuple({**kept, **found}[test.id] for test in tests),
        passed=tuple(
            PassedCheck(
                name=node,
                fingerprint=fingerprints[node],
                failing_rows=0,
                observed=result.observed,
                checked_at=now(),
            )
            for node, result in found.items()
            if result.status == Status.PASS and fingerprints[node]
        ),
    )


def refuted_models(workspace: Workspace, results: Iterable[CheckResult]) -> frozenset[NodeId]:
    """Returns the models of unit tests that did not pass: they are not built."""
    tests = workspace.project.unit_tests
    bad = (Status.FAIL, Status.ERROR)
    return frozenset(tests[result.node].node for result in results if result.status in bad)


def _run(workspace: Workspace, tests: Sequence[UnitTest], *, emit: Emit) -> tuple[CheckResult, ...]:
    if not tests:
        return ()
    compiler = UnitTestCompiler(workspace.project, read_environment())
    compiled: list[CompiledUnitTest] = []
    mistakes: list[Diagnostic] = []
    for test in tests:
        try:
            compiled.append(compiler.compile(test))
        except ProjectInvalid as error:
            mistakes += error.diagnostics
    refuse_errors(mistakes)
    relations = _relations(workspace, tests)
    target = workspace.project.target
    count = min(target.threads, _DATABASES, len(tests))
    return run_unit_tests(
        compiled,
        [open_adapter(replace(target, threads=1), MEMORY) for _ in range(count)],
        relations=relations,
        explain=partial(_explain, compiler=compiler),
        emit=emit,
    )


def _relations(workspace: Workspace, tests: Iterable[UnitTest]) -> tuple[EmptyRelation, ...]:
    """What gives the columns of all that the tests are given, parents first."""
    project = workspace.project
    given = [one for test in tests for one in test.given if one.node]
    own = {one.node for one in given if one.fixture is None}
    facts = Facts(as_of=LAST_DAY, as_of_end=f"{LAST_DAY} 00:00:00")
    reached = ancestors(workspace.graph, {one.node for one in given})
    found: list[EmptyRelation] = []
    for node in (node for node in workspace.order if node in reached):
        if node in project.sources:
            found += _declared(project.sources[node])
        elif node in project.seeds:
            seed = project.seeds[node]
            query = seed_query(seed, project.config.root)
            found.append(_table(seed.relation, query if node in own else _emptied(query)))
        elif node in project.models and not is_ephemeral(project, node):
            model = project.models[node]
            sql = fill_placeholders(workspace.compiler.compile_model(node).sql, facts)
            if model.config.materialized == "snapshot":  # it has more columns than its SELECT
                batch = snapshot_batch(model, _emptied(sql), moment=_MOMENT, is_new=True)
                found.append(EmptyRelation(model.relation, batch))
            elif model.config.materialized == FIT:
                without_rows = Statement(f"delete from {model.relation.sql}")
                batch = replace(fit_batch(model, _emptied(sql)), after=(without_rows,))
                found.append(EmptyRelation(model.relation, batch))
            else:
                found.append(_table(model.relation, _emptied(sql)))
    return tuple(found)


def _declared(source: Source) -> tuple[EmptyRelation, ...]:
    if not source.columns:
        return ()
    return (_table(source.relation, _emptied(_typed(source.columns))),)


def _table(relation: Relation, query: str) -> EmptyRelation:
    return EmptyRelation(relation, Batch(statements=(Statement(create_as(relation, query)),)))


def _emptied(query: str) -> str:
    return f"select *\nfrom (\n{query}\n) as given\nlimit 0"


def _typed(columns: Iterable[Column]) -> str:
    listed = ", ".join(
        f"cast(null as {column.data_type or 'varchar'}) as {quote_name(column.name)}"
        for column in columns
    )
    return f"select {listed}"


def _explain(test: CompiledUnitTest, error: SqlFailed, *, compiler: UnitTestCompiler) -> Diagnostic:
    """An error of the model's SQL, in the template where the database tells the place."""
    place: Span | None = None
    if error.position is not None:
        line, column = LineIndex(test.compiled.sql).byte_position(error.position)
        for segment in test.compiled.segments:
            within = line - segment.first_line
            if 0 <= within < segment.line_count:
                position = (segment.offset + within, column)
                place = compiler.locate(test.test, segment.node, position=position)
    words = named(error.message)
    return Diagnostic(
        "K710",
        f"unit test '{test.test.name}': {first_line(error)}",
        place or test.test.span,
        did_you_mean(words[0], error.candidates) if words else "",
    )


def _fingerprint(workspace: Workspace, test: UnitTest) -> str:
    """Hashes all texts that a test depends on; empty where that is not all."""
    project, graph = workspace.project, workspace.graph
    if any(one.fixture is None for one in test.given):
        return ""  # a seed with its own rows, in a file that is not hashed here
    nodes = [project.nodes[node] for node in sorted(ancestors(graph, {test.node}))]
    texts = [getattr(node, "raw", "") for node in nodes]
    texts += sorted({macro.raw for macro in project.macros.values()})
    if not all(map(is_repeatable, texts)):
        return ""
    shapes = [
        repr((node.id, getattr(node, "config", ""), getattr(node, "columns", ""))) for node in nodes
    ]
    variables = sorted(project.config.vars.items(), key=lambda item: item[0])
    return digest(__version__, repr(test), repr(variables), *texts, *shapes)


def _carried(test: UnitTest) -> CheckResult:
    return CheckResult(
        node=test.id,
        name=test.name,
        severity=Severity.ERROR,
        status=Status.PASS,
        expected=EXPECTED,
        is_carried=True,
    )
