"""Which nodes of a project a selection means.

Knows attributes of nodes and the graph between them; neither files nor a database. What an
earlier run knows (``state:``, ``result:``, ``source_status:``) comes in as ready sets of ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from kpi_runner.core.diagnostic import Diagnostic, Severity
from kpi_runner.core.errors import UsageError
from kpi_runner.core.kpi import Kpi
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Node
from kpi_runner.core.project import Project
from kpi_runner.core.selection import (
    Criterion,
    Indirect,
    Intersection,
    Selection,
    Union,
    Without,
    criteria_of,
    read_selection,
)
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.graph.dag import Graph, ancestors, descendants
from kpi_runner.graph.methods import METHODS, TESTS, type_of
from kpi_runner.graph.selector import find_mistakes

STATE_WORDS = (
    *("new", "old", "modified", "unmodified", "modified.body", "modified.configs"),
    *("modified.contract", "modified.macros", "modified.relation"),
    "modified.persisted_descriptions",
)
RESULT_WORDS = ("success", "pass", "warn", "fail", "error", "skipped")
EARLIER = {"state": STATE_WORDS, "result": RESULT_WORDS, "source_status": ("fresher",)}
"""Methods that an earlier run answers, and the values that they take."""

EarlierRun = Mapping[str, Mapping[str, frozenset[NodeId]]]
"""Method → value → the nodes of which it holds; a method that nobody can answer is missing."""

Nodes = Mapping[NodeId, Node | Kpi]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line selects, as typed.

    Without ``select`` and ``selector`` the default selector of selectors.yml holds, or else
    every node is meant.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    selector: str = ""
    indirect: Indirect = Indirect.EAGER
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """Selected nodes, and the tests that join them once all their parents are selected."""

    nodes: frozenset[NodeId] = frozenset()
    waiting: frozenset[NodeId] = frozenset()

    def union(self, other: _Found) -> _Found:
        return _Found(self.nodes | other.nodes, self.waiting | other.waiting)

    def intersection(self, other: _Found) -> _Found:
        return _Found(self.nodes & other.nodes, self.waiting & other.waiting)

    def difference(self, other: _Found) -> _Found:
        return _Found(self.nodes - other.nodes, self.waiting - other.waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What criteria are evaluated against. ``open``: named selectors that are being read."""

    project: Project
    nodes: Nodes
    graph: Graph
    earlier: EarlierRun
    indirect: Indirect
    is_exclusion: bool = False
    open: tuple[str, ...] = field(default=())


_EVERYTHING = Request()


def select(
    project: Project,
    graph: Graph,
    *,
    request: Request = _EVERYTHING,
    earlier: EarlierRun | None = None,
) -> frozenset[NodeId]:
    """Returns the nodes that a request takes and does not exclude.

    Tests come along with the nodes that they read, as ``request.indirect`` says.

    Raises ``UsageError``: K002 or K004 for a text that cannot be read, K003 where nothing is
    selected, K010 where no earlier run was named, K012 for an unknown selector.
    """
    selection = _selection_of(request, project)
    scope = _Scope(
        project=project,
        nodes=project.nodes,
        graph=graph,
        earlier=earlier or {},
        indirect=request.indirect,
    )
    if selection is None:
        return frozenset(scope.nodes)
    _refuse(selection, scope)
    found = _evaluate(selection, scope)
    chosen = found.nodes | _settled(found, scope)
    if chosen or request.allow_empty:
        return chosen
    raise UsageError(*(_find_unmatched(selection, project.nodes) or [_nothing_left(request)]))


def find_unmatched(project: Project, request: Request) -> tuple[Diagnostic, ...]:
    """Returns a warning (K003) for each part of a request that matches no node at all, beside
    others that do; ``--allow-empty`` accepts them."""
    selection = None if request.allow_empty else _selection_of(request, project)
    if selection is None:
        return ()
    found = _find_unmatched(selection, project.nodes)
    return tuple(replace(one, severity=Severity.WARN) for one in found)


