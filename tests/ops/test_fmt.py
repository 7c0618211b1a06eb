"""`kpi fmt`: what it writes, and what it only shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FILES = {
    "models/a.sql": "SELECT 1 as a\n",
    "models/b.sql": "select 1 as b\n",
    "macros/c.sql": "{% macro c(x) %}\ncast({{ x }} AS date)\n{% endmacro %}\n",
    "tests/data/d.sql": "SELECT 1 as d where false\n",
}
Write = Callable[[dict[str, str]], Path]


def test_it_lays_out_models_macros_and_data_tests(project: Write, kpi: Callable) -> None:
    root = project(FILES)

    outcome = kpi("fmt")

    assert outcome.exit_code == 0
    assert (root / "models/a.sql").read_text() == "select 1 as a\n"
    assert "    cast({{ x }} as date)" in (root / "macros/c.sql").read_text()
    assert outcome.output.splitlines()[-1] == "4 files, 3 changed"
    assert kpi("fmt").output == "4 files, 0 changed\n"


def test_only_the_files_named_are_laid_out(project: Write, kpi: Callable) -> None:
    root = project(FILES)

    assert kpi("fmt", "models/a.sql", "macros").exit_code == 0
    assert (root / "models/a.sql").read_text() == "select 1 as a\n"
    assert (root / "tests/data/d.sql").read_text() == FILES["tests/data/d.sql"]


@pytest.mark.parametrize(("flag", "status"), [("--check", 1), ("--diff", 0)])
def test_check_and_diff_write_nothing(
    flag: str, status: int, project: Write, kpi: Callable
) -> None:
    root = project(FILES)

    outcome = kpi("fmt", flag)

    assert outcome.exit_code == status
    assert "models/a.sql" in outcome.output
    assert {name: (root / name).read_text() for name in FILES} == FILES


def test_diff_is_a_patch(project: Write, kpi: Callable) -> None:
    project(FILES)

    outcome = kpi("fmt", "--diff", "models")

    assert outcome.stdout == (
        "--- a/models/a.sql\n+++ b/models/a.sql\n@@ -1 +1 @@\n-SELECT 1 as a\n+select 1 as a\n"
    )


def test_a_path_without_sql_is_wrong_usage(project: Write, kpi: Callable) -> None:
    project(FILES)

    outcome = kpi("fmt", "seeds")

    assert outcome.exit_code == 2
    assert "'seeds' holds no SQL of the project" in outcome.output
