"""Typed reading: what each kind of value accepts, and what is said of all else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Fields, parse_yaml


def entry_of(text: str) -> Entry:
    tree, _ = parse_yaml(text, "a.yml")
    assert isinstance(tree, Fields)
    return Entry(tree, "model 'a'", diagnostics=[])


@pytest.mark.parametrize(
    ("text", "read", "value"),
    [
        ("k: abc", lambda e: e.text("k"), "abc"),
        ("k: 0", lambda e: e.text("k"), "0"),
        ("k:", lambda e: e.text("k", "x"), "x"),
        ("k: 3", lambda e: e.integer("k"), 3),
        ("k: no", lambda e: e.boolean("k", default=True), False),
        ("k: up", lambda e: e.choice("k", ("up", "down")), "up"),
        ("k: [a, 1]", lambda e: e.texts("k"), ("a", "1")),
        ("k: a", lambda e: e.texts("k"), ("a",)),
        ("x: 1", lambda e: e.texts("k"), ()),
        ("k: {b: [1]}", lambda e: e.plain("k"), {"b": [1]}),
    ],
)
def test_value_of_its_type_is_taken(
    text: str, read: Callable[[Entry], object], value: object
) -> None:
    entry = entry_of(text)

    assert read(entry) == value
    assert not entry.diagnostics


@pytest.mark.parametrize(
    ("text", "read", "message"),
    [
        ("k: [a]", lambda e: e.text("k"), "K102 'k' of model 'a' is a list, not a text"),
        ("k: 1.5", lambda e: e.integer("k"), "K102 'k' of model 'a' is '1.5', not a whole number"),
        (
            "k: true",
            lambda e: e.integer("k"),
            "K102 'k' of model 'a' is 'true', not a whole number",
        ),
        ("k: 1", lambda e: e.boolean("k"), "K102 'k' of model 'a' is '1', not true or false"),
        (
            "k: pu",
            lambda e: e.choice("k", ("up",)),
            "K105 'k' is 'pu', which is not one of its words",
        ),
        ("k: {b: 1}", lambda e: e.texts("k"), "K102 'k' of model 'a' is a mapping, not a list"),
        (
            "k: [[a]]",
            lambda e: e.texts("k"),
            "K102 'k' of model 'a' is a list, not a list of texts",
        ),
        (
            "k: [null]",
            lambda e: e.texts("k"),
            "K102 'k' of model 'a' is empty, not a list of texts",
        ),
        ("k: a", lambda e: e.entry("k"), "K102 'k' of model 'a' is 'a', not a mapping"),
        ("k: a", lambda e: e.entries("k", "column"), "K102 'k' of model 'a' is 'a', not a list"),
        ("x: 1", lambda e: e.required_text("k"), "K104 model 'a' has no 'k'"),
        ("k:", lambda e: e.required_text("k"), "K104 model 'a' has no 'k'"),
    ],
)
def test_other_value_is_reported_with_its_place(
    text: str, read: Callable[[Entry], object], message: str
) -> None:
    entry = entry_of(text)

    read(entry)

    (found,) = entry.diagnostics
    assert f"{found.code} {found.message}" == message
    assert found.span


def test_keys_that_nobody_asked_for_are_unknown() -> None:
    entry = entry_of("name: a\nowner: b\ngrian: [id]")
    entry.text("name")
    entry.texts("grain")
    entry.ignore("owner")

    entry.close()

    assert [(d.code, str(d.span), d.hint) for d in entry.diagnostics] == [
        ("K103", "a.yml:3:1", "Did you mean 'grain'?")
    ]


def test_entries_are_called_by_their_names() -> None:
    entry = entry_of("columns: [{name: id}, {}]")

    assert [item.what for item in entry.entries("columns", "column")] == ["column 'id'", "a column"]


def test_unknown_key_far_from_all_others_lists_the_known_ones() -> None:
    found: list[Diagnostic] = []
    entry = Entry(entry_of("zzz: 1").fields, "model 'a'", diagnostics=found)
    entry.text("name")

    entry.close()

    assert found[0].hint == "Known keys: name."
