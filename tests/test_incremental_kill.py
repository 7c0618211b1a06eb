"""Kills real builds with incremental models and snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.incremental_kills import kill_builds

KILLS = 6


@pytest.mark.slow
def test_a_killed_build_applies_no_batch_twice_and_loses_none(tmp_path: Path) -> None:
    kills = list(kill_builds(tmp_path, KILLS, seed=3))

    assert any(kill.was_killed for kill in kills)
