"""What makes a query answer differently each time, and what the database says of its functions."""

from __future__ import annotations

import re
import time

import pytest
from duckdb import DuckDBPyConnection

from kpi_runner.core.names import Relation
from kpi_runner.sql.fingerprint import normalise
from kpi_runner.sql.stability import find_unstable
from kpi_runner.sql.unstable import CLOCKS, UNSTABLE_FUNCTIONS

KNOWN = {Relation("core", "t"), Relation("core", "u")}
UNSTABLE = [
    ("select now()", "now()"),
    ('select "now"()', "now()"),
    ("select main.now()", "now()"),
    ("select CURRENT_DATE", "current_date"),
    ("select current_localtimestamp()", "current_localtimestamp()"),
    ("select uuid(), a", "uuid()"),
    ("select txid_current()", "txid_current()"),
    ("select current_setting('threads')", "current_setting()"),
    ("select age(x) from core.t", "age()"),
    ("select x.age() from core.t", "age()"),
    ("select age(greatest(x, y)) from core.t", "age()"),
    ("select * from core.t tablesample 10 percent", "tablesample"),
    ("select * from core.t using sample 10", "using sample"),
    ("select * from read_csv('a.csv')", "read_csv()"),
    ("select * from read_ndjson_objects('a.json')", "read_ndjson_objects()"),
    ("select * from parquet_metadata('a.parquet')", "parquet_metadata()"),
    ("select * from query('select 1')", "query()"),
    ("select count(*) from duckdb_tables()", "duckdb_tables()"),
    ("select * from 'a.parquet'", "'a.parquet'"),
    ("from 'a.csv'", "'a.csv'"),
    ('select * from "a.csv"', '"a.csv"'),
    ("select * from core.t, 'a.csv' as f", "'a.csv'"),
    ("select * from core.t as t join core.u as u on t.a = u.a, 'a.csv'", "'a.csv'"),
    ("select * from (core.t cross join 'a.csv')", "'a.csv'"),
    ("select * from (select 1 as o) as one, lateral (from 'a.csv')", "'a.csv'"),
    ("select * from f: 'a.csv'", "'a.csv'"),
    ("select a in (select b from elsewhere.t) from core.t", "elsewhere.t"),
    ("select * from some_frame", "some_frame"),
    ("select * from db.core.t", "db.core.t"),
    ("pivot 'a.csv' on x", "'a.csv'"),
    ("table elsewhere.t", "elsewhere.t"),
    ("with a as (select 1), b as (select * from c) select * from a, b", "c"),
    ("select * from core.t; select * from elsewhere.t", "elsewhere.t"),
]
STABLE = [
    "select t.current_date from core.t",
    "select 'now()' as now, \"random\" from core.t",
    "select a from core.t where b = 'from'",
    'select * from CORE.t join "core"."U" using (a, b)',
    "select age(x, y) from core.t",
    "select extract(year from a), trim(both ' ' from b), substring(c from 2) from core.t",
    "select * from core.t where a is distinct from b and c is not distinct from d",
    "with a as (select 1), b (x, y) as materialized (select 2, 3) select * from a, b",
    "with recursive n as (select 1 as i union all select i + 1 from n) from n, core.t select i, 1",
    "select * from range(3) as r(i), unnest([1]) as u(x), (values (1, 'a'), (2, 'b')) as v(a, b)",
    "select a, 'x' from core.t group by a, 'y' order by a, 'z'",
    "select sum(a) over w from core.t window w as (order by b, c)",
    "select [x for x in list if x > 1], {'a': 1, 'b': 'c'} from core.t",
    "select * from core.t pivot (sum(a) for b in ('x', 'y'))",
    "select date '<as-of>', error('no'), <missing ga4.a> from core.t",
]


@pytest.mark.parametrize(("sql", "found"), UNSTABLE)
def test_clock_chance_and_what_nobody_watches_are_noticed(sql: str, found: str) -> None:
    assert find_unstable(normalise(sql), KNOWN) == found


@pytest.mark.parametrize("sql", STABLE)
def test_everything_else_is_left_alone(sql: str) -> None:
    assert find_unstable(normalise(sql), KNOWN) == ""


def test_the_table_of_functions_is_what_the_database_says(duck: DuckDBPyConnection) -> None:
    """``error`` never gives a value; of other functions some forms are stable: those that only ask
    for the time zone, which is always UTC, and ``age`` of two moments."""
    said = duck.sql("""
        select function_name from duckdb_functions()
        where function_type in ('scalar', 'aggregate', 'window') and function_name <> 'error'
        group by 1 having bool_and(stability <> 'CONSISTENT')
    """).fetchall()
    names = {name for (name,) in said}
    macros = duck.sql("""
        select function_name, macro_definition from duckdb_functions() where function_type = 'macro'
    """).fetchall()
    calls = re.compile(rf"\b({'|'.join(CLOCKS)})\b|\b({'|'.join(names)})\(")

    found = names | {name for name, definition in macros if calls.search(definition)}

    assert found == UNSTABLE_FUNCTIONS


def test_an_odd_text_ends_in_time() -> None:
    started = time.perf_counter()

    for sql in ("(" * 20_000, ")" * 20_000, "from (" * 10_000, "from a." * 10_000, ", age (" * 500):
        find_unstable(normalise(sql), KNOWN)

    assert time.perf_counter() - started < 2
