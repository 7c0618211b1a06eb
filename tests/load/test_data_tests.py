"""Data tests in every spelling of dbt."""

from __future__ import annotations

import pytest

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.node import DataTest, Macro, Scan
from kpi_runner.load.reader import Entry
from kpi_runner.load.singular import read_singular
from kpi_runner.load.tests import Subject, read_tests
from kpi_runner.load.yaml_file import Fields, parse_yaml

MACRO = Macro(
    name="test_is_even", path="m.sql", raw="", parameters=("model", "column_name", "step")
)


def read_all(text: str, *, column: str = "") -> tuple[DataTest, ...]:
    tree, _ = parse_yaml(text, "a.yml")
    assert isinstance(tree, Fields)
    diagnostics: list[Diagnostic] = []
    subject = Subject(
        node="model.shop.a",
        name="a",
        project="shop",
        macros={MACRO.name: MACRO},
        column=column,
    )
    found = read_tests(Entry(tree, "model 'a'", diagnostics=diagnostics), subject)
    assert not diagnostics
    return found


@pytest.mark.parametrize(
    ("text", "kind", "name", "arguments"),
    [
        ("data_tests: [unique]", "unique", "unique_a_id", {}),
        ("tests: [not_null]", "not_null", "not_null_a_id", {}),
        ("tests: [{unique: }]", "unique", "unique_a_id", {}),
        (
            "tests: [{accepted_values: {values: [x, y z]}}]",
            "accepted_values",
            "accepted_values_a_id__x__y_z",
            {"values": ["x", "y z"]},
        ),
        (
            "tests: [{accepted_values: {arguments: {values: [1], quote: false}}}]",
            "accepted_values",
            "accepted_values_a_id__False__1",
            {"values": [1], "quote": False},
        ),
        (
            "tests: [{name: near, test_name: is_even, step: 2, config: {limit: 5}}]",
            "is_even",
            "near",
            {"step": 2},
        ),
        ("tests: [{is_even: {step: 2}}]", "is_even", "is_even_a_id__2", {"step": 2}),
    ],
)
def test_spelling_is_read(text: str, kind: str, name: str, arguments: object) -> None:
    (test,) = read_all(text, column="id")

    assert (test.kind, test.name, test.arguments) == (kind, name, arguments)
    assert (test.id, test.node, test.column) == (f"test.shop.{name}", "model.shop.a", "id")


@pytest.mark.parametrize(
    "settings",
    [
        "config: {severity: WARN, where: x > 1, limit: 5, tags: t, warn_if: '>1', error_if: '>9'}",
        "severity: warn, where: x > 1, limit: 5, tags: t, warn_if: '>1', error_if: '>9'",
    ],
)
def test_settings_stand_under_config_or_beside_the_arguments(settings: str) -> None:
    (test,) = read_all(f"tests: [{{unique: {{{settings}}}}}]", column="id")

    assert (test.severity, test.where, test.limit) == (Severity.WARN, "x > 1", 5)
    assert (test.tags, test.warn_if, test.error_if) == (("t",), ">1", ">9")


def test_refs_in_arguments_are_found() -> None:
    (test,) = read_all(
        "tests: [{relationships: {to: \"{{ ref('pkg', 'b') }}\", field: id}}]", column="id"
    )

    assert [(ref.package, ref.name) for ref in test.scan.refs] == [("pkg", "b")]


def test_disabled_test_is_none() -> None:
    assert read_all("tests: [{unique: {config: {enabled: false}}}]", column="id") == ()


def test_long_name_is_cut_and_stays_unique() -> None:
    first, second = read_all(
        f"tests: [{{expression: {{sql: {'a' * 80} > 1}}}}, {{expression: {{sql: {'a' * 80} > 2}}}}]"
    )

    assert len(first.name) == len(second.name) <= 63
    assert first.name != second.name


@pytest.mark.parametrize(
    ("raw", "scan", "severity"),
    [
        ("select 1", Scan(), "error"),
        ("-- severity: warn\nselect 1", Scan(), "warn"),
        ("-- severity: warn\nselect 1", Scan(config={"severity": "error"}), "error"),
    ],
)
def test_singular_test_takes_its_severity_from_config_or_first_line(
    raw: str, scan: Scan, severity: str
) -> None:
    test = read_singular(
        "assert_it",
        path="tests/data/assert_it.sql",
        raw=raw,
        scan=scan,
        project="shop",
        diagnostics=[],
    )

    assert test
    assert test.severity == severity
