"""What counts as the same query, and what it names."""

from __future__ import annotations

import time

import pytest

from kpi_runner.sql.fingerprint import find_relations, normalise

SAME = [
    ("select a, b from t", "select a,\n       b -- the second\nfrom t"),
    ("select a from t", "SELECT a FROM t"),
    ("select count(*) from t where a is null", "SELECT COUNT(*) FROM t WHERE a IS NULL"),
    ("select sum(a) over (partition by b)", "select SUM(a) OVER (PARTITION BY b)"),
    ("select a::date as c, cast(b as int) as d", "select a::DATE as c, CAST(b AS INT) as d"),
    ("select a from t", "select /* old: /* older */ still old */ a from t"),
    ("select a from t", "select a from t;\n"),
    ("select 'it''s'", "select $q$it's$q$"),
    ("select a.b", "select a . b"),
    ("select 1 - 1", "select 1 -\n1"),
]
DIFFERENT = [
    ("select 'a b'", "select 'a  b'"),
    ("select 'A'", "select 'a'"),
    ('select "A"', 'select "a"'),
    ("select 1 as Total", "select 1 as total"),
    ("select 1 Rows", "select 1 rows"),
    ("select 1 as Desc", "select 1 as desc"),
    ("select a::DATE", "select a::date"),
    ("select 'a'\n'b'", "select 'a' 'b'"),
    ("select 'a' -- c\n'b'", "select 'a' 'b'"),
    ("select a b", "select ab"),
    ("select '-- x' || a", "select '-- y' || a"),
    ("select a --1\n+ b", "select a - -1\n+ b"),
    ("select $$/* a */$$", "select $$/* b */$$"),
    ("select e'\\'a'", "select e'\\'b'"),
    ("select a -> b", "select a - > b"),
    ("select '1' 'b'", "select '1''b'"),
    ("select 1.5", "select 15"),
    ("select <missing ga4.a>", "select <missing ga4.b>"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_layout_comments_and_the_case_of_keywords_do_not_count(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_strings_names_and_signs_count(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


def test_placeholders_survive() -> None:
    words = "date '<as-of>' timestamp '<as-of-end>' <missing ga4.a ga4.b>"

    assert normalise(words) == words


def test_relations_are_found_but_not_in_strings() -> None:
    sql = """select a.x, 'core.no' from core.fct_a as a join "my schema"."b""c" using (x)"""

    assert find_relations(normalise(sql)) == {
        ("a", "x"), ("core", "fct_a"), ("my schema", 'b"c'),
    }  # fmt: skip


def test_an_open_quote_or_comment_ends_in_time() -> None:
    started = time.perf_counter()

    quotes = ("'" * 20_001, '"' + "a'" * 20_000, "$$" + "$" * 20_001, "''" + "\n" * 20_000)
    for sql in (*quotes, "/*" * 20_000):
        normalise(sql)

    assert time.perf_counter() - started < 2
