"""Nested values land from JSON lines and Parquet as their declared type, as GA4 exports them."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from kpi_runner.adapters import open_adapter
from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Severity
from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column, Source
from kpi_runner.core.result import LandResult
from kpi_runner.load.raw import find_raw_files
from kpi_runner.run.land import MappingTemplates, land_tables

PARAMS = "struct(key varchar, value struct(string_value varchar, int_value bigint))[]"
EVENTS = Source(
    id="source.shop.ga4.events",
    source="ga4",
    name="events",
    relation=Relation("raw_ga4", "events"),
    columns=(
        Column(name="at", data_type="bigint", is_required=True, is_nullable=False),
        Column(name="params", data_type=PARAMS),
        Column(name="device", data_type='struct(category varchar, "language" varchar)'),
    ),
)
ODD_FIELDS = """\
{"at": "1", "params": [{"key": "é \\"x\\", y", "value": {"int_value": "12", "set_at": 9}}]}
{"at": 2, "device": {"category": "mobile", "model": "A1"}}
{"at": 3, "params": [], "device": null}
"""
ODD_ROWS = [
    (1, [{"key": 'é "x", y', "value": {"string_value": None, "int_value": 12}}], None),
    (2, None, {"category": "mobile", "language": None}),
    (3, [], None),
]
AN_A = [{"key": "a", "value": {"string_value": None, "int_value": 1}}]
BEFORE = '{"at": 1, "params": [{"key": "a", "value": {"int_value": 1}}]}\n' * 3


def test_identical_rows_are_one_unless_rows_may_repeat(tmp_path: Path) -> None:
    moments = '{"at": 1}\n' + BEFORE + '{"at": 2}\n'

    result, rows = land(tmp_path, ".jsonl", moments.encode())
    repeated, _ = land(tmp_path, ".jsonl", moments.encode(), replace(EVENTS, may_repeat=True))

    assert sorted(rows, key=str) == [(1, None, None), (1, AN_A, None), (2, None, None)]
    assert [d.message for d in result.diagnostics] == [
        "dropped 2 identical rows of 'raw/ga4/events.jsonl'"
    ]
    assert (repeated.rows, repeated.diagnostics) == (5, ())


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_lacking_fields_are_null_and_unknown_ones_are_left_out(tmp_path: Path, ending: str) -> None:
    content = ODD_FIELDS.encode()

    result, rows = land(tmp_path, ending, gzip.compress(content) if ".gz" in ending else content)

    assert result.diagnostics == ()
    assert rows == ODD_ROWS


def test_a_parquet_file_may_hold_more_and_fewer_fields(tmp_path: Path) -> None:
    file = tmp_path / "source.parquet"
    duckdb.sql(
        "select 1 as at, [{'key': 'k', 'value': {'int_value': 12::smallint, 'set_at': 9}}] "
        "as params, {'model': 'A1', 'category': 'mobile'} as device"
    ).write_parquet(str(file))

    result, rows = land(tmp_path, ".parquet", file.read_bytes())

    assert result.diagnostics == ()
    params = [{"key": "k", "value": {"string_value": None, "int_value": 12}}]
    assert rows == [(1, params, {"category": "mobile", "language": None})]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '{"at": 4, "params": [{"key": "a", "value": {"int_value": "twelve"}}]}',
            "K901 4:11 column 'params' holds a value of another type: "
            'Failed to cast value to numerical: "twelve"',
        ),
        (
            '{"at": 4, "device": "mobile"}',
            "K901 4:11 column 'device' holds a value of another type: "
            'Expected OBJECT, but got VARCHAR: "mobile"',
        ),
        (
            '{"device": {"category": "mobile"}, "at": null}',
            "K905 4:36 column 'at' is empty, but must hold a value",
        ),
        (
            '{"at": 4, "params": [{]}',
            "K903 4:23 line 4 is not valid JSON: Expecting property name enclosed in double quotes",
        ),
    ],
)
def test_a_value_of_another_type_is_told_with_line_and_column(
    tmp_path: Path, line: str, expected: str
) -> None:
    result, _ = land(tmp_path, ".jsonl", f"{BEFORE}{line}\n{BEFORE}".encode())

    told = [
        f"{d.code} {d.span.line}:{d.span.column} {d.message}" for d in result.diagnostics if d.span
    ]
    assert told == [expected]


def land(
    root: Path, ending: str, content: bytes, source: Source = EVENTS
) -> tuple[LandResult, list[tuple[object, ...]]]:
    """Lands one file of the table and returns what came of it, and the rows."""
    folder = root / "raw" / "ga4"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"events{ending}").write_bytes(content)
    files, found = find_raw_files(str(root / "raw"), {source.id: source}, root=root)
    assert found == ()
    adapter = open_adapter(TargetConfig(threads=2), Path(":memory:"))
    try:
        templates = MappingTemplates(render=lambda file: "", locate=lambda path, place: None)
        (result,) = land_tables(
            adapter, [source], files=files, mappings=templates, emit=lambda event: None
        )
        if any(d.severity is Severity.ERROR for d in result.diagnostics):
            return result, []
        return result, list(adapter.query("select * from raw_ga4.events order by 1").rows)
    finally:
        adapter.close()
