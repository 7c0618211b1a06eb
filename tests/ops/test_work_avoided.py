"""A node or a check runs again only if what it is made of has changed; the output says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.kit import PYPROJECT, Outcome

Write = Callable[[dict[str, str]], Path]
Kpi = Callable[..., Outcome]

SHOP = {
    "models/staging/shopify/sources.yml": """
sources:
  - name: shopify
    tables:
      - name: orders
        grain: [id]
        columns:
          - {name: id, data_type: varchar}
          - {name: amount, data_type: bigint}
          - {name: processed_at, data_type: timestamptz}
        config: {event_time: processed_at}
""",
    "seeds/raw/shopify/orders.csv": "id,amount,processed_at\n1,10,2026-05-02T12:00:00Z\n",
    "seeds/ref/labels.csv": "id,label\n1,one\n",
    "models/stg_orders.sql": "select id, amount from {{ source('shopify', 'orders') }}",
    "models/fct_orders.sql": "{{ config(materialized='table') }}\n"
    "select orders.id, amount, {{ twice('amount') }} as double_amount\n"
    "from {{ ref('stg_orders') }} as orders",
    "models/fct_labels.sql": "{{ config(materialized='table') }}\n"
    "select label from {{ ref('labels') }}",
    "models/fct_days.sql": "{{ config(materialized='table') }}\nselect {{ as_of_date() }} as day",
    "models/fct_all.sql": "{{ config(materialized='table') }}\n"
    "select count(*) as orders from {{ ref('fct_orders') }}",
    "models/fct.yml": """
models:
  - name: fct_orders
    columns: [{name: id, data_tests: [unique, not_null]}]
  - name: fct_labels
    columns: [{name: label, data_tests: [not_null]}]
