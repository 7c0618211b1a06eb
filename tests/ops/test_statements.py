"""How many statements a build sends: guarded by counts, for seconds depend on the machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pytest

from kpi_runner.adapters.duckdb import DuckDBAdapter
from kpi_runner.ops.shared_scans import FEW_ROWS
from kpi_runner.run import executor
from tests.kit import Outcome

Make = Callable[[Mapping[str, str]], Path]
Kpi = Callable[..., Outcome]

FEW, MANY = 5, 25
PROFILE = {
    "pyproject.toml": "",
    "dbt_project.yml": "name: shop\nprofile: shop\nmodels: {shop: {+materialized: table}}\n",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n",
    "models/sources.yml": "sources: [{name: raw, tables: [{name: things}]}]\n",
}
TESTED = """\
  - name: {name}
    columns:
      - name: id
        data_tests:
          - unique
          - not_null
          - relationships: {{arguments: {{to: ref('first'), field: id}}}}
      - {{name: kind, data_tests: [not_null, accepted_values: {{arguments: {{values: [a, b]}}}}]}}
"""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that were sent so far; a transaction is open as long as it has to be."""
    statements: list[str] = []
    for name in ("execute", "query", "describe"):
        original = getattr(DuckDBAdapter, name)

        def send(self: DuckDBAdapter, sql: str, original=original) -> object:
            statements.append(sql)
            return original(self, sql)

        monkeypatch.setattr(DuckDBAdapter, name, send)
    monkeypatch.setattr(executor, "YOUNG_SECONDS", 60)
    return statements


def make_shop(project: Make, *, models: int, rows: int = 9) -> Path:
    """Writes a project of models with five tests each, all on one, and its database."""
    names = [f"model_{number}" for number in range(models)]
    texts = {f"models/{name}.sql": "select id, kind from {{ ref('first') }}" for name in names}
    yaml = "models:\n" + "".join(TESTED.format(name=name) for name in names)
    first = {"models/first.sql": "from {{ source('raw', 'things') }}"}
    path = project({**PROFILE, **first, **texts, "models/models.yml": yaml}) / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema if not exists raw")
        query = f"select i as id, 'a' as kind from range({rows}) as r (i)"
        connection.execute(f"create or replace table raw.things as {query}")
    return path


def built(kpi: Kpi, sent: list[str]) -> list[str]:
    """Builds, and returns the statements of it."""
    sent.clear()
    outcome = kpi("build")
    assert outcome.exit_code == 0, outcome.output
    return [*sent]


def test_a_further_model_costs_its_table_its_copy_and_one_scan_for_all_its_tests(
    project: Make, kpi: Kpi, sent: list[str]
) -> None:
    path = make_shop(project, models=FEW)
    few = built(kpi, sent)
    shutil.rmtree(path.parent / ".kpi")
    path.unlink()
    make_shop(project, models=MANY)

    many = built(kpi, sent)

    assert len(many) - len(few) == 3 * (MANY - FEW)


def test_tests_that_compare_many_rows_stand_alone(project: Make, kpi: Kpi, sent: list[str]) -> None:
    make_shop(project, models=1, rows=FEW_ROWS)
    small = built(kpi, sent)
    make_shop(project, models=1, rows=FEW_ROWS + 1)

    large = built(kpi, sent)

    assert [sum("count(distinct" in sql for sql in one) for one in (small, large)] == [1, 0]
    assert sum("as failing" in sql for sql in large) == 2
    assert sum("count(*) filter" in sql for sql in large) == 1


def test_only_what_has_changed_is_published_again(project: Make, kpi: Kpi, sent: list[str]) -> None:
    path = make_shop(project, models=FEW)
    built(kpi, sent)
    (path.parent / "models/model_1.sql").write_text(
        "select id, 'b' as kind from {{ ref('first') }}"
    )

    statements = built(kpi, sent)

    assert [sql.split(" as\n")[0] for sql in statements if "table published_file." in sql] == [
        "create or replace table published_file.main.model_1"
    ]
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select distinct kind from model_1").fetchall() == [("b",)]
        assert connection.execute("select distinct kind from model_2").fetchall() == [("a",)]
