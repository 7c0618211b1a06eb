"""Kills the real `kpi build` at random moments: nothing public is ever torn, nothing is lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.killed_builds import Kill, build_undisturbed, kill_builds

DAYS = 10
ROUNDS = 3


@pytest.mark.slow
def test_a_killed_build_leaves_what_it_should_and_the_next_one_makes_up_for_it(
    tmp_path: Path,
) -> None:
    chance = random.Random(30)
    undisturbed = build_undisturbed(tmp_path / "undisturbed", DAYS)

    kills: list[Kill] = []
    for _ in range(ROUNDS):
        kills += kill_builds(tmp_path / "killed", undisturbed, chance=chance)

    assert [kill for kill in kills if kill.problem] == []
    assert len(kills) == DAYS * ROUNDS
    assert {kill.is_changed for kill in kills} == {True, False}, "all kills at one side"
