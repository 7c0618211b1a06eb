"""Models that are fitted, as part of a project: built, left alone, tested, told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kpi_runner.core.fit import METHODS
from kpi_runner.ops import fingerprints

if TYPE_CHECKING:
    from tests.kit import Outcome

Project = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., "Outcome"]

FILES = {
    "models/int_paths__counted.sql": """
select * from (values
    ('2026-03', '(start)', 'Ads', 4), ('2026-03', '(start)', 'Mail', 1),
    ('2026-03', 'Ads', '(conversion)', 2), ('2026-03', 'Ads', 'Mail', 1),
    ('2026-03', 'Ads', '(null)', 1), ('2026-03', 'Mail', '(conversion)', 2),
    ('2026-04', '(start)', 'Mail', 3), ('2026-04', 'Mail', '(null)', 3)
) as counted (month, from_state, to_state, transition_count)
""",
    "models/int_paths__fitted.sql": """
{{ config(materialized='fit', method='markov') }}
select month, from_state, to_state, transition_count
from {{ ref('int_paths__counted') }}
""",
    "models/fct_credits.sql": """
{{ config(materialized='table') }}
select month, state, round(4 * credit_share, 6) as credit
from {{ ref('int_paths__fitted') }}
""",
    "models/fitted.yml": """
models:
  - name: int_paths__fitted
    description: Removal effects.
    grain: [month, state]
unit_tests:
  - name: the_worked_example
    model: int_paths__fitted
    given:
      - input: ref('int_paths__counted')
        rows:
          - {month: m, from_state: (start), to_state: A, transition_count: 3}
          - {month: m, from_state: A, to_state: B, transition_count: 1}
          - {month: m, from_state: A, to_state: (conversion), transition_count: 1}
          - {month: m, from_state: A, to_state: (null), transition_count: 1}
          - {month: m, from_state: B, to_state: (conversion), transition_count: 1}
    expect:
      rows:
        - {month: m, state: A, removal_effect: 1}
        - {month: m, state: B, removal_effect: 0.5}
""",
}


def test_each_group_is_fitted_and_models_read_the_parameters(project: Project, kpi: Kpi) -> None:
    project(FILES)

    outcome = kpi("build")
    rows = json.loads(kpi("show", "fct_credits", "--format", "json").stdout)["rows"]

    assert outcome.exit_code == 0, outcome.output
    assert "fit int_paths__fitted [3 rows" in outcome.output
    assert sorted((row["month"], row["state"], row["credit"]) for row in rows) == [
        ("2026-03", "Ads", 2.4),
        ("2026-03", "Mail", 1.6),
        ("2026-04", "Mail", None),
    ]


def test_a_fit_is_left_alone_until_its_rows_change(project: Project, kpi: Kpi) -> None:
    root = project(FILES)
    kpi("build")

    unchanged = kpi("build", "--full-refresh", "--select", "fct_credits")
    file = root / "models/int_paths__counted.sql"
    file.write_text(file.read_text("utf-8").replace("'Ads', 4", "'Ads', 5"), "utf-8")
    changed = kpi("build")

    assert "int_paths__fitted" not in unchanged.output
    assert "fit int_paths__fitted [3 rows" in changed.output
    assert "upstream int_paths__counted" in changed.output


def test_a_new_version_of_a_method_fits_again(
    project: Project, kpi: Kpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(FILES)
    kpi("build")
    newer = replace(METHODS["markov"], version=METHODS["markov"].version + 1)
    monkeypatch.setattr(fingerprints, "METHODS", {**METHODS, "markov": newer})

    outcome = kpi("run", "--select", "int_paths__fitted")

    assert "fit int_paths__fitted [3 rows" in outcome.output
    assert "config changed" in outcome.output


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("ls", "--select", "config.materialized:fit"), "int_paths__fitted"),
        (("compile", "int_paths__fitted"), "select month, from_state"),
        (("test", "--select", "the_worked_example"), "PASS=1"),
        (("show", "int_paths__fitted"), "removal_effect"),
    ],
)
def test_every_command_knows_it(
    project: Project, kpi: Kpi, command: tuple[str, ...], says: str
) -> None:
    project(FILES)
    kpi("build")

    assert says in kpi(*command).output


def test_a_view_of_the_same_name_makes_way(project: Project, kpi: Kpi) -> None:
    files = dict(FILES)
    fitted = files["models/int_paths__fitted.sql"]
    files["models/int_paths__fitted.sql"] = "select 'm' as month, 'A' as state, 1 as credit_share"
    del files["models/fitted.yml"]
    root = project(files)
    first = kpi("build")

    (root / "models/int_paths__fitted.sql").write_text(fitted, "utf-8")
    second = kpi("build")

    assert (first.exit_code, second.exit_code) == (0, 0), second.output
