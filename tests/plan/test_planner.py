"""Models and seeds as steps: statements, and what happens to what stood in the way."""

from __future__ import annotations

from pathlib import Path

from kpi_runner.core.compiled import Compiled
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column, Model, NodeConfig, Scan, Seed
from kpi_runner.core.plan import Action, Step
from kpi_runner.plan.planner import Catalog, plan_model, plan_seed

ORDERS = Relation("core", "orders")


def test_a_model_becomes_a_relation_with_its_description() -> None:
    step = planned("table", description="One row per order.")

    assert (step.action, step.needs) == (Action.TABLE, ("model.shop.raw",))
    assert texts(step) == [
        "create or replace table core.orders as\nselect 1 as id\n",
        "comment on table core.orders is 'One row per order.'",
    ]


def test_a_place_in_a_statement_counts_from_the_compiled_text() -> None:
    (create,) = planned("view").statements

    assert create.prefix_bytes is not None
    assert create.sql.encode()[create.prefix_bytes :] == b"select 1 as id\n"


def test_a_view_takes_the_place_of_a_table() -> None:
    step = planned("view", catalog={ORDERS: "table"})

    assert texts(step)[0] == "drop table if exists core.orders"


def test_nothing_is_dropped_that_is_of_the_same_kind() -> None:
    assert len(planned("view", catalog={ORDERS: "view"}).statements) == 1


def test_a_seed_is_read_with_its_declared_types() -> None:
    columns = (Column(name="day", data_type="date"), Column(name="note"))

    step = plan_seed(seed(columns), Path("/project"), catalog={})

    assert step.action == Action.SEED
    (create,) = texts(step)
    assert create.startswith("create or replace table ref.days as\nselect *\nfrom read_csv(")
    assert create.endswith("types = {'day': 'date'})\n")


def test_a_seed_without_types_leaves_them_to_the_database() -> None:
    (create,) = plan_seed(seed(()), Path("/project"), catalog={}).statements

    assert "types =" not in create.sql
    assert "'integer', 'bigint'" in create.sql


def planned(kind: str, *, description: str = "", catalog: Catalog | None = None) -> Step:
    model = Model(
        id="model.shop.orders",
        name="orders",
        path="models/orders.sql",
        raw="select 1 as id",
        scan=Scan(),
        config=NodeConfig(materialized=kind, schema="core"),
        relation=ORDERS,
        description=description,
    )
    compiled = Compiled(model.id, "select 1 as id")
    return plan_model(model, compiled, catalog=catalog or {}, needs=("model.shop.raw",))


def seed(columns: tuple[Column, ...]) -> Seed:
    return Seed(
        id="seed.shop.days",
        name="days",
        path="seeds/ref/days.csv",
        config=NodeConfig(),
        relation=Relation("ref", "days"),
        columns=columns,
    )


def texts(step: Step) -> list[str]:
    return [statement.sql for statement in step.statements]
