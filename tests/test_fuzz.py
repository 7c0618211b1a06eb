"""Whatever is in the files of a project, `kpi` answers with a code and a place, and soon."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fuzz import Verdict, make_template, run_cases

CASES = range(200)
PROCESSES = 2


@pytest.mark.slow
def test_mutated_files_are_answered_with_a_code_and_a_place(tmp_path: Path) -> None:
    template = make_template(tmp_path / "template")

    def work(number: int) -> list[Verdict]:
        return list(run_cases(CASES[number::PROCESSES], template, tmp_path / f"case{number}"))

    with ThreadPoolExecutor(PROCESSES) as threads:
        verdicts = [verdict for part in threads.map(work, range(PROCESSES)) for verdict in part]

    wrong = [f"{v.case}: {v.problem}: {v.mutations}" for v in verdicts if v.problem]
    assert wrong == [], "python benchmarks/fuzz.py --only <case> prints one"
    assert len(verdicts) == len(CASES)
    assert {verdict.exit_code for verdict in verdicts} >= {0, 1, 3}
