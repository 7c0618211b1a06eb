"""Unit tests of models: from YAML to the difference that is told, with no relation existing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit import Outcome

Run = Callable[..., Outcome]
Project = Callable[[dict[str, str]], Path]

STAGING = (
    "select 'o' || i as order_id, i * 1.5 as amount, date '2026-01-01' as day from range(3) r (i)"
)
MODEL = """\
select
    order_id,
    sum(amount)::decimal(18, 2) as amount,
    max(day) as last_day
from {{ ref('stg') }}
group by order_id
"""
UNIT = """\
unit_tests:
  - name: adds_up
    model: fct
    given:
      - input: ref('stg')
        rows:
          - {order_id: a, amount: 1.5}
          - {order_id: a, amount: 2}
    expect:
      rows:
        - {order_id: a, amount: 3.5}
"""


def shop(yaml: str = UNIT, **files: str) -> dict[str, str]:
    texts = {name.replace("__", "/") + ".sql": text for name, text in files.items()}
    base = {"models/stg.sql": STAGING, "models/fct.sql": MODEL, "models/fct.yml": yaml}
    return {**base, **texts}


def test_a_unit_test_runs_although_nothing_is_built(project: Project, kpi: Run) -> None:
    folder = project(shop())

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 0, outcome.output
    assert "PASS=1" in outcome.output
    assert not (folder / ".kpi").exists()


def test_a_failing_unit_test_shows_what_differs_column_by_column(
    project: Project, kpi: Run
) -> None:
    project(shop(UNIT.replace("amount: 3.5}", "amount: 4}\n        - {order_id: b, amount: null}")))

    outcome = kpi("test")

    assert outcome.exit_code == 1
    assert "error[K922]: unit test 'adds_up' of 'fct': 1 differ, 1 missing" in outcome.output
    assert "models/fct.yml:11" in outcome.output
    assert "→    a         4.00 → 3.50" in outcome.output
    assert "---  b         NULL" in outcome.output


def test_a_build_stops_a_refuted_model_and_what_follows(project: Project, kpi: Run) -> None:
    folder = project(shop(UNIT.replace("3.5", "4"), models__mart="select * from {{ ref('fct') }}"))

    outcome = kpi("build")

    assert outcome.exit_code == 1
    assert "PASS=1 WARN=0 ERROR=1 SKIP=2 TOTAL=4" in outcome.output
    assert not (folder / "warehouse.duckdb").exists()


def test_a_unit_test_that_passed_is_not_run_again_until_something_changed(
    project: Project, kpi: Run
) -> None:
    folder = project(shop())
    kpi("build")
    (folder / "models/stg.sql").write_text(f"{STAGING} -- other")
    again = (folder / "target/run_results.json").read_text()

    kpi("build")
    (folder / "models/fct.sql").write_text(MODEL.replace("sum(", "max("))
    broken = kpi("build")

    assert '"unit_test.shop.fct.adds_up"' in again
    assert "K922" in broken.output


CASES: list[tuple[str, str, str]] = [
    ("order does not count", "rows: [{order_id: b}, {order_id: a}]", ""),
    ("repetitions do", "rows: [{order_id: a}, {order_id: b}, {order_id: b}]", "1 missing"),
    ("columns may be left out", "rows: [{amount: 3.5}, {amount: 1}]", ""),
    ("null is null", "rows: [{order_id: a, last_day: 2026-02-01}, {last_day: null}]", "1 differ"),
    ("empty expectation", "rows: []", "2 unexpected"),
    (
        "csv",
        "format: csv\n      rows: |\n        order_id, amount\n        a, 3.50\n        b, 1",
        "",
    ),
    ("sql", "format: sql\n      rows: select 'a' as order_id union all select 'b'", ""),
    ("file", "format: csv\n      fixture: wanted", ""),
    ("unknown column", "rows: [{order: a}]", "K205"),
    ("value of another type", "rows: [{amount: much}]", "K102"),
    ("value that would be rounded", "rows: [{amount: 3.505}, {amount: 1}]", "K102"),
    ("unknown file", "format: csv\n      fixture: want", "K107"),
    ("no rows", "format: csv", "K104"),
    ("misspelt key", "rowz: []", "K103"),
]


@pytest.mark.parametrize(
    ("expect", "told"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_expected_rows_are_compared(project: Project, kpi: Run, expect: str, told: str) -> None:
    yaml = f"""\
