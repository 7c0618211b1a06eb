"""Exposures in dbt's keys: what they say, what they read, and what can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpi_runner.core.project import Project
from kpi_runner.load.project import load_project
from tests.kit import write_project

FILES = {
    "models/fct_orders.sql": "select 1 as id, date '2026-01-01' as day",
    "models/sources.yml": "sources: [{name: shop, tables: [{name: raw, columns: [{name: id}]}]}]",
    "kpis.yml": """\
kpis:
  - {name: aov, area: sales, kind: hard, unit: count, direction: up, from: fct_orders, time: day,
     measure: count(*)}
""",
}
BOARD = "{name: board, type: dashboard, owner: {name: Growth}, depends_on: [%s]}"


def load(folder: Path, exposures: str) -> Project:
    text = f"exposures:\n{exposures}"
    return load_project(write_project(folder, {**FILES, "models/exposures.yml": text}))


def test_an_exposure_reads_models_sources_and_kpis(tmp_path: Path) -> None:
    reads = "ref('fct_orders'), \"source('shop', 'raw')\", metric('aov')"
    project = load(tmp_path, f"  - {BOARD % reads}")

    exposure = project.exposures["exposure.shop.board"]
    assert project.diagnostics == ()
    assert (exposure.kind, exposure.label, exposure.owner) == (
        "dashboard",
        "board",
        {"name": "Growth"},
    )
    assert project.parents[exposure.id] == (
        "model.shop.fct_orders",
        "source.shop.shop.raw",
        "kpi.shop.aov",
    )


def test_a_disabled_exposure_is_none(tmp_path: Path) -> None:
    assert not load(tmp_path, "  - {name: x, config: {enabled: false}}").exposures


@pytest.mark.parametrize(
    ("exposure", "code", "column"),
    [
        (BOARD % "ref('fct_order')", "K201", 72),
        (BOARD % "\"source('shop', 'nix')\"", "K202", 73),
        (BOARD % "metric('aovs')", "K506", 12),
        (BOARD % "fct_orders", "K102", 72),
        ("{name: board, type: dashbord}", "K105", 25),
        ("{type: dashboard}", "K104", 5),
        ("{name: board, owners: {}}", "K103", 19),
    ],
)
def test_a_mistake_has_a_place(tmp_path: Path, exposure: str, code: str, column: int) -> None:
    (finding,) = load(tmp_path, f"  - {exposure}").diagnostics

    assert finding.code == code
    assert finding.span and finding.span.path == "models/exposures.yml"
    assert (finding.span.line, finding.span.column) == (2, column)


def test_two_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    (finding,) = load(tmp_path, "  - {name: a}\n  - {name: a}").diagnostics

    assert (finding.code, str(finding.span)) == ("K204", "models/exposures.yml:3:12")
