"""Steps in order, side by side, after a failure, and when something stops everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import sleep

import pytest

from kpi_runner.adapters.protocol import Adapter, Rows
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed, SqlFailed
from kpi_runner.core.event import Event, StepFinished, StepStarted
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column
from kpi_runner.core.plan import Action, Statement, Step
from kpi_runner.core.result import StepResult
from kpi_runner.run.executor import (
    BIG_ROWS,
    YOUNG_SECONDS,
    Execution,
    FailedStatement,
    execute_steps,
)

DIAMOND = {"a": "", "b": "a", "c": "a", "d": "b c", "e": ""}


@dataclass
class Recording:
    """An adapter that remembers, and does what it is told for the text of a statement."""

    acts: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    interrupted: threading.Event = field(default_factory=threading.Event)
    closed: int = 0
    rows: int = 3

    def session(self) -> Adapter:
        return self

    def execute(self, sql: str) -> int:
        self.log.append(sql)
        self.acts.get(sql, lambda: None)()
        return self.rows

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            yield
            self.log.append("commit")
        except BaseException:
            self.log.append("rollback")
            raise

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed += 1

    def query(self, sql: str) -> Rows:
        raise AssertionError("a step only executes")

    def describe(self, sql: str) -> tuple[Column, ...]:
        raise AssertionError("a step only executes")

    def relations(self) -> Mapping[Relation, str]:
        raise AssertionError("a step only executes")


def test_a_step_runs_after_what_it_needs_whatever_the_threads() -> None:
    for threads in (1, 2, 8):
        adapter = Recording()

        results = execute(DIAMOND, adapter, threads=threads)

        ran = [sql for sql in adapter.log if sql != "commit"]
        assert sorted(ran) == list(DIAMOND)
        assert all(ran.index(n) < ran.index(s) for s, ns in DIAMOND.items() for n in ns.split())
        assert [one.node for one in results] == list(DIAMOND)
        assert statuses(results) == dict.fromkeys(DIAMOND, "success")
        assert adapter.closed == min(threads, len(DIAMOND))


def test_steps_that_do_not_need_each_other_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=5)

    results = execute({"a": "", "b": ""}, Recording({"a": both.wait, "b": both.wait}), threads=2)

    assert statuses(results) == {"a": "success", "b": "success"}


def test_what_needs_a_failed_step_is_skipped_and_all_else_runs() -> None:
    adapter = Recording({"b": refuse})

    results = execute(DIAMOND, adapter)

    assert statuses(results) == {
        "a": "success", "b": "error", "c": "success", "d": "skipped", "e": "success",
    }  # fmt: skip
    assert [d.message for one in results for d in one.diagnostics] == ["b: no such table"]
    assert adapter.log.count("rollback") == 1 and "d" not in adapter.log


def test_skipping_goes_all_the_way_down() -> None:
    results = execute({"a": "", "b": "a", "c": "b"}, Recording({"a": refuse}))

    assert statuses(results) == {"a": "error", "b": "skipped", "c": "skipped"}


def test_fail_fast_starts_nothing_after_a_failure() -> None:
    adapter = Recording({"a": refuse})

    results = execute({"a": "", "b": "", "c": ""}, adapter, fail_fast=True)

    assert statuses(results) == {"a": "error", "b": "skipped", "c": "skipped"}
    assert adapter.log == ["a", "rollback"]


def test_each_step_is_told_when_it_starts_and_ends() -> None:
    events: list[Event] = []

    execute({"a": "", "b": "a"}, Recording({"a": refuse}), emit=events.append)

    assert [(type(event), node_of(event)) for event in events] == [
        (StepStarted, "a"),
        (StepFinished, "a"),
        (StepFinished, "b"),
    ]


def test_bookkeeping_happens_in_the_transaction_of_its_step() -> None:
    adapter = Recording()

    execute(
        {"a": ""}, adapter, after=lambda session, results: adapter.log.append(str(results[0].rows))
    )

    assert adapter.log == ["a", "3", "commit"]


def test_small_steps_that_are_ready_together_share_a_transaction() -> None:
    adapter = Recording()

    results = execute(DIAMOND, adapter, after=noted_by(adapter))

    assert adapter.log == ["a", "e", "a e", "commit", "b", "c", "b c", "commit", "d", "d", "commit"]
    assert statuses(results) == dict.fromkeys(DIAMOND, "success")


def test_what_shared_a_transaction_with_a_failed_step_is_run_again_by_itself() -> None:
    adapter = Recording({"b": refuse})

    results = execute({"a": "", "b": "", "c": ""}, adapter, after=noted_by(adapter))

    assert adapter.log == ["a", "b", "rollback", "a", "a", "commit", "c", "c", "commit"]
    assert statuses(results) == {"a": "success", "b": "error", "c": "success"}
    assert [d.message for one in results for d in one.diagnostics] == ["b: no such table"]


def test_steps_are_run_one_by_one_where_noting_them_together_fails() -> None:
    adapter = Recording()

    def note(session: Adapter, results: Sequence[StepResult]) -> None:
        if len(results) > 1:
            raise SqlFailed("conflict")

    results = execute({"a": "", "b": ""}, adapter, after=note)

    assert adapter.log == ["a", "b", "rollback", "a", "commit", "b", "commit"]
    assert statuses(results) == {"a": "success", "b": "success"}


def test_a_transaction_takes_no_further_step_once_it_is_old() -> None:
    adapter, events = Recording({"a": lambda: sleep(YOUNG_SECONDS)}), list[Event]()

    execute({"a": "", "b": "", "c": ""}, adapter, emit=events.append)

    assert adapter.log == ["a", "commit", "b", "c", "commit"]
    assert [node_of(event) for event in events if isinstance(event, StepStarted)] == ["a", "b", "c"]


def test_a_step_with_hooks_has_a_transaction_of_its_own() -> None:
    adapter = Recording()
    steps = [
        Step(node=node, action=Action.VIEW, statements=(Statement(node),), has_hooks=node == "b")
        for node in "abcd"
    ]

    execute_steps(steps, Execution(
        adapter=adapter, threads=1, explain=explain, after=lambda *_: None, emit=lambda _: None,
    ))  # fmt: skip

    assert adapter.log == ["a", "commit", "b", "commit", "c", "d", "commit"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(BIG_ROWS - 1, ["a", "commit"]), (BIG_ROWS, ["a", "commit", "checkpoint"])],
)
def test_the_space_of_a_big_table_that_was_replaced_is_freed(
    rows: int, expected: list[str]
) -> None:
    adapter = Recording({"checkpoint": refuse}, rows=rows)

    results = execute({"a": ""}, adapter)

    assert adapter.log == expected
    assert statuses(results) == {"a": "success"}, "other steps at work may prevent it"


def test_a_step_that_is_refused_fails_and_runs_nothing() -> None:
    adapter, found = Recording(), Diagnostic("K613", "the logic changed")
    step = Step(node="a", action=Action.TABLE, statements=(Statement("a"),), refused=(found,))

    results = execute_steps([step, Step(node="b", action=Action.TABLE, needs=("a",))], Execution(
        adapter=adapter, threads=1, explain=explain, after=lambda *_: None, emit=lambda _: None,
    ))  # fmt: skip

    assert statuses(results) == {"a": "error", "b": "skipped"}
    assert results[0].diagnostics == (found,) and adapter.log == []


@pytest.mark.parametrize("error", [MachineFailed(), KeyboardInterrupt()])
def test_what_stops_everything_interrupts_what_runs_and_passes_through(
    error: BaseException,
) -> None:
    adapter, is_waiting = Recording(), threading.Event()

    def wait_for_interrupt() -> None:
        is_waiting.set()
        assert adapter.interrupted.wait(5)

    def fail() -> None:
        is_waiting.wait(5)
        raise error

    adapter.acts = {"a": fail, "b": wait_for_interrupt}

    with pytest.raises(type(error)):
        execute({"a": "", "b": "", "c": "a b"}, adapter, threads=2)

    assert "c" not in adapter.log
    assert adapter.closed == 2


def test_a_failure_of_the_machine_names_the_step() -> None:
    def fail() -> None:
        raise MachineFailed(Diagnostic("K704", "the database ran out of memory"))

    with pytest.raises(MachineFailed) as caught:
        execute({"model.shop.orders": ""}, Recording({"model.shop.orders": fail}))

    assert caught.value.diagnostics[0].message == "'orders': the database ran out of memory"


def execute(
    needs: Mapping[str, str],
    adapter: Recording,
    *,
    threads: int = 1,
    fail_fast: bool = False,
    emit: Callable[[Event], None] = lambda event: None,
    after: Callable[[Adapter, Sequence[StepResult]], None] = lambda session, results: None,
) -> tuple[StepResult, ...]:
    steps = [
        Step(node=node, action=Action.TABLE, statements=(Statement(node),), needs=tuple(ns.split()))
        for node, ns in needs.items()
    ]
    execution = Execution(
        adapter=adapter,
        threads=threads,
        explain=explain,
        after=after,
        emit=emit,
        fail_fast=fail_fast,
    )
    return execute_steps(steps, execution)


def noted_by(adapter: Recording) -> Callable[[Adapter, Sequence[StepResult]], None]:
    """Bookkeeping that writes the names of what it is told into the log."""
    return lambda session, results: adapter.log.append(" ".join(one.node for one in results))


def explain(failed: FailedStatement) -> Diagnostic:
    return Diagnostic("K710", f"{failed.step.node}: {failed.error.message}")


def refuse() -> None:
    raise SqlFailed("no such table")


def statuses(results: tuple[StepResult, ...]) -> dict[str, str]:
    return {result.node: str(result.status) for result in results}


def node_of(event: Event) -> str:
    if isinstance(event, StepFinished):
        return event.result.node
    assert isinstance(event, StepStarted)
    return event.node