unit_tests:
  - name: t
    model: fct
    given:
      - input: ref('stg')
        format: csv
        rows: |
          order_id, amount, day
          a, 1.5, 2026-02-01
          a, 2.0, 2026-01-01
          b, 1,
    expect:
      {expect}
"""
    project({**shop(yaml), "tests/fixtures/wanted.csv": "order_id,amount\nb,1\na,3.5\n"})

    outcome = kpi("test", "--select", "test_type:unit")

    assert told in outcome.output, outcome.output
    assert (outcome.exit_code == 0) == (told == ""), outcome.output


GIVEN: list[tuple[str, str, str]] = [
    ("ref('stg')\n        rows: [{ordr_id: a}]", "K205", "'stg' has no column 'ordr_id'"),
    ("ref('stg')\n        rows: [{amount: x1}]", "K102", "holds 'x1', which is no decimal"),
    ("ref('stk')\n        rows: []", "K201", "Did you mean 'stg'?"),
    ("ref('other')\n        rows: []", "K205", "which 'fct' does not read"),
    ("stg\n        rows: []", "K105", "Write ref('model'), source('source', 'table') or this"),
    ("ref('stg')", "K104", "has no rows"),
    ("ref('stg')\n        rowz: []", "K103", "Did you mean 'rows'?"),
]


@pytest.mark.parametrize(("given", "code", "told"), GIVEN)
def test_a_mistake_in_what_is_given_has_its_place(
    project: Project, kpi: Run, given: str, code: str, told: str
) -> None:
    yaml = "unit_tests:\n  - name: t\n    model: fct\n    given:\n"
    yaml += f"      - input: {given}\n    expect: {{rows: []}}\n"
    project(shop(yaml, models__other="select 1 as id"))

    outcome = kpi("test", "--select", "test_type:unit")

    assert f"error[{code}]" in outcome.output and told in outcome.output, outcome.output
    assert "--> models/fct.yml:5:" in outcome.output or ":6:" in outcome.output


def test_an_input_that_is_not_given_is_told(project: Project, kpi: Run) -> None:
    project(shop("unit_tests: [{name: t, model: fct, expect: {rows: []}}]"))

    outcome = kpi("test", "--select", "test_type:unit")

    assert "does not give ref('stg'), which 'fct' reads" in outcome.output


INCREMENTAL = """\
{{ config(materialized='incremental', unique_key='id', incremental_strategy='STRATEGY') }}
select id, amount, amount * 2 as double_amount from {{ ref('changes') }}
{% if is_incremental() %}
where amount > (select max(amount) from {{ this }})
{% endif %}
"""
FINAL = """\
unit_tests:
  - name: t
    model: balances
    overrides: {macros: {is_incremental: true}}
    given:
      - input: ref('changes')
        rows: [{id: 1, amount: 9}, {id: 2, amount: 3}, {id: 3, amount: 8}]
      - input: this
        rows: [{id: 1, amount: 4, double_amount: 8}, {id: 2, amount: 5, double_amount: 10}]
    expect:
      rows: ROWS
