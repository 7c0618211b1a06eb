"""Generic data tests, as they stand in YAML below models, seeds, sources and columns.

Knows dbt's spellings of a test. Does not know which models exist, nor any SQL.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import DataTest, Macro, Ref, Scan, SourceRef
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.core.threshold import is_comparison
from kpi_runner.load.macros import body_of
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Fields, Items, Scalar, Tree, to_plain
from kpi_runner.template.scan import scan_text


@dataclass(frozen=True, slots=True)
class GenericTest:
    """A built-in generic test: the arguments it needs, those it also takes."""

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    has_column: bool = True


GENERIC_TESTS: Mapping[str, GenericTest] = {
    "not_null": GenericTest(),
    "unique": GenericTest(),
    "accepted_values": GenericTest(needs=("values",), takes=("quote",)),
    "relationships": GenericTest(needs=("to", "field")),
    "expression": GenericTest(needs=("sql",), has_column=False),
}
SETTINGS = [
    "severity",
    "where",
    "limit",
    "fail_calc",
    "warn_if",
    "error_if",
    "store_failures",
    "tags",
    "enabled",
    "name",
    "alias",
    "description",
    "meta",
    "docs",
    "config",
    "store_failures_as",
    "schema",
    "database",
]
"""What may stand beside the arguments of a test, or under its ``config:``."""

EPHEMERAL = "ephemeral"
STORES = (EPHEMERAL, "table", "view")
"""dbt's ``store_failures_as``; what is stored goes into one table, whichever it is."""