""",
    "macros/twice.sql": "{% macro twice(name) %}2 * {{ name }}{% endmacro %}",
}
HOOKED = {
    "models/fct_all.sql": "{{ config(materialized='table', post_hook='{{ note() }}') }}\n"
    "select count(*) as orders from {{ ref('fct_orders') }}",
    "macros/note.sql": "{% macro note() %}select 1{% endmacro %}",
}
TYPED = {
    "seeds/ref/_seeds.yml": "seeds: [{name: labels, columns: [{name: id, data_type: bigint}]}]\n"
}
SPLIT = {"seeds/ref/_seeds.yml": "seeds: [{name: labels, config: {delimiter: ','}}]\n"}


def reasons(outcome: Outcome) -> dict[str, str]:
    """Node → why it ran, from the JSON log."""
    assert outcome.exit_code == 0, outcome.output
    events = [json.loads(line) for line in outcome.stderr.splitlines()]
    steps = [event for event in events if event["event"] == "step_finished"]
    return {step["unique_id"].rpartition(".")[2]: step["reason"] for step in steps}


def ran_checks(outcome: Outcome) -> list[str]:
    """The checks that were run, not carried over."""
    events = [json.loads(line) for line in outcome.stderr.splitlines()]
    return sorted(event["name"] for event in events if event["event"] == "check_finished")


@pytest.fixture
def build(project: Write, kpi: Kpi) -> Callable[..., Outcome]:
    """Builds the shop once; the result builds it again with some files changed."""
    project(SHOP)
    assert kpi("build").exit_code == 0

    def again(*flags: str, **changes: str) -> Outcome:
        project({name.replace("__", "/"): text for name, text in changes.items()})
        return kpi("build", "--log-format", "json", *flags)

    return again


def test_the_first_build_calls_every_node_new(project: Write, kpi: Kpi) -> None:
    project(SHOP)

    found = reasons(kpi("build", "--log-format", "json"))

    assert set(found) == {
        *("stg_orders", "fct_orders", "fct_labels", "fct_days", "fct_all", "labels"),
    }
    assert set(found.values()) == {"new"}


def with_setting(setting: str) -> str:
    named = PYPROJECT.replace("[tool.kpi]", '[tool.kpi]\ntarget = "dev"', 1)
    return f"{named}[tool.kpi.targets.dev.settings]\n{setting}\n"


RAW = "seeds/raw/shopify/orders.csv"
SOURCES = "models/staging/shopify/sources.yml"
ORDERS = "select id, {} from {{{{ source('shopify', 'orders') }}}}"
ABOVE = {"fct_orders": "upstream stg_orders", "fct_all": "upstream fct_orders"}
REST: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    "a macro of its hook": (
        HOOKED,
        {"macros/note.sql": "{% macro note() %}select 2{% endmacro %}"},
        {"fct_all": "config changed"},
    ),
    "a column type of a seed": (
        TYPED,
        {name: text.replace("bigint", "varchar") for name, text in TYPED.items()},
        {"labels": "config changed", "fct_labels": "upstream labels"},
    ),
    "the delimiter of a seed": (
        {},
        SPLIT,
        {"labels": "config changed", "fct_labels": "upstream labels"},
    ),
}
CHANGES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a comment, white space and the case of keywords run nothing": (
        {
            "models/stg_orders.sql": "SELECT id,\n  amount -- net\n"
            "FROM {{ source('shopify','orders') }}"
        },
        {},
    ),
    "a description runs nothing": (
        {"models/fct.yml": SHOP["models/fct.yml"] + "\n  - {name: fct_all, description: Count.}\n"},
        {},
    ),
    "the text of a model": (
        {"models/stg_orders.sql": ORDERS.format("amount + 1 as amount")},
        {"stg_orders": "sql changed", **ABOVE},
    ),
    "a macro that it uses": (
        {"macros/twice.sql": "{% macro twice(name) %}{{ name }} * 2{% endmacro %}"},
        {"fct_orders": "sql changed", "fct_all": "upstream fct_orders"},
    ),
    "its configuration": (
        {"models/fct_all.sql": SHOP["models/fct_all.sql"].replace("'table'", "'view'")},
        {"fct_all": "config changed"},
    ),
    "a hook of a seed": (
        {
            "seeds/ref/labels.yml": "seeds: [{name: labels, config: {post_hook: "
            "\"update {{ this }} set label = 'uno'\"}}]"
        },
        {"labels": "config changed", "fct_labels": "upstream labels"},
    ),
    "a setting of the database": (
        {
            "pyproject.toml": PYPROJECT
            + "[tool.kpi.targets.dev.settings]\ninteger_division = true\n"
        },
        dict.fromkeys(
            ("stg_orders", "fct_orders", "fct_labels", "fct_days", "fct_all", "labels"),
            "config changed",
        ),
    ),
    "a setting that changes no answer runs nothing": (
        {"pyproject.toml": with_setting("max_memory = '1GB'")},
        {},
    ),
    "the schema of a source": (
        {SOURCES: SHOP[SOURCES].replace("tables:", "schema: landed\n    tables:")},
        {"stg_orders": "sql changed", **ABOVE},
    ),
    "the name of a raw table": (
        {SOURCES: SHOP[SOURCES].replace("grain:", "identifier: sold\n        grain:")},
        {"stg_orders": "sql changed", **ABOVE},
    ),
    "raw data below a view, which is not made again": (
        {RAW: SHOP[RAW] + "2,5,2026-05-02T13:00:00Z\n"},
        ABOVE,
    ),
    "the last day": ({RAW: SHOP[RAW].replace("05-02", "05-03")}, {"fct_days": "clock", **ABOVE}),
    "a seed": (
        {"seeds/ref/labels.csv": "id,label\n1,uno\n"},
        {"labels": "data changed seeds/ref/labels.csv", "fct_labels": "upstream labels"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_runs_what_it_touches_and_says_why(
    change: str, build: Callable[..., Outcome]
) -> None:
    files, expected = CHANGES[change]

    assert reasons(build(**files)) == expected


@pytest.mark.parametrize("change", REST)
def test_a_change_outside_of_the_text_counts_too(change: str, project: Write, kpi: Kpi) -> None:
    before, files, expected = REST[change]
    project({**SHOP, **before})
    assert kpi("build").exit_code == 0
    project(files)

    assert reasons(kpi("build", "--log-format", "json")) == expected


def test_a_build_of_a_selection_keeps_what_others_published_and_leaves_out_what_is_gone(
    build: Callable[..., Outcome], project: Write, tmp_path: Path
) -> None:
    (tmp_path / "models/fct_all.sql").unlink()

    outcome = build("--select", "fct_labels", "--full-refresh")

    assert outcome.exit_code == 0, outcome.output
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as public:
        found = public.execute("select table_name from duckdb_tables()").fetchall()
    assert {("fct_labels",), ("fct_days",), ("fct_orders",)} <= set(found)
    assert ("fct_all",) not in found


def test_raw_data_is_named_where_a_table_reads_it(project: Write, kpi: Kpi) -> None:
    table = "{{ config(materialized='table') }} select id from {{ source('shopify', 'orders') }}"
    files = {**SHOP, "models/fct_raw.sql": table}
    project(files)
    kpi("build")
    rows = files["seeds/raw/shopify/orders.csv"] + "9,9,2026-05-02T12:00:00Z\n"
    project({"seeds/raw/shopify/orders.csv": rows})

    assert reasons(kpi("build", "--log-format", "json"))["fct_raw"] == "data changed shopify.orders"


def test_a_source_that_moved_leaves_no_table_behind(
    build: Callable[..., Outcome], project: Write, tmp_path: Path
) -> None:
    project({SOURCES: SHOP[SOURCES].replace("tables:", "schema: landed\n    tables:")})
    build()

    with duckdb.connect(str(tmp_path / ".kpi/work.duckdb"), read_only=True) as connection:
        found = connection.sql(
            "select schema_name from duckdb_tables() where table_name = 'orders'"
        )
        assert found.fetchall() == [("landed",)]


def test_a_full_refresh_forces_everything(build: Callable[..., Outcome]) -> None:
    found = reasons(build("--full-refresh"))

    assert len(found) == 6 and set(found.values()) == {"forced"}


def test_a_full_refresh_lands_again(build: Callable[..., Outcome], tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / ".kpi/work.duckdb")) as connection:
        connection.execute("delete from raw_shopify.orders")

    build("--full-refresh")

    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("from core.fct_all").fetchall() == [(1,)]


def test_what_answers_differently_each_time_runs_each_time(project: Write, kpi: Kpi) -> None:
    project({"models/a.sql": "{{ config(materialized='table') }} select now() as t"})
    kpi("build")

    assert reasons(kpi("build", "--log-format", "json")) == {"a": "now()"}


def test_a_table_waits_for_what_is_below_a_view_that_is_current(
    build: Callable[..., Outcome], project: Write, tmp_path: Path
) -> None:
    rows = "".join(f"{number},1,2026-05-02T12:00:00Z\n" for number in range(1000))
    project({"seeds/raw/shopify/orders.csv": "id,amount,processed_at\n" + rows})

    build()

    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("from core.fct_all").fetchall() == [(1000,)]


def test_a_seed_that_was_edited_but_not_loaded_stays_due(project: Write, kpi: Kpi) -> None:
    """`run` reads the rows that are there; they are not taken for those of the file."""
    project(SHOP)
    kpi("build")
    project({"seeds/ref/labels.csv": "id,label\n1,uno\n"})

    assert reasons(kpi("run", "--log-format", "json")) == {}
    assert set(reasons(kpi("build", "--log-format", "json"))) == {"labels", "fct_labels"}


def test_a_selection_sees_raw_data_through_a_view_that_it_does_not_select(
    build: Callable[..., Outcome], project: Write, kpi: Kpi
) -> None:
    rows = SHOP["seeds/raw/shopify/orders.csv"] + "3,5,2026-05-02T13:00:00Z\n"
    project({"seeds/raw/shopify/orders.csv": rows})

    found = reasons(kpi("run", "-s", "fct_orders", "--log-format", "json"))

    assert found == {"fct_orders": "upstream stg_orders"}


def test_a_check_runs_again_only_over_other_rows(
    build: Callable[..., Outcome], project: Write, kpi: Kpi
) -> None:
    project({"seeds/ref/labels.csv": "id,label\n1,uno\n"})

    assert ran_checks(build()) == ["not_null_fct_labels_label"]
    assert ran_checks(build("-f")) == [
        "not_null_fct_labels_label",
        "not_null_fct_orders_id",
        "unique_fct_orders_id",
    ]
    assert len(ran_checks(kpi("test", "--log-format", "json"))) == 3


CHECKED = SHOP["models/fct.yml"]
DEFINITIONS = {
    "its severity": CHECKED.replace("[not_null]", "[not_null: {config: {severity: warn}}]"),
    "what it allows": CHECKED.replace("[not_null]", "[not_null: {config: {error_if: '> 9'}}]"),
    "its query": CHECKED.replace("[not_null]", "[not_null: {config: {where: 'true'}}]"),
}


@pytest.mark.parametrize("change", DEFINITIONS)
def test_a_check_runs_again_when_its_definition_changes(
    change: str, build: Callable[..., Outcome], project: Write
) -> None:
    assert ran_checks(build()) == []
    project({"models/fct.yml": DEFINITIONS[change]})

    assert ran_checks(build()) == ["not_null_fct_labels_label"]


def test_a_check_that_answers_differently_each_time_runs_each_time(
    build: Callable[..., Outcome], project: Write
) -> None:
    asks = "select 1 from {{ ref('fct_orders') }} where id = '{}' and now() < '2000-01-01'"
    project({"tests/data/is_old.sql": asks})

    assert [ran_checks(build()) for _ in range(2)] == [["is_old"], ["is_old"]]


def test_a_check_runs_again_with_other_settings_of_the_database(
    build: Callable[..., Outcome], project: Write
) -> None:
    """Also one of a raw table, of which no model tells that anything has changed."""
    halves = "select 1 from {{ source('shopify', 'orders') }} where 1 / 2 < 0"
    project({"tests/data/halves.sql": halves})
    build()
    assert ran_checks(build()) == []

    outcome = build(**{"pyproject.toml": with_setting("integer_division = true")})

    assert "halves" in ran_checks(outcome)


def test_a_check_that_failed_runs_until_it_passes(project: Write, kpi: Kpi) -> None:
    two = "{{ config(materialized='table') }} select unnest([1, 1]) as id"
    yaml = "models: [{name: a, columns: [{name: id, data_tests: [unique]}]}]"
    project({"models/a.sql": two, "models/a.yml": yaml})

    assert [kpi("build").exit_code for _ in range(2)] == [1, 1]
    project({"models/a.sql": two.replace("[1, 1]", "[1, 2]")})
    assert kpi("build").exit_code == 0


def test_carried_results_are_published_and_told(
    build: Callable[..., Outcome], project: Write, kpi: Kpi, tmp_path: Path
) -> None:
    project({"seeds/ref/labels.csv": "id,label\n1,uno\n"})
    kpi("build")

    results = json.loads((tmp_path / "target/run_results.json").read_text())["results"]
    tests = [one for one in results if one["unique_id"].startswith("test.")]
    assert len(tests) == 3 and {one["status"] for one in tests} == {"pass"}


def test_a_relation_that_nothing_builds_any_more_is_dropped_and_leaves_the_public_file(
    build: Callable[..., Outcome], kpi: Kpi, tmp_path: Path
) -> None:
    (tmp_path / "models/fct_all.sql").unlink()
    (tmp_path / "seeds/ref/labels.csv").unlink()
    (tmp_path / "models/fct_labels.sql").unlink()
    (tmp_path / "models/fct.yml").unlink()

    outcome = kpi("build")

    assert "Removed core.fct_all: nothing builds it any more." in outcome.stderr
    for path in (".kpi/work.duckdb", "warehouse.duckdb"):
        with duckdb.connect(str(tmp_path / path), read_only=True) as connection:
            tables = connection.execute(
                "select table_name from duckdb_tables() where schema_name in ('core', 'ref')"
            ).fetchall()
            assert {name for (name,) in tables} - {"stg_orders"} == {"fct_days", "fct_orders"}


def test_a_renamed_relation_leaves_its_old_name(
    build: Callable[..., Outcome], tmp_path: Path
) -> None:
    path = tmp_path / "models/fct_all.sql"
    path.write_text(SHOP["models/fct_all.sql"].replace("'table'", "'table', alias='totals'"))

    assert reasons(build()) == {"fct_all": "new"}
    with duckdb.connect(str(tmp_path / ".kpi/work.duckdb"), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
        assert ("totals",) in tables and ("fct_all",) not in tables


def test_later_commands_go_by_the_last_day_that_was_asked_for(
    build: Callable[..., Outcome], kpi: Kpi, project: Write
) -> None:
    check = "select 1 where {{ as_of_date() }} <> date '2026-05-02'"
    project({"tests/data/is_asked_day.sql": check})

    assert kpi("run", "--as-of", "2026-05-02").exit_code == 0
    assert kpi("test").exit_code == 0
    shown = kpi("show", "--inline", "select {{ as_of_date() }} as day")
    assert "2026-05-02" in shown.stdout
    assert kpi("test", "--as-of", "2026-05-03").exit_code == 1
    assert kpi("run").exit_code == 0 and kpi("test").exit_code == 1


def test_publish_refuses_a_state_that_the_project_no_longer_describes(
    build: Callable[..., Outcome], kpi: Kpi, project: Write
) -> None:
    project({"models/stg_orders.sql": ORDERS.format("0 as amount")})

    refused = kpi("publish", "--force")

    assert refused.exit_code == 2
    assert "K604" in refused.stderr and "stg_orders: sql changed" in refused.stderr
    assert kpi("run").exit_code == 0
    assert kpi("publish").exit_code == 0


def test_state_of_a_file_that_somebody_replaced_is_published_again(
    build: Callable[..., Outcome], kpi: Kpi, tmp_path: Path
) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"")

    outcome = kpi("build")

    assert "published" in outcome.stderr


def test_what_was_built_with_the_clock_can_be_published(project: Write, kpi: Kpi) -> None:
    clock = "{{ config(materialized='table') }} select now() as t"
    project(
        {
            "models/a.sql": clock,
            "models/b.sql": clock.replace("now() as t", "t from {{ ref('a') }}"),
        }
    )
    assert kpi("run").exit_code == 0

    published = kpi("publish")

    assert published.exit_code == 0, published.output
    assert "published 3 relations" in published.stderr


def test_a_build_of_a_selection_that_changes_nothing_publishes_nothing(
    build: Callable[..., Outcome], kpi: Kpi, tmp_path: Path
) -> None:
    before = (tmp_path / "warehouse.duckdb").stat()

    assert "Nothing to do" in kpi("build", "-s", "fct_orders").output
    assert "Nothing to do" in kpi("build").output
    assert (tmp_path / "warehouse.duckdb").stat() == before


def test_checks_of_the_rest_are_made_after_a_selection_that_changed_rows(
    build: Callable[..., Outcome], project: Write, kpi: Kpi
) -> None:
    project({"seeds/ref/labels.csv": "id,label\n1,uno\n"})

    assert "published 7 relations" in kpi("build", "-s", "labels+").output
    assert "published 7 relations" in kpi("build").output