"""
KEPT = "{id: 2, amount: 5, double_amount: 10}, {id: 3, amount: 8, double_amount: 16}"
NEW = "{id: 1, amount: 9, double_amount: 18}"


@pytest.mark.parametrize(
    ("strategy", "rows"),
    [
        ("append", f"[{{id: 1, amount: 4, double_amount: 8}}, {NEW}, {KEPT}]"),
        ("delete+insert", f"[{NEW}, {KEPT}]"),
        ("merge", f"[{NEW}, {KEPT}]"),
    ],
)
def test_an_incremental_model_is_tested_in_its_final_state(
    project: Project, kpi: Run, strategy: str, rows: str
) -> None:
    model = INCREMENTAL.replace("STRATEGY", strategy)
    if strategy == "append":
        model = model.replace(" unique_key='id',", "")
    project(
        {
            "models/changes.sql": "select 1 as id, 2::bigint as amount",
            "models/balances.sql": model,
            "models/balances.yml": FINAL.replace("ROWS", rows),
        }
    )

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ("ref('stg')\n        rows: [{order_id: a, amount: 1}]", 2),
        ("ref('eph')\n        rows: [{id: a, n: 7}]", 7),
    ],
    ids=["inlined", "given"],
)
def test_an_ephemeral_parent_is_given_or_computed(
    project: Project, kpi: Run, given: str, amount: int
) -> None:
    project(
        {
            "models/stg.sql": STAGING,
            "models/eph.sql": "{{ config(materialized='ephemeral') }} "
            "select order_id as id, amount * 2 as n from {{ ref('stg') }}",
            "models/fct.sql": "select id, n from {{ ref('eph') }}",
            "models/fct.yml": "unit_tests:\n  - name: t\n    model: fct\n    given:\n"
            f"      - input: {given}\n    expect: {{rows: [{{id: a, n: {amount}}}]}}\n",
        }
    )

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 0, outcome.output


OVERRIDDEN = """\
select '{{ var("x", "no") }}{{ env_var("Y", "no") }}{{ rate() }}' as said,
    {{ as_of_date() }} as day, {{ as_of_end() }} as ends_at