MAX_NAME = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a test is about. ``defaults``: what its settings are where neither it nor the block of
    a custom test says something."""

    node: NodeId
    name: str
    project: str
    macros: Mapping[str, Macro]
    column: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)


def read_tests(entry: Entry, subject: Subject) -> tuple[DataTest, ...]:
    """Takes ``data_tests:`` (and the old ``tests:``) of a model, seed, source or column."""
    items = (*entry.items("data_tests"), *entry.items("tests"))
    tests = [_read_test(item, entry, subject=subject) for item in items]
    return tuple(test for test in tests if test)


def read_grain(entry: Entry, subject: Subject) -> tuple[tuple[str, ...], tuple[DataTest, ...]]:
    """Takes ``grain:``; returns its columns and the test that they are a key."""
    columns = entry.texts("grain")
    if not columns:
        return (), ()
    name = f"grain_{subject.name}"
    test = DataTest(
        id=f"test.{subject.project}.{name}",
        name=name,
        kind="grain",
        node=subject.node,
        arguments={"columns": columns},
        path=entry.fields.span.path,
        span=entry.span("grain"),
    )
    return columns, (test,)


def _read_test(item: Tree, entry: Entry, *, subject: Subject) -> DataTest | None:
    found = _kind_and_arguments(item, entry)
    if not found:
        return None
    kind, span, arguments = found
    if not arguments.values and _needs_nothing(kind, subject):
        return _bare_test(kind, span, subject=subject)
    test = Entry(arguments, f"data test '{kind}'", diagnostics=entry.diagnostics)
    if not _is_known(kind, span, subject=subject, diagnostics=entry.diagnostics):
        return None
    config = test.entry("config")
    nested = test.entry("arguments", test.what)
    values = nested or Entry(_without_settings(arguments), test.what, diagnostics=test.diagnostics)
    if not nested:
        values.ignore(*SETTINGS)  # so that a misspelt setting is told its right name
    for settings in (config, test):
        if settings:
            settings.ignore(*SETTINGS, "test_name", *values.fields.values)
    test.close()
    built = _build(kind, span, values=values, settings=(config, test), subject=subject)
    if config:
        config.close()
    return built


def _needs_nothing(kind: str, subject: Subject) -> bool:
    """True for a test that is built in, and about which nothing is said but its column."""
    generic = GENERIC_TESTS.get(kind)
    is_replaced = subject.defaults or f"test_{kind}" in subject.macros
    return bool(generic and not generic.needs and subject.column and not is_replaced)


def _bare_test(kind: str, span: Span, *, subject: Subject) -> DataTest:
    name = _name(kind, subject, column=subject.column, arguments={})
    return DataTest(
        id=f"test.{subject.project}.{name}",
        name=name,
        kind=kind,
        node=subject.node,
        column=subject.column,
        path=span.path,
        span=span,
    )


def _without_settings(arguments: Fields) -> Fields:
    """Returns the arguments of the old spelling, in which settings stand beside them."""
    own = [key for key in arguments.values if key not in (*SETTINGS, "test_name", "arguments")]
    return Fields(
        {key: arguments.values[key] for key in own},
        {key: arguments.keys[key] for key in own},
        arguments.span,
    )


def _kind_and_arguments(item: Tree, entry: Entry) -> tuple[str, Span, Fields] | None:
    if isinstance(item, Scalar):
        return item.text, item.span, Fields({}, {}, item.span)
    if isinstance(item, Fields):
        named = item.values.get("test_name")
        if isinstance(named, Scalar):
            return named.text, named.span, item
        if len(item.values) == 1:
            ((kind, value),) = item.values.items()
            span = item.keys[kind]
            if isinstance(value, Scalar) and value.value is None:
                return kind, span, Fields({}, {}, span)
            if isinstance(value, Fields):
                return kind, span, value
            entry.mismatch(kind, value, wanted="a mapping of arguments")
            return None
    entry.report(
        "K102",
        f"a data test of {entry.what} is not one name with its arguments",
        span=item.span,
        hint="Indent the arguments below the name of the test.",
    )
    return None


def _is_known(kind: str, span: Span, *, subject: Subject, diagnostics: list[Diagnostic]) -> bool:
    if kind in GENERIC_TESTS or f"test_{kind.rpartition('.')[2]}" in subject.macros:
        return True
    own = [name.removeprefix("test_") for name in subject.macros if name.startswith("test_")]
    package, _, name = kind.rpartition(".")
    hint = did_you_mean(kind, (*GENERIC_TESTS, *own))
    if package:
        hint = f"Packages such as '{package}' are not read: write a macro 'test_{name}'."
    message = f"'{subject.name}' uses the unknown data test '{kind}'"
    hint = hint or f"Known: {', '.join(GENERIC_TESTS)}, or write a macro 'test_{name}'."
    diagnostics.append(Diagnostic("K206", message, span, hint))
    return False


def _build(
    kind: str,
    span: Span,
    *,
    values: Entry,
    settings: tuple[Entry | None, Entry],
    subject: Subject,
) -> DataTest | None:
    config, flat = settings

    def place(key: str) -> Entry:
        return config if config and config.has(key) else flat

    def text(key: str) -> str:
        return place(key).text(key, str(said.get(key, "")))

    arguments = {key: to_plain(value) for key, value in values.fields.values.items()}
    column = subject.column or str(arguments.pop("column_name", ""))
    _check_arguments(kind, column, values=values, subject=subject)
    block = _scan_block(kind, subject)
    said = {**subject.defaults, **block.config}
    if not place("enabled").boolean("enabled", default=said.get("enabled", True)):
        return None
    name = place("name").text("name") or _name(kind, subject, column=column, arguments=arguments)
    return DataTest(
        id=f"test.{subject.project}.{name}",
        name=name,
        kind=kind,
        node=subject.node,
        column=column,
        arguments=arguments,
        severity=_severity(place("severity"), said),
        where=text("where"),
        limit=_limit(place("limit"), said),
        fail_calc=text("fail_calc"),
        warn_if=_comparison(place("warn_if"), "warn_if", said=said),
        error_if=_comparison(place("error_if"), "error_if", said=said),
        store_failures=_stores(place, said),
        tags=tuple(dict.fromkeys((*_tags(said), *place("tags").texts("tags")))),
        description=place("description").text("description"),
        path=span.path,
        scan=_scan_arguments(values.fields, block),
        span=span,
    )


def _severity(entry: Entry, said: Mapping[str, Any]) -> Severity:
    severity = entry.text("severity", str(said.get("severity", "error"))).lower()
    if severity in tuple(Severity):
        return Severity(severity)
    message = f"'severity' is '{severity}', which is not one of its words"
    entry.report("K105", message, span=entry.span("severity"), hint="It takes error, warn.")
    return Severity.ERROR


def _limit(entry: Entry, said: Mapping[str, Any]) -> int:
    limit = entry.integer("limit", said.get("limit", 0))
    if limit < 0:
        hint = "Leave it out, and every failure counts."
        entry.report("K102", f"'limit' is {limit}", span=entry.span("limit"), hint=hint)
    return limit


def _comparison(entry: Entry, key: str, *, said: Mapping[str, Any]) -> str:
    """Takes what is compared with the number of failures (K102)."""
    text = entry.text(key, str(said.get(key) or ""))
    if text and not is_comparison(text):
        message, hint = no_comparison(key, text)
        entry.report("K102", message, span=entry.span(key), hint=hint)
    return text


def no_comparison(key: str, text: str) -> tuple[str, str]:
    """Returns message and hint for a threshold that compares nothing."""
    hint = "Write for example '> 10', 'between 1 and 5', or '> 1%' of the rows."
    return f"'{key}' is '{text}', which is no comparison", hint


def _scan_block(kind: str, subject: Subject) -> Scan:
    """What the block of a custom test says: its ``config()``, and the nodes that it reads."""
    macro = subject.macros.get(f"test_{kind.rpartition('.')[2]}")
    scan = scan_text(body_of(macro), macro.path) if macro else Scan()
    return scan if scan.is_decided else Scan()


def stores_failures(said: Mapping[str, Any]) -> bool:
    """Whether a ``config()`` stores failures; dbt's ``store_failures_as`` decides where it is said.

    >>> stores_failures({"store_failures": True, "store_failures_as": "ephemeral"})
    False
    """
    kind = said.get("store_failures_as")
    return kind != EPHEMERAL if kind else bool(said.get("store_failures", False))


def _stores(place: Callable[[str], Entry], said: Mapping[str, Any]) -> bool:
    """The same, of YAML over the ``config()`` of the test's block."""
    kind = place("store_failures_as").choice("store_failures_as", STORES)
    if kind:
        return kind != EPHEMERAL
    return place("store_failures").boolean("store_failures", default=stores_failures(said))


