"""The rows of unit tests: in YAML, as CSV or as SQL, there or in a file of their own.

Does not know which columns there are, nor their types.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.core.unit_test import Fixture, FixtureRow
from kpi_runner.load.discover import FoundFile
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Fields, Items, Scalar, Tree, to_plain

FORMATS = ("dict", "csv", "sql")
FOLDER = "fixtures"
"""The folder among tests that holds fixture files, as in dbt."""


def fixture_folders(test_paths: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the folders that may hold fixture files.

    >>> fixture_folders(("tests/data",))
    ('tests/data/fixtures', 'tests/fixtures')
    """
    return tuple(dict.fromkeys(f"{path}/{FOLDER}" for path in (*test_paths, "tests")))


def read_fixture(entry: Entry) -> Fixture | None:
    """Takes ``format``, ``rows`` and ``fixture``; None where there are neither rows nor a file.

    Rows of ``dict`` and ``csv`` are read, those of a file are not yet.
    """
    kind = entry.choice("format", FORMATS, default="dict")
    file, rows = entry.text("fixture"), entry.tree("rows")
    if file and rows:
        message = f"{entry.what} has both 'rows' and 'fixture'"
        entry.report("K110", message, span=entry.span("fixture"), hint="Take one of them out.")
    if file:
        return Fixture(format=kind, file=file, span=entry.span("fixture"))
    if rows is None:
        return None
    span = entry.span("rows")
    if kind == "dict":
        return _read_items(entry, rows)
    if not isinstance(rows, Scalar):
        entry.mismatch("rows", rows, wanted=f"a text, as format '{kind}' wants it")
        return Fixture(format=kind, span=span)
    if kind == "csv":
        return parse_csv(rows.text, span, diagnostics=entry.diagnostics)
    return Fixture(format=kind, sql=rows.text, span=span)


def parse_csv(text: str, start: Span, *, diagnostics: list[Diagnostic]) -> Fixture:
    """Returns the rows of a CSV with a header; an empty value is NULL, as in dbt.

    Blanks after a comma do not count, so that columns can be aligned.
    """
    reader = csv.reader(text.splitlines(), skipinitialspace=True, strict=True)
    lines: list[tuple[Span, list[str]]] = []
    try:
        for cells in reader:
            span = replace(start, line=start.line + reader.line_num - 1, end_line=0, end_column=0)
            lines += [(span, cells)] if cells else []
    except csv.Error as error:
        diagnostics.append(Diagnostic("K102", f"the CSV cannot be read: {error}", start))
        return Fixture(format="csv", span=start)
    place, header = lines[0] if lines else (start, [])
    names = [name.strip() for name in header]
    for name in {name for name in names if names.count(name) > 1}:
        diagnostics.append(Diagnostic("K204", f"the CSV names column '{name}' twice", place))
    rows = []
    for span, cells in lines[1:]:
        if len(cells) != len(names):
            message = f"the row has {len(cells)} values, its header names {len(names)}"
            diagnostics.append(
                Diagnostic("K102", message, span, "Put a value with commas in quotes.")
            )
            continue
        values = {name: cell or None for name, cell in zip(names, cells, strict=True)}
        rows.append(FixtureRow(values, span))
    return Fixture(format="csv", columns=dict.fromkeys(names, place), rows=tuple(rows), span=start)


def find_fixture_file(
    fixture: Fixture,
    files: Iterable[FoundFile],
    *,
    read: Callable[[str], str],
    diagnostics: list[Diagnostic],
) -> Fixture:
    """Returns the fixture with the rows of its file; reports a file that is not there (K107)."""
    ending = ".sql" if fixture.format == "sql" else ".csv"
    paths = [file.path for file in files if file.path.endswith(ending)]
    named: Mapping[str, str] = {PurePosixPath(path).stem: path for path in paths}
    if fixture.format == "dict":
        message = f"fixture '{fixture.file}' needs a format"
        hint = "Say `format: csv` or `format: sql`."
        diagnostics.append(Diagnostic("K110", message, fixture.span, hint))
        return fixture
    path = named.get(fixture.file.removesuffix(ending))
    if path is None:
        message = f"there is no fixture file '{fixture.file.removesuffix(ending)}{ending}'"
        hint = did_you_mean(fixture.file, named) or "Put it into tests/fixtures/."
        diagnostics.append(Diagnostic("K107", message, fixture.span, hint))
        return fixture
    text = read(path)
    if ending == ".csv":
        return parse_csv(text, Span(path), diagnostics=diagnostics)
    return replace(fixture, sql=text, span=Span(path))


def _read_items(entry: Entry, rows: Tree) -> Fixture:
    columns: dict[str, Span] = {}
    found: list[FixtureRow] = []
    if not isinstance(rows, Items):
        entry.mismatch("rows", rows, wanted="a list of rows")
        return Fixture(span=rows.span)
    for item in rows.items:
        if not isinstance(item, Fields):
            entry.mismatch("rows", item, wanted="a list of rows, each `{column: value}`")
            continue
        for name, place in item.keys.items():
            columns.setdefault(name, place)
        values = {name: to_plain(value) for name, value in item.values.items()}
        found.append(FixtureRow(values, item.span))
    return Fixture(columns=columns, rows=tuple(found), span=entry.span("rows"))
