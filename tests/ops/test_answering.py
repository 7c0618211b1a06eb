"""What `kpi query` tells beside the values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.kit import Outcome

ENTRY = """
  - name: {name}
    label: {name}
    area: sales
    kind: hard
    pillar: acquisition
    owner: growth
    unit: ratio
    direction: up
"""
KPIS = "kpis:" + "".join(
    ENTRY.format(name=name) + text
    for name, text in {
        "orders": (
            "    from: fct_orders\n    time: order_date\n"
            "    measure: count(*)\n    dimensions: [channel]\n"
        ),
        "amount": "    from: fct_orders\n    time: order_date\n    measure: sum(amount)\n",
        "aov": "    formula: amount / orders\n",
        "pairs": "    model: kpi_pairs\n    dimensions: [pair]\n    grains: [month]\n",
    }.items()
)
FILES = {
    "models/fct_orders.sql": (
        "select 1 as order_id, date '2026-03-01' as order_date, 'web' as channel, 10.00 as amount"
    ),
    "models/kpi_pairs.sql": (
        "select '' as variant, 'month' as grain, timestamp '2026-03-01' as period_start, "
        "'pair' as dimension, 'a+b' as segment, 1.0 as value, 1.0 as numerator, "
        "1.0 as denominator, 1 as sample_size, cast(null as varchar) as null_reason"
    ),
    "models/kpi_sales.sql": "{{ kpis('sales') }}",
    "models/kpi_catalog.sql": "{{ config(schema='kpi') }}\n{{ kpis('catalog') }}",
    "kpis.yml": KPIS,
}
Kpi = Callable[..., Outcome]


@pytest.fixture
def shop(project: Callable[[Mapping[str, str]], Path], kpi: Kpi) -> Path:
    folder = project(FILES)
    outcome = kpi("build", "--as-of", "2026-03-31")
    assert outcome.exit_code == 0, outcome.output
    return folder


def test_values_by_published_definitions_come_without_a_word(shop: Path, kpi: Kpi) -> None:
    outcome = kpi("query", "aov", "orders")

    assert (outcome.exit_code, "warning" in outcome.output) == (0, False)


def test_a_change_of_a_part_makes_the_whole_unpublished(shop: Path, kpi: Kpi) -> None:
    (shop / "kpis.yml").write_text(KPIS.replace("sum(amount)", "sum(amount) / 2"))

    outcome = kpi("query", "aov", "orders")

    assert (
        "warning[K606]: 'aov' is answered by a definition that is not published" in outcome.output
    )
    assert "changed with amount" in outcome.output
    assert "'orders' is answered" not in outcome.output


def test_a_new_kpi_is_not_published(shop: Path, kpi: Kpi) -> None:
    (shop / "kpis.yml").write_text(KPIS + ENTRY.format(name="double") + "    formula: orders * 2\n")

    outcome = kpi("query", "double")

    assert "the published file has no such KPI" in outcome.output


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("chanel = 'web'", 1),
        ("amount > 5 and chanel = 'web'", 16),
        ("amount > 5 and cast(channel as integer) = 1", 16),
        ("amount > ", 9),
    ],
)
def test_a_mistake_in_where_has_its_place(
    shop: Path, kpi: Kpi, condition: str, column: int
) -> None:
    outcome = kpi("query", "aov", "--where", condition)

    assert outcome.exit_code == 2
    assert f"--> --where:1:{column}\n" in outcome.output, outcome.output


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("orders", "--to", "2020-01-01"), "Its rows are of 2026-03-01 to 2026-03-01"),
        (("orders", "--where", "amount > 99", "--by", "channel"), "No row fits --where."),
        (("pairs", "--grain", "month"), "split it with --by pair."),
    ],
)
def test_a_kpi_without_a_row_says_why(
    shop: Path, kpi: Kpi, arguments: tuple[str, ...], hint: str
) -> None:
    outcome = kpi("query", *arguments)

    assert outcome.exit_code == 0
    assert "has no value here" in outcome.output
    assert hint in outcome.output


def test_a_comment_in_where_ends_with_it(shop: Path, kpi: Kpi) -> None:
    assert kpi("query", "orders", "--where", "amount > 5 -- big").exit_code == 0


def test_a_condition_that_no_row_fits_is_told_beside_the_count_of_nothing(
    shop: Path, kpi: Kpi
) -> None:
    outcome = kpi("query", "orders", "--where", "channel = 'shop'")

    assert "= help: No row fits --where." in outcome.output
    assert "warning" not in kpi("query", "orders", "--where", "channel = 'web'").output
