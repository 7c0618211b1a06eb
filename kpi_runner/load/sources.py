"""``sources:`` YAML → raw tables as they land, with what is enforced while landing.

Knows dbt's keys and ours (``grain``, ``daily_feed``, ``default``, ``optional``); never looks at
raw files.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from kpi_runner.core.names import Relation
from kpi_runner.core.node import Column, DataTest, Macro, Source
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.load.freshness import Wanted, read_freshness
from kpi_runner.load.properties import read_columns
from kpi_runner.load.reader import Entry
from kpi_runner.load.tests import Subject, read_tests

SOURCE_KEYS = [
    "database",
    "loader",
    "quoting",
    "overrides",
    "meta",
]
TABLE_KEYS = [
    "loader",
    "quoting",
    "meta",
    "external",
    "docs",
]


def read_source(
    entry: Entry,
    *,
    project: str,
    macros: Mapping[str, Macro],
    test_config: Mapping[str, Any] = MappingProxyType({}),
    is_landed: bool = True,
) -> tuple[tuple[Source, ...], tuple[DataTest, ...]]:
    """Reads one entry of ``sources:``; returns its tables and the tests on them.

    A table that is landed has a schema of ours, and what landing enforces needs no test.
    """
    name = entry.required_text("name")
    schema = entry.text("schema") or (f"raw_{name}" if is_landed else name)
    tags = entry.texts("tags")
    sources: list[Source] = []
    tests: list[DataTest] = []
    inherited = read_freshness((entry, entry.entry("config")), Wanted())
    for table in entry.entries("tables", "source table"):
        subject = Subject(
            node=f"source.{project}.{name}.{table.text('name')}",
            name=f"{name}.{table.text('name')}",
            project=project,
            macros=macros,
            defaults=test_config,
        )
        source, table_tests = _read_table(
            table, name, schema=schema, subject=subject, inherited=inherited
        )
        if source:
            sources.append(replace(source, tags=tuple(dict.fromkeys((*tags, *source.tags)))))
            tests += [
                test for test in table_tests if not (is_landed and _is_enforced_while_landing(test))
            ]
    entry.text("description")
    entry.ignore(*SOURCE_KEYS)
    entry.close()
    return tuple(sources), tuple(tests)


def _read_table(
    table: Entry, source: str, *, schema: str, subject: Subject, inherited: Wanted
) -> tuple[Source | None, tuple[DataTest, ...]]:
    name = table.required_text("name")
    if not name or not source:
        return None, ()
    columns, tests = read_columns(table, subject, read_column=_read_column)
    tests += read_tests(table, subject)
    key = _existing_columns(table, "grain", columns=columns)
    enforced = {test.column for test in tests if _is_enforced_while_landing(test)} | set(key)
    _check_optional(table, columns, enforced=enforced)
    config = table.entry("config")
    names = _existing_columns(config, "event_time", columns=columns) if config else ()
    is_daily_feed = table.boolean("daily_feed")
    if is_daily_feed and not names:
        table.report(
            "K104",
            f"{table.what} is a daily feed without event_time",
            span=table.span("daily_feed"),
            hint="Name the column that says the day of a row: config: {event_time: date}.",
        )
    may_repeat = table.boolean("rows_repeat")
    if may_repeat and key:
        table.report(
            "K104",
            f"{table.what} has a key, so its rows cannot repeat",
            span=table.span("rows_repeat"),
            hint="Leave out `grain` or `rows_repeat`.",
        )
    result = Source(
        id=subject.node,
        source=source,
        name=name,
        relation=Relation(schema, table.text("identifier") or name),
        key=key,
        columns=tuple(replace(c, is_nullable=c.name not in enforced) for c in columns),
        moment=names[0] if names else "",
        is_daily_feed=is_daily_feed and bool(names),
        may_repeat=may_repeat and not key,
        freshness=read_freshness((table, config), inherited).declared,
        tags=(*table.texts("tags"), *(config.texts("tags") if config else ())),
        description=table.text("description"),
        path=table.fields.span.path,
        span=table.span("name"),
    )
    table.ignore(*TABLE_KEYS)
    table.close()
    if config and not config.boolean("enabled", default=True):
        return None, ()
    return result, tests


def _read_column(item: Entry) -> Column:
    default = item.text("default")
    return Column(
        name=item.text("name"),
        data_type=item.text("data_type").lower(),
        description=item.text("description"),
        unit=item.text("unit"),
        default=default,
        places=item.places("data_type", "default"),
        is_required=not item.boolean("optional") and not default,
        span=item.span("name"),
    )


def _check_optional(table: Entry, columns: tuple[Column, ...], *, enforced: Set[str]) -> None:
    for column in columns:
        if column.name in enforced and not column.is_required and not column.default:
            table.report(
                "K110",
                f"column '{column.name}' of {table.what} is optional, yet must not be empty",
                span=column.span,
                hint="Take one of the two out, or give a default.",
            )


def _is_enforced_while_landing(test: DataTest) -> bool:
    return test.kind == "not_null" and not test.where and test.severity == "error"


def _existing_columns(entry: Entry, key: str, *, columns: tuple[Column, ...]) -> tuple[str, ...]:
    """Takes a list of column names, each of which must be declared (K205)."""
    known = [column.name for column in columns]
    names = []
    for scalar in entry.scalars(key):
        if scalar.text in known:
            names.append(scalar.text)
        else:
            entry.report(
                "K205",
                f"'{key}' of {entry.what} names the unknown column '{scalar.text}'",
                span=scalar.span,
                hint=did_you_mean(scalar.text, known) or f"Declare '{scalar.text}' under columns.",
            )
    return tuple(names)
