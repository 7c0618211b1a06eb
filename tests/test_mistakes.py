"""Mistakes planted under ``tests/cases/mistakes`` are told where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit import read_sections, run_kpi, write_project
from tests.mistakes import BASE, COMMAND, Mistake, find_mistake, read_mistakes

MISTAKES = list(read_mistakes())
COLUMNS_MISSED = frozenset({"12_wrong_macro_argument: an argument of another type"})
"""Mistakes of which only file and line are found: Jinja does not say where in a tag it failed."""


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_told_at_its_place(mistake: Mistake, tmp_path: Path) -> None:
    finding = find_mistake(mistake, tmp_path)

    assert finding.place, finding.output
    planted, place = mistake.planted, finding.place
    assert f"{place.path}:{place.line}" == f"{planted.path}:{planted.line}", finding.output
    if mistake.name not in COLUMNS_MISSED:
        assert place.column == planted.column, finding.output


def test_there_are_sixty_mistakes_of_twenty_kinds() -> None:
    kinds = {mistake.name.partition(":")[0] for mistake in MISTAKES}

    assert (len(MISTAKES), len(kinds)) == (60, 20)
    assert len(MISTAKES) - len(COLUMNS_MISSED) >= 54


def test_the_project_without_a_mistake_builds(tmp_path: Path) -> None:
    write_project(tmp_path, dict(read_sections(BASE)))

    outcome = run_kpi(COMMAND, tmp_path)

    assert outcome.exit_code == 0, outcome.output
