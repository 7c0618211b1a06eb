"""What DuckDB says without a position, or with a vague one, is found in the SQL."""

from __future__ import annotations

import json

import duckdb
import pytest

from kpi_runner.adapters.duckdb import MEMORY
from kpi_runner.adapters.failures import translate_failure
from kpi_runner.core.errors import SqlFailed
from kpi_runner.sql.clues import find_clue, refine_offset

WITHOUT_POSITION = (
    "select ^a.* from orders",
    "select * exclude (^zz) from orders",
    "select * replace (1 as ^zz) from orders",
    "select 1 as a ^union all select 1 as a, 2 as b",
    "select sum(id) from orders ^group by 7",
    "select ^(select id from orders)",
    "select 2147483647::int ^+ id from orders",
    "select date_trunc('^mnth', ordered_on) from orders",
    "select strptime(note, '^%Y') from orders",
    "select id.^foo from orders",
    "select error('^boom') from orders",
    "select * from orders as a, orders as ^a",
    "with a as (select 1), ^a as (select 2) select * from a",
    "select count(*), first_value(id) over ^w from orders",
)
VAGUE = (
    "select (id + 1) as a, coalesce^(id, 2 as b from orders",
    "with a as ^(select id from orders select * from a",
    "select o.id, o.^amout from orders as o",
    "select\n  o.id\n  ^o.note from orders as o",
)


@pytest.mark.parametrize("marked", [*WITHOUT_POSITION, *VAGUE])
def test_an_error_leads_to_its_word(marked: str) -> None:
    sql = marked.replace("^", "")

    error = failure_of(sql)

    offset = find_clue(sql, error.message)
    if marked in VAGUE:
        assert error.position is not None
        offset = refine_offset(sql, error.position, error=error)
    else:
        assert error.position is None
    assert offset == marked.index("^"), error.message


def failure_of(sql: str) -> SqlFailed:
    with duckdb.connect() as connection:
        connection.execute("set errors_as_json = true")
        connection.execute(
            "create table orders as select 1 as id, 'x' as note, date '2026-01-01' as ordered_on "
            "union all select 2, '7', date '2026-01-02'"
        )
        with pytest.raises(duckdb.Error) as caught:
            connection.execute(sql).fetchall()
    failure = translate_failure(type(caught.value).__name__, str(caught.value), database=MEMORY)
    assert isinstance(failure, SqlFailed), json.dumps(str(caught.value))
    return failure
