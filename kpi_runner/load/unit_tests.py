"""``unit_tests:`` YAML → unit tests, every key strict; and what they name, linked.

Knows dbt's keys. Does not know which columns a relation has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from functools import cache

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Given, Model, Ref, Seed, SourceRef, UnitTest
from kpi_runner.core.project import Project
from kpi_runner.core.span import Span
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.core.unit_test import Fixture, Overrides
from kpi_runner.load.fixtures import find_fixture_file, fixture_folders, read_fixture
from kpi_runner.load.link import Names, link_scan
from kpi_runner.load.project_files import ProjectFiles
from kpi_runner.load.reader import Entry

_INPUT = re.compile(
    r"""\s*(?P<kind>ref|source)\(\s*(['"])(?P<first>[^'"]+)\2\s*"""
    r"""(?:,\s*(['"])(?P<second>[^'"]+)\4\s*)?\)\s*\Z"""
)


def read_unit_test(entry: Entry, *, project: str) -> UnitTest | None:
    """Reads one entry of ``unit_tests:``; None where it is disabled, or lacks what it needs."""
    name, model = entry.required_text("name"), entry.required_text("model")
    given = tuple(one for one in map(_read_given, _inputs(entry)) if one)
    expect = _read_expect(entry)
    overrides = _read_overrides(entry)
    config = entry.entry("config")
    tags = config.texts("tags") if config else ()
    is_enabled = config.boolean("enabled", default=True) if config else True
    if config:
        config.ignore("meta")
        config.close()
    description = entry.text("description")
    entry.ignore("meta", "versions")
    entry.close()
    if not (name and model and expect and is_enabled):
        return None
    return UnitTest(
        id=f"unit_test.{project}.{model}.{name}",
        name=name,
        node=f"model.{project}.{model}",
        model=model,
        given=given,
        expect=expect,
        overrides=overrides,
        tags=tags,
        description=description,
        path=entry.fields.span.path,
        model_span=entry.span("model"),
        span=entry.span("name"),
    )


def index_unit_tests(
    found: Iterable[UnitTest], files: ProjectFiles, *, test_paths: tuple[str, ...]
) -> Mapping[NodeId, UnitTest]:
    """Returns unit tests by id, with the rows of fixture files; reports two of a name (K204)."""
    tests: dict[NodeId, UnitTest] = {}
    fixtures = cache(lambda: files.find(fixture_folders(test_paths), ".csv", ".sql"))

    def with_rows(fixture: Fixture) -> Fixture:
        if not fixture.file:
            return fixture
        return find_fixture_file(
            fixture, fixtures(), read=files.text, diagnostics=files.diagnostics
        )

    for test in found:
        first = tests.get(test.id)
        if first:
            message = f"unit test '{test.name}' of '{test.model}' stands twice"
            notes = (f"first at {first.span}",)
            files.diagnostics.append(Diagnostic("K204", message, test.span, "Rename one.", notes))
            continue
        given = [replace(one, fixture=one.fixture and with_rows(one.fixture)) for one in test.given]
        tests[test.id] = replace(test, given=tuple(given), expect=with_rows(test.expect))
    return tests


def link_unit_tests(
    project: Project,
    parents: dict[NodeId, tuple[NodeId, ...]],
    *,
    names: Names,
    diagnostics: list[Diagnostic],
) -> Mapping[NodeId, UnitTest]:
    """Returns the unit tests of a project, their inputs linked, without those of disabled models.

    ``parents`` holds what models read; each test is added as a child of its model.
    Reports unknown models and inputs (K201, K202), inputs that the model does not read (K205),
    that are given twice (K204), and those that are not given (K104).
    """
    linked: dict[NodeId, UnitTest] = {}
    project = replace(project, parents=dict(parents))
    for test in project.unit_tests.values():
        if test.model in names.disabled or not _has_model(test, project, diagnostics=diagnostics):
            continue
        given = [_link(one, test, names=names, diagnostics=diagnostics) for one in test.given]
        linked[test.id] = replace(test, given=tuple(given))
        parents[test.id] = (test.node,)
        _check_inputs(linked[test.id], project, diagnostics=diagnostics)
    return linked


def _has_model(test: UnitTest, project: Project, *, diagnostics: list[Diagnostic]) -> bool:
    model = project.models.get(test.node)
    if model is None:
        known = [model.name for model in project.models.values()]
        message = f"unit test '{test.name}' is about unknown model '{test.model}'"
        hint = did_you_mean(test.model, known)
        diagnostics.append(Diagnostic("K201", message, test.model_span, hint))
    return model is not None


def _link(given: Given, test: UnitTest, *, names: Names, diagnostics: list[Diagnostic]) -> Given:
    scan, what = replace(test, given=(given,)).scan, f"unit test '{test.name}'"
    found = link_scan(scan, what, names=names, unknown="K201", diagnostics=diagnostics)
    return replace(given, node=found[0] if found else "")


def _check_inputs(test: UnitTest, project: Project, *, diagnostics: list[Diagnostic]) -> None:
    readable, needed = _inputs_of(test, project)
    known: set[tuple[NodeId, bool]] = set()
    for given in test.given:
        which = (given.node, given.reference is None)
        if which in known and any(which):
            name = _display(given.node) if given.node else "this"
            message = f"unit test '{test.name}' gives rows to {name} twice"
            hint = "Put all its rows below one input."
            diagnostics.append(Diagnostic("K204", message, given.span, hint))
        known.add(which)
        if given.node and given.node not in readable:
            name = _display(given.node)
            message = f"unit test '{test.name}' gives rows to {name}, which '{test.model}' does "
            hint = f"It reads {', '.join(sorted(map(_display, readable))) or 'nothing'}."
            diagnostics.append(Diagnostic("K205", f"{message}not read", given.span, hint))
        if given.fixture is None and not isinstance(project.seeds.get(given.node), Seed):
            message = f"an input of unit test '{test.name}' has no rows"
            hint = "Give `rows:` (`rows: []` for none), or a `fixture:`; only a seed has its own."
            diagnostics.append(Diagnostic("K104", message, given.span, hint))
    for node in sorted(needed):
        name = _display(node)
        message = f"unit test '{test.name}' does not give {name}, which '{test.model}' reads"
        hint = f"Add `- input: {name}` with `rows:`; `rows: []` gives it none."
        diagnostics.append(Diagnostic("K104", message, test.span, hint))


def _inputs_of(test: UnitTest, project: Project) -> tuple[Set[NodeId], Set[NodeId]]:
    """What a model may be given, and what of it is missing: an ephemeral model that is not given
    is computed from what it reads, and a mart of KPIs reads what they are made of."""
    given = {one.node for one in test.given}
    readable: set[NodeId] = set()
    missing: set[NodeId] = set()
    waiting = list(project.parents.get(test.node, ()))
    while waiting:
        node = waiting.pop()
        if node in readable:
            continue
        if node in project.kpis:
            waiting += project.parents.get(node, ())
            continue
        readable.add(node)
        model = project.models.get(node)
        if isinstance(model, Model) and model.config.materialized == "ephemeral":
            waiting += project.parents.get(node, ()) if node not in given else ()
        elif node not in given:
            missing.add(node)
    return readable, missing


def _display(node: NodeId) -> str:
    """A node as a unit test names it.

    >>> _display("source.shop.shopify.orders"), _display("model.shop.fct_orders")
    ("source('shopify', 'orders')", "ref('fct_orders')")
    """
    kind, _, *names = node.split(".")
    listed = ", ".join(f"'{name}'" for name in names)
    return f"source({listed})" if kind == "source" else f"ref({listed})"


def _inputs(entry: Entry) -> tuple[Entry, ...]:
    found = [entry.as_entry(item, "given", what="an input") for item in entry.items("given")]
    return tuple(one for one in found if one)


def _read_given(entry: Entry) -> Given | None:
    said = entry.required_text("input")
    entry.what = f"input '{said}'"
    span = entry.span("input")
    fixture = read_fixture(entry)
    entry.close()
    if said == "this":
        return Given(reference=None, fixture=fixture or Fixture(span=span), span=span)
    found = _INPUT.match(said)
    if found is None or (found["kind"] == "source" and not found["second"]):
        if said:
            hint = "Write ref('model'), source('source', 'table') or this."
            entry.report("K105", f"input '{said}' is no input", span=span, hint=hint)
        return None
    return Given(reference=_reference(found, span), fixture=fixture, span=span)


def _reference(found: re.Match[str], span: Span) -> Ref | SourceRef:
    first, second = found["first"], found["second"]
    if found["kind"] == "source":
        return SourceRef(first, second, span)
    return Ref(second or first, first if second else "", span)


def _read_expect(entry: Entry) -> Fixture | None:
    expect = entry.entry("expect")
    if expect is None:
        entry.report("K104", f"{entry.what} has no 'expect'", span=entry.fields.span)
        return None
    fixture = read_fixture(expect)
    if fixture is None:
        hint = "Give `rows:`; `rows: []` expects none."
        message = f"'expect' of {entry.what} has no 'rows'"
        expect.report("K104", message, span=expect.fields.span, hint=hint)
    expect.close()
    return fixture


def _read_overrides(entry: Entry) -> Overrides:
    said = entry.entry("overrides")
    if said is None:
        return Overrides()
    macros = said.entry("macros")
    overrides = Overrides(
        macros=_plain(said, "macros"),
        vars=_plain(said, "vars"),
        env_vars={name: str(value) for name, value in _plain(said, "env_vars").items()},
        places=macros.fields.keys if macros else {},
    )
    said.close()
    return overrides


def _plain(entry: Entry, key: str) -> Mapping[str, object]:
    return entry.plain(key) or {} if entry.entry(key) else {}
