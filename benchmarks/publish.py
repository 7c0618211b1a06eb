"""Measures ways to publish on a database of about 16 small shops; prints medians of 5.

    python benchmarks/publish.py [FOLDER]

The ways: a new file with all relations (what `run/publish.py` does), a copy of the whole
work database, a copy of the published file with a third of its relations rewritten, Parquet
files behind a file of views, and a copy of the work file from which all private is dropped.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

ROUNDS = 5
PUBLIC = {
    "core": ("fct_orders", "fct_order_items", "fct_refunds", "dim_customers", "dim_products"),
    "kpi": ("kpi_values", "kpi_catalog"),
}
CHANGED = ("core.fct_orders", "kpi.kpi_values", "kpi.kpi_catalog")
ORDERS = """
select 'o' || range as id, 'c' || (range * 7919 % 30000) as customer_id,
    timestamp '2023-01-01' + range * interval 15 minute as processed_at,
    (range * 104729 % 20000 / 100)::decimal(18, 2) as total,
    ['DE', 'AT', 'CH', 'FR'][1 + range % 4] as country, md5(range::varchar) as note
from range(70000)
"""
ITEMS = """
select 'i' || range as id, 'o' || (range * 7 // 15) as order_id, 'p' || (range % 800) as product_id,
    1 + range % 3 as quantity, (range * 7919 % 9000 / 100)::decimal(18, 2) as price,
    md5((range + 9)::varchar) as note
from range(150000)
"""
VALUES = """
select 'kpi_' || (range % 60) as kpi, '' as variant, 'day' as grain,
    timestamp '2023-01-01' + (range // 270) * interval 1 day as period_start,
    ['', 'country', 'channel'][1 + range % 3] as dimension, 's' || (range % 9) as segment,
    (range * 7919 % 100003) / 7.0 as value, (range * 7919 % 100003)::double as numerator,
    7.0::double as denominator, range % 5000 as sample_size, null::varchar as null_reason,
    false as is_partial, range % 50 = 0 as is_provisional
from range(200000)
"""
STATEMENTS = {
    "raw.orders": ORDERS,
    "raw.order_items": ITEMS,
    "staging.orders": "select * from raw.orders",
    "core.fct_orders": "select *, processed_at::date as order_date from staging.orders",
    "core.fct_order_items": "select *, quantity * price as gross from raw.order_items",
    "core.fct_refunds": "select * from core.fct_order_items where id like '%7'",
    "core.dim_customers": "select customer_id, min(processed_at) as first_at, count(*) as orders, "
    "sum(total) as total from core.fct_orders group by customer_id",
    "core.dim_products": "select product_id, count(*) as lines, sum(gross) as gross "
    "from core.fct_order_items group by product_id",
    "kpi.kpi_values": VALUES,
    "kpi.kpi_catalog": "select distinct kpi, variant, 'sales' as area from kpi.kpi_values",
}


def main(folder: Path) -> None:
    """Makes the work database and measures each way."""
    work = folder / "work.duckdb"
    build_work(work)
    print(f"{'way':<34}{'wall s':>8}{'CPU s':>8}{'MB':>8}")
    for name, way in WAYS.items():
        wall, cpu, size = measure(way, work, folder / "out")
        print(f"{name:<34}{wall:>8.3f}{cpu:>8.3f}{size / 1e6:>8.1f}")


def build_work(work: Path) -> None:
    """Builds raw tables, facts and KPI values of about 16 small shops."""
    with duckdb.connect(str(work)) as connection:
        for relation, query in STATEMENTS.items():
            connection.execute(f"create schema if not exists {relation.partition('.')[0]}")
            connection.execute(f"create or replace table {relation} as {query}")


def measure(way: Callable[[Path, Path], None], work: Path, out: Path) -> tuple[float, float, int]:
    """Returns medians of wall and CPU seconds, and the bytes that the last round left.

    The rounds go on from what the round before published, as builds do.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    publish_all(work, out)
    figures = []
    for _ in range(ROUNDS):
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        way(work, out)
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        figures.append((wall, cpu))
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return (
        statistics.median(wall for wall, _ in figures),
        statistics.median(cpu for _, cpu in figures),
        size,
    )


def publish_all(work: Path, out: Path) -> None:
    """Writes all public relations into a new file."""
    with open_work(work, out) as connection:
        for relation in public_relations():
            connection.execute(f"create table fresh.{relation} as from {relation}")
    replace(out)


def copy_database(work: Path, out: Path) -> None:
    """Copies the whole work database, private schemas and all."""
    fresh(out).unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{work}' as work (read_only)")
        connection.execute(f"attach '{fresh(out)}' as fresh")
        connection.execute("copy from database work to fresh")
    replace(out)


def rewrite_changed(work: Path, out: Path) -> None:
    """Copies the published file and rewrites what changed."""
    shutil.copyfile(out / "warehouse.duckdb", fresh(out))
    with open_work(work, out, is_new=False) as connection:
        for relation in CHANGED:
            connection.execute(f"create or replace table fresh.{relation} as from {relation}")
    replace(out)


def write_parquet(work: Path, out: Path) -> None:
    """Writes changed relations as Parquet files, and a small file of views."""
    with open_work(work, out) as connection:
        for relation in public_relations():
            file = out / f"{relation}.{time.time_ns() if relation in CHANGED else 0}.parquet"
            if relation in CHANGED:
                for old in out.glob(f"{relation}.*.parquet"):
                    old.unlink()
            if not file.exists():
                connection.execute(f"copy {relation} to '{file}'")
            connection.execute(f"create view fresh.{relation} as from read_parquet('{file}')")
    replace(out)


def copy_and_drop(work: Path, out: Path) -> None:
    """Copies the work file and drops what is private."""
    shutil.copyfile(work, fresh(out))
    with duckdb.connect(str(fresh(out))) as connection:
        connection.execute("drop schema raw cascade")
        connection.execute("drop schema staging cascade")
    replace(out)


def open_work(work: Path, out: Path, *, is_new: bool = True) -> duckdb.DuckDBPyConnection:
    """Opens the work database with the file to be published beside it."""
    if is_new:
        fresh(out).unlink(missing_ok=True)
    connection = duckdb.connect(str(work), config={"preserve_insertion_order": False})
    connection.execute(f"attach '{fresh(out)}' as fresh")
    for schema in PUBLIC:
        connection.execute(f"create schema if not exists fresh.{schema}")
    return connection


def public_relations() -> list[str]:
    """Returns the relations that are published."""
    return [f"{schema}.{name}" for schema, names in PUBLIC.items() for name in names]


def fresh(out: Path) -> Path:
    """Returns the file that is written before the rename."""
    return out / ".fresh.tmp"


def replace(out: Path) -> None:
    """Puts the new file in the place of the old one."""
    fresh(out).replace(out / "warehouse.duckdb")


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "a new file, all relations": publish_all,
    "b copy from database": copy_database,
    "c published copy, 3 of 7 rewritten": rewrite_changed,
    "d Parquet behind views, 3 of 7": write_parquet,
    "e work copy, private dropped": copy_and_drop,
}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
