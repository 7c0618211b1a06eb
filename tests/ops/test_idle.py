"""A command that finds nothing to do says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.kit import Outcome

FILES = {
    "models/a.sql": "select 1 as id",
    "models/b.sql": "select 2 as id",
    "seeds/ref/codes.csv": "code\n1\n",
}


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("run", "Nothing to do: 2 models are current."),
        ("run -s a", "Nothing to do: 1 model is current."),
        ("seed", "Nothing to do: 1 seed is current."),
        ("seed -s a", "Nothing to do: the selection holds no seed."),
        ("test", "Nothing to do: the selection holds no data test."),
        ("check", "Nothing to do: the selection holds no KPI with assertions."),
        ("snapshot", "Nothing to do: the selection holds no snapshot."),
    ],
)
def test_what_did_not_run_is_told(
    project: Callable[[Mapping[str, str]], Path],
    kpi: Callable[..., Outcome],
    command: str,
    line: str,
) -> None:
    project(FILES)
    kpi("build")

    outcome = kpi(*command.split())

    assert outcome.exit_code == 0
    assert line in outcome.output
