"""The columns of a query: what its text tells, and where it stays silent."""

from __future__ import annotations

import pytest

from kpi_runner.sql.columns import output_columns

KNOWN = {("", "t"): ("a", "b"), ("core", "u"): ("b", "c")}
TOLD = {
    "select a, b as X from t": "a x",
    "from t": "a b",
    "select * from t": "a b",
    "select *, 1 as n from t": "a b n",
    "select t.* exclude (a), u.c as d from t join core.u on true": "b d",
    "select * rename (a as z) from t": "z b",
    "select * replace (a + 1 as a) from t": "a b",
    "select * from t join core.u on t.b = u.b": "a b b c",
    "select * from t join core.u using (b)": "a b c",
    "select * from t semi join core.u using (b)": "a b",
    "select a from t union all select c from core.u": "a",
    "select a from t union all by name select c from core.u": "a c",
    "select * from t as x (p)": "p b",
    "select * from (select a as z from t) as s": "z",
    "with q as (select * from t), r (k) as (select a from q) select q.*, r.* from q, r": "a b k",
    "with recursive r (n) as (select 1 union all select n + 1 from r) select * from r": "n",
    "(select 1 as one)": "one",
}
SILENT = [
    "select",
    "select * from elsewhere",
    "select count(*) from t",
    "select cast(a as int) from t",
    "select columns('a.*') from t",
    "select x.* from t",
    "select * from t pivot (sum(a) for b in (1, 2))",
    "select * from t, elsewhere",
    "values (1)",
]


@pytest.mark.parametrize("sql", TOLD)
def test_the_text_tells_the_columns(sql: str) -> None:
    assert output_columns(sql, lambda *relation: KNOWN.get(relation)) == tuple(TOLD[sql].split())


@pytest.mark.parametrize("sql", SILENT)
def test_nothing_is_said_where_the_text_does_not_tell(sql: str) -> None:
    assert output_columns(sql, lambda *relation: KNOWN.get(relation)) is None
