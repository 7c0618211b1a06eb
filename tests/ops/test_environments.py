"""Another target reads what is as it is in the default one, and builds what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.kit import PYPROJECT, Outcome
from tests.setups import hold_database

Write = Callable[[dict[str, str]], Path]
Kpi = Callable[..., Outcome]

TARGETS = (
    PYPROJECT
    + """
[tool.kpi.models.private]
schema = "private"
[tool.kpi.targets.dev]
[tool.kpi.targets.alice]
"""
)
FILES = {
    "pyproject.toml": TARGETS.replace('name = "shop"', 'name = "shop"\ntarget = "dev"'),
    "models/sources.yml": """
sources:
  - name: shopify
    tables: [{name: orders, columns: [{name: id, data_type: varchar}]}]
""",
    "seeds/raw/shopify/orders.csv": "id\n1\n2\n",
    "models/private/int_orders.sql": "{{ config(materialized='table') }}\n"
    "select id from {{ source('shopify', 'orders') }}",
    "models/fct_orders.sql": "{{ config(materialized='table') }}\n"
    "select id from {{ ref('int_orders') }}",
    "models/fct_total.sql": "{{ config(materialized='table') }}\n"
    "select count(*) as orders from {{ ref('fct_orders') }}",
    "models/fct.yml": "models: [{name: fct_orders, columns: [{name: id, data_tests: [unique]}]}]",
}


@pytest.fixture
def alice(project: Write, kpi: Kpi) -> Callable[..., Outcome]:
    """Builds the default target; the result runs a command on the other one."""
    project(FILES)
    assert kpi("build").exit_code == 0
    return lambda *arguments: kpi(*arguments, "--target", "alice", "--log-format", "json")


def steps(outcome: Outcome) -> dict[str, str]:
    assert outcome.exit_code == 0, outcome.output
    events = [json.loads(line) for line in outcome.stderr.splitlines()]
    ran = [event for event in events if event["event"] == "step_finished"]
    return {event["unique_id"].rpartition(".")[2]: event["reason"] for event in ran}


def change_total(folder: Path, expression: str) -> None:
    text = FILES["models/fct_total.sql"].replace("count(*)", expression)
    (folder / "models/fct_total.sql").write_text(text)


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_what_is_the_same_is_not_built(alice: Callable[..., Outcome], tmp_path: Path) -> None:
    assert steps(alice("build")) == {}
    assert rows(tmp_path / "warehouse.alice.duckdb", "from core.fct_total") == [(2,)]
    assert alice("test").exit_code == 0


def test_only_what_differs_is_built_and_the_default_target_stays(
    alice: Callable[..., Outcome], tmp_path: Path
) -> None:
    before = (tmp_path / "warehouse.duckdb").read_bytes()
    change_total(tmp_path, "10 * count(*)")

    assert steps(alice("build")) == {"fct_total": "new"}
    assert rows(tmp_path / "warehouse.alice.duckdb", "from core.fct_total") == [(20,)]
    assert (tmp_path / "warehouse.duckdb").read_bytes() == before


def test_what_it_reads_stays_while_the_default_target_publishes(
    alice: Callable[..., Outcome], kpi: Kpi, tmp_path: Path
) -> None:
    """A link holds the state of the last build: nothing changes between two builds."""
    alice("build")
    (tmp_path / "seeds/raw/shopify/orders.csv").write_text("id\n1\n2\n3\n")
    assert kpi("build").exit_code == 0

    shown = json.loads(alice("show", "fct_total", "--format", "json").stdout)["rows"]
    assert shown == [{"orders": 2}]
    assert steps(alice("build")) == {}
    shown = json.loads(alice("show", "fct_total", "--format", "json").stdout)["rows"]
    assert shown == [{"orders": 3}]


def test_a_selection_reads_the_parents_that_it_does_not_build(
    alice: Callable[..., Outcome], tmp_path: Path
) -> None:
    change_total(tmp_path, "count(*) + 1")

    assert steps(alice("run", "-s", "fct_total")) == {"fct_total": "new"}
    shown = json.loads(alice("show", "fct_total", "--format", "json").stdout)["rows"]
    assert shown == [{"orders": 3}]


def test_while_the_default_target_is_built_private_tables_are_built_here(
    alice: Callable[..., Outcome], tmp_path: Path
) -> None:
    with hold_database(tmp_path):
        assert steps(alice("build")) == {"int_orders": "new"}
    assert rows(tmp_path / "warehouse.alice.duckdb", "from core.fct_total") == [(2,)]


def test_a_full_refresh_builds_everything_here(alice: Callable[..., Outcome]) -> None:
    alice("build")

    assert set(steps(alice("build", "-f"))) == {"int_orders", "fct_orders", "fct_total"}


def test_without_a_published_state_everything_is_built(project: Write, kpi: Kpi) -> None:
    project(FILES)

    found = steps(kpi("build", "--target", "alice", "--log-format", "json"))

    assert set(found) == {"int_orders", "fct_orders", "fct_total"}


def test_checks_that_held_in_the_default_target_are_carried_over(
    alice: Callable[..., Outcome],
) -> None:
    events = [json.loads(line) for line in alice("build").stderr.splitlines()]

    assert [event for event in events if event["event"] == "check_finished"] == []
    assert events[-1]["checks"][0]["is_carried"] is True


HISTORY = """\
{% snapshot snap_orders %}
{{ config(unique_key='id', strategy='check', check_cols='all', schema='private') }}
select id, status from {{ source('shopify', 'orders') }}
{% endsnapshot %}
"""
STATES = "select status from private.snap_orders order by dbt_valid_from"


@pytest.fixture
def snapshots(project: Write, kpi: Kpi) -> Path:
    """A project of which the default target holds two versions of one row."""
    status = "}, {name: status, data_type: varchar}]}]"
    declared = FILES["models/sources.yml"].replace("}]}]", status)
    folder = project(
        {
            "pyproject.toml": FILES["pyproject.toml"],
            "models/sources.yml": declared,
            "snapshots/snap_orders.sql": HISTORY,
            "models/fct_a.sql": "select 1 as id",
        }
    )
    raw = folder / "seeds/raw/shopify/orders.csv"
    raw.parent.mkdir(parents=True)
    for day, status in (("01", "open"), ("02", "paid")):
        raw.write_text(f"id,status\n1,{status}\n")
        assert kpi("build", "--as-of", f"2026-03-{day}").exit_code == 0
    raw.write_text("id,status\n1,sent\n")
    return folder


def test_the_history_of_a_snapshot_goes_on_in_another_target(snapshots: Path, kpi: Kpi) -> None:
    outcome = kpi("build", "--target", "alice", "--as-of", "2026-03-03")

    assert outcome.exit_code == 0, outcome.output
    for file, states in (("work.alice", ["open", "paid", "sent"]), ("work", ["open", "paid"])):
        with duckdb.connect(str(snapshots / f".kpi/{file}.duckdb")) as connection:
            assert connection.sql(STATES).fetchall() == [(state,) for state in states]


def test_no_other_history_begins_while_the_first_cannot_be_read(snapshots: Path, kpi: Kpi) -> None:
    with hold_database(snapshots):
        outcome = kpi("build", "--target", "alice", "--as-of", "2026-03-03")

    assert outcome.exit_code == 4 and "holds the history of: snap_orders" in outcome.output


VIEWS = "select view_name from duckdb_views() where schema_name = 'core' order by all"


def test_what_is_again_as_in_the_default_target_is_read_from_there_again(
    alice: Callable[..., Outcome], tmp_path: Path
) -> None:
    change_total(tmp_path, "10 * count(*)")
    alice("build")
    change_total(tmp_path, "count(*)")

    assert steps(alice("build")) == {}
    assert rows(tmp_path / ".kpi/work.alice.duckdb", VIEWS) == [
        ("fct_orders",),
        ("fct_total",),
    ]
    assert rows(tmp_path / "warehouse.alice.duckdb", "from core.fct_total") == [(2,)]


def test_what_the_default_target_has_replaced_by_something_else_is_built_here(
    alice: Callable[..., Outcome], kpi: Kpi, tmp_path: Path
) -> None:
    day = "{{ config(materialized='table') }} select {{ as_of_date() }} as day"
    (tmp_path / "models/fct_day.sql").write_text(day)
    assert kpi("build", "--as-of", "2026-05-02").exit_code == 0
    assert steps(alice("build", "--as-of", "2026-05-02")) == {}
    assert kpi("build", "--as-of", "2026-05-03").exit_code == 0

    assert steps(alice("build", "--as-of", "2026-05-02")) == {"fct_day": "linked state changed"}
    found = rows(tmp_path / "warehouse.alice.duckdb", "select day::varchar from core.fct_day")
    assert found == [("2026-05-02",)]
