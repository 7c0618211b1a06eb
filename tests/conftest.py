"""Fixtures for every test, and the flags of the suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit import NO_SHARED, SHARED, Outcome, diff_text, run_kpi, write_project

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--update-golden``, which takes what is printed now as what is expected."""
    parser.addoption("--update-golden", action="store_true", help="rewrite expected texts")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Counts and names the tests that had no data outside the repository."""
    skipped = terminalreporter.stats.get("skipped", [])
    names = sorted({report.nodeid for report in skipped if NO_SHARED in str(report.longrepr)})
    if names:
        terminalreporter.section("tests on data outside the repository")
        terminalreporter.write_line(f"{len(names)} skipped, because KPI_SHARED names no folder:")
        for name in names:
            terminalreporter.write_line(f"  {name}")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether expected texts are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Writes a project from a dict of texts and returns its folder."""
    return lambda files: write_project(tmp_path, files)


@pytest.fixture
def kpi(tmp_path: Path) -> Callable[..., Outcome]:
    """Runs ``kpi`` in the folder that ``project`` writes to."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> Outcome:
        return run_kpi(arguments, tmp_path, env=env)

    return run


@pytest.fixture
def golden(update_golden: bool) -> Callable[[Path, str], None]:
    """Compares a text with a file, or writes it there with ``--update-golden``."""

    def check(path: Path, actual: str) -> None:
        if update_golden:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{actual.rstrip()}\n", encoding="utf-8")
        difference = diff_text(path.read_text(encoding="utf-8"), actual)
        assert not difference, f"{path.name}\n{difference}"

    return check


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data outside the repository, named by ``KPI_SHARED``."""
    if not SHARED.is_dir():
        pytest.skip(NO_SHARED)
    return SHARED


@pytest.fixture
def duck() -> Iterator[DuckDBPyConnection]:
    """An in-memory DuckDB session on UTC."""
    import duckdb

    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection
