"""Data tests from YAML and files to the exit status: settings, blocks of one's own, arguments."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.kit import Outcome

ORDERS = "select i as order_id, i % 10 as kind, i * 1.5 as amount from range(1, 101) as r (i)"
BIG = """\
{% test at_most(model, column_name, most) %}
{{ config(severity='warn') }}
select * from {{ model }} as m where m.{{ column_name }} > {{ most }}
{% endtest %}
"""
IN_LIST = """\
{% macro test_only_of(model, column_name, other) %}
select * from {{ model }} where {{ column_name }} not in (select {{ column_name }} from {{ other }})
{% endmacro %}
"""
NO_NULLS = """\
{% test not_null(model, column_name) %}
select * from {{ model }} where {{ column_name }} is null or {{ column_name }} < 2
{% endtest %}
"""
Run = Callable[..., Outcome]
Project = Callable[[dict[str, str]], Path]


def with_test(test: str, **files: str) -> dict[str, str]:
    yaml = f"models: [{{name: orders, columns: [{{name: order_id, data_tests: [{test}]}}]}}]\n"
    return {
        "models/orders.sql": ORDERS,
        "models/few.sql": f"{ORDERS} where i < 10",
        "models/orders.yml": yaml,
        **{name.replace("__", "/") + ".sql": text for name, text in files.items()},
    }


@pytest.mark.parametrize(
    ("test", "exit_code", "told"),
    [
        ("expression: {sql: '< 90', error_if: '>11'}", 0, "warn"),
        ("expression: {sql: '< 90', error_if: '>10'}", 1, "found 11 failing rows"),
        ("expression: {sql: '< 90', error_if: '>10%'}", 1, "found 11 failing rows of 100 (11.00%)"),
        ("expression: {sql: '< 90', error_if: '>10%', where: 'kind < 0'}", 0, "pass"),
        ("expression: {sql: '< 90', config: {warn_if: '>20%', error_if: '>20%'}}", 0, "pass"),
        ("expression: {sql: '< 90', fail_calc: max(amount)}", 1, "found max(amount) = 150.0"),
        ("expression: {sql: '< 90', limit: 4}", 1, "found 4 failing rows"),
        ("expression: {sql: '< 90', error_if: 'many'}", 3, "K102"),
    ],
)
def test_settings_of_a_data_test_decide_how_it_ends(
    project: Project, kpi: Run, test: str, exit_code: int, told: str
) -> None:
    project(with_test(test))

    outcome = kpi("build")

    assert outcome.exit_code == exit_code, outcome.output
    assert told in outcome.output or told in ("pass", "warn")
    assert ("warning[K920]" in outcome.output) == (told == "warn")


@pytest.mark.parametrize("place", ["macros__at_most", "tests__generic__at_most"])
def test_a_test_block_is_a_generic_test_with_its_own_defaults(
    project: Project, kpi: Run, place: str
) -> None:
    project(
        with_test("at_most: {arguments: {most: 97}, config: {where: kind > 0}}", **{place: BIG})
    )

    outcome = kpi("build")

    assert outcome.exit_code == 0, outcome.output
    assert "found 2 failing rows" in outcome.output


def test_yaml_overrides_the_config_of_a_test_block(project: Project, kpi: Run) -> None:
    project(with_test("at_most: {most: 97, severity: error}", macros__at_most=BIG))

    assert kpi("build").exit_code == 1


def test_an_argument_may_name_a_model(project: Project, kpi: Run) -> None:
    project(with_test("""only_of: {other: "ref('few')"}""", macros__only_of=IN_LIST))

    outcome = kpi("build")

    assert "found 91 failing rows" in outcome.output
    assert "few" in kpi("ls", "--select", "+only_of_orders_order_id__ref_few_").output


def test_a_project_may_replace_a_test_that_is_built_in(project: Project, kpi: Run) -> None:
    project(with_test("not_null", macros__not_null=NO_NULLS))

    assert "found 1 failing row" in kpi("build").output


def test_a_changed_block_is_read_again(project: Project, kpi: Run) -> None:
    folder = project(with_test("at_most: {most: 97}", macros__at_most=BIG))
    assert kpi("build").exit_code == 0

    (folder / "macros/at_most.sql").write_text(BIG.replace("'warn'", "'error'"))

    assert kpi("build").exit_code == 1


def test_show_prints_the_failing_rows(project: Project, kpi: Run) -> None:
    project(with_test("expression: {name: small, sql: '< 99'}"))
    kpi("build")

    outcome = kpi("show", "small", "--format", "csv")

    assert outcome.stdout.splitlines() == ["order_id,kind,amount", "99,9,148.5", "100,0,150.0"]


STORED = "select node, row_number, failing_row->>'order_id' from kpi_state.test_failures order by 2"


@pytest.mark.parametrize(
    ("settings", "flags", "rows"),
    [
        ("store_failures: true, limit: 2", (), 2),
        ("config: {store_failures_as: table}", (), 5),
        ("limit: 3", ("--store-failures",), 3),
        ("config: {store_failures: true, store_failures_as: ephemeral}", (), 0),
        ("config: {severity: warn}", (), 0),
    ],
)
def test_failing_rows_are_stored_with_what_they_belong_to(
    project: Project, kpi: Run, settings: str, flags: tuple[str, ...], rows: int
) -> None:
    folder = project(with_test(f"expression: {{name: small, sql: '<= 95', {settings}}}"))
    kpi("build")

    kpi("test", *flags)

    assert read(folder, STORED) == [("model.shop.orders", i + 1, str(96 + i)) for i in range(rows)]


def test_stored_failures_are_those_of_the_latest_run(project: Project, kpi: Run) -> None:
    folder = project(with_test("expression: {name: small, sql: '<= 95', store_failures: true}"))
    kpi("build")
    results = json.loads((folder / "target/run_results.json").read_text())
    stored = read(folder, "select distinct invocation_id from kpi_state.test_failures")

    (folder / "models/orders.sql").write_text(f"{ORDERS} where i <= 95")
    kpi("build")

    assert stored == [(results["metadata"]["invocation_id"],)]
    assert read(folder, STORED) == []


def read(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(folder / ".kpi/work.duckdb"), read_only=True) as connection:
        names = connection.execute("select table_name from duckdb_tables()").fetchall()
        return connection.execute(sql).fetchall() if ("test_failures",) in names else []
