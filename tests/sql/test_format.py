"""`kpi fmt` on texts: the layout itself, and that nothing but the layout changes."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from kpi_runner.sql.fingerprint import normalise
from kpi_runner.sql.format import format_sql
from kpi_runner.sql.tokens import Unreadable, tokenize
from kpi_runner.sql.words import recase, remarks, significant
from tests.kit import ROOT, diff_text, read_sections

FOLDERS = ("models", "macros", "tests/data", "examples", "tests/cases/format")
FILES = [path for name in FOLDERS for path in sorted((ROOT / name).rglob("*.sql"))]
VARIANTS = 200
INSERTED = (
    *("-- note\n", "\n-- alone\n", "/* x */", "{# n #}", "{{ x }}", "{{- x -}}", "{% if a %}"),
    *("\n{% if a %}\n", "\n{% endif %}\n", "(", ")", "'", "case ", " end", ",", " and ", ";"),
    *("select ", " from ", " union ", " - -1", "::int", "[1]", "{'a': 1}", " as z", " over (a)"),
)


def cases() -> Iterator[tuple[str, str, str]]:
    for path in sorted((ROOT / "tests/cases/format").glob("*.sql")):
        texts = [text for _, text in read_sections(path)]
        for number, given in enumerate(texts[::2]):
            yield f"{path.stem} {number + 1}", given, texts[2 * number + 1]


def variant(seed: int) -> str:
    """Returns a file of the project with its white space, case or content disturbed."""
    chance = random.Random(seed)
    text = chance.choice(FILES).read_text(encoding="utf-8")
    if chance.random() < 0.5 and "--" not in text:
        text = re.sub(r"\s+", lambda gap: chance.choice([" ", "\n", "\n\n\t", gap[0]]), text)
    if chance.random() < 0.5:
        words = r"\b(select|from|case|when|and|as|sum|left|join)\b"
        text = re.sub(words, lambda word: chance.choice([word[0], word[0].upper()]), text)
    for _ in range(chance.randint(0, 3)):
        place = chance.randint(0, len(text))
        text = text[:place] + chance.choice(INSERTED) + text[place:]
    return text


@pytest.mark.parametrize(("given", "laid"), [pytest.param(g, w, id=n) for n, g, w in cases()])
def test_a_text_is_laid_out_as_its_case_says(given: str, laid: str) -> None:
    assert not diff_text(laid, format_sql(given))


@pytest.mark.parametrize("seed", range(VARIANTS))
def test_the_layout_changes_no_token_and_does_not_change_twice(seed: int) -> None:
    text = variant(seed)

    laid = format_sql(text)

    assert format_sql(laid) == laid
    try:
        before, after = recase(tokenize(text)), recase(tokenize(laid))
    except Unreadable:
        assert laid == text
    else:
        assert significant(before) == significant(after)
        assert remarks(before) == remarks(after)
    assert normalise(text) == normalise(laid)


@pytest.mark.parametrize(
    "text",
    [
        "select 'never closed",
        "select (1",
        "select case when a then b",
        "select 1 -- {{ x -}}\nfrom a",
        "create table a (b  int)\n",
        "{% macro path() %}a/b  AND  c{% endmacro %}",
        "",
        "(" * 200 + ")" * 200,
    ],
)
def test_what_cannot_be_read_stays_as_it_is(text: str) -> None:
    assert format_sql(text) == text


def test_signs_that_could_become_a_comment_or_another_operator_stay_apart() -> None:
    text = "select\n    - -1 as a,\n    - {{ b }} as c,\n    d <-> e as f\n"

    assert format_sql(text) == text