"""


def test_macros_variables_and_the_clock_can_be_overridden(project: Project, kpi: Run) -> None:
    project(
        {
            "macros/rate.sql": "{% macro rate() %}0.5{% endmacro %}",
            "models/m.sql": OVERRIDDEN,
            "models/m.yml": "unit_tests: [{name: t, model: m, overrides: {vars: {x: a}, "
            "env_vars: {Y: b}, macros: {rate: c, as_of_date: 2026-03-31}}, expect: {rows: ["
            "{said: abc, day: 2026-03-31, ends_at: '2026-04-01 00:00:00'}]}}]",
        }
    )

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 0, outcome.output


def test_an_override_of_an_unknown_macro_is_told(project: Project, kpi: Run) -> None:
    project(shop(f"{UNIT}    overrides: {{macros: {{as_of_day: x}}}}\n"))

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 3
    assert "overrides the unknown macro 'as_of_day'" in outcome.output


def test_an_error_of_the_sql_points_into_the_template(project: Project, kpi: Run) -> None:
    project({**shop(), "models/fct.sql": MODEL.replace("max(day)", "max(dai)")})

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 1
    assert "--> models/fct.sql:4:9" in outcome.output, outcome.output


def test_columns_that_are_not_given_have_their_types(project: Project, kpi: Run) -> None:
    yaml = UNIT.replace("amount: 3.5}", "amount: 3.5, last_day: null}")
    project(
        {**shop(yaml), "models/fct.sql": MODEL.replace("max(day)", "max(day + interval 1 day)")}
    )

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 0, outcome.output


def test_a_seed_keeps_its_rows_and_a_source_its_types(project: Project, kpi: Run) -> None:
    project(
        {
            "seeds/ref/rates.csv": "code,rate\na,2\n",
            "models/sources.yml": "sources: [{name: s, tables: [{name: t, columns: ["
            "{name: code, data_type: varchar}, {name: n, data_type: 'decimal(9,2)'}]}]}]",
            "models/m.sql": "select code, n * rate as product from {{ source('s', 't') }} "
            "join {{ ref('rates') }} using (code)",
            "models/m.yml": "unit_tests: [{name: t, model: m, given: ["
            "{input: \"source('s', 't')\", rows: [{code: a, n: 1.25}]}, {input: ref('rates')}"
            "], expect: {rows: [{product: 2.5}]}}]",
        }
    )

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 0, outcome.output


def test_a_snapshot_is_given_with_the_columns_that_it_adds(project: Project, kpi: Run) -> None:
    config = "{{ config(unique_key='order_id', strategy='check', "
    project(
        {
            "models/stg.sql": STAGING,
            "snapshots/snap.sql": f"{{% snapshot snap %}}{config}check_cols='all', "
            "target_schema='core') }}select * from {{ ref('stg') }}{% endsnapshot %}",
            "models/now.sql": "select order_id from {{ ref('snap') }} where dbt_valid_to is null",
            "models/now.yml": "unit_tests: [{name: t, model: now, given: [{input: ref('snap'), "
            "rows: [{order_id: a}, {order_id: b, dbt_valid_to: '2026-01-01 00:00:00'}]}], "
            "expect: {rows: [{order_id: a}]}}]",
        }
    )

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 0, outcome.output


def test_a_table_of_which_nothing_is_known_has_the_columns_that_are_given(
    project: Project, kpi: Run
) -> None:
    project(
        {
            "models/sources.yml": "sources: [{name: s, tables: [{name: t}]}]",
            "models/m.sql": "select id, amount * 2 as twice from {{ source('s', 't') }}",
            "models/m.yml": "unit_tests: [{name: t, model: m, given: [{input: \"source('s', 't')\","
            " rows: [{id: a, amount: 2}]}], expect: {rows: [{id: a, twice: 4}]}}]",
        }
    )

    outcome = kpi("test", "--select", "test_type:unit")

    assert outcome.exit_code == 0, outcome.output


def test_results_of_unit_tests_stand_in_the_artifacts(project: Project, kpi: Run) -> None:
    folder = project(shop(UNIT.replace("3.5", "4")))

    kpi("test", "--select", "adds_up")

    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    found = [(one["unique_id"], one["status"], one["failures"]) for one in results]
    assert found == [("unit_test.shop.fct.adds_up", "fail", 1)]
    junit = (folder / "target/junit.xml").read_text()
    assert '<testsuite name="unit tests" tests="1" failures="1"' in junit


KPIS = """\
kpis:
  - {name: orders, label: Orders, area: sales, kind: hard, owner: growth, description: Orders.,
     unit: count, direction: up, from: fct, time: last_day, measure: count(*), grains: [month]}
  - {name: sales, label: Sales, area: sales, kind: hard, owner: growth, description: Money.,
     unit: money, direction: up, from: fct, time: last_day, measure: sum(amount), grains: [month]}
"""
MART_UNIT = """\
unit_tests:
  - name: months
    model: kpi_sales
    overrides: {macros: {as_of_date: 2026-01-31}}
    given:
      - input: ref('fct')
        rows:
          - {amount: 2, last_day: 2026-01-03}
          - {amount: 3, last_day: 2026-01-04}
    expect:
      rows:
        - {kpi: orders, grain: month, value: 2}
        - {kpi: sales, grain: month, value: 5}
"""


def test_a_mart_of_kpis_is_tested_like_a_model(project: Project, kpi: Run) -> None:
    mart = {"models/kpi_sales.sql": "{{ kpis('sales') }}", "kpis.yml": KPIS}
    folder = project({**shop(yaml=MART_UNIT), **mart})

    assert kpi("test").exit_code == 0, kpi("test").output

    (folder / "models/fct.yml").write_text(MART_UNIT.replace("value: 5", "value: 6"))
    assert "6 → 5" in kpi("test").output
    (folder / "models/fct.yml").write_text(MART_UNIT.replace("ref('fct')", "ref('stg')"))
    assert "which 'kpi_sales' does not read" in kpi("test").output