def check_selectors(project: Project) -> tuple[Diagnostic, ...]:
    """Returns what is wrong with the definitions of selectors.yml, whether used or not."""
    found: list[Diagnostic] = []
    for selector in project.selectors.values():
        found += find_mistakes(selector.definition, ALL_METHODS, words=EARLIER)
        found += _unknown_selectors(selector.definition, project)
    return tuple(found)


ALL_METHODS = (*METHODS, *EARLIER, "selector")


def _selection_of(request: Request, project: Project) -> Selection | None:
    """Returns the request as one tree, or None where it means every node."""
    chosen: Selection | None = None
    default = [s.name for s in project.selectors.values() if s.is_default]
    name = request.selector or ("" if request.select else next(iter(default), ""))
    if name:
        text = f"selector:{name}"
        chosen = Criterion(text=text, method="selector", value=name)
    elif request.select:
        chosen = read_selection(request.select)
    if not request.exclude:
        return chosen
    everything = Criterion(text="*", method="resource_type", value="*")
    return Without(chosen or everything, read_selection(request.exclude))


def _refuse(selection: Selection, scope: _Scope) -> None:
    mistakes = [
        *find_mistakes(selection, ALL_METHODS, words=EARLIER),
        *_unknown_selectors(selection, scope.project),
    ]
    if mistakes:
        raise UsageError(*mistakes)


def _unknown_selectors(selection: Selection, project: Project) -> list[Diagnostic]:
    known = project.selectors
    return [
        Diagnostic(
            "K012",
            f"there is no selector '{criterion.value}'",
            criterion.span,
            did_you_mean(criterion.value, known) or "selectors.yml defines selectors by name.",
        )
        for criterion in criteria_of(selection)
        if criterion.method == "selector" and criterion.value not in known
    ]


def _evaluate(selection: Selection, scope: _Scope) -> _Found:
    match selection:
        case Union(parts):
            return reduce(_Found.union, (_evaluate(part, scope) for part in parts), _Found())
        case Intersection(parts):
            found = [_evaluate(part, scope) for part in parts]
            return reduce(_Found.intersection, found) if found else _Found()
        case Without(chosen, dropped):
            unwanted = _evaluate(dropped, replace(scope, is_exclusion=True))
            return _evaluate(chosen, scope).difference(unwanted)
        case Criterion():
            return _find(selection, scope)


def _find(criterion: Criterion, scope: _Scope) -> _Found:
    if criterion.method == "selector":
        named = _find_named(criterion, scope)
        if not _reaches(criterion):
            return named
        found = named.nodes
    else:
        found = _find_direct(criterion, scope)
    graph = scope.graph
    if criterion.is_whole and not scope.is_exclusion:
        found |= _needs_of(found, scope)
    if criterion.is_closed:
        reached = ancestors(graph, descendants(graph, found))
    else:
        above = ancestors(graph, found, depth=criterion.up)
        reached = above | descendants(graph, found, depth=criterion.down)
    return _with_tests(reached, criterion, scope=scope)


def _reaches(criterion: Criterion) -> bool:
    return criterion.is_closed or (criterion.up, criterion.down) != (0, 0)


def _find_direct(criterion: Criterion, scope: _Scope) -> frozenset[NodeId]:
    if criterion.method not in EARLIER:
        nodes = scope.nodes.items()
        return frozenset([name for name, node in nodes if _is_match(node, criterion)])
    if criterion.method not in scope.earlier:
        hint = "Name the folder of an earlier run's artifacts with --state."
        message = f"'{criterion.text}' compares with an earlier run, and none is named"
        raise UsageError(Diagnostic("K010", message, criterion.span, hint))
    known = scope.earlier[criterion.method].get(criterion.value, frozenset())
    return known & scope.nodes.keys()


