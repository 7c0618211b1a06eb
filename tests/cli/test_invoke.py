"""Commands from Python: what comes back, and what stays open or printed: nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

import kpi_runner
from kpi_runner.core.errors import MachineFailed, ProjectInvalid, UsageError
from kpi_runner.core.event import Event, RunFinished, StepFinished
from tests.kit import ROOT

FAILING = "{{ config(materialized='table') }} select 'x'::int as id from range(1)"
Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def shop(project: Write) -> Iterator[Path]:
    folder = project({"models/a.sql": "select 1 as id", "models/b.sql": "from {{ ref('a') }}"})
    with chdir(folder):
        yield folder


def test_a_command_returns_its_report(shop: Path) -> None:
    result = kpi_runner.invoke(["build", "-s", "a"])

    assert (result.success, result.exit_code, result.exception) == (True, 0, None)
    assert result.report is not None
    assert [step.node for step in result.report.steps] == ["model.shop.a"]
    assert result.report.is_published


def test_data_comes_back_as_text(shop: Path) -> None:
    assert kpi_runner.invoke(["ls", "--output", "name"]).output == "a\nb\n"


def test_nothing_is_printed_unless_asked(shop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    kpi_runner.invoke(["build"])
    kpi_runner.invoke(["ls", "-s", "nix"])
    assert capfd.readouterr() == ("", "")

    kpi_runner.invoke(["ls", "--output", "name"], is_printed=True)
    assert capfd.readouterr() == ("a\nb\n", "")


@pytest.mark.parametrize(
    ("arguments", "kind", "exit_code"),
    [
        (["ls", "-s", "nix"], UsageError, 2),
        (["ls", "--selct", "a"], Exception, 2),
        (["nix"], UsageError, 2),
    ],
)
def test_a_mistake_comes_back_as_exception(
    shop: Path, arguments: list[str], kind: type[Exception], exit_code: int
) -> None:
    result = kpi_runner.invoke(arguments)

    assert not result.success
    assert isinstance(result.exception, kind)
    assert result.exit_code == exit_code


def test_a_broken_project_comes_back_with_its_diagnostics(shop: Path) -> None:
    (shop / "models/c.sql").write_text("select * from {{ ref('nix') }}")

    result = kpi_runner.invoke(["parse"])

    assert isinstance(result.exception, ProjectInvalid)
    assert [d.code for d in result.exception.diagnostics] == ["K201"]
    assert result.exit_code == 3


def test_failing_sql_comes_back_in_the_report(shop: Path) -> None:
    (shop / "models/c.sql").write_text(FAILING)

    result = kpi_runner.invoke(["build"])

    assert result.exit_code == 1 and result.exception is None
    assert result.report and [d.code for d in result.report.all_diagnostics] == ["K710"]


def test_events_are_given_as_they_happen(shop: Path) -> None:
    seen: list[Event] = []

    kpi_runner.invoke(["build"], on_event=seen.append)

    assert len([event for event in seen if isinstance(event, StepFinished)]) == 2
    assert isinstance(seen[-1], RunFinished)


def test_no_database_stays_open(shop: Path) -> None:
    """Another process may write to both files while this one lives, even after a failure."""
    kpi_runner.invoke(["build"])
    (shop / "models/c.sql").write_text(FAILING)
    kpi_runner.invoke(["build"])
    script = (
        "import duckdb\n"
        "for path in ('.kpi/work.duckdb', 'warehouse.duckdb'):\n"
        "    duckdb.connect(path).execute('create schema if not exists other')\n"
    )

    subprocess.run([sys.executable, "-c", script], cwd=shop, check=True)


def test_a_second_command_on_a_project_that_is_at_work_is_told_so(shop: Path) -> None:
    inner: list[kpi_runner.Invocation] = []

    def start_another(event: Event) -> None:
        if isinstance(event, StepFinished) and not inner:
            with ThreadPoolExecutor(1) as other:
                inner.append(other.submit(kpi_runner.invoke, ["build", "-f"]).result())

    outer = kpi_runner.invoke(["build"], on_event=start_another)

    assert outer.success
    assert inner[0].exit_code == 4 and isinstance(inner[0].exception, MachineFailed)
    assert [d.code for d in inner[0].exception.diagnostics] == ["K701"]
    assert kpi_runner.invoke(["build", "-f"]).success


def test_an_interruption_is_raised_and_an_end_of_the_process_is_not(shop: Path) -> None:
    def stop(error: BaseException) -> Callable[[Event], None]:
        def raise_it(event: Event) -> None:
            raise error

        return raise_it

    with pytest.raises(KeyboardInterrupt):
        kpi_runner.invoke(["build"], on_event=stop(KeyboardInterrupt()))
    result = kpi_runner.invoke(["build"], on_event=stop(SystemExit(0)))
    assert result.exit_code == 4 and isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("arguments", [None, "build", [1], ["build", None]])
def test_arguments_that_are_no_texts_are_wrong_usage(arguments: Any) -> None:
    result = kpi_runner.invoke(arguments)

    assert result.exit_code == 2 and isinstance(result.exception, UsageError)


def test_commands_run_one_after_another_from_threads(shop: Path) -> None:
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        for pool in (first, second, first):
            assert pool.submit(kpi_runner.invoke, ["build", "-f"]).result().success


def test_the_package_loads_nothing_until_it_is_asked() -> None:
    script = "import sys, kpi_runner; print(*(m for m in sys.modules if m.startswith('kpi_r')))"

    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == ["kpi_runner"]


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nix'"):
        kpi_runner.nix  # type: ignore[attr-defined] # noqa: B018 - that it is none is the test
