"""Each file of ``tests/cases/errors`` is a small broken project and what ``kpi`` says of it."""

from __future__ import annotations

import re
import shlex
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from kpi_runner.core.codes import CODES
from tests.kit import (
    ROOT,
    Outcome,
    diff_text,
    read_case,
    run_kpi,
    write_expectation,
    write_project,
)
from tests.setups import SETUPS

FILES = sorted((ROOT / "tests/cases/errors").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_mistake_is_told_with_its_place(path: Path, tmp_path: Path, update_golden: bool) -> None:
    case = read_case(path)
    project = write_project(tmp_path / "project", case.files)
    *before, last = [shlex.split(line) for line in case.commands]
    for command in before:
        run_kpi(command, project)
    with ExitStack() as stack:
        for name in case.setup:
            stack.enter_context(SETUPS[name](project))
        outcome = run_kpi(last, project)

    outcome = replace(outcome, **without_paths(outcome, project))
    assert "Traceback" not in outcome.output, outcome.output
    if update_golden:
        write_expectation(case, outcome)
        case = read_case(path)
    expected = f"exit {case.exit_code}\n{case.output}"
    difference = diff_text(expected, f"exit {outcome.exit_code}\n{outcome.output}")
    assert not difference, f"{path.name}\n{difference}"


def test_every_code_has_a_case() -> None:
    shown = {code for path in FILES for code in codes_in(read_case(path).output)}

    assert sorted(set(CODES) - shown) == []


def test_every_code_can_occur() -> None:
    sources = [path for path in (ROOT / "kpi_runner").rglob("*.py") if not path.match("*codes.py")]
    raised = {code for path in sources for code in re.findall(r'"(K\d{3})"', path.read_text())}

    assert raised == set(CODES)


def test_a_case_is_named_for_the_code_that_it_shows() -> None:
    wrong = [f.name for f in FILES if f.stem[:4] not in codes_in(read_case(f).output)]

    assert wrong == []


def without_paths(outcome: Outcome, project: Path) -> dict[str, str]:
    texts = {"stdout": outcome.stdout, "stderr": outcome.stderr, "output": outcome.output}
    for pattern, word in (
        (re.escape(str(project)), "<project>"),
        (re.escape(sys.executable), "<python>"),
        (r"(?<=kill )\d+", "<...>"),
        (r"(?<=note: since )\S+", "<...>"),
    ):
        texts = {name: re.sub(pattern, word, text) for name, text in texts.items()}
    return texts


def codes_in(text: str) -> set[str]:
    return set(re.findall(r"\[(K\d{3})\]", text))