def _is_match(node: Node | Kpi, criterion: Criterion) -> bool:
    method = METHODS[criterion.method]
    labels = method.labels(node, criterion.argument)
    return any(method.matches(label, criterion.value) for label in labels)


def _find_named(criterion: Criterion, scope: _Scope) -> _Found:
    name = criterion.value
    if name in scope.open:
        path = " → ".join([*scope.open[scope.open.index(name) :], name])
        message = f"selector '{name}' means itself: {path}"
        hint = "Take one of these out of the other's definition."
        raise UsageError(Diagnostic("K012", message, criterion.span, hint))
    inner = replace(scope, open=(*scope.open, name))
    definition = scope.project.selectors[name].definition
    _refuse(definition, inner)
    return _evaluate(definition, inner)


def _needs_of(kpis: frozenset[NodeId], scope: _Scope) -> frozenset[NodeId]:
    """Returns what KPIs are computed from, and the models that publish them."""
    graph, found, edge = scope.graph, set[NodeId](), set(kpis)
    while edge:
        below = descendants(graph, edge, depth=1) - edge
        edge = {node for node in below if type_of(scope.nodes[node]) == "model"} - found
        found |= edge
    return ancestors(graph, kpis) | found


def _with_tests(reached: frozenset[NodeId], criterion: Criterion, *, scope: _Scope) -> _Found:
    mode = criterion.indirect or scope.indirect
    if mode == Indirect.EMPTY:
        return _Found(reached)
    below = descendants(scope.graph, reached, depth=1)
    tests = frozenset([node for node in below if type_of(scope.nodes[node]) in TESTS])
    if mode == Indirect.EAGER:
        return _Found(reached | tests)
    ready = _Found(reached, tests)
    return _Found(reached | _settled(ready, replace(scope, indirect=mode)), tests)


def _settled(found: _Found, scope: _Scope) -> frozenset[NodeId]:
    """Returns the waiting tests of which all parents are selected, or can be built."""
    if scope.indirect not in (Indirect.CAUTIOUS, Indirect.BUILDABLE):
        return frozenset()
    present = found.nodes
    if scope.indirect == Indirect.BUILDABLE:
        present = ancestors(scope.graph, present)
    parents = scope.project.parents
    return frozenset(test for test in found.waiting if present.issuperset(parents.get(test, ())))


def _find_unmatched(selection: Selection, nodes: Nodes) -> list[Diagnostic]:
    criteria = dict.fromkeys(c for c in criteria_of(selection) if c.method in METHODS)
    return [
        Diagnostic(
            "K003",
            f"selector '{criterion.text}' matches nothing",
            criterion.span,
            _suggest(criterion, nodes),
        )
        for criterion in criteria
        if not any(_is_match(node, criterion) for node in nodes.values())
    ]


def _suggest(criterion: Criterion, nodes: Nodes) -> str:
    """Names the method that knows the value, else the labels that resemble it."""
    value = criterion.value
    for name, prefix in (("fqn", ""), ("kpi", "kpi:"), ("source", "source:"), ("tag", "tag:")):
        found = replace(criterion, method=name, argument="")
        if any(_is_match(node, found) for node in nodes.values()):
            return f"Did you mean '{prefix}{value}'?"
    labels = METHODS[criterion.method].labels
    known = {label for node in nodes.values() for label in labels(node, criterion.argument)}
    alike = [label for label in known if label.count(".") == value.count(".")]
    return did_you_mean(value, alike) or "`kpi ls` lists all that can be selected."


def _nothing_left(request: Request) -> Diagnostic:
    text = " ".join(request.select) or (f"selector:{request.selector}" if request.selector else "")
    if request.exclude:
        dropped = " ".join(request.exclude)
        message = f"--exclude '{dropped}' leaves nothing of '{text or '*'}'"
    else:
        message = f"selection '{text}' matches nothing"
    return Diagnostic("K003", message, hint="--allow-empty accepts an empty selection.")
