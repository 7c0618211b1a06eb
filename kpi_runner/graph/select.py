"""Which nodes of a project a selection means.

Knows attributes of nodes and the graph between them; neither files nor a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import UsageError
from kpi_runner.core.kpi import Kpi
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import DataTest, Model, Node, Seed, Source
from kpi_runner.core.project import Project
from kpi_runner.core.suggest import did_you_mean
from kpi_runner.graph.dag import Graph, ancestors, descendants
from kpi_runner.graph.selector import Criterion, Intersection, parse_selectors

Nodes = Mapping[NodeId, Node | Kpi]


@dataclass(frozen=True, slots=True)
class Method:
    """How a selector method finds nodes.

    Args:
        labels: the texts that a node answers to, given the method's argument.
        matches: whether a label answers to the value of a criterion.
    """

    labels: Callable[[Node | Kpi, str], Iterable[str]]
    matches: Callable[[str, str], bool] = fnmatchcase


def select(
    project: Project,
    graph: Graph,
    *,
    select: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    allow_empty: bool = False,
) -> frozenset[NodeId]:
    """Returns the nodes that --select takes and --exclude does not; without --select, all.

    A data test comes along with each node that it reads, whether taken or excluded.

    Raises ``UsageError``: K002 or K004 for a text that cannot be read, K003 where nothing is
    selected.
    """
    taken = parse_selectors(select, METHODS)
    dropped = parse_selectors(exclude, METHODS)
    nodes = project.nodes
    chosen = _find_union(taken, nodes, graph=graph) if select else frozenset(nodes)
    chosen -= _find_union(dropped, nodes, graph=graph)
    if chosen or allow_empty or not (select or exclude):
        return chosen
    raise UsageError(*(_find_unmatched(taken, nodes) or [_nothing_left(select, exclude)]))


def _find_union(
    union: tuple[Intersection, ...], nodes: Nodes, *, graph: Graph
) -> frozenset[NodeId]:
    found = [[_find(part, nodes, graph=graph) for part in parts] for parts in union]
    return frozenset().union(*(frozenset.intersection(*parts) for parts in found))


def _find(criterion: Criterion, nodes: Nodes, *, graph: Graph) -> frozenset[NodeId]:
    found = [name for name, node in nodes.items() if _is_match(node, criterion)]
    if criterion.is_closed:
        reached = ancestors(graph, descendants(graph, found))
    else:
        above = ancestors(graph, found, depth=criterion.up)
        reached = above | descendants(graph, found, depth=criterion.down)
    readers = descendants(graph, reached, depth=1)
    return reached | {name for name in readers if isinstance(nodes[name], DataTest)}


def _is_match(node: Node | Kpi, criterion: Criterion) -> bool:
    method = METHODS[criterion.method]
    labels = method.labels(node, criterion.argument)
    return any(method.matches(label, criterion.value) for label in labels)


def _find_unmatched(union: tuple[Intersection, ...], nodes: Nodes) -> list[Diagnostic]:
    criteria = dict.fromkeys(criterion for parts in union for criterion in parts)
    return [
        Diagnostic(
            "K003",
            f"selector '{criterion.text}' matches nothing",
            hint=_suggest(criterion, nodes),
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


def _nothing_left(select: tuple[str, ...], exclude: tuple[str, ...]) -> Diagnostic:
    text = " ".join(select)
    if exclude:
        message = f"--exclude '{' '.join(exclude)}' leaves nothing of '{text or '*'}'"
    else:
        message = f"selection '{text}' matches nothing"
    return Diagnostic("K003", message, hint="--allow-empty accepts an empty selection.")


def _fqn_labels(node: Node | Kpi, _: str) -> Iterable[str]:
    """Sources and KPIs have methods of their own, so their names may repeat a model's."""
    if isinstance(node, Source | Kpi):
        return ()
    if isinstance(node, DataTest):
        return (node.name, f"{package_of(node)}.{node.name}")
    return (node.name, ".".join(node.fqn[1:]), ".".join(node.fqn))


def _source_labels(node: Node | Kpi, _: str) -> Iterable[str]:
    if not isinstance(node, Source):
        return ()
    table = f"{node.source}.{node.name}"
    return (node.source, table, f"{package_of(node)}.{table}")


def _config_labels(node: Node | Kpi, argument: str) -> Iterable[str]:
    value: Any = _config_of(node)
    for key in argument.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, list | tuple | Mapping):
        return tuple(str(item) for item in value)
    return () if value is None else (str(value),)


def _config_of(node: Node | Kpi) -> Mapping[str, Any]:
    match node:
        case Model() | Seed():
            config = node.config
            materialized = "seed" if isinstance(node, Seed) else config.materialized
            return {
                **config.extra,
                "materialized": materialized,
                "schema": config.schema,
                "alias": config.alias,
                "enabled": config.enabled,
                "tags": config.tags,
            }
        case DataTest():
            return {"severity": node.severity.value, "where": node.where, "tags": node.tags}
        case Source():
            return {"event_time": node.moment, "tags": node.tags}
        case Kpi():
            return {}


def _tag_labels(node: Node | Kpi, _: str) -> Iterable[str]:
    return _config_labels(node, "tags")


def _file_labels(node: Node | Kpi, _: str) -> Iterable[str]:
    path = PurePosixPath(node.path)
    return (path.name, path.stem)


def _path_matches(path: str, value: str) -> bool:
    return _parts_match(PurePosixPath(path).parts, PurePosixPath(value).parts)


def _parts_match(parts: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    """A folder stands for all files below it, so patterns may end before the path does."""
    if not patterns:
        return True
    head, rest = patterns[0], patterns[1:]
    if head == "**":
        return any(_parts_match(parts[start:], rest) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], head) and _parts_match(parts[1:], rest)


def _fqn_matches(label: str, value: str) -> bool:
    return fnmatchcase(label, value) or label.startswith(f"{value}.")


def package_of(node: Node | Kpi) -> str:
    """Returns the name of the project that a node belongs to."""
    return node.id.split(".")[1]


def type_of(node: Node | Kpi) -> str:
    """Returns what a node is, as --resource-type names it: model, seed, source, test or kpi."""
    return node.id.partition(".")[0]


def _test_types(node: Node | Kpi, _: str) -> Iterable[str]:
    if not isinstance(node, DataTest):
        return ()
    return ("data", "singular" if node.kind == "singular" else "generic")


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "config": Method(_config_labels),
        "file": Method(
            lambda node, _: (PurePosixPath(node.path).name, PurePosixPath(node.path).stem)
        ),
        "fqn": Method(_fqn_labels, _fqn_matches),
        "kpi": Method(lambda node, _: (node.name,) if isinstance(node, Kpi) else ()),
        "package": Method(lambda node, _: (package_of(node), "this")),
        "path": Method(lambda node, _: (node.path,), _path_matches),
        "resource_type": Method(lambda node, _: (type_of(node),)),
        "source": Method(_source_labels),
        "tag": Method(_tag_labels),
        "test_name": Method(lambda node, _: (node.kind,) if isinstance(node, DataTest) else ()),
        "test_type": Method(_test_types),
    }
)
