"""Contracts of models: columns before anything is built, constraints before anything stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.kit import Outcome

Run = Callable[..., Outcome]
Project = Callable[[dict[str, str]], Path]

SQL = "select i as id, 'n' || i as name, i * 1.5 as amount from range(3) as r (i)"
COLUMNS = (
    "[{name: id, data_type: bigint}, {name: NAME, data_type: text}, "
    "{name: amount, data_type: numeric}]"
)


def shop(
    columns: str = COLUMNS, *, more: str = "", sql: str = SQL, kind: str = "table"
) -> dict[str, str]:
    return {
        "models/m.sql": sql,
        "models/next.sql": "select * from {{ ref('m') }}",
        "models/m.yml": f"models:\n  - name: m\n    config: {{materialized: {kind}, "
        f"contract: {{enforced: true}}}}\n    columns: {columns}\n{more}",
    }


@pytest.mark.parametrize("kind", ["table", "view", "incremental"])
def test_a_contract_that_holds_builds(project: Project, kpi: Run, kind: str) -> None:
    project(shop(kind=kind))

    assert kpi("build").exit_code == 0
    assert kpi("build", "--full-refresh").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("bigint", "integer", "'id' has another type"),
        ("numeric", "'decimal(9,2)'", "'amount' has another type"),
        ("name: id,", "name: key,", "'key' is missing, 'id' is not declared"),
        ("bigint", "bigger", "column 'id' has the unknown data_type 'bigger'"),
    ],
)
def test_a_broken_contract_replaces_nothing(
    project: Project, kpi: Run, old: str, new: str, told: str
) -> None:
    folder = project(shop())
    kpi("build")
    before = (folder / "warehouse.duckdb").read_bytes()

    project(shop(COLUMNS.replace(old, new)))
    outcome = kpi("build")

    assert outcome.exit_code == 1
    assert told in outcome.output and "--> models/m.yml:4:" in outcome.output, outcome.output
    assert (folder / "warehouse.duckdb").read_bytes() == before
    assert rows(folder) == 3


CONSTRAINTS = [
    ("{type: not_null, columns: [name]}", "null", "not_null of 'name' is broken: 4 rows"),
    ("{type: unique, columns: [id]}", "i", "unique of 'id' is broken: 1 (2 rows)"),
    ("{type: primary_key, columns: [id]}", "i", "primary_key of 'id' is broken: 1 (2 rows)"),
    ("{type: check, expression: id < 2}", "i", "check 'id < 2' is broken: 1 row"),
    ("{type: foreign_key, columns: [id], expression: other (id)}", "i", ""),
]


@pytest.mark.parametrize("kind", ["table", "view", "incremental"])
@pytest.mark.parametrize(("constraint", "name", "told"), CONSTRAINTS)
def test_rows_that_break_a_constraint_take_everything_back(
    project: Project, kpi: Run, constraint: str, name: str, told: str, kind: str
) -> None:
    columns = "[{name: id, data_type: bigint}, {name: name, data_type: bigint}]"
    sql = f"select unnest([0, 1, 1, 2])::bigint as id, {name}::bigint as name from (select 2 as i)"
    more = f"    constraints:\n      - {constraint}\n"
    folder = project(shop(columns, more=more, sql=sql, kind=kind))

    outcome = kpi("build")

    assert told in outcome.output, outcome.output
    assert outcome.exit_code == (1 if told else 0)
    assert ("models/m.yml:6" in outcome.output) == bool(told)
    assert (rows(folder) == 0) == bool(told)


def test_a_constraint_of_a_column_is_its_own(project: Project, kpi: Run) -> None:
    check = "bigint, constraints: [{type: check, expression: id > 0}]}"
    project(shop(COLUMNS.replace("bigint}", check)))

    assert "constraint check 'id > 0' is broken: 1 row" in kpi("build").output


@pytest.mark.parametrize(
    ("columns", "constraint", "kind", "told"),
    [
        ("[{name: id}]", "", "table", "has no data_type for column 'id'"),
        ("[]", "", "table", "names no columns"),
        (COLUMNS, "", "ephemeral", "the model is ephemeral and is never built"),
        (COLUMNS, "{type: uniqe}", "table", "Did you mean 'unique'?"),
        (COLUMNS, "{type: check}", "table", "has no 'expression'"),
        (COLUMNS, "{type: unique, columns: [ids]}", "table", "unknown column 'ids'"),
    ],
)
def test_a_contract_that_cannot_hold_is_told_before_anything_runs(
    project: Project, kpi: Run, columns: str, constraint: str, kind: str, told: str
) -> None:
    more = f"    constraints: [{constraint}]\n" if constraint else ""
    project(shop(columns, more=more, kind=kind))

    outcome = kpi("build")

    assert outcome.exit_code == 3
    assert told in outcome.output, outcome.output


def test_a_contract_that_is_not_enforced_says_nothing(project: Project, kpi: Run) -> None:
    files = shop("[{name: other, data_type: date}]")
    files["models/m.yml"] = files["models/m.yml"].replace("enforced: true", "enforced: false")
    project(files)

    assert kpi("build").exit_code == 0


def rows(folder: Path) -> int:
    with duckdb.connect(str(folder / ".kpi/work.duckdb"), read_only=True) as connection:
        names = connection.execute("select table_name from information_schema.tables").fetchall()
        if ("m",) not in names:
            return 0
        (found,) = connection.execute("select count(*) from core.m").fetchall()
        return int(found[0])
