"""The tree of a YAML text: values, places, bounds."""

from __future__ import annotations

import pytest

from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.span import Span
from kpi_runner.load.yaml_file import Fields, Items, Scalar, parse_yaml, to_plain


def tree_of(text: str) -> Fields:
    tree, diagnostics = parse_yaml(text, "a.yml")
    assert isinstance(tree, Fields)
    assert not diagnostics
    return tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("orders", "orders"),
        ("'12'", "12"),
        ("12", 12),
        ("-40%", "-40%"),
        ("0.5", 0.5),
        ("yes", True),
        ("null", None),
        ("2025-12-31", "2025-12-31"),
        ("08", "08"),
        ("!!python/object:os.system x", "x"),
        ("[1, [a]]", [1, ["a"]]),
        ("{b: {c: 1}}", {"b": {"c": 1}}),
    ],
)
def test_value_is_what_yaml_says(text: str, value: object) -> None:
    assert to_plain(tree_of(f"a: {text}")) == {"a": value}


def test_scalar_keeps_its_text_as_written() -> None:
    items = tree_of("a: [000, 003]").values["a"]

    assert isinstance(items, Items)
    assert [item.text for item in items.items if isinstance(item, Scalar)] == ["000", "003"]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("a: count(*)", Span("a.yml", 1, 4, 1, 12)),
        ("a: 'count(*)'", Span("a.yml", 1, 5, 1, 13)),
        ('ä: {b: "x"}\na: "é"', Span("a.yml", 2, 5, 2, 6)),
        ("a: |\n  select 1\n  from t", Span("a.yml", 2, 3)),
        ("a: >-\n\n    sum(x)", Span("a.yml", 2, 5)),
    ],
)
def test_span_is_that_of_the_content(text: str, span: Span) -> None:
    assert tree_of(text).values["a"].span == span


def test_key_knows_its_place() -> None:
    assert tree_of("a: 1\nb:\n  c: 2").keys["b"] == Span("a.yml", 2, 1, 2, 2)


def test_key_that_stands_twice_is_found_with_both_places() -> None:
    _, (found,) = parse_yaml("a: 1\nb: 2\na: 3", "a.yml")

    assert (found.code, str(found.span), found.notes) == (
        "K106",
        "a.yml:3:1",
        ("first at a.yml:1:1",),
    )


def test_merge_key_gives_what_is_not_said_again() -> None:
    text = "base: &base {a: 1, b: 2}\nown:\n  <<: *base\n  b: 3"

    assert to_plain(tree_of(text).values["own"]) == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: " + "[" * 300 + "]" * 300, id="deep nesting"),
        pytest.param("[" * 100_000, id="nesting beyond the parser"),
        pytest.param("a: &a [*a]", id="an alias within itself"),
        pytest.param(
            "a0: &a0 [x, x]\n"
            + "\n".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]" for i in range(1, 9)),
            id="aliases that multiply",
        ),
        pytest.param("a: *nowhere", id="an alias of nothing"),
        pytest.param("a: \x00", id="a control character"),
        pytest.param("a: {b: 1", id="a bracket that does not close"),
        pytest.param("? [a]\n: 1", id="a list as a key"),
    ],
)
def test_yaml_beyond_bounds_is_a_mistake_with_a_place(text: str) -> None:
    with pytest.raises(ProjectInvalid) as caught:
        parse_yaml(text, "a.yml")

    (found,) = caught.value.diagnostics
    assert found.code == "K101"
    assert found.span


def test_empty_text_has_no_tree() -> None:
    assert parse_yaml("# nothing yet\n", "a.yml") == (None, ())
