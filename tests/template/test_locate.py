"""Places in rendered text are found again in templates; cases under ``tests/cases/locate``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kpi_runner.core.node import Macro
from kpi_runner.core.span import LineIndex, Span
from kpi_runner.template.context import Names, build_context
from kpi_runner.template.locate import locate
from kpi_runner.template.render import render
from kpi_runner.template.templates import SqlTemplates
from tests.kit import read_sections

CASES = Path(__file__).parents[1] / "cases/locate"
MODEL = "models/m.sql"
CONTEXT = build_context(
    Names(
        ref=lambda name: f"core.{name}",
        source=lambda source, table: f"raw_{source}.{table}",
        kpis=lambda area: f"select '{area}' as area\nunion all select second_line",
        variables={"days": 28, "first": "v1", "second": "v2"},
    )
)


def templates_of(files: dict[str, str]) -> SqlTemplates:
    names = re.compile(r"^\{%-? macro (\w+)", re.MULTILINE)
    macros = [
        Macro(name=name, path=path, raw=raw)
        for path, raw in files.items()
        for name in names.findall(raw)
        if path.startswith("macros/")
    ]
    return SqlTemplates({macro.name: macro for macro in macros})


def find(files: dict[str, str], word: str) -> list[Span | None]:
    templates = templates_of(files)
    text = render(templates, files[MODEL], path=MODEL, context=CONTEXT)
    index = LineIndex(text)
    return [
        locate(
            templates,
            files[MODEL],
            path=MODEL,
            context=CONTEXT,
            expected=text,
            position=index.position(found.start()),
        )
        for found in re.finditer(rf"{word}(?!\d)", text)
    ]


def place_of(files: dict[str, str], word: str) -> Span:
    found = [
        LineIndex(text).span(path, start=match.start(), end=match.end())
        for path, text in files.items()
        for match in re.finditer(rf"{word}(?!\d)\w*", text)
    ]
    assert len(found) == 1, word
    return found[0]


EVERYTHING = dict(read_sections(CASES / "everything.txt"))
WORDS = sorted({word for text in EVERYTHING.values() for word in re.findall(r"\bw\d+", text)})


@pytest.mark.parametrize("word", WORDS)
def test_literal_text_is_found_at_its_own_place(word: str) -> None:
    found = find(EVERYTHING, word)

    assert set(found) <= {place_of(EVERYTHING, word)}
    assert found or word == "w8", "the word is not rendered"


def test_what_a_tag_prints_is_found_at_the_tag() -> None:
    *files, (_, expect) = read_sections(CASES / "tags.txt")
    expected = dict(line.split(" ") for line in expect.splitlines())

    actual = {word: str(find(dict(files), word)[0]) for word in expected}

    assert actual == expected


def test_nothing_is_said_where_marks_change_the_text() -> None:
    raw = "{% set x %}a{% endset %}select {{ x | length }}"

    assert find({MODEL: raw}, "select") == [None]


def test_a_place_outside_of_the_text_is_nowhere() -> None:
    found = locate(
        templates_of({}), "a", path=MODEL, context=CONTEXT, expected="a", position=(9, 1)
    )

    assert found is None
