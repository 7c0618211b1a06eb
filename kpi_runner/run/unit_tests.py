"""Runs unit tests in an empty database of their own, and says what differs.

Each test makes the relations that it gives inside a transaction that is rolled back, so no test
sees another's. What no test gives is there without rows, for its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import current_thread
from time import perf_counter
from typing import Any

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import create_as, create_schema
from kpi_runner.compile.unit_test import CompiledUnitTest
from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import KpiError, RunFailed, SqlFailed
from kpi_runner.core.event import CheckFinished, Emit
from kpi_runner.core.fit import FIT
from kpi_runner.core.names import Relation, quote_name
from kpi_runner.core.node import Column
from kpi_runner.core.plan import Batch
from kpi_runner.core.result import CheckResult, Status
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.core.unit_test import Fixture, FixtureRow
from kpi_runner.plan.batches import next_batch
from kpi_runner.plan.planner import fit_batch
from kpi_runner.run.batches import Work
from kpi_runner.run.clock import now_exactly
from kpi_runner.run.fixture_sql import cast_value, infer_columns, is_rounded, select_rows
from kpi_runner.run.row_diff import RowDiff, compare_rows, format_diff
from kpi_runner.run.workers import open_workers

EXPECTED = "the expected rows"
_ACTUAL = Relation("temp", "kpi_unit_test")

ExplainUnitTest = Callable[[CompiledUnitTest, SqlFailed], Diagnostic]
_Known = Mapping[Relation, tuple[Column, ...]]


@dataclass(frozen=True, slots=True)
class EmptyRelation:
    """A relation that some test reads, and the batch that makes it: of a seed with its rows where
    they are its own, else without any."""

    relation: Relation
    batch: Batch


class _Undone(Exception):
    """Ends the transaction of a test."""


def run_unit_tests(
    tests: Sequence[CompiledUnitTest],
    sessions: Sequence[Adapter],
    *,
    relations: Sequence[EmptyRelation],
    explain: ExplainUnitTest,
    emit: Emit,
) -> tuple[CheckResult, ...]:
    """Runs unit tests and returns their results, in their order.

    Args:
        tests: compiled.
        sessions: each on an empty database of its own, where a test makes what it needs; they
            run side by side, and are closed.
        relations: what the tests read, parents first; one that cannot be made is left out, and
            the rows that a test gives it tell its columns.
        explain: an error of the model's SQL → diagnostic with its place.
        emit: takes events.
    """
    named = {relation.schema for test in tests for _, relation in test.inputs}
    schemas = sorted(named | {test.model.relation.schema for test in tests})
    ready: dict[int, _Known] = {}

    def work_of(test: CompiledUnitTest) -> Callable[[Adapter], CheckResult]:
        def work(session: Adapter) -> CheckResult:
            if id(session) not in ready:
                ready[id(session)] = _make_relations(session, relations, schemas=schemas)
            return _run(test, session, known=ready[id(session)], explain=explain)

        return work

    results = []
    with open_workers(sessions) as workers:
        for future in [workers.submit(work_of(test)) for test in tests]:
            results.append(future.result())
            emit(CheckFinished(results[-1]))
    return tuple(results)


def _make_relations(
    adapter: Adapter, relations: Sequence[EmptyRelation], *, schemas: Iterable[str]
) -> _Known:
    known = {}
    for schema in schemas:
        adapter.execute(create_schema(schema))
    for one in relations:
        adapter.execute(create_schema(one.relation.schema))
        with suppress(SqlFailed):
            Work(adapter).do(one.batch)
            known[one.relation] = adapter.describe(f"select * from {one.relation.sql}")
    return known


def _run(
    test: CompiledUnitTest,
    adapter: Adapter,
    *,
    known: _Known,
    explain: ExplainUnitTest,
) -> CheckResult:
    started = perf_counter()
    result = CheckResult(
        node=test.test.id,
        name=test.test.name,
        severity=Severity.ERROR,
        status=Status.PASS,
        expected=EXPECTED,
        started_at=now_exactly(),
        thread=current_thread().name,
    )
    try:
        with suppress(_Undone), adapter.transaction():
            diff = _Trial(test, adapter, known=known).compare()
            raise _Undone
        result = _judge(test, diff, result=result)
    except SqlFailed as error:
        result = replace(result, status=Status.ERROR, diagnostics=(explain(test, error),))
    except KpiError as error:
        result = replace(result, status=Status.ERROR, diagnostics=error.diagnostics)
    return replace(result, seconds=perf_counter() - started)


def _judge(test: CompiledUnitTest, diff: RowDiff, *, result: CheckResult) -> CheckResult:
    result = replace(result, failing_rows=diff.count, observed=diff.summary)
    if not diff.count:
        return result
    finding = Diagnostic(
        "K922",
        f"unit test '{test.test.name}' of '{test.model.name}': {diff.summary}",
        test.test.expect.span or test.test.span,
        f"`kpi test --select {test.test.name}` runs it alone.",
        notes=(f"expected → actual\n{format_diff(diff)}",),
    )
    return replace(result, status=Status.FAIL, diagnostics=(finding,))


class _Trial:
    """One unit test inside its transaction."""

    def __init__(
        self,
        test: CompiledUnitTest,
        adapter: Adapter,
        *,
        known: _Known,
    ) -> None:
        self._test = test
        self._adapter = adapter
        self._known = known

    def compare(self) -> RowDiff:
        """Makes what is given, computes the model, and compares its rows with the expected."""
        for given, relation in self._test.inputs:
            if given.fixture and (given.reference or self._test.first is None):
                self._make(relation, given.fixture, known=self._known.get(relation, ()))
        result = self._compute()
        fixture = self._with_columns(self._test.test.expect)
        columns = self._expected_columns(fixture, self._columns_of(result))
        listed = ", ".join(quote_name(column.name) for column in columns)
        expected = self._adapter.query(self._select(fixture, columns)).rows
        actual = self._adapter.query(f"select {listed} from {result.sql}").rows
        return compare_rows([column.name for column in columns], expected, actual=actual)

    def _compute(self) -> Relation:
        """Builds the model, an incremental one up to its final state, a fit with its parameters;
        returns where it lies."""
        test, model = self._test, self._test.model
        if test.first is None:
            self._adapter.describe(test.compiled.sql)  # so that a mistake has its place
            if model.config.materialized == FIT:
                Work(self._adapter).do(fit_batch(model, test.compiled.sql))
                return model.relation
            self._adapter.execute(_create_temp(_ACTUAL, test.compiled.sql))
            return _ACTUAL
        before = next((g.fixture for g, _ in test.inputs if g.reference is None), None)
        columns = self._adapter.describe(test.first.sql)
        self._make(model.relation, before or Fixture(), known=columns)
        self._adapter.describe(test.compiled.sql)
        Work(self._adapter).do(next_batch(model, test.compiled.sql, is_strict=True))
        return model.relation

    def _make(self, relation: Relation, fixture: Fixture, *, known: Sequence[Column]) -> None:
        """Makes a relation of the rows of a fixture, with all the columns that it really has."""
        fixture = self._with_columns(fixture)
        _refuse_unknown(fixture, known, what=f"'{relation.name}'")
        columns = known or (
            self._adapter.describe(fixture.sql) if fixture.sql else infer_columns(fixture)
        )
        if columns:
            self._adapter.execute(create_as(relation, self._select(fixture, columns)))

    def _with_columns(self, fixture: Fixture) -> Fixture:
        """The fixture with the columns that it names, also where it is SQL."""
        if fixture.format != "sql" or fixture.span is None:
            return fixture
        try:
            columns = self._adapter.describe(fixture.sql)
        except SqlFailed as error:
            raise RunFailed(_bad_rows(self._test, error, fixture=fixture)) from None
        return replace(fixture, columns={column.name: fixture.span for column in columns})

    def _select(self, fixture: Fixture, columns: Sequence[Column]) -> str:
        """The SELECT of a fixture, once it is known that every value fits its column."""
        for row, column, value in _cells(fixture, columns):
            if is_rounded(value, column.data_type):
                raise RunFailed(_no_fit(self._test, row, column=column, value=value))
        sql = select_rows(fixture, columns)
        try:
            self._adapter.query(f"select count(*) from (select distinct * from (\n{sql}\n))")
        except SqlFailed as error:
            raise RunFailed(self._misfit(fixture, columns, error=error)) from None
        return sql

    def _misfit(
        self, fixture: Fixture, columns: Sequence[Column], *, error: SqlFailed
    ) -> Diagnostic:
        """Finds the value that does not fit its column; the transaction has failed already."""
        session = self._adapter.session()
        try:
            for row, column, value in _cells(fixture, columns):
                with suppress(SqlFailed):
                    session.query(f"select {cast_value(value, column)}")
                    continue
                return _no_fit(self._test, row, column=column, value=value)
        finally:
            session.close()
        return _bad_rows(self._test, error, fixture=fixture)

    def _expected_columns(self, fixture: Fixture, columns: Sequence[Column]) -> tuple[Column, ...]:
        """The columns that are compared: those that the expected rows name, or else all."""
        _refuse_unknown(fixture, columns, what=f"'{self._test.model.name}'")
        named = {name.lower() for name in fixture.columns}
        return tuple(one for one in columns if not named or one.name.lower() in named)

    def _columns_of(self, relation: Relation) -> tuple[Column, ...]:
        return self._adapter.describe(f"select * from {relation.sql}")


def _refuse_unknown(fixture: Fixture, columns: Sequence[Column], *, what: str) -> None:
    """Raises RunFailed (K205) for columns that a fixture names and a relation does not have."""
    known = {column.name.lower(): column.name for column in columns}
    unknown = [name for name in fixture.columns if known and name.lower() not in known]
    if unknown:
        raise RunFailed(
            *(
                Diagnostic(
                    "K205",
                    f"{what} has no column '{name}'",
                    fixture.columns[name],
                    did_you_mean(name, known.values()) or f"It has {', '.join(known.values())}.",
                )
                for name in unknown
            )
        )


def _cells(fixture: Fixture, columns: Sequence[Column]) -> Iterator[tuple[FixtureRow, Column, Any]]:
    for row in fixture.rows:
        values = {name.lower(): value for name, value in row.values.items()}
        yield from ((row, column, values.get(column.name.lower())) for column in columns)


def _no_fit(test: CompiledUnitTest, row: FixtureRow, *, column: Column, value: Any) -> Diagnostic:
    message = f"column '{column.name}' holds '{value}', which is no {column.data_type}"
    return Diagnostic("K102", f"{_named(test)}: {message}", row.span)


def _bad_rows(test: CompiledUnitTest, error: SqlFailed, *, fixture: Fixture) -> Diagnostic:
    said = error.message.partition("\n")[0]
    return Diagnostic("K710", f"{_named(test)}: its rows cannot be read: {said}", fixture.span)


def _named(test: CompiledUnitTest) -> str:
    return f"unit test '{test.test.name}'"


def _create_temp(relation: Relation, sql: str) -> str:
    return f"create or replace temp table {relation.sql} as\n{sql}\n"
