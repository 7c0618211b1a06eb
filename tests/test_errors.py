"""Each file of ``tests/cases/errors`` is a small broken project and what ``kpi`` says of it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from kpi_runner.core.codes import CODES
from tests.kit import ROOT, diff_text, read_case, run_kpi, write_expectation, write_project

FILES = sorted((ROOT / "tests/cases/errors").glob("*.txt"))

# Codes without a case file, and where they are proved instead.
PROVED_ELSEWHERE: Mapping[str, str] = {
    "K704": "tests/adapters: needs a machine that is short of memory",
}

_HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"


@contextmanager
def hold_database(project: Path) -> Iterator[None]:
    """Lets another process hold the work database."""
    path = project / ".kpi/work.duckdb"
    path.parent.mkdir(exist_ok=True)
    with Popen([sys.executable, "-c", _HOLD, str(path)], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout and process.stdin
        process.stdout.readline()
        yield
        process.stdin.close()


@contextmanager
def make_read_only(project: Path) -> Iterator[None]:
    """Takes the right to write away; nothing is read-only for root."""
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    project.chmod(0o555)
    yield
    project.chmod(0o755)


SETUPS: Mapping[str, Callable[[Path], AbstractContextManager[None]]] = {
    "hold-database": hold_database,
    "read-only": make_read_only,
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_mistake_is_told_with_its_place(path: Path, tmp_path: Path, update_golden: bool) -> None:
    case = read_case(path)
    write_project(tmp_path, case.files)
    *before, command = [line.split() for line in case.commands]
    for words in before:
        assert run_kpi(words, tmp_path).exit_code == 0
    with ExitStack() as stack:
        for name in case.setup:
            stack.enter_context(SETUPS[name](tmp_path))
        outcome = run_kpi(command, tmp_path)

    if update_golden:
        write_expectation(case, outcome)
        case = read_case(path)
    difference = diff_text(
        f"exit {case.exit_code}\n{case.output}", f"exit {outcome.exit_code}\n{outcome.output}"
    )
    assert not difference, f"{path.name}\n{difference}"


def test_every_code_has_a_case() -> None:
    shown = {code for path in FILES for code in re.findall(r"\[(K\d{3})\]", read_case(path).output)}

    assert sorted(set(CODES) - shown - set(PROVED_ELSEWHERE)) == []


def test_no_code_is_excused_that_has_a_case() -> None:
    named = {path.stem[:4] for path in FILES}

    assert sorted(named & set(PROVED_ELSEWHERE)) == []


def test_a_case_is_named_for_the_code_it_shows() -> None:
    wrong = [path.name for path in FILES if f"[{path.stem[:4]}]" not in read_case(path).output]

    assert wrong == []
