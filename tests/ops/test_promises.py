"""What a build promises whatever it is given: secrets stay secret, foreign files stay whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit import run_kpi, write_project

SECRET = "s3cr3tZZ"


def test_a_secret_stands_neither_in_messages_nor_in_artifacts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)
    model = (
        "{{ config(materialized='table') }} select cast('{{ env_var('SHOP_TOKEN') }}' as int) as x"
    )
    project = write_project(tmp_path / "project", {"models/a.sql": model})

    outcome = run_kpi(["build"], project)

    assert outcome.exit_code == 1 and "*****" in outcome.output
    assert SECRET not in outcome.output
    artifacts = [path for path in (project / "target").rglob("*") if path.is_file()]
    assert artifacts
    assert [path.name for path in artifacts if SECRET in path.read_text(errors="replace")] == []


def test_publishing_replaces_no_file_that_is_no_database(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", {"models/a.sql": "select 1 as id"})
    (project / "orders.csv").write_text("id,amount\n1,2.50\n")

    outcome = run_kpi(["build", "--database", "orders.csv"], project)

    assert outcome.exit_code == 2 and "K002" in outcome.output, outcome.output
    assert (project / "orders.csv").read_text() == "id,amount\n1,2.50\n"


def test_a_selection_of_a_mart_publishes_only_what_holds(tmp_path: Path) -> None:
    files = {
        "models/fct_o.sql": "select 1 as id, date '2026-01-05' as d, 10 as a",
        "models/kpi_sales.sql": "{{ kpis('sales') }}",
        "models/kpi_values.sql": "select * from {{ ref('kpi_sales') }}",
        "kpis.yml": KPI,
    }
    project = write_project(tmp_path / "project", files)
    day = ["--as-of", "2026-01-31"]
    assert run_kpi(["build", *day], project).exit_code == 0

    (project / "kpis.yml").write_text(KPI.replace("sum(a)", "sum(-a)"))
    for selected in ("kpi_sales", "kpi_values", "path:models", "fct_o"):
        outcome = run_kpi(["build", *day, "-s", selected], project)
        assert outcome.exit_code == 1 and "K921" in outcome.output, selected


KPI = """\
kpis:
  - name: revenue
    label: Revenue
    area: sales
    kind: hard
    owner: finance
    description: Amounts.
    unit: money
    direction: up
    from: fct_o
    time: d
    measure: sum(a)
    assertions:
      - at_least: 0
"""