def _tags(said: Mapping[str, Any]) -> tuple[str, ...]:
    tags = said.get("tags", ())
    return (tags,) if isinstance(tags, str) else tuple(tags)


def _check_arguments(kind: str, column: str, *, values: Entry, subject: Subject) -> None:
    macro = subject.macros.get(f"test_{kind.rpartition('.')[2]}")
    generic = GENERIC_TESTS.get(kind)
    if macro is not None:  # a project may replace a test that is built in
        generic = GenericTest(takes=macro.parameters, has_column=False)
    if generic is None:
        return
    if generic.has_column and not column:
        values.report(
            "K104",
            f"data test '{kind}' of '{subject.name}' has no column",
            span=values.fields.span,
            hint="Put it below a column, or give 'column_name'.",
        )
    for key in generic.needs:
        if not values.has(key):
            values.report("K104", f"data test '{kind}' has no '{key}'", span=values.fields.span)
    if kind == "accepted_values":
        values.items("values")
    values.ignore(*generic.needs, *generic.takes, "column_name")
    values.close()


def _name(kind: str, subject: Subject, *, column: str, arguments: Mapping[str, Any]) -> str:
    """Names a test as dbt does: kind, subject, column and arguments."""
    parts = [column] if column else []
    for key in sorted(arguments):
        value = arguments[key]
        values = value.values() if isinstance(value, dict) else value
        parts += [str(part) for part in values] if isinstance(value, (dict, list)) else [str(value)]
    prefix = "source_" if subject.node.startswith("source.") else ""
    words = "__".join(re.sub(r"[^0-9a-zA-Z_]+", "_", part) for part in parts)
    name = f"{prefix}{kind.replace('.', '_')}_{subject.name.replace('.', '_')}_{words}".rstrip("_")
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:8]
    return f"{name[: MAX_NAME - 9].rstrip('_')}_{digest}"


_CALL = re.compile(
    r"""\b(ref|source)\(\s*(['"])(.+?)\2\s*(?:,\s*(['"])(.+?)\4\s*)?(?:,[^()]*)?\)"""
)


def _scan_arguments(tree: Tree, block: Scan) -> Scan:
    refs: list[Ref] = list(block.refs)
    sources: list[SourceRef] = list(block.sources)
    for scalar in _scalars(tree):
        for call in _CALL.finditer(scalar.text):
            first, second = call[3], call[5] or ""
            span = scalar.span
            if call[1] == "source":
                sources.append(SourceRef(first, second, span))
            else:
                refs.append(Ref(second or first, first if second else "", span))
    return Scan(refs=tuple(refs), sources=tuple(sources))


def _scalars(tree: Tree) -> Iterator[Scalar]:
    if isinstance(tree, Scalar):
        yield tree
        return
    for child in tree.items if isinstance(tree, Items) else tree.values.values():
        yield from _scalars(child)
