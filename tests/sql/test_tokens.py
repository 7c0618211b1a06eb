"""Tokens of a template: SQL and Jinja side by side, nothing lost."""

from __future__ import annotations

import pytest

from kpi_runner.sql.tokens import Kind, Unreadable, tokenize
from kpi_runner.sql.words import recase
from tests.kit import ROOT

FILES = [path for name in ("models", "macros") for path in sorted((ROOT / name).rglob("*.sql"))]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a.b.*", "name"),
        ('"A b".c', "name"),
        ("{{ x }}_suffix.{{ y }}", "name"),
        ("{{ f({'a': {'b': '}}'}}) }}", "print"),
        ("'{{ var('a') }}' || e'it\\'s'", "string sign string"),
        ("$$ it's $$", "string"),
        ("1e-5 + .5", "number sign number"),
        ("/* a /* b */ c */ d", "note word"),
        ("{% raw %} ' {% endraw %}{% set a %} ( {% endset %}", "tag tag"),
        ("{% set a = 1 %} -- {{ b }}", "tag comment"),
        ("a->>'b'", "word sign string"),
        ("[1, 2]", "open number comma number close"),
    ],
)
def test_a_text_falls_into_these_kinds(text: str, kinds: str) -> None:
    assert [token.kind for token in tokenize(text)] == [Kind(kind) for kind in kinds.split()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_gaps_and_texts_make_up_the_file(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")

    tokens = tokenize(text)

    assert "".join(token.gap + token.text for token in tokens) == text.rstrip()


@pytest.mark.parametrize("text", ["'a", '"a', "{{ a", "{% if", "{# a", "/* a", "{% raw %}"])
def test_what_never_ends_cannot_be_read(text: str) -> None:
    with pytest.raises(Unreadable):
        tokenize(text)


@pytest.mark.parametrize(
    ("text", "cased"),
    [
        (
            "SELECT Count(*) OVER (ORDER BY b NULLS FIRST)",
            "select count(*) over (order by b nulls first)",
        ),
        ("CAST(a AS Decimal(18)) AS Date", "cast(a as decimal(18)) as Date"),
        ("DATE '2026-01-01', INTERVAL 1 DAY", "date '2026-01-01', interval 1 day"),
        (
            "First, Value, Following, Filter, My_Func(Date)",
            "First, Value, Following, Filter, My_Func(Date)",
        ),
        ("a {{- 'b' }}, AS{{ c }}", "a {{- 'b' }}, AS{{ c }}"),
    ],
)
def test_only_words_of_the_language_are_lower_case(text: str, cased: str) -> None:
    assert "".join(token.gap + token.text for token in recase(tokenize(text))) == cased
